import json
import shutil
import zipfile

import cv2
import numpy as np
import pytest

from common.dataset.checking import check
from common.dataset.checking.agreement import find_disagreements
from common.dataset.checking.check import check_data
from common.dataset.checking.report import report_lines
from common.dataset.original.polygons import ids_to_colors
from common.demo import DemoSettings, draw_demo_dataset
from common.errors import ConfigError, DataError
from common.files.disk import write_bytes
from common.images.pictures import encode_palette_mask
from common.images.png import encode_mask, read_mask


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drawn") / "cityscapes"
    draw_demo_dataset(folder, DemoSettings(train=3, val=1, size_wh=(96, 64), seed=3))
    return folder


@pytest.fixture
def tree(drawn, tmp_path):
    """A dataset without defects: 3 training frames and 1 for validation, of 96x64 pixels."""
    return shutil.copytree(drawn, tmp_path / "cityscapes")


def file_of(tree, kind):
    """A file of the second training frame."""
    return sorted((tree / ("leftImg8bit" if kind == "leftImg8bit" else "gtFine") / "train").rglob(f"*_{kind}.*"))[1]


def change(path, function, flags=cv2.IMREAD_UNCHANGED):
    pixels = cv2.imread(str(path), flags)
    changed = function(pixels)
    assert cv2.imwrite(str(path), pixels if changed is None else changed)


