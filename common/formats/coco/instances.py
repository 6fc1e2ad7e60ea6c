"""COCO instances: one JSON file per split, polygons or run lengths per object.

Written: `annotations/instancesonly_filtered_gtFine_<split>.json` and, where images are wanted,
`images/<split>/<file_name>`. Category ids are label ids (one more if a label that is written has the id 0) and the same
for every split. Polygons follow pixel corners, so pycocotools gives back exactly the pixels of an object; one with a
hole is written as run lengths, because polygons cannot have holes. A group is one annotation with iscrowd 1. COCO knows
no pixels without an object. The number of an object among those of its label is an attribute, which other readers
ignore; objects without it are numbered in their order.

Read: any such file below `annotations`, in the root or beside the images. Objects are painted in the order of the file,
later over earlier. The files are read once, in pieces; what belongs to an image waits in a temporary database, which is
deleted when the last frame is forgotten or the process ends.
"""

from collections import Counter
from functools import partial
from pathlib import Path

from common.dataset.original.truth import TRUTH_KINDS
from common.files.listing import FileListing
from common.formats.coco.entries import frame_name, split_of
from common.formats.coco.index import CocoIndex
from common.formats.coco.instance_pixels import CocoTruth, pack_annotation
from common.formats.coco.json_items import JsonObject
from common.formats.coco.photographs import Photographs
from common.formats.coco.reading import read_files
from common.formats.coco.run_lengths import counts_to_text
from common.formats.coco.search import find_files, refuse_none
from common.formats.coco.writing import (
    WrittenFrame,
    category_ids,
    check_before_writing,
    compact,
    place_photograph,
    write_splits,
)
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset
from common.formats.names import check_text
from common.formats.writing import BOXES_OF_OTHERS, counted_labels, for_each_frame, load_to_write
from common.images.outlines import Outline, outlines_to_counts, trace_outlines
from common.images.runs import Region, Runs, find_regions
from common.labels.cityscapes import Label
from common.labels.tables import LabelTable

FILE_ENDING = ""
JSON_NAMES = {truth: f"instancesonly_filtered_{truth}_{{split}}.json" for truth in TRUTH_KINDS}


