"""Reads the results of a BASE_DIR, and sorts those of a study by approach and run.

Results may come from strangers: one that does not fit is named with its reason and left out.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.files.models import read_model
from common.files.zips import file_status
from common.labels.maps import LabelMap
from common.results.result import SPLITS, Result
from common.results.summary import rank

# A result of the study has about 200 KB; each is in memory while the report is made.
_LARGEST_BYTES = 16_000_000
_MOST_RESULTS = 5_000


@dataclass(frozen=True)
class Damaged:
    """A result file that is left out, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Approach:
    """All finished models of one approach, or of one series of a method with generations.

    Attributes:
        name: For people, for example "subset" or "IM n2 gen0".
        runs: Results by run number, in the order of their index.
    """

    name: str
    runs: dict[int, list[Result]] = field(hash=False)

    @property
    def results(self) -> list[Result]:
        """Results of all runs."""
        return [result for run in self.runs.values() for result in run]

    @property
    def best(self) -> Result:
        """The result with the highest mIoU_val."""
        return rank(self.results)[0]

    @property
    def label_map(self) -> LabelMap:
        """The classes of its best model."""
        return self.best.label_map


@dataclass(frozen=True)
class Results:
    """What there is in BASE_DIR/models.

    Attributes:
        approaches: Sorted by mean mIoU_val, lowest first; of a method with several series only the best of them.
        series: All series of models; for the others the same as `approaches`.
        damaged: Files that are left out.
        under_way: Names of models whose training has begun and not ended.
    """

    approaches: tuple[Approach, ...]
    series: tuple[Approach, ...]
    damaged: tuple[Damaged, ...]
    under_way: tuple[str, ...]

    @property
    def all(self) -> list[Result]:
        """Every result."""
        return [result for series in self.series for result in series.results]


def read_result(path: Path) -> Result:
    """Reads one result.

    Raises:
        DataError: If the file is missing or too large, a value does not fit, or the model has another name; names it.
    """
    if (size := file_status(path).st_size) > _LARGEST_BYTES:
        raise DataError(f"{path}: has {size:,} bytes, a result has at most {_LARGEST_BYTES:,}")
    result = read_model(path, Result)
    if result.model != path.stem:
        raise DataError(f"{path}: is the result of {result.model[:80]}; its name must be that of the model")
    return result


def find_result(path: Path) -> Result | None:
    """Reads one result; None if it is missing or damaged, so that the training has to be done again."""
    try:
        return read_result(path)
    except DataError:
        return None


def read_results(base_dir: Path) -> Results:
    """Reads all results of BASE_DIR/models; older ones in BASE_DIR/previous are not read."""
    folder = Path(base_dir) / "models"
    found: dict[tuple[str, str], dict[int, list[Result]]] = {}
    damaged = []
    paths = sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))
    for path in paths[:_MOST_RESULTS]:
        try:
            result = read_result(path)
            if missing := [split for split in SPLITS if split not in result.scores]:
                raise DataError(f"scores.{missing[0]} is missing")
        except DataError as error:
            damaged.append(Damaged(path.name, str(error).removeprefix(f"{path}: ")))
            continue
        found.setdefault((result.approach, result.job.name.part), {}).setdefault(result.run, []).append(result)
    series = [Approach(_title(runs), _in_order(runs)) for runs in found.values()]
    series.sort(key=lambda approach: (_mean_score(approach.results), approach.name))
    best = {one.best.approach: one for one in series}  # the last one of an approach is its best
    approaches = tuple(one for one in series if best[one.best.approach] is one)
    begun = {path.name for path in folder.glob("in_progress/*") if path.is_dir()}
    under_way = sorted(begun - {path.stem for path in folder.glob("*.json")})
    return Results(approaches, tuple(series), tuple(damaged), tuple(under_way))


def _title(runs: dict[int, list[Result]]) -> str:
    return next(iter(runs.values()))[0].job.name.title


def _mean_score(results: list[Result]) -> float:
    return float(np.mean([result.scores["val"].ranking_score for result in results]))


def _in_order(runs: dict[int, list[Result]]) -> dict[int, list[Result]]:
    return {run: sorted(runs[run], key=lambda result: result.index) for run in sorted(runs)}
