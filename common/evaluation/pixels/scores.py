"""The scores of a folder of predictions: by the official protocol and by the paper metric, never mixed.

Holds what was counted and derives everything from it; `tables` prints it, `official_json` writes it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from common.evaluation.metrics import instance_iou, official, pooled
from common.evaluation.metrics.instance_iou import empty_sums
from common.evaluation.metrics.intervals import mean_interval
from common.evaluation.metrics.metric import mean_over_classes
from common.evaluation.metrics.registry import image_means, score_image
from common.evaluation.pixels.mask_values import ValueCode, counts_in_classes, counts_in_ids
from common.evaluation.pixels.official_json import scores_as_json
from common.evaluation.pixels.tables import table_lines

PAPER, CITYSCAPES, BOTH = "paper", "cityscapes", "both"
PROTOCOLS = (PAPER, CITYSCAPES, BOTH)


@dataclass
class PixelScores:
    """Scores, collected frame by frame.

    Attributes:
        predictions: Where they are.
        truth: Where it is.
        truth_code: What the values of the truth mean.
        prediction_code: What those of the predictions mean.
        protocol: One of `PROTOCOLS`.
        no_official: Why there are no official scores; "" if there are.
        no_instances: Why there is no iIoU; "" if there is.
        no_paper: Why there is no score of the paper metric; "" if there is.
        notes: Sentences on what was left out or is odd.
    """

    predictions: Path
    truth: Path
    truth_code: ValueCode
    prediction_code: ValueCode
    protocol: str = BOTH
    no_official: str = ""
    no_instances: str = ""
    no_paper: str = ""
    notes: list = field(default_factory=list)
    counts: np.ndarray | None = None
    frames: int = 0
    instance_sums: np.ndarray = field(default_factory=empty_sums)
    sizes_wh: set = field(default_factory=set)
    paper_images: dict = field(default_factory=dict)
    official_images: dict = field(default_factory=dict)

    def add(self, frame):
        """Adds the `FrameCounts` of one frame."""
        self.counts = frame.counts.copy() if self.counts is None else self.counts + frame.counts
        self.sizes_wh.add(frame.size_wh)
        self.frames += 1
        if frame.instances is not None:
            self.instance_sums = self.instance_sums + frame.instances
        if self.has_paper:
            by_class = counts_in_classes(frame.counts, self.truth_code, self.prediction_code)
            self.paper_images[frame.name] = score_image(by_class)
        if self.has_official:
            self.official_images[frame.name] = _image_numbers(self._in_ids(frame.counts))

    @property
    def has_official(self):
        """Whether the official protocol was asked for and is defined."""
        return self.protocol != PAPER and not self.no_official

    @property
    def has_paper(self):
        """Whether the paper metric was asked for and can be told."""
        return self.protocol != CITYSCAPES and not self.no_paper

    @property
    def has_instances(self):
        """Whether there is an iIoU."""
        return self.has_official and not self.no_instances

    @cached_property
    def confusion(self):
        """`[truth, prediction]` in label ids, `int64` of shape `(34, 34)`."""
        return self._in_ids(self.counts)

    @cached_property
    def class_confusion(self):
        """`[truth, prediction]` in class indices; the last row and column are what belongs to no class."""
        return counts_in_classes(self.counts, self.truth_code, self.prediction_code)

    @property
    def class_iou(self):
        """IoU by label name."""
        return official.class_iou(self.confusion)

    @property
    def category_iou(self):
        """IoU by category."""
        return official.category_iou(self.confusion)

    @property
    def class_iiou(self):
        """iIoU by label name; empty if there is none."""
        return instance_iou.class_iiou(self.confusion, self.instance_sums) if self.has_instances else {}

    @property
    def category_iiou(self):
        """iIoU by category; empty if there is none."""
        return instance_iou.category_iiou(self.confusion, self.instance_sums) if self.has_instances else {}

    @property
    def paper_means(self):
        """mIoU and mPA of the study; None and None if no pixel counts."""
        return tuple(image_means(self.paper_images).values())

    @cached_property
    def paper_intervals(self):
        """The 95 % intervals over images of mIoU and mPA, `(low, high)` each."""
        columns = zip(*self.paper_images.values(), strict=True)
        return tuple(mean_interval(list(column)) for column in columns)

    @property
    def pooled_iou(self):
        """IoU by class name from all pixels that count."""
        return pooled.class_iou(self.class_confusion, self.truth_code.label_map)

    def lines(self):
        """Makes the tables for people, a list of lines."""
        return table_lines(self)

    def as_json(self):
        """Makes JSON-able values: the keys of the official script, and our own beside them."""
        return scores_as_json(self)

    def _in_ids(self, counts):
        return counts_in_ids(counts, self.truth_code, self.prediction_code)


def _image_numbers(confusion):
    """What is kept of one image: evaluated pixels, right ones, and its own mean of class IoUs."""
    rows = confusion[list(official.EVALUATED)]
    diagonal = confusion.diagonal()[list(official.EVALUATED)]
    mean = mean_over_classes(official.class_iou(confusion))
    return int(rows.sum()), int(diagonal.sum()), mean
