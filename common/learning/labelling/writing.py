"""Writes a folder of pseudo-labels: images, masks, inconsistency masks, and what was measured of them.

What a stop left is used again: a frame whose files are complete is not labelled a second time.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from common.dataset.prepared.folders import Sample, Split
from common.errors import DataError
from common.files.disk import FileEntry, entry_of, link_or_copy, write_bytes
from common.images.png import encode_image, encode_mask, read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.learning.labelling.sources import BATCH, Label, LabelSource, Pixels
from common.learning.training.scoring import CollectedScores
from common.methods.agreement import black_out
from common.methods.jobs import LabelJob

_THREADS = 2


@dataclass(frozen=True)
class FrameFacts:
    """What is known of one labelled frame.

    Attributes:
        name: Of the frame.
        size: Number of pixels that the teachers do not agree on.
        labeled: Share of the pixels with a label of the teachers.
        kept: Whether it is trained on.
        predicted: The mIoU that EvalNets predict for its label; None if nobody asked them.
        earlier: Likewise, for the label of the generation before; None if there was none.
        files: Size in bytes and CRC-32 of its files as they were written, for example of "masks/a.png".
    """

    name: str
    size: int
    labeled: float
    kept: bool = True
    predicted: float | None = None
    earlier: float | None = None
    files: dict[str, FileEntry] = field(default_factory=dict, hash=False)


class Notes:
    """The facts of the frames that are finished, in a file of JSON lines beside the job; survives a stop."""

    def __init__(self, path: Path, stage: str) -> None:
        self._path = path
        self.facts: dict[str, FrameFacts] = {}
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if lines and lines[0] == stage:
            self._read(lines[1:])
        else:
            path.write_text(f"{stage}\n", encoding="utf-8")

    def _read(self, lines: Sequence[str]) -> None:
        for line in lines:
            try:
                facts = FrameFacts(**json.loads(line))
                entries = {file: (int(size), int(crc)) for file, (size, crc) in facts.files.items()}
            except (ValueError, TypeError):  # cut off by the stop
                continue
            self.facts[facts.name] = replace(facts, files=entries)

    def add(self, facts: FrameFacts) -> None:
        """Adds one frame."""
        self.facts[facts.name] = facts
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(facts)) + "\n")

    def files(self) -> dict[str, FileEntry]:
        """Gives size and CRC-32 of all files that were written."""
        return {file: entry for facts in self.facts.values() for file, entry in facts.files.items()}


def batches_of(split: Split, done: set[str] | None = None) -> Iterator[tuple[list[Sample], Pixels]]:
    """Reads the images of a split, a few at a time, without those of frames that are done."""
    samples = [sample for sample in split.samples if sample.name not in (done or ())]
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(samples), BATCH):
            batch = samples[start : start + BATCH]
            yield batch, np.stack(list(pool.map(lambda sample: read_image(sample.image), batch)))


def parts_of(job: LabelJob) -> tuple[str, ...]:
    """Lists the folders of a frame's files."""
    return ("images", "masks", "im") if job.agrees else ("images", "masks")


def is_written(building: Path, facts: FrameFacts) -> bool:
    """Tells whether all files of a frame are there as they were written."""
    paths = {building / file: entry for file, entry in facts.files.items()}
    return bool(paths) and all(path.is_file() and entry_of(path) == entry for path, entry in paths.items())


def write_frame(building: Path, job: LabelJob, sample: Sample, image: Pixels, label: Label) -> FrameFacts:
    """Writes the files of one frame; the image is a link unless pixels of it become black."""
    name = f"{sample.name}.png"
    files: dict[str, FileEntry] = {}
    kept, size, labeled = True, 0, 1.0
    if (agreement := label.agreement) is not None:
        files[f"im/{name}"] = write_bytes(building / "im" / name, encode_mask(agreement.mask))
        kept = agreement.same_classes or not job.filter_classes
        size = agreement.size
        labeled = float(1 - np.count_nonzero(agreement.mask) / agreement.mask.size)
    if agreement is not None and job.rules.block_input and agreement.mask.any():
        black = encode_image(black_out(image, agreement.mask))
        files[f"images/{name}"] = write_bytes(building / "images" / name, black)
    else:
        files[f"images/{name}"] = link_image(building, sample)
    files[f"masks/{name}"] = write_bytes(building / "masks" / name, encode_mask(label.mask))
    return FrameFacts(sample.name, size, labeled, kept, files=files)


def link_image(building: Path, sample: Sample) -> FileEntry:
    """Makes the image of a frame a link to the one it was labelled on."""
    target = building / "images" / f"{sample.name}.png"
    entry = entry_of(sample.image)
    if not (target.is_file() and entry_of(target) == entry):
        target.unlink(missing_ok=True)
        link_or_copy(sample.image, target)
    return entry


def measure(job: LabelJob, source: LabelSource, split: Split) -> tuple[float, CollectedScores]:
    """Labels a split without keeping the labels; returns the mean size of the inconsistency masks, and scores."""
    scores, sizes = CollectedScores(job.classes), []
    for samples, images in batches_of(split):
        labels = source.label([sample.name for sample in samples], images)
        for sample, label in zip(samples, labels, strict=True):
            add_to(scores, sample, label.mask, label.agreement.mask if label.agreement else None)
            sizes.append(label.agreement.size if label.agreement else 0)
    return float(np.mean(sizes)), scores


def add_to(scores: CollectedScores, sample: Sample, label: Pixels, mask: Pixels | None) -> None:
    """Scores the pixels of a label that teachers gave, against the ground truth that nobody trains on."""
    truth = read_mask(sample.mask)
    if truth.shape != label.shape:
        raise DataError(f"{sample.mask}: has another size than its image; run the steps from 00 on again")
    counted = label != IGNORE if mask is None else (mask == 0) & (label != IGNORE)
    if counted.any():
        scores.add(sample.name, truth[counted][None], label[counted][None])
