"""Loads one chosen frame: photograph, classes, numbered objects, outlines, and what was left out or odd.

What cannot be read is left out and said, so that one broken file does not hide the others. A frame is shrunk to a given
number of pixels after it was measured: areas and boxes of objects are those of the source.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from common.dataset.original.polygons import find_label
from common.errors import ProjectError
from common.images.pictures import read_colors
from common.images.runs import find_regions, find_runs
from common.labels.tables import LabelTable

NO_CLASS = 65535


@dataclass(frozen=True)
class ShownObject:
    """One region that is named: an object, a group of objects, or all pixels of a label that is not counted.

    Attributes:
        label: Name of its label.
        kind: "object", "group" or "area".
        number: As in the source, from 0; None for groups and areas.
        area: Number of pixels in the source.
        box: Left, top, width and height in pixels of the source, around exactly its pixels.
    """

    label: str
    kind: str
    number: int | None
    area: int
    box: tuple[int, int, int, int]

    @property
    def text(self):
        """What is written beside it, as "car 3"."""
        if self.kind == "object":
            return f"{self.label} {self.number}"
        return f"{self.label} group" if self.kind == "group" else self.label


@dataclass(frozen=True)
class LoadedFrame:
    """What is shown of a frame.

    Attributes:
        name: Of the frame.
        place: Split and city, as "val/ulm".
        size_wh: Width and height of the source in pixels; None if nothing could be read.
        photo: `uint8` of shape `(height, width, 3)`, red, green, blue; None if there is none.
        classes: Index into `names` of each pixel, `uint16` of shape `(height, width)`, `NO_CLASS` for background; None
            without ground truth.
        names: Labels that occur in the frame, in the order of the table.
        instances: Place in `regions`, from 1, of the object or group at each pixel, 0 for none; `int32`, same shape.
        regions: `ShownObject`s: objects and groups far to near, then areas.
        outlines: `(label, points)` of the source's polygons, points of shape `(n, 2)` in pixels of the arrays.
        remarks: Sentences on what was left out or odd.
        problems: Sentences on what could not be read.
    """

    name: str
    place: str
    size_wh: tuple[int, int] | None = None
    photo: np.ndarray | None = field(default=None, hash=False)
    classes: np.ndarray | None = field(default=None, hash=False)
    names: tuple[str, ...] = ()
    instances: np.ndarray | None = field(default=None, hash=False)
    regions: tuple[ShownObject, ...] = ()
    outlines: tuple = field(default=(), hash=False)
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def objects(self):
        """The counted objects."""
        return tuple(region for region in self.regions if region.kind == "object")


@dataclass(frozen=True)
class LoadOptions:
    """How frames are loaded.

    Attributes:
        labels: `LabelTable` of the dataset.
        classes: Names of the labels to show; () shows all.
        most_pixels: A larger frame is shrunk to this many pixels.
    """

    labels: LabelTable
    classes: tuple[str, ...] = ()
    most_pixels: int = 2048 * 1024


def load_frame(options, frame):
    """Loads an `AnnotatedFrame`; never fails for a broken file.

    Args:
        options: `LoadOptions`.
        frame: `AnnotatedFrame`.

    Returns:
        `LoadedFrame`.
    """
    problems, remarks, photo, annotation = [], [], None, None
    try:
        photo = read_colors(frame.image) if frame.image is not None else None
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
    photo = _fitting(photo, annotation, frame, problems)
    values = {"name": frame.name, "place": "/".join(part for part in (frame.split, frame.city) if part)}
    if annotation is not None:
        values |= _show_annotation(annotation, options, remarks)
    shape = annotation.pixels.shape if annotation is not None else photo.shape[:2] if photo is not None else None
    loaded = LoadedFrame(
        **values,
        photo=photo,
        size_wh=shape and (shape[1], shape[0]),
        remarks=tuple(remarks),
        problems=tuple(problems),
    )
    return _shrink(loaded, options.most_pixels)


def _fitting(photo, annotation, frame, problems):
    """Gives the photograph if it has the size of the ground truth; they cannot be laid over each other otherwise."""
    if photo is None or annotation is None or photo.shape[:2] == annotation.pixels.shape:
        return photo
    width, height = annotation.size_wh
    problems.append(
        f"{frame.image}: has {photo.shape[1]} x {photo.shape[0]} pixels, but its ground truth has {width} x {height}; "
        "both must be alike, only the ground truth is shown"
    )
    return None


def _show_annotation(annotation, options, remarks):
    """Measures the regions of an annotation and replaces its keys by classes and by numbers of objects."""
    wanted = {options.labels.find(name).name for name in options.classes}
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
    table = {key: index_of[one.label] for key, one in segments.items()}
    numbers = {key: place for place, key in enumerate(counted, start=1)}
    values = runs.keys.tolist()
    _remark(annotation, hidden, regions, remarks)
    return {
        "names": tuple(names),
        "classes": runs.paint(np.array([table.get(key, NO_CLASS) for key in values], np.uint16)),
        "instances": runs.paint(np.array([numbers.get(key, 0) for key in values], np.int32)),
        "regions": regions,
        "outlines": _outlines(annotation.outlines, options.labels, wanted),
    }


def _region(segment, measured):
    kind = "object" if segment.number is not None else "group" if segment.is_crowd else "area"
    return ShownObject(segment.label, kind, segment.number, measured.area, measured.box)


def _remark(annotation, hidden, regions, remarks):
    groups = sum(region.kind == "group" for region in regions)
    if groups and any(region.kind == "object" for region in regions):
        are = "regions are groups" if groups > 1 else "region is a group"
        remarks.append(f"{groups:,} {are} in which objects were not told apart.")
    if hidden:
        remarks.append(f"{hidden:,} {'objects have' if hidden > 1 else 'object has'} no visible pixel.")
    remarks += [f"Not shown: {count:,} {what}." for what, count in sorted(annotation.dropped.items()) if count]
    if not regions:
        remarks.append("No pixel has a label.")


def _outlines(image, table, wanted):
    """Lists the polygons of the source that are painted."""
    found = []
    for polygon in image.polygons if image is not None else ():
        label, _ = find_label(polygon.label, table)
        is_painted = not polygon.deleted and label is not None and label.id >= 0 and label.name != table.background
        if is_painted and len(polygon.points) > 1 and (not wanted or label.name in wanted):
            found.append((label.name, np.array(polygon.points, np.float64)))
    return tuple(found)


def _shrink(loaded, most_pixels):
    if loaded.size_wh is None or loaded.size_wh[0] * loaded.size_wh[1] <= most_pixels:
        return loaded
    width, height = loaded.size_wh
    factor = (most_pixels / (width * height)) ** 0.5
    size_wh = max(1, round(width * factor)), max(1, round(height * factor))
    scale = np.array([size_wh[0] / width, size_wh[1] / height])

    def resize(pixels, how=cv2.INTER_NEAREST_EXACT):
        return None if pixels is None else cv2.resize(pixels, size_wh, interpolation=how)

    return LoadedFrame(**{
        **vars(loaded),
        "photo": resize(loaded.photo, cv2.INTER_AREA),
        "classes": resize(loaded.classes),
        "instances": resize(loaded.instances),
        "outlines": tuple((label, points * scale) for label, points in loaded.outlines),
    })  # fmt: skip
