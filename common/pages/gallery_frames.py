"""One frame of a gallery as it is stored in a page: a small photograph, compressed masks, words.

Masks are reduced by taking the nearest pixel and never mixed, so that every value on a page is a value of the file.
"""

import base64
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.labels.cityscapes import IGNORE
from common.pages.gallery import GalleryFrame, Prediction
from common.pages.gallery_classes import percent, summarize_mask, summarize_objects


@dataclass(frozen=True)
class Quality:
    """How much of a picture is stored: the most pixels of its longer edge, WebP quality of photographs, 1 to 100."""

    edge: int
    photo: int


# The best first; the next one is taken when a page would become too large.
QUALITIES = (Quality(640, 72), Quality(480, 60), Quality(320, 50))
# For pages whose photographs are looked at one by one.
LARGE_FIRST = (Quality(1280, 80), *QUALITIES)


def frame_values(frame: GalleryFrame, names: Sequence[str], quality: Quality) -> dict[str, Any]:
    """Makes what the template of a frame uses.

    Returns:
        `name`, `remark`, `width` and `height` of the pictures, `photo` (a data URI or None), `columns` of pictures, and
        `data`, the values for the script, which are written as JSON.
    """
    size_wh = shown_size(frame, quality.edge)
    return {
        "name": frame.name,
        "remark": frame.remark,
        "width": size_wh[0],
        "height": size_wh[1],
        "photo": None if frame.photo is None else _photo_uri(frame.photo, size_wh, quality.photo),
        "columns": _columns(frame, names),
        "data": {
            "name": frame.name,
            "truth": None if frame.truth is None else pack_plane(frame.truth, size_wh),
            "predictions": [pack_plane(item.classes, size_wh) for item in frame.predictions],
            "titles": [item.title for item in frame.predictions],
            "scores": [known_scores(item) for item in frame.predictions],
            "instances": None if frame.instances is None else pack_plane(frame.instances, size_wh),
            "objects": _objects(frame, names),
        },
    }


def known_scores(prediction: Prediction) -> list[float | None]:
    """Gives score and other scores as numbers that JSON can hold; None for one that is missing or NaN."""
    scores = (prediction.score, *prediction.other_scores)
    return [None if score is None or not math.isfinite(score) else float(score) for score in scores]


def shown_size(frame: GalleryFrame, edge: int) -> tuple[int, int]:
    """Computes width and height of all pictures of a frame: those of the largest, the longer at most `edge` pixels."""
    planes = (frame.photo, frame.truth, frame.instances, *(item.classes for item in frame.predictions))
    sizes = [(plane.shape[1], plane.shape[0]) for plane in planes if plane is not None]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(1, 1))
    scale = min(1, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def pack_plane(plane: NDArray[np.uint8] | NDArray[np.uint16], size_wh: tuple[int, int]) -> str:
    """Packs class indices or object numbers as base64 of deflated bytes, `uint16` with the low byte first.

    They are resized first; each pixel takes the nearest value.
    """
    same_size = (plane.shape[1], plane.shape[0]) == size_wh
    resized = plane if same_size else cv2.resize(plane, size_wh, interpolation=cv2.INTER_NEAREST_EXACT)
    data = np.ascontiguousarray(resized, "<u2" if plane.dtype == np.uint16 else np.uint8).tobytes()
    # Compared with level 9: an eighth more bytes in a fifth of the time.
    return base64.b64encode(zlib.compress(data, 7)).decode("ascii")


def _photo_uri(photo: NDArray[np.uint8], size_wh: tuple[int, int], quality: int) -> str:
    same_size = (photo.shape[1], photo.shape[0]) == size_wh
    resized = photo if same_size else cv2.resize(photo, size_wh, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".webp", cv2.cvtColor(resized, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_WEBP_QUALITY, quality))
    return "data:image/webp;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _columns(frame: GalleryFrame, names: Sequence[str]) -> list[list[dict[str, Any]]]:
    """Lays pictures out: a column for each model; photograph and truth are in the first column."""
    first = []
    if frame.photo is not None:
        first.append(_picture("photo", "Photograph", ""))
    if frame.truth is not None:
        first.append(_picture("truth", "Ground truth", summarize_mask(frame.truth, names)))
    if frame.instances is not None:
        first.append(_picture("objects", "Objects", summarize_objects(frame.objects)))
    if not frame.predictions:
        return [[picture] for picture in first]
    models = [_model_pictures(index, item, frame.truth, names) for index, item in enumerate(frame.predictions)]
    return [first, *models] if first else models


def _model_pictures(
    index: int, prediction: Prediction, truth: NDArray[np.uint8] | None, names: Sequence[str]
) -> list[dict[str, Any]]:
    scores = known_scores(prediction)
    words = summarize_mask(prediction.classes, names) + ("" if scores[0] is None else f"; score {scores[0]:.3f}")
    picture = _picture("prediction", f"Prediction of {prediction.title}", words)
    pictures = [picture | {"caption": prediction.title, "index": index, "scores": scores}]
    if truth is not None:
        picture = _picture("errors", f"Errors of {prediction.title}", _summarize_errors(truth, prediction.classes))
        pictures.append(picture | {"caption": "Errors", "index": index})
    return pictures


def _picture(kind: str, heading: str, summary: str) -> dict[str, Any]:
    words = f"{heading}: {summary}" if summary else heading
    return {"kind": kind, "heading": heading, "words": words, "caption": heading, "index": 0, "scores": []}


def _summarize_errors(truth: NDArray[np.uint8], classes: NDArray[np.uint8]) -> str:
    height, width = truth.shape
    same_size = truth.shape == classes.shape
    predicted = classes if same_size else cv2.resize(classes, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    counted = truth != IGNORE
    total = int(np.count_nonzero(counted))
    if not total:
        return "nothing to compare, no pixel has a class"
    return f"{percent(np.count_nonzero(counted & (truth != predicted)) / total)} of the pixels are wrong"


def _objects(frame: GalleryFrame, names: Sequence[str]) -> list[dict[str, Any]]:
    """Describes objects for the script: class index (None if it has none), text, and the box in shares of 1."""
    if frame.instances is None:
        return []
    height, width = frame.instances.shape
    class_of = {name: index for index, name in reversed(tuple(enumerate(names)))}
    objects = []
    for item in frame.objects:
        left, top, wide, high = item.box
        box = [round(share, 5) for share in (left / width, top / height, wide / width, high / height)]
        objects.append({"class": class_of.get(item.label), "text": item.text, "box": box})
    return objects
