"""Settings, versions and durations of the trainings."""

import statistics
from collections.abc import Iterator, Sequence

from common.report.content import Section, Table, duration
from common.report.doubts import settings_of, values_by_key
from common.report.folders import Folder
from common.report.material import Material
from common.report.steps import images_per_second
from common.results.reading import Approach


def settings_section(material: Material) -> Section | None:
    """Makes the section of settings, versions and durations; None if there are no models."""
    if not material.scores:
        return None
    approaches = material.results.approaches
    versions = values_by_key(material.results.all, lambda result: result.versions)
    rows = tuple((key, ", ".join(found)) for key, found in versions.items())
    blocks = (*_settings(approaches), Table("Versions", ("what", "version"), rows, text_columns=2))
    durations = _durations(approaches, material.folders)
    return Section("settings", "Settings, versions, durations", (), (*blocks, durations))


def _settings(approaches: Sequence[Approach]) -> Iterator[Table]:
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


def _durations(approaches: Sequence[Approach], folders: dict[str, Folder]) -> Table:
    rows = []
    for approach in approaches:
        results = approach.results
        training = [result.seconds.get("training", 0.0) for result in results]
        scoring = [result.seconds.get("scoring", 0.0) for result in results]
        epochs = [entry["seconds"] for result in results for entry in result.history if "seconds" in entry]
        memory = [result.peak_memory_mb for result in results if result.peak_memory_mb is not None]
        times = (statistics.fmean(training), statistics.fmean(scoring), sum(training) + sum(scoring))
        epoch = f"{statistics.median(epochs):.1f} s" if epochs else "–"
        peak = f"{max(memory):,} MB" if memory else "–"
        rates = [rate for result in results if (rate := images_per_second(result, folders)) is not None]
        images = f"{statistics.median(rates):,.1f}" if rates else "–"
        rows.append((approach.name, images, epoch, f"{len(results)}", *map(duration, times), peak))
    columns = ("approach", "images / s", "epoch (median)", "models", "training (mean)", "scoring (mean)", "in all",
               "peak memory")  # fmt: skip
    note = (
        "Images / s: of training, without the scoring on val, by the median epoch. A training that was resumed is "
        "timed from its last start."
    )
    return Table("Durations", columns, tuple(rows), note)
