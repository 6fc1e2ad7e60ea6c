"""What step 05 asks of its trainings, and one of them in this process."""

import logging
import shutil
from dataclasses import replace
from types import SimpleNamespace

import keras
import pytest

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.config.settings import NetworkSettings
from common.dataset.prepared.folders import PreparedDataset
from common.errors import ConfigError, DataError, TrainingError
from common.labels.maps import study_label_map
from common.learning.backend import machine as backend
from common.learning.experiments import consistency, worker
from common.learning.experiments.consistency import find_start, run_consistency, strength_noise
from common.learning.experiments.experiment import Experiment, split_key
from common.learning.experiments.jobs import read_result, weights_digest
from common.learning.experiments.processes import Failure
from common.learning.network import networks
from common.learning.network.model_card import ModelCard, add_card
from common.learning.training import loop
from common.results.paths import ModelName, ModelPaths
from common.results.ranking import write_ranking
from tests.support import toy_network
from tests.support.made_up_results import make_result
from tests.support.running import SMALL

NETWORK = NetworkSettings(height=32, width=64, alpha=0.5)
CHOICES = {**SMALL, "MODELS_PER_GENERATION": 2, "NUM_EPOCHS_CS": 3, "SAVE_PREDICTIONS": "none"}


def configure(base_dir, **changes):
    values = {**CHOICES, "BASE_DIR": base_dir, **changes}
    return load_config("CITYSCAPES", SHIPPED_CONFIG, [f"{key}={value}" for key, value in values.items()])


def save_start(base_dir, run=1, approach="subset", network=NETWORK):
    """Leaves two models of a run with their results and ranks, as step 03 does; the second is the better one."""
    results = []
    dataset = PreparedDataset(base_dir, (64, 32), 42)
    train, val = (split_key(dataset.split(name)) for name in ("train_labeled", "val"))
    for index, score in enumerate((0.3, 0.4)):
        name = ModelName(dataset="CITYSCAPES", approach=approach, run=run, index=index)
        path = ModelPaths(base_dir, name).keras
        path.parent.mkdir(exist_ok=True)
        keras.utils.set_random_seed(10 * run + index)
        toy_network.plain_form(network).save(path)
        size_wh = (network.width, network.height)
        add_card(path, ModelCard(name=str(name), label_map=study_label_map(), size_wh=size_wh, preparation="study"))
        job = {"network": network, "train": (train,), "validate": val}
        result = make_result(approach, run, index, {"a": score}, job=job)
        result.write(base_dir / "models" / f"{name}.json")
        results.append(result)
    write_ranking(results, base_dir, 2)


@pytest.fixture
def ready(tmp_path, prepared):
    """A BASE_DIR of one's own after steps 00 and 01, with start networks of run 1."""
    shutil.copytree(prepared, tmp_path / "ready")
    save_start(tmp_path / "ready")
    return tmp_path / "ready"


def run_step_05(config, dry_run=False):
    dataset = PreparedDataset.of(config.dataset, config.seed)
    labeled, val, unlabeled = map(dataset.split, ("train_labeled", "val", "train_unlabeled"))
    experiment = Experiment("consistency_loss", (labeled,), val, (val, dataset.split("test"), unlabeled))
    run_consistency(experiment, unlabeled, config, dry_run)


def collect(monkeypatch, failing=""):
    """Puts something in the place of the processes: it writes made-up results, and returns the jobs it was given."""
    jobs = []

    def run(work, description):
        jobs.extend(one.job for one in work)
        failed = [one for one in work if failing and one.name.endswith(failing)]
        for one in (one for one in work if one not in failed):
            finish(one.job)
        return [Failure(one.name, "no memory", one.folder / "log.txt") for one in failed]

    monkeypatch.setattr(consistency, "run_all_work", run)
    return jobs


def finish(job):
    """Writes what a training leaves: a model and its result, the better the higher its index."""
    job.paths.keras.write_bytes(b"12345")
    values = {name: getattr(job, name) for name in type(job).model_fields if name != "validation"}
    values |= {"validate": job.validation, "save_predictions": ()}
    name, own = job.name, {"model": job.model, "identity": job.identity, "model_bytes": 5}
    scores = {"a": 0.1 + name.index / 10}
    result = make_result(name.approach, name.run, name.index, scores, job=values, **own)
    result.write(job.paths.result)


def test_the_strengths_are_the_first_middle_and_last_column():
    methods = load_config("CITYSCAPES", SHIPPED_CONFIG, ()).methods
    assert [strength_noise(methods, strength) for strength in ("low", "mid", "high")] == [
        methods.growth(generation).noise for generation in (0, 2, 4)
    ]
    fewer = load_config("CITYSCAPES", SHIPPED_CONFIG, ["NUM_GENERATIONS=1"]).methods
    assert strength_noise(fewer, "high").max_noise == 15


def test_the_best_network_of_the_run_goes_on_with_its_own_width(ready, monkeypatch):
    jobs = collect(monkeypatch)
    run_step_05(configure(ready))
    assert [job.model for job in jobs] == [
        f"CITYSCAPES_consistency_loss_1_aug_{part}" for part in ("low_0", "low_1", "mid_0", "mid_1", "high_0", "high_1")
    ]
    job = jobs[0]
    assert job.consistency.start == "models/CITYSCAPES_subset_1_topK_1.keras"
    assert job.consistency.start_digest == weights_digest(ready / "models" / "CITYSCAPES_subset_1_1.keras")
    assert (job.network, job.training.num_epochs, job.consistency.unlabeled.name) == (NETWORK, 3, "train_unlabeled")
    assert [job.consistency.noise.max_noise for job in jobs] == [3, 3, 9, 9, 15, 15]
    assert len({job.training.seed for job in jobs}) == len({job.identity for job in jobs}) == 6


