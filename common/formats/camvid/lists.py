"""The lists of a CamVid dataset, `<split>.txt`, and the paths in them, which may come from another machine."""

from common.errors import DataError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.names import checked_name, path_inside, read_lines, tail_in
from common.images.pictures import IMAGE_ENDINGS
from common.labels.table_files import COLORS_FILES

MASKS = "annot"
LIST = ".txt"


def find_lists(tree: FileListing) -> tuple[str, dict[str, str]] | None:
    """Finds the least deep folder with lists, and the name of the list of each split; None if there are no lists."""
    folders: dict[str, dict[str, str]] = {}
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


def _is_list(source: Source) -> bool:
    """Tells the list of a split without masks from a README.txt."""
    lines = read_lines(source)
    paths = [line.split('"')[1] if line.startswith('"') and len(line) > 1 else line for line in lines]
    return bool(paths) and all(path.lower().endswith(IMAGE_ENDINGS) for path in paths)


def paths_of_line(line: str, source: Source, tree: FileListing) -> tuple[str, str]:
    """Splits a line of a list into the paths of image and mask, "" for none, without `/` before them.

    Raises:
        DataError: If there are not one or two paths, or one leads out of the dataset and no end of it is a file there.
    """
    paths = line.split('"')[1::2] if line.startswith('"') else line.split()
    if len(paths) > 2 or not paths or not paths[0]:
        raise DataError(f"{source}: found {line[:80]!r}; expected two paths, in quotes if they have spaces")
    image, mask = (path and _path_in(tree, path, source) for path in (*paths, "")[:2])
    return image, mask


def _path_in(tree: FileListing, path: str, source: Source) -> str:
    inside, _ = path_inside(path)
    return inside if resolve(tree, inside) else checked_name(path.replace("\\", "/").lstrip("/"), source)


def resolve(tree: FileListing, path: str) -> str | None:
    """Finds a listed file, whatever folders of another machine are before its path; None if it is not there."""
    found = tail_in(path, tree)
    return tree.find(found) if found else None


def item_id_of(path: str, split: str) -> str:
    """Takes the name of a frame from a path: what comes after the folder of its split."""
    folders, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    parts = folders.split("/") if folders else []
    place = next((place for place, part in enumerate(parts) if part in (split, split + MASKS)), 0)
    return "/".join([*parts[place + 1 :], stem])
