"""A folder of pseudo-labels in a process of its own: `python -m common.learning.labelling.worker JOB.json`."""

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common.dataset.prepared.copies import COPIES, write_copies
from common.dataset.prepared.folders import Split
from common.dataset.prepared.stages import Settings
from common.errors import DataError
from common.files.disk import FileEntry
from common.images.png import read_mask
from common.learning.backend import machine as backend
from common.learning.experiments.jobs import append_progress
from common.learning.experiments.process import alone, find_split, read_job, run_process
from common.learning.labelling.judged import LabelJudge, choose_best, judge_labels
from common.learning.labelling.sources import load_teachers, make_source
from common.learning.labelling.writing import (
    FrameFacts,
    Notes,
    add_to,
    batches_of,
    is_written,
    measure,
    parts_of,
    write_frame,
)
from common.learning.training.scoring import CollectedScores
from common.methods.copies import copies_of
from common.methods.jobs import Judging, LabelJob

_NONE_KEPT = "the teachers found different classes in every frame; set FILTER_INCONSISTENT_CLASS_PRED = False"
_SHARE_LOW, _SHARE_HIGH = 0.2, 0.8


def run(job: LabelJob) -> None:
    """Writes the folder of a job, unless it is complete."""
    backend.prepare_devices(job.threads)
    backend.make_deterministic()
    job.work.mkdir(parents=True, exist_ok=True)
    source = find_split(job, job.source)
    stage = job.stage(source)
    if stage.is_complete():
        return
    start = time.monotonic()
    files: list[str] = []
    facts: Settings = {}
    job.target.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, FileEntry] = {}
    with stage.build(files, known, facts) as building:
        notes = Notes(job.work / "frames.jsonl", stage.fingerprint)
        finished = {name for name, one in notes.facts.items() if is_written(building, one)}
        if job.kind == "judged":
            choose_best(
                job, source, building, notes, finished, ProgressTeller(job.work / "progress.jsonl", len(source))
            )
        else:
            facts |= _label(job, source, building, notes, finished)
        kept = [notes.facts[sample.name] for sample in source.samples if notes.facts[sample.name].kept]
        if not kept and job.kind != "judged":
            raise DataError(f"{job.target}: no frame is kept; {_NONE_KEPT}")
        facts |= _facts_of(job, source, building, kept)
        files += _files(job, building, source, kept)
        known |= notes.files()
        if job.judging is not None and job.kind != "judged":
            copies = _copies(job.judging, notes)
            write_copies(building, copies)
            files.append(COPIES)
            facts["copies"] = {str(number): count for number, count in sorted(Counter(copies.values()).items())}
    seconds = time.monotonic() - start
    quality = f"mIoU {facts['mIoU']:.3f}" if facts["mIoU"] is not None else "no pixel has a label"
    words = f"{len(kept):,} of {len(source):,} frames labelled, {quality}, {seconds:.0f} s"
    append_progress(job.work / "progress.jsonl", {"done": words})


class ProgressTeller:
    """Notes in the progress file how many frames are labelled, now and then."""

    def __init__(self, path: Path, total: int) -> None:
        self._path, self._total, self._last = path, total, 0.0

    def __call__(self, done: int) -> None:
        """Tells how many frames are done."""
        if time.monotonic() - self._last > 1:
            self._last = time.monotonic()
            append_progress(self._path, {"doing": f"labelling {done:,}/{self._total:,}"})


def _label(job: LabelJob, source: Split, building: Path, notes: Notes, finished: set[str]) -> Settings:
    """Labels the frames that are not finished, and measures the labels of the teachers on the other splits."""
    teachers = load_teachers(job)
    labels, tell = make_source(job, teachers), ProgressTeller(job.work / "progress.jsonl", len(source))
    judge = LabelJudge(job, job.judging) if job.judging else None
    for samples, images in batches_of(source, finished):
        found = labels.label([sample.name for sample in samples], images)
        written = [
            write_frame(building, job, sample, image, label)
            for sample, image, label in zip(samples, images, found, strict=True)
        ]
        for one in judge_labels(judge, building, written) if judge else written:
            notes.add(one)
        tell(len(notes.facts))
    facts: Settings = {}
    sizes: Settings = {job.source.name: float(np.mean([one.size for one in notes.facts.values()]))}
    for key in job.measured_on:
        size, scores = measure(job, labels, find_split(job, key))
        sizes[key.name] = size
        facts[f"mIoU_{key.name}"], facts[f"mPA_{key.name}"] = scores.means["mIoU"], scores.means["mPA"]
    return {**facts, **({"mean_im_size": sizes} if job.agrees else {})}


def _facts_of(job: LabelJob, source: Split, building: Path, kept: list[FrameFacts]) -> Settings:
    """Measures the labels that are trained on, against the ground truth."""
    scores, samples = CollectedScores(job.classes), {sample.name: sample for sample in source.samples}
    for one in kept:
        mask = read_mask(building / "im" / f"{one.name}.png") if job.agrees else None
        add_to(scores, samples[one.name], read_mask(building / "masks" / f"{one.name}.png"), mask)
    predicted = [one.predicted for one in kept if one.predicted is not None]
    return {
        "frames": len(kept),
        "frames_in_all": len(source),
        "labeled": float(np.mean([one.labeled for one in kept])) if kept else None,
        "mIoU": scores.means["mIoU"],
        "mPA": scores.means["mPA"],
        **({"predicted_mIoU": float(np.mean(predicted))} if predicted else {}),
    }


def _files(job: LabelJob, building: Path, source: Split, kept: list[FrameFacts]) -> list[str]:
    """Lists the files of the folder; the inconsistency mask of a frame that is left out stays."""
    parts = parts_of(job)[:2]
    files = [f"{part}/{one.name}.png" for part in parts for one in kept]
    return files + ([f"im/{sample.name}.png" for sample in source.samples] if job.agrees else [])


def _copies(judging: Judging, notes: Notes) -> Mapping[str, int]:
    predicted = {name: facts.predicted or 0.0 for name, facts in notes.facts.items() if facts.kept}
    values = list(predicted.values())
    low = judging.low if judging.low is not None else float(np.quantile(values, _SHARE_LOW))
    high = judging.high if judging.high is not None else float(np.quantile(values, _SHARE_HIGH))
    return {name: copies_of(value, low, high) for name, value in predicted.items()}


def main(path: Path) -> None:
    """Runs the job of a file, unless another process runs it."""
    job = read_job(path, LabelJob)
    alone(path, lambda: run(job))


if __name__ == "__main__":
    run_process(main)
