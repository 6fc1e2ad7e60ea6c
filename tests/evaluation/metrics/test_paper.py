import numpy as np
import pytest

from common.errors import DataError
from common.evaluation.metrics.confusion import confusion_matrix
from common.evaluation.metrics.metric import mean_over_images
from common.evaluation.metrics.paper import image_accuracy, image_iou


def literal_scores(truth, prediction):
    """The definition, class by class: mean over the classes of the truth, and the share of right pixels."""
    ious = []
    for class_index in np.unique(truth):
        here, there = truth == class_index, prediction == class_index
        ious.append((here & there).sum() / ((here | there).sum() + 1e-7))
    return sum(ious) / len(ious), (truth == prediction).mean()


def test_the_score_is_the_mean_over_the_classes_of_the_truth():
    truth = np.array([[2, 2, 2, 8]], np.uint8)
    prediction = np.array([[2, 2, 8, 9]], np.uint8)
    # class 2: 2 of 3; class 8: 0 of 2; class 9 is not in the truth. (2/3 + 0) / 2 = 1/3; right pixels: 2 of 4
    counts = confusion_matrix(truth, prediction, 35)
    assert image_iou(counts) == pytest.approx(1 / 3)
    assert image_accuracy(counts) == 0.5


def test_void_counts_like_any_class():
    truth = np.array([[0, 8]], np.uint8)
    counts = confusion_matrix(truth, np.array([[8, 8]], np.uint8), 35)
    assert image_iou(counts) == pytest.approx((0 + 1 / 2) / 2)


@pytest.mark.parametrize("seed", range(5))
def test_it_equals_the_definition_on_random_masks(seed):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.integers(0, 35, (2, 20, 30), dtype=np.uint8)
    counts = confusion_matrix(truth, prediction, 35)
    assert (image_iou(counts), image_accuracy(counts)) == pytest.approx(literal_scores(truth, prediction))


def test_every_image_counts_the_same():
    assert mean_over_images([0.2, 0.4]) == pytest.approx(0.3)


@pytest.mark.parametrize("images", [1, 8, 250, 2678])
def test_the_mean_has_the_bits_of_rows_added_one_by_one(images):
    scores = np.random.default_rng(images).random((images, 2))
    assert mean_over_images(scores[:, 0].tolist()) == np.mean(scores, axis=0)[0]


def test_a_class_that_cannot_be_is_an_error_not_a_score():
    truth = np.array([[3]], np.uint8)
    with pytest.raises(DataError, match="prediction holds the class 35"):
        confusion_matrix(truth, np.array([[35]], np.uint8), 35)
    with pytest.raises(DataError, match="shape"):
        confusion_matrix(truth, np.zeros((2, 2), np.uint8), 35)


def test_an_image_in_which_no_pixel_counts_is_left_out_of_the_means():
    nothing = np.zeros((3, 3), np.int64)
    assert image_iou(nothing) is image_accuracy(nothing) is None
    assert mean_over_images([0.2, None, 0.4]) == pytest.approx(0.3)
    assert mean_over_images([None]) is None
