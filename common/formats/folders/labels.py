"""What the values and colours of masks in folders stand for: a file beside the masks, a choice of the user, the masks.

Files that are read: `dataset_meta.json`, `label_colors.txt`, `class_dict.csv` (`name,r,g,b`), and lists of names, one
on each line (`class_names.txt`, `classes.txt`, `codes.txt`, `labels.txt`). A value is the place of its label in the
file, 255 is void. A label of a list is the background if it is called so.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from common.errors import ConfigError, DataError, LabelError, ProjectError
from common.files.disk import read_text
from common.files.listing import FileListing
from common.files.models import explain
from common.files.sources import Readable, Source
from common.formats.class_masks import VOID, MaskCode, code_of
from common.images.pictures import read_colors, read_values
from common.labels.cityscapes import IGNORE, LABELS, Color
from common.labels.map_files import builtin_names, load_label_map
from common.labels.maps import LabelMap
from common.labels.table_files import LARGEST_LABEL_FILE_BYTES, MOST_NAMES, find_label_table, read_labels, read_names
from common.labels.tables import BACKGROUND, CITYSCAPES, LabelTable, palette_color, plain_name, table_of

IDS, TRAIN_IDS = "ids", "trainIds"
NAME_LISTS = ("class_names.txt", "classes.txt", "codes.txt", "labels.txt")
CLASS_DICT = "class_dict.csv"
_BACKGROUNDS = {"background", "unlabeled", "unlabelled", "void", "ignore", "ignored", "unknown", "none"}
_LOOKED_AT = 8
_WAYS = (
    "say what the values are with --mask-values ids, trainIds, a label map or a label file; or put a classes.txt with "
    "one name on each line there"
)


@dataclass(frozen=True)
class Meaning:
    """What masks hold.

    Attributes:
        table: The labels of the dataset.
        code: What values and colours mean.
        source: In words, for notes; "" if it is a label file of the dataset, which is no surprise.
    """

    table: LabelTable
    code: MaskCode
    source: str


class _VistasLabel(BaseModel):
    model_config = ConfigDict(frozen=True)
    name: Annotated[str, Field(max_length=200)]
    readable: Annotated[str, Field(min_length=1, max_length=200)]
    instances: bool
    color: tuple[Annotated[int, Field(ge=0, le=255)], Annotated[int, Field(ge=0, le=255)],
        Annotated[int, Field(ge=0, le=255)]]  # fmt: skip


class _VistasConfig(BaseModel):
    model_config = ConfigDict(frozen=True)
    labels: Annotated[tuple[_VistasLabel, ...], Field(min_length=1, max_length=VOID)]


def named_meaning(choice: str) -> Meaning:
    """Gives what the values of masks mean by the user's choice: `ids`, `trainIds`, a label map, or a label file.

    Raises:
        ConfigError: If there is no such choice and no such file.
        DataError: If the file is not understood; names file and line.
        LabelError: If it names a label twice, or a label map is wrong.
    """
    if choice == IDS:
        return ids_meaning()
    if choice == TRAIN_IDS:
        return train_ids_meaning()
    if choice in builtin_names():
        return _map_meaning(load_label_map(choice), f"classes of the label map {choice}")
    path = Path(choice)
    if not path.is_file():
        there = ", ".join((IDS, TRAIN_IDS, *builtin_names()))
        raise ConfigError(f"mask values {choice!r}: there is no such file; expected a label file, or one of {there}")
    if path.name.lower() in (*NAME_LISTS, CLASS_DICT) or _is_list_of_names(path) or _is_class_dict(path):
        return _read_names(Source(path))
    table = read_labels(path)
    if table is None:
        return _map_meaning(load_label_map(path), f"classes of {path.name}")
    return Meaning(table, code_of(table), f"labels of {path.name}")


def _is_list_of_names(path: Path) -> bool:
    """Tells a list of names, whatever it is called, from label files, which have colours, and from label maps."""
    lines = read_text(path, LARGEST_LABEL_FILE_BYTES).splitlines()
    return not path.name.lower().endswith((".json", ".csv")) and not any(
        "," in line or ":" in line or len(line.split()) > 3 and line.split()[0].isdecimal() for line in lines
    )


def _is_class_dict(path: Path) -> bool:
    """Tells a list of names and colours by its first line, `name,r,g,b`, from a label map."""
    first = read_text(path, LARGEST_LABEL_FILE_BYTES).partition("\n")[0].lower().split(",")
    return path.name.lower().endswith(".csv") and [cell.strip()[:1] for cell in first[1:]] == ["r", "g", "b"]


def ids_meaning() -> Meaning:
    """Gives the meaning of Cityscapes' label ids; 34, where GTA5 has the license plate, is never painted."""
    code = code_of(LabelTable(tuple(label for label in LABELS if label.id >= 0), CITYSCAPES.background))
    names, colors = (*code.names, BACKGROUND), (*code.colors, LABELS[-1].color)
    return Meaning(CITYSCAPES, replace(code, names=names, colors=colors), "Cityscapes' label ids")


def train_ids_meaning() -> Meaning:
    """Gives the meaning of train ids; 255 is unlabeled."""
    evaluated = sorted((label for label in LABELS if 0 <= label.train_id < IGNORE), key=lambda label: label.train_id)
    return Meaning(
        CITYSCAPES, code_of(LabelTable(tuple(evaluated))), "train ids; what they do not tell apart is unlabeled"
    )


def _map_meaning(classes: LabelMap, name: str) -> Meaning:
    """Gives the meaning of the class indices of a label map, as labels of the map's own names."""
    table = table_of(list(zip(classes.names, classes.colors, strict=True)), add_background=False)
    return _meaning(table, list(classes.colors), name)


