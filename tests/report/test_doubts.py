from common.config.settings import StudyPlan
from common.report.study import collect_report
from tests.support.made_up_results import FRAMES, write_result, write_split


def test_missing_running_and_damaged_trainings_are_said(study):
    (study / "models" / "CITYSCAPES_subset_2_0.json").write_text('{"model": ', encoding="utf-8")
    (study / "models" / "in_progress" / "CITYSCAPES_subset_2_1").mkdir(parents=True)
    report = collect_report(study, plan=StudyPlan(num_runs=2, models_per_run=2, top_ks=1))
    said = "\n".join(report.warnings)
    assert "1 result file cannot be used" in said
    assert "CITYSCAPES_subset_2_0.json (is not valid JSON" in said
    assert "subset: 2 of 4 trainings are missing." in said
    assert "1 training began and did not end" in said
    assert report.facts[0] == ("4 of 12", "models trained")


def test_models_trained_under_other_conditions_or_on_other_frames_are_said(study):
    versions = {"keras": "3.15", "backend": "jax 0.8"}
    write_split(study, "train_labeled", FRAMES)
    write_result(study, ("subset", 1, 2), dict.fromkeys(FRAMES, 0.4), versions=versions)
    said = "\n".join(collect_report(study).warnings)
    assert "The models differ in backend: jax 0.8, tensorflow 2.21." in said
    assert "subset: was trained on an older train_labeled" in said


def test_models_of_one_recipe_with_other_choices_are_said(study):
    write_result(study, ("subset", 1, 2), dict.fromkeys(FRAMES, 0.4), training={"flip": True})
    assert "The models differ in flip: False, True." in "\n".join(collect_report(study).warnings)


def test_approaches_with_far_more_steps_than_others_are_named_with_both_numbers(study):
    assert "Optimiser steps" not in "\n".join(collect_report(study).warnings)
    # subset_modern: 12 steps by NUM_STEPS; the others: 2 epochs of 4 images in batches of 2, which are 4 steps.
    write_result(study, ("subset_modern", 1, 0), dict.fromkeys(FRAMES, 0.4), training={"num_steps": 12})
    write_split(study, "train_labeled", FRAMES)
    said = "\n".join(collect_report(study).warnings)
    assert "Optimiser steps of a training differ: subset 4, subset_aug 4, subset_modern 12." in said
