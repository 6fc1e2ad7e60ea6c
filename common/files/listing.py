"""Lists of files: those below a folder, and those of a dataset by name, in a folder or in a zip that stays closed.

Names have "/" between their parts, and are relative to the folder or zip. Endings are listed in lower case and found in
any case, because cameras and Windows write `.JPG` where a list says `.jpg`. Nothing is read but the list.
"""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from common.errors import DataError
from common.files.sources import Source
from common.files.zips import list_members

_IGNORED_FOLDERS = {"__MACOSX"}


def walk_files(root: Path, ignored: Collection[str] = ()) -> Iterator[Path]:
    """Yields the files below a folder, without hidden ones, sorted in every folder; links are followed.

    A folder to which several links lead, for example one above itself, is listed once. Folders whose name is in
    `ignored` are left out.

    Raises:
        DataError: If a folder cannot be listed; names it.
    """
    seen: set[tuple[int, int]] = set()

    def fail(error: OSError) -> NoReturn:
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}; change its permissions") from error

    for folder, folders, names in os.walk(root, followlinks=True, onerror=fail):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in ignored)
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def files_below(root: Path, ending: str) -> list[Path]:
    """Lists the files below a folder whose names end with `ending` in any case; see `walk_files`."""
    return [path for path in walk_files(root) if path.name.lower().endswith(ending)]


@dataclass(frozen=True)
class FileListing:
    """The files of a folder or a zip, or of a folder inside of either.

    Attributes:
        root: Where it is.
        inside: The folder inside `root` that names are relative to, "" or ending in "/".
        sources: `Source` by name as `listed_name` gives it, sorted by name.
    """

    root: Path
    inside: str
    sources: dict[str, Source] = field(hash=False)

    def __str__(self) -> str:
        return f"{self.root}" if not self.inside else f"{self.root}: {self.inside}"

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __getitem__(self, name: str) -> Source:
        """Finds a file by name; raises DataError if there is none."""
        found = self.find(name)
        if found is None:
            raise DataError(f"{self}: {name} is not there")
        return self.sources[found]

    def find(self, name: str) -> str | None:
        """Gives the name under which a file is listed, whatever the case of its ending; None if it is not there."""
        return next((found for found in (name, listed_name(name)) if found in self.sources), None)

    def names(self, folder: str = "", *endings: str) -> list[str]:
        """Lists the names below a folder, sorted, all or those with one of the endings (lower case)."""
        folder = folder and folder.rstrip("/") + "/"
        return [
            name for name in self.sources if name.startswith(folder) and (not endings or name.lower().endswith(endings))
        ]

    def below(self, folder: str) -> "FileListing":
        """Lists the files of a folder inside this one; `folder` may be ""."""
        folder = folder and folder.rstrip("/") + "/"
        sources = {name.removeprefix(folder): self.sources[name] for name in self.names(folder)}
        return FileListing(self.root, self.inside + folder, sources)

    def folder_with(self, marker: str) -> str | None:
        """Finds the least deep folder that holds a file or folder: "" or, for example, "data/"; None if there is none.

        Args:
            marker: Name of a file, for example "data.yaml", or of a folder with "/" at its end, such as "ImageSets/".
        """
        found = {name[:place] for name in self.sources for place in _places(name, marker)}
        return min(found, key=lambda folder: (folder.count("/"), folder)) if found else None


def listed_name(name: str) -> str:
    """Writes the ending of a name in lower case, as files are listed."""
    stem, dot, ending = name.rpartition(".")
    return stem + dot + ending.lower() if dot and "/" not in ending else name


def _places(name: str, marker: str) -> Iterator[int]:
    start = 0
    while (place := name.find(marker, start)) >= 0:
        whole = marker.endswith("/") or place + len(marker) == len(name)
        if whole and (place == 0 or name[place - 1] == "/"):
            yield place
        start = place + 1


def list_files_of(path: Path | str) -> FileListing:
    """Lists the files of a folder, in which links are followed, or of a zip.

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
        raise DataError(f"{path}: is not there; expected a folder or a zip")
    return FileListing(path, "", dict(sorted(_by_listed_name(found).items())))


def _by_listed_name(found: dict[str, Source]) -> dict[str, Source]:
    """Lists files with their endings in lower case, but for those whose name is taken by another file then."""
    listed = {name: source for name, source in found.items() if listed_name(name) == name}
    for name, source in found.items():
        place = listed_name(name)
        listed[name if place in listed else place] = source
    return listed


def _files_of_folder(root: Path) -> Iterator[tuple[str, Source]]:
    for path in walk_files(root, _IGNORED_FOLDERS):
        yield path.relative_to(root).as_posix(), Source(path)


def _files_of_zip(path: Path) -> Iterator[tuple[str, Source]]:
    members = list_members(path)
    if members.unsafe:
        raise DataError(f"{path}: the member {members.unsafe[0]!r} leads out of the archive; do not trust this file")
    for name, info in members.names.items():
        if not any(part.startswith(".") or part in _IGNORED_FOLDERS for part in name.split("/")):
            yield name, Source(path, info.filename)
