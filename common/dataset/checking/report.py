"""What a check of a dataset found, as values, as lines for people and as JSON for programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from pydantic import JsonValue

from common.text import aligned_table, count, first_few, one_line

_SHOWN_SIZES = 3


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with one file or folder.

    Attributes:
        kind: A word or two that problems of the same sort share, for example "unreadable".
        file: The file or folder.
        message: A sentence that names the file, what was found, what was expected and how to fix it.
        split: Where the file belongs to; "" if it belongs to none.
        frame: Name of the frame; "" if the file belongs to no frame.
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
        cities: Number of cities; None in prepared folders, which do not know it.
        counts: Number of files by kind, for example {"image": 8, "labelIds": 8}.
        with_problems: Number of frames with at least one problem.
        sizes: Number of frames by size, for example {"2048x1024": 8}.
        remarks: Sentences that are not about problems, for example how many frames the official split has.
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
        notes: Sentences about the whole dataset that are not about problems.
    """

    source: str
    form: str
    splits: tuple[SplitReport, ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, JsonValue]:
        """Gives everything as a value that can be written as JSON."""
        return asdict(self)


def report_lines(report: CheckReport, shown: int = 10) -> list[str]:
    """Describes a report for people.

    Args:
        report: What the check found.
        shown: How many problems of each kind are listed; the others are counted.

    Returns:
        Lines of text: a table of the splits, remarks, the problems by kind, and the verdict.
    """
    lines = [f"{report.source}: {report.form} dataset", "", *_table(report.splits), ""]
    for split in report.splits:
        lines += [f"{split.name or '(no split)'}: {remark}" for remark in (*_size_remark(split), *split.remarks)]
    lines += [f"note: {note}" for note in report.notes]
    by_kind: dict[str, list[str]] = {}
    for problem in report.problems:
        by_kind.setdefault(problem.kind, []).append(problem.message)
    for kind, messages in by_kind.items():
        lines += ["", f"{kind}: {count(len(messages), 'problem')}"]
        lines += [f"  {message}" for message in messages[:shown]]
        if len(messages) > shown:
            lines.append(f"  and {len(messages) - shown:,} more of this kind (--json lists all)")
    return [one_line(line) for line in (*lines, "", _verdict(report))]


def _verdict(report: CheckReport) -> str:
    frames = count(sum(split.frames for split in report.splits), "frame")
    if not report.problems:
        return f"{frames} checked, no problems"
    affected = sum(split.with_problems for split in report.splits)
    where = f", in {count(affected, 'frame')}" if affected else ""
    return f"{frames} checked, {count(len(report.problems), 'problem')}{where}"


def _table(splits: Sequence[SplitReport]) -> list[str]:
    kinds = list(dict.fromkeys(kind for split in splits for kind in split.counts))
    with_cities = any(split.cities is not None for split in splits)
    header = ["split", "frames", *(["cities"] if with_cities else []), *kinds, "with problems"]
    rows = [
        [
            split.name or "(none)",
            f"{split.frames:,}",
            *([f"{split.cities or 0:,}"] if with_cities else []),
            *(f"{split.counts.get(kind, 0):,}" for kind in kinds),
            f"{split.with_problems:,}",
        ]
        for split in splits
    ]
    return aligned_table([header, *rows])


def _size_remark(split: SplitReport) -> list[str]:
    if not split.sizes:
        return []
    sizes = Counter(split.sizes).most_common()
    if len(sizes) == 1:
        return [f"all of {sizes[0][0]} pixels"]
    shown = first_few((f"{size} ({amount:,})" for size, amount in sizes), _SHOWN_SIZES)
    return [f"frames of {len(sizes)} sizes: {shown}"]
