import numpy as np
import pytest

from common.dataset.original.train_ids import look_like_train_ids, train_id_notes, train_ids_to_ids, with_train_ids
from common.errors import LabelError
from common.files.sources import Source
from common.images.png import encode_mask
from common.labels.cityscapes import LABELS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({*range(19), 255}, True),
        ({0, 2, 8, 10, 13, 18}, True),
        ({0, 255}, True),
        ({7, 8, 11, 21, 23, 26}, False),
        ({0, 255, 19}, False),
        # Void, road, sidewalk and building of label ids; or road, traffic sign, vegetation and person.
        ({0, 7, 8, 11}, False),
        ({255}, False),
        (set(), False),
    ],
)
def test_train_ids_are_told_from_label_ids(values, expected):
    assert look_like_train_ids(values) == expected


def test_every_evaluated_label_comes_back_and_all_others_are_unlabeled():
    train_ids = np.array([label.train_id if label.train_id >= 0 else 255 for label in LABELS], np.uint8)
    expected = [0 if label.ignore_in_eval else label.id for label in LABELS]
    assert train_ids_to_ids(train_ids, "a").tolist() == expected


def test_a_value_that_is_no_train_id_is_named():
    with pytest.raises(LabelError, match="a.png: holds the value 26, which is not a train id; .* label ids"):
        train_ids_to_ids(np.array([[0, 26]], np.uint8), "a.png")


def test_masks_spread_over_the_dataset_are_looked_at(tmp_path):
    sources = [Source(tmp_path / f"{number}.png") for number in range(20)]
    for source in sources:
        source.path.write_bytes(encode_mask(np.array([[0, 13]], np.uint8)))
    assert train_id_notes(sources, "way out") == []
    sources[18].path.write_bytes(encode_mask(np.array([[0, 255]], np.uint8)))
    sources[3].path.write_bytes(b"damaged")
    (note,) = train_id_notes(sources, "way out")
    assert "look like train ids: of 7 masks none has a value from 19 to 254" in note and note.endswith("; way out")


def test_files_of_train_ids_come_before_label_ids_and_both_stay():
    own, ids = Source("own"), Source("ids")
    assert with_train_ids({"labelIds": ids, "labelTrainIds": own})["labelTrainIds"] is own
    assert with_train_ids({"labelIds": ids}) == {"labelIds": ids, "labelTrainIds": ids}
    assert with_train_ids({}) == {}
