"""Folders of pseudo-labels, written in this process with small networks."""

import json
import os
import shutil
import zlib

import numpy as np
import pytest

from common.config.settings import NetworkSettings
from common.dataset.prepared.folders import PreparedDataset
from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.images.png import read_image, read_mask
from common.labels.maps import study_label_map
from common.learning.backend import machine
from common.learning.experiments.jobs import weights_digest
from common.learning.labelling import worker, writing
from common.learning.labelling.sources import Label
from common.learning.network.model_card import ModelCard, add_card
from common.methods.agreement import Agreement, AgreementRules
from common.methods.jobs import LabelJob, ModelFile
from common.results.job import SplitKey
from tests.support.toy_network import plain_form

NAME = "CITYSCAPES_IM_1_n2_gen0"
FOLDER = f"train_unlabeled_predictions/IM/{NAME}"


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    monkeypatch.setattr(machine, "prepare_devices", lambda threads: None)


@pytest.fixture
def base_dir(tmp_path, prepared):
    shutil.copytree(prepared, tmp_path / "base", ignore=shutil.ignore_patterns("original_data"))
    (tmp_path / "base" / "models").mkdir()
    for number in range(2):
        save_network(tmp_path / "base" / "models" / f"{number}.keras", number)
    return tmp_path / "base"


def save_network(path, seed):
    model = plain_form(NetworkSettings(height=32, width=64))
    # Alike, so that two networks agree on some pixels.
    common, own = np.random.default_rng(100), np.random.default_rng(seed)
    model.set_weights(
        [
            (common.normal(0, 0.5, value.shape) + own.normal(0, 0.02, value.shape)).astype("float32")
            ** (1 + (value.ndim == 1))
            for value in model.get_weights()
        ]
    )
    model.save(path)
    add_card(path, ModelCard(name=path.stem, label_map=study_label_map(), size_wh=(64, 32), preparation="study"))


def make_job(base_dir, **changes):
    dataset = PreparedDataset(base_dir, (64, 32), 42)
    key = {name: SplitKey(name, dataset.split(name).fingerprint) for name in ("train_unlabeled", "val", "test")}
    teachers = [
        ModelFile(path=f"models/{number}.keras", digest=weights_digest(base_dir / "models" / f"{number}.keras"))
        for number in range(2)
    ]
    values = {
        "base_dir": str(base_dir),
        "name": NAME,
        "step": "step 09",
        "folder": FOLDER,
        "source": key["train_unlabeled"],
        "measured_on": (key["val"], key["test"]),
        "size_wh": (64, 32),
        "seed_of_split": 42,
        "label_map": None,
        "preparation": "study",
        "teachers": tuple(teachers),
        "kind": "agreement",
    }
    return LabelJob(**{**values, **changes})


def split_of(job):
    return PreparedDataset(job.target.parents[2], (64, 32), 42).split(job.folder)


def files_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.png")}


def test_image_and_label_lose_what_the_teachers_do_not_agree_on(base_dir):
    job = make_job(base_dir)
    worker.run(job)
    split, source = split_of(job), PreparedDataset(base_dir, (64, 32), 42).split("train_unlabeled")
    assert len(split) == 18
    sizes = []
    for sample, original in zip(split.samples, source.samples, strict=True):
        im = read_mask(job.target / "im" / f"{sample.name}.png")
        image, clean = read_image(sample.image), read_image(original.image)
        assert set(np.unique(im)) <= {0, 255}
        assert (image[im > 0] == 0).all() and (image[im == 0] == clean[im == 0]).all()
        assert (read_mask(sample.mask)[im > 0] == 0).all()
        sizes.append(np.count_nonzero(im))
    facts = read_manifest(job.target).facts
    assert facts["mean_im_size"]["train_unlabeled"] == pytest.approx(np.mean(sizes))
    assert facts["labeled"] == pytest.approx(1 - np.mean(sizes) / (64 * 32))
    assert 0 < np.mean(sizes) < 64 * 32


def test_the_quality_of_the_labels_is_that_of_the_pixels_with_a_label(base_dir):
    job = make_job(base_dir)
    worker.run(job)
    source = PreparedDataset(base_dir, (64, 32), 42).split("train_unlabeled")
    accuracies = []
    for sample in source.samples:
        agreed = read_mask(job.target / "im" / f"{sample.name}.png") == 0
        label, truth = read_mask(job.target / "masks" / f"{sample.name}.png"), read_mask(sample.mask)
        accuracies.append((label[agreed] == truth[agreed]).mean())
    assert read_manifest(job.target).facts["mPA"] == pytest.approx(np.mean(accuracies))


def test_ignored_pixels_are_255_and_the_image_can_stay(base_dir):
    job = make_job(base_dir, rules=AgreementRules(ignore=True, block_input=False))
    worker.run(job)
    for sample in split_of(job).samples:
        im = read_mask(job.target / "im" / f"{sample.name}.png")
        assert ((read_mask(sample.mask) == 255) == (im > 0)).all()
        assert sample.image.samefile(base_dir / "train_unlabeled" / "images" / sample.image.name)


def test_where_no_pixel_changes_images_are_links(base_dir):
    job = make_job(base_dir, kind="mean_of_models")
    worker.run(job)
    assert not (job.target / "im").exists()
    for sample in split_of(job).samples:
        assert sample.image.samefile(base_dir / "train_unlabeled" / "images" / sample.image.name)


