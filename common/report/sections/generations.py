"""The methods with generations: the study's figure from one's own results, tables, and how good the labels were."""

from collections.abc import Iterator, Sequence

from common.config.keys import KEYS
from common.config.methods import MethodConfig
from common.config.settings import Recipe
from common.evaluation.metrics.metric import Metric
from common.evaluation.metrics.registry import RANKING
from common.report.charts.generations import Line, Panel, generation_panels
from common.report.content import Figure, Section, Table, number, percent
from common.report.material import Material
from common.report.sections.labels import label_gallery
from common.results.generations import ChainOfGenerations, Generation, find_chains
from common.results.job import Job
from common.results.reading import Approach
from common.results.summary import Spread, score_of_models
from common.results.tables import STUDY_GENERATIONS


def generation_section(material: Material) -> Section | None:
    """Makes the section of the generations; None if no method has a result."""
    chains = find_chains(material.results, material.base_dir)
    if not chains:
        return None
    blocks: list[Figure | Table | None] = []
    for metric in material.metrics:
        spreads = _spreads(material, chains, metric)
        blocks += [_figure(material, chains, metric, spreads), _score_table(material, chains, metric, spreads)]
    sentences = (
        "A generation is one round of labelling by the best networks so far and training of new ones. A mark is the "
        "mean over the models of a generation, its line the 95 % interval over frames; the horizontal lines are the "
        "approaches without generations.",
        "A method trains more steps than the approach it starts from, so part of a gain may come from steps alone: "
        "compare with step 03 NUM_STEPS=... VARIANT=equal-steps.",
    )
    found = tuple(block for block in blocks if block is not None)
    return Section("generations", "Generations", sentences, found)


def label_section(material: Material) -> Section | None:
    """Makes the section of the labels that networks made: how good they are, and examples; None if there are none."""
    chains = find_chains(material.results, material.base_dir)
    rows = [row for chain in chains for row in _label_rows(chain)]
    if not rows:
        return None
    sentence = (
        "Labels that networks made for train_unlabeled. In the photograph and in the label, pixels on which the "
        "teachers do not agree are black; the error map marks them too, the scores leave them out. The ground truth is "
        "only used to measure the labels."
    )
    return Section("labels", "Pseudo-labels", (sentence,), (_label_table(rows),), label_gallery(material, chains))


# By name of the chain or approach and number of the generation.
Spreads = dict[tuple[str, int], Spread | None]


def _spreads(material: Material, chains: Sequence[ChainOfGenerations], metric: Metric) -> Spreads:
    """Computes the score of every generation, and of the approaches without generations as their generation 0."""
    found = {
        (chain.title, one.number): score_of_models(one.results, metric, material.split)
        for chain in chains
        for one in chain.generations
    }
    others = _without_generations(material)
    return found | {(one.name, 0): score_of_models(one.results, metric, material.split) for one in others}


def _baselines(material: Material, metric: Metric) -> dict[str, float]:
    names = [one.name for one in material.results.approaches if not one.best.job.name.part]
    found = {name: material.scores[name].first(metric).get(material.split) for name in names}
    return {name: spread.mean for name, spread in found.items() if spread is not None}


def _figure(
    material: Material, chains: Sequence[ChainOfGenerations], metric: Metric, spreads: Spreads
) -> Figure | None:
    title = f"{metric.quantity} on {material.split} by generation, {metric.definition}"
    panels, legend = [], {}
    for approach in dict.fromkeys(chain.approach for chain in chains):
        lines = []
        for style, chain in enumerate(one for one in chains if one.approach == approach):
            found = [(one.number, spreads[chain.title, one.number]) for one in chain.generations]
            points = tuple((generation, spread) for generation, spread in found if spread is not None)
            lines.append(Line(chain.chain, style, points))
            legend[style] = chain.chain or "one chain"
        panels.append(Panel(approach, tuple(lines), _study_values(chains, approach) if metric == RANKING else ()))
    if not any(line.points for panel in panels for line in panel.lines):
        return None
    pictures = generation_panels(title, panels, _baselines(material, metric))
    note = (
        "The faint line is the study's; its figure does not say for which n."
        if any(one.study for one in panels)
        else ""
    )
    shown = tuple(sorted(legend.items())) if len(legend) > 1 else ()
    return Figure(title, pictures, None, note, shown, metric=material.metric_of(metric))


