"""Finds and reads panoptic segments of many frames, from COCO's panoptic form or from an official tree.

Reads a JSON file `<name>.json` with the PNG files in the folder `<name>` beside it, or in its own folder; or a folder
that holds such files, itself or in `gtFine`. Frames are known by `image_id`. Everything but pixels is checked here, so
that a wrong file is named before anything is decoded.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from common.errors import DataError
from common.evaluation.instances.truth import object_frames
from common.evaluation.panoptic.frames import Category, ListedFrame, PanopticFrame, TreeFrame
from common.files.sources import Source
from common.formats.coco.panoptic_segments import PanopticItem, read_panoptic_file
from common.labels.cityscapes import LABELS

# JSON files, and the folders of their PNG files.
_Files = Sequence[tuple[Path, Path]]


def read_panoptic_truth(path: Path | str) -> tuple[dict[int, Category], list[dict[str, PanopticFrame]]]:
    """Reads the truth: a JSON file, a folder that holds such files, or an official tree.

    Returns:
        Categories by id; and frames by name, in groups: one per JSON file or split.

    Raises:
        DataError: If nothing is found, or a file is not of the expected form; names the file and the place.
    """
    files = _find_files(Path(path))
    if not files:
        return _read_tree(path)
    categories: dict[int, Category] = {}
    groups: list[dict[str, PanopticFrame]] = []
    for file, folder in files:
        found, items = read_panoptic_file(Source(file), needs_categories=True)
        for category in found.values():
            if category.is_thing is None:
                raise DataError(f"{file}: the category {category.id} has no isthing; expected 0 or 1")
            known = Category(category.id, category.name, category.is_thing)
            if categories.setdefault(category.id, known) != known:
                raise DataError(f"{file}: the category {category.id} differs from that in {files[0][0]}; name one file")
        if not found:
            raise DataError(f"{file}: has no categories; the truth must name them")
        groups.append(dict(_listed(folder, items)))
    _check_frames(files, groups, categories)
    return categories, groups


def _read_tree(path: Path | str) -> tuple[dict[int, Category], list[dict[str, PanopticFrame]]]:
    groups: dict[str, dict[str, PanopticFrame]] = {}
    for frame in object_frames(path):
        groups.setdefault(frame.split, {})[frame.name] = TreeFrame(frame.files)
    evaluated = [label for label in LABELS if not label.ignore_in_eval]
    return {label.id: Category(label.id, label.name, label.has_instances) for label in evaluated}, [*groups.values()]


def read_panoptic_predictions(path: Path | str, categories: Mapping[int, Category]) -> dict[str, ListedFrame]:
    """Reads predictions from a JSON file or a folder that holds such files; gives frames by name.

    Raises:
        DataError: If nothing is found, a file is not of the expected form, or a category is unknown; names it.
    """
    path = Path(path)
    files = _find_files(path)
    alone = _json_files(path) if not files else []
    if len(alone) == 1:
        files = [(alone[0], path)]
    if not files:
        expected = "expected <name>.json with PNG files in the folder <name> beside it"
        raise DataError(f"{path}: has no predicted segments; {expected}")
    groups = [_listed(folder, read_panoptic_file(Source(file), needs_categories=False)[1]) for file, folder in files]
    _check_frames(files, groups, categories)
    return {name: frame for group in groups for name, frame in group.items()}


def _find_files(path: Path) -> _Files:
    if not path.exists():
        raise DataError(f"{path}: does not exist; expected a JSON file of panoptic segments, or a folder")
    if path.is_file() and path.suffix.lower() == ".json":
        beside = path.with_suffix("")
        return [(path, beside if beside.is_dir() else path.parent)]
    found = [file for folder in (path, path / "gtFine") for file in _json_files(folder)]
    return [(file, file.with_suffix("")) for file in found if file.with_suffix("").is_dir()]


def _json_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() == ".json") if folder.is_dir() else []


def _listed(folder: Path, items: Mapping[str, PanopticItem]) -> dict[str, ListedFrame]:
    return {name: ListedFrame(Source(folder / item.file_name), item.segments) for name, item in items.items()}


def _check_frames(
    files: _Files, groups: Sequence[Mapping[str, PanopticFrame]], categories: Mapping[int, Category]
) -> None:
    """Refuses a frame that is in two files, and a segment of an unknown category."""
    first_file: dict[str, Path] = {}
    for (file, _), group in zip(files, groups, strict=True):
        for name, frame in group.items():
            if first_file.setdefault(name, file) is not file:
                raise DataError(f"{file}: the image {name} is in {first_file[name]} too; name the file that counts")
            for segment in frame.segments if isinstance(frame, ListedFrame) else ():
                if segment.category_id not in categories:
                    found = f"the segment {segment.id} of {name} has the category_id {segment.category_id}"
                    known = ", ".join(map(str, sorted(categories)))
                    raise DataError(f"{file}: {found}; expected a category of the truth: {known}")
