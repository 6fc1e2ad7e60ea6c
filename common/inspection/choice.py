"""Which frames are shown: some spread evenly over splits and cities, or those that are named.

The choice depends on the names and the seed alone, not on the order of files. Frames that have both a photograph and
ground truth come first.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from zlib import crc32

import numpy as np

from common.errors import ConfigError, DataError
from common.formats.frames import AnnotatedFrame
from common.text import first_few

MOST_FRAMES = 1000
_COUNT = re.compile("0|[1-9][0-9]{0,3}")
# What follows the name of a frame in Cityscapes' file names.
_FILE_ENDING = re.compile(r"(_leftImg8bit|_gt(Fine|Coarse)_\w+)?\.\w{3,4}$")


def choose_frames(frames: Iterable[AnnotatedFrame], wanted: Sequence[str], seed: int = 0) -> list[AnnotatedFrame]:
    """Chooses frames as a command line asks for them, by `spread_frames` or `find_frames`.

    `wanted` is a number of frames as text, alone and without zeros before it; or names of frames.
    """
    if len(wanted) == 1 and _COUNT.fullmatch(wanted[0]):
        return spread_frames(frames, int(wanted[0]), seed)
    return find_frames(frames, wanted)


def spread_frames(frames: Iterable[AnnotatedFrame], count: int, seed: int = 0) -> list[AnnotatedFrame]:
    """Chooses frames so that every split, and in it every city, has its share.

    Args:
        frames: All frames of the dataset.
        count: At most `MOST_FRAMES`; all frames if the dataset does not have more.
        seed: Another seed gives other frames.

    Returns:
        The chosen frames in the order of their splits, cities and names.

    Raises:
        ConfigError: If `count` is out of range.
        DataError: If there are no frames at all.
    """
    if not 1 <= count <= MOST_FRAMES:
        raise ConfigError(f"frames = {count}: expected 1 to {MOST_FRAMES:,}")
    splits: dict[str, list[AnnotatedFrame]] = {}
    for frame in frames:
        splits.setdefault(frame.split, []).append(frame)
    if not splits:
        raise DataError("there are no frames in the dataset; nothing can be shown")
    queues = [_alternate(splits[name], seed) for name in sorted(splits, key=_usual_order)]
    return sorted(_take_in_turn(queues, count), key=_place)


def find_frames(frames: Iterable[AnnotatedFrame], names: Sequence[str]) -> list[AnnotatedFrame]:
    """Finds frames by name, in the order of the names, each once.

    A name is whole, with split or city before it if needed ("val/ulm_000003_000019"), that of a file, or a part of a
    name that only one frame has.

    Raises:
        DataError: If a name fits no frame or several; names some of them.
        ConfigError: If there are more names than `MOST_FRAMES`.
    """
    if len(names) > MOST_FRAMES:
        raise ConfigError(f"{len(names):,} frames were named; at most {MOST_FRAMES:,} can be shown at once")
    paths = [(f"{frame.split}/{frame.item_id}".lstrip("/"), frame) for frame in frames]
    found = {}
    for name in names:
        frame = _find(paths, name)
        found[frame.split, frame.city, frame.name] = frame
    return list(found.values())


def _find(paths: Sequence[tuple[str, AnnotatedFrame]], name: str) -> AnnotatedFrame:
    name = _FILE_ENDING.sub("", name)
    exact = [(path, frame) for path, frame in paths if name in (frame.name, frame.item_id, path)]
    fitting = exact or [(path, frame) for path, frame in paths if name in path or name in f"{frame.city}/{frame.name}"]
    if len(fitting) == 1:
        return fitting[0][1]
    if not fitting:
        known = first_few((path for path, _ in paths), 3) or "no frames"
        raise DataError(f"no frame is called {name[:80]!r} or has that in its name; the dataset has {known}")
    shown = first_few(path for path, _ in fitting)
    raise DataError(f"{len(fitting):,} frames fit {name[:80]!r}: {shown}; give more of the name")


def _alternate(frames: Iterable[AnnotatedFrame], seed: int) -> list[AnnotatedFrame]:
    """Orders the frames of a split so that its cities take turns; the frames of a city are in random order."""
    cities: dict[str, list[AnnotatedFrame]] = {}
    for frame in sorted(frames, key=_place):
        cities.setdefault(frame.city, []).append(frame)
    queues = []
    for name, members in sorted(cities.items()):
        rng = np.random.default_rng((seed, crc32(f"{members[0].split}/{name}".encode("utf-8", "surrogateescape"))))
        shuffled = [members[index] for index in rng.permutation(len(members))]
        queues.append(sorted(shuffled, key=lambda frame: frame.truth is None or frame.image is None))
    order = np.random.default_rng((seed, len(queues))).permutation(len(queues))
    return _take_in_turn([queues[index] for index in order], sum(map(len, queues)))


def _take_in_turn(queues: Sequence[Sequence[AnnotatedFrame]], count: int) -> list[AnnotatedFrame]:
    taken = [frame for turn in zip_longest(*queues) for frame in turn if frame is not None]
    return taken[:count]


def _usual_order(split: str) -> tuple[int, str]:
    """Sorts train before val before test, and all other splits after them by name."""
    for place, start in enumerate(("train", "val", "test")):
        if split.startswith(start):
            return place, split
    return 3, split


def _place(frame: AnnotatedFrame) -> tuple[int, str, str, str]:
    return (*_usual_order(frame.split), frame.city, frame.name)
