"""How many optimiser steps a training had, and whether approaches differ in them: more steps alone raise scores."""

import statistics
from collections.abc import Iterable

from common.report.folders import Folder
from common.results.reading import Approach
from common.results.result import Result

_MANY_TIMES = 2


def training_steps(result: Result, folders: dict[str, Folder]) -> int | None:
    """Counts the steps of a training; None if that cannot be known any more."""
    recorded = [entry.get("steps") for entry in result.history]
    known = [int(steps) for steps in recorded if steps is not None]
    if known and len(known) == len(recorded):
        return sum(known)
    job, recipe = result.job, result.job.training
    if job.consistency is not None:  # step 05 counts in epochs of two kinds of images
        return None
    if recipe.num_steps:
        return recipe.num_steps
    splits = [folders.get(key.name) for key in job.train]
    if job.pseudo is not None or None in splits:
        return None
    return recipe.num_epochs * recipe.steps_per_epoch(sum(folder.frames for folder in splits if folder is not None))


def images_per_second(result: Result, folders: dict[str, Folder]) -> float | None:
    """Computes how many images a second a training took, without the scoring on val; None if that is not known."""
    job, recipe = result.job, result.job.training
    seconds = [float(entry["seconds"]) for entry in result.history if "seconds" in entry]
    steps = training_steps(result, folders)
    if job.consistency is not None or steps is None or not seconds or not statistics.median(seconds):
        return None
    frames = sum(folder.frames for key in job.train if (folder := folders.get(key.name)) is not None)
    batch = recipe.images_per_step(frames) if frames else recipe.batch_size
    # The median, because the first epoch also compiles the network.
    return steps / recipe.num_epochs * batch / statistics.median(seconds)


def steps_of_approaches(approaches: Iterable[Approach], folders: dict[str, Folder]) -> dict[str, int]:
    """Counts the steps of a training of each approach, by its best model; approaches without a number are left out."""
    found = {approach.name: training_steps(approach.best, folders) for approach in approaches}
    return {name: steps for name, steps in found.items() if steps is not None}


def differ_in_steps(steps: Iterable[int]) -> bool:
    """Tells whether some approaches had so many more steps than others that scores cannot be compared without it."""
    numbers = list(steps)
    return bool(numbers) and max(numbers) >= _MANY_TIMES * min(numbers)


def unequal_steps(steps: dict[str, int]) -> str:
    """Says which approaches had far more steps than others, in one sentence; "" if none had."""
    if not differ_in_steps(steps.values()):
        return ""
    listed = ", ".join(f"{name} {number:,}" for name, number in sorted(steps.items(), key=lambda item: item[1]))
    return (
        f"Optimiser steps of a training differ: {listed}. A part of the differences may be steps alone; NUM_STEPS "
        "with a VARIANT gives an approach as many as another has."
    )
