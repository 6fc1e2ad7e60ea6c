"""The values of a frame, as in instanceIds, at its own size or another: painted from polygons or taken from a PNG file.

Of files that a frame has beside the one that is read nothing but the size is looked at.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from common.dataset.original.polygons import paint_runs, read_polygons, scale_polygons
from common.dataset.original.truth import KINDS, first_kind, read_truth
from common.errors import DataError
from common.files.sources import Source
from common.formats.cityscapes.reading import segments_of_values
from common.formats.frames import Annotation
from common.images.pictures import picture_size
from common.labels.tables import CITYSCAPES, LabelTable

# Kinds of files that have the size of the frame and come with the dataset.
MASK_KINDS = ("instanceIds", "labelIds", "color")


@dataclass(frozen=True)
class FrameValues:
    """The values of a frame, not loaded yet; stands as `truth` in an `AnnotatedFrame`.

    Attributes:
        files: `Source` by kind.
        table: What ids and names in them mean.
        kinds: What may be read, the preferred kind first.
        size_wh: Width and height wanted, or None.
        beside: The photograph or another mask of the frame, which must have the frame's size; None if there is none.
    """

    files: dict = field(hash=False)
    table: LabelTable = CITYSCAPES
    kinds: tuple[str, ...] = KINDS
    size_wh: tuple[int, int] | None = None
    beside: Source | None = None

    def runs(self):
        """Reads or paints values as in instanceIds.

        Returns:
            The values of the runs of pixels, row by row, `uint16`; their lengths; and width and height in pixels.

        Raises:
            ProjectError: If the file is missing or broken, holds an unknown label, or has another size than the file
                beside it; names it.
        """
        kind = first_kind(self.files, self.kinds)
        if kind == "polygons":
            image = read_polygons(self.files[kind], self.table)
            self._check_size(kind, image.size_wh)
            if self.size_wh not in (None, image.size_wh):
                image = scale_polygons(image, self.size_wh)
            return *paint_runs(image, self.table), image.size_wh
        values = read_truth(self.files, self.table, (kind,)).values
        self._check_size(kind, values.shape[::-1])
        if self.size_wh not in (None, values.shape[::-1]):
            values = cv2.resize(values, self.size_wh, interpolation=cv2.INTER_NEAREST)
        flat = values.ravel()
        starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
        return flat[starts], np.diff(starts, append=len(flat)), values.shape[::-1]

    def _check_size(self, kind, size_wh):
        """Refuses a file of another size than the one beside it, unless that one was made at the wanted size."""
        try:
            expected = picture_size(self.beside) if self.beside is not None else size_wh
        except DataError:
            return  # a photograph that is broken does not spoil the mask
        if expected not in (size_wh, self.size_wh):
            raise DataError(
                f"{self.files[kind]}: has {size_wh[0]}x{size_wh[1]} pixels, but {self.beside} has "
                f"{expected[0]}x{expected[1]}; all files of a frame must have one size, mend or remove one of the two"
            )

    def load(self):
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        kind = first_kind(self.files, self.kinds)
        values, lengths, (width, height) = self.runs()
        values = np.repeat(values, lengths).reshape(height, width)
        return Annotation(values, segments_of_values(values, self.table, self.files[kind]))
