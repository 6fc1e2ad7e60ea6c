"""Shows and checks class maps and label files, and writes them as a picture or as label files of CVAT and Datumaro.

python -m common.tools.label_map                               lists the class maps that are built in
python -m common.tools.label_map cityscapes19                  checks one, or a file, and shows it
python -m common.tools.label_map cityscapes19 --legend 19.png  draws its colours with their names
python -m common.tools.label_map cityscapes --cvat labels.json writes the 35 labels for a task in CVAT
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.arguments import add_shared, png_argument, tool_parser
from common.command_line import run_tool, show
from common.errors import ConfigError, DataError
from common.text import aligned_table, count

if TYPE_CHECKING:
    from common.labels.tables import LabelTable


def parser() -> argparse.ArgumentParser:
    """Builds the command line."""
    made = tool_parser("label_map", __doc__)
    add = made.add_argument
    add("map_or_table", nargs="?", metavar="MAP", help="class map, label file, or cityscapes (all 35 labels)")
    add("--legend", metavar="FILE.png", type=png_argument, help="draw the colours with their names")
    add("--cvat", metavar="FILE", type=Path, help="write the labels as JSON for a task in CVAT")
    add("--label-colors", metavar="FILE", type=Path, help="write a label_colors.txt")
    add("--dataset-meta", metavar="FILE", type=Path, help="write a dataset_meta.json")
    add_shared(made, overwrite="replace files that are there")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Parses the command line, shows what was asked for and writes it."""
    options = parser().parse_args(arguments)
    outputs = {name: path for name, path in vars(options).items() if isinstance(path, Path)}
    if len({path.resolve() for path in (*outputs.values(), Path(options.map_or_table or ""))}) <= len(outputs):
        raise ConfigError("a label file cannot be written over another one or over MAP; give each a name of its own")
    if not options.overwrite and (there := [path for path in outputs.values() if path.exists()]):
        raise DataError(f"{there[0]}: is there already; choose another name, or --overwrite to replace it")
    from common.inspection.label_rows import ALL_LABELS, LEFT_COLUMNS, load_labels
    from common.labels.map_files import builtin_names, load_label_map

    if options.map_or_table is None and not outputs:
        maps = [(name, count(len(load_label_map(name)), "class", "classes")) for name in builtin_names()]
        show(aligned_table([*maps, (ALL_LABELS, "no map, the table of 35 labels itself")], left=2))
        return
    table, rows = load_labels(options.map_or_table or ALL_LABELS)
    show(aligned_table(rows, left=LEFT_COLUMNS))
    for name, path in outputs.items():
        _write(name, path, table)
        show(f"{path}: written")


def _write(name: str, path: Path, table: "LabelTable") -> None:
    from common.files.disk import write_bytes, write_json, write_text
    from common.images.png import encode_image
    from common.inspection.legend import draw_legend
    from common.labels.table_files import cvat_labels, dataset_meta_json, label_colors_text

    if name == "legend":
        write_bytes(path, encode_image(draw_legend([(label.id, label.name, label.color) for label in table])))
    elif name == "label_colors":
        write_text(path, label_colors_text(table))
    else:
        write_json(path, cvat_labels(table) if name == "cvat" else dataset_meta_json(table))


if __name__ == "__main__":
    run_tool(main)
