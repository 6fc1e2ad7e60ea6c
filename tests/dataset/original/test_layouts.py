import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from common.dataset.original.layouts import Frame, find_frames, read_layout
from common.errors import DataError
from common.files import zips
from common.files.sources import Source

AACHEN, ULM, LINDAU = "aachen_000000_000019", "ulm_000001_000019", "lindau_000002_000019"
PLACES = {AACHEN: "train/aachen", ULM: "train/ulm", LINDAU: "val/lindau"}
KINDS = ("labelIds.png", "instanceIds.png", "color.png", "polygons.json")
IMAGES = [f"leftImg8bit/{place}/{name}_leftImg8bit.png" for name, place in PLACES.items()]
TRUTH = [f"gtFine/{place}/{name}_gtFine_{kind}" for name, place in PLACES.items() for kind in KINDS]


def write_files(root, names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Path(name).name.encode())
    return root


def write_zip(path, names):
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (*names, "README", "license.txt"):
            archive.writestr(name, Path(name).name)
    return path


def summary(frames):
    return [(frame.split, frame.city, frame.name, frame.image is not None, sorted(frame.files)) for frame in frames]


ALL = [
    ("train", "aachen", AACHEN, True, ["color", "instanceIds", "labelIds", "polygons"]),
    ("train", "ulm", ULM, True, ["color", "instanceIds", "labelIds", "polygons"]),
    ("val", "lindau", LINDAU, True, ["color", "instanceIds", "labelIds", "polygons"]),
]


@pytest.mark.parametrize(
    ("images_in", "truth_in"),
    [
        ("", ""),
        ("imgsFine", ""),
        ("download", "download"),
        ("a/imgsFine", "a"),
        ("leftImg8bit_trainvaltest", "gtFine_trainvaltest"),
    ],
)
def test_all_known_layouts_give_the_same_frames(tmp_path, images_in, truth_in):
    write_files(tmp_path / images_in, IMAGES)
    write_files(tmp_path / truth_in, TRUTH)
    layout = read_layout(tmp_path)
    assert summary(layout.frames) == ALL
    assert (layout.truth, layout.problems) == ("gtFine", ())


def test_sources_of_a_frame_are_its_own_files(tmp_path):
    frame = find_frames(write_files(tmp_path, IMAGES + TRUTH))[1]
    assert frame.image.read_bytes() == f"{ULM}_leftImg8bit.png".encode()
    assert frame.files["polygons"].read_bytes() == f"{ULM}_gtFine_polygons.json".encode()


@pytest.mark.parametrize(
    ("kept", "given"),
    [("train", ""), ("train", "leftImg8bit/train"), ("train/ulm", ""), ("train/ulm", "leftImg8bit/train/ulm")],
)
def test_a_single_split_or_city_is_enough(tmp_path, kept, given):
    write_files(tmp_path, [name for name in IMAGES if f"/{kept}/" in name])
    places = {(frame.split, frame.city) for frame in find_frames(tmp_path / given)}
    assert ("train", "ulm") in places and {split for split, _ in places} == {"train"}


@pytest.mark.parametrize("folder", ["", "ulm/", "photos/of/ulm/", "leftImg8bit/", "leftImg8bit/ulm/"])
def test_frames_without_a_split_folder_have_an_empty_split(tmp_path, folder):
    write_files(tmp_path, [f"{folder}{ULM}_leftImg8bit.png"])
    assert [(frame.split, frame.city) for frame in find_frames(tmp_path)] == [("", "ulm")]


def test_a_split_with_another_name_is_read_from_the_folders(tmp_path):
    write_files(tmp_path, ["leftImg8bit/demoVideo/stuttgart_00/stuttgart_00_000000_000001_leftImg8bit.png"])
    frame = find_frames(tmp_path)[0]
    assert (frame.split, frame.city, frame.name) == ("demoVideo", "stuttgart_00", "stuttgart_00_000000_000001")


def test_truth_without_a_split_folder_joins_images_with_one(tmp_path):
    write_files(tmp_path, [f"gtFine/ulm/{ULM}_gtFine_labelIds.png", f"leftImg8bit/train/ulm/{ULM}_leftImg8bit.png"])
    assert summary(find_frames(tmp_path)) == [("train", "ulm", ULM, True, ["labelIds"])]


