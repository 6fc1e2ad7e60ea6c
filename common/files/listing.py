"""The files of a dataset by name, in a folder or in a zip that stays closed; for formats known by their folders.

Names have "/" between their parts, and are relative to the folder or zip. Nothing is read but the list.
"""

from dataclasses import dataclass, field
from pathlib import Path

from common.errors import DataError
from common.files.disk import walk_files
from common.files.sources import Source, is_safe_member, open_zip

_IGNORED_FOLDERS = {"__MACOSX"}


@dataclass(frozen=True)
class Tree:
    """A folder or a zip, or a folder inside of either.

    Attributes:
        root: Where it is.
        inside: The folder inside of `root` that names are relative to, "" or ending in "/".
        sources: `Source` by name, sorted by name.
    """

    root: Path
    inside: str
    sources: dict[str, Source] = field(hash=False)

    def __str__(self):
        return f"{self.root}" if not self.inside else f"{self.root}: {self.inside}"

    def __contains__(self, name):
        return name in self.sources

    def __getitem__(self, name):
        """The `Source` of a name; raises DataError if there is no such file."""
        if name not in self.sources:
            raise DataError(f"{self}: {name} is not there")
        return self.sources[name]

    def names(self, folder="", *endings):
        """Lists the names below a folder, sorted, all or those with one of the endings (lower case)."""
        folder = folder and folder.rstrip("/") + "/"
        return [
            name for name in self.sources if name.startswith(folder) and (not endings or name.lower().endswith(endings))
        ]

    def below(self, folder):
        """The tree of a folder inside of this one; `folder` may be ""."""
        folder = folder and folder.rstrip("/") + "/"
        sources = {name.removeprefix(folder): self.sources[name] for name in self.names(folder)}
        return Tree(self.root, self.inside + folder, sources)

    def folder_with(self, marker):
        """Finds the folder that a file or folder name stands in, the least deep one, as "data/" or ""; None if none.

        Args:
            marker: As "data.yaml" or, with "/" at its end, a folder as "ImageSets/".
        """
        found = {name[:place] for name in self.sources for place in _places(name, marker)}
        return min(found, key=lambda folder: (folder.count("/"), folder)) if found else None


def _places(name, marker):
    start = 0
    while (place := name.find(marker, start)) >= 0:
        whole = marker.endswith("/") or place + len(marker) == len(name)
        if whole and (place == 0 or name[place - 1] == "/"):
            yield place
        start = place + 1


def open_tree(path):
    """Lists a folder or a zip.

    Args:
        path: A folder, links in it are followed; or a zip.

    Raises:
        DataError: If it is neither, cannot be read, or a zip member's name leads out of the archive.
    """
    path = Path(path)
    if path.is_dir():
        found = dict(_files_of_folder(path))
    elif path.suffix.lower() in (".json", ".yaml", ".yml", ".txt", ".xml"):
        raise DataError(f"{path}: is one file of a dataset; give the folder it belongs to, or a zip of that")
    elif path.is_file():
        found = dict(_files_of_zip(path))
    else:
        raise DataError(f"{path}: is not there; a folder or a zip was expected")
    return Tree(path, "", dict(sorted(found.items())))


def _files_of_folder(root):
    for path in walk_files(root, _IGNORED_FOLDERS):
        yield path.relative_to(root).as_posix(), Source(path)


def _files_of_zip(path):
    for info in open_zip(path).infolist():
        if info.is_dir():
            continue
        if not is_safe_member(info.filename):
            raise DataError(f"{path}: the member {info.filename!r} leads out of the archive; do not trust this file")
        parts = info.filename.split("/")
        if not any(part.startswith(".") or part in _IGNORED_FOLDERS for part in parts):
            yield info.filename, Source(path, info.filename)
