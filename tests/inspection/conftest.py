"""Loaded frames and small datasets to look at."""

import cv2
import numpy as np
import pytest

from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset, Segment
from common.labels.tables import CITYSCAPES

GRAY = 100


@pytest.fixture
def street(tmp_path):
    """A frame of 40x20 pixels: gray photograph, road below, two cars (the second one pixel), a group of persons."""
    path = tmp_path / "photographs" / "ulm_000000_000019.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.full((20, 40, 3), GRAY, np.uint8))
    pixels = np.zeros((20, 40), np.uint16)
    pixels[10:] = 7
    pixels[8:14, 5:15] = 26000
    pixels[3, 39] = 26001
    pixels[5:12, 20:24] = 24
    segments = {
        7: Segment("road"),
        26000: Segment("car", 0),
        26001: Segment("car", 1),
        24: Segment("person", None, True),
        26002: Segment("car", 2),
    }
    return AnnotatedFrame("ulm_000000_000019", "val", "ulm", Source(path), Annotation(pixels, segments))


@pytest.fixture
def street_dataset(street):
    """A dataset of that one frame."""
    return FrameDataset(CITYSCAPES, (street,), "cityscapes")
