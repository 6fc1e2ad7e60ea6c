"""What the readers of both forms share: the frames of all JSON files of a dataset, one table of labels, the notes."""

from collections.abc import Callable, Sequence

from common.errors import DataError
from common.files.listing import FileListing
from common.formats.coco.entries import find_labels, make_table, split_of
from common.formats.coco.index import CocoIndex, Pack, read_index
from common.formats.coco.photographs import Photographs
from common.formats.frames import AnnotatedFrame
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable

# Makes the frames of a file, in the order of its images. Its arguments are the pictures of the dataset, the name of the
# file in it, the content of the file, and the label of each category by its key.
MakeFrames = Callable[[Photographs, str, CocoIndex, dict[str, Label]], list[AnnotatedFrame]]


def read_files(
    tree: FileListing, names: Sequence[str], pack: Pack, make_frames: MakeFrames, is_thing: bool
) -> tuple[LabelTable, tuple[AnnotatedFrame, ...], list[str]]:
    """Reads the JSON files `names` of a dataset; for the other arguments see `Pack`, `MakeFrames` and `make_table`.

    Returns:
        The table, the frames in the order of the files, and notes on what is missing.

    Raises:
        DataError: If a file is not of the expected form, no file has an image, or two files have the same frame; names
            the file and the place.
    """
    files = [read_index(tree[name], split_of(name), pack) for name in names]
    if not any(file.images for file in files):
        raise DataError(f"{files[0].source}: images is empty; expected one image or more")
    table = make_table([file.categories for file in files], is_thing)
    frames: dict[tuple[str, str], AnnotatedFrame] = {}
    notes = []
    photographs = Photographs(tree)
    for name, file in zip(names, files, strict=True):
        found = make_frames(photographs, name, file, find_labels(file.categories, table))
        notes += [f"{name}: {note}" for note in file.notes]
        for what, absent in (
            ("images are not there", [frame.name for frame in found if frame.image is None]),
            ("images have no annotation", [frame.name for frame in found if frame.truth is None]),
        ):
            if absent:
                notes.append(f"{name}: {len(absent):,} of {len(found):,} {what}, for example {absent[0]}")
        notes += [] if found else [f"{name}: has no images in it"]
        for frame in found:
            if frames.setdefault((frame.split, frame.item_id), frame) is not frame:
                split = frame.split or "no split"
                raise DataError(f"{tree}: the frame {frame.item_id} of {split} is in two JSON files")
    return table, tuple(frames.values()), notes + photographs.notes
