"""The official pixel evaluation, objects included, of 2048x1024 frames against the official script.

    python -m benchmarks.evaluating [--quick] [--json FILE]

Both read the same drawn frames and predictions, each frame under several names, because a split has hundreds. Times are
wall clock a frame: ours with two workers that are started before, the script in its one process without its start, and
without its optional C part.
"""

import math
import tempfile
from pathlib import Path

import cv2
import numpy as np
from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as official

from benchmarks.resize import drawn_frames
from benchmarks.timing import main, row, seconds
from common.dataset.original.layouts import find_frames
from common.evaluation.pixels.evaluation import PixelOptions, evaluate_pixels
from common.images.png import encode_mask, read_mask

_BLOCK = 32
_NAMES_A_FRAME = 4


def measure(quick=False):
    """Compares milliseconds a frame and every number of the result; returns rows of `timing.row`."""
    count, repeats = (12, 2) if quick else (48, 5)
    options = PixelOptions("cityscapes", "ids", workers=2)
    ours, alone, theirs = [], [], []
    with tempfile.TemporaryDirectory() as base:
        tree, folder = Path(base, "gtFine"), Path(base, "predictions")
        frames = _repeat(find_frames(drawn_frames(count)), tree)
        write_damaged(frames, folder)
        evaluate_pixels(folder, tree, options)  # starts the workers
        for _ in range(repeats):
            theirs.append(1000 * seconds(_evaluate_officially, frames, folder) / len(frames))
            ours.append(1000 * seconds(evaluate_pixels, folder, tree, options) / len(frames))
            one = PixelOptions("cityscapes", "ids")
            alone.append(1000 * seconds(evaluate_pixels, folder, tree, one) / len(frames))
        expected = _evaluate_officially(frames, folder)
        difference = largest_difference(evaluate_pixels(folder, tree, options).as_json(), expected)
    return [
        row("official pixel evaluation with objects, 2 workers, ms a frame", ours, theirs, 4),
        row("official pixel evaluation with objects, 1 process, ms a frame", alone, theirs, 2),
        row("official pixel evaluation, largest difference", [difference], None, 1e-9),
    ]


def _repeat(frames, tree):
    """Links the ground truth of the training frames under four names each; returns the frames of the new tree."""
    for frame in frames:
        for turn in range(_NAMES_A_FRAME * (frame.split == "train")):
            for kind in ("labelIds", "instanceIds"):
                link = tree / "train" / f"again{turn}" / f"again{turn}_{frame.name}_gtFine_{kind}.png"
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(frame.files[kind].path)
    return find_frames(tree)


def write_damaged(frames, folder):
    """Writes a prediction of each frame: moved by some pixels, with round patches of other labels in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        ids, random = read_mask(frame.files["labelIds"]), np.random.default_rng(number)
        height, width = ids.shape
        coarse = random.integers(0, 34, (height // _BLOCK, width // _BLOCK)).astype(np.uint8)
        is_hit = (random.random(coarse.shape) < 0.15).astype(np.uint8)
        patches = cv2.resize(is_hit, (width, height), interpolation=cv2.INTER_LINEAR) > 0
        labels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
        values = np.where(patches, labels, np.roll(ids, (3, -5), (0, 1)))
        (folder / f"{frame.name}.png").write_bytes(encode_mask(values))


def largest_difference(ours, theirs):
    """Finds the largest difference of two results; NaN and null are equal, and nothing else is to either."""
    if isinstance(theirs, dict):
        return max(largest_difference(ours[key], value) for key, value in theirs.items())
    if isinstance(theirs, list):
        return max(largest_difference(*pair) for pair in zip(ours, theirs, strict=True))
    if ours is None or math.isnan(theirs):
        return 0.0 if ours is None and math.isnan(theirs) else math.inf
    return abs(ours - theirs)


def _evaluate_officially(frames, folder):
    if not hasattr(np, "in1d"):  # gone from numpy 2.4, which the script does not know
        np.in1d = lambda values, *others, **options: np.isin(np.ravel(values), *others, **options)  # noqa: NPY201
    official.args.quiet, official.args.JSONOutput = True, False
    predictions = [str(Path(folder, f"{frame.name}.png")) for frame in frames]
    return official.evaluateImgLists(predictions, [str(frame.files["labelIds"]) for frame in frames], official.args)


if __name__ == "__main__":
    main(__doc__, measure)
