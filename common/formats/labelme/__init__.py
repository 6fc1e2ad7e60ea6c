"""labelme: a JSON file of shapes beside each photograph."""

from common.formats.labelme.reading import matches, read
from common.formats.labelme.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
