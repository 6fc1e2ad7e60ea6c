"""COCO's panoptic form, as the official Cityscapes evaluation takes it: per split a JSON file and a folder of PNGs.

    gtFine/cityscapes_panoptic_<split>.json
    gtFine/cityscapes_panoptic_<split>/<name>_gtFine_panoptic.png  id = red + 256 green + 65536 blue
    leftImg8bit/<split>/<file_name>                                photographs, where wanted

A segment's id is the value of instanceIds: label id * 1000 + number, or the label id for stuff and groups; 0 is void.
Category ids are label ids. A group has iscrowd 1. Categories are the 19 evaluated labels of Cityscapes, or all labels
of another table but its background; everything else becomes void. Ids of images are names, as the evaluation expects.

Read: any JSON file that has a folder of its own name with PNG files beside it, COCO's own `annotations/panoptic_*`
included. A counted label keeps the number that its id says, if all ids of the image are of that form.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from common.dataset.original.polygons import INSTANCES_PER_CLASS
from common.errors import ConfigError, DataError
from common.files.disk import write_bytes
from common.files.listing import FileListing
from common.files.zips import is_safe_member
from common.formats.coco.entries import (
    IMAGE_SUFFIX,
    NO_SPLIT,
    find_labels,
    find_photograph,
    frame_name,
    make_table,
    split_of,
)
from common.formats.coco.index import read_index, refuse_double_frames, refuse_no_images
from common.formats.coco.panoptic_pixels import PanopticTruth, pack_annotation
from common.formats.coco.writing import (
    category_ids,
    check_before_writing,
    compact,
    json_path,
    place_photograph,
    write_splits,
)
from common.formats.format import Tally, WriteOptions
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.formats.names import check_name
from common.formats.writing import choose_labels, evaluated_labels, fit_to_table, for_each_frame
from common.images.png import encode_image
from common.images.runs import find_regions, find_runs

FILE_ENDING = ""
JSON_NAME = "cityscapes_panoptic_{split}.json"


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds a JSON file with a folder of PNG files of the same name.

    Where these were generated beside Cityscapes' own files, it is a Cityscapes tree.
    """
    is_cityscapes = tree.names("", "_labelids.png", "_instanceids.png", "_polygons.json")
    return bool(_find_files(tree)) and not is_cityscapes


def _find_files(tree):
    folders = {name.rpartition("/")[0] for name in tree.names("", ".png")}
    folders |= {parent.as_posix() for folder in folders for parent in PurePosixPath(folder).parents}
    return [name for name in tree.names("", ".json") if name[: -len(".json")] in folders]


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset.

    Args:
        tree: `FileListing`.

    Returns:
        `FrameDataset`, in the order of the files. Photographs that are not there are named in the notes.

    Raises:
        DataError: If nothing is found, or a file is not of the expected form; names the file and the place.
    """
    names = _find_files(tree)
    if not names:
        raise DataError(f"{tree}: holds no JSON file with a folder of PNG files of the same name beside it")
    files = [read_index(tree[name], split_of(name), pack_annotation) for name in names]
    refuse_no_images(files)
    table = make_table([file.categories for file in files], is_thing=False)
    frames, notes = [], []
    for name, file in zip(names, files, strict=True):
        found = _frames(tree, name, file, table)
        for what, absent in (
            ("images are not there", [frame.name for frame in found if frame.image is None]),
            ("images have no annotation", [frame.name for frame in found if frame.truth is None]),
        ):
            if absent:
                notes.append(f"{name}: {len(absent):,} of {len(found):,} {what}, as {absent[0]}")
        notes += [] if found else [f"{name}: has no images in it"]
        frames += found
    refuse_double_frames(tree, frames)
    truth = "gtCoarse" if all(_is_coarse(tree, name) for name in names) else ""
    return FrameDataset(table, tuple(frames), "coco-panoptic", tuple(notes), truth)


def _is_coarse(tree, name):
    """Tells whether a JSON file or the PNG files beside it are called coarse; where the dataset lies says nothing."""
    return "gtCoarse" in name or bool(tree.names(name[: -len(".json")], "_gtcoarse_panoptic.png"))


def _frames(tree, name, file, table):
    split, folder = split_of(name), name[: name.rfind("/") + 1]
    pictures = tree.below(name[: -len(".json")])
    labels = find_labels(file.categories, table)
    frames = []
    for entry in file.images:
        city, frame = frame_name(entry.file_name, split)
        official = f"{city}/{frame}{IMAGE_SUFFIX}.png"
        image = find_photograph(tree, folder, split, entry.file_name) or find_photograph(tree, folder, split, official)
        truth = None
        for number, head, _ in file.spool.rows(entry.key):
            where = f"{file.source}: annotations, item {number:,}"
            if truth is not None:
                raise DataError(f"{where}: the image {entry.key} has an annotation already; one was expected")
            if head["file_name"] not in pictures:
                raise DataError(f"{where}: {head['file_name'][:80]!r} is not in {name[: -len('.json')]}")
            place = pictures[head["file_name"]], where
            truth = PanopticTruth(file.spool, entry.key, place, entry.size_wh, labels)
        frames.append(AnnotatedFrame(frame, split, city, image, truth))
    return frames


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset.

    Args:
        dataset: `FrameDataset`.
        folder: `Path` of the new dataset.
        options: `WriteOptions`.

    Returns:
        `Tally`.

    Raises:
        ConfigError: If a class is not in the table, an id leaves no room for numbers of objects, or the JSON files
            cannot have the name asked for.
        DataError: If a file cannot be read or written, a frame has 1,000 or more objects of a label, two frames would
            have one name, or one has a name that cannot be written.
        LabelError: If a segment's label is not in the table; names the frame.
    """
    json_name = JSON_NAME if options.json_name is None else options.json_name
    check_before_writing(dataset, folder, json_name)
    labels = choose_labels(dataset.labels, options.classes) if options.classes else evaluated_labels(dataset.labels)
    ids = category_ids(labels)
    too_large = [label for label in labels if ids[label.name] >= INSTANCES_PER_CLASS]
    if too_large:
        raise ConfigError(
            f"the label {too_large[0].name!r} has the id {too_large[0].id}; panoptic segments have room for ids below "
            f"{INSTANCES_PER_CLASS:,}, choose other labels with a label map"
        )
    categories = [_category(label, ids[label.name]) for label in labels]
    writing = partial(
        _write_frame, folder=folder, table=dataset.labels, ids=ids, options=replace(options, json_name=json_name)
    )
    results = for_each_frame(writing, dataset, options.workers, "write panoptic")
    return write_splits(results, folder / options.truth, json_name, categories)


