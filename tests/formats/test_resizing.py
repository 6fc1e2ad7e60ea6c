"""Frames of another size, with their ground truth."""

import json
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.dataset.original.layouts import read_layout
from common.dataset.prepared.resize import ResizeJob, ResizeSettings, prepare_frame
from common.errors import ConfigError, DataError
from common.files.sources import Source
from common.formats.conversion import convert, filter, read, resize, write
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, Segment
from common.formats.mask_files.writing import MaskOptions, write_masks
from common.formats.resizing import SCALED_OUTLINES
from common.images.pictures import picture_size, read_photograph
from common.images.png import read_instance_mask
from common.labels.maps import study_label_map
from common.labels.tables import CITYSCAPES
from tests.support.difficult import assert_same, difficult_pixels, segments_of

HALF = (64, 32)


@pytest.fixture(scope="module")
def val_frames(demo_tree):
    """Two drawn frames of 128x64 pixels, with polygons."""
    dataset = filter(read(demo_tree), splits=("val",))
    return replace(dataset, frames=dataset.frames[:2])


def resized_pixels(pixels, size_wh):
    frame = AnnotatedFrame("a", truth=Annotation(pixels, segments_of(pixels)))
    return resize(FrameDataset(CITYSCAPES, (frame,)), size_wh).frames[0].annotation()


def test_outlines_are_painted_at_the_new_size_as_by_step_00_and_masks(val_frames, demo_tree, tmp_path):
    write_masks(demo_tree, tmp_path, "instanceIds", MaskOptions(splits=("val",), size_wh=HALF))
    layout = {frame.name: frame for frame in read_layout(demo_tree).frames}
    for frame in resize(val_frames, HALF).frames:
        found = frame.annotation()
        (mask,) = tmp_path.rglob(f"{frame.name}*_instanceIds.png")
        np.testing.assert_array_equal(found.pixels, read_instance_mask(mask))
        job = ResizeJob(layout[frame.name], tmp_path, tmp_path, ResizeSettings(0.5, preparation="painted"))
        image, classes = prepare_frame(job)
        np.testing.assert_array_equal(study_label_map().encode(found.label_ids(CITYSCAPES)), classes)
        np.testing.assert_array_equal(read_photograph(frame.image), image)
        assert picture_size(frame.image) == HALF


def test_an_object_without_a_pixel_stays_and_outlines_are_counted(val_frames):
    before, after = val_frames.frames[0].annotation(), resize(val_frames, (8, 4)).frames[0].annotation()
    assert before.segments.keys() <= after.segments.keys()
    assert after.outlines is None
    assert after.dropped - before.dropped == Counter({SCALED_OUTLINES: len(before.outlines.polygons)})


def test_ground_truth_without_outlines_takes_the_value_at_the_centre_of_each_pixel():
    pixels = np.arange(24000, 24024, dtype=np.uint16).reshape(4, 6)
    # Centres of 3x2 new pixels in 6x4 old ones: x = 1, 3, 5 and y = 1, 3.
    np.testing.assert_array_equal(resized_pixels(pixels, (3, 2)).pixels, pixels[1::2, 1::2])


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3))
def test_making_larger_by_whole_numbers_is_undone_by_making_smaller(across, down):
    pixels = difficult_pixels()
    frame = AnnotatedFrame("a", truth=Annotation(pixels, segments_of(pixels)))
    there = resize(FrameDataset(CITYSCAPES, (frame,)), (48 * across, 32 * down))
    back = resize(there, (48, 32))
    assert_same(frame.annotation(), back.frames[0].annotation())


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60))
def test_no_size_brings_a_new_label_or_object(width, height):
    found = resized_pixels(difficult_pixels(), (width, height))
    assert found.size_wh == (width, height)
    assert set(np.unique(found.pixels)) <= set(np.unique(difficult_pixels()))


def test_boxes_are_scaled():
    boxed = BoxedObject(Segment("car", 0), (2, 4, 8, 6))
    frame = AnnotatedFrame("a", truth=Annotation(np.zeros((20, 40), np.uint16), {}, boxes=(boxed,), lacks_pixels=True))
    found = resize(FrameDataset(CITYSCAPES, (frame,)), (20, 5)).frames[0].annotation()
    assert found.boxes == (replace(boxed, box=(1, 1, 4, 1.5)),)
    assert found.has_boxes_only


def test_a_frame_of_that_size_keeps_its_files(val_frames, demo_tree, tmp_path):
    write(resize(val_frames, (128, 64)), tmp_path / "new", "cityscapes", workers=1)
    kept = [*(tmp_path / "new").rglob("*_leftImg8bit.png"), *(tmp_path / "new").rglob("*_polygons.json")]
    assert len(kept) == 4
    for path in kept:
        assert path.read_bytes() == (demo_tree / path.relative_to(tmp_path / "new")).read_bytes()


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_a_photograph_keeps_its_kind_of_file(ending, tmp_path):
    path = tmp_path / f"a{ending}"
    cv2.imencode(ending, np.full((8, 16, 3), 90, np.uint8))[1].tofile(path)
    frame = AnnotatedFrame("a", image=Source(path), truth=Annotation(np.zeros((8, 16), np.uint16), {}))
    dataset = resize(FrameDataset(CITYSCAPES, (frame,)), (8, 4))
    assert write(dataset, tmp_path / "voc", "voc", images="link").written["images"] == 1
    (written,) = (tmp_path / "voc/JPEGImages").iterdir()
    assert written.suffix == ending
    assert picture_size(Source(written)) == (8, 4)
    write(dataset, tmp_path / "bmp", "voc", image_ext="bmp")
    assert (tmp_path / "bmp/JPEGImages/a.bmp").read_bytes().startswith(b"BM")


def test_a_photograph_that_does_not_fit_is_refused_at_any_size(tmp_path):
    path = tmp_path / "a.png"
    cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1].tofile(path)
    frame = AnnotatedFrame("a", image=Source(path), truth=Annotation(np.zeros((8, 16), np.uint16), {}))
    with pytest.raises(DataError, match=r"a\.png: has 4 x 4 pixels, but its ground truth has 16 x 8"):
        resize(FrameDataset(CITYSCAPES, (frame,)), (4, 4)).frames[0].annotation()


def test_a_size_that_is_too_large_is_refused(val_frames):
    with pytest.raises(ConfigError, match="20000 x 3: expected sides of 1 to 16,384"):
        resize(val_frames, (20000, 3))


def test_a_resized_tree_is_consistent_and_says_what_became_of_outlines(demo_tree, tmp_path):
    tally = convert(demo_tree, tmp_path / "new", "cityscapes", splits=("val",), size=HALF, workers=1)
    assert tally.dropped[SCALED_OUTLINES] > 0
    for frame in read(tmp_path / "new"):
        outlines = json.loads(frame.truth.files["polygons"].read_bytes())
        assert (outlines["imgWidth"], outlines["imgHeight"]) == HALF
        # polygons.json is copied again only if it paints exactly the pixels.
        assert frame.truth.source_polygons(frame.annotation())[1] == ""
