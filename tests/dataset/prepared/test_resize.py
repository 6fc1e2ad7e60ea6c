import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from common.config.settings import DatasetConfig
from common.dataset.original.layouts import find_frames
from common.dataset.original.polygons import ids_to_colors, paint_polygons, read_polygons, scale_polygons
from common.dataset.prepared import resize
from common.dataset.prepared import steps as prepare
from common.dataset.prepared.resize import (
    ResizeJob,
    ResizeSettings,
    prepare_frame,
    prepared_size,
    resize_frame,
    resize_frames,
)
from common.errors import ConfigError, DataError, LabelError
from common.files.disk import entry_of
from common.files.sources import Source
from common.images.pictures import encode_palette_mask, read_photograph
from common.images.png import encode_color_mask, encode_image, encode_mask, read_image, read_mask
from common.labels.maps import study_label_map
from tests.support.photographs import encoded, stored_for

SETTINGS = ResizeSettings(0.3)
NAMES = ("aachen_000000_000019", "aachen_000001_000019", "ulm_000000_000019")


@pytest.fixture
def original(tmp_path):
    rng = np.random.default_rng(0)
    for number, name in enumerate(NAMES):
        image = rng.integers(0, 256, (90, 160, 3), np.uint8)
        write(tmp_path / f"original/leftImg8bit/train/city/{name}_leftImg8bit.png", image)
        ids = rng.integers(0, 34, (90, 160), np.uint8) if number else np.arange(90 * 160).reshape(90, 160) % 34
        write(tmp_path / f"original/gtFine/train/city/{name}_gtFine_labelIds.png", ids.astype(np.uint8))
    return tmp_path / "original"


def write(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), pixels)


def mask_path(frame):
    return frame.files["labelIds"].path


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("size", "factor", "expected"),
    [
        ((2048, 1024), 0.2, (416, 208)),  # 409.6 -> 409 -> 416, 204.8 -> 204 -> 208
        ((480, 360), 1.0, (480, 368)),
        ((480, 360), 0.6, (288, 224)),  # 288, 216 -> 224
        ((2048, 1024), 0.5, (1024, 512)),
        ((10, 10), 0.1, (16, 16)),
        ((100, 100), 2, (208, 208)),
    ],
)
def test_prepared_sides_are_rounded_up_to_a_multiple_of_16(size, factor, expected):
    assert prepared_size(*size, factor) == expected


@pytest.mark.parametrize("factor", [0, -1, 0.0001, 1000])
def test_a_factor_that_leaves_no_picture_or_a_giant_one_is_refused(factor):
    with pytest.raises(ConfigError, match=f"a resize factor of {factor} turns 2048 x 1024 into"):
        prepared_size(2048, 1024, factor)


