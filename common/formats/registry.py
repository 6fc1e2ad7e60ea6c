"""All formats by name, and which of them a folder or zip holds. A new format adds its folder and one line here."""

from collections.abc import Callable, Mapping

from common.errors import ConfigError, DataError
from common.files.listing import FileListing
from common.formats import camvid, cityscapes, cvat, cvat_images, folders, label_studio, labelme, voc, yolo
from common.formats.coco import instances as coco
from common.formats.coco import panoptic as coco_panoptic
from common.formats.format import Format
from common.formats.frames import FrameDataset
from common.images.not_read import OF_VIDEOS, describe_others
from common.images.pictures import IMAGE_ENDINGS
from common.text import first_few

# In the order in which files are looked at: the more special first.
FORMATS: dict[str, Format] = {
    "cvat-images": cvat_images,
    "labelme": labelme,
    "label-studio": label_studio,
    "coco-panoptic": coco_panoptic,
    "coco": coco,
    "voc": voc,
    "yolo": yolo,
    "cvat": cvat,
    "camvid": camvid,
    "folders": folders,
    "cityscapes": cityscapes,
}
# Options of reading that a format has beside those of `Format.read`.
_READERS: dict[str, tuple[Callable[..., FrameDataset], tuple[str, ...]]] = {
    "cityscapes": (cityscapes.read, ("train_ids", "images_as")),
    "folders": (folders.read, ("images_as", "masks_as", "mask_values")),
}
READ_NAMES = tuple(sorted({name for _, names in _READERS.values() for name in names}))


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
    parts = [f"{tree}: is in none of the formats {', '.join(FORMATS)}", f"found {found}", others]
    if len(tree.names("", *IMAGE_ENDINGS)) > 1:
        parts.append("where photographs and masks lie in folders, --images-as and --masks-as say where")
    raise DataError("; ".join(filter(None, parts)))


def find_format(name: str) -> Format:
    """Finds a format by name; raises ConfigError if there is none of that name."""
    if name not in FORMATS:
        raise ConfigError(f"there is no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]


def read_tree(tree: FileListing, name: str | None, truth: str | None, options: Mapping[str, object]) -> FrameDataset:
    """Reads a folder or zip by the name of its format, or None, and by options; those that are not given are false.

    Raises:
        ConfigError: If the format has no such option, or there is no such format.
        ProjectError: As `Format.read`.
    """
    given = {option: value for option, value in options.items() if value}
    if name is None:
        name = "folders" if given.keys() & {"masks_as", "mask_values"} else recognise(tree)
    reader, known = _READERS.get(name, (find_format(name).read, ()))
    if unknown := [option for option in given if option not in known]:
        has = [each for each, (_, options_) in _READERS.items() if unknown[0] in options_]
        if not has:
            raise ConfigError(f"there is no option {unknown[0]!r} of reading")
        option = f"--{unknown[0].replace('_', '-')}"
        raise ConfigError(f"{tree}: {option} is for the format {' and '.join(has)}, this is {name}; see --from")
    return reader(tree, truth, **given)
