"""Divides the frames of a dataset among splits at random, and takes some of them.

What is drawn for a frame is a digest of the seed and its `item_id`. So it depends neither on the order of the files,
nor on the format they are read from, nor on the other frames.
"""

import hashlib
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, islice

from common.errors import ConfigError, DataError
from common.formats.frames import AnnotatedFrame, FrameDataset, city_of
from common.formats.streams import change_each
from common.text import count

_DRAWN_BYTES = 6  # whole in a float, so that the largest stays below 1


def random_split(
    dataset: FrameDataset, shares: Mapping[str, float], seed: int = 0, stratify: bool = False
) -> FrameDataset:
    """Gives every frame a new split, at random; the `notes` of the result count the frames of each.

    Args:
        dataset: Its splits are replaced; choose one of them first (`selection.filter`) to divide that one alone.
        shares: Share of the frames by name of the new split; they add up to 1.
        seed: Another number gives another division.
        stratify: False draws for each frame alone: a frame that is added later changes the split of no other, and the
            shares hold on average. True keeps the shares in every city (`AnnotatedFrame.city`, else the one in the
            name) as well as whole frames can; then a frame that is added may move one other frame of its city for each
            border between two splits.

    Raises:
        ConfigError: If the shares are wrong.
        DataError: If `stratify` is asked for and the frames come one by one.
    """
    _check_shares(shares)
    names = tuple(shares)
    bounds = tuple(accumulate(shares.values()))[:-1]
    if stratify:
        frames: Iterable[AnnotatedFrame] = _by_city(dataset.frames, names, bounds, seed)
    else:
        frames = change_each(
            dataset.frames, lambda frame: replace(frame, split=names[bisect_right(bounds, draw(frame, seed))])
        )
    return replace(dataset, frames=frames, notes=(*dataset.notes, *_notes(frames, shares)))


def take(dataset: FrameDataset, number: int, seed: int | None = None) -> FrameDataset:
    """Takes some frames of a dataset, all if there are fewer.

    Args:
        dataset: Frames that come one by one are taken until there are enough.
        number: How many, 0 or more.
        seed: None takes the first ones. A number draws them at random; they keep their order.

    Raises:
        ConfigError: If the number is negative.
        DataError: If a seed is given and the frames come one by one.
    """
    if number < 0:
        raise ConfigError(f"{number} frames cannot be taken; expected 0 or more")
    if seed is None:
        first = islice(dataset.frames, number)
        return replace(dataset, frames=tuple(first) if isinstance(dataset.frames, Sequence) else first)
    frames = _all_of(dataset.frames, "a random choice")
    chosen = set(sorted(range(len(frames)), key=lambda place: draw(frames[place], seed))[:number])
    return replace(dataset, frames=tuple(frame for place, frame in enumerate(frames) if place in chosen))


def draw(frame: AnnotatedFrame, seed: int) -> float:
    """Draws a number from 0 to below 1 for a frame; equal frames and seeds draw equal numbers, on every computer."""
    text = f"{seed}/{frame.item_id}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(text, digest_size=_DRAWN_BYTES).digest()
    return int.from_bytes(digest) / (1 << 8 * _DRAWN_BYTES)


def _check_shares(shares: Mapping[str, float]) -> None:
    if not shares or any(not name or not 0 < share <= 1 for name, share in shares.items()):
        raise ConfigError(f"shares {dict(shares)}: expected names with a share above 0, up to 1, for example train 0.8")
    if not math.isclose(total := sum(shares.values()), 1, abs_tol=1e-6):
        raise ConfigError(f"the shares of {', '.join(shares)} add up to {total:g}; expected 1")


def _by_city(
    frames: Iterable[AnnotatedFrame], names: Sequence[str], bounds: Sequence[float], seed: int
) -> tuple[AnnotatedFrame, ...]:
    """Orders the frames of each city by what is drawn for them, and cuts that row at the bounds."""
    frames = _all_of(frames, "a stratified split")
    cities: dict[str, list[int]] = {}
    for place in sorted(range(len(frames)), key=lambda place: draw(frames[place], seed)):
        cities.setdefault(frames[place].city or city_of(frames[place].name), []).append(place)
    splits = [""] * len(frames)
    for city, places in cities.items():
        # Each city draws how it rounds, so that many small cities together keep the shares.
        shift = draw(AnnotatedFrame(f"the city {city}"), seed)
        for rank, place in enumerate(places):
            splits[place] = names[bisect_right(bounds, (rank + shift) / len(places))]
    return tuple(replace(frame, split=split) for frame, split in zip(frames, splits, strict=True))


def _all_of(frames: Iterable[AnnotatedFrame], purpose: str) -> Sequence[AnnotatedFrame]:
    if isinstance(frames, Sequence):
        return frames
    raise DataError(f"the frames of this dataset come one by one, but {purpose} needs all; make the dataset of a list")


def _notes(frames: Iterable[AnnotatedFrame], shares: Mapping[str, float]) -> Iterator[str]:
    if isinstance(frames, Sequence):
        found = Counter(frame.split for frame in frames)
        parts = ", ".join(f"{name} {found[name]:,} (asked for {share:.4g})" for name, share in shares.items())
        yield f"{count(len(frames), 'frame')} divided: {parts}"
