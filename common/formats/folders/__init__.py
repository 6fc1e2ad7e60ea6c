"""A folder of photographs and a folder of class masks, matched by name; and known datasets that are laid out so."""

from common.formats.folders.reading import matches, read
from common.formats.folders.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
