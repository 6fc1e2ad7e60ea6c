import csv
import random

import pytest
from sklearn.model_selection import train_test_split

from common.dataset.prepared.split import split_names, write_split_table
from common.errors import DataError


def names(count):
    return [f"city_{number:06}_000019.png" for number in range(count)]


@pytest.mark.parametrize(("count", "share", "expected"), [(2975, 0.9, (297, 2678)), (500, 0.5, (250, 250))])
def test_the_official_frames_give_the_counts_of_the_study(count, share, expected):
    assert tuple(map(len, split_names(names(count), share, 42))) == expected


@pytest.mark.parametrize(("count", "share"), [(2975, 0.9), (500, 0.5), (96, 0.9), (33, 0.5)])
def test_it_is_scikit_learn_over_sorted_names(count, share):
    first, second = train_test_split(sorted(names(count)), test_size=share, random_state=42)
    assert split_names(names(count), share, 42) == (tuple(sorted(first)), tuple(sorted(second)))


def test_it_does_not_depend_on_the_order_of_the_files():
    shuffled = names(100)
    random.Random(1).shuffle(shuffled)
    assert split_names(shuffled, 0.9, 42) == split_names(names(100), 0.9, 42)


def test_every_name_is_in_exactly_one_part():
    first, second = split_names(names(101), 0.9, 7)
    assert sorted(first + second) == names(101)


def test_another_seed_gives_another_split():
    assert split_names(names(100), 0.9, 42) != split_names(names(100), 0.9, 43)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_frames_are_an_error_that_says_how_many_are_needed(count):
    with pytest.raises(DataError, match=f"found {count} frames; at least 10 are needed"):
        split_names(names(count), 0.9, 42)


def test_the_table_says_which_frame_went_where(tmp_path):
    write_split_table(tmp_path / "split.csv", {"val": ["b.png"], "test": ["a.png"]})
    with (tmp_path / "split.csv").open(encoding="utf-8") as file:
        assert list(csv.reader(file, delimiter=";")) == [["name", "split"], ["a", "test"], ["b", "val"]]
