"""CamVid: a photograph and a mask of classes per frame."""

from common.formats.camvid.reading import matches, read
from common.formats.camvid.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
