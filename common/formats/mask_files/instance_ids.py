"""The instance ids of a frame, at its own size or another: painted from polygons or taken from a PNG file.

Of a frame's files beside the one that is read, only the size is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np

from common.dataset.original.polygons import paint_runs, read_polygons, scale_polygons
from common.dataset.original.truth import KINDS, first_kind, read_truth
from common.errors import DataError
from common.files.sources import Source
from common.formats.cityscapes.reading import segments_of_values
from common.formats.frames import Annotation
from common.formats.mask_files.encodings import InstanceRuns
from common.images.pictures import picture_size
from common.labels.tables import CITYSCAPES, LabelTable


@dataclass(frozen=True)
class FrameInstances:
    """The instance ids of a frame, not loaded yet; a `FrameTruth`.

    Attributes:
        files: The annotation files by kind.
        table: What ids and names in them mean.
        kinds: What may be read, the preferred kind first; one of them is in `files`.
        size_wh: Width and height wanted; None keeps the frame's own.
        beside: The photograph or another mask of the frame, which must have the frame's size; None if there is none.
    """

    files: Mapping[str, Source] = field(hash=False)
    table: LabelTable = CITYSCAPES
    kinds: tuple[str, ...] = KINDS
    size_wh: tuple[int, int] | None = None
    beside: Source | None = None

    @property
    def kind(self) -> str:
        """The kind of file that is read."""
        return first_kind(self.files, self.kinds) or self.kinds[0]

    def runs(self) -> InstanceRuns:
        """Reads or paints instance ids.

        Raises:
            ProjectError: If the file is missing or broken, or has an unknown label or another size than that beside it.
        """
        if self.kind == "polygons":
            image = read_polygons(self.files[self.kind], self.table)
            self._check_size(image.size_wh)
            if self.size_wh is not None and self.size_wh != image.size_wh:
                image = scale_polygons(image, self.size_wh)
            ids, lengths = paint_runs(image, self.table)
            return InstanceRuns(ids, lengths, image.size_wh)
        values = read_truth(self.files, self.table, (self.kind,)).values
        height, width = values.shape
        self._check_size((width, height))
        if self.size_wh is not None and self.size_wh != (width, height):
            width, height = self.size_wh
            values = np.asarray(cv2.resize(values, self.size_wh, interpolation=cv2.INTER_NEAREST), np.uint16)
        flat = values.ravel()
        starts = np.flatnonzero(np.append(True, flat[1:] != flat[:-1]))
        return InstanceRuns(flat[starts], np.diff(starts, append=len(flat)), (width, height))

    def _check_size(self, size_wh: tuple[int, int]) -> None:
        """Refuses a file of another size than the one beside it, unless that one was made at the wanted size."""
        try:
            expected = picture_size(self.beside) if self.beside is not None else size_wh
        except DataError:
            return  # a photograph that is broken does not spoil the mask
        if expected not in (size_wh, self.size_wh):
            raise DataError(
                f"{self.files[self.kind]}: has {size_wh[0]}x{size_wh[1]} pixels, but {self.beside} has "
                f"{expected[0]}x{expected[1]}; all files of a frame must have one size, correct or remove one of the "
                "two"
            )

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        runs = self.runs()
        values = np.repeat(runs.ids, runs.lengths).reshape(runs.size_wh[::-1])
        return Annotation(values, segments_of_values(values, self.table, self.files[self.kind]))
