"""CVAT's Cityscapes format: a zip with `label_colors.txt`, `gtFine` and, with images, `imgsFine/leftImg8bit`.

CVAT, and Datumaro that reads and writes it, know no ids: a value in labelIds is the place of the label's line in
`label_colors.txt`, from 0, and a value in instanceIds is that place, or `place * 1000 + n` for object n. Place 0 is
the background and must be black; a list without black counts as if a black line stood before its first. So places are
what is written and read here. The background comes first, all others follow in the order of the table. For Cityscapes'
own table the place of every painted label is its id, so that the files are Cityscapes' as well; license plates are 34.
A list of Cityscapes' names only, in any order, is read back with Cityscapes' ids; other labels have their place as id.

A plain value of a label with instances is a crowd. Any label of a task in CVAT may have instances, so labels that
Cityscapes does not know are read as such, unless comments in the list say which are counted. Objects keep their number
up to place 64, as values have 16 bits. Without a subset a frame stands in `default`. Read are such a zip, its folder,
and the form CVAT asks for in an import, `gtFine/<city>/<image>_gtFine_instanceIds.png`; the one folder is a subset if
it is called like one. Without `label_colors.txt` labels are Cityscapes'. CVAT keeps no polygons in this format: what is
drawn is pixels.
"""

import re
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from common.dataset.layouts import SPLITS
from common.dataset.png import encode_color_mask, encode_instance_mask, encode_mask
from common.dataset.polygons import ids_to_colors
from common.dataset.sources import Source
from common.errors import DataError, LabelError
from common.files import atomic_path, is_safe_member
from common.formats.cityscapes import segments_of_values
from common.formats.cityscapes_writing import LARGEST_COUNTED_ID, values_of
from common.formats.frame_names import check_name
from common.formats.frames import (
    NO_CITY,
    NO_SPLIT,
    AnnotatedFrame,
    Annotation,
    FrameDataset,
    Tally,
    city_of,
    instance_segments,
)
from common.formats.label_files import (
    COLORS_FILES,
    META_FILE,
    find_label_table,
    label_colors_text,
    with_black_background,
)
from common.formats.losses import fit_to_table
from common.formats.pictures import IMAGE_ENDINGS, place_image, read_values, read_whole
from common.formats.streaming import for_each_frame
from common.label_tables import CITYSCAPES, LabelTable

_TRUTH, _IMAGES = "gtFine/", ("imgsFine/leftImg8bit/", "leftImg8bit/")
_TRUTH_FILE = re.compile(r"(.+)_gtFine_(instanceIds|labelIds)\.png")
_IMAGE_FILE = re.compile(r"(.+)_leftImg8bit(\.[A-Za-z]+)")
# What CVAT and Datumaro call subsets, in lower case.
_SUBSETS = {*SPLITS, NO_SPLIT, "validation"}
_MOST_LABELS = 256
_DATE = (1980, 1, 1, 0, 0, 0)


def matches(tree):
    """Tells whether a folder or zip is such an export: `label_colors.txt` beside `gtFine`, and no polygons."""
    folder = tree.folder_with(_TRUTH)
    if folder is None or not any(folder + name in tree for name in COLORS_FILES):
        return False
    names = tree.names(folder + _TRUTH)
    return (
        folder + META_FILE not in tree
        and any(name.endswith("_gtFine_instanceIds.png") for name in names)
        and not any(name.endswith("_polygons.json") for name in names)
    )


def read(tree):
    """Reads an export of CVAT, or what CVAT imports.

    Args:
        tree: `Tree` of the zip or of its folder.

    Returns:
        `FrameDataset`; frames without image or without ground truth are in it and counted in the notes.

    Raises:
        DataError: If there is no `gtFine` in it, or `label_colors.txt` is damaged.
        LabelError: If a label is there twice.
    """
    folder = next((found for name in (_TRUTH, *_IMAGES) if (found := tree.folder_with(name)) is not None), None)
    if folder is None:
        raise DataError(
            f"{tree}: gtFine/<subset>/<city>/<image>_gtFine_instanceIds.png was expected, no gtFine is there"
        )
    tree = tree.below(folder)
    labels = find_label_table(tree) or CITYSCAPES
    if not any(label.color == (0, 0, 0) for label in labels):
        labels = with_black_background(labels)
    labels = _with_instances(labels)
    table = _places_as_ids(labels)
    truths, images = _find_files(tree)
    frames = tuple(_frame(place, truths.get(place), images.get(place), table) for place in sorted({*truths, *images}))
    if not frames:
        raise DataError(f"{tree}: gtFine/<subset>/<city>/<image>_gtFine_instanceIds.png was expected, none is there")
    counts = {
        "have no image": sum(frame.image is None for frame in frames),
        "have no ground truth": sum(frame.truth is None for frame in frames),
    }
    notes = tuple(f"{count:,} of {len(frames):,} frames {what}" for what, count in counts.items() if count)
    return FrameDataset(labels, frames, "cvat", notes, "gtFine")


def _with_instances(labels):
    """Counts the objects of labels that are not Cityscapes', unless the file says which of them are counted."""
    foreign = [label for label in labels if CITYSCAPES.find(label.name) is None and label.name != labels.background]
    if any(label.has_instances for label in foreign):
        return labels
    counted = (replace(label, has_instances=True) if label in foreign else label for label in labels)
    return LabelTable(tuple(counted), labels.background)


