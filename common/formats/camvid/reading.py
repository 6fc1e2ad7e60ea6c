"""CamVid as the SegNet tutorial and Datumaro have it: a photograph and a mask of classes for each frame.

Written are `<split>/<frame>.<ending>`, `<split>annot/<frame>.png`, `<split>.txt` with the paths of both on a line, and
`label_colors.txt`. A value in a mask is the place of a label in label_colors.txt, background first, and its colour in
the palette is the label's: who reads values, as SegNet, and who reads colours, as Datumaro, get the same. The path of a
photograph starts with `/`, without which Datumaro 1.13 fails; it is meant from the dataset's folder. A path with spaces
stands in quotes. A frame without ground truth has one path; Datumaro cannot read it if it has a space in its name. The
path of a photograph comes first in its line and names the frame, so it is listed where there is none, too, or none is
copied: it is where the photograph belongs. Datumaro lists it in that case as well, and finds the frame and its mask.

Read are masks with a palette, grey values or colours, and lists whose paths start with other folders, as
`/SegNet/CamVid/train/...`. Without label_colors.txt, masks of grey values are the tutorial's 12 classes, others the 32
of CamVid itself. Objects are not told apart: the pixels of a label that is counted are a crowd.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.camvid.labels import read_labels
from common.formats.camvid.lists import MASKS, find_lists, item_id_of, paths_of_line, resolve
from common.formats.class_masks import (
    VOID,
    MaskCode,
    present_values,
    read_classes,
    table_as_read,
)
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, split_item_id
from common.formats.names import read_lines


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip has lists `<split>.txt` beside folders `<split>annot`."""
    return bool(find_lists(tree))


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset.

    Args:
        tree: `FileListing`.

    Returns:
        `FrameDataset`; files that a list names and that are not there are counted in the notes.

    Raises:
        DataError: If it is no CamVid dataset, a list names what leads out of it, or a frame twice; names the file.
        LabelError: If a label file names a label twice.
    """
    found = find_lists(tree)
    if found is None:
        raise DataError(f"{tree}: no CamVid dataset is there; <split>.txt beside <split>{MASKS}/ was expected")
    folder, _ = found
    tree = tree.below(folder)
    lists = {split: name[len(folder) :] for split, name in found[1].items()}
    masks = sorted(name for split in lists for name in tree.names(split + MASKS, ".png"))
    table, code, notes = read_labels(tree, [tree[name] for name in masks])
    notes += code.notes
    frames, missing, used = [], Counter(), set()
    for split, name in lists.items():
        for frame, mask, problems in _read_list(tree, split, name, code):
            frames.append(frame)
            missing.update(problems)
            used.add(mask)
    if not frames:
        raise DataError(f"{tree}: the lists {', '.join(lists.values())} name no frame")
    notes += [f"{count:,} of {len(frames):,} frames {what}" for what, count in missing.items()]
    left_out = len(set(masks) - used)
    notes += [f"{left_out:,} masks are in no list and were left out"] if left_out else []
    return FrameDataset(table_as_read(table), tuple(frames), "camvid", tuple(notes))


def _read_list(tree, split, list_name, code):
    """Yields the frames of a list, each with the name of its mask or None, and what of it is missing."""
    seen = set()
    for line in read_lines(tree[list_name]):
        image_path, mask_path = paths_of_line(line, tree[list_name])
        image, mask = resolve(tree, image_path), resolve(tree, mask_path)
        item_id = item_id_of(mask or image or image_path, split)
        if item_id in seen:
            raise DataError(f"{tree[list_name]}: the frame {item_id!r} is there twice")
        seen.add(item_id)
        problems = ["have no image"] if image is None else []
        if mask is None:
            problems.append("have no mask, though the list names one" if mask_path else "have no mask")
        city, name = split_item_id(item_id)
        truth = CamvidTruth(tree[mask], code) if mask else None
        source = tree[image] if image else None
        yield AnnotatedFrame(name, "" if split == NO_SPLIT else split, city, source, truth), mask, problems


@dataclass(frozen=True)
class CamvidTruth:
    """The mask of a frame.

    Attributes:
        mask: The file.
        code: What its values and colours mean.
    """

    mask: Source
    code: MaskCode

    def load(self):
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        classes = read_classes(self.mask, self.code)
        present = {value: self.code.segment(value) for value in present_values(classes)}
        segments = {value: segment for value, segment in present.items() if segment is not None}
        void = int((classes == VOID).sum()) if VOID in present and len(self.code.names) <= VOID else 0
        dropped = +Counter({"pixels of value 255 (void)": void})
        return Annotation(classes.astype(np.uint16), segments, dropped=dropped)
