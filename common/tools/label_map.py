"""Shows and checks class maps and label files, and writes the label files of CVAT and Datumaro.

python -m common.tools.label_map                               lists the class maps that are built in
python -m common.tools.label_map cityscapes19                  checks one, or a file, and shows it
python -m common.tools.label_map cityscapes --cvat labels.json writes the 35 labels for a task in CVAT
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.command_line import run_tool, show, tool_parser
from common.errors import ConfigError, DataError
from common.text import aligned_table, count

if TYPE_CHECKING:
    from common.labels.tables import LabelTable

_TABLE = "cityscapes"


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, shows what was asked for and writes it."""
    parser = tool_parser("label_map", __doc__)
    parser.add_argument("map_or_table", nargs="?", metavar="MAP", help=f"class map, label file, or {_TABLE} (all 35)")
    parser.add_argument("--cvat", metavar="FILE", type=Path, help="write the labels as JSON for a task in CVAT")
    parser.add_argument("--label-colors", metavar="FILE", type=Path, help="write a label_colors.txt")
    parser.add_argument("--dataset-meta", metavar="FILE", type=Path, help="write a dataset_meta.json")
    parser.add_argument("--overwrite", action="store_true", help="replace files that are there")
    options = parser.parse_args(arguments)
    outputs = {name: path for name, path in vars(options).items() if isinstance(path, Path)}
    if len({path.resolve() for path in (*outputs.values(), Path(options.map_or_table or ""))}) <= len(outputs):
        raise ConfigError("a label file cannot be written over another one or over MAP; give each a name of its own")
    if not options.overwrite and (there := [path for path in outputs.values() if path.exists()]):
        raise DataError(f"{there[0]}: is there already; choose another name, or --overwrite to replace it")
    from common.files.disk import write_json, write_text
    from common.labels.map_files import builtin_names, load_label_map
    from common.labels.table_files import cvat_labels, dataset_meta_json, label_colors_text

    if options.map_or_table is None and not outputs:
        maps = [(name, count(len(load_label_map(name)), "class", "classes")) for name in builtin_names()]
        show(aligned_table([*maps, (_TABLE, "no map, the table of 35 labels itself")], left=2))
        return
    table, rows = _load(options.map_or_table or _TABLE)
    show(aligned_table(rows, left=5))
    for name, path in outputs.items():
        if name == "label_colors":
            write_text(path, label_colors_text(table))
        else:
            write_json(path, cvat_labels(table) if name == "cvat" else dataset_meta_json(table))
        show(f"{path}: written")


def _load(text: str) -> tuple["LabelTable", list[tuple[object, ...]]]:
    """Reads a class map or a table of labels; returns the table and the rows to be shown."""
    from common.formats.selection import table_of_classes
    from common.labels.cityscapes import IGNORE, LABEL_OF_ID
    from common.labels.map_files import load_label_map
    from common.labels.table_files import read_labels
    from common.labels.tables import CITYSCAPES

    is_file = text.lower().endswith((".txt", ".json"))
    table = CITYSCAPES if text == _TABLE else read_labels(Path(text)) if is_file else None
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


if __name__ == "__main__":
    run_tool(main)
