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

from functools import partial
from pathlib import PurePosixPath

from common.dataset.layouts import TRUTH_KINDS
from common.errors import ConfigError, DataError
from common.formats.coco_files import (
    NO_SPLIT,
    find_labels,
    find_photograph,
    frame_name,
    make_table,
    split_of,
)
from common.formats.coco_index import KEYS, read_index, refuse_double_frames
from common.formats.coco_masks import counts_to_text
from common.formats.coco_truth import HIDDEN, CocoTruth, pack_annotation
from common.formats.coco_writing import category_ids, choose_labels, compact, place_photograph, write_splits
from common.formats.frames import AnnotatedFrame, FrameDataset, Tally
from common.formats.outlines import outlines_to_counts, trace_outlines
from common.formats.regions import find_regions, find_runs
from common.formats.streaming import for_each_frame

JSON_NAMES = {truth: f"instancesonly_filtered_{truth}_{{split}}.json" for truth in TRUTH_KINDS}
_NO_INSTANCES = ("captions_", "person_keypoints_", "stuff_", "panoptic_", "cityscapes_panoptic_", "image_info_")
_PEEKED_BYTES = 64 * 1024


def matches(tree):
    """Tells whether a folder or zip holds JSON files with instances."""
    return bool(_find_files(tree))


def read(tree):
    """Reads a dataset.

    Args:
        tree: `Tree`.

    Returns:
        `FrameDataset`, sorted as in the files. Photographs that are not there are named in the notes.

    Raises:
        DataError: If no file is found, or one is not of the expected form; names the file and the place.
    """
    names = _find_files(tree)
    if not names:
        raise DataError(f"{tree}: holds no JSON file with {', '.join(KEYS)}")
    files = [read_index(tree[name], split_of(name), pack_annotation) for name in names]
    table = make_table([file.categories for file in files], is_thing=True)
    frames, notes = [], []
    for name, file in zip(names, files, strict=True):
        found = _frames(tree, name, file, table)
        absent = [frame.name for frame in found if frame.image is None]
        if absent:
            notes.append(f"{name}: {len(absent):,} of {len(found):,} images are not there, as {absent[0]}")
        frames += found
    refuse_double_frames(tree, frames)
    truth = "gtCoarse" if names and all("gtCoarse" in name for name in names) else ""
    return FrameDataset(table, tuple(frames), "coco", tuple(notes), truth)


def _find_files(tree):
    """Lists the JSON files with instances: those of one folder where there are any, "annotations" before others."""
    found = {}
    for name in tree.names("", ".json"):
        path = PurePosixPath(name)
        is_near = path.parent.name == "annotations" or len(path.parts) <= 2
        if is_near and _holds_instances(tree, name):
            found.setdefault(path.parent.name == "annotations", []).append(name)
    names = found.get(True) or found.get(False) or []
    named = [name for name in names if PurePosixPath(name).name.startswith("instances")]
    return named or names


def _holds_instances(tree, name):
    """Looks at the beginning of a file; a name as COCO's own decides where it says nothing."""
    stem = PurePosixPath(name).stem
    if stem.startswith(
        ("captions_", "person_keypoints_", "stuff_", "panoptic_", "cityscapes_panoptic_", "image_info_")
    ):
        return False
    with tree[name].open() as file:
        start = file.read(_PEEKED_BYTES)
    if not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or b'"segments_info"' in start:
        return False
    return stem.startswith("instances") or any(f'"{key}"'.encode() in start for key in KEYS[:2])


def _frames(tree, name, file, table):
    split, folder = split_of(name), name[: name.rfind("/") + 1]
    labels = find_labels(file.categories, table)
    frames = []
    for entry in file.images:
        city, frame = frame_name(entry.file_name, split)
        truth = CocoTruth(file.spool, entry.key, file.source, entry.size_wh, labels)
        frames.append(AnnotatedFrame(frame, split, city, find_photograph(tree, folder, split, entry.file_name), truth))
    return frames


