"""How well each class is found."""

from collections.abc import Iterable, Mapping

import numpy as np

from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import class_metrics
from common.report.charts.bars import class_chart
from common.report.content import Figure, Section, Table
from common.report.material import Material
from common.results.summary import ClassRow, Spread, per_class


def class_section(material: Material) -> Section | None:
    """Makes the section of the classes; None if there are no models."""
    if not material.scores:
        return None
    approaches = material.results.approaches
    rows = {approach.name: per_class(list(approach.runs.values())) for approach in approaches}
    figures = [_figure(rows, metric, material.split) for metric in class_metrics()]
    found = [figure for figure in figures if figure is not None]
    sentence = "A bar is the mean over the models of an approach, its line their standard deviation."
    # Of a second metric the numbers are enough.
    blocks: tuple[Table | Figure, ...] = (
        *found[:1],
        *(figure.table for figure in found[1:] if figure.table is not None),
    )
    return Section("classes", "Classes", (sentence,), blocks)


def _figure(rows: Mapping[str, Iterable[ClassRow]], metric: Metric, split: str) -> Figure | None:
    values = {
        name: {row.name: found for row in lines if (found := row.values[metric.key].get(split)) is not None}
        for name, lines in rows.items()
    }
    names = _best_first(values.values())
    if not names:
        return None
    title = f"IoU of each class on {split}, {metric.definition}"
    cells = tuple((name, *(_cell(found.get(name)) for found in values.values())) for name in names)
    table = Table(title, ("class", *rows), cells, "Mean ± standard deviation over models.", folded=True)
    return Figure(title, (class_chart(title, names, values),), table, legend=tuple(enumerate(rows)))


def _best_first(values: Iterable[Mapping[str, Spread]]) -> list[str]:
    found: dict[str, list[float]] = {}
    for by_name in values:
        for name, spread in by_name.items():
            found.setdefault(name, []).append(spread.mean)
    return sorted(found, key=lambda name: -float(np.mean(found[name])))


def _cell(found: Spread | None) -> str:
    if found is None:
        return "–"
    return f"{found.mean:.3f}" + ("" if found.deviation is None else f" ± {found.deviation:.3f}")
