"""Average precision of predicted instances, by the official definition of the Cityscapes benchmark.

For each class and each overlap of 0.50, 0.55, ... 0.95: a prediction is right if its IoU with an object is above the
overlap; of several for one object, the one with the highest confidence is right and the others are wrong. A prediction
without object is wrong, unless the share of it on void, groups and objects below 100 pixels is above the overlap; such
objects are neither found nor missed. Average precision is the area under precision over recall, with straight lines
between the points of every confidence and the point of recall 0 and precision 1. AP is the mean over overlaps, AP50 the
value at 0.5.

This is not COCO's number: there, predictions choose objects greedily by confidence, precision is made monotone and read
at 101 recalls, and an image has at most 100 predictions; so pycocotools cannot compute it. The classes by distance
(AP50m, AP100m) need depth and are left out.
Source: the rules of evalInstanceLevelSemanticLabeling in the official package; the code is this project's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.evaluation.instances.files import find_lists, read_list
from common.evaluation.instances.matching import EVALUATED, Guess, InstancePair, Region, Table, overlap_tables
from common.evaluation.instances.truth import choose_predicted, object_frames
from common.evaluation.metrics.metric import Score
from common.parallel import run_all

# Computed like in the official evaluation, so that every digit is the same.
OVERLAPS = tuple(np.arange(0.5, 1.0, 0.05).tolist())
# In pixels; smaller objects do not count.
SMALLEST_OBJECT = 100


@dataclass(frozen=True)
class InstanceScores:
    """The scores.

    Attributes:
        precisions: By class name, the average precision at each of `OVERLAPS`, from 0 to 1; None for a class without an
            object that counts.
        objects: Number of objects that count, by class name.
        predictions: Number of predictions, by class name.
        frames: How many frames were scored.
    """

    precisions: dict[str, tuple[float, ...] | None]
    objects: dict[str, int]
    predictions: dict[str, int]
    frames: int
    notes: tuple[str, ...] = ()

    def class_score(self, name: str) -> tuple[Score, Score]:
        """Gives AP and AP50 of a class, None and None for one without an object that counts."""
        found = self.precisions[name]
        return (None, None) if found is None else (float(np.mean(found)), found[0])

    def mean_score(self) -> tuple[Score, Score]:
        """Gives the means of AP and AP50 over the classes that have objects; None and None if none has."""
        found = [values for values in self.precisions.values() if values is not None]
        return (float(np.mean(found)), float(np.mean([values[0] for values in found]))) if found else (None, None)

    def lines(self) -> list[str]:
        """Makes a table in per cent, with the numbers of objects and predictions."""
        row = "{:<16}{:>8}{:>8}{:>10}{:>13}"
        lines = [*(f"note: {note}" for note in self.notes), f"frames: {self.frames:,}"]
        lines += [row.format("", "AP", "AP50", "objects", "predictions")]
        for name in self.precisions:
            numbers = f"{self.objects[name]:,}", f"{self.predictions[name]:,}"
            lines.append(row.format(name, *map(_percent, self.class_score(name)), *numbers))
        numbers = f"{sum(self.objects.values()):,}", f"{sum(self.predictions.values()):,}"
        lines.append(row.format("mean", *map(_percent, self.mean_score()), *numbers))
        return lines

    def as_json(self) -> dict[str, Any]:
        """Makes JSON-able values with the keys of the official result file, null where it has NaN.

        What belongs to distances is left out; the numbers of objects, predictions and frames are added.
        """
        mean, mean_50 = self.mean_score()
        classes = {}
        for name in self.precisions:
            ap, ap_50 = self.class_score(name)
            counts = {"objects": self.objects[name], "predictions": self.predictions[name]}
            classes[name] = {"ap": ap, "ap50%": ap_50, **counts}
        matrix = [[None] * len(OVERLAPS) if values is None else list(values) for values in self.precisions.values()]
        return {
            "averages": {"allAp": mean, "allAp50%": mean_50, "classes": classes},
            "overlaps": list(OVERLAPS),
            "minRegionSizes": [SMALLEST_OBJECT],
            "instLabels": list(self.precisions),
            "resultApMatrix": [matrix],
            "frames": self.frames,
            "notes": list(self.notes),
        }


def evaluate_instances(predictions: Path | str, truth: Path | str, workers: int = 1) -> InstanceScores:
    """Scores predicted instances; shows a progress bar.

    Args:
        predictions: Folder in the official form, see `files`.
        truth: An official tree with instanceIds. Of several splits, those that are predicted count.
        workers: Number of processes.

    Raises:
        DataError: If a file is missing, damaged or of another form, or a frame is not predicted; names it.
    """
    frames = {frame.name: frame for frame in object_frames(truth)}
    lists = find_lists(predictions, frames)
    splits: dict[str, list[str]] = {}
    for frame in frames.values():
        splits.setdefault(frame.split, []).append(frame.name)
    chosen, notes = choose_predicted([*splits.values()], lists.keys(), predictions)
    pairs = [InstancePair(frames[name].files, read_list(lists[name], predictions)) for name in chosen]
    tables: dict[int, list[Table]] = {label.id: [] for label in EVALUATED}
    for found in run_all(overlap_tables, pairs, workers, "instances"):
        for id_, table in found.items():
            if table.regions or table.guesses:
                tables[id_].append(table)
    return InstanceScores(
        {label.name: precisions(tables[label.id]) for label in EVALUATED},
        {label.name: _count_objects(tables[label.id]) for label in EVALUATED},
        {label.name: sum(len(table.guesses) for table in tables[label.id]) for label in EVALUATED},
        len(pairs),
        notes,
    )


def precisions(tables: Sequence[Table]) -> tuple[float, ...] | None:
    """Computes the average precision of a class at each of `OVERLAPS`, from 0 to 1; None if no object counts."""
    if not _count_objects(tables):
        return None
    return tuple(_average_precision(tables, overlap) for overlap in OVERLAPS)


def _count_objects(tables: Sequence[Table]) -> int:
    return sum(_counts(region) for table in tables for region in table.regions)


def _counts(region: Region) -> bool:
    return not region.is_group and region.size >= SMALLEST_OBJECT


def _average_precision(tables: Sequence[Table], overlap: float) -> float:
    judged = [_judge(table, overlap) for table in tables]
    right = np.sort([confidence for hits, _ in judged for confidence in hits])
    wrong = np.sort([confidence for _, errors in judged for confidence in errors])
    thresholds = np.unique(np.concatenate([right, wrong]))
    found = len(right) - np.searchsorted(right, thresholds)
    claimed = found + len(wrong) - np.searchsorted(wrong, thresholds)
    # From recall 0 upwards: from the highest confidence downwards.
    recall = np.append(found / _count_objects(tables), 0.0)[::-1]
    precision = np.append(found / claimed, 1.0)[::-1]
    return float(((precision[1:] + precision[:-1]) / 2) @ np.diff(recall))


def _judge(table: Table, overlap: float) -> tuple[list[float], list[float]]:
    """Gives the confidences of the right and of the wrong predictions of a frame; some are neither."""
    right: list[float] = []
    wrong: list[float] = []
    matches = [
        {number for number, common in guess.overlaps.items() if _iou(table.regions[number], guess, common) > overlap}
        for guess in table.guesses
    ]
    for number, region in enumerate(table.regions):
        if _counts(region):
            pairs = zip(table.guesses, matches, strict=True)
            sure = sorted(guess.confidence for guess, found in pairs if number in found)
            right += sure[-1:]
            wrong += sure[:-1]
    for guess, found in zip(table.guesses, matches, strict=True):
        if not found and _ignored(table, guess) / guess.size <= overlap:
            wrong.append(guess.confidence)
    return right, wrong


def _iou(region: Region, guess: Guess, common: int) -> float:
    return common / (region.size + guess.size - common)


def _ignored(table: Table, guess: Guess) -> int:
    """Sums the pixels on void, groups and small regions; a small group counts twice, as in the official evaluation."""
    ignored = guess.void_overlap
    for number, common in guess.overlaps.items():
        region = table.regions[number]
        ignored += common * (region.is_group + (region.size < SMALLEST_OBJECT))
    return ignored


def _percent(value: Score) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