def write(dataset, folder, options):
    """Writes a dataset.

    Args:
        dataset: `FrameDataset`.
        folder: `Path` of the new dataset.
        options: `WriteOptions`.

    Returns:
        `Tally`.

    Raises:
        ConfigError: If a class is not in the table, or no class is counted.
        DataError: If a file cannot be read or written, or two frames would have one name.
    """
    labels = _written_labels(dataset.labels, options.classes)
    ids = category_ids(labels)
    categories = [{"id": ids[label.name], "name": label.name, "supercategory": label.category} for label in labels]
    writing = partial(_write_frame, folder=folder, ids=ids, options=options)
    results = for_each_frame(writing, dataset, options.workers, "write COCO")
    return write_splits(results, folder / "annotations", options.json_name or JSON_NAMES[options.truth], categories)


def _written_labels(table, classes):
    if classes:
        return choose_labels(table, classes)
    labels = [label for label in table if label.has_instances and not label.ignore_in_eval and label.id >= 0]
    if not table.is_official:
        labels = [label for label in table if label.has_instances and label.id >= 0]
    if not labels:
        raise ConfigError(
            "the objects of no label are counted, so COCO instances would be empty; name classes to write"
        )
    return labels


def _write_frame(frame, folder, ids, options):
    """Writes the photograph; returns the split, the image's entry, the annotations' texts and a tally."""
    tally = Tally()
    annotation = frame.annotation()
    if annotation is None:
        tally.skipped["frames without ground truth"] += 1
        return frame.split, None, (), tally
    file_name = place_photograph(frame, folder / "images" / (frame.split or NO_SPLIT), options)
    tally.written["images"] += frame.image is not None and options.images != "none"
    tally.written["frames"] += 1
    tally.lost.update(annotation.lost)
    width, height = annotation.size_wh
    entry = {"file_name": file_name, "width": width, "height": height}
    return frame.split, entry, annotation_texts(annotation, ids, options.rle, tally), tally


def annotation_texts(annotation, ids, rle, tally):
    """Makes the annotations of a frame.

    Args:
        annotation: `Annotation`.
        ids: Category id by label; segments of other labels are left out.
        rle: Whether all are written as run lengths.
        tally: Gets the counts.

    Returns:
        Texts of JSON objects without `id` and `image_id`, in the order of the segments.
    """
    runs = find_runs(annotation.pixels)
    regions = find_regions(runs)
    chosen = [key for key, segment in annotation.segments.items() if segment.label in ids and key in regions]
    outlines = trace_outlines(runs.of(chosen))
    texts = []
    for key in chosen:
        segment = annotation.segments[key]
        values = {
            "category_id": ids[segment.label],
            "segmentation": _segmentation(outlines[key], annotation.size_wh, rle or segment.is_crowd),
            "area": regions[key].area,
            "bbox": list(regions[key].box),
            "iscrowd": int(segment.is_crowd),
        }
        if segment.number is not None:
            values["attributes"] = {"number": segment.number}
        texts.append(compact(values))
    _count(annotation, ids, regions, tally)
    return texts


def _segmentation(outlines, size_wh, rle):
    if rle or any(outline.is_hole for outline in outlines):
        counts = outlines_to_counts(outlines, size_wh)
        return {"size": [size_wh[1], size_wh[0]], "counts": counts_to_text(counts, size_wh)}
    return [outline.points.ravel().tolist() for outline in outlines]


def _count(annotation, ids, regions, tally):
    for key, segment in annotation.segments.items():
        if segment.label not in ids:
            tally.lost["segments of labels that are not written"] += 1
            tally.lost["pixels of labels that are not written"] += regions[key].area if key in regions else 0
        elif key not in regions:
            tally.lost[HIDDEN] += 1
        else:
            kind = "groups" if segment.is_crowd else "objects" if segment.number is not None else "areas"
            tally.written[kind] += 1