def test_pixels_are_those_of_opencv_read_and_resized(original, tmp_path):
    table = np.array([0, *range(2, 35)])
    resize_frames(find_frames(original), tmp_path / "out", SETTINGS)
    for frame in find_frames(original):
        image = cv2.resize(cv2.imread(str(frame.image)), (48, 32), interpolation=cv2.INTER_LINEAR)
        ids = cv2.resize(cv2.imread(str(mask_path(frame)), 0), (48, 32), interpolation=cv2.INTER_NEAREST)
        assert np.array_equal(cv2.imread(str(tmp_path / f"out/images/{frame.name}.png")), image)
        mask = cv2.imread(str(tmp_path / f"out/masks/{frame.name}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.ndim == 2 and np.array_equal(mask, table[ids])


def test_red_stays_red(tmp_path):
    write(tmp_path / "leftImg8bit/train/a/a_leftImg8bit.png", np.full((64, 64, 3), (10, 20, 200), np.uint8))
    write(tmp_path / "gtFine/train/a/a_gtFine_labelIds.png", np.zeros((64, 64), np.uint8))
    resize_frames(find_frames(tmp_path), tmp_path / "out", ResizeSettings(1.0))
    assert read_image(tmp_path / "out/images/a.png")[0, 0].tolist() == [200, 20, 10]


def test_one_frame_says_its_name_and_size_and_writes_two_files(original, tmp_path):
    frame = find_frames(original)[0]
    result = resize_frame(ResizeJob(frame, tmp_path / "i", tmp_path / "m", ResizeSettings(1.0)))
    assert (result.name, result.size_wh) == (NAMES[0], (160, 96))
    assert [path.name for path in (tmp_path / "m").iterdir()] == [f"{NAMES[0]}.png"]
    # Every id is in the first frame, so every class but 1 is in its mask.
    assert np.unique(read_mask(tmp_path / f"m/{NAMES[0]}.png")).tolist() == [0, *range(2, 35)]


def test_another_label_map_gives_other_classes(original, tmp_path):
    road_or_not = replace(study_label_map(), class_of_id=tuple(int(id_ == 7) for id_ in range(34)))
    resize_frames(find_frames(original), tmp_path / "out", ResizeSettings(0.3, road_or_not))
    assert np.unique(read_mask(tmp_path / f"out/masks/{NAMES[0]}.png")).tolist() == [0, 1]


def test_workers_zips_and_order_do_not_change_a_byte(original, tmp_path):
    frames = find_frames(original)
    resize_frames(frames, tmp_path / "one", SETTINGS, workers=1)
    resize_frames(frames[::-1], tmp_path / "two", SETTINGS, workers=2)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, data in content(original).items():
            archive.writestr(name, data)
    resize_frames(find_frames(tmp_path / "all.zip"), tmp_path / "zip", SETTINGS)
    assert len(content(tmp_path / "one")) == 6
    assert content(tmp_path / "one") == content(tmp_path / "two") == content(tmp_path / "zip")


def test_what_is_whole_is_kept_and_the_rest_is_done(original, tmp_path):
    frames = find_frames(original)
    first = resize_frames(frames, tmp_path, SETTINGS)
    assert (first.done, first.reused, str(first)) == (NAMES, (), "3 resized, 0 already there")
    before = content(tmp_path / "images")
    (tmp_path / f"masks/{NAMES[1]}.png").unlink()
    second = resize_frames(frames, tmp_path, SETTINGS)
    assert (second.done, second.reused) == (NAMES[1:2], (NAMES[0], NAMES[2]))
    assert content(tmp_path / "images") == before and resize_frames(frames, tmp_path, SETTINGS).done == ()


def test_the_summary_tells_what_was_written_and_what_was_found(original, tmp_path):
    frames = find_frames(original)
    written = resize_frames(frames, tmp_path, SETTINGS).files
    assert written == {file: entry_of(tmp_path / file) for file in written} and len(written) == 6
    (tmp_path / f"masks/{NAMES[1]}.png").unlink()
    assert resize_frames(frames, tmp_path, SETTINGS).files == written


def test_a_temporary_file_of_a_killed_run_does_not_count(original, tmp_path):
    frames = find_frames(original)[:1]
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f".{NAMES[0]}.0123abcd.png").touch()
    assert resize_frames(frames, tmp_path, SETTINGS).done == NAMES[:1]


def test_frames_without_image_or_truth_are_skipped_by_name(original, tmp_path):
    whole, blind, bare = find_frames(original)
    frames = [whole, replace(blind, image=None), replace(bare, files={})]
    summary = resize_frames(frames, tmp_path, SETTINGS)
    assert summary.skipped == {"no image": NAMES[1:2], "no ground truth": NAMES[2:]}
    assert str(summary) == "1 resized, 0 already there, 1 skipped (no image), 1 skipped (no ground truth)"
    assert len(content(tmp_path / "images")) == 1


def test_no_frames_are_no_error(tmp_path):
    assert resize_frames([], tmp_path, SETTINGS).done == ()


def test_an_id_above_33_is_refused_with_file_and_value_even_where_it_is_not_sampled(original, tmp_path):
    frame = find_frames(original)[0]
    ids = np.zeros((90, 160), np.uint8)
    ids[1, 1] = 34  # Nearest neighbour takes rows 0, 2, 5, ...
    mask_path(frame).write_bytes(encode_mask(ids))
    job = ResizeJob(frame, tmp_path / "i", tmp_path / "m", SETTINGS)
    with pytest.raises(LabelError, match=rf"{NAMES[0]}_gtFine_labelIds.png: the value 34 .*0 to 33"):
        resize_frame(job)
    assert not (tmp_path / "i").exists()


@pytest.mark.parametrize("kept", ["instanceIds.png", "polygons.json"])
def test_a_tree_without_label_ids_is_prepared_to_the_same_masks(demo_tree, tmp_path, kept):
    shutil.copytree(demo_tree, tmp_path / "tree")
    for path in (tmp_path / "tree/gtFine").rglob("*_gtFine_*"):
        if not path.name.endswith(kept):
            path.unlink()
    for tree, folder in ((demo_tree, "whole"), (tmp_path / "tree", "rest")):
        resize_frames(find_frames(tree)[:6], tmp_path / folder, ResizeSettings(0.5))
    assert len(content(tmp_path / "whole")) == 12
    assert content(tmp_path / "whole") == content(tmp_path / "rest")


def test_colours_alone_give_masks_too(original, tmp_path):
    frame = find_frames(original)[1]
    ids = read_mask(mask_path(frame))
    ids[ids < 5] = 0  # Those are black too, and 18 has the colour of 17.
    ids[ids == 18] = 17
    color = mask_path(frame).with_name(f"{frame.name}_gtFine_color.png")
    color.write_bytes(encode_color_mask(ids_to_colors(ids)))
    mask_path(frame).unlink()
    resize_frames(find_frames(original)[1:2], tmp_path / "out", ResizeSettings(1.0))
    expected = cv2.resize(study_label_map().encode(ids), (160, 96), interpolation=cv2.INTER_NEAREST)
    assert np.array_equal(read_mask(tmp_path / f"out/masks/{frame.name}.png"), expected)


def test_train_ids_alone_are_no_ground_truth(original):
    frame = find_frames(original)[0]
    files = {"labelTrainIds": frame.files["labelIds"]}
    assert resize.reason_to_skip(replace(frame, files=files)) == "no ground truth"


def test_the_file_a_mask_was_made_from_decides_whether_it_is_made_anew(demo_tree):
    frame = find_frames(demo_tree)[0]
    without_ids = {kind: source for kind, source in frame.files.items() if kind != "labelIds"}
    assert resize.truth_used(frame) == frame.files["labelIds"]
    assert resize.truth_used(replace(frame, files=without_ids)) == frame.files["instanceIds"]
    assert resize.truth_used(replace(frame, files={})) is None


def test_a_mask_of_another_size_is_refused_with_both_files(original, tmp_path):
    frame = find_frames(original)[0]
    mask_path(frame).write_bytes(encode_mask(np.zeros((90, 80), np.uint8)))
    job = ResizeJob(frame, tmp_path, tmp_path, SETTINGS)
    with pytest.raises(DataError, match=r"labelIds.png: has 80 x 90 pixels, but .*leftImg8bit.png has 160 x 90 pixels"):
        resize_frame(job)


@pytest.mark.parametrize("workers", [1, 2])
def test_broken_frames_are_named_together_after_the_others_are_done(original, tmp_path, workers):
    frames = find_frames(original)
    frames[0].image.path.write_bytes(frames[0].image.read_bytes()[:1000])
    mask_path(frames[2]).write_bytes(encode_mask(np.full((90, 160), 255, np.uint8)))
    with pytest.raises(DataError, match="2 of 3 frames could not be resized; the others are done") as caught:
        resize_frames(frames, tmp_path / "out", SETTINGS, workers)
    assert f"{NAMES[0]}_leftImg8bit.png: is cut off" in str(caught.value)
    assert f"{NAMES[2]}_gtFine_labelIds.png: the value 255 " in str(caught.value)
    assert sorted(content(tmp_path / "out")) == [f"images/{NAMES[1]}.png", f"masks/{NAMES[1]}.png"]


def test_a_long_list_of_broken_frames_is_cut(original, tmp_path, monkeypatch):
    monkeypatch.setattr(resize, "_FAILURES_SHOWN", 1)
    frames = [replace(frame, image=replace(frame.image, path=Path("absent.png"))) for frame in find_frames(original)]
    with pytest.raises(DataError, match=r"(?s)3 of 3 frames.*absent.png: cannot be read.*and 2 more$"):
        resize_frames(frames, tmp_path / "out", SETTINGS)


def test_a_folder_that_cannot_be_written_stops_at_the_first_frame(original, tmp_path):
    (tmp_path / "masks").write_text("a file")
    with pytest.raises(DataError, match="masks.*a part of this path is a file") as caught:
        resize_frames(find_frames(original), tmp_path, SETTINGS)
    assert "frames could not be resized" not in str(caught.value)
    assert len(content(tmp_path / "images")) == 1


def test_workers_load_neither_keras_nor_scikit_learn_nor_matplotlib():
    code = (
        "import common.dataset.prepared.resize, sys; "
        "heavy = {'keras', 'tensorflow', 'sklearn', 'scipy', 'matplotlib', 'PIL'}; print(heavy & set(sys.modules))"
    )
    top = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=top, text=True)
    assert done.stdout.strip() == "set()"


