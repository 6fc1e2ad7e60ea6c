"""How well each class is found, and what it is taken for."""

import numpy as np

from common.report.charts.bars import class_chart
from common.report.charts.confusion import confusion_chart
from common.report.content import Figure, Section, Table
from common.results.summary import per_class


def class_section(approaches, split):
    """Makes the section of the classes.

    Args:
        approaches: `results.Approach` of each.
        split: The split the chart is about.
    """
    rows = {approach.name: per_class(list(approach.runs.values())) for approach in approaches}
    blocks = [_figure(rows, metric, split) for metric in ("official", "pooled")]
    blocks = [block for block in blocks if block is not None]
    return Section(
        "classes",
        "Classes",
        ("A bar is the mean over the models of an approach, its line their deviation.",),
        (*blocks[:1], *(block.table for block in blocks[1:])),  # of a second metric the numbers are enough
    )


def _figure(rows, metric, split):
    series = {
        name: {row.name: found for row in lines if (found := getattr(row, metric).get(split)) is not None}
        for name, lines in rows.items()
    }
    values = {
        name: {key: (spread.mean, spread.deviation) for key, spread in found.items()} for name, found in series.items()
    }
    names = _best_first(values)
    if not names:
        return None
    what = "official definition" if metric == "official" else "all pixels pooled"
    title = f"IoU of each class on {split}, {what}"
    table = Table(
        title,
        ("class", *rows),
        tuple((name, *(_cell(found.get(name)) for found in values.values())) for name in names),
        "Mean ± standard deviation over models.",
        folded=True,
    )
    return Figure(title, (class_chart(title, names, values),), table, legend=tuple(enumerate(rows)))


def _best_first(values):
    found = {}
    for by_name in values.values():
        for name, (mean, _) in by_name.items():
            found.setdefault(name, []).append(mean)
    return sorted(found, key=lambda name: -float(np.mean(found[name])))


def _cell(found):
    if found is None:
        return "–"
    mean, deviation = found
    return f"{mean:.3f}" + ("" if deviation is None else f" ± {deviation:.3f}")


def confusion_section(approaches, split):
    """Makes the section of the confusion matrices, one of the best model of each approach."""
    blocks = []
    for approach in approaches:
        best = approach.best
        title = f"{approach.name}: {best['model']} on {split}"
        drawing, table = confusion_chart(title, best["scores"][split]["confusion"], approach.label_map.names)
        blocks.append(Figure(title, (drawing,), table, folded=approach is not approaches[-1]))
    blocks.reverse()
    sentence = (
        "What the pixels of each class are taken for, by the model of each approach with the highest mIoU_val. A row "
        "is a true class, a column what was predicted; the stronger the colour, the larger the share of the "
        "row. Right pixels lie on the diagonal."
    )
    return Section("confusions", "Confusions", (sentence,), tuple(blocks))
