"""CamVid as the SegNet tutorial and Datumaro have it: a photograph and a mask of classes for each frame.

The files are `<split>/<frame>.<ending>`, `<split>annot/<frame>.png`, `<split>.txt` with the paths of both on a line,
and `label_colors.txt`. A value in a written mask is the place of a label in label_colors.txt, background first, and its
colour in the palette is the label's: programs that read values, for example SegNet, and programs that read colours, for
example Datumaro, get the same labels. The path of a photograph starts with `/`, without which Datumaro 1.13 fails; it
is relative to the folder of the dataset. A path with spaces is in quotes. A frame without ground truth has one path;
Datumaro cannot read it if its name has a space. The photograph comes first in the line and names the frame, so the
place where it belongs is listed even if there is no photograph or none is copied; Datumaro still finds frame and mask.

Masks may have a palette, grey values or colours when they are read, and paths in lists may start with other folders,
for example `/SegNet/CamVid/train/...`. Without label_colors.txt, masks of grey values are the tutorial's 12 classes,
others the 32 of CamVid itself. Objects are not told apart: the pixels of a label that is counted are a crowd.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.camvid.labels import read_labels
from common.formats.camvid.lists import MASKS, find_lists, item_id_of, paths_of_line, resolve
from common.formats.class_masks import VOID, MaskCode, present_values, read_classes, table_as_read
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, missing_notes, split_item_id
from common.formats.names import read_lines
from common.text import count


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip has lists `<split>.txt` beside folders `<split>annot`."""
    return bool(find_lists(tree))


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; notes count the files that a list names and that are not there.

    Raises:
        DataError: If it is not a CamVid dataset, a path in a list leads out of it, or a frame is listed twice; names
            the file.
        LabelError: If a label file names a label twice.
    """
    found = find_lists(tree)
    if found is None:
        raise DataError(f"{tree}: is not a CamVid dataset; expected <split>.txt beside <split>{MASKS}/")
    folder, _ = found
    tree = tree.below(folder)
    lists = {split: name[len(folder) :] for split, name in found[1].items()}
    masks = sorted(name for split in lists for name in tree.names(split + MASKS, ".png"))
    table, code, notes = read_labels(tree, [tree[name] for name in masks])
    notes += code.notes
    frames: list[AnnotatedFrame] = []
    missing: Counter[str] = Counter()
    used: set[str | None] = set()
    for split, name in lists.items():
        for frame, mask, problems in _read_list(tree, split, name, code):
            frames.append(frame)
            missing.update(problems)
            used.add(mask)
    if not frames:
        raise DataError(f"{tree}: the lists {', '.join(lists.values())} name no frame")
    notes += missing_notes(missing, len(frames))
    left_out = len(set(masks) - used)
    notes += [f"{count(left_out, 'mask')} in no list, left out"] if left_out else []
    return FrameDataset(table_as_read(table), tuple(frames), "camvid", tuple(notes))


def _read_list(
    tree: FileListing, split: str, list_name: str, code: MaskCode
) -> Iterator[tuple[AnnotatedFrame, str | None, list[str]]]:
    """Yields the frames of a list, each with the name of its mask or None, and what is missing of it."""
    seen = set()
    for line in read_lines(tree[list_name]):
        image_path, mask_path = paths_of_line(line, tree[list_name], tree)
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
    """The mask of a frame, and what its values and colours mean."""

    mask: Source
    code: MaskCode

    def load(self) -> Annotation:
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        classes = read_classes(self.mask, self.code)
        present = {value: self.code.segment(value) for value in present_values(classes)}
        segments = {value: segment for value, segment in present.items() if segment is not None}
        void = int((classes == VOID).sum()) if VOID in present and len(self.code.names) <= VOID else 0
        dropped = +Counter({"pixels of value 255 (void)": void})
        return Annotation(classes.astype(np.uint16), segments, dropped=dropped)
