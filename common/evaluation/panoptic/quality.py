"""Panoptic quality of a prediction, by the official definition.

Of each category over all frames: segmentation quality SQ is the mean IoU of matched segments; recognition quality RQ is
matched / (matched + wrong / 2 + missed / 2); panoptic quality PQ is their product. Averages are over categories that
occur, so the average PQ is not the product of the other two. `matching` says what matches.
Source: Kirillov et al., Panoptic Segmentation (arXiv 1801.00868), with the rules of the official Cityscapes evaluation.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.evaluation.instances.truth import choose_predicted
from common.evaluation.metrics.metric import Score, mean_over_classes
from common.evaluation.panoptic.files import read_panoptic_predictions, read_panoptic_truth
from common.evaluation.panoptic.frames import Category
from common.evaluation.panoptic.matching import Counts, PanopticPair, match_frame
from common.parallel import run_all

_QUALITIES = ("pq", "sq", "rq")
_AVERAGES = (("All", (True, False)), ("Things", (True,)), ("Stuff", (False,)))


@dataclass(frozen=True)
class PanopticScores:
    """What was found, and the scores that follow.

    Attributes:
        counts: By category id; none for a category that neither occurs nor is wrongly predicted.
        frames: How many frames were scored.
        notes: Sentences on what was left out.
    """

    categories: dict[int, Category]
    counts: dict[int, Counts]
    frames: int
    notes: tuple[str, ...] = ()

    def quality(self, category_id: int) -> dict[str, Score]:
        """Computes `pq`, `sq` and `rq` of a category, from 0 to 1; each None if the category is nowhere."""
        counts = self.counts.get(category_id, Counts())
        all_segments = counts.matched + counts.wrong / 2 + counts.missed / 2
        if not all_segments:
            return dict.fromkeys(_QUALITIES)
        return {
            "pq": counts.iou_sum / all_segments,
            "sq": counts.iou_sum / counts.matched if counts.matched else 0.0,
            "rq": counts.matched / all_segments,
        }

    def average(self, kinds: tuple[bool, ...] = (True, False)) -> dict[str, Score]:
        """Averages the categories that occur: things (True in `kinds`), stuff (False) or both.

        Returns:
            `pq`, `sq`, `rq` and `n`, the number of categories; None for all three where there are none.
        """
        qualities = [self.quality(category.id) for category in self.categories.values() if category.is_thing in kinds]
        means = {name: mean_over_classes([quality[name] for quality in qualities]) for name in _QUALITIES}
        return {**means, "n": sum(quality["pq"] is not None for quality in qualities)}

    def lines(self) -> list[str]:
        """Makes a table in per cent, with the numbers of segments."""
        head = "{:<16}{:>8}{:>8}{:>8}{:>10}{:>10}{:>10}"
        lines = [*(f"note: {note}" for note in self.notes), f"frames: {self.frames:,}"]
        lines += [head.format("", "PQ", "SQ", "RQ", "matched", "wrong", "missed")]
        for id_, category in sorted(self.categories.items()):
            counts = self.counts.get(id_, Counts())
            numbers = (f"{number:,}" for number in (counts.matched, counts.wrong, counts.missed))
            lines.append(head.format(category.name, *_percents(self.quality(id_)), *numbers))
        for name, kinds in _AVERAGES:
            average = self.average(kinds)
            of = f"{average['n']} classes"
            lines.append(f"{name:<16}" + "".join(f"{text:>8}" for text in _percents(average)) + f"{of:>14}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """Makes JSON-able values with the keys of the official result file, and beside them what was counted.

        A category that is nowhere has null; the official file has 0 there, which it leaves out of its averages too.
        """
        result: dict[str, Any] = {name: self.average(kinds) for name, kinds in _AVERAGES}
        result["per_class"] = {
            str(id_): {**self.quality(id_), "name": category.name, **asdict(self.counts.get(id_, Counts()))}
            for id_, category in sorted(self.categories.items())
        }
        return {**result, "frames": self.frames, "notes": list(self.notes)}


def evaluate_panoptic(predictions: Path | str, truth: Path | str, workers: int = 1) -> PanopticScores:
    """Scores a panoptic prediction; shows a progress bar.

    Args:
        predictions: JSON file in COCO's panoptic form, or a folder that holds it; see `files` for the PNG files.
        truth: The same, or an official tree with instanceIds. Of several splits, those that are predicted count.
        workers: Number of processes.

    Raises:
        DataError: If a file is missing, damaged or of another form, or a frame is not predicted; names it.
    """
    categories, groups = read_panoptic_truth(truth)
    predicted = read_panoptic_predictions(predictions, categories)
    chosen, notes = choose_predicted(groups, predicted.keys(), predictions)
    frames = {name: frame for group in groups for name, frame in group.items()}
    pairs = [PanopticPair(frames[name], predicted[name]) for name in chosen]
    counts: dict[int, Counts] = {}
    for found in run_all(match_frame, pairs, workers, "panoptic quality"):
        for category, part in found.items():
            counts.setdefault(category, Counts()).add(part)
    return PanopticScores(categories, counts, len(pairs), notes)


def _percents(quality: Mapping[str, Score]) -> list[str]:
    values = (quality[name] for name in _QUALITIES)
    return ["-" if value is None else f"{100 * value:.1f}" for value in values]
