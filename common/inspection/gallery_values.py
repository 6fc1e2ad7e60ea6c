"""Turns loaded frames into the values the page's gallery shows."""

import numpy as np

from common.errors import DataError
from common.images.runs import find_regions, find_runs
from common.inspection.contact_sheet import Legend, describe_frame
from common.inspection.lettering import plain_text
from common.inspection.loading import NO_CLASS
from common.labels.cityscapes import IGNORE
from common.pages.gallery import Gallery, GalleryFrame, GalleryObject

_MOST_OBJECTS = 65_535


def make_gallery(frames, labels):
    """Makes a gallery of frames; its classes are the labels that occur in them.

    Args:
        frames: `LoadedFrame`s.
        labels: `LabelTable` of the dataset.

    Returns:
        `Gallery`. Names are free of control characters.

    Raises:
        DataError: If more labels occur than a mask of 8 bits can hold.
    """
    legend = Legend(frames, labels)
    if len(legend.names) > IGNORE:
        raise DataError(
            f"the chosen frames have {len(legend.names):,} labels, a page shows at most {IGNORE}; choose fewer frames, "
            "or labels with --classes"
        )
    index_of = {name: index for index, name in enumerate(legend.names)}
    names = [frame.name for frame in frames]
    return Gallery(
        tuple(plain_text(name) for name in legend.names),
        tuple(legend.colors[name] for name in legend.names),
        tuple(_gallery_frame(frame, index_of, names.count(frame.name) == 1) for frame in frames),
    )


def _gallery_frame(frame, index_of, is_only_one):
    name = frame.name if is_only_one else f"{frame.place}/{frame.name}"
    instances, objects = _objects(frame)
    sentences = (f"{describe_frame(frame)}.", *frame.problems, *frame.remarks)
    return GalleryFrame(
        plain_text(name),
        photo=frame.photo,
        truth=_truth(frame, index_of),
        instances=instances,
        objects=objects,
        remark=" ".join(plain_text(sentence) for sentence in sentences if sentence != "."),
    )


def _truth(frame, index_of):
    if frame.classes is None:
        return None
    table = np.full(NO_CLASS + 1, IGNORE, np.uint8)
    table[: len(frame.names)] = [index_of[name] for name in frame.names]
    return table[frame.classes]


def _objects(frame):
    """Numbers the counted objects alone, groups left out; boxes are those of the shown pixels."""
    places = [place for place, region in enumerate(frame.regions) if region.kind == "object"]
    if frame.instances is None or not places or len(places) > _MOST_OBJECTS:
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
        objects.append(GalleryObject(plain_text(region.label), plain_text(region.text), box))
    return instances, tuple(objects)


def _vanished(box, scale, shape):
    """Gives the place of an object that has no pixel left in a frame that was shrunk: one pixel."""
    return min(shape[1] - 1, int(box[0] * scale)), min(shape[0] - 1, int(box[1] * scale)), 1, 1
