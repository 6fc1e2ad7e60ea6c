"""The result JSONs of a study, by approach and run; the rest of the report sees nothing else of them.

Assumes files as the training processes write them, named `<DATASET>_<approach>_<run>_<index>.json`. They may come from
strangers or an older version: each is checked and copied key by key, what does not fit is named with its reason and
left out. Names of models and approaches serve as parts of paths only after they were held against the file's name.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.config.settings import all_choices
from common.errors import DataError
from common.evaluation.metrics import confusion as pooled_metric
from common.files.disk import read_json
from common.labels.cityscapes import IGNORE
from common.labels.maps import LabelMap, study_label_map
from common.results.summary import SPLITS, rank

# A result of the study has about 200 KB; each is in memory while the report is made.
_LARGEST_BYTES = 16_000_000
_MOST_RESULTS = 5_000
# Far above any second, loss or score; what is larger breaks scales.
_LARGEST_NUMBER = 1e12
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True)
class Damaged:
    """A result file that is left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Approach:
    """All finished models of one approach.

    Attributes:
        name: As in file names.
        runs: Result JSONs by run number, in the order of their index.
    """

    name: str
    runs: dict[int, list] = field(hash=False)

    @property
    def results(self):
        """Result JSONs of all runs."""
        return [result for run in self.runs.values() for result in run]

    @property
    def best(self):
        """The result JSON with the highest mIoU_val."""
        return rank(self.results)[0]

    @property
    def label_map(self):
        """The classes of its best model."""
        return label_map_of(self.best)


@dataclass(frozen=True)
class Results:
    """What there is in BASE_DIR/models.

    Attributes:
        approaches: Sorted by mean mIoU_val, lowest first, as a study tells its story.
        damaged: Files that are left out.
        under_way: Names of models whose training has begun and not ended.
    """

    approaches: tuple[Approach, ...]
    damaged: tuple[Damaged, ...]
    under_way: tuple[str, ...]

    @property
    def all(self):
        """Every result JSON."""
        return [result for approach in self.approaches for result in approach.results]


def read_results(base_dir):
    """Reads all result JSONs of BASE_DIR/models; older ones in BASE_DIR/previous are not looked at.

    Returns:
        A `Results`.
    """
    folder = Path(base_dir) / "models"
    found, damaged = {}, []
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    for path in paths[:_MOST_RESULTS]:
        try:
            result = _read(path)
        except DataError as error:
            damaged.append(Damaged(path.name, str(error)))
            continue
        found.setdefault(result["approach"], {}).setdefault(result["run"], []).append(result)
    approaches = [Approach(name, _in_order(runs)) for name, runs in found.items()]
    approaches.sort(key=lambda approach: (mean_score(approach.results, "val"), approach.name))
    return Results(tuple(approaches), tuple(damaged), _find_under_way(folder))


def label_map_of(result):
    """The `LabelMap` of a result."""
    described = result["job"].get("label_map")
    return study_label_map() if described is None else LabelMap.from_json(described)


def mean_score(results, split):
    """Averages mIoU by the paper metric over models."""
    return float(np.mean([result["scores"][split]["mIoU"] for result in results]))


def _in_order(runs):
    return {run: sorted(runs[run], key=lambda result: result["index"]) for run in sorted(runs)}


def _find_under_way(folder):
    work = folder / "in_progress"
    done = {path.stem for path in folder.glob("*.json")}
    names = [path.name for path in work.iterdir() if path.is_dir()] if work.is_dir() else []
    return tuple(sorted(name for name in names if name not in done))


def _read(path):
    """Reads and checks one result; raises DataError with a reason that needs no path."""
    if path.stat().st_size > _LARGEST_BYTES:
        raise DataError(f"has {path.stat().st_size:,} bytes, at most {_LARGEST_BYTES:,} were expected of a result")
    try:
        content = read_json(path)
    except DataError as error:
        raise DataError(str(error).removeprefix(f"{path}: ")) from error
    try:
        return _checked(content, path.stem)
    except _WRONG as error:
        raise DataError(f"is no result of a training ({type(error).__name__}: {str(error)[:120]})") from error