def list_meaning(rows: Sequence[tuple[str, Color | None]], name: str, counted: Sequence[str] | None = None) -> Meaning:
    """Gives the meaning of places in a list of names, with colours where there are any."""
    colors = [color for _, color in rows]
    if not any(colors):
        rows = [(label, palette_color(place)) for place, (label, _) in enumerate(rows)]
    return _meaning(table_of(rows, counted, add_background=False), colors, name)


def _meaning(table: LabelTable, colors: Sequence[Color | None], name: str) -> Meaning:
    """Takes a label for background only if it is called so: the first of a list need not be."""
    background = next((label.name for label in table if plain_name(label.name) in _BACKGROUNDS), None)
    table = LabelTable(table.labels, background)
    known = [color or label.color for color, label in zip(colors, table, strict=True)]
    return Meaning(table, code_of(table, known), name)


def find_meaning(tree: FileListing, masks: Sequence[Source], fallback: Meaning | None = None) -> Meaning:
    """Finds what the values of masks mean: by a label file, else by `fallback`, else by the colours of the first mask.

    Raises:
        DataError: If there is no label file and the masks do not tell; names what they hold and the way out.
        LabelError: If a label file names a label twice.
    """
    table = find_label_table(tree)
    if table is not None:
        return Meaning(table, code_of(table), "")
    for name in (*NAME_LISTS, CLASS_DICT):
        if (folder := tree.folder_with(name)) is not None:
            return replace(_read_names(tree[folder + name]), source="")
    return _by_colors(tree, masks) if fallback is None else fallback


def _read_names(source: Source) -> Meaning:
    """Reads a list of names, or of names and colours."""
    rows: list[tuple[str, Color | None]]
    if _file_name(source).lower().endswith(".csv"):
        lines = enumerate(read_text(source, LARGEST_LABEL_FILE_BYTES).splitlines(), 1)
        found = (_class_dict_row(source, number, line) for number, line in lines if line.strip())
        rows = [row for row in found if row is not None]
        if not 1 <= len(rows) <= MOST_NAMES:
            raise DataError(f"{source}: has {len(rows):,} labels; expected 1 to {MOST_NAMES}, one on each line")
    else:
        rows = [(name, None) for name in read_names(source)]
    try:
        return list_meaning(rows, f"labels of {_file_name(source)}")
    except LabelError as error:
        raise LabelError(f"{source}: {error}") from error


def _file_name(source: Source) -> str:
    return (source.member or source.path.as_posix()).rpartition("/")[2]


def _class_dict_row(source: Readable, number: int, line: str) -> tuple[str, Color] | None:
    try:
        (cells,) = csv.reader([line], skipinitialspace=True)
        name, *color = (cell.strip() for cell in cells)
        if number == 1 and [cell[:1].lower() for cell in color] == ["r", "g", "b"]:
            return None
        red, green, blue = (int(cell) if cell.isdecimal() and len(cell) < 4 else -1 for cell in color)
    except (csv.Error, ValueError):
        name, red, green, blue = "", -1, -1, -1
    if not name or not all(0 <= value <= 255 for value in (red, green, blue)):
        raise DataError(f"{source}: line {number}: found {line[:60]!r}; expected name,red,green,blue from 0 to 255")
    return name, (red, green, blue)


def read_vistas(source: Source) -> Meaning:
    """Reads the labels in Mapillary's `config.json`; raises DataError, which names the file, if it is another file."""
    try:
        config = _VistasConfig.model_validate_json(read_text(source, LARGEST_LABEL_FILE_BYTES))
    except ValidationError as error:
        raise DataError(f"{source}: {explain(error)}; expected Mapillary's list of labels") from error
    readable = [label.readable for label in config.labels]
    names = (
        readable if len(set(map(plain_name, readable))) == len(readable) else [label.name for label in config.labels]
    )
    rows = [(name, label.color) for name, label in zip(names, config.labels, strict=True)]
    counted = [name for name, label in zip(names, config.labels, strict=True) if label.instances]
    return list_meaning(rows, f"labels of {_file_name(source)}", counted)


def _by_colors(tree: FileListing, masks: Sequence[Source]) -> Meaning:
    """Takes colours of Cityscapes, in a palette of ids or in pixels, for its labels.

    Some masks are looked at. Black alone tells nothing: it is background in most palettes.
    """
    if not masks:
        raise DataError(f"{tree}: has no label file and no mask; {_WAYS}")
    found = [_shows_cityscapes(mask) for mask in masks[:: -(-len(masks) // _LOOKED_AT)]]
    if any(found):
        return ids_meaning()
    raise DataError(f"{tree}: the masks that were looked at are black, and there is no label file; {_WAYS}")


def _shows_cityscapes(mask: Source) -> bool:
    """Tells whether a mask has a colour of Cityscapes other than black; raises DataError if it has another one."""
    try:
        values, palette = read_values(mask)
        present = np.flatnonzero(np.bincount(values.ravel())).tolist()
    except ProjectError:
        colors = {tuple(color) for color in np.unique(read_colors(mask).reshape(-1, 3), axis=0).tolist()}
        if not colors <= {label.color for label in LABELS}:
            raise DataError(f"{mask}: holds {len(colors)} colours, and there is no label file; {_WAYS}") from None
        return any(map(any, colors))
    colors_of_ids = dict(enumerate(label.color for label in LABELS))  # the license plate is the last, 34
    if palette is not None and all(tuple(palette[value].tolist()) == colors_of_ids.get(value) for value in present):
        return bool(palette[present].any())
    shown = ", ".join(map(str, present[:12])) + (", ..." if len(present) > 12 else "")
    raise DataError(f"{mask}: holds the values {shown}, and there is no label file; {_WAYS}")
