"""The folder of results: label ids, colours and overlays of photographs, each kind in a folder of its own.

    OUT/labelIds/<name>.png    official label ids, 8 bits; the folder the benchmark's server takes as a zip
    OUT/color/<name>.png       colours of the classes
    OUT/overlay/<name>.jpg     colours over the photograph
    OUT/classes.csv            what the ids and colours mean
    OUT/legend.png             the same as a picture, if it is wanted
    OUT/prediction.json        models, settings and photographs

`prediction.json` is written first. An interrupted folder continues only if it names the same models, settings and
photographs; every file takes its place when it is complete.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.disk import is_there, read_json, write_bytes, write_json, write_text
from common.files.sources import signature_or_none
from common.files.targets import check_can_write, check_new_target, move_aside
from common.images.png import encode_image, encode_mask
from common.labels.cityscapes import Color
from common.labels.maps import LabelMap
from common.learning.predicting.photographs import Photograph
from common.text import csv_text

_RECORD = "prediction.json"
_OVERLAY_SHARE = 0.5
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class ResultFolder:
    """Where results go; with `overlay`, overlays are written too."""

    path: Path
    label_map: LabelMap
    overlay: bool = False

    def files(self, name: str) -> list[Path]:
        """Lists the files of one photograph in the order in which they are written."""
        kinds = [("color", "png"), *([("overlay", "jpg")] if self.overlay else []), ("labelIds", "png")]
        return [self.path / kind / f"{name}.{ending}" for kind, ending in kinds]

    def holds(self, name: str) -> bool:
        """Tells whether all files of a photograph are there."""
        return all(is_there(file) and file.is_file() for file in self.files(name))

    def write(self, name: str, class_indices: NDArray[np.uint8], image: NDArray[np.uint8] | None = None) -> None:
        """Writes the files of one photograph from class indices `(height, width)`; an overlay needs the image too."""
        color, *overlay, ids = self.files(name)
        colors = self.label_map.colorize(class_indices)
        write_bytes(color, encode_image(colors))
        for file in overlay:
            if image is None:
                raise ValueError("an overlay needs the photograph")
            write_bytes(file, _encode_jpeg(blend(image, colors)))
        write_bytes(ids, encode_mask(self.label_map.decode(class_indices)))

    def check(self, record: Mapping[str, object], overwrite: bool = False) -> None:
        """Makes sure that results of a record (`make_record`) can be written here; changes nothing.

        Raises:
            DataError: If nothing can be written there, or something else is there; with `overwrite`, only if that may
                not be moved aside.
        """
        if self.path.exists() and not self._is_usable(record):
            check_new_target(self.path, overwrite=True)
            if not overwrite:
                raise DataError(
                    f"{self.path}: has files that were not made of these photographs with these models and settings; "
                    "choose another place, or --overwrite to move the folder aside"
                )
        check_can_write(self.path)

    def open(self, record: Mapping[str, object], overwrite: bool = False) -> None:
        """Makes the folder ready, or makes sure that it contains a part of the results of a record (`make_record`).

        Raises:
            DataError: As `check`; with `overwrite`, other results are moved aside.
        """
        self.check(record, overwrite)
        if self.path.exists() and not self._is_usable(record):
            move_aside(self.path)
        write_json(self.path / _RECORD, record)
        write_text(self.path / "classes.csv", classes_csv(self.label_map))

    def write_legend(self) -> None:
        """Writes a picture of the colours and the names of the classes that have an id."""
        from common.inspection.legend import draw_legend

        write_bytes(self.path / "legend.png", encode_image(draw_legend(written_classes(self.label_map))))

    def _is_usable(self, record: Mapping[str, object]) -> bool:
        return self.path.is_dir() and (not any(self.path.iterdir()) or self._is_same(record))

    def _is_same(self, record: Mapping[str, object]) -> bool:
        file = self.path / _RECORD
        try:
            return file.is_file() and bool(read_json(file) == record)
        except DataError:
            return False


def blend(image: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mixes a photograph and the colours of its classes half and half; both have the shape `(height, width, 3)`."""
    return np.asarray(cv2.addWeighted(image, 1 - _OVERLAY_SHARE, colors, _OVERLAY_SHARE, 0), np.uint8)


def classes_csv(label_map: LabelMap) -> str:
    """Makes the table of ids and colours: one line for each class that has an id, sorted by id."""
    rows = [(id_, name, *color) for id_, name, color in written_classes(label_map)]
    return csv_text([("id", "name", "red", "green", "blue"), *rows])


def written_classes(label_map: LabelMap) -> list[tuple[int, str, Color]]:
    """Lists id, name and colour of each class that has an id, sorted by id."""
    ids = label_map.decode(np.arange(len(label_map), dtype=np.uint8))
    classes = enumerate(zip(ids.tolist(), label_map.names, label_map.colors, strict=True))
    return sorted((id_, name, color) for index, (id_, name, color) in classes if index in label_map.class_of_id)


def merged_classes(label_map: LabelMap) -> list[str]:
    """Describes classes of several ids, which are written as the smallest one: for example `"truck+bus" as 27`."""
    found = []
    for index, name in enumerate(label_map.names):
        ids = [id_ for id_, class_index in enumerate(label_map.class_of_id) if class_index == index]
        if len(ids) > 1:
            found.append(f'"{name}" as {ids[0]}')
    return found


def make_record(
    models: Mapping[Path, str], photographs: Sequence[Photograph], settings: Mapping[str, object]
) -> dict[str, Any]:
    """Makes the content of `prediction.json`; `models` are SHA-256 by path, `settings` are JSON-able."""
    digest = hashlib.sha256()
    for photo in photographs:
        digest.update(f"{photo.name} {signature_or_none(photo.source)}\n".encode("utf-8", "surrogateescape"))
    return {
        "models": [{"file": path.name, "sha256": sha256} for path, sha256 in models.items()],
        "photographs": {"count": len(photographs), "sha256": digest.hexdigest()},
        "settings": settings,
    }


def _encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError(f"OpenCV could not encode pixels of shape {image.shape}")
    return data.tobytes()
