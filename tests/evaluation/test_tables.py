import csv
import io

import pytest

from common.evaluation.tables import COLUMNS, SPLITS, rank, results_csv, summary_table


def result(model, miou, official=0.5, confusion=((1, 0), (0, 1))):
    one = {"mIoU": miou, "mPA": 2 * miou, "official_mIoU": official, "confusion": confusion}
    scores = dict.fromkeys(SPLITS, one)
    return {"model": model, "scores": scores}


def test_the_csv_has_the_columns_of_the_study():
    rows = list(csv.DictReader(io.StringIO(results_csv([result("m_0", 0.25), result("m_1", 0.1)])), delimiter=";"))
    assert tuple(rows[0]) == COLUMNS
    assert (rows[0]["modelname"], rows[0]["mIoU_val"], rows[0]["mPA_test"]) == ("m_0", "0.250000", "0.500000")
    assert rows[1]["modelname"] == "m_1"


def test_the_best_come_first_and_equals_keep_their_order():
    results = [result("a", 0.1), result("b", 0.3), result("c", 0.3), result("d", 0.2)]
    assert [entry["model"] for entry in rank(results)] == ["b", "c", "d", "a"]


def cells(lines, name):
    return [line for line in lines if line.startswith(name)][0][44:].split("  ")[-1].strip()


def test_the_table_gives_mean_and_spread_over_models_and_over_runs():
    runs = [[result("a", 0.1), result("b", 0.3)], [result("c", 0.3), result("d", 0.5)]]
    lines = summary_table(runs, 1)
    # all: mean 0.3, deviations -0.2 0 0 0.2: sqrt(0.08 / 3) = 0.163; best of each run: 0.3 and 0.5: 0.4, 0.141
    assert cells(lines, "mIoU, paper metric") == "0.300 ± 0.163"
    assert cells(lines, "  of the best 1") == "0.400 ± 0.141"
    # means of runs: 0.2 and 0.4
    assert cells(lines, "  of the means of runs") == "0.300 ± 0.141"


def test_one_model_has_no_spread_and_an_absent_score_is_a_dash():
    lines = summary_table([[result("a", 0.1, official=None)]], 1)
    assert cells(lines, "mIoU, paper metric") == "0.100"
    assert cells(lines, "mIoU, official") == "-"


def test_the_table_gives_the_pooled_score_of_the_classes_of_the_map():
    # Class 0: 6 / (6 + 2 + 1), class 1: 3 / (3 + 1 + 2), class 2 neither occurs nor is predicted: (2/3 + 1/2) / 2
    lines = summary_table([[result("a", 0.1, None, [[6, 2, 0], [1, 3, 0], [0, 0, 0]])]], 1)
    assert cells(lines, "mIoU, all pixels pooled (3 classes)") == "0.583"


@pytest.mark.parametrize(("value", "shown"), [(None, False), (0.31, True)])
def test_the_study_stands_beside_only_where_it_is_given(value, shown):
    lines = summary_table([[result("a", 0.1)]], 1, value)
    assert any(line.startswith("mIoU of the study") and "0.310" in line for line in lines) == shown
