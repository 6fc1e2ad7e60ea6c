"""What the methods are: the names of their series, what is trained on, and the counts of the study."""

import ast
from pathlib import Path

import pytest

from common.config.methods import MethodConfig
from common.methods.method import Method
from common.results.paths import ModelName, ModelPaths
from tests.support.running import PROJECT

STUDY = MethodConfig()


class Config:
    methods = STUDY


def method_of(step):
    """The `Method` that a numbered script makes with the study's values."""
    tree = ast.parse(next(PROJECT.glob(f"{step}_*.py")).read_text(encoding="utf-8"))
    call = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Method"
    )
    return eval(compile(ast.Expression(call), "script", "eval"), {"Method": Method, "config": Config})  # noqa: S307


def name_of(step, number, generation, index=0):
    method = method_of(step)
    part = method.part(number, generation, STUDY)
    return str(ModelName(dataset="CITYSCAPES", approach=method.name, part=part, run=1, index=index))


@pytest.mark.parametrize(
    ("step", "number", "name"),
    [
        ("06", 3, "CITYSCAPES_model_ensemble_1_n3_gen2_4"),
        ("07", 5, "CITYSCAPES_input_ensemble_1_n5_gen2_4"),
        ("08", 1, "CITYSCAPES_noisy_student_1_gen2_4"),
        ("09", 2, "CITYSCAPES_IM_1_n2_gen2_e0_d0_bi_True_bo_True_4"),
        ("10", 4, "CITYSCAPES_segnet_1_n4_gen2_4"),
        ("11", 2, "CITYSCAPES_IM_plus_1_n2_gen2_e0_d0_bi_True_bo_True_4"),
        ("12", 2, "CITYSCAPES_IM_plus_plus_1_n2_gen2_e0_d0_bi_True_bo_True_4"),
        ("13", 4, "CITYSCAPES_aug_IM_plus_1_n4_gen2_e0_d0_bi_True_bo_True_4"),
        ("14", 2, "CITYSCAPES_aug_IM_plus_plus_1_n2_gen2_e0_d0_bi_True_bo_True_4"),
    ],
)
def test_models_have_the_names_of_the_study(step, number, name):
    assert name_of(step, number, 2, 4) == name


def test_kernels_and_filter_are_part_of_the_name():
    settings = MethodConfig(erode_kernel=3, dilate_kernel=5, block_input=False, filter_classes=True)
    assert method_of("09").part(2, 0, settings) == "n2_gen0_e3_d5_bi_False_bo_True_filtered"


@pytest.mark.parametrize(
    ("step", "trainings"),
    [("06", 225), ("07", 225), ("08", 75), ("09", 225), ("10", 225), ("11", 75), ("12", 75), ("13", 225), ("14", 75)],
)
def test_a_method_has_the_trainings_of_the_study(step, trainings):
    # 3 runs, 5 generations of 5 models, for each n.
    assert 3 * len(method_of(step).numbers) * STUDY.num_generations * STUDY.models_per_generation == trainings


def test_widths_and_noise_by_generation_are_those_of_the_study():
    steps = [STUDY.growth(generation) for generation in range(5)]
    assert [step.width for step in steps] == [1, 1.25, 1.5, 1.75, 2]
    assert [step.noise.max_noise for step in steps] == [3, 6, 9, 12, 15]
    assert [step.noise.max_blur for step in steps] == [0, 0, 0, 0, 1]
    assert [step.noise.brightness_alpha for step in steps] == [
        pytest.approx(pair) for pair in ((0.95, 1.05), (0.9, 1.1), (0.8, 1.2), (0.7, 1.3), (0.6, 1.4))
    ]
    assert [step.noise.brightness_beta for step in steps] == [(-3, 3), (-6, 6), (-9, 9), (-12, 12), (-15, 15)]


def test_only_these_methods_grow_and_only_these_start_from_the_augmented_baseline():
    steps = [f"{number:02}" for number in range(6, 15)]
    assert [step for step in steps if method_of(step).grows] == ["08", "11", "12", "13", "14"]
    assert [step for step in steps if method_of(step).start == "subset_aug"] == ["13", "14"]
    assert [step for step in steps if not method_of(step).pairs] == ["08", "11", "12"]
    assert [step for step in steps if method_of(step).evalnets] == ["10", "12", "14"]


def test_the_rank_and_title_of_a_series_come_from_its_name():
    name = ModelName(dataset="CITYSCAPES", approach="IM", part="n2_gen0_e0_d0_bi_True_bo_True", run=3, index=1)
    link = ModelPaths(Path("base"), name).ranked(2)
    assert link == Path("base/models/CITYSCAPES_IM_3_n2_gen0_e0_d0_bi_True_bo_True_topK_2.keras")
    assert name.title == "IM n2 gen0"
