"""CVAT's Cityscapes format: masks and photographs in one zip."""

from common.formats.cvat.reading import matches, read
from common.formats.cvat.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ".zip"
