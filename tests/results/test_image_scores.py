from common.results.image_scores import ImageScoreTable, mean_column

SCORES = {"b": (0.25, None), "a": (0.5,), "c": (None, 1.0)}


def test_scores_come_back_as_they_were_in_their_order():
    table = ImageScoreTable(SCORES)
    assert dict(table) == SCORES
    assert list(table) == ["b", "a", "c"]
    assert dict(ImageScoreTable({})) == {}


def test_a_score_that_an_image_does_not_have_is_none():
    table = ImageScoreTable(SCORES)
    assert table.column(0) == {"b": 0.25, "a": 0.5, "c": None}
    assert table.column(1) == {"b": None, "a": None, "c": 1.0}
    assert table.column(2) == dict.fromkeys("bac")


def test_means_are_over_the_images_that_all_have_a_score_of():
    other = ImageScoreTable({"a": (0.7,), "b": (0.75,), "c": (1.0,), "d": (1.0,)})
    # a: (0.5 + 0.7) / 2, b: (0.25 + 0.75) / 2; c has no score in the first
    assert mean_column([ImageScoreTable(SCORES), other], 0) == {"b": 0.5, "a": 0.6}
    assert mean_column([other, other], 0) == {"a": 0.7, "b": 0.75, "c": 1.0, "d": 1.0}
