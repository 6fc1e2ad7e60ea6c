"""The files of a whole approach below BASE_DIR: its tables, the links of its best models, and where older ones go.

Tables and links are derived from the results and can be made again. Nothing else is deleted but such links.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.files.disk import link_or_copy, write_text
from common.files.targets import unused_path
from common.results.job import Job
from common.results.paths import ModelName, ModelPaths
from common.results.reading import find_result
from common.results.result import SPLITS, Result
from common.results.summary import rank
from common.results.tables import classes_csv, results_csv

log = logging.getLogger(__name__)


def put_older_results_away(jobs: Sequence[Job], later: Sequence[ModelName] = ()) -> None:
    """Moves all files of a series of models aside if one of them came from other settings or inputs; nothing is mixed.

    If a model is only missing or damaged, nothing is moved: it is trained again, and the others stay.

    Args:
        jobs: All jobs of the series. Without a part in their names, the files of other runs are moved too.
        later: A name of each series that was made from this one, which is moved with it.
    """
    results = [(job, find_result(job.paths.result)) for job in jobs]
    if not any(result is not None and result.identity != job.identity for job, result in results):
        return
    base_dir, name = jobs[0].paths.base_dir, jobs[0].name
    title = "_".join(part for part in (name.approach, name.part) if part)
    target = unused_path(base_dir / "previous" / title)
    for path in [path for one in (name, *later) for path in _files_of(base_dir, one)]:
        place = target / path.relative_to(base_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    log.warning("settings or inputs have changed: the earlier results of %s are now in %s", title, target)


def _files_of(base_dir: Path, name: ModelName) -> Iterator[Path]:
    """Finds all files of a series of models; without a part, also those of runs that are not asked for any more."""
    run = rf"{name.run}_{re.escape(name.part)}" if name.part else r"\d+"
    begin = rf"{re.escape(name.series)}_{run}"
    model = re.compile(rf"{begin}_(topK_)?\d+(\..*)?")
    table = re.compile(rf"[a-z_]+_{begin}\.csv")
    paths = ModelPaths(base_dir, name)
    of_models = [base_dir / "models", *(paths.predictions(split).parent for split in SPLITS), paths.events.parent]
    for folder, pattern in [*((folder, model) for folder in of_models), (base_dir / "csv", table)]:
        if folder.is_dir():
            yield from sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


def write_ranking(results: Sequence[Result], base_dir: Path, top_ks: int) -> None:
    """Writes the CSV files of one run and links its `top_ks` best models under their rank; removes other such links."""
    name = results[0].job.name
    run, paths = name.of_run, ModelPaths(base_dir, name)
    write_text(base_dir / "csv" / f"results_{run}.csv", results_csv(results))
    write_text(base_dir / "csv" / f"classes_{run}.csv", classes_csv(results))
    models = base_dir / "models"
    kept = {
        paths.ranked(place): models / f"{result.model}.keras"
        for place, result in enumerate(rank(results)[:top_ks], start=1)
    }
    for link in models.glob(f"{run}_topK_*.keras"):
        if link not in kept and link.stem.removeprefix(f"{run}_topK_").isdigit():
            link.unlink()
    for link, model in kept.items():
        if not (link.exists() and link.samefile(model)):
            link_or_copy(model, link)
