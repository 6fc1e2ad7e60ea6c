"""CVAT for images 1.1: one XML file with the shapes of all photographs."""

from common.formats.cvat_images.reading import matches, read
from common.formats.cvat_images.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
