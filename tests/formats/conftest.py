"""Frames that hold what formats lose: holes, groups, fragments, gaps in numbers, odd names, missing parts."""

import cv2
import numpy as np
import pytest

from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, FrameDataset
from common.labels.tables import CITYSCAPES
from tests.support.difficult import SIZE_WH, difficult_pixels, segments_of


@pytest.fixture(scope="session")
def difficult(tmp_path_factory):
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
