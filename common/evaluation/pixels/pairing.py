"""Which prediction belongs to which frame of the truth: by the official rule, file names that begin with the frame's.

Of official names, `<city>_<sequence>_<frame>`, anything may follow; of others the name must end there or at a character
that is no letter or digit, and the longest frame name wins. Two predictions of a frame are an error, unless only one is
of the encoding asked for, as where a picture of colours lies beside each mask.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.evaluation.pixels.truth_frames import OFFICIAL_ENDING
from common.files.listing import files_below
from common.files.sources import Source
from common.files.zips import is_safe_member, open_zip
from common.text import first_few

COLOR = "color"
# Folders side by side, as the tool `predict` writes them.
_FOLDER_OF_COLORS, _FOLDERS_OF_VALUES = "color", ("labelIds", "masks")
_ENDINGS_OF_COLORS = ("_color",)
_OTHER_ENDINGS = ("_overlay", "_instanceIds", "_instanceTrainIds", "_leftImg8bit")
_TRAIN_IDS = "_labelTrainIds"
_ENDS_WITH_NUMBERS = re.compile(r".+_\d{6}_\d{6}")


@dataclass(frozen=True)
class Pairs:
    """Frames and their predictions.

    Attributes:
        frames: `(TruthFrame, Source of the prediction)` in the order of the truth.
        notes: Sentences on what was left out or is odd.
    """

    frames: tuple
    notes: tuple[str, ...] = ()


def pair(predictions, truth, splits=(), encoding="auto", partial=False):
    """Finds the prediction of each frame.

    Args:
        predictions: A folder, searched with all below it, or a zip.
        truth: `TruthSet`.
        splits: Names of splits of the truth; () takes those of which there is any prediction.
        encoding: "color" takes pictures of colours where both are there, anything else takes masks.
        partial: Goes on with the frames that have a prediction.

    Returns:
        `Pairs`, at least one.

    Raises:
        DataError: If there is no prediction for a frame, or more than one; names them.
        ConfigError: If there is no such split.
    """
    root = _folder_of_encoding(Path(predictions).absolute(), encoding)
    frames = truth.of_splits(splits)
    found, unused = _group(_list(root), {frame.name for frame in frames})
    if not found:
        raise DataError(_nothing_fits(root, unused, frames))
    notes = []
    if not splits:
        used = {frame.split for frame in frames if frame.name in found}
        if skipped := sorted({frame.split for frame in frames} - used):
            notes.append(f"there are no predictions for {', '.join(map(repr, skipped))} of the truth; left out")
        frames = [frame for frame in frames if frame.split in used]
    missing = [frame.name for frame in frames if frame.name not in found]
    if missing:
        text = f"{len(missing):,} of {len(frames):,} frames have no prediction: {first_few(missing)}"
        if not partial:
            raise DataError(
                f"{root}: {text}; a PNG whose name begins with the frame's was expected; --partial scores the others"
            )
        notes.insert(0, f"PARTIAL: {text}; the scores are those of the others alone")
    chosen = [(frame, _choose(frame.name, found[frame.name], encoding)) for frame in frames if frame.name in found]
    return Pairs(tuple(chosen), (*notes, *_oddities(chosen, unused)))


def _folder_of_encoding(root, encoding):
    """Goes down to the folder that is meant where one of each encoding lie side by side."""
    names = (_FOLDER_OF_COLORS,) if encoding == COLOR else _FOLDERS_OF_VALUES
    return next((root / name for name in names if (root / name).is_dir()), root)


def _list(root):
    """Lists the PNG files, `(name without ending, Source)`, hidden ones left out."""
    if root.is_file():
        members = (info.filename for info in open_zip(root).infolist())
        places = [(name.rsplit("/", 1)[-1], Source(root, name)) for name in members if is_safe_member(name)]
        places = [(name, source) for name, source in places if "__MACOSX" not in source.member]
    elif root.is_dir():
        places = [(path.name, Source(path)) for path in files_below(root, ".png")]
    else:
        raise DataError(f"{root}: is not there; a folder or zip of predictions was expected")
    listed = ((name[:-4], file) for name, file in places if name.lower().endswith(".png") and name[0] != ".")
    return sorted(listed, key=lambda place: (place[0], str(place[1])))


def _group(files, names):
    """Sorts files by frame; returns them, and the names of those that belong to none."""
    lengths = sorted({len(name) for name in names}, reverse=True)
    found, unused = {}, []
    for stem, file in files:
        for length in lengths:
            if len(stem) >= length and stem[:length] in names and _may_follow(stem, length):
                found.setdefault(stem[:length], []).append((stem, file))
                break
        else:
            unused.append(stem)
    return found, unused


def _may_follow(stem, length):
    return len(stem) == length or not stem[length].isalnum() or bool(_ENDS_WITH_NUMBERS.fullmatch(stem[:length]))


def _choose(name, candidates, encoding):
    """Takes the one file of the encoding asked for."""
    colors = [place for place in candidates if place[0].endswith(_ENDINGS_OF_COLORS)]
    masks = [place for place in candidates if not place[0].endswith(_ENDINGS_OF_COLORS + _OTHER_ENDINGS)]
    fitting = colors if encoding == COLOR else masks
    if len(fitting) > 1 and encoding != COLOR:
        fitting = [place for place in fitting if not place[0].endswith(_TRAIN_IDS)] or fitting
    chosen = fitting or candidates
    if len(chosen) > 1:
        first, second = (file for _, file in chosen[:2])
        raise DataError(f"the frame {name} has {len(chosen)} predictions; keep one of them:\n    {first}\n    {second}")
    return chosen[0][1]


def _oddities(chosen, unused):
    frame, source = chosen[0]
    names = (Path(file.member or file.path).stem for file in (source, frame.file))
    if [bool(OFFICIAL_ENDING.search(name)) for name in names] == [True, False]:
        yield f"the predictions are called as a ground truth, as {source}; are the two folders swapped?"
    if unused:
        yield f"{len(unused):,} predictions belong to no frame of the truth: {first_few(unused)}"


def _nothing_fits(root, unused, frames):
    wanted = f"names that begin as {frames[0].name} were expected"
    if not unused:
        return f"{root}: holds no PNG file; {wanted}"
    name = first_few(unused[:1])
    return f"{root}: none of {len(unused):,} PNG files belongs to a frame of the truth, as {name}; {wanted}"
