import shutil

import pytest

from common.errors import ConfigError
from common.evaluation.swapping import refuse_swapped


@pytest.fixture
def masks(val_tree, tmp_path):
    """Masks alone, as somebody else's program writes them."""
    folder = tmp_path / "masks"
    folder.mkdir()
    for file in val_tree.rglob("*_labelIds.png"):
        shutil.copy(file, folder / file.name.replace("_gtFine_labelIds", ""))
    return folder


def test_an_original_tree_as_predictions_of_masks_alone_is_swapped(demo_tree, val_tree, masks):
    for tree in (demo_tree, val_tree):
        with pytest.raises(ConfigError, match=r"has polygons that people drew, and TRUTH .*: has only masks"):
            refuse_swapped(tree, masks)


def test_a_prepared_split_as_predictions_of_what_a_network_wrote_is_swapped(prepared, masks):
    for file in list(masks.iterdir()):
        shutil.copy(file, masks / f"{file.stem}_color.png")
    with pytest.raises(ConfigError, match=r"is a prepared folder of the study, and TRUTH .*: was written by a network"):
        refuse_swapped(prepared / "val", masks)


def test_results_of_predict_are_recognised_by_their_record(demo_tree, masks):
    (masks / "prediction.json").write_text("{}")
    with pytest.raises(ConfigError, match="was written by a network"):
        refuse_swapped(demo_tree, masks)


def test_pseudo_labels_as_truth_of_the_dataset_are_swapped(demo_tree, prepared, tmp_path):
    labels = shutil.copytree(prepared / "val", tmp_path / "labels")
    manifest = labels / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"step 01"', '"step 09"'))
    for predictions in (demo_tree, prepared / "val"):
        with pytest.raises(ConfigError, match="was written by a network"):
            refuse_swapped(predictions, labels)
    refuse_swapped(labels, prepared / "val")


def test_what_can_be_meant_goes_on(demo_tree, val_tree, prepared, masks, tmp_path):
    for predictions, truth in (
        (masks, demo_tree),
        (masks, prepared / "val"),
        (masks, masks),
        (demo_tree, val_tree),
        (prepared / "val", prepared / "val"),
        (prepared / "val", masks),
        (tmp_path / "nothing", masks),
        (demo_tree, tmp_path / "nothing"),
    ):
        refuse_swapped(predictions, truth)
