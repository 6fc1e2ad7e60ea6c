import base64
import zlib

import numpy as np
import pytest

from common.evaluation.metrics.metric import ClassAreas
from common.results.areas import ImageAreas


def areas(*pairs):
    """Areas of road and car: intersections, then unions."""
    return ClassAreas(("road", "car"), np.array([hit for hit, _ in pairs]), np.array([union for _, union in pairs]))


PACKED = ImageAreas.pack("official_mIoU", {"b": areas((3, 4), (0, 0)), "a": areas((1, 131072), (2, 2))})


def test_areas_come_back_sorted_by_the_name_of_the_image():
    assert PACKED.classes == ("road", "car")
    assert PACKED.unpack(2).tolist() == [[[1, 2], [131072, 2]], [[3, 0], [4, 0]]]


def packed(numbers):
    data = numbers if isinstance(numbers, bytes) else np.array(numbers, "<i4").tobytes()
    return base64.b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "?",
        "AAAA",
        packed(bytes(31)),
        packed(bytes(33)),
        packed(bytes(50_000_000)),
        packed([-1] * 8),
        packed([2, 2, 1, 1] * 2),
    ],
)
def test_damaged_areas_are_refused(text):
    with pytest.raises(ValueError, match="areas|base64|characters|padding"):
        ImageAreas(metric="m", classes=("road", "car"), packed=text).unpack(2)


@pytest.mark.parametrize("images", [0, 1, 3, 10**9])
def test_areas_of_another_number_of_images_are_refused(images):
    with pytest.raises(ValueError, match="areas"):
        PACKED.unpack(images)
