"""The files in which datasets list their labels: `label_colors.txt`, `dataset_meta.json`, and CVAT's label list.

`label_colors.txt` has one label per line, `r g b name` or `name`; blank lines and those that start with `#` are
skipped. The name is the rest of the line, so it may have spaces when it is read. Datumaro and CVAT break a line at
every space and find no label in "traffic light", so names are written without spaces: `trafficlight` for a label of
Cityscapes, which is their own name for it, and with `_` for any other. `dataset_meta.json` is Datumaro's
`{labels, label_map, segmentation_colors, background_label}`; it has the same names, so that the two files agree.

Objects of a label are counted if there is a line `# counted: name`, or if the list `labels_with_instances` of
`dataset_meta.json` has it. Both are our own additions, which others ignore. If a file has neither, objects are counted
as in Cityscapes, and those of other labels are not. `table_of` tells which ids the labels get.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from common.errors import DataError, LabelError
from common.files.disk import read_text
from common.files.listing import FileListing
from common.files.models import explain
from common.files.numbers import whole_number
from common.files.sources import Readable
from common.labels.cityscapes import Color, Label
from common.labels.tables import (
    BACKGROUND,
    CITYSCAPES,
    FOREIGN_BACKGROUND,
    LabelTable,
    make_label,
    plain_name,
    table_of,
)

META_FILE = "dataset_meta.json"
COLORS_FILES = ("label_colors.txt", "label_color.txt")
LARGEST_LABEL_FILE_BYTES = 1024 * 1024
MOST_NAMES = 256
_IGNORED = "ignore"
_COUNTED = "# counted:"
_BLACK = (0, 0, 0)
_NUMBER = re.compile(r"[+-]?[0-9]+")
_VOC_LINE = re.compile(r"[^:]+:(\d+\s*,\s*\d+\s*,\s*\d+)?:[^:]*:[^:]*")
_LABEL_LINE = re.compile(r"\s*[0-9]+\s+[0-9]+\s+[0-9]+\s")
_INDEX = re.compile(r"[0-9]{1,6}")
_Name = Annotated[str, StringConstraints(pattern=r"\S")]
_Byte = Annotated[int, BeforeValidator(lambda value: value if (whole := whole_number(value)) is None else whole),
    Field(ge=0, le=255)]  # fmt: skip


class _DatasetMeta(BaseModel):
    """What is read of Datumaro's `dataset_meta.json`."""

    model_config = ConfigDict(frozen=True, strict=True)

    labels: tuple[_Name, ...] = ()
    label_map: dict[str, _Name] = {}
    segmentation_colors: tuple[tuple[_Byte, _Byte, _Byte] | None, ...] = ()
    labels_with_instances: tuple[str, ...] | None = None


def name_in_files(label: Label) -> str:
    """Spells a label's name without spaces, for files that Datumaro and CVAT read."""
    is_ours = CITYSCAPES.find(label.name) is not None
    return ("" if is_ours else "_").join(label.name.split())


def respelled_names(table: LabelTable) -> Counter[str]:
    """Counts the labels, other than Cityscapes', whose names are spelt with `_` for a space in files; see above."""
    names = [label.name for label in table if not CITYSCAPES.find(label.name) and name_in_files(label) != label.name]
    return Counter({f"label names whose spaces had to become _ ({', '.join(names)})": len(names)} if names else {})


def read_label_colors(source: Readable) -> LabelTable:
    """Reads a `label_colors.txt`; the labels keep the order of the file.

    Raises:
        DataError: If the file is missing or a line cannot be understood; names file and line.
        LabelError: If a name is there twice; names file and line.
    """
    rows: list[tuple[str, Color | None]] = []
    lines: dict[str, int] = {}
    counted = []
    for number, line in enumerate(read_text(source, LARGEST_LABEL_FILE_BYTES).splitlines(), 1):
        line = line.strip()
        if line.startswith(_COUNTED):
            counted.append(line.removeprefix(_COUNTED).strip())
        if not line or line.startswith("#"):
            continue
        name, color = _read_line(f"{source}: line {number}", line)
        first = lines.setdefault(plain_name(name), number)
        if first != number:
            raise LabelError(f"{source}: line {number}: the label {name!r} is there already, in line {first}")
        rows.append((name, color))
    # A line without a label's name is a remark of somebody else; an empty one means that no label is counted.
    found = [name for name in counted if not name or plain_name(name) in lines]
    return _table(source, rows, found or None)


