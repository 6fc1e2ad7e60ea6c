"""What a check of a dataset found, as values, as lines for people and as JSON for programs."""

from collections import Counter
from dataclasses import asdict, dataclass, field

_SHOWN_SIZES = 3


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one file or folder.

    Attributes:
        kind: A word or two that problems of the same sort share, as "unreadable".
        file: The file or folder.
        message: A sentence that names the file, what was found, what was expected and the way out.
        split: Where the file belongs to; "" if to none.
        frame: Name of the frame; "" if it is no frame's file.
    """

    kind: str
    file: str
    message: str
    split: str = ""
    frame: str = ""


@dataclass(frozen=True)
class SplitReport:
    """One split that was checked.

    Attributes:
        name: As in the folder names; "" where no folder says so.
        frames: Number of frames.
        cities: Number of cities; None in prepared folders, which know of none.
        counts: Number of files by kind, as {"image": 8, "labelIds": 8}.
        with_problems: Number of frames with at least one problem.
        sizes: Number of frames by size, as {"2048x1024": 8}.
        remarks: What is no problem and still worth a sentence, as how many frames the official split has.
    """

    name: str
    frames: int
    cities: int | None
    counts: dict[str, int] = field(hash=False)
    with_problems: int = 0
    sizes: dict[str, int] = field(default_factory=dict, hash=False)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckReport:
    """A dataset that was checked.

    Attributes:
        source: The folder or zip.
        form: "original" or "prepared".
        splits: Sorted by name.
        problems: In the order of the frames.
        notes: Sentences about the whole that are no problems.
    """

    source: str
    form: str
    splits: tuple[SplitReport, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    def to_json(self):
        """Gives everything as a value that can be written as JSON."""
        return asdict(self)


def report_lines(report, shown=10):
    """Describes a report for people.

    Args:
        report: `CheckReport`.
        shown: How many problems of each kind are listed; the others are counted.

    Returns:
        Lines of text: a table of the splits, remarks, the problems by kind, and the verdict.
    """
    lines = [f"{report.source}: {report.form} dataset", "", *_table(report.splits), ""]
    for split in report.splits:
        lines += [f"{split.name or '(no split)'}: {remark}" for remark in (*_size_remark(split), *split.remarks)]
    lines += [f"note: {note}" for note in report.notes]
    by_kind = {}
    for problem in report.problems:
        by_kind.setdefault(problem.kind, []).append(problem.message)
    for kind, messages in by_kind.items():
        lines += ["", f"{kind}: {_count(len(messages), 'problem')}"]
        lines += [f"  {message}" for message in messages[:shown]]
        if len(messages) > shown:
            lines.append(f"  and {len(messages) - shown:,} more of this kind (--json lists all)")
    return [_printable(line) for line in (*lines, "", _verdict(report))]


def _printable(line):
    """Takes out what would move the cursor or change the terminal; names of files can be of any characters."""
    return "".join(character if character.isprintable() else "?" for character in line)


def _verdict(report):
    frames = _count(sum(split.frames for split in report.splits), "frame")
    if not report.problems:
        return f"{frames} checked, no problems"
    affected = sum(split.with_problems for split in report.splits)
    return f"{frames} checked, {_count(len(report.problems), 'problem')}, in {_count(affected, 'frame')}"


def _count(number, what):
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _table(splits):
    kinds = list(dict.fromkeys(kind for split in splits for kind in split.counts))
    cities = [] if all(split.cities is None for split in splits) else ["cities"]
    header = ["split", "frames", *cities, *kinds, "with problems"]
    rows = [
        [
            split.name or "(none)",
            f"{split.frames:,}",
            *([f"{split.cities or 0:,}"] if cities else []),
            *(f"{split.counts.get(kind, 0):,}" for kind in kinds),
            f"{split.with_problems:,}",
        ]
        for split in splits
    ]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(
            text.ljust(width) if index == 0 else text.rjust(width)
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in (header, *rows)
    ]


def _size_remark(split):
    if not split.sizes:
        return []
    sizes = Counter(split.sizes).most_common()
    if len(sizes) == 1:
        return [f"all of {sizes[0][0]} pixels"]
    parts = [f"{size} ({count:,})" for size, count in sizes[:_SHOWN_SIZES]]
    more = f" and {len(sizes) - _SHOWN_SIZES:,} more" if len(sizes) > _SHOWN_SIZES else ""
    return [f"frames of {len(sizes)} sizes: {', '.join(parts)}{more}"]
