"""The files in which datasets list their labels: `label_colors.txt`, `dataset_meta.json`, and CVAT's label list.

`label_colors.txt` has a label a line, `r g b name` or `name`; lines that start with `#` and blank ones say nothing.
The name is the rest of the line, so it may have spaces when it is read. Datumaro and CVAT break a line at every
space and read "traffic light" as no label at all, so it is written without: as `trafficlight` for a label of
Cityscapes, which is their own name for it, and with `_` for any other. `dataset_meta.json` is Datumaro's
`{labels, label_map, segmentation_colors, background_label}`; the same names stand in it, so that the two agree.

Objects of a label are counted if a line `# counted: name` says so, or the list `labels_with_instances` in
`dataset_meta.json`; both are ours, and others pass over them. Where a file has neither, the labels of Cityscapes are
counted that Cityscapes counts, and no others.

Which id a label has: if all names are Cityscapes', the ids are Cityscapes' too. Otherwise it is the place in the file,
from 0, and black is the background: a list without black gets a label `background` at its start, as Datumaro and CVAT
do, which moves all others up by one.
"""

import json
import re
from dataclasses import replace

from common.errors import DataError, LabelError
from common.files.disk import read_text
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
_COUNTED = "# counted:"
_COUNTED_KEY = "labels_with_instances"
_BLACK = (0, 0, 0)
_NUMBER = re.compile(r"[+-]?[0-9]+")
_VOC_LINE = re.compile(r"[^:]+:(\d+\s*,\s*\d+\s*,\s*\d+)?:[^:]*:[^:]*")
_LABEL_LINE = re.compile(r"\s*[0-9]+\s+[0-9]+\s+[0-9]+\s")
_INDEX = re.compile(r"[0-9]{1,6}")


def name_in_files(label):
    """Spells a label's name without spaces, for files that Datumaro and CVAT read."""
    is_ours = CITYSCAPES.find(label.name) is not None
    return ("" if is_ours else "_").join(label.name.split())


def read_label_colors(source):
    """Reads a `label_colors.txt`.

    Args:
        source: A `Source` or `Path`.

    Returns:
        A `LabelTable` in the order of the file.

    Raises:
        DataError: If the file is missing or a line cannot be understood; names file and line.
        LabelError: If a name is there twice; names file and line.
    """
    rows, lines, counted = [], {}, []
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
    # A line that names no label is a remark of somebody else's; an empty one says that none is counted.
    said = [name for name in counted if not name or plain_name(name) in lines]
    return _table(source, rows, said or None)


def label_colors_text(table):
    """Builds the text of a `label_colors.txt` with all labels of a `LabelTable`, in its order.

    Which ones are counted stands before them in comments, where it is not as in Cityscapes.
    """
    lines = [f"{r} {g} {b} {name_in_files(label)}" for label in table for r, g, b in [label.color]]
    if _counted_unlike_cityscapes(table):
        names = [name_in_files(label) for label in table if label.has_instances]
        lines = [f"{_COUNTED} {name}".rstrip() for name in names or [""]] + lines
    return "".join(f"{line}\n" for line in lines)


