"""The labels of a VOC dataset: `labelmap.txt`, `class_names.txt` as labelme exports it, or VOC's own 20.

A line is `name:red,green,blue:parts:actions`; parts and actions are not read. Lines that start with `#` are comments,
except `# counted: name`, which this project writes: objects of that label are counted. Without such lines, Cityscapes'
labels are counted as in Cityscapes, and all other labels except the background if the dataset has objects at all, or
has no labelmap.txt, because VOC's own 20 are all counted.
"""

import re

from common.errors import DataError, LabelError
from common.files.listing import FileListing
from common.files.sources import Source, read_bytes_of
from common.formats.class_masks import BLACK, MaskCode, code_of
from common.labels.cityscapes import Color
from common.labels.table_files import LARGEST_LABEL_FILE_BYTES, META_FILE, read_dataset_meta, read_names
from common.labels.tables import LabelTable, palette_color, plain_name, table_of

LABEL_MAP, CLASS_NAMES = "labelmap.txt", "class_names.txt"
VOC_NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_COUNTED = "# counted:"


def label_map_text(table: LabelTable) -> str:
    """Builds the text of a `labelmap.txt` with all labels of a table, in its order.

    Raises:
        LabelError: If a name has a `:` or a line break, or starts with `#`.
    """
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{_COUNTED} {label.name}" for label in table if label.has_instances]
    for label in table:
        name = label.name
        if ":" in name or name.startswith("#") or name != name.strip() or len(name.splitlines()) != 1:
            raise LabelError(
                f"{LABEL_MAP} cannot hold the label {name!r} because of : or #, a line break or a space; rename it"
            )
        lines.append(f"{name}:{','.join(map(str, label.color))}::")
    return "\n".join(lines) + "\n"


def read_labels(tree: FileListing, has_objects: bool) -> tuple[LabelTable, MaskCode]:
    """Reads the labels of a dataset in the order of the values in masks, and what these values mean.

    Args:
        tree: The folder that has `ImageSets` in it.
        has_objects: Whether it has boxes or masks of objects.

    Raises:
        DataError: If a line is not understood; names the file and the line.
        LabelError: If a name is there twice; names the file.
    """
    if META_FILE in tree:
        table = read_dataset_meta(tree[META_FILE])
        return table, code_of(table)
    counted: set[str] = set()
    if LABEL_MAP in tree:
        rows, counted = _read_rows(tree[LABEL_MAP])
    elif CLASS_NAMES in tree:
        rows = [(name, None) for name in read_names(tree[CLASS_NAMES])]
    else:
        rows = [(name, None) for name in VOC_NAMES]
    if not any(color for _, color in rows):
        rows = [(name, palette_color(value)) for value, (name, _) in enumerate(rows)]
    try:
        others_counted = has_objects or not (LABEL_MAP in tree or CLASS_NAMES in tree)
        table = table_of(rows, counted or None, others_counted, add_background=False)
    except LabelError as error:
        raise LabelError(f"{tree.sources.get(LABEL_MAP, LABEL_MAP)}: {error}") from error
    return table, code_of(table, [color for _, color in rows])


def _read_rows(source: Source) -> tuple[list[tuple[str, Color | None]], set[str]]:
    """Reads name and perhaps colour of each line, and the names of labels that are counted."""
    text = read_bytes_of(source, LARGEST_LABEL_FILE_BYTES).decode("utf-8-sig", "replace")
    rows: list[tuple[str, Color | None]] = []
    counted = set()
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith(_COUNTED):
            counted.add(plain_name(line.removeprefix(_COUNTED)))
        if not line or line.startswith("#"):
            continue
        name, color, *_ = *(field.strip() for field in line.split(":")), ""
        parts = re.fullmatch(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", color, re.ASCII)
        color_rgb = (int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
        if not name or (color and not parts) or max(color_rgb or BLACK) > 255:
            raise DataError(
                f"{source}: line {number}: found {line[:60]!r}; expected name:red,green,blue:parts:actions with "
                "colours from 0 to 255"
            )
        rows.append((name, color_rgb))
    if not rows:
        raise DataError(f"{source}: has no label in it; expected lines, for example road:128,64,128::")
    return rows, counted
