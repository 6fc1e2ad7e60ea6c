"""Loads one chosen frame: photograph, classes, numbered objects, outlines, and what was left out or odd.

A file that cannot be read is left out and named, so that it does not hide the others. A frame is reduced to a given
number of pixels after it was measured: areas and boxes of objects are those of the source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.polygons import AnnotatedImage, find_label
from common.errors import ProjectError
from common.formats.frames import BOXES, AnnotatedFrame, Annotation, Segment
from common.images.pictures import read_photograph, turned_note
from common.images.runs import Region, find_regions, find_runs
from common.labels.tables import LabelTable
from common.text import count

NO_CLASS = 65535


@dataclass(frozen=True)
class ShownObject:
    """A region with a label: an object, a group of objects, or all pixels of a label that is not counted.

    Attributes:
        kind: "object", "group" or "area".
        number: Its number in the source, from 0; None for groups and areas.
        area: Pixels in the source.
        box: Left, top, width and height in pixels of the source, around exactly its pixels.
    """

    label: str
    kind: str
    number: int | None
    area: int
    box: tuple[int, int, int, int]

    @property
    def text(self) -> str:
        """What is written beside it, for example "car 3"."""
        if self.kind == "object":
            return f"{self.label} {self.number}"
        return f"{self.label} group" if self.kind == "group" else self.label


@dataclass(frozen=True)
class LoadedFrame:
    """What is shown of a frame.

    Attributes:
        place: Split and city, for example "val/ulm".
        size_wh: Width and height of the source in pixels; None if nothing could be read.
        photo: Red, green, blue, shape `(height, width, 3)`; None if there is none.
        classes: Index into `names` of each pixel, shape `(height, width)`, `NO_CLASS` for background; None without
            ground truth.
        names: Labels that occur in the frame, in the order of the table.
        instances: Place in `regions`, from 1, of the object or group at each pixel, 0 for none; same shape.
        regions: Objects and groups from far to near, then areas.
        outlines: Label and points of the source's polygons, points of shape `(n, 2)` in pixels of the arrays.
        remarks: Sentences on what was left out or odd.
        problems: Sentences on what could not be read.
    """

    name: str
    place: str
    size_wh: tuple[int, int] | None = None
    photo: NDArray[np.uint8] | None = field(default=None, hash=False)
    classes: NDArray[np.uint16] | None = field(default=None, hash=False)
    names: tuple[str, ...] = ()
    instances: NDArray[np.int32] | None = field(default=None, hash=False)
    regions: tuple[ShownObject, ...] = ()
    outlines: tuple[tuple[str, NDArray[np.float64]], ...] = field(default=(), hash=False)
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[ShownObject, ...]:
        """The counted objects."""
        return tuple(region for region in self.regions if region.kind == "object")


@dataclass(frozen=True)
class LoadOptions:
    """How frames of a dataset with some labels are loaded.

    Attributes:
        classes: Names of the labels to show; () shows all.
        most_pixels: A larger frame is reduced to this many pixels.
    """

    labels: LabelTable
    classes: tuple[str, ...] = ()
    most_pixels: int = 2048 * 1024


def load_frame(options: LoadOptions, frame: AnnotatedFrame) -> LoadedFrame:
    """Loads a frame; a broken file is named in `problems`."""
    problems, remarks = [], []
    photo, annotation = None, None
    try:
        photo = read_photograph(frame.image) if frame.image is not None else None
    except ProjectError as error:
        problems.append(str(error))
    try:
        annotation = frame.truth.load() if frame.truth is not None else None
    except ProjectError as error:
        problems.append(str(error))
    if photo is None and not problems:
        remarks.append("There is no photograph.")
    if frame.truth is None:
        remarks.append("There is no ground truth.")
    if photo is not None and annotation is not None and photo.shape[:2] != annotation.pixels.shape:
        width, height = annotation.size_wh
        sizes = f"has {photo.shape[1]} x {photo.shape[0]} pixels, but its ground truth has {width} x {height}"
        note = (turned_note(frame.image, (width, height)) if frame.image is not None else "") or "both must be alike"
        problems.append(f"{frame.image}: {sizes}; {note}; only the ground truth is shown")
        photo = None
    shape = annotation.pixels.shape if annotation is not None else photo.shape if photo is not None else None
    loaded = LoadedFrame(
        frame.name,
        "/".join(part for part in (frame.split, frame.city) if part),
        photo=photo,
        size_wh=(shape[1], shape[0]) if shape is not None else None,
        remarks=tuple(remarks),
        problems=tuple(problems),
    )
    if annotation is not None:
        loaded = _with_annotation(loaded, annotation, options)
    return _reduce(loaded, options.most_pixels)


def _with_annotation(loaded: LoadedFrame, annotation: Annotation, options: LoadOptions) -> LoadedFrame:
    """Measures the regions of an annotation and replaces its keys by classes and by numbers of objects."""
    wanted = {label.name for name in options.classes if (label := options.labels.find(name)) is not None}
    segments = {key: one for key, one in annotation.segments.items() if not wanted or one.label in wanted}
    runs = find_runs(annotation.pixels)
    measured = find_regions(runs)
    hidden = sum(one.number is not None and key not in measured for key, one in segments.items())
    segments = {key: one for key, one in segments.items() if key in measured}
    places = {label.name: place for place, label in enumerate(options.labels)}
    names = sorted({one.label for one in segments.values()}, key=lambda name: (places.get(name, len(places)), name))
    index_of = {name: index for index, name in enumerate(names)}
    counted = [key for key, one in segments.items() if one.number is not None or one.is_crowd]
    ordered = [*counted, *(key for key, one in segments.items() if one.number is None and not one.is_crowd)]
    regions = tuple(_region(segments[key], measured[key]) for key in ordered)
    class_of = {key: index_of[one.label] for key, one in segments.items()}
    number_of = {key: place for place, key in enumerate(counted, start=1)}
    keys = runs.keys.tolist()
    return replace(
        loaded,
        names=tuple(names),
        classes=runs.paint(np.array([class_of.get(key, NO_CLASS) for key in keys], np.uint16)),
        instances=runs.paint(np.array([number_of.get(key, 0) for key in keys], np.int32)),
        regions=regions,
        outlines=_outlines(annotation.outlines, options.labels, wanted),
        remarks=(*loaded.remarks, *_remarks(annotation, hidden, regions)),
    )


def _region(segment: Segment, measured: Region) -> ShownObject:
    kind = "object" if segment.number is not None else "group" if segment.is_crowd else "area"
    return ShownObject(segment.label, kind, segment.number, measured.area, measured.box)


def _remarks(annotation: Annotation, hidden: int, regions: Sequence[ShownObject]) -> list[str]:
    remarks = []
    groups = sum(region.kind == "group" for region in regions)
    if groups and any(region.kind == "object" for region in regions):
        found = count(groups, "region is a group", "regions are groups")
        remarks.append(f"{found} in which objects were not told apart.")
    if hidden:
        remarks.append(f"{count(hidden, 'object has', 'objects have')} no visible pixel.")
    if annotation.boxes:
        remarks.append(f"Not shown: {len(annotation.boxes):,} {BOXES}; --boxes fill shows rectangles.")
    remarks += [f"Not shown: {number:,} {what}." for what, number in sorted(annotation.dropped.items()) if number]
    return remarks if regions else [*remarks, "No pixel has a label."]


def _outlines(
    image: AnnotatedImage | None, table: LabelTable, wanted: set[str]
) -> tuple[tuple[str, NDArray[np.float64]], ...]:
    """Lists the polygons of the source that are painted."""
    found = []
    for polygon in image.polygons if image is not None else ():
        label, _ = find_label(polygon.label, table)
        if label is None or label.id < 0 or label.name == table.background or (wanted and label.name not in wanted):
            continue
        if not polygon.deleted and len(polygon.points) > 1:
            found.append((label.name, np.array(polygon.points, np.float64)))
    return tuple(found)


def _reduce(loaded: LoadedFrame, most_pixels: int) -> LoadedFrame:
    if loaded.size_wh is None or loaded.size_wh[0] * loaded.size_wh[1] <= most_pixels:
        return loaded
    width, height = loaded.size_wh
    factor = (most_pixels / (width * height)) ** 0.5
    size_wh = max(1, round(width * factor)), max(1, round(height * factor))
    scale = np.array([size_wh[0] / width, size_wh[1] / height])

    def resize(pixels: NDArray[Any] | None, interpolation: int = cv2.INTER_NEAREST_EXACT) -> NDArray[Any] | None:
        return None if pixels is None else cv2.resize(pixels, size_wh, interpolation=interpolation)

    return replace(
        loaded,
        photo=resize(loaded.photo, cv2.INTER_AREA),
        classes=resize(loaded.classes),
        instances=resize(loaded.instances),
        outlines=tuple((label, points * scale) for label, points in loaded.outlines),
    )