def _study_values(chains: Sequence[ChainOfGenerations], approach: str) -> tuple[float, ...]:
    """Gives the study's values by generation where the number of models and the training are the study's."""
    models = KEYS["NUM_RUNS"].study * KEYS["MODELS_PER_GENERATION"].study
    for chain in (one for one in chains if one.approach == approach):
        if chain.title.removeprefix(approach).strip() not in ("", "n2", "n3", "n4", "n5", "n7"):
            return ()
        for generation in chain.generations:
            jobs = [result.job for result in generation.results]
            if len(jobs) != models or any(map(_is_changed, jobs)) or not generation.has_study_thresholds:
                return ()
    return STUDY_GENERATIONS.get(approach, ())


def _is_changed(job: Job) -> bool:
    """Tells whether a training of a method differs from the study's, as far as its job says."""
    pseudo, study, plan = job.pseudo, Recipe(), MethodConfig()
    if pseudo is None or pseudo.generation >= plan.columns:
        return True
    growth = plan.growth(pseudo.generation)
    recipe = {name: value for name, value in vars(job.training).items() if name not in ("seed", "num_steps")}
    size = KEYS["IMAGE_WIDTH"].study, KEYS["IMAGE_HEIGHT"].study
    return (
        any(value != getattr(study, name) for name, value in recipe.items())
        or (job.size_wh, job.network.activation, job.label_map) != (size, "relu", None)
        or (job.preparation, job.truth) != ("study", "gtFine")
        or job.network.alpha not in (1.0, growth.width)
        or pseudo.noise not in (None, growth.noise)
        or pseudo.ignores
        or pseudo.labeled_share > 0
    )


def _score_table(
    material: Material, chains: Sequence[ChainOfGenerations], metric: Metric, spreads: Spreads
) -> Table | None:
    last = max(generation.number for chain in chains for generation in chain.generations)
    rows = []
    for chain in chains:
        rows.append((chain.title, *(_cell(spreads.get((chain.title, number))) for number in range(last + 1))))
    for approach in _without_generations(material):
        rows.append((approach.name, *(["–"] * last), _cell(spreads[approach.name, 0])))
    if all(cell == "–" for row in rows for cell in row[1:]):
        return None
    columns = ("method", *(f"generation {number}" for number in range(last + 1)))
    title = f"{metric.quantity} on {material.split} by generation, {metric.definition}"
    note = "Mean ± standard deviation over models. Approaches without generations stand in the last column."
    return Table(title, columns, tuple(rows), note, metric=material.metric_of(metric))


def _without_generations(material: Material) -> list[Approach]:
    return [series for series in material.results.series if series.best.job.pseudo is None]


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "–"
    return number(spread.mean) + ("" if spread.deviation is None else f" ± {number(spread.deviation)}")


def _label_table(rows: Sequence[tuple[str, ...]]) -> Table:
    columns = ("method", "generation", "frames", "pixels with a label", "mIoU of labels", "mPA of labels",
               "IM size train_unlabeled", "IM size val", "copies 1 / 2 / 3 / 4 / 5")  # fmt: skip
    note = (
        "Scores of the labels are on the pixels that have one, by the paper metric. IM size: mean number of pixels of "
        "a frame on which the teachers differ."
    )
    return Table("Pseudo-labels by generation", columns, tuple(rows), note)


def _label_rows(chain: ChainOfGenerations) -> Iterator[tuple[str, ...]]:
    for one in chain.generations:
        if not one.facts:
            continue
        share = one.mean_fact("labeled")
        yield (
            chain.title,
            str(one.number),
            f"{one.mean_fact('frames') or 0:,.0f}",
            "–" if share is None else percent(share),
            number(one.mean_fact("mIoU")),
            number(one.mean_fact("mPA")),
            number(one.mean_fact("mean_im_size", "train_unlabeled"), 0),
            number(one.mean_fact("mean_im_size", "val"), 0),
            _copies(one),
        )


def _copies(one: Generation) -> str:
    counts = [one.mean_fact("copies", str(copies)) for copies in range(1, 6)]
    return " / ".join(f"{found or 0:,.0f}" for found in counts) if any(found is not None for found in counts) else "–"
