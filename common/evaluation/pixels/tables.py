"""The scores of predictions as tables for people: one for each protocol, with a sentence on what it is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from common.evaluation.metrics.metric import ClassScores, Score, mean_over_classes
from common.evaluation.metrics.registry import image_metrics
from common.text import count

if TYPE_CHECKING:
    from common.evaluation.pixels.scores import PixelScores

_NAME, _COLUMN, _SHOWN = 28, 10, 3
_OFFICIAL = """\
Cityscapes protocol: one confusion matrix over all pixels of {frames} frames; pixels whose truth is not evaluated are
left out. iIoU weighs the pixels of objects so that all objects of a class count the same."""
_PAPER = """\
Paper metric: the IoU averaged over the classes of one image's truth, void included; the mean over {frames} images.
Not comparable with the Cityscapes protocol. In brackets: 95 % bootstrap interval over images."""


def table_lines(scores: "PixelScores") -> list[str]:
    """Makes the lines of the tables."""
    sizes = ", ".join(f"{width}x{height}" for width, height in sorted(scores.sizes_wh))
    lines = [f"note: {note}" for note in scores.notes]
    lines += [f"predictions: {scores.predictions}", f"truth: {scores.truth} ({sizes} pixels)"]
    if scores.has_official:
        lines += ["", *_official_lines(scores)]
    elif scores.no_official and scores.protocol != "paper":
        lines += ["", f"Cityscapes protocol: - ({scores.no_official})"]
    if scores.has_paper:
        lines += ["", *_paper_lines(scores)]
    elif scores.no_paper and scores.protocol != "cityscapes":
        lines += ["", f"Paper metric: - ({scores.no_paper})"]
    return lines


def summary(scores: "PixelScores") -> str:
    """Says on one line how many frames were scored, and how well: "8 frames, official mIoU 0.4532, paper mIoU 0.31"."""
    parts = [count(scores.frames, "frame")]
    if scores.frames and scores.has_official:
        parts.append(f"official mIoU {_number(mean_over_classes(scores.class_iou))}")
    if scores.frames and scores.has_paper:
        parts.append(f"paper mIoU {_number(scores.paper_means[0])}")
    return ", ".join(parts)


def _official_lines(scores: "PixelScores") -> list[str]:
    lines = [*_OFFICIAL.format(frames=f"{len(scores.official_images):,}").splitlines(), ""]
    lines += _rows("class", scores.class_iou, scores.class_iiou)
    lines += ["", *_rows("category", scores.category_iou, scores.category_iiou)]
    if scores.no_instances:
        lines.append(f"no iIoU: {scores.no_instances}")
    return lines


def _rows(title: str, iou: ClassScores, iiou: ClassScores) -> Iterator[str]:
    yield _row(title, "IoU", "iIoU")
    for name, value in iou.items():
        yield _row(name, _number(value), _number(iiou.get(name)))
    count, others = (sum(value is not None for value in values.values()) for values in (iou, iiou))
    means = (_number(mean_over_classes(values)) for values in (iou, iiou))
    yield _row(f"mean of {count}" + (f" and {others}" if iiou else ""), *means)


def _paper_lines(scores: "PixelScores") -> list[str]:
    lines = [*_PAPER.format(frames=f"{len(scores.paper_images):,}").splitlines(), ""]
    for metric, mean, interval in zip(image_metrics(), scores.paper_means, scores.paper_intervals, strict=True):
        low, high = interval
        text = "" if low is None else f"  [{_number(low)}, {_number(high)}]"
        lines.append(_row(metric.key, _number(mean)) + text)
    ranked = sorted((pair[0], name) for name, pair in scores.paper_images.items() if pair[0] is not None)
    if len(ranked) > 1:
        worst = ", ".join(f"{name} ({_number(value)})" for value, name in ranked[:_SHOWN])
        lines.append(f"lowest mIoU: {worst}")
    return lines


def _row(name: str, *columns: str) -> str:
    return f"{name:<{_NAME}}" + "".join(f"{column:>{_COLUMN}}" for column in columns)


def _number(value: Score) -> str:
    return "-" if value is None else f"{value:.4f}"