def test_step_00_goes_by_the_polygons_where_there_are_no_label_ids(demo_tree, tmp_path):
    dataset = DatasetConfig("X", tmp_path, 0.5, 32, 64, 3, 35)
    frame = find_frames(demo_tree)[0]
    path = tmp_path / "polygons.json"
    shutil.copyfile(frame.files["polygons"].path, path)
    frames = [replace(frame, files={"polygons": Source(path)})]
    before = prepare._stage_of_originals(dataset, "train", frames).fingerprint
    assert prepare._stage_of_originals(dataset, "train", frames).fingerprint == before
    path.write_text(path.read_text() + " ")
    assert prepare._stage_of_originals(dataset, "train", frames).fingerprint != before


def test_painted_masks_follow_the_polygons_and_not_the_label_ids(demo_tree, tmp_path):
    dataset = DatasetConfig("X", tmp_path, 0.5, 32, 64, 3, 35)
    frame = find_frames(demo_tree)[0]
    path = tmp_path / "polygons.json"
    shutil.copyfile(frame.files["polygons"].path, path)
    frames = [replace(frame, files={**frame.files, "polygons": Source(path)})]

    def fingerprint(preparation):
        return prepare._stage_of_originals(replace(dataset, preparation=preparation), "train", frames).fingerprint

    before = fingerprint("study"), fingerprint("aligned"), fingerprint("painted")
    assert len(set(before)) == 3
    path.write_text(path.read_text() + " ")
    assert (fingerprint("study"), fingerprint("aligned")) == before[:2]
    assert fingerprint("painted") != before[2]


