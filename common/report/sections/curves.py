"""How the trainings went: a curve of each model."""

import statistics
from typing import Any

from common.report.charts.curves import curve_panels
from common.report.content import Figure, Section, Table, number
from common.report.material import Material

_CURVES = {"mIoU_val": "mIoU_val after each epoch, paper metric", "loss": "Training loss of each epoch"}


def curve_section(material: Material) -> Section | None:
    """Makes the section of the learning curves; None if there are no models."""
    if not material.scores:
        return None
    histories = {
        approach.name: [result.history for result in approach.results] for approach in material.results.approaches
    }
    figures = [
        Figure(title, panels, _curve_table(title, histories, key))
        for key, title in _CURVES.items()
        if (panels := curve_panels(title, histories, key))
    ]
    sentence = "A thin line is a model, the thick line is their mean; all panels of a row have the same scale."
    return Section("curves", "Learning curves", (sentence,), tuple(figures))


def _curve_table(title: str, histories: dict[str, list[list[dict[str, Any]]]], key: str) -> Table:
    longest = max(len(history) for lines in histories.values() for history in lines)
    rows = []
    for epoch in range(longest):
        cells = []
        for lines in histories.values():
            values = [line[epoch][key] for line in lines if epoch < len(line) and key in line[epoch]]
            cells.append(number(statistics.fmean(values) if values else None))
        rows.append((str(epoch + 1), *cells))
    return Table(title, ("epoch", *histories), tuple(rows), "Mean over models.", folded=True)
