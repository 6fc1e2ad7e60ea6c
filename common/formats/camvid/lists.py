"""The lists of a CamVid dataset, `<split>.txt`, and the paths in them, which may have been made on another machine."""

from common.errors import DataError
from common.formats.names import checked_name, read_lines
from common.images.pictures import IMAGE_ENDINGS
from common.labels.table_files import COLORS_FILES

MASKS = "annot"
LIST = ".txt"


def find_lists(tree):
    """Finds the lists of the least deep folder that has any: `(folder, {split: name})`, or None."""
    folders = {}
    for name in tree.names("", ".png"):
        parts = name.split("/")
        for depth, part in enumerate(parts[:-1]):
            split = part.removesuffix(MASKS)
            listed = "/".join([*parts[:depth], split + LIST])
            if split != part and split and listed in tree:
                folders.setdefault("/".join([*parts[:depth], ""]), {})[split] = listed
    if not folders:
        return None
    folder = min(folders, key=lambda folder: (folder.count("/"), folder))
    splits = {}
    for name in tree.names(folder, LIST):
        split = name[len(folder) : -len(LIST)]
        is_label_file = name[len(folder) :] in COLORS_FILES
        if "/" not in split and not is_label_file and (split in folders[folder] or _is_list(tree[name])):
            splits[split] = name
    return folder, splits


def _is_list(source):
    """Tells the list of a split without masks from a README.txt."""
    lines = read_lines(source)
    paths = [line.split('"')[1] if line.startswith('"') and len(line) > 1 else line for line in lines]
    return bool(paths) and all(path.lower().endswith(IMAGE_ENDINGS) for path in paths)


def paths_of_line(line, where):
    """Takes a line apart: the paths of image and mask, "" for none, without `/` before them."""
    paths = line.split('"')[1::2] if line.startswith('"') else line.split()
    if len(paths) > 2 or not paths or not paths[0]:
        raise DataError(f"{where}: {line[:80]!r} was found, two paths were expected; those with spaces in quotes")
    return [path and checked_name(path.replace("\\", "/").lstrip("/"), where) for path in (*paths, "")[:2]]


def resolve(tree, path):
    """Finds a listed file, whatever folders of another machine stand before its path; None if it is not there."""
    while path and path not in tree:
        path = path.partition("/")[2]
    return path or None


def item_id_of(path, split):
    """Takes the name of a frame out of a path: what is behind the folder of its split."""
    folders, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    parts = folders.split("/") if folders else []
    place = next((place for place, part in enumerate(parts) if part in (split, split + MASKS)), 0)
    return "/".join([*parts[place + 1 :], stem])
