import numpy as np
import pytest

from common.config.settings import TrainingSettings
from common.errors import TrainingError
from common.learning.judging.data import JudgedRows
from common.learning.judging.training import batches, compile_evalnet, score_evalnet, train_evalnet

pytestmark = pytest.mark.usefixtures("small_evalnet")
SHAPE = ((64, 64), 3, 0.125)


def made_up_rows(number, seed):
    rng = np.random.default_rng(seed)
    images, masks = rng.integers(0, 256, (4, 64, 64, 3), np.uint8), rng.integers(0, 3, (number, 64, 64), np.uint8)
    presence = rng.integers(0, 2, (number, 3)).astype(np.float32)
    return JudgedRows(images, np.arange(number) % 4, masks, rng.random((number, 3), np.float32), presence)


TRAIN, VALIDATE = made_up_rows(10, 1), made_up_rows(5, 2)


def settings(epochs):
    return TrainingSettings(num_epochs=epochs, batch_size=4, learning_rate=0.003, weight_decay=1e-4, seed=7)


def trained(epochs, checkpoint, entries=None):
    model = compile_evalnet(*SHAPE, settings(epochs), len(TRAIN))
    report = (entries if entries is not None else []).append
    return model, train_evalnet(model, TRAIN, VALIDATE, settings(epochs), checkpoint, "a", report)


def test_passes_follow_each_other_with_their_last_smaller_batch():
    # 10 rows in batches of 4, 4 and 2; two steps an epoch, so three epochs are two passes.
    sizes, ious = [], []
    for (_, masks), (iou, _) in batches(TRAIN, settings(3), range(3)):
        sizes.append(len(masks))
        ious.append(iou)
    assert sizes == [4, 4, 2, 4, 4, 2]
    for one in (ious[:3], ious[3:]):
        assert sorted(np.concatenate(one)[:, 0]) == sorted(TRAIN.iou[:, 0])
    assert not np.array_equal(ious[0], ious[3])


def test_an_image_goes_with_its_mask():
    for (images, masks), _ in batches(TRAIN, settings(1), [0]):
        for image, mask in zip(images, masks, strict=True):
            number = next(number for number, one in enumerate(TRAIN.masks) if np.array_equal(one, mask))
            assert np.array_equal(image, TRAIN.images[number % 4])


@pytest.fixture(scope="module")
def whole(small_evalnet, tmp_path_factory):
    """A training of three epochs without a break: model and state."""
    return trained(3, tmp_path_factory.mktemp("whole") / "checkpoint.npz")


def test_a_resumed_training_ends_with_the_same_weights_and_history(whole, tmp_path):
    trained(2, tmp_path / "parts.npz")
    entries = []
    resumed, state = trained(3, tmp_path / "parts.npz", entries)
    for one, other in zip(whole[0].get_weights(), resumed.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert [entry["loss_val"] for entry in state.history] == [entry["loss_val"] for entry in whole[1].history]
    assert [entry.get("done_before", False) for entry in entries] == [True, True, False]


def test_the_best_epoch_has_the_lowest_validation_loss_and_its_weights_stay(whole):
    model, state = whole
    losses = [entry["loss_val"] for entry in state.history]
    assert losses[state.best_epoch] == min(losses)
    assert score_evalnet(model, VALIDATE, 4).total_loss == pytest.approx(min(losses), rel=1e-6)


def test_the_loss_is_that_of_the_scores(whole):
    model, _ = whole
    images = VALIDATE.images[VALIDATE.image_of]
    total = model.test_on_batch([images, VALIDATE.masks], [VALIDATE.iou, VALIDATE.presence])[0]
    assert total == pytest.approx(score_evalnet(model, VALIDATE, 4).total_loss, rel=1e-4)


class Constant:
    """Says IoU .5 and presence .8 of everything."""

    def __init__(self, iou=0.5):
        self.iou = iou

    def predict_on_batch(self, inputs):
        return [np.full((len(inputs[1]), 3), value) for value in (self.iou, 0.8)]


def test_scores_are_means_over_all_rows():
    rows = JudgedRows(
        TRAIN.images, TRAIN.image_of[:2], TRAIN.masks[:2],
        np.array([[0, 0.5, 1], [0.5, 0.5, 0.5]], np.float32), np.array([[1, 1, 0], [1, 1, 1]], np.float32),
    )  # fmt: skip
    scores = score_evalnet(Constant(), rows, 4)
    assert scores.iou_loss == pytest.approx(2 * 0.25 / 6)
    assert scores.iou_mae == pytest.approx(2 * 0.5 / 6)
    assert scores.detection_loss == pytest.approx(-(5 * np.log(0.8) + np.log(0.2)) / 6)
    assert scores.detection_mae == pytest.approx((5 * 0.2 + 0.8) / 6)
    assert scores.total_loss == pytest.approx(scores.iou_loss + scores.detection_loss)


def test_values_that_are_no_numbers_stop_the_training():
    with pytest.raises(TrainingError, match="lower LR"):
        score_evalnet(Constant(np.nan), VALIDATE, 4)
