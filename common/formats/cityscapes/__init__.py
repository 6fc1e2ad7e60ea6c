"""Cityscapes' own tree."""

from common.formats.cityscapes.reading import matches, read
from common.formats.cityscapes.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
