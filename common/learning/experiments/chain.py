"""A chain of generations: networks label, new networks are trained on the labels, the best of them label next.

A chain is one run of a method with one number n. Each of its steps is found again after a stop: folders of
pseudo-labels by their fingerprint, trainings by their identity. Knows no Keras.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from common.config.config import Config
from common.config.methods import MOST_GENERATIONS
from common.dataset.prepared.folders import PreparedDataset, Split
from common.dataset.prepared.stages import read_manifest
from common.errors import DataError
from common.files.disk import write_text
from common.labels.maps import study_label_map
from common.learning.experiments.evalnets import evalnet_chain, evalnets_to_do, ranked_evalnets
from common.learning.experiments.experiment import (
    Experiment,
    check_trained_on,
    is_pending,
    split_key,
    training_job,
    training_work,
)
from common.learning.experiments.jobs import read_result, weights_digest
from common.learning.experiments.processes import Work
from common.methods.agreement import AgreementRules
from common.methods.jobs import Judging, LabelJob, ModelFile, Views
from common.methods.method import Method
from common.results.job import Job, PseudoLabels, SplitKey
from common.results.paths import ModelName, ModelPaths
from common.results.ranking import put_older_results_away, write_ranking
from common.results.reading import find_result
from common.results.result import Result

_LABELLER = "common.learning.labelling.worker"


@dataclass(frozen=True)
class Folders:
    """The prepared folders of a method, read and checked once for all its chains."""

    labeled: Split
    unlabeled: Split
    val: Split
    test: Split

    @classmethod
    def of(cls, method: Method, dataset: PreparedDataset) -> "Folders":
        """Reads them."""
        return cls(*map(dataset.split, (method.labeled, "train_unlabeled", "val", "test")))


@dataclass(frozen=True)
class Chain:
    """One run of a method with one number n."""

    method: Method
    config: Config
    dataset: PreparedDataset
    folders: Folders
    run: int
    number: int

    def name(self, generation: int, index: int = 0) -> ModelName:
        """Names a model of a generation."""
        config = self.config
        part = self.method.part(self.number, generation, config.methods)
        approach = config.approach(self.method.name)
        return ModelName(dataset=config.dataset.name, approach=approach, part=part, run=self.run, index=index)

    def paths(self, generation: int, index: int = 0) -> ModelPaths:
        """Where the files of a model are."""
        return ModelPaths(self.config.dataset.base_dir, self.name(generation, index))

    @property
    def generations(self) -> range:
        """Numbers of the generations."""
        return range(self.config.methods.num_generations)

    @property
    def models(self) -> range:
        """Indices of the models of a generation."""
        return range(self.config.methods.models_per_generation)

    def work(self) -> Iterator[Sequence[Work]]:
        """Gives the work of the chain in its order; everything between is done when the next work is asked for."""
        method = self.method
        if method.evalnets:
            yield from evalnet_chain(method.evalnets, self.run, self.config, self.dataset, self.start_models())
        for generation in self.generations:
            label_job = self.label_job(generation)
            jobs = self.jobs_if_labelled(generation, label_job)
            # Step 10 takes labels from the folder of the generation before, so its folders have to be there.
            if jobs is None or self._is_judged or any(read_result(job) is None for job in jobs):
                if not self.is_labelled(label_job):
                    yield [self.label_work(label_job)]
                shutil.rmtree(label_job.work, ignore_errors=True)
                pseudo = self.dataset.split(label_job.folder)
                jobs = self.jobs(generation, split_key(pseudo), len(pseudo))
                later = range(generation + 1, MOST_GENERATIONS)
                put_older_results_away(jobs, [self.name(number) for number in later])
            yield training_work(jobs)
            results = [result for job in jobs if (result := read_result(job)) is not None]
            write_ranking(results, self.config.dataset.base_dir, self.config.study.top_ks)
            self.write_sizes(generation, label_job)
            if not self.config.methods.keep_pseudo_labels:
                self.remove_images(label_job)

    def start_models(self) -> tuple[Path, ...]:
        """Lists the models that the EvalNets learn from: all of the run, by index."""
        config = self.config
        sources = config.methods.evalnet_from if self.method.labels == "judged" else (self.method.start,)
        found = []
        for source in sources:
            for index in range(config.study.models_per_run):
                path = ModelPaths(config.dataset.base_dir, self._start_name(source, index)).keras
                if not path.is_file():
                    raise DataError(f"{path}: no such model; {_make_it(source, config)}")
                found.append(path)
        return tuple(found)

    def _start_name(self, approach: str, index: int) -> ModelName:
        config = self.config
        name = config.approach(approach)
        return ModelName(dataset=config.dataset.name, approach=name, run=self.run, index=index)

    def teachers(self, generation: int) -> list[Path]:
        """Lists the files of the networks that label for a generation.

        Raises:
            DataError: If one is missing; says which step makes it.
        """
        method, config = self.method, self.config
        if self._is_judged:
            if generation:
                return [self.paths(generation - 1, index).keras for index in self.models]
            first = [self._start_name(method.start, index) for index in range(config.study.models_per_run)]
            paths = [ModelPaths(config.dataset.base_dir, name).keras for name in first]
        else:
            of_run = ModelPaths(config.dataset.base_dir, self._start_name(method.start, 0))
            ranked = self.paths(generation - 1).ranked if generation else of_run.ranked
            paths = [ranked(place) for place in range(1, method.teachers(self.number) + 1)]
        if missing := [path for path in paths if not path.is_file()]:
            raise DataError(f"{missing[0]}: no such model; {_make_it(method.start, config)}")
        return paths

    def label_job(self, generation: int) -> LabelJob:
        """Describes the folder of pseudo-labels of a generation."""
        config, method, of_methods = self.config, self.method, self.config.methods
        of_run = self.name(generation).of_run
        label_map = config.dataset.label_map
        measured_on = () if self._is_judged else (self.folders.val, self.folders.test)
        earlier = None
        if self._is_judged and generation:
            earlier = split_key(self.dataset.split(_folder(self.name(generation - 1))))
        return LabelJob(
            base_dir=str(config.dataset.base_dir),
            name=of_run,
            step=method.step,
            folder=_folder(self.name(generation)),
            source=split_key(self.folders.unlabeled),
            measured_on=tuple(map(split_key, measured_on)),
            size_wh=config.dataset.size_wh,
            seed_of_split=config.seed,
            label_map=None if label_map == study_label_map() else label_map,
            preparation=config.dataset.preparation,
            teachers=tuple(self._model_file(path) for path in self.teachers(generation)),
            kind=method.labels,
            rules=_rules(config) if method.labels == "agreement" else AgreementRules(),
            filter_classes=of_methods.filter_classes and method.labels == "agreement",
            views=self._views() if method.labels == "mean_of_views" else None,
            judging=self._judging(),
            earlier=earlier,
            threads=config.machine.threads,
        )

    def _model_file(self, path: Path) -> ModelFile:
        base_dir = self.config.dataset.base_dir
        return ModelFile(path=path.relative_to(base_dir).as_posix(), digest=weights_digest(path))

    def _views(self) -> Views:
        """Describes the views of step 07, which have the noise of the last generation in all generations."""
        of_methods = self.config.methods
        noise = of_methods.growth(of_methods.columns - 1).noise
        return Views(number=self.number, cumulative=of_methods.cumulative_views, noise=noise)

    def _judging(self) -> Judging | None:
        of_methods, method = self.config.methods, self.method
        if not method.evalnets:
            return None
        judges_labels = method.labels == "judged"
        count = self.number if judges_labels else 2
        paths = ranked_evalnets(method.evalnets, self.run, self.config, count)
        return Judging(
            evalnets=tuple(map(self._model_file, paths)),
            low=None if judges_labels else of_methods.min_threshold,
            high=of_methods.max_threshold,
            skip_void=not judges_labels and 0 in self.config.dataset.label_map.void_classes,
        )

    def label_work(self, job: LabelJob) -> Work:
        """Describes the process that writes a folder of pseudo-labels."""
        return Work(f"{job.name} labels", job.work, _LABELLER, job)

    def is_labelled(self, job: LabelJob) -> bool:
        """Tells whether the folder of pseudo-labels is complete."""
        return job.stage(self.folders.unlabeled).is_complete()

    def jobs_if_labelled(self, generation: int, label_job: LabelJob) -> list[Job] | None:
        """Describes the trainings of a generation whose labels were once complete; their images may be removed."""
        manifest = read_manifest(label_job.target)
        if manifest is None or manifest.fingerprint != label_job.stage(self.folders.unlabeled).fingerprint:
            return None
        key = SplitKey(label_job.folder, manifest.content_fingerprint)
        return self.jobs(generation, key, len(manifest.names("masks")))

    def jobs(self, generation: int, pseudo: SplitKey, frames: int) -> list[Job]:
        """Describes the trainings of a generation on a folder of pseudo-labels with so many frames."""
        method, config, folders = self.method, self.config, self.folders
        name, growth = self.name(generation), config.methods.growth(generation)
        ignores = method.labels == "agreement" and config.methods.im_pixels == "ignore"
        copies = config.methods.copies if method.copies == "fixed" else 1
        noise = replace(growth.noise, num_copies=copies) if method.copies != "none" else None
        experiment = Experiment(
            name=method.name,
            train=(folders.labeled,),
            validate=folders.val,
            report_on=(folders.val, folders.test, folders.unlabeled),
            part=name.part,
            pseudo=PseudoLabels(
                split=pseudo,
                pairs=method.pairs,
                noise=noise,
                copies_by_frame=method.copies == "judged",
                seed=config.seed,
                ignores=ignores,
                labeled_share=config.methods.labeled_share,
                generation=generation,
                chain=method.chain(self.number, config.methods),
            ),
            width=growth.width if method.grows else 1.0,
        )
        jobs = [training_job(experiment, config, self.run, index) for index in self.models]
        return [self._with_least_steps(job, len(folders.labeled) + frames) for job in jobs] if self._is_judged else jobs

    def most_pairs(self) -> int:
        """Counts the pairs of a training set at its largest; judged copies are counted once."""
        method, config = self.method, self.config
        unlabeled = len(self.folders.unlabeled)
        copies = {"none": 0, "one": 1, "fixed": config.methods.copies, "judged": 1}[method.copies]
        return len(self.folders.labeled) + unlabeled * (method.pairs + copies)

    @property
    def _is_judged(self) -> bool:
        return self.method.labels == "judged"

    def _with_least_steps(self, job: Job, pairs: int) -> Job:
        """Gives a training of step 10 at least a third of the steps that training on all frames has."""
        recipe, whole = job.training, len(self.dataset.split("train_full"))
        least = max(1, whole // recipe.batch_size // 3)
        if recipe.num_steps or recipe.steps_per_epoch(pairs) >= least:
            return job
        steps = least * recipe.num_epochs
        warmup = min(recipe.warmup_steps, steps - 1)
        return job.model_copy(update={"training": replace(recipe, num_steps=steps, warmup_steps=warmup)})

    def write_sizes(self, generation: int, label_job: LabelJob) -> None:
        """Writes the mean sizes of the inconsistency masks as the study does."""
        manifest = read_manifest(label_job.target)
        sizes = manifest.facts.get("mean_im_size") if manifest else None
        if not isinstance(sizes, dict) or not label_job.agrees:
            return
        header = ";".join(f"{name}_mean_im_size" for name in ("val", "test", "unlabeled"))
        row = ";".join(f"{round(float(str(sizes[name]))):.1f}" for name in ("val", "test", "train_unlabeled"))
        path = self.config.dataset.base_dir / "csv" / f"mean_im_size_{self.name(generation).of_run}.csv"
        write_text(path, f"{header}\n{row}\n")

    def remove_images(self, label_job: LabelJob) -> None:
        """Removes images that were blacked out; links take no room. Masks and manifest stay."""
        if label_job.agrees and label_job.rules.block_input:
            shutil.rmtree(label_job.target / "images", ignore_errors=True)

    def results(self, generation: int) -> list[Result]:
        """Reads the results of a generation that are finished, of whatever settings."""
        found = [find_result(self.paths(generation, index).result) for index in self.models]
        return [result for result in found if result is not None]

    def evalnets_to_do(self) -> int:
        """Counts the EvalNets of the run that are still to be trained."""
        kind = self.method.evalnets
        return evalnets_to_do(kind, self.run, self.config, self.dataset, self.start_models()) if kind else 0

    def trainings_to_do(self) -> list[int]:
        """Counts the trainings of each generation that are still to be done, as far as can be known beforehand."""
        everything = [len(self.models)] * len(self.generations)
        if self.evalnets_to_do():
            return everything
        counts: list[int] = []
        for generation in self.generations:
            try:
                jobs = self.jobs_if_labelled(generation, self.label_job(generation))
            except DataError:
                jobs = None
            if jobs is None:
                return counts + everything[len(counts) :]
            counts.append(sum(map(is_pending, jobs)))
            if any(read_result(job) is None for job in jobs):  # others will label for the next generations
                return counts + everything[len(counts) :]
        return counts

    def check_start(self) -> None:
        """Refuses models that were trained on other folders than those that are there now.

        Raises:
            DataError: If they are missing or older than the folders; says which step makes them.
        """
        self.teachers(0)
        config, approach = self.config, self.method.start
        for index in range(config.study.models_per_run):
            paths = ModelPaths(config.dataset.base_dir, self._start_name(approach, index))
            if result := find_result(paths.result):
                way_out = _make_it(approach, config)
                check_trained_on(result, (self.folders.labeled,), self.folders.val, way_out)
        if self.method.evalnets:
            self.start_models()


def _folder(name: ModelName) -> str:
    """Where the pseudo-labels of a series are, below BASE_DIR."""
    return f"train_unlabeled_predictions/{name.approach}/{name.of_run}"


def _rules(config: Config) -> AgreementRules:
    of_methods = config.methods
    return AgreementRules(
        erode_kernel=of_methods.erode_kernel,
        dilate_kernel=of_methods.dilate_kernel,
        block_input=of_methods.block_input,
        block_output=of_methods.block_output,
        ignore=of_methods.im_pixels == "ignore",
    )


def _make_it(approach: str, config: Config) -> str:
    """Says which step makes the models of an approach, with what they need on the command line."""
    step = {"subset": "03", "subset_aug": "04"}[approach]
    choices = [f"RECIPE={config.recipe}"] if config.recipe != "paper" else []
    choices += [f"VARIANT={config.variant}"] if config.variant else []
    with_them = f" with {' '.join(choices)}" if choices else ""
    return f"run step {step}{with_them} first, with as many TOP_Ks and MODELS_PER_RUN as config.ini says now"