def test_frames_with_a_part_missing_are_named(tmp_path):
    train_ids = f"gtFine/val/lindau/{LINDAU}_gtFine_labelTrainIds.png"
    layout = read_layout(write_files(tmp_path, [*IMAGES[:1], *TRUTH[4:8], train_ids]))
    assert layout.remarks == ("passed over: 1 file of labelTrainIds, which ground truth is not read from",)
    without_image, without_truth, unusable = layout.missing
    assert f"2 of 3 frames have no image (leftImg8bit): {ULM}, {LINDAU}" == without_image
    assert f"1 of 3 frames have no annotation (gtFine): {AACHEN}" == without_truth
    kinds = "instanceIds, labelIds, polygons, color"
    assert f"1 of 3 frames have none of {kinds} among the files of gtFine: {LINDAU}" == unusable


def test_images_alone_are_frames_without_truth(tmp_path):
    layout = read_layout(write_files(tmp_path, IMAGES))
    assert layout.truth == "" and [frame.files for frame in layout.frames] == [{}, {}, {}]
    assert "3 of 3 frames have no annotation (gtFine or gtCoarse)" in layout.problems[0]


def test_coarse_truth_is_taken_only_where_there_is_no_fine_one_or_when_asked_for(tmp_path):
    write_files(tmp_path, [name.replace("gtFine", "gtCoarse") for name in TRUTH])
    assert read_layout(tmp_path).truth == "gtCoarse"
    write_files(tmp_path, TRUTH[:1])
    assert summary(find_frames(tmp_path)) == [("train", "aachen", AACHEN, False, ["labelIds"])]
    assert summary(read_layout(tmp_path, "gtCoarse").frames) == [(*row[:3], False, row[4]) for row in ALL]


@pytest.mark.parametrize("above", ["dev/cs", "testing"])
def test_folders_above_the_dataset_are_not_its_splits(tmp_path, above):
    root = write_files(tmp_path / above, [f"photos/{ULM}_leftImg8bit.png", f"masks/{ULM}_gtFine_labelIds.png"])
    assert [(frame.split, frame.city) for frame in find_frames(root)] == [("", "ulm")]
    below = write_files(tmp_path / "b" / above, [f"leftImg8bit/dev/ulm/{ULM}_leftImg8bit.png"])
    assert [(frame.split, frame.city) for frame in find_frames(below)] == [("dev", "ulm")]


def test_what_is_read_is_not_called_passed_over(tmp_path):
    write_files(tmp_path, [f"gtFine/val/ulm/{ULM}_gtFine_labelTrainIds.png"])
    assert read_layout(tmp_path, None, ("labelTrainIds",)).problems == (
        f"1 of 1 frames have no image (leftImg8bit): {ULM}",
    )


def test_the_choice_of_the_annotation_is_said_with_the_frames_that_lack_it(tmp_path):
    write_files(tmp_path, [name.replace("gtFine", "gtCoarse") for name in TRUTH])
    assert read_layout(tmp_path).remarks == ("gtCoarse is the ground truth: there is no gtFine",)
    assert read_layout(tmp_path, "gtCoarse").remarks == ()
    write_files(tmp_path, [*TRUTH[:1], *IMAGES])
    (remark,) = read_layout(tmp_path).remarks
    assert remark.startswith("gtFine is the ground truth, gtCoarse of 3 frames is not used; 2 of them have no gtFine (")


@pytest.mark.parametrize("in_zip", [False, True])
def test_what_is_passed_over_is_counted_by_reason(tmp_path, in_zip):
    foggy = [f"leftImg8bit_foggy/val/{ULM}_leftImg8bit_foggy_beta_{beta}.png" for beta in ("0.01", "0.02")]
    video = [f"leftImg8bit_sequence/val/ulm/ulm_000000_00000{n}_leftImg8bit.png" for n in range(3)]
    others = ["scan.png", f"camera/{ULM}_camera.json", "__MACOSX/a.png", ".hidden.png", "readme.txt"]
    names = [*IMAGES, *TRUTH, *foggy, *video, *others]
    root = write_zip(tmp_path / "all.zip", names) if in_zip else write_files(tmp_path, names)
    variant, sequence, official, other = read_layout(root).remarks
    assert variant.startswith("passed over: 2 pictures called <frame>_leftImg8bit_foggy..., up to 2 a frame;")
    assert "for example --images-as leftImg8bit_foggy_beta_0.0" in variant
    assert sequence.startswith("passed over: 3 files in folders called leftImg8bit_sequence;")
    assert official == "passed over: 1 file of camera, which nothing here uses"
    assert other == "passed over: 1 picture or JSON file without a name of Cityscapes: scan.png"


def test_zips_are_read_unopened_and_nothing_is_written(tmp_path):
    write_zip(tmp_path / "leftImg8bit_trainvaltest.zip", IMAGES)
    write_zip(tmp_path / "gtFine_trainvaltest.zip", TRUTH)
    layout = read_layout(tmp_path)
    assert summary(layout.frames) == ALL and not layout.problems
    assert layout.frames[0].image.read_bytes() == f"{AACHEN}_leftImg8bit.png".encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "gtFine_trainvaltest.zip",
        "leftImg8bit_trainvaltest.zip",
    ]


