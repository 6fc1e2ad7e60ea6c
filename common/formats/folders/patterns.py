"""Patterns of file names: where the photographs or the masks of a dataset are, and which frame a file belongs to.

    images                      all pictures below the folder images
    gt/*_labelIds.png           the * stands for the name of the frame
    {split}/rgb/*.jpg           a folder named like the split
    {folder}/{split}/*          any folder, which stays part of the frame's place

Parts between "/" are folders. The last part is the name of a file if it has a `*`, else a folder too. Without an ending
it means a picture of any kind. Between the folders and the file there may be more folders; if the pattern has no
`{split}` and the first of them is named like a split, it is one. A frame is the same in two patterns if split, folders
and name are equal.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from common.dataset.original.splits import role_of
from common.dataset.original.tree_files import SPLITS
from common.errors import ConfigError
from common.files.listing import FileListing
from common.formats.frames import NO_SPLIT
from common.images.pictures import IMAGE_ENDINGS

_TOKENS = re.compile(r"(\{split\}|\{folder\}|\*)")
# ACDC and Dark Zurich have photographs of the same places by day in splits called val_ref, ...
_REFERENCE = "_ref"
_PICTURE = "(?:" + "|".join(re.escape(ending) for ending in IMAGE_ENDINGS) + ")"
_REGEX_OF = {"{split}": "(?P<split>[^/]+?)", "{folder}": "(?P<folder>[^/]+?)", "*": "(?P<name>[^/]+)"}
_FORM = "expected folders inside the dataset and perhaps a name with one *, for example gt/{split}/*_labelIds.png"


class Key(NamedTuple):
    """What tells a frame from others: its split, its folders below that joined by "/", and its name."""

    split: str
    folders: str
    name: str


def is_split(folder: str) -> bool:
    """Tells whether a folder is named like a split: train, val2017, train_extra, val_ref, default, ..."""
    plain = folder.lower().removesuffix(_REFERENCE)
    return bool(role_of(plain)) or plain in SPLITS or plain == NO_SPLIT


@dataclass(frozen=True)
class Pattern:
    """A pattern as above.

    Attributes:
        text: As a user writes it.
        any_split: Whether `{split}` is any folder, and not only one that is named like a split.

    Raises:
        ConfigError: If it is not of the form above.
    """

    text: str
    any_split: bool = True

    def __post_init__(self) -> None:
        parts = self._parts
        counts = [self.text.count(token) for token in _REGEX_OF]
        is_wrong = any(part in ("", ".", "..") for part in parts) or "*" in "".join(parts[:-1])
        if is_wrong or max(counts) > 1:
            raise ConfigError(f"{self.text!r}: {_FORM}")

    @property
    def _parts(self) -> list[str]:
        return self.text.replace("\\", "/").strip("/").split("/")

    @property
    def folders(self) -> list[str]:
        """The folders of the pattern, without the part that stands for the file."""
        return self._parts[:-1] if "*" in self._parts[-1] else self._parts

    @cached_property
    def _head(self) -> str:
        return "".join(f"{_part_to_regex(part)}/" for part in self.folders)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        last = self._parts[-1] if "*" in self._parts[-1] else "*"
        stem, dot, ending = last.rpartition(".")
        if not dot or "*" in ending:
            stem, tail = last, _PICTURE
        else:
            tail = re.escape(f".{ending.lower()}")
        return re.compile(f"{self._head}(?P<below>(?:[^/]+/)*){_part_to_regex(stem)}{tail}")

    def roots(self, folders: Iterable[str]) -> list[str]:
        """Finds the folders that the pattern may start in, the least deep first.

        Args:
            folders: All folders of a dataset, each with "/" at its end, and "".
        """
        regex = re.compile(f"(?P<root>(?:[^/]+/)*?){self._head}")
        matches = (match for folder in folders if (match := regex.fullmatch(folder)) and self._is_allowed(match))
        return sorted({match["root"] for match in matches}, key=lambda root: (root.count("/"), root))

    def find(self, tree: FileListing) -> dict[Key, str]:
        """Finds the files of a dataset that fit, by key; of two files of one frame the first by name.

        Args:
            tree: The folder that the pattern starts in; endings are listed in lower case.
        """
        found: dict[Key, str] = {}
        for name in tree.sources:
            if (match := self._regex.fullmatch(name)) and self._is_allowed(match):
                found.setdefault(_key(match), name)
        return found

    def _is_allowed(self, match: re.Match[str]) -> bool:
        split = match.groupdict().get("split")
        return split is None or self.any_split or is_split(split)


def _part_to_regex(part: str) -> str:
    """Writes one part of a pattern as a regular expression."""
    return "".join(_REGEX_OF.get(piece) or re.escape(piece) for piece in _TOKENS.split(part))


def _key(match: re.Match[str]) -> Key:
    groups = match.groupdict()
    split = groups.get("split")
    below = [part for part in match["below"].split("/") if part]
    if split is None and below and is_split(below[0]):
        split, *below = below
    folders = [folder for folder in (groups.get("folder"), *below) if folder]
    return Key("" if split in (None, NO_SPLIT) else str(split), "/".join(folders), match["name"])


def folders_of(tree: FileListing) -> set[str]:
    """Lists all folders of a dataset, each with "/" at its end, and "" for the dataset itself."""
    found = {""}
    for folder in {name.rpartition("/")[0] for name in tree.sources} - {""}:
        parts = folder.split("/")
        found |= {"/".join(parts[:depth]) + "/" for depth in range(1, len(parts) + 1)}
    return found
