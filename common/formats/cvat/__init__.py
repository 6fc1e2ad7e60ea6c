"""CVAT's XML for images."""

from common.formats.cvat.reading import matches, read
from common.formats.cvat.writing import write

__all__ = ["matches", "read", "write"]