def test_one_part_may_be_extracted_and_the_other_zipped(tmp_path):
    write_zip(tmp_path / "leftImg8bit_trainvaltest.zip", IMAGES)
    write_files(tmp_path, TRUTH)
    assert summary(find_frames(tmp_path)) == ALL


def test_the_path_may_be_a_zip(tmp_path):
    path = write_zip(tmp_path / "any name.zip", [f"inner/{name}" for name in IMAGES + TRUTH])
    assert summary(find_frames(path)) == ALL


def test_an_extracted_zip_that_was_kept_counts_once(tmp_path):
    write_zip(tmp_path / "leftImg8bit_trainvaltest.zip", IMAGES)
    layout = read_layout(write_files(tmp_path, IMAGES))
    assert all(frame.image.member is None for frame in layout.frames)
    assert "3 files in a zip and also extracted" in layout.problems[0]


def test_an_extracted_file_that_differs_from_its_zip_is_refused(tmp_path):
    write_zip(tmp_path / "leftImg8bit_trainvaltest.zip", IMAGES)
    write_files(tmp_path, IMAGES[:1])
    (tmp_path / IMAGES[0]).write_bytes(b"half")
    with pytest.raises(DataError, match=rf"(?s){AACHEN} .*differ in size.*{IMAGES[0]}.*{IMAGES[0]}"):
        find_frames(tmp_path)


@pytest.mark.parametrize(
    "second", [f"leftImg8bit/val/ulm/{ULM}_leftImg8bit.png", f"leftImg8bit/train/zuerich/{ULM}_leftImg8bit.png"]
)
def test_a_name_in_two_splits_or_cities_is_refused_with_both_files(tmp_path, second):
    write_files(tmp_path, [IMAGES[1], second])
    with pytest.raises(DataError, match=rf"(?s){ULM} is there in two places.*leftImg8bit.*leftImg8bit") as caught:
        find_frames(tmp_path)
    assert all(str(tmp_path / name) in str(caught.value) for name in (IMAGES[1], second))


def test_two_copies_of_a_dataset_are_refused(tmp_path):
    write_files(tmp_path / "one", IMAGES)
    write_files(tmp_path / "two", IMAGES)
    with pytest.raises(DataError, match=r"(?s)is there twice; keep one.*one.*two|.*two.*one"):
        find_frames(tmp_path)


def test_nothing_found_says_what_is_there_and_what_to_download(tmp_path):
    write_files(tmp_path, ["notes.txt", "leftImg8bit_trainvaltest.zip.part"])
    with pytest.raises(DataError, match=r"(?s)no frames found; there is: .*notes.txt.*stopped.*zip.part") as caught:
        find_frames(tmp_path)
    message = str(caught.value)
    assert all(text in message for text in (str(tmp_path), "cityscapes-dataset.com", "gtFine_trainvaltest.zip"))


def test_nothing_found_in_an_empty_folder_an_empty_zip_and_for_an_absent_truth(tmp_path):
    with pytest.raises(DataError, match="there is: nothing at all"):
        find_frames(tmp_path)
    with pytest.raises(DataError, match="no frames found"):
        find_frames(write_zip(tmp_path / "other.zip", []))
    with pytest.raises(DataError, match="no frame has gtCoarse files; found gtFine of 3 frames; get gtCoarse, or"):
        read_layout(write_files(tmp_path, TRUTH), "gtCoarse")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent: is not there; expected the archives"):
        find_frames(tmp_path / "absent")


def test_a_download_that_stopped_is_to_be_repeated(tmp_path):
    path = write_zip(tmp_path / "leftImg8bit_trainvaltest.zip", IMAGES)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"leftImg8bit_trainvaltest.zip: is cut off or damaged.*download it again"):
        find_frames(tmp_path)


def test_a_saved_web_page_is_told_from_an_archive(tmp_path):
    (tmp_path / "gtFine_trainvaltest.zip").write_bytes(b"\n<!DOCTYPE html><title>Login</title>")
    with pytest.raises(DataError, match=r"gtFine_trainvaltest.zip: is a web page.*log in"):
        find_frames(tmp_path)


def test_an_empty_archive_file_is_no_zip(tmp_path):
    (tmp_path / "gtFine_trainvaltest.zip").touch()
    with pytest.raises(DataError, match="gtFine_trainvaltest.zip: is not a zip archive; download"):
        find_frames(tmp_path)