def label_colors_text(table: LabelTable) -> str:
    """Builds the text of a `label_colors.txt` with all labels of a table, in its order.

    Comments before them name those that are counted, if that is different from Cityscapes.
    """
    lines = [f"{r} {g} {b} {name_in_files(label)}" for label in table for r, g, b in [label.color]]
    if _counted_unlike_cityscapes(table):
        names = [name_in_files(label) for label in table if label.has_instances]
        lines = [f"{_COUNTED} {name}".rstrip() for name in names or [""]] + lines
    return "".join(f"{line}\n" for line in lines)


def read_dataset_meta(source: Readable) -> LabelTable:
    """Reads Datumaro's `dataset_meta.json`: the labels in the order of `labels`, then those only in `label_map`.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the key.
        LabelError: If a name is there twice.
    """
    try:
        content = _DatasetMeta.model_validate_json(read_text(source, LARGEST_LABEL_FILE_BYTES))
    except ValidationError as error:
        raise DataError(f"{source}: {explain(error)}") from error
    colors = _meta_colors(source, content)
    rows = [(name, colors.pop(name, None)) for name in content.labels] + list(colors.items())
    seen: set[str] = set()
    for name, _ in rows:
        if plain_name(name) in seen:
            raise LabelError(f"{source}: the label {name!r} is there twice; each name may be there once")
        seen.add(plain_name(name))
    counted = content.labels_with_instances
    if wrong := [name for name in counted or () if plain_name(name) not in seen]:
        raise LabelError(f"{source}: labels_with_instances names {wrong[0][:60]!r}, which is not one of the labels")
    return _table(source, rows, counted)


def dataset_meta_json(table: LabelTable) -> dict[str, object]:
    """Builds the content of a `dataset_meta.json`, ready for `write_json`."""
    names = [name_in_files(label) for label in table]
    content: dict[str, object] = {
        "labels": names,
        "label_map": {str(index): name for index, name in enumerate(names)},
        "segmentation_colors": [list(label.color) for label in table],
        "labels_with_instances": [name_in_files(label) for label in table if label.has_instances],
    }
    background = table.find(table.background) if table.background is not None else None
    if background is not None:
        content["background_label"] = str(table.labels.index(background))
    return content


def read_names(source: Readable) -> list[str]:
    """Reads a list of names, one on each line: `class_names.txt`, `classes.txt`, labelme's `labels.txt`, ...

    `_background_` is written without `_`; a first line `__ignore__`, whose pixels have the value 255, is left out.

    Raises:
        DataError: If the file is missing or has no name or more than 256; names the file.
    """
    lines = [line.strip() for line in read_text(source, LARGEST_LABEL_FILE_BYTES).splitlines()]
    names = [line.strip("_") or line for line in lines if line and not line.startswith("#")]
    names = names[1:] if names[:1] == [_IGNORED] and lines[0].startswith("_") else names
    if not 1 <= len(names) <= MOST_NAMES:
        raise DataError(f"{source}: has {len(names):,} labels; expected 1 to {MOST_NAMES}, one on each line")
    return names


def read_labels(source: Readable) -> LabelTable | None:
    """Reads a label file of either kind, known by its content; raises errors like the readers of the two.

    Gives None for a text in which lines have a comma, like those of a label map.
    """
    text = read_text(source, LARGEST_LABEL_FILE_BYTES).lstrip()
    if str(source).lower().endswith(".json") or text.startswith(("{", "[")):
        return read_dataset_meta(source)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    is_class_map = any("," in line and not _LABEL_LINE.match(line) and not _VOC_LINE.fullmatch(line) for line in lines)
    return None if is_class_map else read_label_colors(source)


