"""The files of a whole approach below BASE_DIR: its tables, the links of its best models, and where older ones go.

Tables and links are derived from the results and can be made again. Nothing else is deleted but such links.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.files.disk import link_or_copy, write_text
from common.files.targets import unused_path
from common.results.job import Job
from common.results.reading import find_result
from common.results.result import SPLITS, Result
from common.results.summary import rank
from common.results.tables import classes_csv, results_csv

log = logging.getLogger(__name__)


def put_older_results_away(jobs: Sequence[Job]) -> None:
    """Moves all files of an approach aside if one of its models came from other settings or inputs; nothing is mixed.

    If a model is only missing or damaged, nothing is moved: it is trained again, and the others stay.
    """
    base_dir, approach = jobs[0].paths.base_dir, jobs[0].name.approach
    results = [(job, find_result(job.paths.result)) for job in jobs]
    if not any(result is not None and result.identity != job.identity for job, result in results):
        return
    target = unused_path(base_dir / "previous" / approach)
    for path in list(_files_of(jobs[0])):
        place = target / path.relative_to(base_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    log.warning("settings or inputs have changed: the earlier results of %s are now in %s", approach, target)


def _files_of(job: Job) -> Iterator[Path]:
    """Finds all files of a job's approach, also those of runs that are not asked for any more."""
    base_dir, series = job.paths.base_dir, job.name.series
    yield from (path for path in (base_dir / "models").glob(f"{series}_*") if _is_of(path, series))
    for kind in ("results", "classes"):
        yield from (base_dir / "csv").glob(f"{kind}_{series}_[0-9]*.csv")
    folders = [job.paths.predictions(split).parent for split in SPLITS] + [job.paths.events.parent]
    yield from (folder for folder in folders if folder.is_dir())


def _is_of(path: Path, series: str) -> bool:
    """Tells a file of `subset` from one of `subset_aug`: behind the name of the series follows the number of a run."""
    return path.name.removeprefix(f"{series}_").split("_")[0].isdigit()


def write_ranking(results: Sequence[Result], base_dir: Path, top_ks: int) -> None:
    """Writes the CSV files of one run and links its `top_ks` best models under their rank; removes other such links."""
    run = results[0].job.name.of_run
    write_text(base_dir / "csv" / f"results_{run}.csv", results_csv(results))
    write_text(base_dir / "csv" / f"classes_{run}.csv", classes_csv(results))
    models = base_dir / "models"
    kept = {
        models / f"{run}_topK_{place}.keras": models / f"{result.model}.keras"
        for place, result in enumerate(rank(results)[:top_ks], start=1)
    }
    for link in models.glob(f"{run}_topK_*.keras"):
        if link not in kept and link.stem.removeprefix(f"{run}_topK_").isdigit():
            link.unlink()
    for link, model in kept.items():
        if not (link.exists() and link.samefile(model)):
            link_or_copy(model, link)
