"""Labels that EvalNets judge: the best of several candidates (step 10), or how good each label is (steps 12, 14)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from common.dataset.prepared.folders import Sample, Split
from common.files.disk import write_bytes
from common.images.png import encode_mask, read_image, read_mask
from common.learning.experiments.process import find_split
from common.learning.judging.judge import Judge
from common.learning.labelling.sources import Pixels, Predictions, load_teachers
from common.learning.labelling.writing import FrameFacts, Notes, batches_of, link_image
from common.methods.copies import predicted_miou
from common.methods.jobs import Judging, LabelJob

_SHARE_KEPT = 0.5


class LabelJudge:
    """Predicts the mIoU of labels, with the EvalNets of a job."""

    def __init__(self, job: LabelJob, judging: Judging) -> None:
        self._judge = Judge([Path(job.base_dir) / file.path for file in judging.evalnets])
        self._skip_void = judging.skip_void

    def __call__(self, images: Pixels, masks: Pixels) -> list[float]:
        """Judges masks `(n, height, width)` of images `(n, height, width, 3)`."""
        iou, presence = self._judge.judge(images, masks)
        return [predicted_miou(iou[:, n], presence[:, n], self._skip_void) for n in range(len(masks))]


def judge_labels(judge: LabelJudge, building: Path, written: Sequence[FrameFacts]) -> list[FrameFacts]:
    """Judges labels as they were written, image and label with their holes."""
    names = [f"{facts.name}.png" for facts in written]
    images = np.stack([read_image(building / "images" / name) for name in names])
    masks = np.stack([read_mask(building / "masks" / name) for name in names])
    predicted = judge(images, masks)
    return [replace(facts, predicted=value) for facts, value in zip(written, predicted, strict=True)]


def choose_best(
    job: LabelJob, source: Split, building: Path, notes: Notes, finished: set[str], tell: Callable[[int], None]
) -> None:
    """Writes the best candidate of each frame; `kept` says whether it is good enough, or was kept before.

    Candidates are the predictions of all teachers in their order, then the label kept so far.
    """
    judging = job.judging
    if judging is None:
        raise ValueError("step 10 needs EvalNets")
    judge, predictions = LabelJudge(job, judging), Predictions([model for model, _ in load_teachers(job)])
    earlier = {sample.name: sample for sample in find_split(job, job.earlier).samples} if job.earlier else {}
    for samples, images in batches_of(source, finished):
        for sample, image, found in zip(samples, images, predictions(images), strict=True):
            before = earlier.get(sample.name)
            candidates = found if before is None else np.concatenate([found, read_mask(before.mask)[None]])
            values = judge(np.repeat(image[None], len(candidates), 0), candidates)
            best = int(np.argmax(values))
            mask = f"masks/{sample.name}.png"
            files = {mask: write_bytes(building / mask, encode_mask(candidates[best]))}
            files[f"images/{sample.name}.png"] = link_image(building, sample)
            of_earlier = None if before is None else values[-1]
            notes.add(FrameFacts(sample.name, 0, 1.0, True, values[best], of_earlier, files))
        tell(len(notes.facts))
    _keep_good_ones(judging, source, building, notes, earlier)


def _keep_good_ones(judging: Judging, source: Split, building: Path, notes: Notes, earlier: dict[str, Sample]) -> None:
    """Decides which frames are kept: good enough now, or kept before, then with the label of before."""
    values = {sample.name: notes.facts[sample.name].predicted or 0.0 for sample in source.samples}
    threshold = judging.high if judging.high is not None else float(np.quantile(list(values.values()), _SHARE_KEPT))
    for name, value in values.items():
        facts = notes.facts[name]
        if value >= threshold:
            continue
        if name in earlier:
            mask = f"masks/{name}.png"
            files = {**facts.files, mask: write_bytes(building / mask, earlier[name].mask.read_bytes())}
            notes.facts[name] = replace(facts, predicted=facts.earlier, files=files)
        else:
            notes.facts[name] = replace(facts, kept=False)
