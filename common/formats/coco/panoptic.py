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

import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import INSTANCES_PER_CLASS
from common.errors import ConfigError, DataError
from common.files.disk import write_bytes
from common.files.listing import FileListing
from common.files.zips import is_safe_member
from common.formats.coco.entries import IMAGE_SUFFIX, frame_name, split_of
from common.formats.coco.index import CocoIndex
from common.formats.coco.json_items import JsonObject
from common.formats.coco.panoptic_pixels import PanopticTruth, encode_segment_ids, pack_annotation
from common.formats.coco.photographs import Photographs
from common.formats.coco.reading import read_files
from common.formats.coco.writing import (
    WrittenFrame,
    category_ids,
    check_before_writing,
    compact,
    json_path,
    place_photograph,
    write_splits,
)
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, Segment
from common.formats.names import check_text
from common.formats.writing import choose_labels, evaluated_labels, for_each_frame, load_to_write
from common.images.runs import Runs, find_regions
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable

FILE_ENDING = ""
JSON_NAME = "cityscapes_panoptic_{split}.json"


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds a JSON file with a folder of PNG files of the same name.

    A Cityscapes tree in which these were generated beside Cityscapes' own files is not taken for COCO.
    """
    is_cityscapes = tree.names("", "_labelids.png", "_instanceids.png", "_polygons.json")
    return bool(_find_files(tree)) and not is_cityscapes


def _find_files(tree: FileListing) -> list[str]:
    folders = {name.rpartition("/")[0] for name in tree.names("", ".png")}
    folders |= {parent.as_posix() for folder in folders for parent in PurePosixPath(folder).parents}
    return [name for name in tree.names("", ".json") if name[: -len(".json")] in folders]


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; frames are in the order of the files, and notes name what is missing.

    Raises:
        DataError: If nothing is found, or a file is not of the expected form; names the file and the place.
    """
    names = _find_files(tree)
    if not names:
        raise DataError(f"{tree}: holds no JSON file with a folder of PNG files of the same name beside it")
    table, frames, notes = read_files(tree, names, pack_annotation, _make_frames, is_thing=False)
    truth = "gtCoarse" if all(_is_coarse(tree, name) for name in names) else ""
    return FrameDataset(table, frames, "coco-panoptic", tuple(notes), truth)


def _is_coarse(tree: FileListing, name: str) -> bool:
    """Tells by the names of a JSON file and of its PNG files; the folder that holds the dataset does not count."""
    return "gtCoarse" in name or bool(tree.names(name[: -len(".json")], "_gtcoarse_panoptic.png"))


def _make_frames(
    photographs: Photographs, name: str, file: CocoIndex, labels: dict[str, Label]
) -> list[AnnotatedFrame]:
    split, folder = split_of(name), name[: name.rfind("/") + 1]
    pictures = photographs.tree.below(name[: -len(".json")])
    frames = []
    for entry in file.images:
        city, frame = frame_name(entry.file_name, split)
        official = f"{city}/{frame}{IMAGE_SUFFIX}.png"
        image = photographs.find(folder, split, entry) or photographs.find_in_usual_place(folder, split, official)
        truth = None
        for number, head, _ in file.spool.rows(entry.key):
            where = f"{file.source}: annotations, item {number:,}"
            if truth is not None:
                raise DataError(f"{where}: the image {entry.key} has an annotation already; each image may have one")
            if head["file_name"] not in pictures:
                raise DataError(f"{where}: {head['file_name'][:80]!r} is not in {name[: -len('.json')]}")
            picture = pictures[head["file_name"]]
            truth = PanopticTruth(file.spool, entry.key, picture, where, entry.size_wh, labels)
        frames.append(AnnotatedFrame(frame, split, city, image, truth))
    return frames


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into a folder.

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
    writing = partial(_write_frame, folder=folder, json_name=json_name, table=dataset.labels, ids=ids, options=options)
    results = for_each_frame(writing, dataset, options.workers, "write panoptic")
    return write_splits(results, folder / options.truth, json_name, categories)


def _category(label: Label, id_: int) -> JsonObject:
    return {
        "id": id_,
        "name": label.name,
        "color": list(label.color),
        "supercategory": label.category,
        "isthing": int(label.has_instances),
    }


def _write_frame(
    frame: AnnotatedFrame, folder: Path, json_name: str, table: LabelTable, ids: dict[str, int], options: WriteOptions
) -> WrittenFrame:
    """Writes the PNG file and the photograph."""
    tally = Tally()
    check_text(frame)
    loaded = load_to_write(frame, table, tally)
    if loaded is None:
        return frame.split, None, (), tally
    annotation, runs = loaded
    name = f"{frame.item_id}_{options.truth}_panoptic.png"
    if not is_safe_member(name):
        raise DataError(f"the frame {frame.item_id!r} would be written outside of the target; rename it")
    values, infos = _segments_info(frame, annotation, runs, ids)
    tally.written["segments"] += len(infos)
    tally.kept = len(infos)
    void = sum(segment.label not in ids for segment in annotation.segments.values())
    tally.dropped["segments of labels that are void here"] += void
    png_folder = json_path(folder / options.truth, json_name, frame.split).with_suffix("")
    write_bytes(png_folder / name, encode_segment_ids(values))
    tally.written["frames"] += 1
    file_name = place_photograph(frame, folder / "leftImg8bit" / (frame.split or NO_SPLIT), options, tally)
    width, height = annotation.size_wh
    entry = {"id": frame.item_id, "file_name": file_name, "width": width, "height": height}
    return frame.split, entry, (compact({"file_name": name, "segments_info": infos}),), tally


def _segments_info(
    frame: AnnotatedFrame, annotation: Annotation, runs: Runs, ids: dict[str, int]
) -> tuple[NDArray[np.uint32], list[JsonObject]]:
    """Makes the segment id of each pixel, and `segments_info` of the JSON file."""
    segments: dict[int, Segment] = {}
    id_of_key = np.zeros(int(runs.keys.max(initial=0)) + 1, np.uint32)
    for key, segment in annotation.segments.items():
        if segment.label in ids:
            id_of_key[key] = _segment_id(frame, segment, ids)
            segments[int(id_of_key[key])] = segment
    runs = replace(runs, keys=id_of_key[runs.keys])
    values = np.repeat(runs.keys, runs.stops - runs.starts).reshape(annotation.pixels.shape)
    regions = find_regions(runs)
    infos: list[JsonObject] = [
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


def _segment_id(frame: AnnotatedFrame, segment: Segment, ids: dict[str, int]) -> int:
    if segment.number is None:
        return ids[segment.label]
    if segment.number >= INSTANCES_PER_CLASS:
        raise DataError(
            f"{frame.item_id}: has {segment.label} number {segment.number:,}; panoptic segments have room for "
            f"{INSTANCES_PER_CLASS:,} of a label in a frame"
        )
    return ids[segment.label] * INSTANCES_PER_CLASS + segment.number