def test_a_stopped_job_goes_on_with_what_is_missing_and_gives_the_same_folder(base_dir, monkeypatch):
    job = make_job(base_dir)
    worker.run(job)
    expected, manifest = files_of(job.target), (job.target / "manifest.json").read_text()
    shutil.rmtree(job.target)
    shutil.rmtree(job.work)
    written = writing.write_frame
    calls = []

    def stop_at_the_tenth(*arguments):
        calls.append(arguments)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return written(*arguments)

    monkeypatch.setattr(worker, "write_frame", stop_at_the_tenth)
    with pytest.raises(KeyboardInterrupt):
        worker.run(job)
    assert not job.target.exists()
    worker.run(job)
    assert len(calls) == 10 + 18 - 8  # the first batch of 8 was noted
    assert files_of(job.target) == expected
    assert (job.target / "manifest.json").read_text() == manifest


def test_a_label_that_was_cut_off_after_it_was_written_is_never_certified(base_dir, monkeypatch):
    job = make_job(base_dir)
    written = writing.write_frame

    def write_and_cut(building, job, sample, image, label):
        facts = written(building, job, sample, image, label)
        mask = building / "masks" / f"{sample.name}.png"
        os.truncate(mask, mask.stat().st_size - 1)
        return facts

    monkeypatch.setattr(worker, "write_frame", write_and_cut)
    with pytest.raises(DataError):
        worker.run(job)
    assert not job.target.exists()
    monkeypatch.setattr(worker, "write_frame", written)
    worker.run(job)
    assert all(read_mask(sample.mask).shape == (32, 64) for sample in split_of(job).samples)


def test_another_teacher_makes_the_folder_anew_and_the_same_one_does_not(base_dir):
    job = make_job(base_dir)
    worker.run(job)
    before = job.target.stat().st_ino
    worker.run(make_job(base_dir))
    assert job.target.stat().st_ino == before
    save_network(base_dir / "models" / "1.keras", 5)
    worker.run(make_job(base_dir))
    assert job.target.stat().st_ino != before


def test_the_digest_of_a_network_is_that_of_its_weights(base_dir):
    first = weights_digest(base_dir / "models" / "0.keras")
    save_network(base_dir / "models" / "again.keras", 0)
    assert weights_digest(base_dir / "models" / "again.keras") == first
    assert weights_digest(base_dir / "models" / "1.keras") != first
    (base_dir / "models" / "0.keras").write_bytes(b"no zip")
    with pytest.raises(DataError, match=r"0\.keras"):
        weights_digest(base_dir / "models" / "0.keras")


class Every:
    """Labels every pixel 7 but one, on which the teachers differ; in every third frame they found other classes."""

    def label(self, names, images):
        mask, im = np.full((32, 64), 7, np.uint8), np.zeros((32, 64), np.uint8)
        mask[0, 0], im[0, 0] = 0, 255
        return [Label(mask, Agreement(mask, im, 1, zlib.crc32(name.encode()) % 3 > 0)) for name in names]


def test_frames_in_which_teachers_found_other_classes_are_left_out_and_their_size_counts(base_dir, monkeypatch):
    monkeypatch.setattr(worker, "make_source", lambda *_: Every())
    job = make_job(base_dir, filter_classes=True)
    worker.run(job)
    names = [sample.name for sample in PreparedDataset(base_dir, (64, 32), 42).split("train_unlabeled").samples]
    kept = [name for name in names if zlib.crc32(name.encode()) % 3]
    assert 0 < len(kept) < 18
    assert [sample.name for sample in split_of(job).samples] == kept
    assert len(list((job.target / "im").iterdir())) == 18
    assert read_manifest(job.target).facts["mean_im_size"]["train_unlabeled"] == 1


def different():
    mask = np.zeros((32, 64), np.uint8)
    return Label(mask, Agreement(mask, mask + np.uint8(255), mask.size, same_classes=False))


def test_without_any_frame_the_way_out_is_named(base_dir, monkeypatch):
    monkeypatch.setattr(worker, "make_source", lambda *_: Every())
    monkeypatch.setattr(Every, "label", lambda self, names, images: [different() for _ in names])
    with pytest.raises(DataError, match=r"no frame is kept.*FILTER_INCONSISTENT_CLASS_PRED = False"):
        worker.run(make_job(base_dir, filter_classes=True))
    assert not make_job(base_dir).target.exists()


def test_a_network_of_another_size_is_refused_with_its_file(base_dir):
    model = plain_form(NetworkSettings(height=16, width=32))
    path = base_dir / "models" / "1.keras"
    model.save(path)
    add_card(path, ModelCard(name="x", label_map=study_label_map(), size_wh=(32, 16), preparation="study"))
    with pytest.raises(DataError, match=r"1\.keras: has 35 classes and takes images of 32x16; expected 35 and 64x32"):
        worker.run(make_job(base_dir))


def test_a_job_survives_its_file(base_dir):
    job = make_job(base_dir, rules=AgreementRules(erode_kernel=3))
    assert LabelJob.model_validate_json(json.dumps(job.model_dump(mode="json"))) == job