def read_dataset_meta(source):
    """Reads Datumaro's `dataset_meta.json`.

    Args:
        source: A `Source` or `Path`.

    Returns:
        A `LabelTable` in the order of `labels`, then of what only `label_map` names.

    Raises:
        DataError: If the file is missing or not of the expected form; names the file and the key.
        LabelError: If a name is there twice.
    """
    try:
        content = json.loads(read_text(source, LARGEST_LABEL_FILE_BYTES))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source}: is no valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{source}: an object with labels and segmentation_colors was expected")
    names = content.get("labels", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise DataError(f"{source}: labels must be a list of names")
    colors = _meta_colors(source, content)
    rows = [(name, colors.pop(name, None)) for name in names] + list(colors.items())
    seen = set()
    for name, _ in rows:
        if plain_name(name) in seen:
            raise LabelError(f"{source}: the label {name!r} is there twice; each name may be there once")
        seen.add(plain_name(name))
    counted = content.get(_COUNTED_KEY)
    if counted is not None and not (isinstance(counted, list) and all(isinstance(name, str) for name in counted)):
        raise DataError(f"{source}: {_COUNTED_KEY} must be a list of names")
    if wrong := [name for name in counted or () if plain_name(name) not in seen]:
        raise LabelError(f"{source}: {_COUNTED_KEY} names {wrong[0][:60]!r}, which is none of the labels")
    return _table(source, rows, counted)


def dataset_meta_json(table):
    """Builds the content of a `dataset_meta.json` from a `LabelTable`, ready for `write_json`."""
    names = [name_in_files(label) for label in table]
    content = {
        "labels": names,
        "label_map": {str(index): name for index, name in enumerate(names)},
        "segmentation_colors": [list(label.color) for label in table],
        _COUNTED_KEY: [name_in_files(label) for label in table if label.has_instances],
    }
    if table.background is not None:
        background = table.find(table.background)
        content["background_label"] = str(table.labels.index(background))
    return content


def read_labels(source):
    """Reads a label file of either kind, known by its content.

    Args:
        source: A `Source` or `Path`.

    Returns:
        A `LabelTable`, or None if it is a text in which lines are neither names nor colours and names, but have a
        comma as those of a class map.

    Raises:
        ProjectError: As `read_dataset_meta` and `read_label_colors`.
    """
    text = read_text(source, LARGEST_LABEL_FILE_BYTES).lstrip()
    if str(source).endswith(".json") or text.startswith(("{", "[")):
        return read_dataset_meta(source)
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    is_class_map = any("," in line and not _LABEL_LINE.match(line) and not _VOC_LINE.fullmatch(line) for line in lines)
    return None if is_class_map else read_label_colors(source)


def find_label_table(tree):
    """Reads the label file of a dataset: of several the least deep one, `dataset_meta.json` before `label_colors.txt`.

    Args:
        tree: A `Tree`.

    Returns:
        A `LabelTable`, or None if there is no label file.

    Raises:
        DataError: If the file cannot be understood.
        LabelError: If it names a label twice.
    """
    order = (META_FILE, *COLORS_FILES)
    places = [(folder, name) for name in order if (folder := tree.folder_with(name)) is not None]
    if not places:
        return None
    folder, name = min(places, key=lambda place: (place[0].count("/"), order.index(place[1])))
    return (read_dataset_meta if name == META_FILE else read_label_colors)(tree[folder + name])


def with_black_background(table):
    """Moves the background to the start and paints it black, which CVAT and Datumaro take for granted.

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


def cvat_labels(table):
    """Builds the list of labels from which CVAT makes a task, in its JSON (Raw, in the constructor of labels).

    Names are those of the label files, which an import needs, and black comes first. Each colour is there once, as
    CVAT's other mask formats know labels by colour alone; labels with instances have the checkbox `is_crowd`.

    Returns:
        A list of dictionaries, ready for `write_json`.
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


def _read_line(where, line):
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
        raise DataError(f"{where}: {line[:60]!r} was found, three numbers and a name were expected, or a name alone")
    return words[3], _color(where, [int(word) if len(word) <= 4 else word for word in numbers])


def _meta_colors(source, content):
    """Reads `{name: color or None}` of the labels in `label_map`, in its order."""
    label_map, colors = content.get("label_map", {}), content.get("segmentation_colors", [])
    if not isinstance(label_map, dict) or not isinstance(colors, list):
        raise DataError(f"{source}: label_map must be an object, segmentation_colors a list")
    result = {}
    for index, name in label_map.items():
        where = f"{source}: label_map {index[:20]!r}"
        if not isinstance(name, str) or not name.strip():
            raise DataError(f"{where}: {str(name)[:60]} was found, the name of a label was expected")
        if colors and not (_INDEX.fullmatch(index) and int(index) < len(colors)):
            raise DataError(f"{where}: is no place in segmentation_colors, which has {len(colors):,}")
        color = colors[int(index)] if colors else None
        if name in result:
            raise LabelError(f"{where}: the label {name!r} is there already; each name may be there once")
        result[name] = None if color is None else _color(where, color)
    return result


def _color(where, values):
    whole = isinstance(values, list) and all(type(value) is int and 0 <= value <= 255 for value in values)
    if not whole or len(values) != 3:
        raise DataError(f"{where}: {str(values)[:60]} is no colour; red, green and blue from 0 to 255 were expected")
    return tuple(values)


def _table(source, rows, counted):
    """Makes the table of `(name, color or None)` in the order of a file; see `table_of`."""
    if not rows:
        raise DataError(f"{source}: names no label; delete it to use the labels of Cityscapes")
    return table_of(rows, counted)


def _counted_unlike_cityscapes(table):
    """Tells whether a reader would be wrong to count Cityscapes' labels as there, and no others."""
    known = ((label, CITYSCAPES.find(label.name)) for label in table)
    return any(label.has_instances != bool(official and official.has_instances) for label, official in known)
