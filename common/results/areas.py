"""The pixels of each class in each image of a split, in few bytes: what an interval of a pooled score needs.

A score of pooled pixels is one number for a split. With intersection and union of every class in every image it can be
computed for any choice of images. They are stored as base64 of deflated numbers of 4 bytes, because 2,678 images of 19
classes would be 100,000 numbers of text.
"""

import base64
import zlib
from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.metric import ClassAreas
from common.files.models import FileModel

_NUMBER = np.dtype("<i4")
# Far above the 0.4 MB of the largest split of the study; what unpacks to more is refused.
_LARGEST_BYTES = 64_000_000


class ImageAreas(FileModel):
    """Intersections and unions by image and class.

    Attributes:
        metric: Key of the metric by whose definition they were counted.
        classes: Names of the classes.
        packed: Numbers `[image, (intersection, union), class]`; images are sorted by name.
    """

    metric: str
    classes: tuple[str, ...]
    packed: str

    @classmethod
    def pack(cls, metric: str, areas: Mapping[str, ClassAreas]) -> Self:
        """Packs the areas of each image, by the name of the image; at least one."""
        sorted_areas = [areas[name] for name in sorted(areas)]
        numbers = np.array([(one.intersections, one.unions) for one in sorted_areas], _NUMBER)
        packed = base64.b64encode(zlib.compress(numbers.tobytes())).decode("ascii")
        return cls(metric=metric, classes=sorted_areas[0].names, packed=packed)

    def unpack(self, images: int) -> NDArray[np.int32]:
        """Unpacks the numbers of a split of so many images, shape `(images, 2, classes)`.

        Raises:
            ValueError: If they are damaged, or not those of so many images.
        """
        size = images * 2 * len(self.classes) * _NUMBER.itemsize
        if not 0 < size <= _LARGEST_BYTES:
            raise ValueError(f"expected areas of 1 to {_LARGEST_BYTES:,} bytes, found {size:,}")
        try:
            data = zlib.decompressobj().decompress(base64.b64decode(self.packed, validate=True), size + 1)
        except zlib.error as error:
            raise ValueError(f"the areas cannot be unpacked: {error}") from error
        if len(data) != size:
            raise ValueError(f"expected the areas of {images} images and {len(self.classes)} classes")
        numbers = np.frombuffer(data, _NUMBER).reshape(images, 2, len(self.classes))
        if numbers.min() < 0 or (numbers[:, 0] > numbers[:, 1]).any():
            raise ValueError("expected areas of at least 0 pixels and no intersection larger than its union")
        return numbers
