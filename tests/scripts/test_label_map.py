"""The steps with a label map: the 19 classes of the benchmark, of which some pixels do not count."""

import shutil

import cv2
import numpy as np
import pytest

from common.files.disk import read_json
from common.labels.map_files import load_label_map
from common.labels.maps import study_label_map
from tests.support.in_process import run_step_here


@pytest.fixture(scope="session")
def nineteen(tmp_path_factory, demo_tree):
    """A BASE_DIR after steps 00, 01 and 03 with the 19 classes of the benchmark, and what step 03 said."""
    folder = tmp_path_factory.mktemp("nineteen")
    shutil.copytree(demo_tree, folder / "original_data")
    for step in ("00", "01", "03"):
        process = run_step_here(step, folder, LABEL_MAP="cityscapes19", NUM_CLASSES=19, MODELS_PER_RUN=1)
    return folder, process


def test_masks_of_a_label_map_hold_its_classes_and_the_ignore_value(nineteen, prepared):
    found = set()
    for path in sorted((nineteen[0] / "train_full" / "masks").iterdir()):
        mask = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        of_the_study = cv2.imread(str(prepared / "train_full" / "masks" / path.name), cv2.IMREAD_UNCHANGED)
        assert (mask == load_label_map("cityscapes19").encode(study_label_map().decode(of_the_study))).all()
        found |= set(np.unique(mask).tolist())
    assert found <= {*range(19), 255}
    assert {0, 255} <= found


def test_scores_and_colours_of_a_label_map_are_those_of_its_counted_pixels(nineteen):
    base_dir, process = nineteen
    label_map = load_label_map("cityscapes19")
    content = read_json(base_dir / "models" / "CITYSCAPES_subset_1_0.json")
    assert content["job"]["label_map"] == label_map.as_json()
    result = content["scores"]["val"]
    hits, unions, ious = np.zeros(19), np.zeros(19), []
    for path in sorted((base_dir / "val" / "masks").iterdir()):
        predicted = base_dir / "val_predictions" / "subset" / "CITYSCAPES_subset_1_0" / path.name
        prediction = cv2.imread(str(predicted), cv2.IMREAD_UNCHANGED)
        color = cv2.imread(str(predicted.with_name(f"{path.stem}_color.png")))[:, :, ::-1]
        assert prediction.max() < 19
        assert (color == label_map.colorize(prediction)).all()
        truth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        truth, prediction = truth[truth != 255], prediction[truth != 255]
        pairs = [(truth == index, prediction == index) for index in range(19)]
        hits += [(t & p).sum() for t, p in pairs]
        unions += [(t | p).sum() for t, p in pairs]
        ious.append(np.mean([(t & p).sum() / (t | p).sum() for t, p in pairs if t.any()]))
    assert result["mIoU"] == pytest.approx(np.mean(ious), abs=1e-6)
    expected = {
        name: hit / union if union else None for name, hit, union in zip(label_map.names, hits, unions, strict=True)
    }
    assert result["class_IoU"] == result["official_IoU"] == pytest.approx(expected)
    assert "19 classes by LABEL_MAP; pixels of labels without a class do not count" in process.stdout
    assert "mIoU, all pixels pooled (19 classes)" in process.stdout
