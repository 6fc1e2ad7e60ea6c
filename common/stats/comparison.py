"""What two datasets of any formats differ in: labels, frames, and what is in the frames (`frame_comparison`).

Frames are the same if split and `item_id` are; a frame that is in another split is compared, and counted. Of frames of
one dataset that are the same, the last is compared, and the others are counted.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from common.formats.frames import AnnotatedFrame, FrameDataset
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable
from common.parallel import check_workers, run_all
from common.stats.frame_comparison import FrameComparison, compare_frames

FRAMES_A, FRAMES_B, SPLITS = "frames only in A", "frames only in B", "frames in another split"
TWICE_A, TWICE_B = "frames in A that have the name of another one", "frames in B that have the name of another one"
LABELS_A, LABELS_B = "labels only in A", "labels only in B"
IDS, COLORS, COUNTED = "labels with another id", "labels with another colour", "labels that only one of them counts"
_EXAMPLES = 3


@dataclass
class Difference:
    """One kind of difference.

    Attributes:
        amount: How many there are.
        frames: In how many frames; 0 for what is not in a frame.
        examples: Names of the first frames, labels or files.
        details: Labels of what is different, counted.
    """

    amount: int = 0
    frames: int = 0
    examples: list[str] = field(default_factory=list)
    details: Counter[str] = field(default_factory=Counter)

    def add(self, amount: int, example: str, in_frame: bool = False) -> None:
        """Adds some of one frame, label or file."""
        self.amount += amount
        self.frames += in_frame
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True)
class DatasetComparison:
    """What was found in two datasets.

    Attributes:
        frames: Number of frames that are in both.
        equal: What is equal in them, counted: "photographs", "pixels", "objects".
        different: What is different, by kind in words; {} if nothing is.
        problems: Why frames could not be compared.
    """

    frames: int
    equal: Counter[str] = field(hash=False)
    different: dict[str, Difference] = field(hash=False)
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Makes JSON-able values of everything."""
        different = {
            kind: {**vars(one), "details": dict(one.details.most_common())} for kind, one in self.different.items()
        }
        return {
            "frames_in_both": self.frames,
            "equal": dict(self.equal),
            "different": different,
            "problems": list(self.problems),
        }


def compare_datasets(
    first: FrameDataset, second: FrameDataset, with_images: bool = True, workers: int = 1
) -> DatasetComparison:
    """Compares two datasets, A and B; nothing is kept of a frame but its counts.

    Args:
        first: A.
        second: B.
        with_images: Whether photographs are compared too, pixel by pixel where their bytes differ.
        workers: Number of processes.

    Raises:
        ConfigError: If `workers` is below 1.
    """
    check_workers(workers)
    different: dict[str, Difference] = {}
    for kind, label in _label_differences(first.labels, second.labels):
        different.setdefault(kind, Difference()).add(1, label)
    frames = _by_place(first, TWICE_A, different), _by_place(second, TWICE_B, different)
    pairs = list(_pairs(*frames, different))
    equal, problems = Counter[str](), []
    for found in run_all(partial(compare_frames, with_images=with_images), pairs, workers, "compare"):
        equal += found.equal
        problems += [found.problem] if found.problem else []
        _add(found, different)
    return DatasetComparison(len(pairs), equal, different, tuple(problems))


def _label_differences(first: LabelTable, second: LabelTable) -> Iterator[tuple[str, str]]:
    for label in first:
        other = second.find(label.name)
        if other is None:
            yield LABELS_A, label.name
        else:
            yield from ((kind, label.name) for kind in _kinds(label, other))
    yield from ((LABELS_B, label.name) for label in second if first.find(label.name) is None)


def _kinds(first: Label, second: Label) -> Iterator[str]:
    for kind, name in ((IDS, "id"), (COLORS, "color"), (COUNTED, "has_instances")):
        if getattr(first, name) != getattr(second, name):
            yield kind


def _by_place(
    dataset: FrameDataset, twice: str, different: dict[str, Difference]
) -> dict[tuple[str, str], AnnotatedFrame]:
    found: dict[tuple[str, str], AnnotatedFrame] = {}
    for frame in dataset:
        place = frame.split, frame.item_id
        if place in found:
            different.setdefault(twice, Difference()).add(1, frame.place)
        found[place] = frame
    return found


def _pairs(
    first: Mapping[tuple[str, str], AnnotatedFrame],
    second: Mapping[tuple[str, str], AnnotatedFrame],
    different: dict[str, Difference],
) -> Iterator[tuple[AnnotatedFrame, AnnotatedFrame]]:
    """Pairs the frames of two datasets and counts those that are in one alone or in another split."""
    elsewhere: dict[str, list[AnnotatedFrame]] = {}
    for place, frame in second.items():
        if place not in first:
            elsewhere.setdefault(frame.item_id, []).append(frame)
    for place, frame in first.items():
        if place in second:
            yield frame, second[place]
        elif elsewhere.get(frame.item_id):
            moved = elsewhere[frame.item_id].pop(0)
            example = f"{frame.item_id} ({frame.split or 'no split'} -> {moved.split or 'no split'})"
            different.setdefault(SPLITS, Difference()).add(1, example)
            yield frame, moved
        else:
            different.setdefault(FRAMES_A, Difference()).add(1, frame.place)
    for frame in itertools.chain(*elsewhere.values()):
        different.setdefault(FRAMES_B, Difference()).add(1, frame.place)


def _add(found: FrameComparison, different: dict[str, Difference]) -> None:
    for kind, amount in found.different.items():
        different.setdefault(kind, Difference()).add(amount, found.name, in_frame=True)
    for (kind, label), amount in found.details.items():
        different[kind].details[label] += amount
