"""Ground truth that is difficult for formats: holes, groups, fragments, gaps in numbers, odd names, missing parts."""

import cv2
import numpy as np
import pytest

from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import CITYSCAPES

SIZE_WH = (48, 32)


def segments_of(pixels, *more):
    """Reads keys by the rule of instanceIds: 1000 times the id plus the number, or the id alone."""
    segments = {}
    for key in (*map(int, np.unique(pixels)), *more):
        label = CITYSCAPES.of_id(key // 1000 if key >= 1000 else key)
        number = key % 1000 if key >= 1000 else None
        if key:
            segments[key] = Segment(label.name, number, label.has_instances and number is None)
    return segments


def difficult_pixels():
    """Road, sky and void; cars 0, 1 (two parts that touch at a corner, a fragment of one pixel) and 999; a person with
    a hole; a group of cars. `segments_of` can add an object without a pixel."""
    pixels = np.zeros((SIZE_WH[1], SIZE_WH[0]), np.uint16)
    pixels[:10] = 23
    pixels[10:28] = 7
    pixels[28:30] = 1
    pixels[12:18, 2:10] = 26000
    pixels[12:15, 12:16] = 26001
    pixels[15:18, 16:20] = 26001
    pixels[25, 45] = 26001
    pixels[20:27, 4:12] = 24000
    pixels[22:25, 6:9] = 7
    pixels[23, 7] = 24000
    pixels[18:22, 30:40] = 26
    pixels[11:16, 42:48] = 26999
    pixels[5:8, 20] = 20
    return pixels


def masks_of(annotation, numbers=True):
    """The visible segments as `{(label, number, is_crowd): mask}`; without `numbers`, objects of a label in any order.

    Two annotations show the same if these are equal, whatever their keys are.
    """
    result = {}
    for key, segment in annotation.segments.items():
        mask = annotation.pixels == key
        if mask.any():
            number = segment.number
            if not numbers and number is not None:
                number = tuple(map(int, np.argwhere(mask)[0]))
            name = segment.label, number, segment.is_crowd
            result[name] = result[name] | mask if name in result else mask
    return result


def assert_same(expected, found, numbers=True):
    """Two annotations show the same segments, pixel by pixel."""
    first, second = masks_of(expected, numbers), masks_of(found, numbers)
    assert sorted(first, key=str) == sorted(second, key=str)
    for name, mask in first.items():
        np.testing.assert_array_equal(mask, second[name], err_msg=str(name))


@pytest.fixture(scope="session", name="difficult")
def difficult_fixture(tmp_path_factory):
    """A dataset in memory; its photographs are PNG files of noise. Read only."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(5)

    def photograph(name):
        path = folder / f"{abs(hash(name))}.png"
        cv2.imencode(".png", rng.integers(0, 256, (SIZE_WH[1], SIZE_WH[0], 3), np.uint8))[1].tofile(path)
        return Source(path)

    pixels = difficult_pixels()
    first = Annotation(pixels, segments_of(pixels, 24001))
    turned = np.ascontiguousarray(pixels[::-1, ::-1])
    second = Annotation(turned, segments_of(turned))
    empty = Annotation(np.zeros_like(pixels), {})
    frames = (
        AnnotatedFrame("aachen_000000_000000", "train", "aachen", photograph("a"), first),
        AnnotatedFrame("aachen_000001_000000", "train", "aachen", None, second),
        AnnotatedFrame("Große 街道_000000_000019", "train", "Große 街道", photograph("b"), second),
        AnnotatedFrame("bild 7", "val", "tour/abend", photograph("c"), first),
        AnnotatedFrame("ulm_000000_000001", "val", "ulm", photograph("d"), empty),
        AnnotatedFrame("ulm_000000_000002", "val", "ulm", photograph("e"), None),
    )
    return FrameDataset(CITYSCAPES, frames)
