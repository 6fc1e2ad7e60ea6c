"""The table of series of models."""

from common.results.series_table import series_table
from tests.support.made_up_results import make_result


def test_each_series_has_a_line_with_mean_and_deviation_of_each_split():
    # Of 0.4 and 0.6: mean 0.5, deviation sqrt(0.01 + 0.01) = 0.141.
    low = [make_result("consistency_loss", index=index, scores={"a": score}) for index, score in enumerate((0.4, 0.6))]
    high = [make_result("consistency_loss", index=2, scores={"a": 0.25})]
    lines = series_table([("low", low), ("mid", []), ("high", high)])
    assert [line.split() for line in lines] == [
        ["models", "val", "test", "train_unlabeled"],
        ["low", "2", *["0.500", "±", "0.141"] * 3],
        ["mid", "0", "-", "-", "-"],
        ["high", "1", "0.250", "0.250", "0.250"],
    ]
