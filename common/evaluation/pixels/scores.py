"""The scores of a folder of predictions: by the official protocol and by the paper metric, never mixed.

Keeps what was counted and computes everything from it. `tables` makes text of it, `official_json` JSON.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.evaluation.metrics import instance_iou, official, pooled
from common.evaluation.metrics.instance_iou import empty_sums
from common.evaluation.metrics.intervals import mean_interval
from common.evaluation.metrics.metric import ClassScores, Counts, Score, mean_over_classes
from common.evaluation.metrics.registry import ImageScores, image_means, score_image
from common.evaluation.pixels.frame_counts import FrameCounts
from common.evaluation.pixels.mask_values import MaskValues, counts_in_classes, counts_in_ids
from common.evaluation.pixels.official_json import scores_as_json
from common.evaluation.pixels.tables import summary, table_lines

PAPER, CITYSCAPES, BOTH = "paper", "cityscapes", "both"
PROTOCOLS = (PAPER, CITYSCAPES, BOTH)


@dataclass
class PixelScores:
    """Scores, collected frame by frame.

    Attributes:
        predictions: Folder or zip, or what they are called.
        truth: Folder or zip, or what it is called.
        protocol: One of `PROTOCOLS`.
        no_official: Why there are no official scores; "" if there are.
        no_instances: Why there is no iIoU; "" if there is.
        no_paper: Why there is no score by the paper metric; "" if there is.
        notes: Sentences on what was left out or is odd.
        counts: Pixels, `[truth, prediction]` in the values of the masks; None before the first frame.
        frames: Number of frames.
        instance_sums: Weighted pixels of objects.
        paper_images: Scores of each frame by the metrics of images.
        official_images: Evaluated pixels, right ones among them and mean class IoU of each frame.
    """

    predictions: Path | str
    truth: Path | str
    truth_values: MaskValues
    prediction_values: MaskValues
    protocol: str = BOTH
    no_official: str = ""
    no_instances: str = ""
    no_paper: str = ""
    notes: list[str] = field(default_factory=list)
    counts: Counts | None = None
    frames: int = 0
    instance_sums: NDArray[np.float64] = field(default_factory=empty_sums)
    sizes_wh: set[tuple[int, int]] = field(default_factory=set)
    paper_images: dict[str, ImageScores] = field(default_factory=dict)
    official_images: dict[str, tuple[int, int, Score]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"PixelScores({summary(self)})"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def add(self, frame: FrameCounts) -> None:
        """Adds the counts of a frame that could be scored."""
        if frame.counts is None:
            raise ValueError(f"{frame.name} has no counts")
        self.counts = frame.counts.copy() if self.counts is None else self.counts + frame.counts
        self.sizes_wh.add(frame.size_wh)
        self.frames += 1
        if frame.instances is not None:
            self.instance_sums = self.instance_sums + frame.instances
        if self.has_paper:
            by_class = counts_in_classes(frame.counts, self.truth_values, self.prediction_values)
            self.paper_images[frame.name] = score_image(by_class)
        if self.has_official:
            self.official_images[frame.name] = _image_numbers(self._in_ids(frame.counts))

    @property
    def has_official(self) -> bool:
        """Whether the official protocol is wanted and defined."""
        return self.protocol != PAPER and not self.no_official

    @property
    def has_paper(self) -> bool:
        """Whether the paper metric is wanted and defined."""
        return self.protocol != CITYSCAPES and not self.no_paper

    @property
    def has_instances(self) -> bool:
        """Whether there is an iIoU."""
        return self.has_official and not self.no_instances

    @cached_property
    def confusion(self) -> Counts:
        """`[truth, prediction]` in label ids, of shape `(34, 34)`."""
        return self._in_ids(self._counted())

    @cached_property
    def class_confusion(self) -> Counts:
        """`[truth, prediction]` in class indices; the last row and column are what belongs to no class."""
        return counts_in_classes(self._counted(), self.truth_values, self.prediction_values)

    @property
    def class_iou(self) -> ClassScores:
        """IoU by label name."""
        return official.class_iou(self.confusion)

    @property
    def category_iou(self) -> ClassScores:
        """IoU by category."""
        return official.category_iou(self.confusion)

    @property
    def class_iiou(self) -> ClassScores:
        """iIoU by label name; empty if there is none."""
        return instance_iou.class_iiou(self.confusion, self.instance_sums) if self.has_instances else {}

    @property
    def category_iiou(self) -> ClassScores:
        """iIoU by category; empty if there is none."""
        return instance_iou.category_iiou(self.confusion, self.instance_sums) if self.has_instances else {}

    @property
    def paper_means(self) -> tuple[Score, ...]:
        """Means over images, in the order of `image_metrics`: mIoU and mPA of the study; None if no pixel counts."""
        return tuple(image_means(self.paper_images).values())

    @cached_property
    def paper_intervals(self) -> tuple[tuple[float, float] | tuple[None, None], ...]:
        """The 95 % intervals of `paper_means` over images, `(low, high)` each."""
        return tuple(map(mean_interval, zip(*self.paper_images.values(), strict=True)))

    @property
    def pooled_iou(self) -> ClassScores:
        """IoU by class name from all pixels that count."""
        return pooled.class_iou(self.class_confusion, self.truth_values.label_map)

    def lines(self) -> list[str]:
        """Makes the lines of the tables for people."""
        return table_lines(self)

    def as_json(self) -> dict[str, Any]:
        """Makes JSON-able values: the keys of the official script, and our own beside them."""
        return scores_as_json(self)

    def _counted(self) -> Counts:
        if self.counts is None:
            raise ValueError("no frame was added")
        return self.counts

    def _in_ids(self, counts: Counts) -> Counts:
        return counts_in_ids(counts, self.truth_values, self.prediction_values)


def _image_numbers(confusion: Counts) -> tuple[int, int, Score]:
    """Computes what is kept of an image: evaluated pixels, right ones, and its own mean of class IoUs."""
    rows = confusion[list(official.EVALUATED)]
    diagonal = confusion.diagonal()[list(official.EVALUATED)]
    return int(rows.sum()), int(diagonal.sum()), mean_over_classes(official.class_iou(confusion))
