"""The frames of an official tree whose files say where one object ends and the next begins.

Knows which frames a prediction is held against: those of each split that it has at least one frame of, so that a
prediction for val can be scored against a tree with train, val and test, and a frame that was forgotten is still
noticed. labelIds and color do not tell objects apart and are never used instead.
"""

from common.dataset.original.layouts import read_layout
from common.dataset.original.truth import first_kind, read_truth
from common.errors import DataError
from common.text import first_few

# Values of instanceIds from here on are label id * 1000 + number of the object; smaller ones are label ids.
FIRST_OBJECT = 1000
_KINDS = ("instanceIds", "polygons")


def object_frames(root):
    """Finds the annotated frames of an official tree.

    Args:
        root: Folder or zip, as for `read_layout`.

    Returns:
        `Frame`s with annotation files, sorted by split and name.

    Raises:
        DataError: If there are none, or one has neither instanceIds nor polygons; names it.
    """
    frames = [frame for frame in read_layout(root).frames if frame.files]
    if not frames:
        raise DataError(f"{root}: no frame has an annotation; instanceIds.png (or polygons.json) were expected")
    for frame in frames:
        if first_kind(frame.files, _KINDS) is None:
            raise DataError(
                f"{root}: the frame {frame.name} has {', '.join(sorted(frame.files))}, but neither instanceIds nor "
                "polygons; only these tell objects apart"
            )
    return frames


def read_objects(files):
    """Reads the values of a frame; returns `uint16` of shape `(height, width)`, raises as `read_truth` does."""
    return read_truth(files, kinds=_KINDS).values


def truth_file(files):
    """Names the file that `read_objects` reads."""
    return files[first_kind(files, _KINDS)]


def choose_predicted(groups, predicted, where):
    """Chooses what a prediction is held against: each group of frames that it has at least one of.

    Args:
        groups: Lists of frame names, one per split or per JSON file.
        predicted: Names of the frames that are predicted.
        where: What error messages call the prediction.

    Returns:
        The names of the chosen groups, in their order; and sentences on what was left out.

    Raises:
        DataError: If no frame of the truth is predicted, or one of a chosen group is not; names it.
    """
    chosen = [name for group in groups if not predicted.isdisjoint(group) for name in group]
    if not chosen:
        known = next((name for group in groups for name in group), "none")
        raise DataError(
            f"{where}: has a prediction for no frame of the truth; the truth's are called as {known}, the predicted "
            f"ones as {first_few([min(predicted)]) if predicted else 'nothing'}"
        )
    missing = [name for name in chosen if name not in predicted]
    if missing:
        raise DataError(
            f"{where}: has no prediction for {len(missing):,} of {len(chosen):,} frames of the truth, as {missing[0]}; "
            "every frame of a split must be predicted, an empty prediction included"
        )
    known = {name for group in groups for name in group}
    notes = []
    if others := len(known) - len(chosen):
        notes.append(f"{others:,} of {len(known):,} frames of the truth are in splits without a prediction; left out")
    if unused := predicted - known:
        notes.append(f"{len(unused):,} predictions belong to no frame of the truth: {first_few(sorted(unused))}")
    return chosen, tuple(notes)
