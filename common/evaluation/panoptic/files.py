"""Finds and reads panoptic segments of many frames, from COCO's panoptic form or from an official tree.

Read: a JSON file `<name>.json` with the PNG files in the folder `<name>` beside it, or in its own folder; or a folder
that holds such files, itself or in `gtFine`. Frames are known by `image_id`. Everything but pixels is tested here, so
that a wrong file is named before anything is decoded.
"""

from pathlib import Path

from common.errors import DataError
from common.evaluation.instances.truth import object_frames
from common.evaluation.panoptic.frames import LARGEST_SEGMENT_ID, VOID, Category, ListedFrame, Segment, TreeFrame
from common.files.disk import read_json
from common.files.sources import Source
from common.files.zips import is_safe_member
from common.labels.cityscapes import LABELS


def read_panoptic_truth(path):
    """Reads the truth.

    Args:
        path: A JSON file, a folder that holds such files, or an official tree.

    Returns:
        `Category` by id; and groups of frames, one per JSON file or split, each a dictionary by name.

    Raises:
        DataError: If nothing is found, or a file is not of the expected form; names the file and the place.
    """
    files = _find_files(Path(path), "segments or frames of the truth", False)
    if not files:
        groups = {}
        for frame in object_frames(path):
            groups.setdefault(frame.split, {})[frame.name] = TreeFrame(frame.files)
        evaluated = [label for label in LABELS if not label.ignore_in_eval]
        return {label.id: Category(label.id, label.name, label.has_instances) for label in evaluated}, [
            *groups.values()
        ]
    categories, groups = {}, []
    for file, folder in files:
        content = _read_content(file)
        for category in _read_categories(file, content):
            if categories.setdefault(category.id, category) != category:
                raise DataError(f"{file}: the category {category.id} is another one in {files[0][0]}; name one file")
        groups.append(_read_frames(file, folder, content))
    _refuse_double(files, groups)
    for (file, _), group in zip(files, groups, strict=True):
        _refuse_unknown(file, group, categories)
    return categories, groups


def read_panoptic_predictions(path, categories):
    """Reads predictions.

    Args:
        path: A JSON file, or a folder that holds such files.
        categories: `Category` by id, of the truth.

    Returns:
        `ListedFrame` by name.

    Raises:
        DataError: If nothing is found, a file is not of the expected form, or a category is unknown; names it.
    """
    files = _find_files(Path(path), "predicted segments", True)
    groups = [_read_frames(file, folder, _read_content(file)) for file, folder in files]
    _refuse_double(files, groups)
    for (file, _), group in zip(files, groups, strict=True):
        _refuse_unknown(file, group, categories)
    return {name: frame for group in groups for name, frame in group.items()}


def _find_files(path, what, must_be_there):
    """Finds JSON files and the folders of their PNG files."""
    if not path.exists():
        raise DataError(f"{path}: is not there; {what} were expected")
    if path.is_file() and path.suffix.lower() == ".json":
        beside = path.with_suffix("")
        return [(path, beside if beside.is_dir() else path.parent)]
    if path.is_dir():
        found = [file for folder in (path, path / "gtFine") for file in sorted(folder.glob("*.json"))]
        pairs = [(file, file.with_suffix("")) for file in found if file.with_suffix("").is_dir()]
        if pairs:
            return pairs
        if len(found) == 1 and must_be_there:
            return [(found[0], found[0].parent)]
    if must_be_there:
        raise DataError(
            f"{path}: holds no {what}; expected was <name>.json with PNG files in the folder <name> beside it"
        )
    return []


def _refuse_unknown(file, group, categories):
    for name, frame in group.items():
        for segment in frame.segments:
            if segment.category not in categories:
                known = ", ".join(map(str, sorted(categories)))
                raise DataError(
                    f"{file}: the segment {segment.id} of {name} has the category_id {segment.category}; expected was "
                    f"one of the truth's categories: {known}"
                )


def _refuse_double(files, groups):
    first_file = {}
    for (file, _), group in zip(files, groups, strict=True):
        for name in group:
            if first_file.setdefault(name, file) is not file:
                raise DataError(f"{file}: the image {name} is in {first_file[name]} too; name the file that counts")


def _read_content(file):
    content = read_json(file)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    if not isinstance(annotations, list) or not all(isinstance(item, dict) for item in annotations):
        found = f"keys {', '.join(sorted(content)[:5])}" if isinstance(content, dict) else f"a {type(content).__name__}"
        raise DataError(
            f"{file}: is no file of panoptic segments ({found or 'nothing'}); a list 'annotations' was expected"
        )
    return content


def _read_categories(file, content):
    items = content.get("categories")
    if not isinstance(items, list) or not items:
        raise DataError(f"{file}: has no list of categories; the truth must name them")
    for number, item in enumerate(items):
        id_, name, is_thing = (
            (item.get(key) for key in ("id", "name", "isthing")) if isinstance(item, dict) else (None,) * 3
        )
        if type(id_) is not int or not isinstance(name, str) or not name.isprintable() or is_thing not in (0, 1):
            raise DataError(f"{file}: categories, item {number}: id, name and isthing (0 or 1) were expected")
        yield Category(id_, name, bool(is_thing))


def _read_frames(file, folder, content):
    frames = {}
    for number, item in enumerate(content["annotations"]):
        where = f"{file}: annotations, item {number:,}"
        key, picture, infos = (item.get(key) for key in ("image_id", "file_name", "segments_info"))
        if type(key) not in (str, int):
            raise DataError(f"{where}: image_id is {str(key)[:60]!r}, the name of a frame was expected")
        if not isinstance(infos, list) or not all(isinstance(info, dict) for info in infos):
            raise DataError(f"{where}: segments_info is no list of objects; is this a file of instances?")
        is_name = isinstance(picture, str) and picture != "" and picture.isprintable()
        if not is_name or not is_safe_member(picture):
            raise DataError(f"{where}: file_name is {str(picture)[:60]!r}, the name of a PNG file was expected")
        if str(key) in frames:
            raise DataError(f"{where}: the image {key} is there already; one item for each was expected")
        frames[str(key)] = ListedFrame(Source(folder / picture), _read_segments(where, infos))
    return frames


def _read_segments(where, infos):
    segments = {}
    for number, info in enumerate(infos):
        id_, category, crowd, area = (info.get(key) for key in ("id", "category_id", "iscrowd", "area"))
        place = f"{where}, segment {number}"
        if type(id_) is not int or not VOID < id_ <= LARGEST_SEGMENT_ID:
            raise DataError(f"{place}: id is {str(id_)[:40]!r}, a number from 1 to {LARGEST_SEGMENT_ID:,} was expected")
        if id_ in segments:
            raise DataError(f"{place}: the id {id_} is there already; ids of an image's segments must differ")
        if type(category) is not int:
            raise DataError(f"{place}: category_id is {str(category)[:40]!r}, a number was expected")
        segments[id_] = Segment(id_, category, crowd in (1, True), area if type(area) is int else None)
    return tuple(segments.values())