def _category(label, id_):
    return {
        "id": id_,
        "name": label.name,
        "color": list(label.color),
        "supercategory": label.category,
        "isthing": int(label.has_instances),
    }


def _write_frame(frame, folder, table, ids, options):
    """Writes the PNG file and the photograph; returns the split, the image's entry, the annotation's text, a tally."""
    tally = Tally()
    check_name(frame)
    annotation = frame.annotation()
    if annotation is None:
        tally.skipped["frames without ground truth"] += 1
        return frame.split, None, (), tally
    split = frame.split or NO_SPLIT
    name = f"{frame.item_id}_{options.truth}_panoptic.png"
    if not is_safe_member(name):
        raise DataError(f"the frame {frame.item_id!r} would be written outside of the target; rename it")
    runs = find_runs(annotation.pixels)
    annotation = fit_to_table(annotation, table, set(np.unique(runs.keys).tolist()), frame.item_id)
    tally.dropped += annotation.dropped
    values, infos = _segments_info(frame, annotation, runs, ids)
    tally.written["segments"] += len(infos)
    tally.dropped["segments of labels that are void here"] += sum(
        segment.label not in ids for segment in annotation.segments.values()
    )
    png_folder = json_path(folder / options.truth, options.json_name, frame.split).with_suffix("")
    write_bytes(png_folder / name, encode_ids(values))
    file_name = place_photograph(frame, folder / "leftImg8bit" / split, options)
    width, height = annotation.size_wh
    entry = {"id": frame.item_id, "file_name": file_name, "width": width, "height": height}
    tally.written["frames"] += 1
    tally.written["images"] += frame.image is not None and options.images != "none"
    return frame.split, entry, (compact({"file_name": name, "segments_info": infos}),), tally


def encode_ids(values):
    """Encodes segment ids, `uint32` of shape `(height, width)`, as the bytes of a panoptic PNG."""
    colors = values.astype("<u4", copy=False).view(np.uint8).reshape(*values.shape, 4)
    return encode_image(cv2.cvtColor(colors, cv2.COLOR_RGBA2RGB))


def _segments_info(frame, annotation, runs, ids):
    """Gives the segment id of each pixel, `uint32`, and what the JSON file says of the segments."""
    segments = {}
    id_of_key = np.zeros(int(runs.keys.max(initial=0)) + 1, np.uint32)
    for key, segment in annotation.segments.items():
        if segment.label in ids:
            id_of_key[key] = _segment_id(frame, segment, ids)
            segments[int(id_of_key[key])] = segment
    runs = replace(runs, keys=id_of_key[runs.keys])
    values = np.repeat(runs.keys, runs.stops - runs.starts).reshape(annotation.pixels.shape)
    regions = find_regions(runs)
    infos = [
        {
            "id": id_,
            "category_id": ids[segments[id_].label],
            "area": region.area,
            "bbox": list(region.box),
            "iscrowd": int(segments[id_].is_crowd),
        }
        for id_, region in regions.items()
        if id_
    ]
    return values, infos


def _segment_id(frame, segment, ids):
    if segment.number is None:
        return ids[segment.label]
    if segment.number >= INSTANCES_PER_CLASS:
        raise DataError(
            f"{frame.item_id}: has {segment.label} number {segment.number:,}; panoptic segments have room for "
            f"{INSTANCES_PER_CLASS:,} of a label in a frame"
        )
    return ids[segment.label] * INSTANCES_PER_CLASS + segment.number
