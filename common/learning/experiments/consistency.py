"""Step 05: the best network of each run goes on training, at three strengths of noise.

Like `experiment`, sees the whole Config, passes plain values on, and does not import Keras.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.config.config import Config
from common.config.methods import MethodConfig
from common.config.settings import AugmentationConfig, NetworkSettings
from common.dataset.prepared.folders import Split
from common.errors import ConfigError, DataError, TrainingError
from common.learning.experiments.experiment import (
    Experiment,
    check_back_end,
    check_trained_on,
    disk_message,
    failure_message,
    is_pending,
    split_key,
    training_job,
    training_work,
)
from common.learning.experiments.jobs import read_result, weights_digest
from common.learning.experiments.processes import run_all_work
from common.results.cost import hours_in_words, measured_rate
from common.results.job import Consistency, Job
from common.results.paths import ModelName, ModelPaths
from common.results.ranking import put_older_results_away, write_ranking
from common.results.reading import find_result, read_results
from common.results.result import Result
from common.results.series_table import series_table
from common.text import count

log = logging.getLogger(__name__)
STRENGTHS = ("low", "mid", "high")
# The step that trains the networks that go on, and its approach.
_START_SCRIPT, _START = "03_Cityscapes_subset.py", "subset"


@dataclass(frozen=True)
class StartNetwork:
    """The network that all trainings of a run begin with.

    Attributes:
        file: Below BASE_DIR.
        digest: Of its weights.
        result: Of its training.
    """

    file: str
    digest: str
    result: Result


# The jobs of each run and strength.
Series = Mapping[tuple[int, str], Sequence[Job]]


def run_consistency(experiment: Experiment, unlabeled: Split, config: Config, dry_run: bool = False) -> None:
    """Trains what is missing of step 05, ranks the models of each run and strength, and shows the table.

    Args:
        experiment: What is trained; part and consistency loss are added here.
        unlabeled: The split whose images are trained on without their masks.
        config: The whole of config.ini.
        dry_run: Whether only to say what would be done.

    Raises:
        ConfigError: If the recipe has a choice that this step cannot follow.
        DataError: If the network of a run that goes on is missing or does not fit; says how to train it.
        TrainingError: If some trainings failed; the others are complete.
    """
    _check_recipe(config)
    config = replace(config, training=replace(config.training, num_epochs=config.methods.consistency_epochs))
    starts = {run: find_start(config, run) for run in range(1, config.study.num_runs + 1)}
    for start in starts.values():
        check_trained_on(start.result, experiment.train, experiment.validate, "run step 03 again")
    series = _jobs(experiment, unlabeled, config, starts)
    check_back_end()
    _announce(experiment, unlabeled, config, starts, series)
    if dry_run:
        return
    for jobs in series.values():
        put_older_results_away(jobs)
    work = [one for jobs in series.values() for one in training_work(jobs)]
    failures = run_all_work(work, config.approach(experiment.name)) if work else []
    for jobs in series.values():
        results = _finished(jobs)
        if len(results) == len(jobs):
            write_ranking(results, config.dataset.base_dir, config.study.top_ks)
    _show_table(series, starts, config)
    if failures:
        unfinished = sum(is_pending(job) for jobs in series.values() for job in jobs)
        raise TrainingError(failure_message(failures, len(work), unfinished))


def strength_noise(methods: MethodConfig, strength: str) -> AugmentationConfig:
    """Gives what views of a strength are drawn from: the first, middle and last column of the lists GENERATION_*."""
    columns = methods.columns
    return methods.growth({"low": 0, "mid": columns // 2, "high": columns - 1}[strength]).noise


def find_start(config: Config, run: int) -> StartNetwork:
    """Finds the best network of a run of step 03, by the same recipe and variant.

    Raises:
        DataError: If it is missing, or its images or classes are not those of config.ini; says how to train it.
    """
    name = ModelName(dataset=config.dataset.name, approach=config.approach(_START), run=run, index=0)
    paths = ModelPaths(config.dataset.base_dir, name)
    path = paths.ranked(1)
    way_out = f"run step 03 first: python {_START_SCRIPT}" + (f" VARIANT={config.variant}" if config.variant else "")
    if not path.exists():
        raise DataError(f"{path}: is missing, and step 05 goes on with this network; {way_out}")
    digest = weights_digest(path)
    found = next((one for one in _results_of(paths) if _has_weights(config.dataset.base_dir, one, digest)), None)
    if found is None:
        raise DataError(f"{path}: no result file beside it belongs to this network; {way_out}")
    job = found.job
    if (job.size_wh, job.preparation, job.classes.class_of_id) != (
        config.dataset.size_wh,
        config.dataset.preparation,
        config.dataset.label_map.class_of_id,
    ):
        raise DataError(
            f"{path}: was trained with another image size, PREPARATION or LABEL_MAP than config.ini asks for; {way_out}"
        )
    return StartNetwork(path.relative_to(config.dataset.base_dir).as_posix(), digest, found)


def _results_of(paths: ModelPaths) -> Iterator[Result]:
    """Reads the results of all models of a run."""
    pattern = re.compile(rf"{re.escape(paths.name.of_run)}_\d+\.json")
    for path in sorted(paths.result.parent.iterdir()):
        if pattern.fullmatch(path.name) and (result := find_result(path)) is not None:
            yield result


def _has_weights(base_dir: Path, result: Result, digest: str) -> bool:
    path = ModelPaths(base_dir, result.job.name).keras
    return path.is_file() and weights_digest(path) == digest


def _check_recipe(config: Config) -> None:
    """Refuses choices that this step cannot follow."""
    if config.recipe != "paper":
        raise ConfigError(
            f"RECIPE = {config.recipe}: step 05 has no such form, because its epochs are passes over labelled and "
            "unlabelled images, not a number of steps; set RECIPE = paper"
        )
    for name, value in (("NUM_STEPS", config.training.num_steps), ("EMA_MOMENTUM", config.training.ema_momentum)):
        if value:
            raise ConfigError(f"{name} = {value:g}: step 05 has no such choice; set {name} = 0")


def _jobs(experiment: Experiment, unlabeled: Split, config: Config, starts: Mapping[int, StartNetwork]) -> Series:
    """Describes all trainings; they have the width of the network that they go on with, whatever ALPHA says."""
    series = {}
    for run, start in starts.items():
        for strength in STRENGTHS:
            noise, weight = strength_noise(config.methods, strength), config.methods.consistency_weight
            consistency = Consistency(
                unlabeled=split_key(unlabeled), start=start.file, start_digest=start.digest, noise=noise, weight=weight
            )
            part = replace(experiment, part=f"aug_{strength}", consistency=consistency)
            jobs = [training_job(part, config, run, index) for index in range(config.methods.models_per_generation)]
            network: NetworkSettings = start.result.job.network
            series[run, strength] = [job.model_copy(update={"network": network}) for job in jobs]
    return series


def _finished(jobs: Sequence[Job]) -> list[Result]:
    return [result for job in jobs if (result := read_result(job)) is not None]


def _announce(
    experiment: Experiment, unlabeled: Split, config: Config, starts: Mapping[int, StartNetwork], series: Series
) -> None:
    recipe, methods = config.training, config.methods
    width, height = config.dataset.size_wh
    labeled = sum(map(len, experiment.train))
    steps = recipe.num_epochs * sum(-(-images // recipe.batch_size) for images in (labeled, len(unlabeled)))
    jobs = [job for part in series.values() for job in part]
    log.info(
        f"{config.approach(experiment.name)}: {labeled:,} labelled and {len(unlabeled):,} unlabelled images of "
        f"{width}x{height}, validated on {len(experiment.validate)}; {count(len(starts), 'run')} x {len(STRENGTHS)} "
        f"strengths x {count(methods.models_per_generation, 'model')} of {count(recipe.num_epochs, 'epoch')}, "
        f"{count(steps, 'step')} of at most {recipe.batch_size} labelled images or pairs of views"
    )
    for run, start in starts.items():
        log.info("run %d continues from %s", run, start.result.model)
    pending = sum(map(is_pending, jobs))
    if not pending:
        log.info("%s done before, and nothing has changed", count(len(jobs), "training"))
    else:
        passes = recipe.num_epochs * (labeled + 2 * len(unlabeled))
        log.info(
            "%s done before, %d to do; %s",
            count(len(jobs) - pending, "training"),
            pending,
            _time_needed(jobs, pending * passes),
        )
    log.info("%s", disk_message(experiment, config, len(jobs), starts[1].result.job.network.alpha))


def _time_needed(jobs: Sequence[Job], image_passes: int) -> str:
    """Estimates the hours of what is to do, by the last measured rate."""
    rate = measured_rate(read_results(Path(jobs[0].base_dir)).all, jobs[0])
    if rate is None:
        return "no training was measured here yet, so their time is not known"
    hours = rate.hours(image_passes, jobs[0].network.alpha)
    return f"about {hours_in_words(hours)}, one training at a time, by the rate of {rate.model}"


def _show_table(series: Series, starts: Mapping[int, StartNetwork], config: Config) -> None:
    """Shows the scores of each strength over all runs, below those of the networks that went on."""
    rows = [(f"before ({config.approach(_START)})", [start.result for start in starts.values()])]
    for strength in STRENGTHS:
        found = [result for (_, other), jobs in series.items() if other == strength for result in _finished(jobs)]
        rows.append((strength, found))
    jobs = next(iter(series.values()))
    approach, paths = jobs[0].name.approach, jobs[0].paths
    log.info(
        "\n%s, by the noise of the views: mean of mIoU by the paper metric ± standard deviation over models", approach
    )
    for line in series_table(rows):
        log.info("%s", line)
    log.info("models: %s   tables: %s", paths.keras.parent, config.dataset.base_dir / "csv")
    log.info('curves: tensorboard --logdir "%s"', paths.events.parent.parent)
