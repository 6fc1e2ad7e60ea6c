from dataclasses import replace

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official

from common.evaluation.metrics.metric import mean_over_classes
from common.evaluation.metrics.official import (
    category_iou,
    class_areas,
    class_iou,
    class_iou_of_map,
    confusion_of_ids,
    is_defined,
)
from common.labels.cityscapes import IGNORE
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_the_official_evaluator(seed):
    confusion = np.random.default_rng(seed).integers(0, 1000, (34, 34))
    assert official.generateMatrix(official.args).shape == confusion.shape  # also sets the labels to evaluate
    for name, iou in class_iou(confusion).items():
        theirs = official.getIouScoreForLabel(official.name2label[name].id, confusion, official.args)
        assert iou == pytest.approx(theirs, abs=1e-12)
    for name, iou in category_iou(confusion).items():
        theirs = official.getIouScoreForCategory(name, confusion, official.args)
        assert iou == pytest.approx(theirs, abs=1e-12)


def test_perfect_is_one_everywhere_and_what_is_predicted_on_void_costs_nothing():
    confusion = np.diag(np.full(34, 5))
    assert set(class_iou(confusion).values()) == {1.0}
    confusion[0, 7] = 1000
    assert class_iou(confusion)["road"] == 1.0


def test_areas_of_images_add_up_to_the_score_of_all():
    parts = np.random.default_rng(0).integers(0, 50, (3, 34, 34))
    areas = [class_areas(part) for part in parts]
    for place, (name, iou) in enumerate(class_iou(parts.sum(axis=0)).items()):
        assert areas[0].names[place] == name
        assert sum(one.intersections[place] for one in areas) / sum(one.unions[place] for one in areas) == iou


def test_predicting_void_everywhere_gives_zero():
    confusion = np.zeros((34, 34), int)
    confusion[:, 0] = 10
    assert set(class_iou(confusion).values()) == {0.0}


def test_a_class_that_is_nowhere_has_no_score_and_is_left_out_of_the_mean():
    confusion = np.zeros((34, 34), int)
    confusion[7, 7], confusion[7, 8] = 3, 1
    # road: 3 of 4; sidewalk: 0 of 1; all others are nowhere
    iou = class_iou(confusion)
    assert (iou["road"], iou["sidewalk"], iou["car"]) == (0.75, 0.0, None)
    assert mean_over_classes(iou) == 0.375
    assert mean_over_classes({"road": None}) is None


def test_what_is_confused_inside_a_category_is_right_for_it():
    confusion = np.zeros((34, 34), int)
    confusion[26, 26], confusion[26, 27], confusion[26, 29], confusion[26, 7] = 10, 20, 5, 5
    # Vehicles: car and truck are right, caravan is not evaluated and so a miss: 30 of 40. Flat: 0 of 5.
    iou = category_iou(confusion)
    assert (iou["vehicle"], iou["flat"], iou["sky"]) == (0.75, 0.0, None)
    assert "void" not in iou


def test_classes_are_shifted_back_to_ids():
    counts = np.zeros((35, 35), int)
    counts[8, 9] = 4  # class 8 is road, id 7; class 9 is sidewalk, id 8
    counts[1, 0] = 2  # class 1 stands for no id and counts as unlabeled
    ids = confusion_of_ids(counts, study_label_map())
    assert (ids[7, 8], ids[0, 0], ids.sum()) == (4, 2, 6)


@pytest.mark.parametrize(
    ("name", "defined"), [("", True), ("cityscapes19", True), ("enet11", False), ("categories8", False)]
)
def test_the_score_is_defined_where_each_evaluated_label_has_a_class_of_its_own(name, defined):
    label_map = load_label_map(name)
    assert is_defined(label_map) == defined
    confusion = np.eye(len(label_map), dtype=int)
    assert (class_iou_of_map(confusion, label_map) is not None) == defined


@pytest.mark.parametrize(("id_", "class_index"), [(9, 0), (7, IGNORE), (8, 0)])
def test_parking_in_road_a_road_that_is_ignored_and_a_sidewalk_in_road_have_no_official_score(id_, class_index):
    label_map = load_label_map("cityscapes19")
    classes = list(label_map.class_of_id)
    classes[id_] = class_index
    assert not is_defined(replace(label_map, class_of_id=tuple(classes)))
