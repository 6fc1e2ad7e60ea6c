"""Reads labelme: a JSON file of shapes beside each photograph, in one folder or in folders that are splits.

Labels come from a label file (`label_colors.txt`, `dataset_meta.json`), else from `labels.txt`, else from all JSON
files, which are read once for it. Objects of Cityscapes' labels are counted as there; those of others all are, unless
the label file names those that are. The background is what no shape covers.
"""

from codecs import BOM_UTF8
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from common.errors import DataError, ProjectError
from common.files.listing import FileListing
from common.files.sources import Source
from common.formats.folders.patterns import is_split
from common.formats.frames import NO_SPLIT, AnnotatedFrame, Annotation, FrameDataset, missing_notes, split_item_id
from common.formats.labelme.files import read_file, shapes_of
from common.formats.names import Pictures, path_inside
from common.formats.shapes import paint_shapes, table_of_names
from common.images.pictures import IMAGE_ENDINGS, picture_size
from common.labels.table_files import META_FILE, find_label_table, read_names
from common.labels.tables import LabelTable
from common.parallel import progress, usable_cores
from common.text import first_few

LABELS = "labels.txt"
_LOOKED_AT, _HEAD_BYTES = 3, 4096


def matches(tree: FileListing) -> bool:
    """Tells whether the first JSON files of a folder or zip begin like labelme's."""
    return any(_looks_like_it(tree[name]) for name in tree.names("", ".json")[:_LOOKED_AT])


def _looks_like_it(source: Source) -> bool:
    try:
        with source.open() as file:
            start = file.read(_HEAD_BYTES).removeprefix(BOM_UTF8)
    except DataError:
        return False  # the error is reported by the format that reads it
    return start.lstrip().startswith(b"{") and b'"shapes"' in start and (b'"flags"' in start or b'"version"' in start)


def read(tree: FileListing, truth: str | None = None) -> FrameDataset:
    """Reads a dataset; notes count what is missing and name JSON files that are not labelme's.

    Raises:
        DataError: If there is no JSON file of labelme, or a label file is damaged; names the file.
        LabelError: If a label file names a label twice.
    """
    names = [name for name in tree.names("", ".json") if _looks_like_it(tree[name])]
    if not names:
        raise DataError(f"{tree}: has no JSON file of labelme, which holds shapes")
    table = _find_table(tree, names)
    files = tree.names("", *IMAGE_ENDINGS)
    pictures, by_stem = Pictures(files), {name.rpartition(".")[0]: name for name in sorted(files, reverse=True)}
    frames, used = [], set()
    for name in names:
        stem = name.removesuffix(".json")
        picture = by_stem.get(stem) or _listed_picture(tree[name], name, pictures)
        image = tree[picture] if picture else None
        used.add(picture)
        frames.append(_frame(stem, image, LabelmeTruth(tree[name], table, image)))
    frames += [_frame(stem, tree[name], None) for stem, name in by_stem.items() if name not in used]
    ordered = tuple(sorted(frames, key=lambda frame: (frame.split, frame.item_id)))
    missing = {
        "have no image": sum(frame.image is None for frame in ordered),
        "have no ground truth": sum(frame.truth is None for frame in ordered),
    }
    notes = missing_notes(missing, len(ordered))
    if others := [name for name in tree.names("", ".json") if name not in set(names) and not name.endswith(META_FILE)]:
        notes.append(f"JSON files that are not labelme's were left out: {first_few(others, 3)}")
    return FrameDataset(table, ordered, "labelme", tuple(notes))


def _frame(stem: str, image: Source | None, truth: "LabelmeTruth | None") -> AnnotatedFrame:
    first, _, rest = stem.partition("/")
    split, item_id = (first, rest) if rest and is_split(first) else ("", stem)
    city, name = split_item_id(item_id)
    return AnnotatedFrame(name, "" if split == NO_SPLIT else split, city, image, truth)


def _listed_picture(source: Source, name: str, pictures: Pictures) -> str | None:
    """Finds the photograph that a file names, whatever computer its path is from; never outside of the dataset."""
    try:
        path, _ = path_inside(read_file(source).image_path)
    except ProjectError:
        return None  # the error is reported when the frame is read
    return pictures.find(f"{name.rpartition('/')[0]}/{path}".lstrip("/"))


def _find_table(tree: FileListing, names: list[str]) -> LabelTable:
    table = find_label_table(tree)
    if table is not None:
        return table
    folder = tree.folder_with(LABELS)
    if folder is not None:
        found: Iterable[str] = read_names(tree[folder + LABELS])
    else:
        with ThreadPoolExecutor(usable_cores()) as pool:
            every = progress(pool.map(_labels_in, (tree[name] for name in names)), "labels", len(names))
            found = sorted({label for labels in every for label in labels})
    return table_of_names(found)


def _labels_in(source: Source) -> set[str]:
    try:
        return set(read_file(source).labels)
    except ProjectError:
        return set()  # the error is reported when the frame is read


@dataclass(frozen=True)
class LabelmeTruth:
    """The JSON file of a frame; the photograph gives the size where the file does not."""

    source: Source
    table: LabelTable
    image: Source | None

    def load(self) -> Annotation:
        """Paints the shapes; see `AnnotatedFrame.annotation`."""
        file = read_file(self.source)
        if file.width is not None and file.height is not None:
            size_wh = file.width, file.height
        elif self.image is not None:
            size_wh = picture_size(self.image)
        else:
            raise DataError(f"{self.source}: gives no imageWidth and imageHeight, and there is no photograph")
        shapes, dropped = shapes_of(file, self.source)
        return paint_shapes(shapes, size_wh, self.table, str(self.source), dropped)
