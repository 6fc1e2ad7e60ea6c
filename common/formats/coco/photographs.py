"""Where the photograph of an image in a COCO file is: in the usual folders, or below by the last parts of its path.

Nothing but the files of the dataset is looked at. A name from another computer is compared with them by its last parts:
a file that ends with more of them is the better one. Pictures of a split with another role are never taken.
"""

from collections import Counter
from functools import cached_property
from pathlib import PurePosixPath

from common.dataset.original.splits import role_of
from common.files.listing import FileListing, listed_name
from common.files.sources import Source
from common.formats.coco.entries import ImageEntry
from common.formats.frames import NO_SPLIT
from common.images.pictures import IMAGE_ENDINGS
from common.text import count, first_few

_FOLDERS = ("images/", "leftImg8bit/", "imgsFine/leftImg8bit/", "data/", "")


class Photographs:
    """The pictures of a dataset; `notes` tells what was found in an unusual way, and what was not clear."""

    def __init__(self, tree: FileListing) -> None:
        self.tree = tree
        self._by_last_name: Counter[str] = Counter()
        self._unclear: list[str] = []

    def find(self, folder: str, split: str, entry: ImageEntry) -> Source | None:
        """Finds the photograph of an image; `folder` is that of the JSON file, "" or ending in "/"."""
        if not entry.file_name.lower().endswith(IMAGE_ENDINGS):
            return None
        usual = self.find_in_usual_place(folder, split, entry.file_name)
        return usual or (self._find_by_last_names(folder, split, entry.file_name) if entry.is_foreign else None)

    def find_in_usual_place(self, folder: str, split: str, file_name: str) -> Source | None:
        """Finds a photograph below the folders that are in use."""
        parent = PurePosixPath(folder or ".").parent.as_posix()
        for base in dict.fromkeys((folder, "" if parent == "." else f"{parent}/")):
            for place in _FOLDERS:
                for inner in (f"{split or NO_SPLIT}/", ""):
                    name = f"{base}{place}{inner}{file_name}"
                    if name in self.tree:
                        return self.tree[name]
        return None

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in self.tree.names("", *IMAGE_ENDINGS):
            names.setdefault(name.rpartition("/")[2], []).append(name)
        return names

    def _find_by_last_names(self, folder: str, split: str, file_name: str) -> Source | None:
        file_name = listed_name(file_name)
        fitting = [
            name
            for name in self._names.get(file_name.rpartition("/")[2], ())
            if not any(_is_other_role(part, split) for part in name.split("/")[:-1])
        ]
        best = max((_equal_parts(name, file_name) for name in fitting), default=0)
        fitting = [name for name in fitting if _equal_parts(name, file_name) == best]
        if len(fitting) > 1:
            self._unclear.append(f"{file_name} may be {first_few(fitting, 3)}")
        if len(fitting) != 1:
            return None
        self._by_last_name[folder] += 1
        return self.tree.sources[fitting[0]]

    @property
    def notes(self) -> list[str]:
        """Sentences on photographs that were found by the ends of their paths, and on those that are not clear."""
        found = self._by_last_name.total()
        by_ends = f"{count(found, 'photograph was', 'photographs were')} found by the last parts of their paths"
        notes = [f"{by_ends}, below other folders"] if found else []
        if self._unclear:
            notes.append(f"{count(len(self._unclear), 'unclear photograph')} left out: {self._unclear[0]}")
        return notes


def _is_other_role(folder: str, split: str) -> bool:
    role = role_of(folder)
    return bool(role and role_of(split) and role != role_of(split))


def _equal_parts(first: str, second: str) -> int:
    """Counts the equal parts at the end of two paths."""
    pairs = zip(reversed(first.split("/")), reversed(second.split("/")), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(first.count("/"), second.count("/")) + 1)
