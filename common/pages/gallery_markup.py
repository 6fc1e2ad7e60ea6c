"""Draws a gallery as a part of a page, and keeps it below a number of bytes."""

from collections.abc import Sequence

from markupsafe import Markup

from common.pages.gallery import Gallery
from common.pages.gallery_classes import Counts, classes_of
from common.pages.gallery_frames import QUALITIES, Quality, frame_values, known_scores
from common.pages.page import environment

# Most bytes of a gallery: leaves room for the rest of a page of less than 10 MB.
BUDGET = 6_000_000
# Bytes of controls and legend.
_FRAMEWORK_BYTES = 40_000


def render_gallery(gallery: Gallery, budget: int = BUDGET, qualities: Sequence[Quality] = QUALITIES) -> Markup:
    """Renders a gallery as a part of a page that extends `base.html.j2`, which brings its styles and scripts.

    Pictures are reduced, then frames at the end are left out, until the gallery fits the budget in bytes; the page says
    so. The qualities are tried in their order.
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
            models=_titles(gallery),
            score_names=[name for name in (gallery.score_name, *gallery.other_score_names) if name],
            has_masks=counts.has_masks,
            has_errors=counts.has_errors,
            total=len(gallery.frames),
            edge=edge if edge < qualities[0].edge else None,
        )
    )


def _fitting_fragments(gallery: Gallery, budget: int, qualities: Sequence[Quality]) -> tuple[list[Markup], int]:
    """Renders the frames at the best quality at which all fit, or at the last quality as many frames as fit.

    Returns:
        The fragments, and the longest edge of their pictures in pixels.
    """
    template = environment().get_template("gallery_frame.html.j2")
    for quality in qualities:
        fragments: list[Markup] = []
        used = 0
        for frame in gallery.frames:
            fragment = Markup(template.render(frame=frame_values(frame, gallery.names, quality)))
            used += len(fragment.encode("utf-8", "replace"))
            if used > budget:
                break
            fragments.append(fragment)
        if len(fragments) == len(gallery.frames):
            break
    return fragments, quality.edge


def _titles(gallery: Gallery) -> list[str]:
    """Lists the titles of the predictions, of the frame that has most of them."""
    return max(([one.title for one in frame.predictions] for frame in gallery.frames), key=len, default=[])


def _scored_titles(gallery: Gallery) -> list[tuple[int, str]]:
    """Lists position and title of the predictions that have a score in at least one frame."""
    found: dict[int, str] = {}
    for frame in gallery.frames:
        for index, prediction in enumerate(frame.predictions):
            if any(score is not None for score in known_scores(prediction)):
                found.setdefault(index, prediction.title)
    return sorted(found.items())
