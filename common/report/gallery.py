"""What a gallery shows: photographs with class masks, objects and scores, as values; `render_gallery` draws them.

Masks travel as class indices and are painted by the page, which is why classes can be switched on and off, colours
changed and errors shown without a second picture. Frames of one gallery may have different sizes.
"""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class GalleryObject:
    """One counted object.

    Attributes:
        label: Name of its class.
        text: What is written at its box, as "car 3".
        box: Left, top, width and height in pixels of the mask; x to the right, y down.
    """

    label: str
    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Prediction:
    """What one model says about a frame.

    Attributes:
        title: Which model, as "subset" or "CITYSCAPES_subset_1_0".
        classes: Class indices, `uint8` of shape `(height, width)`.
        score: From 0 to 1, higher is better; None if it has none. Frames are sorted by it.
    """

    title: str
    classes: np.ndarray
    score: float | None = None


@dataclass(frozen=True)
class GalleryFrame:
    """One frame of a gallery.

    Attributes:
        name: Of the frame; text of strangers.
        photo: Red, green, blue, `uint8` of shape `(height, width, 3)`; None if there is none.
        truth: Class indices, `uint8` of shape `(height, width)`, `IGNORE` for pixels without a class; None without.
        predictions: In the same order for every frame of a gallery.
        instances: Number of the object at each pixel, from 1 in the order of `objects`, 0 for none; `uint16` of shape
            `(height, width)`; None where objects are not known.
        objects: What `instances` counts.
        remark: A sentence shown with the frame, "" for none.
    """

    name: str
    photo: np.ndarray | None = None
    truth: np.ndarray | None = None
    predictions: tuple[Prediction, ...] = ()
    instances: np.ndarray | None = None
    objects: tuple[GalleryObject, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Gallery:
    """Frames with the classes they are in.

    Attributes:
        names: Class names by class index.
        colors: Red, green, blue by class index.
        frames: In the order they are shown in at first.
        score_name: What the scores of predictions are, as "IoU (paper metric)".
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    frames: tuple[GalleryFrame, ...] = field(hash=False)
    score_name: str = ""
