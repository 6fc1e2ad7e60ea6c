"""The files of a whole approach below BASE_DIR: its tables, the links of its best models, and where older ones go.

Tables and links are derived from the result JSONs and can be made again. Nothing is deleted but such links.
"""

import logging

from common.files.disk import link_or_copy, write_text
from common.files.targets import unused_path
from common.results.paths import read_result_file
from common.results.summary import SPLITS, rank
from common.results.tables import classes_csv, results_csv

log = logging.getLogger(__name__)


def put_older_results_away(jobs):
    """Moves everything of an approach aside if a model of it came from other settings or inputs; nothing is mixed.

    A model that is only missing or damaged is no reason: it is trained again, and the others stay.
    """
    base_dir, approach = jobs[0].paths.base_dir, jobs[0].approach
    results = [(job, read_result_file(job.paths.result)) for job in jobs]
    if not any(result is not None and result["identity"] != job.identity for job, result in results):
        return
    target = unused_path(base_dir / "previous" / approach)
    prefix = jobs[0].model.rsplit("_", 2)[0]
    found = [path for path in (base_dir / "models").glob(f"{prefix}_*") if _is_of(path, prefix)]
    found += [
        path for kind in ("results", "classes") for path in (base_dir / "csv").glob(f"{kind}_{prefix}_[0-9]*.csv")
    ]
    found += [folder for split in SPLITS if (folder := base_dir / f"{split}_predictions" / approach).is_dir()]
    found += [folder for folder in [jobs[0].paths.events.parent] if folder.is_dir()]
    for path in found:
        place = target / path.relative_to(base_dir)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.rename(place)
    log.warning("settings or inputs have changed: the earlier results of %s are now in %s", approach, target)


def _is_of(path, prefix):
    """Tells whether a file is of this approach and not of one whose name goes on, as subset and subset_aug."""
    return path.name.removeprefix(f"{prefix}_").split("_")[0].isdigit()


def write_ranking(results, base_dir, top_ks):
    """Writes the CSV files of one run and links its best models under their rank.

    Args:
        results: Result JSONs of the run.
        base_dir: BASE_DIR.
        top_ks: How many of the best get a link; links of others are removed.
    """
    run = results[0]["model"].rsplit("_", 1)[0]
    write_text(base_dir / "csv" / f"results_{run}.csv", results_csv(results))
    write_text(base_dir / "csv" / f"classes_{run}.csv", classes_csv(results))
    models = base_dir / "models"
    kept = {}
    for place, result in enumerate(rank(results)[:top_ks], start=1):
        kept[models / f"{run}_topK_{place}.keras"] = models / f"{result['model']}.keras"
    for link in models.glob(f"{run}_topK_*.keras"):
        if link not in kept and link.stem.rsplit("_", 1)[1].isdigit():
            link.unlink()
    for link, model in kept.items():
        if not (link.exists() and link.samefile(model)):
            link_or_copy(model, link)
