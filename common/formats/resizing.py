"""Frames of another size: the photograph and its ground truth, made smaller or larger when they are loaded.

The rules are those of step 00 (`dataset.prepared.resize`): a photograph that gets smaller takes the mean over areas,
one that gets larger is interpolated. Outlines that give exactly the pixels of the source are scaled and painted at the
new size; all other ground truth takes the value at the centre of each new pixel. Boxes are scaled.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.resize import LARGEST_SIDE, resize_image
from common.errors import ConfigError
from common.files.sources import Source
from common.formats.frames import AnnotatedFrame, Annotation, BoxedObject, FrameDataset, source_polygons
from common.formats.streams import change_each
from common.images.in_memory import MadePicture
from common.images.pictures import picture_size, read_photograph

SizeWH = tuple[int, int]
SCALED_OUTLINES = "outlines (painted at the new size)"


@runtime_checkable
class ScalableTruth(Protocol):
    """A truth that may have outlines of its pixels."""

    def resized(self, annotation: Annotation, size_wh: SizeWH) -> Annotation | None:
        """Paints the outlines of an annotation it loaded at another size; None if they do not give its pixels."""


def resize(dataset: FrameDataset, size_wh: SizeWH) -> FrameDataset:
    """Gives all frames one size; those that have it keep their files.

    Frames of another shape are stretched. Objects that lose their last pixel stay in the table of segments, so that
    writers count them. Change labels afterwards: then outlines are still there.

    Args:
        dataset: Any dataset.
        size_wh: Width and height in pixels.

    Raises:
        ConfigError: If a side is not from 1 to 16,384.
    """
    if not all(0 < side <= LARGEST_SIDE for side in size_wh):
        raise ConfigError(f"a size of {size_wh[0]} x {size_wh[1]}: expected sides of 1 to {LARGEST_SIDE:,}")
    return replace(dataset, frames=change_each(dataset.frames, lambda frame: _resize_frame(frame, size_wh)))


def _resize_frame(frame: AnnotatedFrame, size_wh: SizeWH) -> AnnotatedFrame:
    image = None if frame.image is None else ResizedImage.of(frame.image, size_wh)
    return replace(frame, image=image, truth=None if frame.truth is None else ResizedTruth(frame, size_wh))


@dataclass(frozen=True)
class ResizedImage(MadePicture):
    """A photograph of another size; `member` is the name of the original, whose kind of file it keeps."""

    original: Source = field(kw_only=True)
    size_wh: SizeWH = field(kw_only=True)

    @staticmethod
    def of(original: Source, size_wh: SizeWH) -> "ResizedImage":
        """Makes one of a photograph."""
        return ResizedImage(original.path, original.member or original.path.name, original=original, size_wh=size_wh)

    def __str__(self) -> str:
        return str(self.original)

    def pixels(self) -> NDArray[np.uint8]:
        """Reads and resizes the photograph."""
        return resize_image(read_photograph(self.original), self.size_wh, "aligned")

    def unchanged(self) -> Source | None:
        """Gives the original if it has the size already."""
        return self.original if picture_size(self.original) == self.size_wh else None


@dataclass(frozen=True)
class ResizedTruth:
    """The truth of a frame at another size.

    Attributes:
        frame: The frame at its own size; its truth and photograph must fit each other.
    """

    frame: AnnotatedFrame
    size_wh: SizeWH

    def load(self) -> Annotation:
        """Loads and resizes it; see `AnnotatedFrame.annotation`."""
        annotation = self.frame.annotation()
        if annotation is None:
            raise ValueError(f"{self.frame} has no ground truth to be resized")
        if annotation.size_wh == self.size_wh:
            return annotation
        truth = self.frame.truth
        painted = truth.resized(annotation, self.size_wh) if isinstance(truth, ScalableTruth) else None
        return _without_outlines(painted or pick_pixels(annotation, self.size_wh))

    def source_polygons(self, annotation: Annotation) -> tuple[bytes | None, str]:
        """Gives polygons.json of the source if the frame has kept its size: only then there are outlines."""
        return (None, "") if annotation.outlines is None else source_polygons(self.frame.truth, annotation)


def pick_pixels(annotation: Annotation, size_wh: SizeWH) -> Annotation:
    """Picks the key at the centre of each new pixel, and scales boxes."""
    keys = annotation.pixels
    pixels = cv2.resize(keys, size_wh, interpolation=cv2.INTER_NEAREST_EXACT).astype(keys.dtype, copy=False)
    across, down = (new / old for new, old in zip(size_wh, annotation.size_wh, strict=True))
    boxes = tuple(_scaled(boxed, across, down) for boxed in annotation.boxes)
    return replace(annotation, pixels=pixels, boxes=boxes)


def _without_outlines(annotation: Annotation) -> Annotation:
    """Takes the outlines of another size out of an annotation, and counts them."""
    if annotation.outlines is None:
        return annotation
    counted = Counter({SCALED_OUTLINES: len(annotation.outlines.polygons)})
    return replace(annotation, outlines=None, dropped=annotation.dropped + counted)


def _scaled(boxed: BoxedObject, across: float, down: float) -> BoxedObject:
    x, y, width, height = boxed.box
    return replace(boxed, box=(x * across, y * down, width * across, height * down))
