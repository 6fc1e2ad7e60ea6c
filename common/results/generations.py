"""Results of methods with generations, in order: method, chain, generation."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from common.config.methods import MethodConfig
from common.dataset.prepared.stages import Manifest, Settings, read_manifest
from common.errors import ProjectError
from common.results.job import PseudoLabels
from common.results.paths import part_in_words
from common.results.reading import Results
from common.results.result import Result


@dataclass(frozen=True)
class Generation:
    """The models of one generation, of all runs.

    Attributes:
        number: From 0.
        results: Of its models.
        facts: What was measured of their pseudo-labels, of each run whose folder is there.
        settings: How these labels were made, likewise.
    """

    number: int
    results: tuple[Result, ...] = field(hash=False)
    facts: tuple[Settings, ...] = field(hash=False)
    settings: tuple[Settings, ...] = field(hash=False)

    @property
    def has_study_thresholds(self) -> bool:
        """Whether EvalNets, if there are any, decided by the study's thresholds, and views were not chained."""
        study = MethodConfig()
        for settings in self.settings:
            judging, views = settings.get("judging"), settings.get("views")
            if isinstance(judging, dict) and (judging.get("low"), judging.get("high")) not in (
                (study.min_threshold, study.max_threshold),
                (None, study.max_threshold),
            ):
                return False
            if isinstance(views, dict) and views.get("cumulative"):
                return False
        return True

    def mean_fact(self, *names: str) -> float | None:
        """Averages a fact over runs; several names are keys inside each other. None if no run has it."""
        found = [value for facts in self.facts if (value := _number_at(facts, names)) is not None]
        return sum(found) / len(found) if found else None


def _number_at(value: JsonValue, names: Sequence[str]) -> float | None:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class ChainOfGenerations:
    """One method with one number n.

    Attributes:
        approach: The method, as in file names; a recipe or variant is part of it.
        chain: As in `PseudoLabels`, for example "n2_e0_d0_bi_True_bo_True".
        generations: In order.
    """

    approach: str
    chain: str
    generations: tuple[Generation, ...]

    @property
    def title(self) -> str:
        """For people: "IM n2"."""
        return f"{self.approach} {part_in_words(self.chain)}".strip()


def find_chains(results: Results, base_dir: Path) -> tuple[ChainOfGenerations, ...]:
    """Sorts the results of methods by chain and generation, and reads the facts of their pseudo-labels."""
    found: dict[tuple[str, str], dict[int, list[Result]]] = {}
    for result in results.all:
        if (pseudo := result.job.pseudo) is not None:
            chain = found.setdefault((result.approach, pseudo.chain), {})
            chain.setdefault(pseudo.generation, []).append(result)
    return tuple(
        ChainOfGenerations(
            approach,
            chain,
            tuple(_generation(number, of, base_dir) for number, of in sorted(generations.items())),
        )
        for (approach, chain), generations in sorted(found.items())
    )


def label_folder(base_dir: Path, pseudo: PseudoLabels) -> Path | None:
    """Finds the folder of pseudo-labels of a result; None if it is not one below BASE_DIR."""
    folder = (base_dir / pseudo.split.name).resolve()
    return folder if folder.is_relative_to(base_dir.resolve()) and folder.is_dir() else None


def _generation(number: int, results: list[Result], base_dir: Path) -> Generation:
    manifests = _manifests(results, base_dir)
    facts, settings = (tuple(getattr(one, name) for one in manifests) for name in ("facts", "settings"))
    return Generation(number, tuple(results), facts, settings)


def _manifests(results: list[Result], base_dir: Path) -> list[Manifest]:
    found = []
    labels = {one.run: one.job.pseudo for one in results}
    for _, pseudo in sorted(labels.items()):
        folder = label_folder(base_dir, pseudo) if pseudo else None
        try:
            manifest = read_manifest(folder) if folder else None
        except ProjectError:  # the report says so elsewhere
            continue
        if manifest is not None:
            found.append(manifest)
    return found
