"""All formats by name, and which of them a folder or zip holds. A new format adds its folder and one line here."""

from common.errors import ConfigError, DataError
from common.files.listing import FileListing
from common.formats import camvid, cityscapes, cvat, voc, yolo
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.format import Format
from common.images.not_read import OF_VIDEOS, describe_others
from common.text import first_few

# In the order in which files are looked at: the more special first.
FORMATS: dict[str, Format] = {
    "coco-panoptic": coco_panoptic,
    "coco": coco,
    "voc": voc,
    "yolo": yolo,
    "cvat": cvat,
    "camvid": camvid,
    "cityscapes": cityscapes,
}


def recognise(tree: FileListing) -> str:
    """Finds the name of the format that a folder or zip holds.

    Raises:
        DataError: If it holds none of them; names the formats.
    """
    for name, format in FORMATS.items():
        if format.matches(tree):
            return name
    found = first_few(tree.sources, 3) or "no files at all"
    others = describe_others(map(str, tree.sources.values()), OF_VIDEOS)
    raise DataError(
        "; ".join(filter(None, [f"{tree}: is in none of the formats {', '.join(FORMATS)}", f"found {found}", others]))
    )


def find_format(name: str) -> Format:
    """Finds a format by name; raises ConfigError if there is none of that name."""
    if name not in FORMATS:
        raise ConfigError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]
