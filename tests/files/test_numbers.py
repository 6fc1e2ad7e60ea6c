import pytest

from common.files.numbers import whole_number, whole_number_in_text


@pytest.mark.parametrize(("value", "expected"), [(64, 64), (64.0, 64), (-3.0, -3), (0, 0), (2**70, 2**70)])
def test_a_whole_number_is_one_with_and_without_a_decimal_point(value, expected):
    assert whole_number(value) == expected
    assert type(whole_number(value)) is int


@pytest.mark.parametrize("value", [64.5, "64", True, None, [64], float("nan"), float("inf"), 1e300])
def test_what_is_not_whole_beyond_doubt_is_none(value):
    assert whole_number(value) is None


def test_words_of_text_files_are_understood_likewise():
    assert [whole_number_in_text(word) for word in ("3", "3.0", " 3 ", "3.", "-2")] == [3, 3, 3, 3, -2]
    assert {whole_number_in_text(word) for word in ("", "3.5", "3e0", "x", "٣", "9" * 400, "nan")} == {None}