def test_aligned_masks_have_the_id_at_the_centre_of_the_area_an_image_pixel_is_the_mean_of(tmp_path):
    """Sides a fifth: the centre of 5x5 pixels is the third of each; the study takes the first."""
    rng = np.random.default_rng(0)
    image, ids = rng.integers(0, 256, (160, 240, 3), np.uint8), rng.integers(0, 34, (160, 240), np.uint8)
    write(tmp_path / "leftImg8bit/train/a/a_leftImg8bit.png", image)
    write(tmp_path / "gtFine/train/a/a_gtFine_labelIds.png", ids)
    (frame,) = find_frames(tmp_path)

    def made(preparation):
        return prepare_frame(ResizeJob(frame, tmp_path, tmp_path, ResizeSettings(0.2, preparation=preparation)))

    classes = np.array([0, *range(2, 35)])
    found, mask = made("aligned")
    assert (mask == classes[ids[2::5, 2::5]]).all()
    means = image[..., ::-1].reshape(32, 5, 48, 5, 3).mean((1, 3))
    assert np.abs(found - means).max() <= 0.5 + 1e-6
    assert (made("study")[1] == classes[ids[::5, ::5]]).all()


def test_painted_masks_are_the_polygons_at_the_new_size(demo_tree, tmp_path):
    frame = find_frames(demo_tree)[0]
    width, height = prepared_size(*read_polygons(frame.files["polygons"]).size_wh, 0.5)
    settings = ResizeSettings(0.5, preparation="painted")
    image, mask = prepare_frame(ResizeJob(frame, tmp_path, tmp_path, settings))
    polygons = scale_polygons(read_polygons(frame.files["polygons"]), (width, height))
    assert (mask == study_label_map().encode(paint_polygons(polygons).ids)).all()
    aligned = prepare_frame(ResizeJob(frame, tmp_path, tmp_path, replace(settings, preparation="aligned")))
    assert (image == aligned[0]).all()
    assert 0.9 < (mask == aligned[1]).mean() < 1  # the same but for borders


