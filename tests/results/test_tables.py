import csv
import io

import pytest

from common.results.tables import class_table, classes_csv, results_csv, summary_table
from tests.support.made_up_results import THREE, make_result, split_scores

COLUMNS = ["modelname", "mPA_val", "mPA_test", "mPA_train_unlabeled", "mIoU_val", "mIoU_test", "mIoU_train_unlabeled"]
DIAGONAL = ((1, 0, 0), (0, 1, 0), (0, 0, 0))


def result(index, miou, official=0.5, confusion=DIAGONAL):
    scores = split_scores({"a": miou}, confusion, lambda iou: 2 * iou, THREE, official_mIoU=official)
    return make_result("x", 1, index, scores, job={"label_map": THREE})


def test_the_csv_has_the_columns_of_the_study():
    rows = list(csv.DictReader(io.StringIO(results_csv([result(0, 0.25), result(1, 0.1)])), delimiter=";"))
    assert list(rows[0]) == COLUMNS
    assert (rows[0]["modelname"], rows[0]["mIoU_val"], rows[0]["mPA_test"]) == (
        "CITYSCAPES_x_1_0",
        "0.250000",
        "0.500000",
    )
    assert rows[1]["modelname"] == "CITYSCAPES_x_1_1"


def cells(lines, name):
    return [line for line in lines if line.startswith(name)][0][56:].split("  ")[-1].strip()


def test_the_table_gives_mean_and_spread_over_models_and_over_runs():
    runs = [[result(0, 0.1), result(1, 0.3)], [result(2, 0.3), result(3, 0.5)]]
    lines = summary_table(runs, 1)
    # all: mean 0.3, deviations -0.2 0 0 0.2: sqrt(0.08 / 3) = 0.163; best of each run: 0.3 and 0.5: 0.4, 0.141
    assert cells(lines, "mIoU, paper metric") == "0.300 ± 0.163"
    assert cells(lines, "mIoU of the best 1") == "0.400 ± 0.141"
    # means of runs: 0.2 and 0.4
    assert cells(lines, "mIoU of the means of runs") == "0.300 ± 0.141"


def test_one_model_has_no_spread_and_an_absent_score_is_a_dash():
    lines = summary_table([[result(0, 0.1, official=None)]], 1)
    assert cells(lines, "mIoU, paper metric") == "0.100"
    assert cells(lines, "mIoU, official") == "-"


def test_the_table_gives_the_pooled_score_of_the_classes_of_the_map():
    # Class 0: 6 / (6 + 2 + 1), class 1: 3 / (3 + 1 + 2), class 2 neither occurs nor is predicted: (2/3 + 1/2) / 2
    lines = summary_table([[result(0, 0.1, None, [[6, 2, 0], [1, 3, 0], [0, 0, 0]])]], 1)
    assert cells(lines, "mIoU, all pixels pooled (3 classes)") == "0.583"


@pytest.mark.parametrize(("value", "shown"), [(None, False), (0.31, True)])
def test_the_study_stands_beside_only_where_it_is_given(value, shown):
    lines = summary_table([[result(0, 0.1)]], 1, value)
    assert any(line.startswith("mIoU of the study") and "0.310" in line for line in lines) == shown


def scored(index, road, official=True):
    changes = {
        "official_IoU": {"road": road, "car": None} if official else None,
        "class_IoU": {"void": 0.125, "road": road / 2, "car": None},
    }
    scores = split_scores({"a": 0.2, "b": 0.4}, DIAGONAL, lambda iou: iou, THREE, **changes)
    return make_result("x", 1, index, scores, job={"label_map": THREE})


def test_the_interval_stands_below_the_score_and_is_not_repeated():
    lines = summary_table([[scored(0, 0.5), scored(1, 0.7)]], 2)
    # Image means 0.2 and 0.4: of two images the interval reaches from one to the other, for all rows here.
    assert [line.split("  ")[-1].strip() for line in lines if "95 %" in line] == ["[0.200, 0.400]"]
    assert lines.index(next(line for line in lines if "95 %" in line)) == 2


def test_the_csv_of_classes_has_both_metrics_in_columns_of_their_own():
    text = classes_csv([scored(0, 0.5), scored(1, 0.7)])
    void, road, car = csv.DictReader(io.StringIO(text), delimiter=";")
    assert (void["class"], road["class"], car["class"]) == ("void", "road", "car")
    # 0.5 and 0.7: mean 0.6, deviation sqrt(2 x 0.1 x 0.1) = 0.141421; the pooled one is half of it
    assert (road["official_IoU_test"], road["official_IoU_test_deviation"]) == ("0.600000", "0.141421")
    assert (road["pooled_IoU_val"], road["pooled_IoU_val_deviation"]) == ("0.300000", "0.070711")
    assert (void["official_IoU_test"], void["pooled_IoU_test"]) == ("", "0.125000")
    assert set(list(car.values())[1:]) == {""}


def test_the_csv_of_one_model_leaves_the_deviation_empty():
    road = list(csv.DictReader(io.StringIO(classes_csv([scored(0, 0.5)])), delimiter=";"))[1]
    assert (road["official_IoU_val"], road["official_IoU_val_deviation"]) == ("0.500000", "")


@pytest.mark.parametrize(
    ("official", "metric", "cells"),
    [(True, "official definition", ["road  0.500"]), (False, "all pixels pooled", ["void  0.125", "road  0.250"])],
)
def test_the_table_of_classes_says_which_metric_it_shows(official, metric, cells):
    head, *lines = class_table([[scored(0, 0.5, official=official)]], "test")
    assert head == f"IoU of classes on test (those that occur or are predicted), {metric}:"
    assert [cell.strip() for cell in "".join(lines).split("     ") if cell.strip()] == cells
