"""A BASE_DIR with four labelled and two validation frames of 64x64 pixels, and four toy networks that label them."""

import importlib
import shutil

import cv2
import numpy as np
import pytest

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.config.settings import NetworkSettings
from common.dataset.prepared.folders import PreparedDataset, files_of
from common.dataset.prepared.stages import Stage
from common.files.disk import write_json
from common.images.png import encode_image, encode_mask
from common.labels.map_files import load_label_map
from common.learning.backend import machine
from common.learning.judging import network
from common.learning.network.model_card import ModelCard, add_card
from tests.support import toy_network

SIZE = (64, 64)
LABEL_MAP = load_label_map("categories8")


def frame(seed):
    """A drawn image and a mask of large areas."""
    rng = np.random.default_rng(seed)
    mask = cv2.resize(rng.integers(0, len(LABEL_MAP), (4, 4), dtype=np.uint8), SIZE, interpolation=cv2.INTER_NEAREST)
    image = np.array(LABEL_MAP.colors, np.uint8)[mask]
    return image, mask


def write_split(base_dir, name, frames, first, seed=42):
    settings = {"size_wh": [*SIZE], "seed": seed, "class_of_id": [*LABEL_MAP.class_of_id]}
    stage = Stage(base_dir / name, "step 01", settings, "made up", label_map=LABEL_MAP)
    files = [f"{name}_{number}.png" for number in range(frames)]
    with stage.build(files_of(files)) as folder:
        for part in ("images", "masks"):
            (folder / part).mkdir(exist_ok=True)
        for number, file in enumerate(files):
            image, mask = frame(first + number)
            (folder / "images" / file).write_bytes(encode_image(image))
            (folder / "masks" / file).write_bytes(encode_mask(mask))


@pytest.fixture(scope="module", autouse=True)
def started_back_end():
    """Lets workers run in this process, whose back end has started and cannot change its threads any more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "prepare_devices", lambda threads: None)
        yield


@pytest.fixture(scope="module")
def small_evalnet():
    """Leaves out most blocks of an EvalNet, for tests of what surrounds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "_BLOCKS", (16,))
        yield


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelled")
    write_split(folder, "train_labeled", 4, 0)
    write_split(folder, "val", 2, 10)
    (folder / "models").mkdir()
    for index in range(4):
        path = folder / "models" / f"CITYSCAPES_subset_1_{index}.keras"
        toy_network.plain_form(NetworkSettings(height=64, width=64, num_classes=len(LABEL_MAP))).save(path)
        add_card(path, ModelCard(name=path.stem, label_map=LABEL_MAP, size_wh=SIZE, preparation="study"))
    return folder


@pytest.fixture
def base_dir(labelled, tmp_path):
    """A copy of it that a test may change."""
    return shutil.copytree(labelled, tmp_path / "base")


def config_of(base_dir, *overrides):
    return load_config(
        "CITYSCAPES",
        SHIPPED_CONFIG,
        (
            f"BASE_DIR={base_dir}", "IMAGE_WIDTH=64", "IMAGE_HEIGHT=64", "LABEL_MAP=categories8", "NUM_CLASSES=8",
            "EVALNET_FROM=subset", "MODELS_PER_GENERATION=2", "TEACHERS=2", "NUM_EPOCHS_EVALNET=2",
            "BATCH_SIZE_EVALNET=8", "ALPHA_EVALNET=0.125", "NUM_LOOPS_TRAIN=3", "NUM_LOOPS_VAL=2",
            "PRECISION=float32", *overrides,
        ),
    )  # fmt: skip


def run_work(work):
    """Does the work of one process in this one."""
    write_json(work.folder / "job.json", work.job.model_dump(mode="json"))
    importlib.import_module(work.module).main(work.folder / "job.json")


def dataset_of(config):
    return PreparedDataset.of(config.dataset, config.seed)


def models_of(base_dir):
    return [base_dir / "models" / f"CITYSCAPES_subset_1_{index}.keras" for index in range(4)]
