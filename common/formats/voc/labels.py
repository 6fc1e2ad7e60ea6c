"""The labels of a VOC dataset: `labelmap.txt`, or VOC's own 20.

A line is `name:red,green,blue:parts:actions`; parts and actions are not read. Lines that start with `#` are comments,
but for `# counted: name`, which is ours: objects of that label are counted. Without any, those of Cityscapes' labels
are counted that Cityscapes counts, and of others all but the background if the dataset has objects at all.
"""

import re

from common.errors import DataError, LabelError
from common.formats.class_masks import BLACK, code_of
from common.labels.table_files import LARGEST_LABEL_FILE_BYTES, META_FILE, read_dataset_meta
from common.labels.tables import palette_color, plain_name, table_of

LABEL_MAP = "labelmap.txt"
VOC_NAMES = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
_COUNTED = "# counted:"


def label_map_text(table):
    """Builds the text of a `labelmap.txt` with all labels of a `LabelTable`, in its order.

    Raises:
        LabelError: If a name has a `:` or a line break, or starts with `#`.
    """
    lines = ["# label:color_rgb:parts:actions"]
    lines += [f"{_COUNTED} {label.name}" for label in table if label.has_instances]
    for label in table:
        name = label.name
        if ":" in name or name.startswith("#") or name != name.strip() or len(name.splitlines()) != 1:
            raise LabelError(f"{LABEL_MAP} cannot hold the label {name!r}: a : or # stands in the way; rename it")
        lines.append(f"{name}:{','.join(map(str, label.color))}::")
    return "\n".join(lines) + "\n"


def read_labels(tree, has_objects):
    """Reads the labels of a dataset.

    Args:
        tree: `FileListing` of the folder that has `ImageSets` in it.
        has_objects: Whether it has boxes or masks of objects.

    Returns:
        `LabelTable` in the order of the values in masks, and the `MaskCode` of these.

    Raises:
        DataError: If a line cannot be understood; names the file and the line.
        LabelError: If a name is there twice; names the file.
    """
    if META_FILE in tree:
        table = read_dataset_meta(tree[META_FILE])
        return table, code_of(table)
    if LABEL_MAP in tree:
        source = tree[LABEL_MAP]
        rows, counted = _read_rows(source)
    else:
        source = LABEL_MAP
        rows, counted = [(name, palette_color(value)) for value, name in enumerate(VOC_NAMES)], set()
    if not any(color for _, color in rows):
        rows = [(name, palette_color(value)) for value, (name, _) in enumerate(rows)]
    try:
        table = table_of(rows, counted or None, has_objects, add_background=False)
    except LabelError as error:
        raise LabelError(f"{source}: {error}") from error
    return table, code_of(table, [color for _, color in rows])


def _read_rows(source):
    """Reads `(name, color or None)` by line, and the names of labels that are counted."""
    data = source.read_bytes()
    if len(data) > LARGEST_LABEL_FILE_BYTES:
        raise DataError(f"{source}: has {len(data):,} bytes, a list of labels with at most 1 MB was expected")
    rows, counted = [], set()
    for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), 1):
        line = line.strip()
        if line.startswith(_COUNTED):
            counted.add(plain_name(line.removeprefix(_COUNTED)))
        if not line or line.startswith("#"):
            continue
        name, color, *_ = *(field.strip() for field in line.split(":")), ""
        parts = re.fullmatch(r"(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", color, re.ASCII)
        color_rgb = tuple(map(int, parts.groups())) if parts else None
        if not name or (color and not parts) or max(color_rgb or BLACK) > 255:
            raise DataError(
                f"{source}: line {number}: {line[:60]!r} was found, name:red,green,blue:parts:actions was expected, "
                "with colours from 0 to 255"
            )
        rows.append((name, color_rgb))
    if not rows:
        raise DataError(f"{source}: has no label in it; lines as road:128,64,128:: were expected")
    return rows, counted