def test_a_broken_zip_of_something_else_is_only_reported(tmp_path):
    (tmp_path / "holiday.zip").write_bytes(b"PK??")
    layout = read_layout(write_files(tmp_path, IMAGES + TRUTH))
    assert "holiday.zip: is cut off or damaged" in layout.problems[0] and summary(layout.frames) == ALL


def test_members_that_lead_out_of_the_archive_are_ignored_and_reported(tmp_path):
    outside = [f"/leftImg8bit/train/ulm/{ULM}_leftImg8bit.png", f"../leftImg8bit/val/{LINDAU}_leftImg8bit.png"]
    layout = read_layout(write_zip(tmp_path / "leftImg8bit.zip", [*IMAGES[:1], *outside]))
    assert [frame.name for frame in layout.frames] == [AACHEN]
    assert "lead out of the archive" in layout.problems[0] and outside[1] in layout.problems[0]


def test_a_member_that_unpacks_beyond_all_measure_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(IMAGES[0], bytes(300_000_000))
    source = find_frames(tmp_path / "bomb.zip")[0].image
    with pytest.raises(DataError, match=rf"bomb.zip: {IMAGES[0]}: unpacks to 300,000,000 bytes"):
        source.read_bytes()


@pytest.mark.parametrize("large", [False, True])
def test_a_table_of_contents_beyond_all_measure_is_not_loaded(tmp_path, large):
    size = zips.LARGEST_DIRECTORY_BYTES + 1
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFFF if large else size, 0, 0)
    if large:
        end_64 = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, size, 0)
        end = end_64 + struct.pack("<4sIQI", b"PK\x06\x07", 0, 0, 1) + end
    (tmp_path / "gtFine.zip").write_bytes(end)
    with pytest.raises(DataError, match=f"gtFine.zip: .* {size:,} bytes"):
        find_frames(tmp_path)


def test_a_large_archive_of_the_newer_form_is_read(tmp_path):
    names = [f"other/{number}" for number in range(65_536)]
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for name in (*names, *IMAGES):
            archive.writestr(name, b"")
    assert len(find_frames(tmp_path)) == 3


def test_links_that_loop_end_and_a_folder_linked_twice_counts_once(tmp_path):
    write_files(tmp_path / "leftImg8bit_trainvaltest", IMAGES)
    (tmp_path / "leftImg8bit").symlink_to("leftImg8bit_trainvaltest/leftImg8bit")
    (tmp_path / "leftImg8bit_trainvaltest/leftImg8bit/again").symlink_to(tmp_path)
    assert [frame.split for frame in find_frames(tmp_path)] == ["train", "train", "val"]


def test_linked_data_is_found(tmp_path):
    write_files(tmp_path / "disk", IMAGES)
    (tmp_path / "original_data").mkdir()
    (tmp_path / "original_data/leftImg8bit").symlink_to(tmp_path / "disk/leftImg8bit")
    assert len(find_frames(tmp_path / "original_data")) == 3


def test_hidden_files_leftovers_of_mac_zips_and_videos_are_ignored(tmp_path):
    extra = [f"__MACOSX/{IMAGES[0]}", f"leftImg8bit/train/ulm/._{ULM}_leftImg8bit.png", f".hidden/{IMAGES[1]}"]
    extra.append(f"leftImg8bit_sequence/train/ulm/{ULM}_leftImg8bit.png")
    write_zip(tmp_path / "zips/leftImg8bit.zip", IMAGES + extra)
    assert summary(find_frames(tmp_path)) == [(*row[:4], []) for row in ALL]
    write_files(tmp_path / "folders", IMAGES + extra)
    assert summary(find_frames(tmp_path / "folders")) == [(*row[:4], []) for row in ALL]


def test_a_folder_that_may_not_be_listed_is_an_error_because_its_frames_would_be_missing(tmp_path, monkeypatch):
    scandir = os.scandir
    deny = PermissionError(13, "Permission denied")

    def guarded(path):
        if Path(path).name == "val":
            raise deny
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    with pytest.raises(DataError, match="val: cannot be listed: Permission denied; change its permissions"):
        read_layout(write_files(tmp_path, IMAGES + TRUTH))


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_that_leads_to_itself_is_nothing(tmp_path):
    frames = read_layout(write_files(tmp_path, IMAGES + TRUTH)).frames
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert read_layout(tmp_path).frames == frames


def test_a_frame_is_a_value():
    frame = Frame("a", "train", "b", Source(Path("x")), {"labelIds": Source(Path("y.zip"), "z")})
    assert pickle.loads(pickle.dumps(frame)) == frame and len({frame, frame}) == 1
    assert [str(source) for source in (frame.image, frame.files["labelIds"])] == ["x", "y.zip: z"]
