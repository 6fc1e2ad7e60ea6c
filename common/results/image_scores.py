"""The scores of the images of a split in little memory: a report holds those of thousands of images of each model.

Names that several splits have in common are kept once, scores in an array.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics.metric import Score


class ImageScoreTable(Mapping[str, tuple[Score, ...]]):
    """Scores of images by name, in the order they were given; read only."""

    def __init__(self, scores: Mapping[str, tuple[Score, ...]]) -> None:
        """Takes the scores; images that have fewer than others keep as many as they have."""
        self._places = _places(tuple(scores))
        rows = list(scores.values())
        self._lengths = np.fromiter(map(len, rows), np.uint16, len(rows))
        longest = int(self._lengths.max(initial=0))
        if (self._lengths != longest).any():
            rows = [(*row, *[None] * (longest - len(row))) for row in rows]
        # NumPy makes NaN of None.
        self._scores: NDArray[np.float64] = np.array(rows, np.float64).reshape(len(rows), longest)

    def __getitem__(self, name: str) -> tuple[Score, ...]:
        row = self._places[name]
        found = self._scores[row, : self._lengths[row]].tolist()
        return tuple(None if score != score else score for score in found)  # NaN stands for no score

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def values_at(self, place: int) -> NDArray[np.float64]:
        """Gives one score of every image, NaN where an image has none, shape `(images,)`."""
        return self._scores[:, place] if place < self._scores.shape[1] else np.full(len(self), np.nan)

    def column(self, place: int) -> dict[str, Score]:
        """Gives one score of every image by name; None where an image has none."""
        found = self.values_at(place).tolist()
        return {name: None if score != score else score for name, score in zip(self._places, found, strict=True)}


def mean_column(tables: Sequence[ImageScoreTable], place: int) -> dict[str, float]:
    """Averages one score of every image over tables; images that a table has no score of are left out."""
    names = tables[0].keys()
    if all(list(table) == list(names) for table in tables[1:]):
        every = np.array([table.values_at(place) for table in tables])
    else:
        columns = [table.column(place) for table in tables]
        every = np.array([[column.get(name) for name in names] for column in columns], np.float64)
    means = every.mean(axis=0)
    return {name: mean for name, mean in zip(names, means.tolist(), strict=True) if mean == mean}


@lru_cache(maxsize=64)
def _places(names: tuple[str, ...]) -> dict[str, int]:
    return {name: place for place, name in enumerate(names)}
