"""How the trainings went: a curve of each model, against epochs and against optimiser steps."""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from common.report.charts.curves import Curve, curve_panels
from common.report.content import Figure, Section, Table, number
from common.report.material import Material
from common.report.steps import training_steps
from common.results.result import Result

Curves = dict[str, list[Curve]]


def curve_section(material: Material) -> Section | None:
    """Makes the section of the learning curves; None if there are no models."""
    if not material.scores:
        return None
    figures = tuple(figure for figure in _figures(material) if figure is not None)
    sentences = (
        "A thin line is a model, the thick line is their mean; all panels of a row have the same scale. Recipes count "
        "epochs of different length: against steps they can be compared.",
    )
    views = ("epochs", "steps") if any(figure.views for figure in figures) else ()
    return Section("curves", "Learning curves", sentences, figures, views=views)


def _figures(material: Material) -> Iterator[Figure | None]:
    recorded = {key for result in material.results.all for entry in result.history for key in entry}
    metrics = [metric for metric in material.metrics if f"{metric.key}_val" in recorded]
    for metric in metrics:
        title = f"{metric.quantity} on val after each epoch, {metric.definition}"
        by = material.metric_of(metric) if len(metrics) > 1 else ""
        yield _figure(material, f"{metric.key}_val", title, by)
    yield _figure(material, "loss", "Training loss of each epoch")
    yield _figure(material, "loss_val", "Loss on val after each epoch")
    yield _figure(material, "learning_rate", "Learning rate after each epoch", folded=True)


def _figure(material: Material, key: str, title: str, metric: str = "", folded: bool = False) -> Figure | None:
    approaches = {approach.name: approach.results for approach in material.results.approaches}
    by_epoch = {name: [_by_epoch(result, key) for result in results] for name, results in approaches.items()}
    by_step = {name: [_by_step(material, result, key) for result in results] for name, results in approaches.items()}
    panels = curve_panels(title, by_epoch)
    if not panels:
        return None
    more = curve_panels(title, by_step, "step")
    views = (1,) * len(panels) + (2,) * len(more) if more else ()
    return Figure(title, (*panels, *more), _table(title, by_epoch), folded=folded, metric=metric, views=views)


def _by_epoch(result: Result, key: str) -> Curve:
    return [(int(entry["epoch"]) + 1, entry[key]) for entry in result.history if key in entry and "epoch" in entry]


def _by_step(material: Material, result: Result, key: str) -> Curve:
    """Counts the steps up to each epoch; empty if they are not known."""
    epochs = result.job.training.num_epochs
    steps = training_steps(result, material.folders)
    return [] if steps is None else [(round(epoch * steps / epochs), value) for epoch, value in _by_epoch(result, key)]


def _table(title: str, curves: Mapping[str, Sequence[Curve]]) -> Table:
    by_epoch = {name: [dict(curve) for curve in lines] for name, lines in curves.items()}
    longest = max((epoch for lines in by_epoch.values() for line in lines for epoch in line), default=0)
    rows = []
    for epoch in range(1, longest + 1):
        cells = []
        for lines in by_epoch.values():
            values = [line[epoch] for line in lines if epoch in line]
            cells.append(number(statistics.fmean(values) if values else None, 5 if "rate" in title else 3))
        rows.append((str(epoch), *cells))
    return Table(title, ("epoch", *curves), tuple(rows), "Mean over models.", folded=True)
