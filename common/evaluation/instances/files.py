"""Predicted instances in the official form: per frame a text file that names masks.

    <anywhere>/<frame>*.txt     one line per object: path of the mask, label id, confidence; single spaces between them
    <mask>.png                  everything but 0 is the object; paths are relative to the text file

Everything comes from strangers: a path must be relative and stay inside the prediction's folder, links followed.
"""

import math
from dataclasses import dataclass
from pathlib import Path

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
    """One line of a text file.

    Attributes:
        path: The mask.
        label_id: What the object is taken for.
        confidence: Any finite number; higher is surer.
    """

    path: Path
    label_id: int
    confidence: float

    def read(self):
        """Reads the mask.

        Returns:
            True on the object, `bool` of shape `(height, width)`.

        Raises:
            DataError: If the file is missing, damaged, no PNG, or has 16 bits; names it.
        """
        data = Source(self.path).read_bytes()
        check_png(data, self.path)
        depth, color_type = data[24], data[25]
        if depth == 16:
            raise DataError(f"{self.path}: is a PNG with 16 bits, a mask of at most 8 was expected")
        file = NamedBytes(str(self.path), data)
        # Colours of other kinds, such as of a palette, count by their brightness.
        return (read_mask(file) if (depth, color_type) == (8, _GRAY) else read_brightness(file)) != 0


def find_lists(folder, frames):
    """Finds the text file of each frame, in the folder and all folders below it.

    Args:
        folder: The prediction.
        frames: Names of the frames of the truth.

    Returns:
        `Path` by name of the frame, only of frames that have one.

    Raises:
        DataError: If the folder is missing or holds no text file, or a frame has two; names them.
    """
    if not Path(folder).is_dir():
        raise DataError(f"{folder}: is no folder; a folder with <frame>*.txt files was expected")
    frames, found, others = set(frames), {}, 0
    for path in files_below(folder, ".txt"):
        ends = range(len(path.stem), 0, -1)
        frame = next((path.stem[:end] for end in ends if path.stem[:end] in frames), None)
        if frame is None:
            others += 1
        elif found.setdefault(frame, path) is not path:
            raise DataError(f"{path}: the frame {frame} has the prediction {found[frame]} already; keep one of them")
    if not found:
        what = f"{others:,} text files, none called as a frame of the truth" if others else "no text files"
        raise DataError(f"{folder}: holds {what}; expected was <frame>*.txt, as {min(frames, default='')}.txt")
    return found


def read_list(path, folder):
    """Reads the text file of a frame.

    Args:
        path: The text file.
        folder: The prediction, which no mask may lie outside of.

    Returns:
        `PredictedMask`s in the order of the lines.

    Raises:
        DataError: If a line is not of the expected form, or leads out of the folder; names the file and the line.
    """
    root, masks = Path(folder).resolve(), {}
    for number, line in enumerate(read_text(Path(path), LARGEST_LIST_BYTES).splitlines(), 1):
        where = f"{path}: line {number:,}"
        parts = line.split(" ")
        if len(parts) != 3:
            raise DataError(
                f"{where}: is {line[:80]!r}; 'mask path, label id, confidence' with single spaces were expected"
            )
        mask = PredictedMask(_inside(parts[0], Path(path).parent, root, where), *_numbers(*parts[1:], where))
        if mask.path in masks:
            raise DataError(
                f"{where}: the mask {parts[0]!r} is listed twice; the official evaluation would keep the last"
            )
        masks[mask.path] = mask
    return tuple(masks.values())


def _inside(name, folder, root, where):
    if Path(name).is_absolute() or Path(name).drive or name.startswith(("/", "\\")):
        raise DataError(f"{where}: {name[:80]!r} is an absolute path; one relative to the text file was expected")
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"{where}: {name[:80]!r} is no path: {error}") from error
    if not name or not path.is_relative_to(root):
        raise DataError(f"{where}: {name[:80]!r} leads out of the prediction's folder {root}; put the masks inside")
    return path


def _numbers(label_id, confidence, where):
    try:
        found, sure = float(label_id), float(confidence)
    except ValueError:
        found = sure = math.nan
    if not (math.isfinite(found) and math.isfinite(sure)):
        raise DataError(
            f"{where}: label id {label_id[:40]!r} and confidence {confidence[:40]!r}; two finite numbers were expected"
        )
    if int(found) not in LABEL_OF_ID:
        raise DataError(f"{where}: no label has the id {label_id[:40]!r}; label ids go from 0 to 33, not train ids")
    return int(found), sure
