"""Two thousand changed files: every reader answers with content or with an error of the project.

`make fuzz` tries more, with another seed.
"""

import random
import sys

import pytest

from common.errors import DataError
from tests.fuzzing import __main__ as fuzzing
from tests.fuzzing.mutations import mutate
from tests.fuzzing.readers import Reader, make_readers
from tests.fuzzing.running import fuzz

COUNT = 2000


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    return make_readers(tmp_path_factory.mktemp("valid"), with_models=False)


@pytest.mark.slow
def test_no_changed_file_ends_a_reader_in_another_way(readers):
    outcomes = [fuzz(reader, -(-COUNT // len(readers)), seed=1) for reader in readers]
    assert [defect for outcome in outcomes for defect in outcome.defects] == []
    assert sum(outcome.read + outcome.refused for outcome in outcomes) >= COUNT


def test_every_valid_file_is_read_without_a_problem(readers):
    for reader in readers:
        found = reader.read(reader.root)
        assert not getattr(found, "problems", ()) and not getattr(found, "damaged", ()), reader.name


def test_a_defect_is_found_and_named_with_what_repeats_it(tmp_path):
    (tmp_path / "a.txt").write_text("valid")
    outcome = fuzz(Reader("broken", tmp_path, lambda path: 1 / 0), 3, seed=5)
    assert len(outcome.defects) == 3
    assert "broken, seed 5, number 0," in outcome.defects[0] and "ZeroDivisionError" in outcome.defects[0]
    assert (tmp_path / "a.txt").read_text() == "valid"


def test_an_error_without_words_is_a_defect(tmp_path):
    def refuse(path):
        raise DataError("")

    (tmp_path / "a.txt").write_text("valid")
    assert fuzz(Reader("silent", tmp_path, refuse), 1, seed=1).defects == [
        "silent, seed 1, number 0, " + f"{tmp_path.name}/a.txt: an error without words"
    ]


def test_the_same_seed_makes_the_same_changes_and_changes_something():
    data = b'{"images": [{"id": 1, "file_name": "a.png"}]}' * 2
    changed = [mutate(data, random.Random(seed)) for seed in range(50)]
    assert changed == [mutate(data, random.Random(seed)) for seed in range(50)]
    assert sum(one != data for one in changed) > 40


@pytest.mark.parametrize("arguments", [["--readers", "cocoo"], ["--count", "0"]])
def test_a_command_that_would_try_nothing_is_refused(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["fuzz", *arguments])
    monkeypatch.setattr(fuzzing, "make_readers", lambda folder: [])
    with pytest.raises(SystemExit) as ended:
        fuzzing.main()
    assert ended.value.code == 2