def matches(tree: FileListing) -> bool:
    """Tells whether a folder or zip holds JSON files with instances, or files in their place that `read` refuses."""
    found = find_files(tree)
    return bool(found.names or found.others)


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; frames are in the order of the files, and notes name what is missing or not read.

    Raises:
        DataError: If no file of instances is found, no image is in them, or one is not of the expected form; names the
            file and the place.
    """
    found = find_files(tree)
    if not found.names:
        refuse_none(tree, found)
    table, frames, notes = read_files(tree, found.names, pack_annotation, _make_frames, is_thing=True)
    truth = "gtCoarse" if all("gtCoarse" in name for name in found.names) else ""
    left_out = [f"{name} was left out: {reason}" for name, reason in found.others.items()]
    return FrameDataset(table, frames, "coco", (*left_out, *notes), truth)


def _make_frames(
    photographs: Photographs, name: str, file: CocoIndex, labels: dict[str, Label]
) -> list[AnnotatedFrame]:
    split, folder = split_of(name), name[: name.rfind("/") + 1]
    frames = []
    for entry in file.images:
        city, frame = frame_name(entry.file_name, split)
        truth = CocoTruth(file.spool, entry.key, file.source, entry.size_wh, labels)
        frames.append(AnnotatedFrame(frame, split, city, photographs.find(folder, split, entry), truth))
    return frames


def write(dataset: FrameDataset, folder: Path, options: WriteOptions) -> Tally:
    """Writes a dataset into a folder.

    Raises:
        ConfigError: If a class is not in the table, no class is counted, or the JSON files cannot have the name asked
            for.
        DataError: If a file cannot be read or written, two frames would have one name, or one has a name that cannot be
            written.
        LabelError: If a segment's label is not in the table; names the frame.
    """
    json_name = JSON_NAMES[options.truth] if options.json_name is None else options.json_name
    check_before_writing(dataset, folder, json_name)
    labels = counted_labels(dataset.labels, options.classes)
    ids = category_ids(labels)
    categories: list[JsonObject] = [
        {"id": ids[label.name], "name": label.name, "supercategory": label.category} for label in labels
    ]
    writing = partial(_write_frame, folder=folder, table=dataset.labels, ids=ids, options=options)
    results = for_each_frame(writing, dataset, options.workers, "write COCO")
    return write_splits(results, folder / "annotations", json_name, categories)


def _write_frame(
    frame: AnnotatedFrame, folder: Path, table: LabelTable, ids: dict[str, int], options: WriteOptions
) -> WrittenFrame:
    """Writes the photograph."""
    tally = Tally()
    check_text(frame)
    loaded = load_to_write(frame, table, tally, with_boxes=True)
    if loaded is None:
        return frame.split, None, (), tally
    annotation, runs = loaded
    regions = find_regions(runs)
    _count(annotation, ids, regions, tally)
    texts = _annotation_texts(annotation, ids, runs, regions, options.rle) + _box_texts(annotation, ids)
    file_name = place_photograph(frame, folder / "images" / (frame.split or NO_SPLIT), options, tally)
    tally.written["frames"] += 1
    width, height = annotation.size_wh
    entry = {"file_name": file_name, "width": width, "height": height}
    return frame.split, entry, texts, tally


def _annotation_texts(
    annotation: Annotation, ids: dict[str, int], runs: Runs, regions: dict[int, Region], rle: bool
) -> list[str]:
    """Makes the texts of a frame's annotations without `id` and `image_id`, in the order of the segments."""
    chosen = [key for key, segment in annotation.segments.items() if segment.label in ids]
    outlines = trace_outlines(runs.of(chosen))
    texts = []
    for key in chosen:
        segment = annotation.segments[key]
        values: JsonObject = {
            "category_id": ids[segment.label],
            "segmentation": _segmentation(outlines[key], annotation.size_wh, rle or segment.is_crowd),
            "area": regions[key].area,
            "bbox": list(regions[key].box),
            "iscrowd": int(segment.is_crowd),
        }
        if segment.number is not None:
            values["attributes"] = {"number": segment.number}
        texts.append(compact(values))
    return texts


def _box_texts(annotation: Annotation, ids: dict[str, int]) -> list[str]:
    """Makes the texts of objects that have a box alone: their `segmentation` is empty."""
    return [
        compact(
            {
                "category_id": ids[boxed.segment.label],
                "segmentation": [],
                "area": boxed.box[2] * boxed.box[3],
                "bbox": list(boxed.box),
                "iscrowd": int(boxed.segment.is_crowd),
            }
        )
        for boxed in annotation.boxes
        if boxed.segment.label in ids
    ]


def _segmentation(outlines: list[Outline], size_wh: tuple[int, int], rle: bool) -> JsonObject | list[list[int]]:
    if rle or any(outline.is_hole for outline in outlines):
        counts = outlines_to_counts(outlines, size_wh)
        return {"size": [size_wh[1], size_wh[0]], "counts": counts_to_text(counts, size_wh)}
    return [outline.points.ravel().tolist() for outline in outlines]


def _count(annotation: Annotation, ids: dict[str, int], regions: dict[int, Region], tally: Tally) -> None:
    for key, segment in annotation.segments.items():
        if segment.label not in ids:
            tally.dropped["segments of labels that are not written"] += 1
            tally.dropped["pixels of labels that are not written"] += regions[key].area
        else:
            kind = "groups" if segment.is_crowd else "objects" if segment.number is not None else "areas"
            tally.written[kind] += 1
    boxes = sum(boxed.segment.label in ids for boxed in annotation.boxes)
    tally.written += Counter(boxes=boxes)
    tally.dropped += Counter({BOXES_OF_OTHERS: len(annotation.boxes) - boxes})
    # A group alone does not count as an object: evaluations and trainings leave it out.
    tally.kept = tally.written["objects"] + tally.written["areas"] + boxes
