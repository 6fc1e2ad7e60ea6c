import json

import numpy as np
import pytest
from cityscapesscripts.helpers import labels as official
from pydantic import TypeAdapter, ValidationError

from common.errors import LabelError
from common.files.models import explain
from common.labels.cityscapes import IGNORE, LABEL_OF_ID, LABELS
from common.labels.maps import LabelMap, study_label_map
from common.labels.tables import CITYSCAPES


def test_the_table_is_the_official_one():
    assert len(LABELS) == len(official.labels) == 35
    for ours, theirs in zip(LABELS, official.labels, strict=True):
        assert (ours.name, ours.id, ours.train_id, ours.category, ours.category_id) == (
            theirs.name,
            theirs.id,
            theirs.trainId,
            theirs.category,
            theirs.categoryId,
        )
        assert (ours.has_instances, ours.ignore_in_eval, ours.color) == (
            theirs.hasInstances,
            theirs.ignoreInEval,
            theirs.color,
        )


def test_the_classes_of_the_study_are_the_ids_plus_one():
    label_map = study_label_map()
    ids = np.arange(34, dtype=np.uint8).reshape(2, 17)
    classes = label_map.encode(ids)
    assert classes[0, 0] == 0
    assert (classes.ravel()[1:] == ids.ravel()[1:] + 1).all()
    assert (label_map.decode(classes) == ids).all()
    assert (len(label_map), label_map.names[8], label_map.names[34]) == (35, "road", "bicycle")


def test_class_one_never_occurs_and_decodes_to_unlabeled():
    label_map = study_label_map()
    assert 1 not in label_map.class_of_id
    assert label_map.decode(np.array([[1]], np.uint8)).item() == 0


@pytest.mark.parametrize("value", [34, 255])
def test_a_value_that_is_no_id_is_an_error(value):
    with pytest.raises(LabelError, match=str(value)):
        study_label_map().encode(np.array([[7, value]], np.uint8))


def test_colours_are_those_of_the_labels():
    colors = study_label_map().colorize(np.array([[8, 27]], np.uint8))
    assert colors.tolist() == [[list(LABEL_OF_ID[7].color), list(LABEL_OF_ID[26].color)]]


def test_an_ambiguous_colour_is_read_as_the_first_label():
    colors = ((0, 0, 0), (153, 153, 153), (0, 0, 142))
    assert [CITYSCAPES.of_color(color).name for color in colors] == ["unlabeled", "pole", "car"]
    assert CITYSCAPES.of_color((1, 2, 3)) is None


# Road is class 0, car and truck are class 1, everything else belongs to no class.
ROAD_AND_CARS = LabelMap(
    ("road", "car"),
    ((128, 64, 128), (0, 0, 142)),
    tuple({7: 0, 26: 1, 27: 1}.get(id_, IGNORE) for id_ in range(34)),
)


def test_a_label_without_a_class_is_ignored_and_comes_back_as_unlabeled_and_black():
    classes = ROAD_AND_CARS.encode(np.array([[7, 8, 27, 0]], np.uint8))
    assert classes.tolist() == [[0, 255, 1, 255]]
    assert ROAD_AND_CARS.decode(classes).tolist() == [[7, 0, 26, 0]]
    assert ROAD_AND_CARS.colorize(classes).tolist() == [[[128, 64, 128], [0, 0, 0], [0, 0, 142], [0, 0, 0]]]
    assert ROAD_AND_CARS.ignores
    assert not study_label_map().ignores


def test_a_map_that_ignores_still_refuses_what_is_no_id():
    with pytest.raises(LabelError, match="255"):
        ROAD_AND_CARS.encode(np.array([[255]], np.uint8))


def test_a_map_survives_json():
    text = json.dumps(ROAD_AND_CARS.as_json())
    assert TypeAdapter(LabelMap).validate_json(text) == ROAD_AND_CARS
    assert json.loads(TypeAdapter(LabelMap).dump_json(ROAD_AND_CARS)) == json.loads(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"names": []}, "names"),
        ({"names": ["road", "\x1b[31m"]}, "class name"),
        ({"colors": [[1, 2, 3]]}, "there are 2 classes and 1 colour"),
        ({"colors": [[1, 2, 3], [1, 2, 256]]}, "colors.1.2"),
        ({"class_of_id": [0] * 33}, "class_of_id"),
        ({"class_of_id": [2] + [0] * 33}, "the label id 0 has the class 2"),
        ({"class_of_id": [True] * 34}, "class_of_id.0"),
        ({"more": 1}, "more"),
    ],
)
def test_parts_of_a_map_that_do_not_fit_together_are_refused(change, words):
    with pytest.raises(ValidationError) as error:
        TypeAdapter(LabelMap).validate_json(json.dumps(ROAD_AND_CARS.as_json() | change))
    assert words in explain(error.value)


def test_void_are_the_classes_of_void_labels_alone():
    names = study_label_map().names
    found = [names[index] for index in study_label_map().void_classes]
    assert found == ["unlabeled", *(label.name for label in LABELS if label.category == "void" and label.id > 0)]
    merged = LabelMap(("void and road", "rest"), ((0, 0, 0),) * 2, (0, *[0] * 7, *[1] * 26))
    assert merged.void_classes == ()
