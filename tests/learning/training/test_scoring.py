import numpy as np
import pytest

from common.labels.cityscapes import IGNORE
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from common.learning.training.scoring import CollectedScores
from common.results.areas import ImageAreas

CITYSCAPES19 = load_label_map("cityscapes19")


def scores_of(label_map, *pairs):
    scores = CollectedScores(label_map, keeps_areas=True)
    for number, (truth, prediction) in enumerate(pairs):
        scores.add(str(number), np.array([truth], np.uint8), np.array([prediction], np.uint8))
    return scores.of_split().model_dump()


def test_ignored_pixels_count_in_no_score():
    # Counted: truth 0 0 1 1, prediction 0 1 1 1. Class 0: 1 / 2, class 1: 2 / 3, right: 3 of 4.
    found = scores_of(CITYSCAPES19, ([0, 0, 1, 1, IGNORE, IGNORE], [0, 1, 1, 1, 0, 18]))
    expected = (1 / 2 + 2 / 3) / 2
    assert (found["mIoU"], found["mPA"]) == pytest.approx((expected, 3 / 4), abs=1e-6)
    assert found["official_mIoU"] == pytest.approx(expected)
    assert {name: iou for name, iou in found["class_IoU"].items() if iou is not None} == pytest.approx(
        {"road": 1 / 2, "sidewalk": 2 / 3}
    )
    assert np.sum(found["confusion"]) == 4


def test_an_image_of_ignored_pixels_has_no_score_and_lowers_no_mean():
    found = scores_of(CITYSCAPES19, ([0, 1], [0, 1]), ([IGNORE, IGNORE], [0, 1]))
    assert (found["mIoU"], found["mPA"]) == pytest.approx((1, 1), abs=1e-6)
    assert found["images"]["1"] == (None, None)


def test_the_official_score_is_the_same_from_19_classes_and_from_35():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 34, 500).astype(np.uint8)
    evaluated = [id_ for id_, index in enumerate(CITYSCAPES19.class_of_id) if index != IGNORE]
    prediction = rng.choice(evaluated, 500).astype(np.uint8)
    prediction[:250] = np.where(np.isin(truth[:250], evaluated), truth[:250], 7)
    found = [
        scores_of(label_map, (label_map.encode(truth), label_map.encode(prediction)))
        for label_map in (study_label_map(), CITYSCAPES19)
    ]
    assert found[0]["official_IoU"] == found[1]["official_IoU"]
    assert found[0]["class_IoU"]["road"] < found[1]["class_IoU"]["road"]  # with void in the count, road costs there


def test_merged_classes_have_no_official_score_and_scores_of_their_own():
    found = scores_of(load_label_map("enet11"), ([4, 4, 10], [4, 10, 10]))
    assert (found["official_mIoU"], found["official_IoU"]) == (None, None)
    assert (found["class_IoU"]["truck+bus"], found["class_IoU"]["everything else"]) == (0.5, 0.5)


@pytest.mark.parametrize(("name", "metric"), [("cityscapes19", "official_mIoU"), ("enet11", "pooled_mIoU")])
def test_the_areas_of_the_images_give_the_score_of_the_split(name, metric):
    found = scores_of(load_label_map(name), ([0, 0, 1], [0, 1, 1]), ([1, 1, 1], [1, 0, 1]))
    areas = ImageAreas.model_validate(found["areas"])
    assert areas.metric == metric
    hits, unions = areas.unpack(2).sum(axis=0)
    # Class 0: 1 pixel of 3; class 1: 3 of 5.
    assert [hits[:2].tolist(), unions[:2].tolist()] == [[1, 3], [3, 5]]
    assert found[metric] == pytest.approx((1 / 3 + 3 / 5) / 2)


@pytest.mark.parametrize("name", ["cityscapes19", "enet11"])
def test_areas_are_collected_only_where_a_result_keeps_them_and_keep_no_matrix(name):
    image = np.zeros((1, 3), np.uint8)
    for keeps in (False, True):
        scores = CollectedScores(load_label_map(name), keeps)
        scores.add("a", image, image)
        assert list(scores.areas) == ["a"] * keeps
    assert np.ndim(scores.areas["a"].intersections.base) < 2  # a view would hold the matrix of its image
