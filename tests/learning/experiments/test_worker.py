"""A training set is a sum of splits."""

import numpy as np

from common.config.settings import NetworkSettings, TrainingSettings
from common.dataset.prepared.folders import PreparedDataset
from common.learning.experiments.worker import load
from common.results.job import Job, SplitKey
from common.results.paths import ModelName


def make_job(base_dir, *names):
    dataset = PreparedDataset(base_dir, (64, 32), 42)
    keys = {name: SplitKey(name, dataset.split(name).fingerprint) for name in (*names, "val")}
    return Job(
        base_dir=str(base_dir),
        name=ModelName(dataset="CITYSCAPES", approach="subset", run=1, index=0),
        network=NetworkSettings(height=32, width=64),
        training=TrainingSettings(num_epochs=1, batch_size=2, learning_rate=0.1, weight_decay=0.01),
        precision="float32",
        seed_of_split=42,
        train=tuple(keys[name] for name in names),
        validate=keys["val"],
        report_on=(keys["val"],),
        save_predictions=(),
        threads=1,
        label_map=None,
        preparation="study",
        recipe="paper",
        variant="",
    )


def test_the_sum_of_two_splits_is_loaded_like_one_folder_with_the_files_of_both(prepared):
    whole = make_job(prepared, "train_full")
    parts = make_job(prepared, "train_unlabeled", "train_labeled")
    expected, found = load(whole, *whole.train), load(parts, *parts.train)
    assert len(found) == 20
    assert found.names == expected.names
    assert np.array_equal(found.images, expected.images)
    assert np.array_equal(found.masks, expected.masks)


def test_a_sum_has_another_identity_than_each_of_its_parts(prepared):
    sets = (("train_labeled",), ("train_unlabeled",), ("train_labeled", "train_unlabeled"))
    assert len({make_job(prepared, *names).identity for names in sets}) == 3
