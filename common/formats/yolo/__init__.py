"""YOLO segmentation: a text file of polygons per image, and data.yaml."""

from common.formats.yolo.reading import matches, read
from common.formats.yolo.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
