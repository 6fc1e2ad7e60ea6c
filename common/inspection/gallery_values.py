"""Turns loaded frames into the values that the gallery of a page shows."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.images.runs import find_regions, find_runs
from common.inspection.contact_sheet import Legend, describe_frame
from common.inspection.lettering import LONGEST_TEXT, Box
from common.inspection.loading import NO_CLASS, LoadedFrame
from common.labels.cityscapes import IGNORE
from common.labels.tables import LabelTable
from common.pages.gallery import Gallery, GalleryFrame, GalleryObject
from common.text import one_line

_MOST_OBJECTS = 65_535


def make_gallery(frames: Sequence[LoadedFrame], labels: LabelTable) -> Gallery:
    """Makes a gallery of frames; its classes are the labels that occur in them, its names can be printed.

    Raises:
        DataError: If more labels occur than a mask of 8 bits can hold.
    """
    legend = Legend(frames, labels)
    if len(legend.names) > IGNORE:
        found = f"the chosen frames have {len(legend.names):,} labels, a page shows at most {IGNORE}"
        raise DataError(f"{found}; choose fewer frames, or labels with --classes")
    index_of = {name: index for index, name in enumerate(legend.names)}
    names = [frame.name for frame in frames]
    return Gallery(
        tuple(one_line(name, LONGEST_TEXT) for name in legend.names),
        tuple(legend.colors[name] for name in legend.names),
        tuple(_gallery_frame(frame, index_of, names.count(frame.name) == 1) for frame in frames),
    )


def _gallery_frame(frame: LoadedFrame, index_of: Mapping[str, int], has_own_name: bool) -> GalleryFrame:
    name = frame.name if has_own_name else f"{frame.place}/{frame.name}"
    instances, objects = _objects(frame)
    sentences = (f"{describe_frame(frame)}.", *frame.problems, *frame.remarks)
    return GalleryFrame(
        one_line(name, LONGEST_TEXT),
        photo=frame.photo,
        truth=_truth(frame, index_of),
        instances=instances,
        objects=objects,
        remark=" ".join(one_line(sentence, LONGEST_TEXT) for sentence in sentences if sentence != "."),
    )


def _truth(frame: LoadedFrame, index_of: Mapping[str, int]) -> NDArray[np.uint8] | None:
    if frame.classes is None:
        return None
    table = np.full(NO_CLASS + 1, IGNORE, np.uint8)
    table[: len(frame.names)] = [index_of[name] for name in frame.names]
    return table[frame.classes]


def _objects(frame: LoadedFrame) -> tuple[NDArray[np.uint16] | None, tuple[GalleryObject, ...]]:
    """Numbers the counted objects, without groups; boxes are around the pixels that are shown."""
    places = [place for place, region in enumerate(frame.regions) if region.kind == "object"]
    if frame.instances is None or frame.size_wh is None or not places or len(places) > _MOST_OBJECTS:
        return None, ()
    numbers = np.zeros(len(frame.regions) + 1, np.uint16)
    numbers[[place + 1 for place in places]] = np.arange(1, len(places) + 1)
    instances = numbers[frame.instances]
    found = find_regions(find_runs(instances))
    scale = instances.shape[1] / frame.size_wh[0]
    objects = []
    for number, place in enumerate(places, start=1):
        region = frame.regions[place]
        box = found[number].box if number in found else _vanished(region.box, scale, instances.shape)
        objects.append(GalleryObject(one_line(region.label, LONGEST_TEXT), one_line(region.text, LONGEST_TEXT), box))
    return instances, tuple(objects)


def _vanished(box: Box, scale: float, shape: tuple[int, ...]) -> Box:
    """Gives one pixel as the box of an object whose pixels were all lost when the frame was reduced."""
    return min(shape[1] - 1, int(box[0] * scale)), min(shape[0] - 1, int(box[1] * scale)), 1, 1
