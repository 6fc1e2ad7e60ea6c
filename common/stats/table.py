"""A census as lines of text for people: one table of the splits, one of the labels."""

from common.stats.counting import MEDIUM_BELOW, SIZES, SMALL_BELOW, names_in_order

_LONGEST_NAME = 32


def census_lines(census):
    """Describes a `Census`: the splits, their photographs, and what each label has in all of them together."""
    splits = dict(census.splits)
    if len(splits) > 1:
        splits["all"] = census.total
    lines = [*_table(("split", "frames", "images", "ground truth", *_OBJECTS), _split_rows(splits)), ""]
    if any(split.images for split in splits.values()):
        header = ("photographs (0-255)", *(f"mean {channel}" for channel in "RGB"), *(f"std {c}" for c in "RGB"))
        rows = [
            [name or "(none)", *(f"{value:.3f}" for value in (*split.mean, *split.deviation))]
            for name, split in splits.items()
            if split.images
        ]
        lines += [*_table(header, rows), ""]
    total = census.total
    lines += _table(("label", "pixels", "share", "objects", *SIZES, "crowds"), _label_rows(census, total))
    lines += ["", f"objects by visible pixels, as COCO: small below {SMALL_BELOW:,}, medium below {MEDIUM_BELOW:,}"]
    if total.crowds:
        lines.append("crowds: regions of labels with objects in which these are not told apart, by frame and label")
    if total.without_pixels:
        lines.append(f"{total.without_pixels:,} objects are not counted, as no pixel of them can be seen")
    absent = [label.name for label in census.labels if label.id >= 0 and not total.pixels[label.name]]
    if absent:
        lines.append(f"labels without a pixel: {', '.join(absent)}")
    return lines


_OBJECTS = ("pixels", "objects", "a frame", "at most", "crowds")


def _split_rows(splits):
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


def _label_rows(census, split):
    all_pixels = split.pixels.total()
    for name in names_in_order(census, split):
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."
        pixels = split.pixels[name]
        counts = [f"{count:,}" for count in (*split.instances_of(name), split.crowds[name])]
        yield [short, f"{pixels:,}", f"{pixels / all_pixels:.3%}" if all_pixels else "-", *counts]


def _table(header, rows):
    rows = [list(header), *rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
