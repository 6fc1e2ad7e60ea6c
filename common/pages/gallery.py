"""What a gallery shows, as values: photographs with class masks, objects and scores; `gallery_markup` draws them.

Masks are stored as class indices and painted by the page, so that classes can be switched on and off, colours changed
and errors shown without a second picture. Frames of one gallery may have different sizes, and so may the photograph and
the masks of one frame: the page shows them at one size.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GalleryObject:
    """One counted object.

    Attributes:
        label: Name of its class.
        text: What is written at its box, for example "car 3".
        box: Left, top, width and height in pixels of the mask; x to the right, y down.
    """

    label: str
    text: str
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Prediction:
    """What one model predicts for a frame.

    Attributes:
        title: Name of the model, for example "subset" or "CITYSCAPES_subset_1_0".
        classes: Class indices, shape `(height, width)`.
        score: From 0 to 1, higher is better; None if there is none. Frames are sorted by it.
        other_scores: By further metrics, which the page can be turned to, in the order of `Gallery.other_score_names`.
    """

    title: str
    classes: NDArray[np.uint8]
    score: float | None = None
    other_scores: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class GalleryFrame:
    """One frame of a gallery.

    Attributes:
        name: Any text.
        photo: Red, green, blue, shape `(height, width, 3)`; None if there is none.
        truth: Class indices, shape `(height, width)`, `IGNORE` for pixels without a class; None if there is none.
        predictions: In the same order for every frame of a gallery.
        instances: Number of the object at each pixel, from 1 in the order of `objects`, 0 for none, shape
            `(height, width)`; None if objects are not known.
        objects: The objects that are numbered in `instances`.
        remark: A sentence shown with the frame, "" for none.
    """

    name: str
    photo: NDArray[np.uint8] | None = None
    truth: NDArray[np.uint8] | None = None
    predictions: tuple[Prediction, ...] = ()
    instances: NDArray[np.uint16] | None = None
    objects: tuple[GalleryObject, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Gallery:
    """Frames with the names and colours of their classes.

    Attributes:
        names: Class names by class index.
        colors: Red, green, blue by class index.
        frames: The page shows them in this order; with scores, the worst frame of the first model that has scores comes
            first. Frames at the end are left out first when a page would become too large.
        score_name: What the scores of predictions are, for example "IoU (paper metric)".
        other_score_names: What their other scores are.
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    frames: tuple[GalleryFrame, ...] = field(hash=False)
    score_name: str = ""
    other_score_names: tuple[str, ...] = ()
