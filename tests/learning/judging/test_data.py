import shutil

import numpy as np
import pytest

from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.images.png import read_image, read_mask
from common.labels.maps import LabelMap
from common.learning.experiments.evalnets import evalnet_chain
from common.learning.judging.data import load_rows
from common.learning.network.model_card import add_card, load_model
from common.methods.judging import iou_targets, presence_targets
from tests.learning.judging.conftest import config_of, dataset_of, models_of, run_work, write_split

CLASSES = 8


def make_data(base_dir, kind, *overrides):
    """Makes the data of run 1 in this process; returns their folder."""
    config = config_of(base_dir, *overrides)
    (work,) = next(evalnet_chain(kind, 1, config, dataset_of(config), models_of(base_dir)))
    run_work(work)
    return base_dir / work.job.data


@pytest.fixture(scope="module")
def plain(labelled):
    return make_data(labelled, "miou")


def test_step_10_has_a_mask_of_every_network_and_the_ground_truth(plain):
    names = {path.name for path in (plain / "train" / "masks").iterdir()}
    frames = [f"train_labeled_{number}" for number in range(4)]
    assert names == {f"{frame}.png" for frame in frames} | {
        f"{frame}___{number}.png" for frame in frames for number in range(4)
    }
    # The first three networks alone, by their index.
    names = {path.name for path in (plain / "val" / "masks").iterdir()}
    assert len(names) == 2 * (3 + 1)
    assert "val_0___3.png" not in names
    assert not (plain / "train" / "images").exists()


def test_rows_tell_what_the_masks_are_worth(plain, labelled):
    config = config_of(labelled)
    frames = dataset_of(config).split("train_labeled")
    rows = load_rows(plain / "train", frames, CLASSES, 2)
    assert len(rows) == 4 * (4 + 1)
    for number, mask in enumerate(rows.masks):
        frame = rows.image_of[number]
        truth = read_mask(frames.samples[frame].mask)
        assert np.array_equal(rows.images[frame], read_image(frames.samples[frame].image))
        assert np.allclose(rows.iou[number], iou_targets(mask, truth, CLASSES), atol=5.1e-5)
        assert np.array_equal(rows.presence[number], presence_targets(truth, CLASSES))
    perfect = rows.iou[-4:]
    assert set(perfect.ravel().tolist()) == {0, 1}
    assert not (perfect == perfect[0]).all()  # each frame has its own


def test_labels_have_no_header_and_four_decimals(plain):
    first = (plain / "val" / "labels.csv").read_text(encoding="utf-8").splitlines()[0].split(";")
    assert first[0] == "val_0___0.png"
    assert len(first) == 1 + 2 * CLASSES
    assert {len(value) for value in first[1 : CLASSES + 1]} == {6}
    assert set(first[CLASSES + 1 :]) <= {"0", "1"}


def test_the_manifest_names_the_split_whose_images_belong_to_the_masks(plain):
    manifest = read_manifest(plain / "train")
    assert (manifest.written_by, manifest.source) == ("step 10", "../../../train_labeled")


def test_steps_12_and_14_have_pairs_of_each_pass(base_dir):
    folder = make_data(base_dir, "miou_im")
    files = {path.name for path in (folder / "train" / "masks").iterdir()}
    assert files == {f"train_labeled_{frame}_aug_{number}.png" for frame in range(4) for number in range(3)}
    rows = load_rows(folder / "val", None, CLASSES, 1)
    assert rows.masks.shape == (2 * 2, 64, 64)
    assert rows.images.shape == (4, 64, 64, 3)
    assert rows.masks.max() < CLASSES


def test_pairs_depend_on_the_seed_and_not_on_the_number_of_threads(base_dir):
    folder = make_data(base_dir, "miou_aug_im", "TRAININGS_AT_A_TIME=64")
    first = read_manifest(folder / "val")
    shutil.rmtree(folder)
    make_data(base_dir, "miou_aug_im")
    assert read_manifest(folder / "val") == first
    write_split(base_dir, "train_labeled", 4, 0, seed=43)
    write_split(base_dir, "val", 2, 10, seed=43)
    make_data(base_dir, "miou_aug_im", "SEED=43")
    assert read_manifest(folder / "val").files != first.files


def test_holes_of_no_class_are_kept_as_such(base_dir):
    folder = make_data(base_dir, "miou_im", "IM_PIXELS=ignore")
    rows = load_rows(folder / "train", None, CLASSES, 1)
    assert set(np.unique(rows.masks)) - set(range(CLASSES)) == {255}


def test_a_damaged_table_is_named(base_dir):
    folder = make_data(base_dir, "miou_im") / "val"
    (folder / "labels.csv").write_text("a.png;1;2\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"labels\.csv: expected a file and 16 numbers.*delete"):
        load_rows(folder, None, CLASSES, 1)


def test_a_network_for_other_classes_is_refused(base_dir):
    path = models_of(base_dir)[0]
    model, card = load_model(path)
    ids = (255, *card.label_map.class_of_id[1:])
    other = LabelMap(card.label_map.names, card.label_map.colors, ids)
    model.save(path)
    add_card(path, card.model_copy(update={"label_map": other}))
    with pytest.raises(DataError, match=r"subset_1_0\.keras: was trained for other classes"):
        make_data(base_dir, "miou_im")
