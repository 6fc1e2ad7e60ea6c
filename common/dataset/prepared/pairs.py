"""A prepared split as a sequence of images and masks, for data loaders of any library.

    from common.dataset.prepared.pairs import open_split

    split = open_split("cityscapes/val")
    image, mask = split[0]

A pair is read when it is asked for and not kept, so a split takes little memory and can be sent to a worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.folders import PreparedDataset, Sample, find_folders, is_prepared_folder
from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.files.places import absolute_path
from common.images.png import read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap
from common.text import count

# An image `(height, width, 3)`, red, green, blue, and its mask of class indices `(height, width)`.
Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass(frozen=True, repr=False)
class SplitPairs(Sequence[Pair]):
    """The pairs of a split, sorted by name; an index gives a pair, a slice gives a part of the sequence.

    Attributes:
        root: The folder with `images` and `masks`.
        samples: Names and files.
        size_wh: Width and height of every image, in pixels.
        label_map: The classes of the masks.
        ignores: Whether masks may hold `IGNORE`, 255, where a pixel does not count.
    """

    root: Path
    samples: tuple[Sample, ...]
    size_wh: tuple[int, int]
    label_map: LabelMap
    ignores: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the frames, in the order of the pairs."""
        return tuple(sample.name for sample in self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> Pair: ...

    @overload
    def __getitem__(self, index: slice) -> "SplitPairs": ...

    def __getitem__(self, index: int | slice) -> "Pair | SplitPairs":
        """Reads a pair, or takes a part without reading it.

        Raises:
            DataError: As `read_pair`.
            IndexError: If there is no pair with this number.
        """
        if isinstance(index, slice):
            return replace(self, samples=self.samples[index])
        return read_pair(self.samples[index], self.size_wh, len(self.label_map), self.ignores)

    def __repr__(self) -> str:
        size = "{}x{}".format(*self.size_wh)
        classes = count(len(self.label_map), "class", "classes")
        return f"SplitPairs({self.root.name}: {count(len(self), 'pair')} of {size} pixels, {classes})"


def open_split(folder: Path | str) -> SplitPairs:
    """Opens a folder that a step prepared; its manifest tells the size and the classes.

    Raises:
        DataError: If it is missing, incomplete, changed or out of date; says which step to run.
    """
    path = absolute_path(folder)  # workers may have been started in another folder
    if not is_prepared_folder(path) and (inside := find_folders(path)):
        raise DataError(f"{path}: holds several prepared folders; open one of them, for example {inside[0].path}")
    split = PreparedDataset.found_at(path).split(path.name)
    manifest = read_manifest(path)
    ignores = split.label_map.ignores or (manifest is not None and manifest.ignores)
    return SplitPairs(path, split.samples, split.size_wh, split.label_map, ignores)


def read_pair(sample: Sample, size_wh: tuple[int, int], num_classes: int, ignores: bool = False) -> Pair:
    """Decodes an image and its mask; `ignores` tells whether the mask may contain `IGNORE` too.

    Raises:
        DataError: If a file is broken, has another size, or a class too large; names it.
    """
    try:
        image, mask = read_image(sample.image), read_mask(sample.mask)
    except DataError as error:
        raise DataError(f"{error}: {_way_out(sample.mask.parent.parent)}") from error
    for path, found in ((sample.image, image), (sample.mask, mask)):
        if found.shape[:2] != size_wh[::-1]:
            size, expected = ("x".join(map(str, pair)) for pair in (found.shape[1::-1], size_wh))
            raise DataError(f"{path}: has {size} pixels, expected {expected}")
    largest = mask.max(initial=0, where=mask != IGNORE) if ignores else mask.max(initial=0)
    if largest >= num_classes:
        raise DataError(f"{sample.mask}: contains class {largest}; expected classes from 0 to {num_classes - 1}")
    return image, mask


def _way_out(folder: Path) -> str:
    """Says how a damaged folder is made again."""
    if folder.parent.parent.name == "train_unlabeled_predictions":
        return f"delete the folder {folder}, then run its step again"
    return f"delete the folders {folder.name}, train_full and val_test, then run the steps from 00 on"