def _places_as_ids(labels):
    """Gives labels their place as id, so that values mean what CVAT takes them for."""
    if len(labels) > _MOST_LABELS:
        raise LabelError(f"there are {len(labels):,} labels, CVAT's files have room for {_MOST_LABELS}; choose some")
    return LabelTable(tuple(replace(label, id=place) for place, label in enumerate(labels)), labels.background)


def _find_files(tree):
    """Finds ground truth, instanceIds before labelIds, and images, each as `{(folders, name): Source}`."""
    truths, images = {}, {}
    for name in tree.names(_TRUTH, ".png"):
        match = _TRUTH_FILE.fullmatch(PurePosixPath(name).name)
        if match:
            place = _place(name.removeprefix(_TRUTH), match[1])
            if match[2] == "instanceIds" or place not in truths:
                truths[place] = tree[name]
    for root in _IMAGES:
        for name in tree.names(root, *IMAGE_ENDINGS):
            match = _IMAGE_FILE.fullmatch(PurePosixPath(name).name)
            if match:
                images.setdefault(_place(name.removeprefix(root), match[1]), tree[name])
    return truths, images


def _place(path, name):
    """Reads `(split, city, name)` off the folders."""
    folders = PurePosixPath(path).parts[:-1]
    if len(folders) == 1 and folders[0].lower() not in _SUBSETS:
        folders = ("", *folders)
    split, city = folders[0] if folders else "", "/".join(folders[1:])
    return "" if split == NO_SPLIT else split, city_of(name) if city in ("", NO_CITY) else city, name


def _frame(place, truth, image, table):
    split, city, name = place
    return AnnotatedFrame(name, split, city, image, None if truth is None else CvatTruth(truth, table))


@dataclass(frozen=True)
class CvatTruth:
    """An instanceIds file, or a labelIds file where there is no other.

    Attributes:
        source: Where it is.
        table: `LabelTable` whose ids are the places of labels.
    """

    source: Source
    table: LabelTable

    def load(self):
        """Reads the pixels; see `AnnotatedFrame.annotation`."""
        values, _ = read_values(self.source)
        values = values.astype(np.uint16)
        return Annotation(values, segments_of_values(values, self.table, self.source))


def write(dataset, path, options):
    """Writes a zip as CVAT exports and imports it.

    Members are stored in the order of the frames, and have no date, so that the same frames give the same bytes.

    Args:
        dataset: `FrameDataset`.
        path: The zip; it takes its place when it is complete.
        options: `WriteOptions`: images, image_ext, workers.

    Returns:
        `Tally`.

    Raises:
        DataError: If two frames have one place, one has a name that cannot be written, a frame has 1,000 objects of a
            label, or the disk is full.
        LabelError: If there are more than 256 labels, or a segment's label is not in the table.
    """
    labels = with_black_background(dataset.labels)
    write_one = partial(_encode_frame, table=_places_as_ids(labels), options=options)
    tally, written = Tally(), set()
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, COLORS_FILES[0], label_colors_text(labels).encode())
        for place, members, counts in for_each_frame(write_one, dataset, options.workers, "cvat"):
            if place in written or not is_safe_member(place):
                what = "is there twice" if place in written else "leads out of the archive"
                raise DataError(f"the frame {place} {what}; rename it")
            written.add(place)
            for name, data in members:
                _add(archive, name, data)
            tally += counts
    return tally


def _add(archive, name, data):
    info = zipfile.ZipInfo(name, _DATE)
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _encode_frame(frame, table, options):
    """Encodes a frame's files; returns its place, `[(member name, bytes)]`, and its counts."""
    place = "/".join((frame.split or NO_SPLIT, frame.city or city_of(frame.name) or NO_CITY, frame.name))
    members, tally = [], Tally()
    check_name(frame)
    if frame.image is not None and options.images != "none":
        data, ending = _image_bytes(frame.image, options)
        members.append((f"{_IMAGES[0]}{place}_leftImg8bit{ending}", data))
        tally.written["images"] += 1
    annotation = frame.annotation()
    if annotation is None:
        tally.skipped["frames without ground truth"] += 1
        return place, members, tally
    annotation = fit_to_table(annotation, table, set(np.unique(annotation.pixels).tolist()), frame.item_id)
    values = values_of(annotation, table, frame.item_id)
    ids = annotation.paint(lambda segment: table.find(segment.label).id)
    pictures = {
        "color": encode_color_mask(ids_to_colors(ids, table)),
        "labelIds": encode_mask(ids),
        "instanceIds": encode_instance_mask(values),
    }
    members += [(f"{_TRUTH}{place}_gtFine_{kind}.png", data) for kind, data in pictures.items()]
    _count(annotation, table, tally)
    return place, members, tally


def _count(annotation, table, tally):
    objects = [table.find(segment.label) for _, segment in instance_segments(annotation)]
    without_number = sum(label.id > LARGEST_COUNTED_ID for label in objects)
    tally.written["frames"] += 1
    tally.written["objects"] += len(objects)
    tally.lost += annotation.lost + Counter(
        {f"numbers of objects of labels above {LARGEST_COUNTED_ID}": without_number}
    )


def _image_bytes(source, options):
    """Gives a photograph's bytes and ending, encoded anew where another ending is asked for."""
    ending = Path(source.member or source.path).suffix.lower()
    if options.image_ext is None:
        return read_whole(source), ending
    with tempfile.TemporaryDirectory() as folder:
        name = place_image(source, Path(folder, "image"), replace(options, images="copy"))
        return Path(folder, name).read_bytes(), Path(name).suffix