def test_step_00_refuses_to_paint_without_polygons_before_anything_is_written(original, tmp_path):
    dataset = DatasetConfig("X", tmp_path / "base", 0.3, 32, 48, 3, 35, preparation="painted")
    (tmp_path / "base").mkdir()
    original.rename(tmp_path / "base" / "original_data")
    with pytest.raises(DataError, match=r"frames of train have no polygons.*: set PREPARATION = aligned"):
        prepare.prepare_originals(dataset, {"train": "train_full"}, 1)
    assert [path.name for path in (tmp_path / "base").iterdir()] == ["original_data"]


def test_painting_without_polygons_says_what_to_do(original, tmp_path):
    frame = find_frames(original)[0]
    with pytest.raises(DataError, match="has no polygons, which PREPARATION = painted needs"):
        prepare_frame(ResizeJob(frame, tmp_path, tmp_path, ResizeSettings(0.3, preparation="painted")))


def test_a_jpeg_is_resized_like_a_png_with_its_pixels_and_seen_upright(original, tmp_path):
    path = next((original / "leftImg8bit").rglob(f"{NAMES[0]}*"))
    jpeg, beside = path.with_suffix(".JPG"), tmp_path / "photo.jpg"
    upright = np.kron(np.arange(12).reshape(3, 4, 1) * [20, 5, 9], np.ones((30, 40, 1))).astype(np.uint8)
    beside.write_bytes(encoded(stored_for(upright, 6), "JPEG", 6))
    path.write_bytes(encode_image(read_photograph(Source(beside))))
    as_png = prepare_frame(ResizeJob(find_frames(original)[0], tmp_path, tmp_path, SETTINGS))
    path.unlink()
    shutil.copyfile(beside, jpeg)
    (frame,) = (frame for frame in find_frames(original) if frame.name == NAMES[0])
    assert frame.image.path == jpeg
    as_jpeg = prepare_frame(ResizeJob(frame, tmp_path, tmp_path, SETTINGS))
    assert all(np.array_equal(*pixels) for pixels in zip(as_png, as_jpeg, strict=True))
    jpeg.write_bytes(encoded(upright, "JPEG", 6))  # the masks fit the stored pixels
    with pytest.raises(DataError, match="160 x 90 pixels, but .* 90 x 160 pixels; it fits .* EXIF orientation 6"):
        prepare_frame(ResizeJob(frame, tmp_path, tmp_path, SETTINGS))


def test_the_values_of_a_palette_are_label_ids(original, tmp_path):
    frame = find_frames(original)[0]
    expected = prepare_frame(ResizeJob(frame, tmp_path, tmp_path, SETTINGS))[1]
    palette = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)
    mask_path(frame).write_bytes(encode_palette_mask(read_mask(mask_path(frame)), palette))
    assert np.array_equal(prepare_frame(ResizeJob(frame, tmp_path, tmp_path, SETTINGS))[1], expected)


def test_step_00_takes_splits_by_their_role(original, tmp_path, caplog):
    (tmp_path / "base").mkdir()
    original.rename(tmp_path / "base" / "original_data")
    for folder in list((tmp_path / "base").rglob("train")):
        folder.rename(folder.with_name("training"))
    dataset = DatasetConfig("X", tmp_path / "base", 0.3, 32, 48, 3, 35)
    prepare.prepare_originals(dataset, {"train": "train_full"}, 1)
    assert list((tmp_path / "base/train_full/masks").iterdir())
