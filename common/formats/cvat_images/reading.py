"""Reads CVAT for images 1.1: XML files with the shapes of photographs, which are in `images` or anywhere beside.

A photograph is found by the end of its path. Labels come from a label file, else from the shapes; objects are counted
as in `shapes`. The subset of an image, else a folder of its name that is named like a split, is the split.
"""

from collections import Counter
from dataclasses import dataclass

from common.errors import DataError
from common.files.listing import FileListing
from common.files.numbers import whole_number_in_text
from common.files.sources import Source
from common.formats.coco.index import Spool
from common.formats.cvat_images.shapes import pack_shapes, unpack
from common.formats.cvat_images.xml_file import ImageElement, read_images
from common.formats.folders.patterns import is_split
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, missing_notes, split_item_id
from common.formats.names import Pictures, path_inside
from common.formats.shapes import paint_shapes, table_of_names
from common.images.pictures import IMAGE_ENDINGS
from common.labels.table_files import find_label_table
from common.labels.tables import LabelTable

_LOOKED_AT, _HEAD_BYTES, _LARGEST_IMAGES, _LARGEST_SIDE = 3, 4096, 1_000_000, 2**20


def matches(tree: FileListing) -> bool:
    """Tells whether one of the first XML files of a folder or zip begins like CVAT's."""
    return any(_looks_like_it(tree[name]) for name in tree.names("", ".xml")[:_LOOKED_AT])


def _looks_like_it(source: Source) -> bool:
    try:
        with source.open() as file:
            return b"<annotations>" in file.read(_HEAD_BYTES)
    except DataError:
        return False  # the error is reported by the format that reads it


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; notes count missing photographs.

    Raises:
        DataError: If there is no such XML file, or it is not of the expected form; names the file and the place.
        LabelError: If a label file names a label twice.
    """
    names = [name for name in tree.names("", ".xml") if _looks_like_it(tree[name])]
    if not names:
        raise DataError(f"{tree}: has no XML file of CVAT for images")
    spool, images, labels = Spool(), list[tuple[str, str, tuple[int, int], Source]](), dict[str, None]()
    for name in names:
        for number, image in enumerate(read_images(tree[name])):
            where, owner = f"{tree[name]}: image {number:,}", str(len(images))
            if len(images) >= _LARGEST_IMAGES:
                raise DataError(f"{where}: is one of more than {_LARGEST_IMAGES:,}; divide the file")
            for row, (head, data) in enumerate(pack_shapes(where, image)):
                labels |= {head["label"]: None} if "label" in head else {}
                spool.add(owner, row, head, data)
            images.append((*_place(where, image), _size(where, image), tree[name]))
    spool.close(0)
    table = find_label_table(tree) or table_of_names(labels)
    pictures = Pictures(tree.names("", *IMAGE_ENDINGS))
    frames = []
    for place, (split, path, size_wh, source) in enumerate(images):
        found = pictures.find(f"{split}/{path}" if split else path)
        city, frame = split_item_id(path.rpartition(".")[0] or path)
        image_source = tree[found] if found else None
        kept = CvatImagesTruth(spool, str(place), source, size_wh, table)
        frames.append(AnnotatedFrame(frame, "" if split == NO_SPLIT else split, city, image_source, kept))
    missing = Counter({"have no image": sum(frame.image is None for frame in frames)})
    return FrameDataset(table, tuple(frames), "cvat-images", tuple(missing_notes(missing, len(frames))))


def _place(where: str, image: ImageElement) -> tuple[str, str]:
    """Takes split and path, relative to the folder of the split, from subset and name."""
    path, _ = path_inside(image.values.get("name", ""))
    if not path:
        raise DataError(f"{where}: has no name")
    subset = image.values.get("subset", "")
    first, _, rest = path.partition("/")
    if rest and (first == subset or (not subset and is_split(first))):
        return first, rest
    return path_inside(subset)[0].replace("/", "_"), path


def _size(where: str, image: ImageElement) -> tuple[int, int]:
    width, height = (whole_number_in_text(image.values.get(side, "")) or 0 for side in ("width", "height"))
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        raise DataError(f"{where}: width and height are {width} and {height}; expected whole numbers of pixels")
    return width, height


@dataclass(frozen=True)
class CvatImagesTruth:
    """The shapes of an image, which wait in a spool."""

    spool: Spool
    owner: str
    source: Source
    size_wh: tuple[int, int]
    table: LabelTable

    def load(self) -> Annotation:
        """Paints the shapes; see `AnnotatedFrame.annotation`."""
        where = f"{self.source}: image {self.owner}"
        shapes, dropped = unpack(self.spool.rows(self.owner), where)
        return paint_shapes(shapes, self.size_wh, self.table, where, dropped)
