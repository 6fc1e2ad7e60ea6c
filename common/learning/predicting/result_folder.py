"""The folder of results: label ids, colours and overlays of photographs, each kind in a folder of its own.

    OUT/labelIds/<name>.png    official label ids, 8 bits; the folder the benchmark's server takes as a zip
    OUT/color/<name>.png       colours of the classes
    OUT/overlay/<name>.jpg     colours over the photograph
    OUT/classes.csv            what the ids and colours mean
    OUT/prediction.json        what the results were made of and with

`prediction.json` is written first. A folder goes on where it was interrupted only if it names the same models, settings
and photographs; every file takes its place when it is complete.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from common.errors import DataError
from common.files.disk import read_json, write_bytes, write_json, write_text
from common.files.targets import unused_path
from common.images.png import encode_image, encode_mask

_RECORD = "prediction.json"
_OVERLAY_SHARE = 0.5
_JPEG_QUALITY = 92


@dataclass(frozen=True)
class ResultFolder:
    """Where results go.

    Attributes:
        path: The folder.
        label_map: The classes, as `LabelMap`.
        overlay: Whether overlays are wanted.
    """

    path: Path
    label_map: object
    overlay: bool = False

    def files(self, name):
        """Lists the files of one photograph, those that exist when it is done last."""
        kinds = [("color", "png"), *([("overlay", "jpg")] if self.overlay else []), ("labelIds", "png")]
        return [self.path / kind / f"{name}.{ending}" for kind, ending in kinds]

    def holds(self, name):
        """Tells whether all files of a photograph are there."""
        return all(file.is_file() for file in self.files(name))

    def write(self, name, class_indices, image=None):
        """Writes the files of one photograph.

        Args:
            name: Of the photograph, folders joined by "/".
            class_indices: `uint8` of shape `(height, width)`.
            image: Red, green, blue of the same size, for the overlay.
        """
        color, *overlay, ids = self.files(name)
        colors = self.label_map.colorize(class_indices)
        write_bytes(color, encode_image(colors))
        for file in overlay:
            write_bytes(file, _encode_jpeg(blend(image, colors)))
        write_bytes(ids, encode_mask(self.label_map.decode(class_indices)))

    def open(self, record, overwrite=False):
        """Makes the folder ready, or makes sure that it holds a part of the same results.

        Args:
            record: JSON-able values that say what the results are made of and with.
            overwrite: Whether other results are moved aside; else they are refused.

        Raises:
            DataError: If something else stands there.
        """
        if self.path.exists() and not self.path.is_dir():
            raise DataError(f"{self.path}: is a file, expected was a folder to write to; choose another place")
        if self.path.is_dir() and any(self.path.iterdir()) and not self._is_same(record):
            if not overwrite:
                raise DataError(
                    f"{self.path}: holds files that were not made of these photographs with these models and settings; "
                    "choose another place, or --overwrite to move the folder aside"
                )
            if self.path.resolve() in (Path.cwd(), Path.home(), *Path.cwd().parents, *Path.home().parents):
                raise DataError(f"{self.path}: is the folder you work in or one around it; choose another place")
            self.path.rename(unused_path(self.path))
        write_json(self.path / _RECORD, record)
        write_text(self.path / "classes.csv", classes_csv(self.label_map))

    def _is_same(self, record):
        file = self.path / _RECORD
        try:
            return file.is_file() and read_json(file) == record
        except DataError:
            return False


def blend(image, colors):
    """Mixes a photograph and the colours of its classes half and half; both `uint8` `(height, width, 3)`."""
    return cv2.addWeighted(image, 1 - _OVERLAY_SHARE, colors, _OVERLAY_SHARE, 0)


def classes_csv(label_map):
    """Makes the table of what ids and colours mean: one line for each class an id belongs to, sorted by id."""
    ids = label_map.decode(np.arange(len(label_map), dtype=np.uint8))
    rows = [
        (int(id_), name, *color)
        for index, (id_, name, color) in enumerate(zip(ids, label_map.names, label_map.colors, strict=True))
        if index in label_map.class_of_id
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("id", "name", "red", "green", "blue"))
    writer.writerows(sorted(rows))
    return text.getvalue()


def merged_classes(label_map):
    """Describes classes that stand for several ids, of which the smallest is written: as `"truck+bus" as 27`."""
    found = []
    for index, name in enumerate(label_map.names):
        ids = [id_ for id_, class_index in enumerate(label_map.class_of_id) if class_index == index]
        if len(ids) > 1:
            found.append(f'"{name}" as {ids[0]}')
    return found


def make_record(models, photographs, settings):
    """Says what results are made of and with.

    Args:
        models: SHA-256 of the model files by path.
        photographs: The `Photograph`s.
        settings: JSON-able values.
    """
    digest = hashlib.sha256()
    for photo in photographs:
        digest.update(f"{photo.name} {photo.source.signature()}\n".encode("utf-8", "surrogateescape"))
    return {
        "models": [{"file": path.name, "sha256": digest} for path, digest in models.items()],
        "photographs": {"count": len(photographs), "sha256": digest.hexdigest()},
        "settings": settings,
    }


def _encode_jpeg(image):
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not done:
        raise ValueError(f"OpenCV could not encode pixels of shape {image.shape}")
    return data.tobytes()
