"""One frame of a gallery as a page carries it: a small photograph, deflated planes of class indices, words.

Masks are made smaller by choosing the nearest pixel, never mixed, so that every value on a page is one of the file.
"""

import base64
import math
import zlib
from dataclasses import dataclass

import cv2
import numpy as np

from common.labels.cityscapes import IGNORE
from common.pages.gallery_classes import percent, summarize_mask, summarize_objects


@dataclass(frozen=True)
class Quality:
    """How much of a picture travels with a page.

    Attributes:
        edge: The most pixels of its longer edge.
        photo: Quality of photographs from 1 to 100, as WebP counts it.
    """

    edge: int
    photo: int


# From the best down; the next is taken when a page would become too large.
QUALITIES = (Quality(640, 72), Quality(480, 60), Quality(320, 50))
# For pages whose photographs are looked at one by one.
LARGE_FIRST = (Quality(1280, 80), *QUALITIES)


def frame_values(frame, names, quality):
    """Makes what the template of a frame uses.

    Args:
        frame: A GalleryFrame.
        names: Class names by class index.
        quality: A Quality.

    Returns:
        A dictionary: `name`, `remark`, `width` and `height` of its pictures, `photo` (a data URI or None), `columns`
        of pictures, and `data`, the JSON-able values for the script.
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
            "scores": [known_score(item) for item in frame.predictions],
            "instances": None if frame.instances is None else pack_plane(frame.instances, size_wh),
            "objects": _objects(frame, names),
        },
    }


def known_score(prediction):
    """Gives the score of a Prediction as a number that JSON knows, None if it has none or it is none (NaN)."""
    score = prediction.score
    return None if score is None or not math.isfinite(score) else float(score)


def shown_size(frame, edge):
    """Computes the one size of all pictures of a frame: that of its largest, its longer edge at most `edge` pixels.

    Returns:
        Width and height.
    """
    planes = (frame.photo, frame.truth, frame.instances, *(item.classes for item in frame.predictions))
    sizes = [(plane.shape[1], plane.shape[0]) for plane in planes if plane is not None]
    width, height = max(sizes, key=lambda size: size[0] * size[1], default=(1, 1))
    scale = min(1, edge / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def pack_plane(plane, size_wh):
    """Packs class indices or object numbers as base64 of deflated bytes, `uint16` with the low byte first.

    Args:
        plane: `uint8` or `uint16` of shape `(height, width)`.
        size_wh: The size it is brought to, each pixel the nearest one.
    """
    if (plane.shape[1], plane.shape[0]) != tuple(size_wh):
        plane = cv2.resize(plane, tuple(size_wh), interpolation=cv2.INTER_NEAREST_EXACT)
    data = np.ascontiguousarray(plane, "<u2" if plane.dtype == np.uint16 else np.uint8).tobytes()
    # Beside level 9 an eighth more bytes, in a fifth of the time.
    return base64.b64encode(zlib.compress(data, 7)).decode("ascii")


def _photo_uri(photo, size_wh, quality):
    if (photo.shape[1], photo.shape[0]) != tuple(size_wh):
        photo = cv2.resize(photo, tuple(size_wh), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".webp", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_WEBP_QUALITY, quality))
    return "data:image/webp;base64," + base64.b64encode(data).decode("ascii")


def _columns(frame, names):
    """Lays pictures out: what belongs to one model stands in one column, photo and truth in the first."""
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


def _model_pictures(index, prediction, truth, names):
    score = known_score(prediction)
    words = summarize_mask(prediction.classes, names) + ("" if score is None else f"; score {score:.3f}")
    picture = _picture("prediction", f"Prediction of {prediction.title}", words)
    pictures = [picture | {"caption": prediction.title, "index": index, "score": score}]
    if truth is not None:
        picture = _picture("errors", f"Errors of {prediction.title}", _summarize_errors(truth, prediction.classes))
        pictures.append(picture | {"caption": "Errors", "index": index})
    return pictures


def _picture(kind, heading, summary):
    words = f"{heading}: {summary}" if summary else heading
    return {"kind": kind, "heading": heading, "words": words, "caption": heading, "index": 0, "score": None}


def _summarize_errors(truth, predicted):
    if truth.shape != predicted.shape:
        predicted = cv2.resize(predicted, truth.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
    counted = truth != IGNORE
    total = int(np.count_nonzero(counted))
    if not total:
        return "nothing to compare, no pixel has a class"
    return f"{percent(np.count_nonzero(counted & (truth != predicted)) / total)} of the pixels are wrong"


def _objects(frame, names):
    """Makes objects JSON-able: class index (None for one outside the classes), text, and the box in shares of 1."""
    if frame.instances is None:
        return []
    height, width = frame.instances.shape
    class_of = {name: index for index, name in reversed(tuple(enumerate(names)))}
    return [
        {
            "class": class_of.get(item.label),
            "text": item.text,
            "box": [
                round(value / full, 5) for value, full in zip(item.box, (width, height, width, height), strict=True)
            ],
        }
        for item in frame.objects
    ]
