"""The first lines of a report: what the numbers say, in sentences a reader can quote."""

from collections.abc import Iterator, Sequence

from common.evaluation.metrics.intervals import Difference
from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING, leading_metrics
from common.report.content import duration, interval, number
from common.report.material import Material, Scores
from common.results.result import Result
from common.results.summary import compare, same_images
from common.results.tables import STUDY_TEST_MIOU
from common.text import count


def summarize_in_words(material: Material) -> tuple[str, ...]:
    """Says which approach is best and whether the approaches differ; if there are no models, what to do."""
    if not material.scores:
        return ("No model has been trained yet. Steps 02, 03 and 04 train the approaches of the study.",)
    split = material.split
    ranked = sorted(material.scores.values(), key=lambda entry: -entry.paper[split].mean)
    best = ranked[0]
    spread = best.paper[split]
    sentences = [
        f"{best.name} has the highest mIoU on {split} by the paper metric: {number(spread.mean)}, "
        f"mean of {count(spread.count, 'model')}"
        + (f"; 95 % interval over frames {interval(spread.low, spread.high)}." if spread.low is not None else "."),
        f"The {RANKING.definition} {RANKING.explanation}.",
    ]
    sentences += [_difference(better, worse, split) for better, worse in zip(ranked, ranked[1:], strict=False)]
    for metric in leading_metrics():
        if metric != RANKING and not metric.in_detail:
            sentences += _by_another(metric, best, ranked, split)
    if material.study_values:
        values = ", ".join(f"{name} {number(value)}" for name, value in material.study_values.items())
        sentences.append(f"The study reports by the paper metric on test: {values}.")
    return tuple(sentences)


def difference(first: Sequence[Result], second: Sequence[Result], split: str) -> Difference | None:
    """Compares the results of two approaches by mIoU of the paper metric; None if they share no frames."""
    if not same_images([*first, *second], split):
        return None
    found = compare(first, second, split)
    return found if found.count else None


def _difference(better: Scores, worse: Scores, split: str) -> str:
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
    return f"{text}: the interval contains 0, so these frames do not tell which one is better."


def _by_another(metric: Metric, best: Scores, ranked: Sequence[Scores], split: str) -> Iterator[str]:
    """Says what another metric gives for the best approach, and which approach is best by it."""
    means = {entry.name: found[split].mean for entry in ranked if split in (found := entry.first(metric))}
    if best.name not in means:
        return
    text = f"By the {metric.definition}, which {metric.explanation}, {best.name} has {number(means[best.name])}"
    what, choose = ("highest", max) if metric.higher_is_better else ("lowest", min)
    first = choose(means, key=lambda name: means[name])
    if first != best.name:
        yield f"{text}; {first} has the {what}, {number(means[first])}."
    else:
        yield f"{text}, the {what} too." if len(means) > 1 else f"{text}."


def _scores(entry: Scores, split: str) -> list[float]:
    return [result.scores[split].ranking_score for result in entry.results]


def facts(material: Material) -> tuple[tuple[str, str], ...]:
    """Lists the numbers that stand at the top: pairs of a short text and what it is."""
    results, folders, plan = material.results, material.folders, material.plan
    models = len(results.all)
    planned = 0 if plan is None else plan.num_runs * plan.models_per_run * len(STUDY_TEST_MIOU)
    of_planned = f" of {planned:,}" if planned >= models else ""
    found = [(f"{models:,}{of_planned}", "models trained")] if models else []
    sources = [folders[name] for name in ("train_full", "val_test") if name in folders]
    if frames := sum(folder.frames for folder in sources):
        found.append((f"{frames:,}", "frames prepared"))
    sizes = {folder.size_wh for folder in sources if folder.size_wh}
    if len(sizes) == 1:
        width, height = sizes.pop()
        found.append((f"{width} × {height}", "pixels per frame"))
    if seconds := sum(sum(result.seconds.values()) for result in results.all):
        found.append((duration(seconds), "of training and scoring"))
    return tuple(found)
