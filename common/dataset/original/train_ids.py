"""Masks of train ids: what gives them away where labelIds should be, and what their values mean.

Train ids are 0 to 18 for the labels that are evaluated, and 255 for all others. Some programs write them into files
that are called labelIds, where 0 to 18 are other labels: 0 is road as a train id and unlabeled as a label id.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.errors import LabelError, ProjectError
from common.files.sources import Source
from common.images.png import read_mask
from common.labels.cityscapes import IGNORE, LABELS

# The kind of file that holds them, as in `<name>_gtFine_labelTrainIds.png`.
TRAIN_IDS = "labelTrainIds"
_ID_OF_TRAIN_ID = {label.train_id: label.id for label in LABELS if 0 <= label.train_id < IGNORE} | {IGNORE: 0}
_LARGEST = max(train_id for train_id in _ID_OF_TRAIN_ID if train_id < IGNORE)
# Few low values, such as 7 and 8, may be label ids of a scene without plants, sky and vehicles.
_FEWEST_VALUES = 6
MAKE_IDS = "make label ids of them first: python -m common.tools.masks SOURCE OUT --encoding labelIds --from trainIds"
_LOOKED_AT = 8


def look_like_train_ids(values: Collection[int]) -> bool:
    """Tells whether all values that occur in some masks look like train ids and not like label ids.

    Label ids of street scenes hardly ever stay below 19: vegetation is 21, sky 23, car 26. So values look like train
    ids if none is between 19 and 254, one is below 19, and either 255 is there, which is not a label id, or at least
    six values are.
    """
    present = {int(value) for value in values}
    low = {value for value in present if 0 <= value <= _LARGEST}
    return bool(low) and present <= low | {IGNORE} and (IGNORE in present or len(low) >= _FEWEST_VALUES)


def train_id_notes(masks: Sequence[Source], way_out: str) -> list[str]:
    """Looks at some masks of labelIds, spread over all, and writes a note if they look like train ids.

    Args:
        masks: Files that should hold label ids.
        way_out: What to do, as the end of the sentence. Files that cannot be read are passed over.
    """
    chosen = masks[:: -(-len(masks) // _LOOKED_AT)] if masks else ()
    values: set[int] = set()
    for mask in chosen:
        try:
            values |= set(np.flatnonzero(np.bincount(read_mask(mask).ravel())).tolist())
        except ProjectError:
            continue  # the error is reported when the frame is read
    if not look_like_train_ids(values):
        return []
    return [
        f"the values of labelIds look like train ids: of {len(chosen)} masks none has a value from {_LARGEST + 1} to "
        f"{IGNORE - 1}, for example {chosen[0]}; {way_out}"
    ]


def label_id_files(frames: Iterable[Mapping[str, Source]]) -> list[Source]:
    """Lists the files of labelIds among the annotation files of some frames."""
    return [files["labelIds"] for files in frames if "labelIds" in files]


def with_train_ids(files: Mapping[str, Source]) -> dict[str, Source]:
    """Adds the file of train ids to the annotation files of a frame: labelTrainIds, else labelIds, which hold them."""
    found = files.get(TRAIN_IDS, files.get("labelIds"))
    return dict(files) if found is None else {**files, TRAIN_IDS: found}


def train_ids_to_ids(values: NDArray[np.uint8], where: Source | str) -> NDArray[np.uint8]:
    """Replaces train ids by label ids, of any shape; what is not evaluated becomes unlabeled.

    Raises:
        LabelError: If a value is not a train id; names `where`, the file, and the value.
    """
    table = np.full(256, IGNORE, np.uint8)
    for train_id, id_ in _ID_OF_TRAIN_ID.items():
        table[train_id] = id_
    unknown = sorted(set(np.unique(values).tolist()) - _ID_OF_TRAIN_ID.keys())
    if unknown:
        raise LabelError(
            f"{where}: holds the value {unknown[0]}, which is not a train id; train ids are 0 to {_LARGEST} and "
            f"{IGNORE}. Are these label ids?"
        )
    return table[values]
