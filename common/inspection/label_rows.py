"""Class maps and tables of labels as rows for people."""

from pathlib import Path

from common.formats.selection import table_of_classes
from common.labels.cityscapes import IGNORE, LABEL_OF_ID
from common.labels.map_files import load_label_map
from common.labels.table_files import read_labels
from common.labels.tables import CITYSCAPES, LabelTable

# The name of the table of all labels of Cityscapes.
ALL_LABELS = "cityscapes"
# Columns that are aligned to the left.
LEFT_COLUMNS = 5


def load_labels(text: str) -> tuple[LabelTable, list[tuple[object, ...]]]:
    """Reads a class map or a table of labels.

    Args:
        text: Name of a class map, a label file, or `ALL_LABELS`.

    Returns:
        The table, whose ids are class indices for a class map; and rows that describe it, the header first.

    Raises:
        ProjectError: If there is no such map or file, or it is wrong; names the line.
    """
    is_file = text.lower().endswith((".txt", ".json"))
    table = CITYSCAPES if text == ALL_LABELS else read_labels(Path(text)) if is_file else None
    if table is not None:
        described = [(each.id, each.name, "{} {} {}".format(*each.color), "yes" * each.has_instances) for each in table]
        return table, [("id", "label", "colour", "counted"), *described]
    classes = load_label_map(text)
    rows: list[tuple[object, ...]] = [("class", "name", "colour", "ids", "labels")]
    shown = list(zip(range(len(classes)), classes.names, classes.colors, strict=True))
    for index, name, color in [*shown, (IGNORE, "ignored", (0, 0, 0))] if classes.ignores else shown:
        ids = [id_ for id_, class_index in enumerate(classes.class_of_id) if class_index == index]
        names = ", ".join(LABEL_OF_ID[id_].name for id_ in ids)
        rows.append((index, name, "{} {} {}".format(*color), " ".join(map(str, ids)), names))
    return table_of_classes(classes), rows
