"""Pascal VOC: class and object masks with a palette, and boxes in XML."""

from common.formats.voc.reading import matches, read
from common.formats.voc.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
