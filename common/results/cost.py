"""What trainings cost, from those that were measured: seconds of an image and step."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.dataset.prepared.stages import read_manifest
from common.errors import ProjectError
from common.results.job import Job
from common.results.result import Result
from common.text import count


@dataclass(frozen=True)
class Rate:
    """How fast a training was.

    Attributes:
        model: Whose training was measured.
        seconds: Of one image in one step, for a network of width 1.
    """

    model: str
    seconds: float

    def hours(self, image_passes: float, width: float) -> float:
        """Estimates a training; arithmetic, and so time, grows with the square of the width."""
        return self.seconds * image_passes * width**2 / 3600


def hours_in_words(hours: float) -> str:
    """Writes an estimate: "12.3 hours" or, below an hour, "5 minutes"."""
    return f"{hours:,.1f} hours" if hours >= 1 else count(max(1, round(60 * hours)), "minute")


def image_passes(job: Job, images: int) -> int:
    """Counts the images of all steps of a training."""
    recipe = job.training
    return recipe.num_epochs * recipe.steps_per_epoch(images) * recipe.images_per_step(images)


def measured_rate(results: Iterable[Result], like: Job) -> Rate | None:
    """Finds the rate of the newest training on labels of people with images of the same size; None if there is none."""
    best: tuple[float, Rate] | None = None
    for result in results:
        job = result.job
        if job.size_wh != like.size_wh or job.pseudo is not None or job.consistency is not None:
            continue
        images = _images(job)
        # The median, because the first epoch also compiles the network.
        epochs = [float(epoch["seconds"]) for epoch in result.history if "seconds" in epoch]
        when = _written(job)
        if images and epochs and when is not None and (best is None or when > best[0]):
            of_epoch = image_passes(job, images) / job.training.num_epochs
            best = when, Rate(result.model, statistics.median(epochs) / of_epoch / job.network.alpha**2)
    return best[1] if best else None


def _images(job: Job) -> int:
    """Counts the training images; 0 if their folder is gone."""
    try:
        manifests = [read_manifest(Path(job.base_dir) / key.name) for key in job.train]
    except ProjectError:
        return 0
    return sum(len(manifest.names("images")) for manifest in manifests if manifest)


def _written(job: Job) -> float | None:
    try:
        return job.paths.result.stat().st_mtime
    except OSError:
        return None
