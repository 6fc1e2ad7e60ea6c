"""Which prediction belongs to which frame of the truth: by the official rule, file names that begin with the frame's.

Anything may follow an official name, `<city>_<sequence>_<frame>`. After other names the file's name must end, or go on
with a character that is not a letter or digit; the longest frame name wins. Two predictions of a frame are an error,
unless only one has the wanted encoding, for example where a picture of colours lies beside each mask.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from common.errors import DataError
from common.evaluation.pixels.frame_truth import TruthFrame
from common.evaluation.pixels.truth_frames import OFFICIAL_ENDING, TruthSet
from common.files.listing import files_below
from common.files.places import absolute_path
from common.files.sources import Source
from common.files.zips import list_members
from common.text import count, first_few

COLOR = "color"
# Folders beside each other; the tool `predict` writes them.
_FOLDER_OF_COLORS, _FOLDERS_OF_VALUES = "color", ("labelIds", "masks")
# Endings of names, in lower case.
_OF_COLORS = "_color"
_OF_OTHERS = ("_overlay", "_instanceids", "_instancetrainids")
_OF_TRAIN_IDS = "_labeltrainids"
# Of the photograph; a prediction may have its name too.
_OF_PHOTOGRAPH = "_leftimg8bit"
_ENDS_WITH_NUMBERS = re.compile(r".+_\d{6}_\d{6}")


@dataclass(frozen=True)
class Pairs:
    """Frames with their predictions, in the order of the truth; and sentences on what was left out or is odd."""

    frames: tuple[tuple[TruthFrame, Source], ...]
    notes: tuple[str, ...] = ()


def pair(
    predictions: Path | str,
    truth: TruthSet,
    splits: tuple[str, ...] = (),
    encoding: str = "auto",
    partial: bool = False,
) -> Pairs:
    """Finds the prediction of each frame; at least one.

    Args:
        predictions: A folder, searched with all below it, or a zip.
        truth: All frames of the truth.
        splits: Names of splits of the truth; () takes those that have any prediction.
        encoding: "color" takes pictures of colours where both are there, anything else takes masks.
        partial: Whether to continue with the frames that have a prediction.

    Raises:
        DataError: If there is no prediction for a frame, or more than one; names them.
        ConfigError: If there is no such split.
    """
    root = _folder_of_encoding(absolute_path(predictions), encoding)
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
        text = f"no prediction for {len(missing):,} of {count(len(frames), 'frame')}: {first_few(missing)}"
        if not partial:
            expected = "expected a PNG whose name begins with the frame's; --partial scores the others"
            raise DataError(f"{root}: {text}; {expected}")
        notes.insert(0, f"PARTIAL: {text}; the scores are those of the others alone")
    chosen = [(frame, _choose(frame.name, found[frame.name], encoding)) for frame in frames if frame.name in found]
    return Pairs(tuple(chosen), (*notes, *_oddities(chosen, unused)))


def _folder_of_encoding(root: Path, encoding: str) -> Path:
    """Finds the folder of the wanted encoding where there is a folder for each."""
    names = (_FOLDER_OF_COLORS,) if encoding == COLOR else _FOLDERS_OF_VALUES
    return next((root / name for name in names if (root / name).is_dir()), root)


def _list(root: Path) -> list[tuple[str, Source]]:
    """Lists the PNG files, `(name without ending, Source)`, hidden ones left out."""
    if root.is_file():
        kept = ((name, info) for name, info in list_members(root).names.items() if "__MACOSX" not in name)
        places = [(name.rsplit("/", 1)[-1], Source(root, info.filename)) for name, info in kept]
    elif root.is_dir():
        places = [(path.name, Source(path)) for path in files_below(root, ".png")]
    else:
        raise DataError(f"{root}: does not exist; expected a folder or zip of predictions")
    listed = ((name[:-4], file) for name, file in places if name.lower().endswith(".png") and name[0] != ".")
    return sorted(listed, key=lambda place: (place[0], str(place[1])))


def _group(
    files: Iterable[tuple[str, Source]], names: set[str]
) -> tuple[dict[str, list[tuple[str, Source]]], list[str]]:
    """Sorts files by frame; returns them, and the names of those that belong to none."""
    lengths = sorted({len(name) for name in names}, reverse=True)
    found: dict[str, list[tuple[str, Source]]] = {}
    unused = []
    for stem, file in files:
        for length in lengths:
            if len(stem) >= length and stem[:length] in names and _may_follow(stem, length):
                found.setdefault(stem[:length], []).append((stem, file))
                break
        else:
            unused.append(stem)
    return found, unused


def _may_follow(stem: str, length: int) -> bool:
    return len(stem) == length or not stem[length].isalnum() or bool(_ENDS_WITH_NUMBERS.fullmatch(stem[:length]))


def _choose(name: str, candidates: list[tuple[str, Source]], encoding: str) -> Source:
    """Takes the one file of the wanted encoding; of several masks the one that is least like anything else."""
    ranks = [_rank(stem.lower(), encoding) for stem, _ in candidates]
    chosen = [source for rank, (_, source) in zip(ranks, candidates, strict=True) if rank == min(ranks)]
    if len(chosen) > 1:
        first, second = chosen[:2]
        raise DataError(f"the frame {name} has {len(chosen)} predictions; keep one of them:\n    {first}\n    {second}")
    return chosen[0]


def _rank(stem: str, encoding: str) -> int:
    """Orders the files of a frame, by their names in lower case: the smallest is the prediction."""
    order = (_OF_TRAIN_IDS, _OF_PHOTOGRAPH, _OF_COLORS, *_OF_OTHERS)
    if encoding == COLOR and stem.endswith(_OF_COLORS):
        return -1
    return next((rank for rank, ending in enumerate(order, 1) if stem.endswith(ending)), 0)


def _oddities(chosen: list[tuple[TruthFrame, Source]], unused: list[str]) -> Iterator[str]:
    frame, source = chosen[0]
    names = (Path(file.member or file.path).stem for file in (source, frame.file))
    if [bool(OFFICIAL_ENDING.search(name)) for name in names] == [True, False]:
        yield f"the predictions have names of a ground truth, for example {source}; are the two folders swapped?"
    if unused:
        yield f"no frame of the truth belongs to {count(len(unused), 'prediction')}: {first_few(unused)}"


def _nothing_fits(root: Path, unused: list[str], frames: list[TruthFrame]) -> str:
    wanted = f"expected names that begin with those of frames, for example {frames[0].name}"
    if not unused:
        return f"{root}: has no PNG file; {wanted}"
    found = f"no frame of the truth belongs to {count(len(unused), 'PNG file')}, for example {first_few(unused[:1])}"
    return f"{root}: {found}; {wanted}"
