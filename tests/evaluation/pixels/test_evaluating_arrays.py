"""Arrays are scored like the same masks in files, number by number."""

import numpy as np
import pytest

from common.errors import ConfigError, DataError, LabelError
from common.evaluation.pixels.arrays import evaluate_arrays
from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
from common.images.png import encode_mask, read_instance_mask, read_mask
from common.labels.map_files import load_label_map
from common.labels.maps import LabelMap, study_label_map
from tests.support.damaged_predictions import noisy, shifted

STUDY = study_label_map()


def numbers_of(scores):
    """All numbers, without what depends on names and places."""
    result = scores.as_json()
    return {
        "averages": {key: value for key, value in result.items() if key.startswith(("average", "class", "category"))},
        "confusion": result.get("confMatrix"),
        "images": [*result.get("perImageScores", {}).values()],
        "paper": result.get("paper", {}) | {"images": [*result.get("paper", {}).get("images", {}).values()]},
        "reasons": [result["protocol"][key] for key in ("noOfficialScores", "noInstanceScores", "noPaperScores")],
    }


def predicted(folder, frames):
    return [read_mask(next(folder.glob(f"{frame.name}*"))) for frame in frames]


def test_label_ids_with_objects_have_the_numbers_of_files(val_tree, frames, write_predictions, tmp_path):
    in_files = evaluate_pixels(write_predictions(tmp_path, noisy), val_tree)
    truth = [read_instance_mask(frame.files["instanceIds"]) for frame in frames]
    pairs = zip(truth, predicted(tmp_path, frames), strict=True)
    scores = evaluate_arrays(pairs, truth="instanceIds", predictions="ids")
    assert numbers_of(scores) == numbers_of(in_files)
    assert scores.category_iiou["human"] is not None


@pytest.mark.parametrize("name", ["cityscapes19", "study"])
def test_class_indices_have_the_numbers_of_files(name, frames, write_predictions, tmp_path):
    label_map = STUDY if name == "study" else load_label_map(name)
    (tmp_path / "truth").mkdir()
    masks = [read_mask(frame.files["labelIds"]) for frame in frames]
    for frame, mask in zip(frames, masks, strict=True):
        (tmp_path / "truth" / f"{frame.name}.png").write_bytes(encode_mask(mask))
    folder = write_predictions(tmp_path / "predictions", shifted, table=label_map.class_of_id)
    options = PixelOptions(encoding="classes", label_map=label_map)
    in_files = evaluate_pixels(folder, tmp_path / "truth", options)
    # Networks give class indices as numbers of any kind.
    indices = [mask.astype(np.int64) for mask in predicted(folder, frames)]
    mixed = evaluate_arrays(zip(masks, indices, strict=True), label_map, truth="ids")
    classes = evaluate_arrays(zip(map(label_map.encode, masks), indices, strict=True), label_map)
    assert numbers_of(mixed) == numbers_of(in_files)
    assert classes.paper_means == in_files.paper_means
    assert classes.class_iou == in_files.class_iou


def test_scores_show_themselves_on_one_line_and_print_as_tables():
    # Half of the 4 pixels of road (class 8) are taken for car (27): IoU 2/4 and 0/2; in the image road alone is true.
    truth, found = np.full((2, 2), 8), np.array([[8, 8], [27, 27]])
    scores = evaluate_arrays([(truth, found)])
    assert repr(scores) == "PixelScores(1 frame, official mIoU 0.2500, paper mIoU 0.5000)"
    assert str(scores).splitlines() == scores.lines()
    assert scores.paper_images.keys() == {"0"}
    assert repr(evaluate_arrays([(truth, found)], protocol="paper")) == "PixelScores(1 frame, paper mIoU 0.5000)"


def test_classes_that_are_not_those_of_cityscapes_have_the_scores_of_any_classes():
    # Class 0: 1 of 2 pixels found; class 1: 2 found and 1 too many.
    farm = LabelMap(("grass", "sheep"), ((0, 160, 0), (250, 250, 0)), (255,) * 34)
    scores = evaluate_arrays([([[0, 0, 1, 1]], [[0, 1, 1, 1]])], farm)
    assert scores.pooled_iou == {"grass": 1 / 2, "sheep": 2 / 3}
    assert scores.paper_means[0] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert (scores.has_official, scores.notes) == (False, [])


ROAD = np.full((2, 3), 8)


@pytest.mark.parametrize(
    ("pairs", "choices", "error", "message"),
    [
        ([], {}, DataError, "no pair to score"),
        ([(ROAD, ROAD), (ROAD, ROAD.T)], {}, DataError, "pair 1: the prediction: has 2 x 3 pixels, its truth pair 1"),
        ([(ROAD, ROAD / 2)], {}, DataError, "pair 0: the prediction: is an array of type float64"),
        ([(ROAD, ROAD + 27)], {}, LabelError, "prediction: holds the value 35 at x 0, y 0; expected a class index"),
        ([(ROAD - 9, ROAD)], {}, DataError, "pair 0: the truth: holds the value -1; expected 0 to 255"),
        ([(ROAD + 27, ROAD)], {"truth": "ids"}, LabelError, "the truth: holds the value 35 .* label id from 0 to 33"),
        ([(ROAD * 1000, ROAD)], {"truth": "instanceIds"}, DataError, "the truth: holds the value 8,000, an object"),
        ([(ROAD, ROAD)], {"truth": "id"}, ConfigError, "truth = 'id': expected one of classes, ids, instanceIds"),
        ([(ROAD, ROAD)], {"protocol": "own"}, ConfigError, "protocol = 'own'"),
    ],
)
def test_what_cannot_be_scored_is_named_with_the_pair(pairs, choices, error, message):
    with pytest.raises(error, match=message):
        evaluate_arrays(pairs, **choices)
