"""The first lines of a report: what the numbers say, in sentences a reader can quote."""

from common.report.content import count, duration, interval, number
from common.results.summary import compare, same_images
from common.results.tables import STUDY_TEST_MIOU


def summarize_in_words(scores, split, study_values):
    """Says which approach is best and whether the approaches differ.

    Args:
        scores: `{approach: Scores}` in the order of the report.
        split: The split it is about.
        study_values: `{approach: value}` of those whose number of the study may stand beside.

    Returns:
        Sentences; one that says what to do if there are no models.
    """
    if not scores:
        return ("No model has been trained yet. Steps 02, 03 and 04 train the approaches of the study.",)
    ranked = sorted(scores.values(), key=lambda entry: -entry.paper[split].mean)
    best = ranked[0]
    spread = best.paper[split]
    sentences = [
        f"{best.name} has the highest mIoU on {split} by the paper metric: {number(spread.mean)}, "
        f"mean of {count(spread.count, 'model')}"
        + (f"; 95 % interval over frames {interval(spread.low, spread.high)}." if spread.low is not None else ".")
    ]
    sentences += [_difference(better, worse, split) for better, worse in zip(ranked, ranked[1:], strict=False)]
    sentences += _official(best, ranked, split)
    if study_values:
        values = ", ".join(f"{name} {number(value)}" for name, value in study_values.items())
        sentences.append(f"The study reports by the paper metric on test: {values}.")
    return tuple(sentences)


def difference(first, second, split):
    """Compares two approaches on the frames both were scored on; None if there are none.

    Args:
        first: Result JSONs.
        second: Result JSONs.
        split: The split.

    Returns:
        A `Difference` of mIoU by the paper metric.
    """
    if not same_images([*first, *second], split):
        return None
    found = compare(first, second, split)
    return found if found.count else None


def _difference(better, worse, split):
    found = difference(better.results, worse.results, split)
    if found is None:
        return f"{better.name} and {worse.name} were not scored on the same frames of {split}."
    by = f"{found.mean:.3f} {interval(found.low, found.high)}".rstrip()
    text = f"{better.name} scores {by} more than {worse.name}"
    if found.low is None:
        return f"{text}."
    if found.differs:
        text += ": other frames of this kind would very likely rank these models the same way"
        overlap = min(_scores(better, split)) < max(_scores(worse, split))
        return f"{text}; single models overlap, so other trainings might not." if overlap else f"{text}."
    return f"{text}: the interval holds 0, so these frames do not tell which one is better."


def _official(best, ranked, split):
    """Says what the official metric says of the best approach, and which one is best by it."""
    means = {entry.name: spread.mean for entry in ranked if (spread := entry.official.get(split)) is not None}
    if best.name not in means:
        return
    text = f"By the official definition, another metric, {best.name} has {number(means[best.name])} there"
    highest = max(means, key=means.get)
    if highest != best.name:
        yield f"{text}; {highest} has the highest, {number(means[highest])}."
    else:
        yield f"{text}, the highest too." if len(means) > 1 else f"{text}."


def _scores(entry, split):
    return [result["scores"][split]["mIoU"] for result in entry.results]


def facts(results, folders, plan):
    """Lists the numbers that stand at the top: pairs of a short text and what it is."""
    models = len(results.all)
    planned = 0 if plan is None else plan.num_runs * plan.models_per_run * len(STUDY_TEST_MIOU)
    planned = f" of {planned:,}" if planned >= models else ""
    found = [(f"{models:,}{planned}", "models trained")] if models else []
    sources = [folders[name] for name in ("train_full", "val_test") if name in folders]
    if frames := sum(folder.frames for folder in sources):
        found.append((f"{frames:,}", "frames prepared"))
    sizes = {folder.size_wh for folder in sources if folder.size_wh}
    if len(sizes) == 1:
        width, height = sizes.pop()
        found.append((f"{width} × {height}", "pixels per frame"))
    if seconds := sum(sum(result["seconds"].values()) for result in results.all):
        found.append((duration(seconds), "of training and scoring"))
    return tuple(found)
