"""How the trainings went: learning curves, durations, settings and versions."""

import statistics

from common.report.charts.curves import curve_panels
from common.report.checks import settings_of, values_by_key
from common.report.content import Figure, Section, Table, duration, number


def curve_section(approaches):
    """Makes the section of the learning curves."""
    histories = {approach.name: [result["history"] for result in approach.results] for approach in approaches}
    blocks = []
    for key, title in (
        ("mIoU_val", "mIoU_val after each epoch, paper metric"),
        ("loss", "Training loss of each epoch"),
    ):
        if panels := curve_panels(title, histories, key):
            blocks.append(Figure(title, panels, _curve_table(title, histories, key)))
    sentence = "A thin line is a model, the thick one their mean; all panels of a row have the same scale."
    return Section("curves", "Learning curves", (sentence,), tuple(blocks))


def _curve_table(title, histories, key):
    longest = max(len(history) for lines in histories.values() for history in lines)
    rows = []
    for epoch in range(longest):
        cells = []
        for lines in histories.values():
            values = [line[epoch][key] for line in lines if epoch < len(line) and key in line[epoch]]
            cells.append(number(statistics.fmean(values)) if values else "–")
        rows.append((str(epoch + 1), *cells))
    return Table(title, ("epoch", *histories), tuple(rows), "Mean over models.", folded=True)


def settings_section(approaches):
    """Makes the section of settings, versions and durations."""
    every = [result for approach in approaches for result in approach.results]
    settings = _settings(approaches)
    versions = values_by_key(every, lambda result: result["versions"])
    versions = Table(
        "Versions", ("what", "version"), tuple((key, ", ".join(found)) for key, found in versions.items()),
        text_columns=2,
    )  # fmt: skip
    return Section("settings", "Settings, versions, durations", (), (*settings, versions, _durations(approaches)))


def _settings(approaches):
    """Makes a table of what differs between approaches, side by side, and one of what they share."""
    by_approach = [values_by_key(approach.results, settings_of) for approach in approaches]
    differing, shared = [], []
    for key in dict.fromkeys(key for found in by_approach for key in found):
        values = [", ".join(found.get(key, ["–"])) for found in by_approach]
        if len(set(values)) > 1:
            differing.append((key, *values))
        else:
            shared.append((key, values[0]))
    columns = ("setting", *(approach.name for approach in approaches))
    if differing:
        yield Table("Settings that differ", columns, tuple(differing), text_columns=len(columns))
    yield Table("Settings that all share", ("setting", "value"), tuple(shared), text_columns=2, folded=bool(differing))


def _durations(approaches):
    rows = []
    for approach in approaches:
        results = approach.results
        training = [result["seconds"].get("training", 0.0) for result in results]
        scoring = [result["seconds"].get("scoring", 0.0) for result in results]
        epochs = [entry["seconds"] for result in results for entry in result["history"] if "seconds" in entry]
        memory = [result["peak_memory_mb"] for result in results if isinstance(result["peak_memory_mb"], int)]
        rows.append(
            (
                approach.name,
                f"{len(results)}",
                f"{statistics.median(epochs):.1f} s" if epochs else "–",
                duration(statistics.fmean(training)),
                duration(statistics.fmean(scoring)),
                duration(sum(training) + sum(scoring)),
                f"{max(memory):,} MB" if memory else "–",
            )
        )
    columns = ("approach", "models", "epoch (median)", "training (mean)", "scoring (mean)", "in all", "peak memory")
    return Table("Durations", columns, tuple(rows), "A training that was resumed counts from its last start.")
