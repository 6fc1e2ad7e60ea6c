"""Predicted instances in the official form: per frame a text file that names masks.

    <anywhere>/<frame>*.txt     one line per object: path of the mask, label id, confidence; single spaces between them
    <mask>.png                  everything but 0 is the object; paths are relative to the text file

Predictions may come from strangers: a path must be relative and, also through links, stay inside the prediction's
folder.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError
from common.files.disk import read_text
from common.files.listing import files_below
from common.files.sources import NamedBytes, Source
from common.images.pictures import read_brightness
from common.images.png import check_png, read_mask
from common.labels.cityscapes import LABEL_OF_ID

# A frame with 10,000 objects has a text file of about 1 MB.
LARGEST_LIST_BYTES = 16 * 1024 * 1024
_GRAY = 0


@dataclass(frozen=True)
class PredictedMask:
    """One line of a text file; the confidence is any finite number, higher is surer."""

    path: Path
    label_id: int
    confidence: float

    def read(self) -> NDArray[np.bool_]:
        """Reads the mask, shape `(height, width)`: True on the object.

        Raises:
            DataError: If the file is missing, damaged, not a PNG, or has 16 bits; names it.
        """
        data = Source(self.path).read_bytes()
        check_png(data, self.path)
        depth, color_type = data[24], data[25]
        if depth == 16:
            raise DataError(f"{self.path}: is a PNG with 16 bits; expected a mask of at most 8 bits")
        file = NamedBytes(str(self.path), data)
        # Colours of other kinds, for example of a palette, count by their brightness.
        return (read_mask(file) if (depth, color_type) == (8, _GRAY) else read_brightness(file)) != 0


def find_lists(folder: Path | str, frames: Iterable[str]) -> dict[str, Path]:
    """Finds text files in the folder and all folders below it, by name of the frame; only of frames that have one.

    Raises:
        DataError: If the folder is missing or holds no text file, or a frame has two; names them.
    """
    if not Path(folder).is_dir():
        raise DataError(f"{folder}: is not a folder; expected a folder with <frame>*.txt files")
    names, others = set(frames), 0
    found: dict[str, Path] = {}
    for path in files_below(Path(folder), ".txt"):
        ends = range(len(path.stem), 0, -1)
        frame = next((path.stem[:end] for end in ends if path.stem[:end] in names), None)
        if frame is None:
            others += 1
        elif found.setdefault(frame, path) is not path:
            raise DataError(f"{path}: the frame {frame} has the prediction {found[frame]} already; keep one of them")
    if not found:
        what = f"{others:,} text files, none with the name of a frame of the truth" if others else "no text files"
        raise DataError(f"{folder}: has {what}; expected <frame>*.txt, for example {min(names, default='')}.txt")
    return found


def read_list(path: Path, folder: Path | str) -> tuple[PredictedMask, ...]:
    """Reads the text file of a frame, masks in the order of the lines; all must lie in the folder of the prediction.

    Raises:
        DataError: If a line does not have the expected form, or leads out of the folder; names the file and the line.
    """
    root = Path(folder).resolve()
    masks: dict[Path, PredictedMask] = {}
    for number, line in enumerate(read_text(Path(path), LARGEST_LIST_BYTES).splitlines(), 1):
        where = f"{path}: line {number:,}"
        parts = line.split(" ")
        if len(parts) != 3:
            raise DataError(f"{where}: is {line[:80]!r}; expected 'mask path, label id, confidence' with single spaces")
        label_id, confidence = _numbers(parts[1], parts[2], where)
        mask = PredictedMask(_inside(parts[0], Path(path).parent, root, where), label_id, confidence)
        if mask.path in masks:
            twice = f"the mask {parts[0]!r} is listed twice"
            raise DataError(f"{where}: {twice}; the official evaluation would keep the last")
        masks[mask.path] = mask
    return tuple(masks.values())


def _inside(name: str, folder: Path, root: Path, where: str) -> Path:
    if Path(name).is_absolute() or Path(name).drive or name.startswith(("/", "\\")):
        raise DataError(f"{where}: {name[:80]!r} is an absolute path; expected one relative to the text file")
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{where}: {name[:80]!r} is not a path: {error}") from error
    if not name or not path.is_relative_to(root):
        raise DataError(f"{where}: {name[:80]!r} leads out of the prediction's folder {root}; put the masks inside")
    return path


def _numbers(label_id: str, confidence: str, where: str) -> tuple[int, float]:
    try:
        found, sure = float(label_id), float(confidence)
    except ValueError:
        found = sure = math.nan
    if not (math.isfinite(found) and math.isfinite(sure)):
        both = f"label id {label_id[:40]!r} and confidence {confidence[:40]!r}"
        raise DataError(f"{where}: {both}; expected two finite numbers")
    if int(found) not in LABEL_OF_ID:
        expected = "expected a label id from 0 to 33, not a train id"
        raise DataError(f"{where}: no label has the id {label_id[:40]!r}; {expected}")
    return int(found), sure
