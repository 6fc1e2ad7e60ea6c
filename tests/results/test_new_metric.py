"""Adding a metric: one value beside its formula, one line in the registry; everything else follows."""

import csv
import io
import json

import numpy as np
import pytest

from common.evaluation.metrics import registry
from common.evaluation.metrics.metric import Metric
from common.report.markdown import to_markdown
from common.report.study import collect_report
from common.results.reading import read_result
from common.results.tables import class_table, classes_csv, results_csv, summary_table
from tests.support.made_up_results import FRAMES, SPLITS, THREE, make_result, split_scores, write_result

# Pixels of class 0, 1, 2 that are right: 3 of 4, 2 of 2, none of none.
COUNTS = np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]])


def right_share(counts):
    return int(counts.diagonal().sum()) / int(counts.sum()) / 2


def class_recall(counts, label_map):
    in_truth = counts.sum(axis=1)
    shares = (int(hit) / int(of) if of else None for hit, of in zip(counts.diagonal(), in_truth, strict=True))
    return dict(zip(label_map.names, shares, strict=True))


OF_IMAGE = Metric("half", "half", "halved metric", "halves the share of right pixels", of_image=right_share)
OF_CLASSES = Metric(
    "recall", "recall", "class recall", "counts the pixels that are found",
    of_classes=class_recall, class_key="class_recall", class_column="recall",
)  # fmt: skip
OF_SPLIT = Metric("pixels", "pixels", "number of pixels", "counts pixels", of_split=lambda counts, _: counts.sum() / 12)


@pytest.fixture(autouse=True)
def more_metrics(monkeypatch):
    monkeypatch.setattr(registry, "METRICS", (*registry.METRICS, OF_IMAGE, OF_CLASSES, OF_SPLIT))


@pytest.fixture
def result():
    scores = split_scores(dict.fromkeys("ab", registry.score_image(COUNTS)), COUNTS, label_map=THREE)
    return make_result("subset", 1, 0, scores, job={"label_map": THREE})


def test_it_is_in_the_result_json(result, tmp_path):
    path = tmp_path / f"{result.model}.json"
    result.write(path)
    scores = json.loads(path.read_text(encoding="utf-8"))["scores"]["val"]
    # 5 of 6 right, halved; recall (3 / 4 + 2 / 2) / 2; 6 pixels of 12
    assert (scores["half"], scores["recall"], scores["pixels"]) == pytest.approx((5 / 12, 0.875, 0.5))
    assert scores["class_recall"] == {"void": 0.75, "road": 1.0, "car": None}
    assert read_result(path).scores["val"].of_images(OF_IMAGE) == pytest.approx({"a": 5 / 12, "b": 5 / 12})


def test_it_is_in_the_tables_and_csv_files_of_a_step(result):
    lines = summary_table([[result]], 1)
    assert [line.split("  ")[0] for line in lines if line[0] != " "][-3:] == [
        "half, halved metric", "recall, class recall", "pixels, number of pixels",
    ]  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(results_csv([result])), delimiter=";")
    assert list(row)[-6:] == [f"{key}_{split}" for key in ("half", "pixels") for split in SPLITS]
    assert row["half_val"] == "0.416667"
    void, _, car = csv.DictReader(io.StringIO(classes_csv([result])), delimiter=";")
    assert (void["recall_test"], car["recall_test"]) == ("0.750000", "")
    assert "class recall" not in class_table([[result]], "test")[0]


def test_it_is_in_the_report_with_a_table_of_its_own(result, tmp_path):
    write_result(tmp_path, ("subset", 1, 0), result.scores["val"], job={"label_map": THREE})
    text = to_markdown(collect_report(tmp_path))
    for words in ("half, halved metric", "recall, class recall", "IoU of each class on test, class recall"):
        assert words in text


def test_results_from_before_it_have_a_dash(monkeypatch, tmp_path):
    with monkeypatch.context() as before:
        before.setattr(registry, "METRICS", registry.METRICS[:-3])
        old = write_result(tmp_path, ("subset", 1, 0), dict.fromkeys(FRAMES, 0.5))
    old = read_result(tmp_path / "models" / f"{old.model}.json")
    (line,) = [line for line in summary_table([[old]], 1) if line.startswith("half")]
    assert line.split() == ["half,", "halved", "metric", "-", "-", "-"]
    (row,) = csv.DictReader(io.StringIO(results_csv([old])), delimiter=";")
    assert (row["half_val"], row["mIoU_val"]) == ("", "0.500000")
