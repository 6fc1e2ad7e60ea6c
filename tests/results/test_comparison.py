import pytest

from common.config.settings import StudyPlan
from common.results.comparison import closing_table, comparisons
from common.results.reading import read_result
from common.results.result import SPLITS
from tests.support.made_up_results import write_result

PLAN = StudyPlan(num_runs=2, models_per_run=2, top_ks=1)


def write_approach(study, approach, iou=0.3, **changes):
    """Writes all results of an approach; image `a` has `iou`, image `b` 0.2 more."""
    for run in range(1, PLAN.num_runs + 1):
        for index in range(PLAN.models_per_run):
            write_result(study, (approach, run, index), {"a": iou, "b": iou + 0.2}, **changes)


def finished(study, approach, runs=PLAN.num_runs):
    models = study / "models"
    return [
        [read_result(models / f"CITYSCAPES_{approach}_{run}_{index}.json") for index in range(PLAN.models_per_run)]
        for run in range(1, runs + 1)
    ]


@pytest.fixture
def study(tmp_path):
    """A BASE_DIR with 2 runs x 2 models in which "ours" is finished."""
    write_approach(tmp_path, "ours", iou=0.4)
    return tmp_path


def lines(study, split="test"):
    return comparisons(finished(study, "ours"), study, "CITYSCAPES", PLAN, split)


def test_a_difference_is_ours_minus_theirs_with_its_interval(study):
    write_approach(study, "other", iou=0.3)
    assert lines(study) == ["ours - other, test, paper metric: +0.100 [0.100, 0.100]"]


def test_an_interval_with_zero_inside_says_that_nothing_can_be_told(study):
    write_approach(study, "other", iou=0.4)
    (line,) = lines(study)
    assert line.startswith("ours - other, test, paper metric: +0.000 [0.000, 0.000]; 0 is inside")


def test_an_approach_whose_name_goes_on_is_another_one(study):
    write_approach(study, "ours_aug", iou=0.5)
    assert lines(study) == ["ours - ours_aug, test, paper metric: -0.100 [-0.100, -0.100]"]


def test_an_approach_of_which_a_model_is_missing_or_damaged_is_not_spoken_of(study):
    write_approach(study, "other")
    path = study / "models" / "CITYSCAPES_other_2_1.json"
    for text in ("", "{}", "[1]"):
        path.write_text(text, encoding="utf-8")
        assert lines(study) == []
    path.unlink()
    assert lines(study) == []


def test_an_approach_that_is_not_finished_itself_is_not_compared(study):
    write_approach(study, "other")
    assert comparisons(finished(study, "ours", runs=1), study, "CITYSCAPES", PLAN, "test") == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"job": {"report_on": tuple((split, "another") for split in SPLITS)}}, "different images of test"),
        ({"training": {"learning_rate": 0.1}}, "different settings"),
    ],
)
def test_what_cannot_be_compared_is_said_with_the_reason(study, changes, reason):
    write_approach(study, "other", **changes)
    (line,) = lines(study)
    assert line.startswith("ours is not compared with other")
    assert reason in line


@pytest.mark.parametrize("job", [{"recipe": "modern"}, {"recipe": "paper", "variant": "recal"}])
def test_recipes_and_variants_are_compared_though_their_choices_differ(study, job):
    write_approach(study, "other", training={"learning_rate": 0.1}, job=job)
    (line,) = lines(study)
    assert line.startswith("ours - other, test, paper metric: +0.100")


def test_other_networks_are_not_compared_whatever_their_recipe(study):
    write_approach(study, "other", precision="float16", job={"recipe": "modern"})
    (line,) = lines(study)
    assert "different settings" in line


def test_a_result_under_the_name_of_another_model_is_not_used(study):
    write_approach(study, "other")
    models = study / "models"
    (models / "CITYSCAPES_other_1_0.json").rename(models / "CITYSCAPES_stranger_1_0.json")
    assert lines(study) == []


def test_the_closing_table_has_scores_classes_and_comparisons(study):
    write_approach(study, "other", iou=0.3)
    found = closing_table(finished(study, "ours"), study, "CITYSCAPES", PLAN, study_value=0.31)
    assert found[0] == "ours: 4 models of 2 finished runs, mean ± standard deviation"
    beginnings = (
        "mIoU, paper metric",
        "mIoU, official",
        "mIoU of the study",
        "IoU of classes on test",
        "differences in mIoU",
        "ours - other",
    )
    places = [next(i for i, line in enumerate(found) if line.startswith(text)) for text in beginnings]
    assert places == sorted(places)


def test_what_the_brackets_of_differences_mean_is_said_where_there_are_any(study):
    def says(found):
        return any("95 % over images, for these models, not for other trainings" in line for line in found)

    write_approach(study, "unlike", training={"learning_rate": 0.1})
    assert not says(closing_table(finished(study, "ours"), study, "CITYSCAPES", PLAN))
    write_approach(study, "other", iou=0.3)
    assert says(closing_table(finished(study, "ours"), study, "CITYSCAPES", PLAN))
