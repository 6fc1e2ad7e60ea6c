import numpy as np
import pytest

from common.methods.copies import best_candidate, copies_of, predicted_miou

# Two EvalNets, four classes; means: IoU .8 .45 .4 .5, presence .945 .55 .4 .475.
IOU = np.array([[0.9, 0.5, 0.3, 0.8], [0.7, 0.4, 0.5, 0.2]], np.float32)
PRESENCE = np.array([[0.99, 0.8, 0.2, 0.9], [0.9, 0.3, 0.6, 0.05]], np.float32)


@pytest.mark.parametrize(
    "predicted, copies",
    [(0.3, 1), (0.372, 1), (0.38, 1), (0.39, 2), (0.41, 3), (0.425, 4), (0.44, 5), (0.453, 5), (0.6, 5)],
)
def test_better_labels_get_more_copies(predicted, copies):
    assert copies_of(predicted, 0.372, 0.453) == copies


def test_the_predicted_miou_is_the_mean_over_the_classes_that_are_probably_there():
    assert predicted_miou(IOU, PRESENCE, skip_void=False) == pytest.approx((0.8 + 0.45) / 2)
    assert predicted_miou(IOU, PRESENCE, skip_void=True) == pytest.approx(0.45)


def test_without_a_class_that_is_there_the_predicted_miou_is_0():
    assert predicted_miou(IOU, np.zeros_like(PRESENCE), skip_void=False) == 0
    assert copies_of(0.0, 0.372, 0.453) == 1
    assert best_candidate([0.0], 0.453) is None


def test_the_first_of_the_best_candidates_is_chosen_if_it_reaches_the_threshold():
    assert best_candidate([0.40, 0.47, 0.47], 0.453) == 1
    assert best_candidate([0.40, 0.45, 0.452], 0.453) is None
    assert best_candidate([0.453], 0.453) == 0
    assert best_candidate([], 0.453) is None
