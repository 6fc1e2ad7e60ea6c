"""Counts as lines of text for people: one table of the splits, one of the labels."""

from collections.abc import Iterator

from common.formats.frames import BOXES
from common.stats.counting import MEDIUM_BELOW, SIZES, SMALL_BELOW, DatasetCounts, SplitCounts, names_in_order
from common.text import aligned_table, count

_LONGEST_NAME = 32


def describe_counts(counts: DatasetCounts) -> list[str]:
    """Describes the splits, their photographs, and the labels in all splits together."""
    splits = dict(counts.splits)
    if len(splits) > 1:
        splits["all"] = counts.total
    header: tuple[str, ...] = ("split", "frames", "images", "ground truth", *_OBJECTS)
    lines = [*aligned_table([header, *_split_rows(splits)]), ""]
    if any(split.images for split in splits.values()):
        header = ("photographs (0-255)", *(f"mean {channel}" for channel in "RGB"), *(f"std {c}" for c in "RGB"))
        rows = [
            [name or "(none)", *(f"{value:.3f}" for value in (*split.mean, *split.deviation))]
            for name, split in splits.items()
            if split.mean and split.deviation
        ]
        lines += [*aligned_table([header, *rows]), ""]
    total = counts.total
    lines += aligned_table([("label", "pixels", "share", "objects", *SIZES, "crowds"), *_label_rows(counts, total)])
    lines += ["", f"objects by visible pixels, as in COCO: small below {SMALL_BELOW:,}, medium below {MEDIUM_BELOW:,}"]
    if total.crowds:
        lines.append("crowds: regions of several objects that are not separated, by frame and label")
    if total.without_pixels:
        lines.append(f"{count(total.without_pixels, 'object')} without a visible pixel not counted")
    if total.boxes:
        lines.append(f"{total.boxes:,} {BOXES} not counted; frames that have nothing else do not count as ground truth")
    absent = [label.name for label in counts.labels if label.id >= 0 and not total.pixels[label.name]]
    if absent:
        lines.append(f"labels without a pixel: {', '.join(absent)}")
    return lines


_OBJECTS = ("pixels", "objects", "a frame", "at most", "crowds")


def _split_rows(splits: dict[str, SplitCounts]) -> Iterator[list[str]]:
    for name, split in splits.items():
        mean = split.instances_a_frame
        yield [
            name or "(none)",
            f"{split.frames:,}",
            f"{split.images:,}",
            f"{split.annotated:,}",
            f"{split.pixels.total():,}",
            f"{split.instances.total():,}",
            "-" if mean is None else f"{mean:.2f}",
            f"{split.most_instances:,}",
            f"{split.crowds.total():,}",
        ]


def _label_rows(counts: DatasetCounts, split: SplitCounts) -> Iterator[list[str]]:
    all_pixels = split.pixels.total()
    for name in names_in_order(counts.labels, split):
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."
        pixels = split.pixels[name]
        objects = [f"{number:,}" for number in (*split.instances_of(name), split.crowds[name])]
        yield [short, f"{pixels:,}", f"{pixels / all_pixels:.3%}" if all_pixels else "-", *objects]