def test_each_strength_is_ranked_and_shown(ready, monkeypatch, caplog):
    jobs = collect(monkeypatch)
    with caplog.at_level(logging.INFO):
        run_step_05(configure(ready))
        for strength in ("low", "mid", "high"):
            best = ready / "models" / f"CITYSCAPES_consistency_loss_1_aug_{strength}_1.keras"
            assert (ready / "models" / f"CITYSCAPES_consistency_loss_1_aug_{strength}_topK_1.keras").samefile(best)
            assert (ready / "csv" / f"results_CITYSCAPES_consistency_loss_1_aug_{strength}.csv").is_file()
        lines = [line.split() for line in caplog.messages]
        assert ["before", "(subset)", "1", *["0.400"] * 3] in lines
        assert ["high", "2", *["0.150", "±", "0.071"] * 3] in lines
        run_step_05(configure(ready))
    assert len(jobs) == 6
    assert "6 trainings done before, and nothing has changed" in caplog.messages


def test_a_failure_is_named_and_the_other_strengths_go_on(ready, monkeypatch):
    collect(monkeypatch, failing="mid_0")
    with pytest.raises(TrainingError, match="1 of 6 trainings failed.*\n.*aug_mid_0: no memory"):
        run_step_05(configure(ready))
    ranked = {path.name for path in (ready / "models").glob("CITYSCAPES_consistency_loss_1_*_topK_1.keras")}
    assert ranked == {f"CITYSCAPES_consistency_loss_1_aug_{one}_topK_1.keras" for one in ("low", "high")}


def test_only_the_strength_that_changed_is_put_away(ready, monkeypatch):
    jobs = collect(monkeypatch)
    run_step_05(configure(ready))
    del jobs[:]
    run_step_05(configure(ready, GENERATION_NOISE="3, 6, 9, 12, 20"))
    assert [job.name.part for job in jobs] == ["aug_high", "aug_high"]
    moved = {path.name for path in (ready / "previous").rglob("*.keras")}
    name = "CITYSCAPES_consistency_loss_1_aug_high"
    assert moved == {f"{name}_0.keras", f"{name}_1.keras", f"{name}_topK_1.keras"}


def test_a_dry_run_says_how_many_trainings_and_steps_and_writes_nothing(ready, caplog):
    before = sorted(ready.rglob("*"))
    with caplog.at_level(logging.INFO):
        run_step_05(configure(ready), dry_run=True)
    # One batch of the 2 labelled images and nine of the 18 unlabelled ones, three times.
    text = "\n".join(caplog.messages)
    assert "1 run x 3 strengths x 2 models of 3 epochs, 30 steps" in text
    assert "6 to do" in text
    assert "MB on disk" in text
    assert sorted(ready.rglob("*")) == before


def test_a_start_network_that_is_missing_or_does_not_fit_says_what_to_run(ready):
    with pytest.raises(DataError, match="CITYSCAPES_subset_2_topK_1.keras: is missing.*run step 03 first"):
        run_step_05(configure(ready, NUM_RUNS=2))
    with pytest.raises(DataError, match="subset_no-flip_1_topK_1.*03_Cityscapes_subset.py VARIANT=no-flip"):
        find_start(configure(ready, VARIANT="no-flip"), 1)
    save_start(ready, network=replace(NETWORK, height=16))
    with pytest.raises(DataError, match="topK_1.keras: was trained with another image size"):
        find_start(configure(ready), 1)
    (ready / "models" / "CITYSCAPES_subset_1_1.json").unlink()
    with pytest.raises(DataError, match="topK_1.keras: no result file"):
        find_start(configure(ready), 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("RECIPE=modern", "RECIPE = modern: "),
        ("NUM_STEPS=4", "NUM_STEPS = 4: "),
        ("EMA_MOMENTUM=0.9", "EMA_MOMENTUM = "),
    ],
)
def test_what_this_step_cannot_follow_is_refused(change, message):
    config = load_config("CITYSCAPES", SHIPPED_CONFIG, ["NUM_EPOCHS=2", change] if "STEPS" in change else [change])
    with pytest.raises(ConfigError, match=message):
        run_consistency(SimpleNamespace(), SimpleNamespace(), config)


def test_a_training_from_its_job_to_its_result(ready, monkeypatch):
    jobs = collect(monkeypatch, failing="_0")
    with pytest.raises(TrainingError):
        run_step_05(configure(ready, SAVE_PREDICTIONS="val", PRECISION="float32"))
    job = jobs[0]
    for module in (loop, networks):
        monkeypatch.setattr(module, "find_network", lambda settings: toy_network)
    monkeypatch.setattr(backend, "prepare_devices", lambda threads: None)  # this process has started already
    worker.run(job)
    result = read_result(job)
    assert [entry["epoch"] for entry in result.history] == [0, 1, 2]
    assert {"loss", "consistency_loss", "loss_val_labeled", "loss_val", "mIoU_val", "seconds"} <= set(result.history[0])
    lowest = [min(entry["loss_val_labeled"], entry["loss_val"]) for entry in result.history]
    assert result.best_epoch == lowest.index(min(lowest))
    assert {split: len(scores.images) for split, scores in result.scores.items()} == {
        "val": 4, "test": 4, "train_unlabeled": 18}  # fmt: skip
    assert len(list(job.paths.predictions("val").iterdir())) == 8
    assert list(job.paths.events.iterdir())


def test_the_digest_of_a_file_without_weights_is_an_error_that_names_it(tmp_path):
    for content in (None, b"no zip"):
        if content:
            (tmp_path / "a.keras").write_bytes(content)
        with pytest.raises(DataError, match="a.keras: "):
            weights_digest(tmp_path / "a.keras")