def _checked(content, stem):
    """Copies what the report uses; raises one of `_WRONG` for what is missing or of another kind."""
    approach = content["approach"]
    rest, run, index = stem.rsplit("_", 2)
    if not (_PLAIN_NAME.fullmatch(approach) and rest.endswith(f"_{approach}") and run.isdigit() and index.isdigit()):
        raise ValueError(f"the approach {approach!r} does not fit the file's name")
    job = {key: content["job"][key] for key in ("network", "training", "seed_of_split")}
    job["train"] = _pair(content["job"]["train"])
    job["report_on"] = tuple(map(_pair, content["job"]["report_on"]))
    job["label_map"] = content["job"].get("label_map")
    job["network"] = _plain_values(job["network"])
    job["training"] = all_choices(_plain_values(job["training"]))
    usual = {"recipe": "paper", "variant": "", "preparation": "study"}
    job |= {key: str(content["job"].get(key, value)) for key, value in usual.items()}
    result = {
        "model": stem,
        "approach": approach,
        "run": int(run),
        "index": int(index),
        "job": job,
        "best_epoch": int(content["best_epoch"]),
        "history": [_numbers(entry) for entry in content["history"]],
        "seconds": _numbers(content["seconds"]),
        "precision": str(content["precision"]),
        "peak_memory_mb": content.get("peak_memory_mb"),
        "versions": {str(key): str(value) for key, value in content["versions"].items()},
        "predictions": [split for split in content["predictions"] if split in SPLITS],
    }
    label_map = label_map_of(result)
    _check_label_map(label_map)
    scores = content["scores"]
    result["scores"] = {split: _scores(scores[split], label_map) for split in SPLITS}
    return result


def _check_label_map(label_map):
    colors = [value for color in label_map.colors for value in color]
    whole = len(colors) == 3 * len(label_map) and all(value in range(256) for value in colors)
    if not (whole and 0 < len(label_map) < IGNORE and all(isinstance(name, str) for name in label_map.names)):
        raise ValueError("the label map is not made of names and colours")


def _scores(scores, label_map):
    confusion = np.array(scores["confusion"], np.int64)
    if confusion.shape != (len(label_map),) * 2 or confusion.min() < 0:
        raise ValueError(f"the confusion matrix has the shape {confusion.shape} for {len(label_map)} classes")
    # Results of older versions have no class_IoU.
    class_iou = scores.get("class_IoU") or dict(
        zip(label_map.names, pooled_metric.class_iou(confusion), strict=True),
    )
    official = scores.get("official_IoU")
    return {
        "mIoU": _number(scores["mIoU"]),
        "mPA": _number(scores["mPA"]),
        "official_mIoU": _number_or_none(scores.get("official_mIoU")),
        "official_IoU": None if official is None else _by_name(official),
        "class_IoU": _by_name(class_iou),
        "images": {str(name): [_number_or_none(value) for value in pair] for name, pair in scores["images"].items()},
        "confusion": confusion,
    }


def _by_name(values):
    return {str(name): _number_or_none(value) for name, value in values.items()}


def _number(value):
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST_NUMBER:
        raise ValueError(f"found {str(value)[:40]!r}, expected a number of usual size")
    return float(value)


def _number_or_none(value):
    return None if value is None else _number(value)


def _numbers(values):
    return {str(key): _number(value) for key, value in values.items() if value is not None}


def _pair(values):
    name, fingerprint = values
    return str(name), str(fingerprint)


def _plain_values(values):
    """Copies what is a value or a list of numbers."""
    return {str(key): value for key, value in values.items() if _is_plain(value) or _is_numbers(value)}


def _is_plain(value):
    return isinstance(value, int | float | str | bool)


def _is_numbers(value):
    return isinstance(value, list) and len(value) < 10 and all(isinstance(one, int | float) for one in value)
