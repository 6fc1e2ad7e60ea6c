"""The first lines of a report: what the numbers say, in sentences a reader can quote.

They speak of every metric the page can be turned to, and say where these disagree.
"""

from collections.abc import Sequence
from itertools import combinations

from common.evaluation.metrics.intervals import Difference
from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING
from common.report.content import duration, interval, number
from common.report.material import Material, Scores
from common.report.steps import differ_in_steps
from common.results.summary import Spread
from common.results.tables import STUDY_TEST_MIOU
from common.text import count, first_few

# Neighbours of the ranking that get a sentence; all pairs stand in a table.
_PAIRS = 3
_NAMED = 3


def summarize_in_words(material: Material) -> tuple[str, ...]:
    """Says which approach is best and whether the approaches differ; if there are no models, what to do."""
    if not material.scores:
        return ("No model has been trained yet. Steps 02, 03 and 04 train the approaches of the study.",)
    ranked = sorted(material.scores, key=lambda name: -material.scores[name].paper[material.split].mean)
    best = {metric.key: _best_by(material, metric, ranked) for metric in material.metrics}
    sentences = [_leader(material, best), _definitions(material.metrics)]
    pairs = [(best[RANKING.key], name) for name in dict.fromkeys(best.values()) if name != best[RANKING.key]]
    pairs += [pair for pair in zip(ranked, ranked[1:], strict=False) if pair not in pairs][: _PAIRS - len(pairs)]
    sentences += [_pair(material, better, worse) for better, worse in pairs]
    sentences += [_order(material, ranked, metric) for metric in material.metrics if metric != RANKING]
    if len(ranked) > 1 and (left := len(ranked) * (len(ranked) - 1) // 2 - len(pairs)) > 0:
        sentences.append(f"The other {count(left, 'pair')} of approaches stand in the table of differences.")
    if material.study_values:
        values = ", ".join(f"{name} {number(value)}" for name, value in material.study_values.items())
        sentences.append(f"The study reports by the paper metric on test: {values}.")
    return tuple(sentences)


def _spreads(material: Material, metric: Metric) -> dict[str, Spread]:
    found = {name: entry.first(metric).get(material.split) for name, entry in material.scores.items()}
    return {name: spread for name, spread in found.items() if spread is not None}


def _best_by(material: Material, metric: Metric, ranked: Sequence[str]) -> str:
    """Finds the best approach by a metric; of equals the one that is ranked first."""
    spreads, sign = _spreads(material, metric), 1 if metric.higher_is_better else -1
    return max((name for name in ranked if name in spreads), key=lambda name: sign * spreads[name].mean)


def _leader(material: Material, best: dict[str, str]) -> str:
    """Names the best approach by each metric."""
    found = [(metric, _spreads(material, metric)[best[metric.key]]) for metric in material.metrics]
    numbers = [f"{number(s.mean)} {interval(s.low, s.high)}".strip() for _, s in found]
    models = {spread.count for _, spread in found}
    over = f"mean of {count(models.pop(), 'model')}" if len(models) == 1 else "means over models"
    brackets = ", in brackets 95 % intervals over frames" if any(s.low is not None for _, s in found) else ""
    names = set(best.values())
    extreme = "highest" if RANKING.higher_is_better else "lowest"
    if len(names) == 1:
        by = [f"{text} by {metric.named}" for (metric, _), text in zip(found, numbers, strict=True)]
        agreed = {1: "", 2: " by both metrics"}.get(len(found), f" by all {len(found)} metrics")
        return f"{names.pop()} has the {extreme} mIoU on {material.split}{agreed}: {_joined(by)} ({over}{brackets})."
    by = [f"by {metric.named} {best[metric.key]} with {text}" for (metric, _), text in zip(found, numbers, strict=True)]
    return f"The metrics disagree about the best approach on {material.split}: {'; '.join(by)} ({over}{brackets})."


def _definitions(metrics: Sequence[Metric]) -> str:
    said = "; ".join(f"{metric.named} {metric.explanation}" for metric in metrics)
    return f"{said[:1].upper()}{said[1:]}."


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _pair(material: Material, better: str, worse: str) -> str:
    """Compares two approaches by each metric; `better` is the better one by the paper metric."""
    found = {metric: material.difference(metric, better, worse) for metric in material.metrics}
    known = {metric: difference for metric, difference in found.items() if difference is not None}
    if RANKING not in known:
        return f"{better} and {worse} were not scored on the same frames of {material.split}."
    text = f"{better} scores {_by(known, worse)}{_verdict(known)}"
    overlap = min(_scores(material.scores[better], material)) < max(_scores(material.scores[worse], material))
    if overlap and known[RANKING].differs:
        text += "; single models overlap, so other trainings might rank them differently"
    steps = [material.steps[name] for name in (better, worse) if name in material.steps]
    if len(steps) > 1 and differ_in_steps(steps):
        text += f". {better} was trained for {steps[0]:,} optimiser steps, {worse} for {steps[1]:,}"
    return f"{text}."


def _by(found: dict[Metric, Difference], worse: str) -> str:
    """Writes differences: 0.012 [0.006, 0.017] more than B by the paper metric, but 0.004 less by another."""
    parts = ""
    for metric, one in found.items():
        mean, low, high = one.mean or 0.0, one.low, one.high
        if mean < 0:
            mean, low, high = -mean, None if high is None else -high, None if low is None else -low
        more = "less" if (one.mean or 0.0) < 0 else "more"
        if parts:
            parts += ", but " if more == "less" else ", and "
        amount = f"{number(mean)} {interval(low, high)}".rstrip() + f" {more}" if mean else "as much"
        than = "" if parts else f" {'than' if mean else 'as'} {worse}"
        parts += f"{amount}{than} by {metric.named}"
    return parts


def _verdict(found: dict[Metric, Difference]) -> str:
    """Says what the intervals of one pair tell together; "" if there are none."""
    judged = {metric: one for metric, one in found.items() if one.low is not None and one.mean is not None}
    if not judged:
        return ""
    telling = [metric for metric, one in judged.items() if one.differs]
    signs = {(found[metric].mean or 0) > 0 for metric in telling}
    if len(signs) > 1:
        return ": the metrics contradict each other, so say by which one you compare"
    if not telling:
        what = "the interval contains" if len(judged) == 1 else "the intervals contain"
        return f": {what} 0, so these frames do not tell which one is better"
    if len(telling) == len(judged):
        by = "" if len(judged) == len(found) else f"by {_joined([m.named for m in judged])} "
        return f": {by}other frames of this kind would very likely rank these models the same way"
    unsure = _joined([metric.named for metric in judged if metric not in telling])
    sure = _joined([metric.named for metric in telling])
    return f": by {unsure} the interval contains 0, so only {sure} tells them apart"


def _order(material: Material, ranked: Sequence[str], metric: Metric) -> str:
    """Says whether another metric ranks the approaches as the paper metric does."""
    spreads = _spreads(material, metric)
    pairs = list(combinations([name for name in ranked if name in spreads], 2))
    sign = 1 if metric.higher_is_better else -1
    turned = [(one, two) for one, two in pairs if sign * (spreads[one].mean - spreads[two].mean) < 0]
    whose = metric.named
    if not pairs:
        return f"Only one approach has a score by {whose}."
    if not turned:
        return f"The paper metric and {whose} rank the approaches in the same order."
    named = first_few((f"{one} and {two}" for one, two in turned), _NAMED)
    those = f"{len(turned)} of {count(len(pairs), 'pair')}"
    return f"{whose.capitalize()} ranks {those} the other way round than the paper metric: {named}."


def _scores(entry: Scores, material: Material) -> list[float]:
    return [result.scores[material.split].ranking_score for result in entry.results]


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
