"""What the sections of a report are made from: results, scores, prepared folders, and what config.ini asks for."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from common.config.settings import StudyPlan
from common.evaluation.metrics.intervals import Difference
from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING, leading_metrics
from common.report.folders import Folder, read_folders
from common.report.reference import study_value
from common.report.steps import steps_of_approaches
from common.results.reading import Results, read_results
from common.results.result import Result
from common.results.samples import Sample, compare_samples, same_images, sample
from common.results.summary import Row, Spread, summarize

# The split that decides nothing while training.
HEADLINE = "test"
_RANKED = re.compile(r"_topK_(\d+)\.keras$")


@dataclass(frozen=True)
class Scores:
    """The summary of one approach."""

    name: str
    results: list[Result] = field(hash=False)
    rows: tuple[Row, ...] = field(hash=False)

    def first(self, metric: Metric) -> dict[str, Spread]:
        """Gives the first row of a metric, over all models, by split; splits without a value are left out."""
        values = next((row.values for row in self.rows if row.metric == metric), {})
        return {split: spread for split, spread in values.items() if spread is not None}

    @property
    def paper(self) -> dict[str, Spread]:
        """mIoU by the paper metric, by split."""
        return self.first(RANKING)


@dataclass(frozen=True)
class Material:
    """What a report is made from; every section takes what it needs.

    Attributes:
        plan: What config.ini asks for; None if it is not known.
        frames: How many frames the gallery shows at most.
        folders: Prepared folders by name.
        scores: By approach, in the order of the report.
        study_values: The study's value by approach, where it can be compared.
        differences: What differs from the study, by approach, for the others.
        metrics: Those the page can be turned to, the paper metric first.
        samples: By key of these metrics and approach, on the split the report is about.
        steps: Optimiser steps of a training by approach, where they are known.
        split: The split the report is about.
    """

    base_dir: Path
    plan: StudyPlan | None
    frames: int
    results: Results = field(hash=False)
    folders: dict[str, Folder] = field(hash=False)
    scores: dict[str, Scores] = field(hash=False)
    study_values: dict[str, float] = field(hash=False)
    differences: dict[str, tuple[str, ...]] = field(hash=False)
    metrics: tuple[Metric, ...] = field(hash=False)
    samples: dict[str, dict[str, Sample]] = field(hash=False)
    steps: dict[str, int] = field(hash=False)
    split: str = HEADLINE

    def metric_of(self, metric: Metric) -> str:
        """Gives the key that ties a part of the page to a metric; "" if the page cannot be turned from it."""
        return metric.key if len(self.metrics) > 1 and metric in self.metrics else ""

    def difference(self, metric: Metric, first: str, second: str) -> Difference | None:
        """Compares two approaches on the split by one of `metrics`; None if they share no frames or have no score."""
        samples = self.samples[metric.key]
        if not same_images([*self.scores[first].results, *self.scores[second].results], self.split):
            return None
        found = compare_samples(samples[first], samples[second])
        return None if found.mean is None else found


def read_material(base_dir: Path, frames: int, plan: StudyPlan | None) -> Material:
    """Reads what is in BASE_DIR; for the arguments see `Material`."""
    results, folders = read_results(base_dir), read_folders(base_dir)
    top_ks = plan.top_ks if plan is not None else _find_top_ks(base_dir)
    scores = {
        approach.name: Scores(approach.name, approach.results, summarize(list(approach.runs.values()), top_ks))
        for approach in results.approaches
    }
    compared = {approach.name: study_value(approach, folders) for approach in results.approaches}
    study_values = {name: value for name, (value, _) in compared.items() if value is not None}
    differences = {name: found for name, (value, found) in compared.items() if value is None}
    steps = steps_of_approaches(results.approaches, folders)
    shown = _switchable(scores)
    samples = {
        metric.key: {name: sample(entry.results, metric, HEADLINE) for name, entry in scores.items()}
        for metric in shown
    }
    return Material(base_dir, plan, frames, results, folders, scores, study_values, differences, shown, samples, steps)


def _switchable(scores: dict[str, Scores]) -> tuple[Metric, ...]:
    """Chooses the metrics the page can be turned to: of the first rank with scores on HEADLINE, or the next one."""
    found = [
        metric for metric in leading_metrics() if any(HEADLINE in entry.first(metric) for entry in scores.values())
    ]
    shown = [metric for metric in found if not metric.in_detail]
    return tuple(shown if len(shown) > 1 else found[:2])


def _find_top_ks(base_dir: Path) -> int:
    """Tells how many of the best models the steps kept, from the links they made; 1 if there are none."""
    found = [_RANKED.search(path.name) for path in (base_dir / "models").glob("*_topK_*.keras")]
    return max((int(rank[1][:4]) for rank in found if rank), default=1)