def change_json(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def set_pixel(value):
    def function(pixels):
        pixels[10, 20] = value

    return function


def another_id(pixels):
    pixels[10, 20] = 12 if pixels[10, 20] != 12 else 13


def truncate(path):
    path.write_bytes(path.read_bytes()[:-300])


# Defect: the file, what is done to it, the kind of problem and words of its message.
DEFECTS = {
    "missing color": ("color", lambda path: path.unlink(), "missing", "is missing"),
    "missing image": ("leftImg8bit", lambda path: path.unlink(), "missing", "is missing"),
    "truncated PNG": ("leftImg8bit", truncate, "unreadable", "is cut off"),
    "truncated mask": ("labelIds", truncate, "unreadable", "is cut off"),
    "8-bit instanceIds": (
        "instanceIds",
        lambda path: change(path, lambda pixels: (pixels % 256).astype(np.uint8)),
        "unreadable",
        "expected 16-bit",
    ),
    "changed pixel in labelIds": (
        "labelIds",
        lambda path: change(path, another_id),
        "disagreement",
        "1 pixel differs from the polygons painted by the exact rule, the first at x = 20, y = 10: found 12 (wall)",
    ),
    "changed object in instanceIds": (
        "instanceIds",
        lambda path: change(path, set_pixel(26777)),
        "disagreement",
        "found 26777 (car number 777)",
    ),
    "changed colour": ("color", lambda path: change(path, set_pixel((1, 2, 3, 255))), "disagreement", "(3, 2, 1)"),
    "unknown id": ("labelIds", lambda path: change(path, set_pixel(99)), "unknown id", "x = 20, y = 10 with 99"),
    "object of a label without": (
        "instanceIds",
        lambda path: change(path, set_pixel(7001)),
        "unknown id",
        "x = 20, y = 10 with 7001",
    ),
    "size in the JSON": (
        "polygons",
        lambda path: change_json(path, lambda content: content.update(imgWidth=95)),
        "size",
        "has 95x64 pixels, but the frame's image file has 96x64",
    ),
    "unknown label": (
        "polygons",
        lambda path: change_json(path, lambda content: content["objects"][0].update(label="unicorn")),
        "unreadable",
        "'unicorn'",
    ),
    "object left out": (
        "polygons",
        lambda path: change_json(path, lambda content: content["objects"].pop(0)),
        "disagreement",
        "differ from instanceIds.png",
    ),
    "corrupt JSON": ("polygons", lambda path: path.write_text('{"imgHeight": 64,'), "unreadable", "valid JSON"),
    "image of another size": (
        "leftImg8bit",
        lambda path: change(path, lambda pixels: pixels[:32]),
        "size",
        "has 96x32 pixels, but the frame's labelIds file has 96x64",
    ),
    "image that is none": ("leftImg8bit", lambda path: path.write_bytes(b"no picture"), "unreadable", "not a picture"),
}


def test_a_whole_dataset_has_no_problems(drawn):
    report = check_data(drawn)
    assert report.problems == ()
    assert [(split.name, split.frames) for split in report.splits] == [("train", 3), ("val", 1)]
    assert set(report.splits[0].counts) == {"image", "labelIds", "instanceIds", "color", "polygons"}
    assert set(report.splits[0].counts.values()) == {3}
    assert report.splits[0].sizes == {"96x64": 3}


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_is_one_problem_that_names_the_file(tree, name):
    kind, plant, sort, words = DEFECTS[name]
    path = file_of(tree, kind)
    plant(path)
    (problem,) = check_data(tree).problems
    assert problem.kind == sort
    assert words in problem.message
    assert path.name in problem.message
    assert path.name in problem.file or sort == "missing"
    assert problem.split == "train"
    assert path.name.startswith(problem.frame)


def test_a_broken_file_does_not_stop_the_others(tree):
    truncate(file_of(tree, "leftImg8bit"))
    file_of(tree, "polygons").write_bytes(b"\xff\xfe")
    (tree / "gtFine" / "val").rename(tree / "gtFine" / "test")  # the images are still called val
    shutil.move(tree / "leftImg8bit" / "val", tree / "leftImg8bit" / "test")
    report = check_data(tree)
    assert len(report.problems) == 2
    assert [(split.frames, split.with_problems) for split in report.splits] == [(1, 0), (3, 1)]


def test_a_zip_gives_the_same_report_as_the_folder(tree, tmp_path):
    another = file_of(tree, "labelIds")
    change(another, another_id)
    truncate(file_of(tree, "color"))
    file_of(tree, "instanceIds").unlink()
    path = tmp_path / "gtFine_and_more.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(tree.rglob("*.*")):
            archive.write(file, file.relative_to(tree).as_posix())
    folder, packed = check_data(tree), check_data(path)
    assert len(folder.problems) == 3
    assert packed.splits == folder.splits

    def texts(report, prefix):
        return [(problem.kind, problem.frame, problem.message.replace(prefix, "")) for problem in report.problems]

    assert texts(packed, f"{path}: ") == texts(folder, f"{tree}/")


def test_the_number_of_workers_changes_nothing(tree):
    truncate(file_of(tree, "color"))
    assert check_data(tree, workers=2) == check_data(tree, workers=1)


def test_files_that_no_frame_of_a_split_has_are_a_remark(tree):
    for path in (tree / "gtFine" / "train").rglob("*_instanceIds.png"):
        path.unlink()
    shutil.rmtree(tree / "gtFine" / "val")
    report = check_data(tree)
    assert report.problems == ()
    assert "no frame has instanceIds; nothing was checked there" in report.splits[0].remarks
    assert "no frame has annotation; nothing was checked there" in report.splits[1].remarks


def test_a_frame_without_any_annotation_is_one_problem(tree):
    stem = file_of(tree, "labelIds").name.removesuffix("_gtFine_labelIds.png")
    for path in (tree / "gtFine").rglob(f"{stem}_*"):
        path.unlink()
    (problem,) = check_data(tree).problems
    assert (problem.kind, problem.frame) == ("missing", stem)
    assert "has no annotation" in problem.message


def test_only_the_splits_asked_for_are_checked(tree):
    truncate(file_of(tree, "color"))
    assert check_data(tree, ("val",)).problems == ()
    with pytest.raises(ConfigError, match=r"no split 'dev'; found: train, val"):
        check_data(tree, ("dev",))


def test_the_placeholder_of_the_test_split_is_no_problem(tree):
    """Void alone in PNG files whatever the polygons say; in any other split that is a problem."""
    for path in (tree / "gtFine" / "val").rglob("*_labelIds.png"):
        change(path, lambda pixels: pixels * 0 + 3)
    assert [problem.kind for problem in check_data(tree).problems] == ["disagreement"]
    for part in ("gtFine", "leftImg8bit"):
        (tree / part / "val").rename(tree / part / "test")
    report = check_data(tree)
    assert report.problems == ()
    assert "all void, a placeholder" in report.splits[0].remarks[-1]
    assert "placeholder" not in str(report.splits[1].remarks)


def test_official_counts_are_told_apart_from_others(drawn, monkeypatch):
    assert "fewer than the official 2,975 frames in 18 cities" in check_data(drawn).splits[0].remarks[0]
    cities = len(list((drawn / "gtFine" / "train").iterdir()))
    monkeypatch.setitem(check.OFFICIAL_COUNTS, "train", (3, cities))
    assert "are all there" in check_data(drawn).splits[0].remarks[0]


def test_a_frame_that_is_there_twice_is_refused(tree):
    shutil.copytree(tree / "gtFine" / "train", tree / "gtFine" / "val", dirs_exist_ok=True)
    with pytest.raises(DataError, match="two places"):
        check_data(tree)


def test_a_zip_that_cannot_be_opened_is_a_problem(tree):
    (tree / "more.zip").write_bytes(b"PK\x03\x04 cut off")
    (problem,) = check_data(tree).problems
    assert problem.kind == "source"
    assert "download it again" in problem.message


def test_coarse_annotation_is_mentioned_and_can_be_asked_for(tree):
    shutil.copytree(tree / "gtFine", tree / "gtCoarse")
    for path in sorted((tree / "gtCoarse").rglob("*.*")):
        path.rename(path.with_name(path.name.replace("gtFine", "gtCoarse")))
    truncate(next((tree / "gtCoarse").rglob("*_color.png")))
    fine = check_data(tree)
    assert fine.problems == ()
    assert "gtFine is the ground truth, gtCoarse of 4 frames is not used" in fine.notes[0]
    assert len(check_data(tree, truth="gtCoarse").problems) == 1


def test_a_split_whose_photographs_are_passed_over_is_a_problem(tree):
    (tree / "leftImg8bit").rename(tree / "leftImg8bit_foggy")
    for path in sorted((tree / "leftImg8bit_foggy").rglob("*.png")):
        path.rename(path.with_name(f"{path.stem}_foggy_beta_0.02.png"))
    report = check_data(tree)
    assert {problem.kind for problem in report.problems} == {"nothing checked"}
    assert "but 4 pictures were passed over" in report.problems[0].message
    assert "4 pictures called <frame>_leftImg8bit_foggy" in report.notes[0]


def test_ground_truth_of_a_kind_that_is_not_read_is_a_problem(tree):
    for path in sorted((tree / "gtFine").rglob("*.*")):
        path.rename(path.with_name(path.name.replace("_labelIds", "_labelTrainIds")))
        if "_labelIds" not in path.name:
            path.with_name(path.name).unlink()
    report = check_data(tree)
    assert {problem.kind for problem in report.problems} == {"nothing checked"}
    assert "found only labelTrainIds" in report.problems[0].message


def test_train_ids_in_files_of_label_ids_are_a_problem_with_the_way_out(tree):
    for path in (tree / "gtFine").rglob("*.*"):
        if path.name.endswith("_labelIds.png"):
            ids = read_mask(path)
            write_bytes(path, encode_mask(np.where(ids % 3 == 0, ids % 19, 255).astype(np.uint8)))
        else:
            path.unlink()
    problems = {problem.kind: problem.message for problem in check_data(tree).problems}
    assert "look like train ids" in problems["train ids"] and "--from trainIds" in problems["train ids"]


def test_photographs_alone_are_checked_and_no_problem(tree):
    shutil.rmtree(tree / "gtFine")
    assert check_data(tree).problems == ()


def test_a_hidden_disagreement_between_labels_of_one_colour_is_found_without_polygons():
    ids = np.full((4, 5), 7, np.uint8)
    wrong = ids.copy()
    ids[0, 0], wrong[0, 0] = 0, 4  # both black
    color = ids_to_colors(ids)[..., :3]
    found = dict(find_disagreements({"instanceIds": ids.astype(np.uint16), "labelIds": wrong, "color": color}))
    assert list(found) == ["labelIds"]
    assert "found 4 (static), expected 0 (unlabeled)" in found["labelIds"]


def test_objects_that_are_counted_differently_are_found_although_ids_and_colours_agree():
    values = np.full((4, 5), 26000, np.uint16)
    ids = np.full((4, 5), 26, np.uint8)
    found = dict(find_disagreements({"polygons": values, "instanceIds": values + 1, "labelIds": ids}))
    assert list(found) == ["instanceIds"]
    assert "20 pixels differ" in found["instanceIds"]


def test_labelids_and_colours_outvote_a_wrong_instance_file():
    ids = np.full((4, 5), 7, np.uint8)
    color = np.full((4, 5, 3), (128, 64, 128), np.uint8)
    found = dict(find_disagreements({"instanceIds": np.full((4, 5), 11, np.uint16), "labelIds": ids, "color": color}))
    assert list(found) == ["instanceIds"]


def test_a_long_list_is_cut_and_counted(tree):
    for path in (tree / "gtFine").rglob("*_color.png"):
        truncate(path)
    lines = report_lines(check_data(tree), shown=3)
    assert sum("is cut off" in line for line in lines) == 3
    assert "  and 1 more of this kind (--json lists all)" in lines
    assert lines[-1] == "4 frames checked, 4 problems, in 4 frames"


def test_the_json_has_every_problem(tree):
    truncate(file_of(tree, "color"))
    content = json.loads(json.dumps(check_data(tree).to_json()))
    assert content["form"] == "original"
    assert content["problems"][0]["frame"] == file_of(tree, "color").name.removesuffix("_gtFine_color.png")


def test_names_cannot_change_the_terminal(tree):
    path = file_of(tree, "color")
    truncate(path)
    path.parent.rename(path.parent.with_name("\x1b[2Jcity"))
    image_folder = file_of(tree, "leftImg8bit").parent
    image_folder.rename(image_folder.with_name("\x1b[2Jcity"))
    assert any("?[2Jcity" in line for line in report_lines(check_data(tree)))
    assert not any("\x1b" in line for line in report_lines(check_data(tree)))


def test_colours_alone_are_held_against_the_label_table(tree):
    change(file_of(tree, "color"), set_pixel((1, 2, 3, 255)))
    for path in (*tree.rglob("*Ids.png"), *tree.rglob("*.json")):
        path.unlink()
    (problem,) = check_data(tree).problems
    assert problem.kind == "unknown colour"
    assert "(3, 2, 1)" in problem.message
    assert "_color.png" in problem.file


def test_a_frame_of_which_only_generated_files_are_there_misses_all_others(tree):
    stem = file_of(tree, "labelIds").name.removesuffix("_gtFine_labelIds.png")
    for path in tree.rglob(f"{stem}_*"):
        if path.name.endswith("_labelIds.png"):
            path.rename(path.with_name(f"{stem}_gtFine_labelTrainIds.png"))
        else:
            path.unlink()
    problems = check_data(tree).problems
    assert [problem.kind for problem in problems] == ["missing"] * 5
    assert {problem.frame for problem in problems} == {stem}


def as_palette(path):
    path.write_bytes(encode_palette_mask(read_mask(path), np.arange(768, dtype=np.uint8).reshape(256, 3)))


def as_jpeg(path):
    path.with_suffix(".jpg").write_bytes(cv2.imencode(".jpg", cv2.imread(str(path)))[1].tobytes())
    path.unlink()


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("labelIds", as_palette),
        ("leftImg8bit", as_jpeg),
        ("leftImg8bit", lambda path: change(path, lambda pixels: cv2.cvtColor(pixels, cv2.COLOR_BGR2BGRA))),
        ("leftImg8bit", lambda path: change(path, lambda pixels: cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY))),
        ("labelIds", lambda path: path.rename(path.with_suffix(".PNG"))),
        ("polygons", lambda path: path.rename(path.with_suffix(".JSON"))),
    ],
    ids=["palette", "JPEG", "alpha", "gray", "PNG", "JSON"],
)
def test_what_other_programs_write_is_checked_like_the_files_of_the_download(kind, make, tree):
    make(file_of(tree, kind))
    assert check_data(tree).problems == ()
    if kind == "labelIds":
        path = file_of(tree, kind)
        path.write_bytes(encode_palette_mask(1 - np.minimum(read_mask(path), 1), np.zeros((256, 3), np.uint8)))
        (problem,) = check_data(tree).problems
        assert problem.kind == "disagreement"


def test_a_link_that_leads_nowhere_is_a_problem_of_its_frame(tree):
    path = file_of(tree, "leftImg8bit")
    path.unlink()
    path.symlink_to(tree / "nowhere")
    (problem,) = check_data(tree).problems
    assert (problem.kind, problem.file) == ("unreadable", str(path))
