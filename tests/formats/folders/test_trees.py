"""Known datasets, each as a drawn miniature: recognised, read, and converted there and back."""

import pytest

from common.files.listing import list_files_of
from common.formats.conversion import convert, read
from common.formats.folders.trees import TREES
from common.formats.registry import recognise
from tests.support.miniatures import MINIATURES, draw, shown


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """All miniatures, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("miniatures")
    return {name: draw(folder / str(place), files) for place, (name, (files, _, _)) in enumerate(MINIATURES.items())}


def test_every_known_dataset_has_a_miniature():
    assert {tree.name for tree in TREES} - {name.partition(",")[0] for name in MINIATURES} == {"CamVid (fast.ai)"}


@pytest.mark.parametrize("name", MINIATURES)
def test_a_known_dataset_is_recognised_and_its_values_are_read(drawn, name):
    _, place, expected = MINIATURES[name]
    assert recognise(list_files_of(drawn[name])) == "folders"
    *_, frame = (frame for frame in read(drawn[name]) if frame.truth is not None)
    assert (frame.split, frame.city, frame.name) == place
    assert frame.image is not None
    assert shown(frame.annotation()) == expected


@pytest.mark.parametrize("name", MINIATURES)
def test_cityscapes_and_back_keeps_labels_objects_and_groups(drawn, name, tmp_path):
    convert(drawn[name], tmp_path / "tree", "cityscapes", workers=1)
    *_, frame = (frame for frame in read(tmp_path / "tree") if frame.truth is not None)
    assert str(shown(frame.annotation())).lower() == str(MINIATURES[name][2]).lower()


@pytest.mark.parametrize("name", MINIATURES)
def test_coco_and_back_keeps_objects_and_counts_the_rest(drawn, name, tmp_path):
    tally = convert(drawn[name], tmp_path / "coco", "coco", workers=1, regions=True)
    *_, frame = (frame for frame in read(tmp_path / "coco") if frame.truth is not None)
    counted = [one for one in shown(frame.annotation()) if one is not None]
    assert counted and all(isinstance(one, tuple) for one in counted)
    assert tally.dropped["segments of labels that are not written"]
