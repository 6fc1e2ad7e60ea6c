"""Random splits and choices of frames."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ConfigError, DataError
from common.formats.conversion import random_split, rename, take
from common.formats.dividing import draw
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.labels.tables import CITYSCAPES

SHARES = {"train": 0.75, "val": 0.25}


def dataset_of(frames):
    return FrameDataset(CITYSCAPES, tuple(frames))


def many(city, number):
    return [AnnotatedFrame(f"{city}_{place:06}_000019", "all", city) for place in range(number)]


def splits_of(dataset):
    return {frame.name: frame.split for frame in dataset}


def test_the_split_of_a_frame_is_the_same_on_every_computer():
    # Of "0/ulm_000000_000019" and so on, `b2sum -l 48` gives 6041787bd880 and 511bb1672128; over 2**48. These
    # numbers may never change, or the splits of all users do.
    assert [round(draw(frame, 0), 6) for frame in many("ulm", 2)] == [0.375999, 0.316829]


@settings(max_examples=30, deadline=None)
@given(st.permutations(many("ulm", 12)), st.integers(0, 12), st.integers(0, 3))
def test_frames_that_are_added_or_sorted_otherwise_change_the_split_of_no_other(frames, number, seed):
    whole = splits_of(random_split(dataset_of(many("ulm", 12)), SHARES, seed))
    part = splits_of(random_split(dataset_of(frames[:number]), SHARES, seed))
    assert part.items() <= whole.items()


@settings(max_examples=20, deadline=None)
@given(st.booleans(), st.integers(0, 9))
def test_only_the_old_splits_are_lost(stratify, seed):
    before = dataset_of(many("ulm", 6) + many("bonn", 5))
    after = random_split(before, SHARES, seed, stratify)
    assert {frame.split for frame in after} <= SHARES.keys()
    assert rename(after, splits={frame.split: "all" for frame in after}).frames == before.frames


def test_shares_hold_on_average_and_are_counted():
    divided = random_split(dataset_of(many("ulm", 4000)), SHARES, seed=5)
    amount = Counter(frame.split for frame in divided)["val"]
    # 1000 expected, with a standard deviation of sqrt(4000 * 0.25 * 0.75) = 27.
    assert abs(amount - 1000) < 4 * 27
    assert divided.notes == (
        f"4,000 frames divided: train {4000 - amount:,} (asked for 0.75), val {amount:,} (asked for 0.25)",
    )


def test_another_seed_divides_otherwise():
    frames = dataset_of(many("ulm", 50))
    assert splits_of(random_split(frames, SHARES, 1)) != splits_of(random_split(frames, SHARES, 2))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.integers(0, 50))
def test_a_stratified_split_keeps_the_shares_of_every_city_as_well_as_whole_frames_can(sizes, seed):
    frames = [frame for city, size in zip("abcd", sizes, strict=False) for frame in many(city, size)]
    divided = random_split(dataset_of(frames), {"train": 0.5, "val": 0.3, "test": 0.2}, seed, stratify=True)
    assert [frame.name for frame in divided] == [frame.name for frame in frames]
    for city, size in zip("abcd", sizes, strict=False):
        found = Counter(frame.split for frame in divided if frame.city == city)
        assert found.total() == size
        assert all(
            abs(found[name] - share * size) < 1 for name, share in {"train": 0.5, "val": 0.3, "test": 0.2}.items()
        )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 5))
def test_a_frame_more_moves_at_most_one_other_across_a_border_of_a_stratified_split(number, place, seed):
    frames = many("ulm", number)
    more = [*frames[: min(place, number)], AnnotatedFrame("ulm_900000_000019", city="ulm"), *frames[place:]]
    before = splits_of(random_split(dataset_of(frames), SHARES, seed, stratify=True))
    after = splits_of(random_split(dataset_of(more), SHARES, seed, stratify=True))
    assert sum(after[name] != split for name, split in before.items()) <= 1


def test_many_small_cities_together_keep_the_shares():
    frames = [AnnotatedFrame(f"c{number}_0_0") for number in range(2000)]
    found = Counter(frame.split for frame in random_split(dataset_of(frames), SHARES, stratify=True))
    assert abs(found["val"] - 500) < 4 * 19  # sqrt(2000 * 0.25 * 0.75) = 19


@pytest.mark.parametrize(
    ("shares", "error"),
    [
        ({}, "expected names with a share"),
        ({"train": 0.8, "val": 0.1}, "shares of train, val add up to 0.9; expected 1"),
        ({"train": 1.2, "val": -0.2}, "expected names with a share"),
        ({"train": float("nan")}, "expected names with a share"),
        ({"": 1}, "expected names with a share"),
    ],
)
def test_wrong_shares_are_refused(shares, error):
    with pytest.raises(ConfigError, match=error):
        random_split(dataset_of(many("ulm", 2)), shares)


def test_frames_that_come_one_by_one_are_divided_one_by_one_and_not_stratified():
    stream = random_split(FrameDataset(CITYSCAPES, iter(many("ulm", 8))), SHARES)
    assert splits_of(stream) == splits_of(random_split(dataset_of(many("ulm", 8)), SHARES))
    with pytest.raises(DataError, match="come one by one, but a stratified split needs all"):
        random_split(FrameDataset(CITYSCAPES, iter(many("ulm", 8))), SHARES, stratify=True)


def test_the_first_frames_are_taken_without_asking_for_more():
    def frames():
        yield from many("ulm", 2)
        raise AssertionError("a third frame was asked for")

    assert len(list(take(FrameDataset(CITYSCAPES, frames()), 2))) == 2
    assert take(dataset_of(many("ulm", 5)), 2).frames == tuple(many("ulm", 2))
    assert len(take(dataset_of(many("ulm", 5)), 9)) == 5
    with pytest.raises(ConfigError, match="-1 frames cannot be taken"):
        take(dataset_of([]), -1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 3))
def test_a_larger_random_choice_has_all_of_a_smaller_one(number, more, seed):
    frames = dataset_of(many("ulm", 12))
    small, large = take(frames, number, seed).frames, take(frames, number + more, seed).frames
    assert len(small) == number
    assert [frame for frame in large if frame in small] == list(small)