def find_label_table(files: FileListing) -> LabelTable | None:
    """Reads the label file of a dataset, None if there is none; raises errors like the readers of the two kinds.

    Of several the least deep one is read, and `dataset_meta.json` rather than `label_colors.txt`.
    """
    order = (META_FILE, *COLORS_FILES)
    places = [(folder, name) for name in order if (folder := files.folder_with(name)) is not None]
    if not places:
        return None
    folder, name = min(places, key=lambda place: (place[0].count("/"), order.index(place[1])))
    return (read_dataset_meta if name == META_FILE else read_label_colors)(files[folder + name])


def with_black_background(table: LabelTable) -> LabelTable:
    """Moves the background to the start and paints it black, which CVAT and Datumaro assume.

    A table without a background gets one: Cityscapes' `unlabeled` if all its names are Cityscapes', so that they keep
    their ids, else `background`.
    """
    first = table.find(table.background) if table.background is not None else None
    if first is None:
        name = BACKGROUND if all(CITYSCAPES.find(label.name) for label in table) else FOREIGN_BACKGROUND
        unused = next(id_ for id_ in range(len(table) + 1) if table.of_id(id_) is None)
        first = table.find(name) or make_label(name, unused)
    others = (label for label in table if label.id != first.id)
    return LabelTable((replace(first, color=_BLACK), *others), first.name)


def cvat_labels(table: LabelTable) -> list[dict[str, object]]:
    """Builds the JSON list of labels from which CVAT makes a task ("Raw" in its constructor of labels).

    Names are those of the label files, which an import needs, and black comes first. Each colour is there once, because
    CVAT's other mask formats know labels by colour alone; labels with instances have the checkbox `is_crowd`.
    """
    distinct, _ = with_black_background(table).with_distinct_colors()
    crowd = {"name": "is_crowd", "input_type": "checkbox", "mutable": False, "values": ["false"]}
    return [
        {
            "name": name_in_files(label),
            "color": "#{:02x}{:02x}{:02x}".format(*label.color),
            "type": "any",
            "attributes": [{**crowd, "default_value": "false"}] if label.has_instances else [],
        }
        for label in distinct
    ]


def _read_line(where: str, line: str) -> tuple[str, Color | None]:
    words = line.split(maxsplit=3)
    numbers = [word for word in words[:3] if _NUMBER.fullmatch(word)]
    if _VOC_LINE.fullmatch(line):
        raise DataError(
            f"{where}: {line[:60]!r} is a line of VOC's labelmap.txt; write it as 128 64 128 road, or give the folder "
            "of the VOC dataset to common.tools.convert"
        )
    if len(numbers) < 2:
        return line, None
    if len(numbers) < 3 or len(words) < 4:
        raise DataError(f"{where}: {line[:60]!r} was found, expected three numbers and a name, or only a name")
    red, green, blue = (int(word) if len(word) <= 4 else -1 for word in numbers)
    if min(red, green, blue) < 0 or max(red, green, blue) > 255:
        raise DataError(f"{where}: {line[:60]!r} starts with a wrong colour; expected numbers from 0 to 255")
    return words[3], (red, green, blue)


def _meta_colors(source: Readable, content: _DatasetMeta) -> dict[str, Color | None]:
    """Finds the colours of the labels in `label_map`, in its order."""
    colors = content.segmentation_colors
    result: dict[str, Color | None] = {}
    for index, name in content.label_map.items():
        where = f"{source}: label_map {index[:20]!r}"
        if colors and not (_INDEX.fullmatch(index) and int(index) < len(colors)):
            raise DataError(f"{where}: is not a place in segmentation_colors, which has {len(colors):,}")
        if name in result:
            raise LabelError(f"{where}: the label {name!r} is there already; each name may be there once")
        result[name] = colors[int(index)] if colors else None
    return result


def _table(source: Readable, rows: Sequence[tuple[str, Color | None]], counted: Iterable[str] | None) -> LabelTable:
    """Makes the table of the labels of a file in their order; see `table_of`."""
    if not rows:
        raise DataError(f"{source}: has no label; delete it to use the labels of Cityscapes")
    return table_of(rows, counted)


def _counted_unlike_cityscapes(table: LabelTable) -> bool:
    """Tells whether other labels are counted than those that Cityscapes counts."""
    known = ((label, CITYSCAPES.find(label.name)) for label in table)
    return any(label.has_instances != bool(official and official.has_instances) for label, official in known)
