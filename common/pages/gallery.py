"""What a gallery shows: photographs with class masks, objects and scores, as values; `render_gallery` draws them.

Masks travel as class indices and are painted by the page, which is why classes can be switched on and off, colours
changed and errors shown without a second picture. Frames of one gallery may have different sizes, and so may the photo
and the masks of one frame: they are brought to one size for the page.
"""

from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup

from common.pages.gallery_classes import Counts, classes_of
from common.pages.gallery_frames import QUALITIES, frame_values, known_score
from common.pages.page import environment

# Bytes of a gallery: leaves room for the rest of a page of less than 10 MB.
BUDGET = 6_000_000
# What surrounds the frames: controls and legend.
_FRAMEWORK_BYTES = 40_000


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
        frames: In the order they are shown in where they have no scores; with scores, the worst of the first model that
            has any comes first. Those at the end are left out first when a page would become too large.
        score_name: What the scores of predictions are, as "IoU (paper metric)".
    """

    names: tuple[str, ...]
    colors: tuple[tuple[int, int, int], ...]
    frames: tuple[GalleryFrame, ...] = field(hash=False)
    score_name: str = ""


def render_gallery(gallery, budget=BUDGET, qualities=QUALITIES):
    """Renders a gallery as a part of a page that extends `base.html.j2`, which brings its styles and scripts.

    Pictures are made smaller than they are, then frames at the end are left out, until the gallery fits the budget; the
    page says so.

    Args:
        gallery: A Gallery.
        budget: The most bytes the gallery may have.
        qualities: `gallery_frames.Quality`s to be tried, from the best down.

    Returns:
        A `markupsafe.Markup`.
    """
    fragments, edge = _fitting_fragments(gallery, budget - _FRAMEWORK_BYTES, qualities)
    counts = Counts()
    for frame in gallery.frames[: len(fragments)]:
        counts.add(frame)
    return Markup(
        environment()
        .get_template("gallery.html.j2")
        .render(
            classes=classes_of(gallery, counts),
            frames=fragments,
            titles=_scored_titles(gallery),
            score_name=gallery.score_name,
            has_masks=counts.has_masks,
            has_errors=counts.has_errors,
            total=len(gallery.frames),
            edge=edge if edge < qualities[0].edge else None,
        )
    )


def _fitting_fragments(gallery, budget, qualities):
    """Renders frames at the best quality at which all fit, or at the last one as many as fit.

    Returns:
        The fragments, and the longest edge of their pictures in pixels.
    """
    template = environment().get_template("gallery_frame.html.j2")
    for quality in qualities:
        fragments, used = [], 0
        for frame in gallery.frames:
            fragment = Markup(template.render(frame=frame_values(frame, gallery.names, quality)))
            used += len(fragment.encode("utf-8", "replace"))
            if used > budget:
                break
            fragments.append(fragment)
        if len(fragments) == len(gallery.frames):
            break
    return fragments, quality.edge


def _scored_titles(gallery):
    """Lists position and title of the predictions that have a score in at least one frame."""
    found = {}
    for frame in gallery.frames:
        for index, prediction in enumerate(frame.predictions):
            if known_score(prediction) is not None:
                found.setdefault(index, prediction.title)
    return sorted(found.items())
