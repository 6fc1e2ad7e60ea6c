"""Label Studio: a JSON list of tasks with regions, beside photographs."""

from common.formats.label_studio.reading import matches, read
from common.formats.label_studio.writing import write

__all__ = ["FILE_ENDING", "matches", "read", "write"]
FILE_ENDING = ""
