"""Runs all generations of a semi-supervised method, and shows what came out. Knows no Keras."""

import logging
from collections.abc import Sequence

from common.config.config import Config
from common.dataset.prepared.folders import PreparedDataset
from common.errors import ConfigError, TrainingError
from common.learning.experiments.chain import Chain, Folders
from common.learning.experiments.experiment import MODEL_MB, check_back_end, failure_message
from common.learning.experiments.processes import run_chains
from common.methods.method import Method
from common.results.cost import hours_in_words, image_passes, measured_rate
from common.results.job import SplitKey
from common.results.reading import read_results
from common.results.series_table import series_table
from common.text import count

# Bytes per pixel of a stored image and mask, measured on prepared images of 416x208.
_IMAGE_BYTES, _MASK_BYTES = 1.6, 0.1
log = logging.getLogger(__name__)


def run_method(method: Method, config: Config, dry_run: bool = False) -> None:
    """Trains all generations of a method, in every run and for every number n.

    Raises:
        DataError: If the models that label first are missing; says which step makes them.
        ConfigError: If settings do not fit the method.
        TrainingError: If something failed; the other chains are complete.
    """
    _check(method, config)
    check_back_end()
    dataset = PreparedDataset.of(config.dataset, config.seed)
    folders = Folders.of(method, dataset)
    chains = [
        Chain(method, config, dataset, folders, run, number)
        for run in range(1, config.study.num_runs + 1)
        for number in method.numbers
    ]
    for chain in chains:
        chain.check_start()
    to_do = [chain.trainings_to_do() for chain in chains]
    _announce(chains, to_do)
    if dry_run:
        return
    trainings, evalnets = sum(map(sum, to_do)), _evalnets_to_do(chains)
    total = trainings + evalnets + sum(number > 0 for one in to_do for number in one)
    failures = run_chains(
        [chain.work() for chain in chains],
        config.approach(method.name),
        trainings * config.training.num_epochs + evalnets * config.methods.evalnet_epochs,
        total,
    )
    _show_table(chains)
    if failures:
        raise TrainingError(failure_message(failures, total, len(failures), "processes"))


def _check(method: Method, config: Config) -> None:
    """Refuses settings under which there would be too few teachers."""
    plan, most = config.study, max(method.teachers(number) for number in method.numbers)
    models = config.methods.models_per_generation
    void = config.dataset.label_map.void_classes
    if method.labels == "agreement" and config.methods.im_pixels == "class_0" and 0 not in void:
        raise ConfigError(
            f"IM_PIXELS = class_0: class 0 of LABEL_MAP is {config.dataset.label_map.names[0]}, and pixels without a "
            "label would be trained as that; set IM_PIXELS = ignore"
        )
    whose = "EvalNets" if method.labels == "judged" else "teachers"
    limits = {"TOP_Ks": plan.top_ks, "MODELS_PER_GENERATION": models, "MODELS_PER_RUN": plan.models_per_run}
    if method.labels == "judged":
        del limits["MODELS_PER_RUN"]
    for key, limit in limits.items():
        if limit < most:
            keys = "TEACHERS" if len(method.numbers) > 1 or method.numbers[0] != 2 else ""
            way_out = f" or {keys} = {limit}" if keys and limit > 1 else ""
            raise ConfigError(
                f"{key} = {limit}: {method.step} labels with the best {most} {whose} of a generation; set {key} = "
                f"{most}{way_out}"
            )
    if method.evalnets and models < 2:
        raise ConfigError(f"MODELS_PER_GENERATION = {models}: {method.step} needs 2 EvalNets; set it to 2 or more")


def _announce(chains: Sequence[Chain], to_do: Sequence[Sequence[int]]) -> None:
    """Says how much there is to do, how long it may take by what was measured here, and how much room it needs."""
    first = chains[0]
    config, method = first.config, first.method
    plan, name = config.methods, config.approach(method.name)
    total, left = len(chains) * plan.num_generations * plan.models_per_generation, sum(map(sum, to_do))
    of_n = "" if len(method.numbers) == 1 else f" x n = {', '.join(map(str, method.numbers))}"
    labeled, unlabeled = len(first.folders.labeled), len(first.folders.unlabeled)
    log.info(
        f"{name}: {count(config.study.num_runs, 'run')}{of_n} x {count(plan.num_generations, 'generation')} of "
        f"{count(plan.models_per_generation, 'model')}: {total} trainings, {left} to do; {labeled:,} labelled and "
        f"{unlabeled:,} pseudo-labelled images of {'x'.join(map(str, config.dataset.size_wh))}, by the recipe "
        f"{config.recipe}"
    )
    if evalnets := _evalnets_to_do(chains):
        log.info("%s to train before that", count(evalnets, "EvalNet"))
    if left:
        log.info("%s", _time_needed(chains, to_do))
    width, height = config.dataset.size_wh
    folders = total // plan.models_per_generation
    factors = [plan.growth(number).width if method.grows else 1.0 for number in first.generations]
    models = sum(MODEL_MB * (config.network.alpha * factor) ** 2 for factor in factors) * total / len(factors)
    room = models + folders * unlabeled * width * height * _bytes(first) / 1e6
    predicted = ", ".join(config.study.save_predictions)
    log.info("about %s MB on disk%s", f"{room:,.0f}", f", predictions on {predicted} not counted" if predicted else "")


def _evalnets_to_do(chains: Sequence[Chain]) -> int:
    return sum(one.evalnets_to_do() for one in {chain.run: chain for chain in chains}.values())


def _bytes(chain: Chain) -> float:
    """Tells the bytes per pixel of a frame with its pseudo-label; images are links unless they are blacked out."""
    blacked = chain.method.labels == "agreement" and chain.config.methods.block_input
    return _IMAGE_BYTES + _MASK_BYTES if blacked and chain.config.methods.keep_pseudo_labels else _MASK_BYTES


def _time_needed(chains: Sequence[Chain], to_do: Sequence[Sequence[int]]) -> str:
    """Estimates the hours of what is to do, by the last measured rate."""
    first = chains[0]
    images = first.most_pairs()
    job = first.jobs(0, SplitKey("", ""), images)[0]
    rate = measured_rate(read_results(first.config.dataset.base_dir).all, job)
    if rate is None:
        return "no training was measured here yet, so its time is not known"
    hours = 0.0
    for chain, trainings in zip(chains, to_do, strict=True):
        for generation in chain.generations:
            growth = chain.config.methods.growth(generation)
            width = chain.config.network.alpha * (growth.width if chain.method.grows else 1)
            hours += trainings[generation] * rate.hours(image_passes(job, images), width)
    at_least = "at least " if first.method.copies == "judged" else ""
    return (
        f"{at_least}about {hours_in_words(hours)}, one training at a time, by the rate of {rate.model} "
        f"({1000 * rate.seconds:.3g} ms an image and step)"
    )


def _show_table(chains: Sequence[Chain]) -> None:
    """Shows scores by generation."""
    base_dir = chains[0].config.dataset.base_dir
    for number in chains[0].method.numbers:
        of_number = [chain for chain in chains if chain.number == number]
        rows = [
            (f"generation {generation}", [result for chain in of_number for result in chain.results(generation)])
            for generation in chains[0].generations
        ]
        rows = [(title, results) for title, results in rows if results]
        if not rows:
            continue
        title = rows[-1][1][0].job.name.title.rsplit(" gen", 1)[0]
        log.info("\n%s: mean of mIoU by the paper metric ± standard deviation over models", title)
        for line in series_table(rows):
            log.info("%s", line)
    log.info("models: %s   tables: %s", base_dir / "models", base_dir / "csv")
