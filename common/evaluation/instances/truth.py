"""The frames of an official tree whose files tell objects apart, and which of them a prediction is compared with.

These are all frames of each split that has at least one predicted frame. So a prediction for val can be scored against
a tree with train, val and test, and a forgotten frame is still noticed. labelIds and color do not tell objects apart
and are never used instead.
"""

from collections.abc import Collection, Mapping, Sequence, Set
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.layouts import Frame, read_layout
from common.dataset.original.truth import first_kind, read_truth
from common.errors import DataError
from common.files.sources import Source
from common.text import count, first_few

# Values of instanceIds from 1000 on are label id * 1000 + number of the object; smaller values are label ids.
FIRST_OBJECT = 1000
_KINDS = ("instanceIds", "polygons")


def object_frames(root: Path | str) -> list[Frame]:
    """Finds the annotated frames of an official tree, a folder or zip, sorted by split and name.

    Raises:
        DataError: If there are none, or one has neither instanceIds nor polygons; names it.
    """
    frames = [frame for frame in read_layout(Path(root)).frames if frame.files]
    if not frames:
        raise DataError(f"{root}: no frame has an annotation; expected instanceIds.png or polygons.json")
    for frame in frames:
        if first_kind(frame.files, _KINDS) is None:
            found = f"{root}: the frame {frame.name} has {', '.join(sorted(frame.files))}"
            raise DataError(f"{found}, but neither instanceIds nor polygons; only these tell objects apart")
    return frames


def read_objects(files: Mapping[str, Source]) -> NDArray[np.uint16]:
    """Reads the values of a frame, shape `(height, width)`; raises as `read_truth` does."""
    return read_truth(files, kinds=_KINDS).values


def truth_file(files: Mapping[str, Source]) -> Source:
    """Finds the file that `read_objects` reads."""
    return files[first_kind(files, _KINDS) or _KINDS[0]]


def choose_predicted(
    groups: Sequence[Collection[str]], predicted: Set[str], where: Path | str
) -> tuple[list[str], tuple[str, ...]]:
    """Chooses what a prediction is compared with: each group of frames that it has at least one frame of.

    Args:
        groups: Frame names, one group per split or per JSON file.
        predicted: Names of the frames that are predicted.
        where: The prediction, for error messages.

    Returns:
        The frame names of the chosen groups, in their order; and sentences on what was left out.

    Raises:
        DataError: If no frame of the truth is predicted, or one of a chosen group is not; names it.
    """
    chosen = [name for group in groups if not predicted.isdisjoint(group) for name in group]
    if not chosen:
        example = next((name for group in groups for name in group), "missing")
        raise DataError(
            f"{where}: has a prediction for no frame of the truth; a name in the truth is {example}, a predicted name "
            f"is {first_few([min(predicted)]) if predicted else 'missing'}"
        )
    if missing := [name for name in chosen if name not in predicted]:
        raise DataError(
            f"{where}: has no prediction for {len(missing):,} of {count(len(chosen), 'frame')} of the truth, for "
            f"example {missing[0]}; every frame of a split needs a prediction, even an empty one"
        )
    known = {name for group in groups for name in group}
    notes = []
    if others := len(known) - len(chosen):
        notes.append(f"{others:,} of {len(known):,} frames of the truth are in splits without a prediction; left out")
    if unused := predicted - known:
        notes.append(
            f"no frame of the truth belongs to {count(len(unused), 'prediction')}: {first_few(sorted(unused))}"
        )
    return chosen, tuple(notes)
