"""Scores a folder of predictions against a ground truth, frame by frame, in as many processes as wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.errors import ConfigError, DataError
from common.evaluation.metrics.official import is_defined
from common.evaluation.pixels.frame_counts import FrameCounter, FrameCounts
from common.evaluation.pixels.frame_truth import TruthFrame
from common.evaluation.pixels.mask_values import CLASSES, MaskValues
from common.evaluation.pixels.pairing import pair
from common.evaluation.pixels.predictions import AUTO, PredictionReader, choose_reader
from common.evaluation.pixels.recognition import ENOUGH, agreement, describe_kind, describe_mistake, find_mistake
from common.evaluation.pixels.scores import BOTH, PROTOCOLS, PixelScores
from common.evaluation.pixels.truth_frames import find_truth
from common.files.sources import Source
from common.labels.maps import LabelMap
from common.parallel import check_workers, run_all

# After so many frames a wrong reading is clear, so that nobody has to wait for all frames.
_LOOK_AFTER = 8
_FAULTS_SHOWN = 5
_COLORS_NOTE = "colours do not tell all labels apart: black was read as unlabeled, (153, 153, 153) as pole"


@dataclass(frozen=True)
class PixelOptions:
    """How predictions are scored.

    Attributes:
        protocol: One of `PROTOCOLS`.
        encoding: What predictions hold, one of `ENCODINGS`.
        label_map: The classes; None takes those of a prepared split, else the study's.
        partial: Scores the frames that have a prediction, even if others have none.
        splits: Names of splits of the truth; () takes those that have predictions.
    """

    protocol: str = BOTH
    encoding: str = AUTO
    label_map: LabelMap | None = None
    partial: bool = False
    splits: tuple[str, ...] = ()
    workers: int = 1


def evaluate_pixels(predictions: Path | str, truth: Path | str, options: PixelOptions | None = None) -> PixelScores:
    """Scores predictions; the scores do not depend on the number of workers.

    Args:
        predictions: A folder, searched with all below it, or a zip; file names begin with the frames' names.
        truth: A dataset of any format, a prepared split, or a folder of masks with label ids.
        options: The defaults if None.

    Raises:
        DataError: If a prediction is missing, there twice, damaged or of another size, or holds values without a
            meaning; names it. If the values clearly do not mean what was assumed; names the option to give.
        ConfigError: If the options do not fit each other.
    """
    options = options or PixelOptions()
    if options.protocol not in PROTOCOLS:
        raise ConfigError(f"there is no protocol {options.protocol!r}; there are {', '.join(PROTOCOLS)}")
    check_workers(options.workers)
    found = find_truth(truth, options.label_map)
    pairs = pair(predictions, found, options.splits, options.encoding, options.partial)
    reader = choose_reader(options.encoding, found.values, options.label_map, _example(pairs.frames))
    scores = PixelScores(Path(predictions), found.root, found.values, reader.values, options.protocol)
    scores.notes += [*pairs.notes, *found.notes]
    _tell_what_is_missing(scores, reader, [frame for frame, _ in pairs.frames])
    counter = FrameCounter(found.values, reader, scores.has_instances)
    _collect(scores, run_all(counter, pairs.frames, options.workers, "scoring"), options.encoding)
    look_for_mistakes(scores, options.encoding, is_last=True)
    return scores


def _example(pairs: Sequence[tuple[TruthFrame, Source]]) -> Source:
    """Finds the first prediction that can be opened; the others are named when they are read."""
    for _, source in pairs:
        try:
            with source.open() as file:
                file.read(1)
            return source
        except DataError:
            continue
    return pairs[0][1]


def why_not_official(truth: MaskValues, prediction: MaskValues) -> str:
    """Says why there are no official scores of such masks; "" if there are."""
    has_classes = CLASSES in (truth.kind, prediction.kind)
    is_known = not has_classes or is_defined(truth.label_map)
    return "" if is_known else "the label map joins labels that the benchmark tells apart"


def _tell_what_is_missing(scores: PixelScores, reader: PredictionReader, frames: Sequence[TruthFrame]) -> None:
    """Notes which scores cannot be computed, and why."""
    label_map = reader.values.label_map
    scores.no_official = why_not_official(scores.truth_values, reader.values)
    if reader.is_color and len(set(label_map.colors)) < len(label_map):
        scores.no_paper = "several classes have one colour; give the masks"
        scores.notes.append(_COLORS_NOTE)
    without = [frame.name for frame in frames if not frame.tells_objects]
    if len(without) == len(frames):
        scores.no_instances = "the truth does not tell objects apart"
    elif without:
        scores.no_instances = (
            f"objects are not told apart in {len(without):,} of {len(frames):,} frames, for example {without[0]}"
        )


def _collect(scores: PixelScores, frames: Iterable[FrameCounts], encoding: str) -> None:
    """Adds the frames one by one; stops when enough of them cannot be scored."""
    faults: list[str] = []
    for number, frame in enumerate(frames, start=1):
        if frame.hint:
            raise DataError(f"{frame.fault}; {frame.hint}")
        if frame.fault:
            faults.append(frame.fault)
            if len(faults) == _FAULTS_SHOWN:
                break
        else:
            scores.add(frame)
        if number == _LOOK_AFTER and not faults:
            look_for_mistakes(scores, encoding)
    if faults:
        raise DataError(_describe_faults(faults))


def look_for_mistakes(scores: PixelScores, encoding: str, is_last: bool = False) -> None:
    """Refuses values that were guessed wrong; with an explicit --encoding this is only a note."""
    if scores.counts is None:
        return
    values = scores.prediction_values
    counts = np.zeros((len(scores.counts), 256), np.int64)
    counts[:, values.allowed] = scores.counts
    reading = find_mistake(counts, scores.truth_values, values)
    if reading is not None:
        text = f"{scores.predictions}: {describe_mistake(reading, values)}"
        if encoding == AUTO:
            raise DataError(text)
        scores.notes += [text] if is_last else []
    elif is_last:
        share = agreement(counts, scores.truth_values, values)
        if share is None:
            secret = "this is so in the files that stand for the secret truth of test"
            scores.notes.append(f"no pixel of the truth is evaluated; {secret}")
        elif share < ENOUGH:
            scores.notes.append(
                f"truth and predictions agree on {share:.0%} of the evaluated pixels; if the values are not "
                f"{describe_kind(values)}, say what they are with --encoding"
            )


def _describe_faults(faults: list[str]) -> str:
    if len(faults) == 1:
        return faults[0]
    start = f"at least {len(faults)}" if len(faults) == _FAULTS_SHOWN else f"{len(faults)}"
    return f"{start} frames cannot be scored:" + "".join(f"\n    {fault}" for fault in faults)
