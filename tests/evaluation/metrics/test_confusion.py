import numpy as np
from sklearn.metrics import confusion_matrix as scikit_confusion_matrix

from common.evaluation.metrics.confusion import confusion_matrix


def test_it_equals_scikit_learn():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 35, (2, 40, 50), dtype=np.uint8)
    expected = scikit_confusion_matrix(truth.ravel(), prediction.ravel(), labels=range(35))
    assert (confusion_matrix(truth, prediction, 35) == expected).all()
