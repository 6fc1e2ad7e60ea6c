"""How COCO files are written: a JSON file per split that grows piece by piece, category ids, and the photographs."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from common.errors import ConfigError, DataError
from common.files.disk import atomic_path
from common.files.zips import is_safe_member
from common.formats.coco.entries import IMAGE_SUFFIX, split_of
from common.formats.format import Tally
from common.formats.frames import NO_SPLIT
from common.formats.writing import place_image


def compact(value):
    """Writes a value as strict JSON on one line."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def category_ids(labels):
    """Gives each label its category id: `{name: id}`; label ids, all one more if one of them is 0."""
    shift = 1 if any(label.id == 0 for label in labels) else 0
    return {label.name: label.id + shift for label in labels}


def image_file_name(frame, ending):
    """Names the photograph of a frame below its image folder, as `frame_name` reads it.

    Args:
        frame: `AnnotatedFrame`.
        ending: As ".png", or "".

    Returns:
        The name, with "/" between its parts.

    Raises:
        DataError: If it leads out of the folder.
    """
    suffix = IMAGE_SUFFIX if frame.city else ""
    name = f"{frame.city}/{frame.name}{suffix}{ending}".removeprefix("/")
    if not is_safe_member(name):
        raise DataError(f"the frame {name!r} would be written outside of the target; rename it")
    return name


def place_photograph(frame, folder, options):
    """Brings the photograph of a frame into another dataset; see `place_image`.

    Args:
        frame: `AnnotatedFrame`.
        folder: `Path` of the image folder of its split.
        options: `WriteOptions`.

    Returns:
        Its `file_name`; also without a photograph, as it would be.
    """
    if frame.image is None:
        ending = f".{options.image_ext.lower().lstrip('.')}" if options.image_ext else ".png"
        return image_file_name(frame, ending)
    file_name = image_file_name(frame, "")
    return (PurePosixPath(file_name).parent / place_image(frame.image, folder / file_name, options)).as_posix()


def json_path(folder, json_name, split):
    """Names the JSON file of a split.

    Args:
        folder: Where it goes.
        json_name: With "{split}" in it.
        split: Name of the split, or "".

    Raises:
        ConfigError: If that is no name of a file.
    """
    if not json_name.strip():
        raise ConfigError(f"json_name = {json_name!r}: the name of a JSON file was expected, as annotations_{{split}}")
    example = json_name.replace("{split}", "val").removesuffix(".json")
    if "{split}" in json_name and split_of(f"{example}.json") != "val":
        raise ConfigError(
            f"json_name = {json_name!r}: the split could not be read off such a name; expected one as "
            "instances_{split}.json"
        )
    name = json_name.replace("{split}", split or NO_SPLIT)
    name = name if name.lower().endswith(".json") else f"{name}.json"
    if "/" in name or not is_safe_member(name):
        raise ConfigError(f"{name!r} cannot be the name of a JSON file; a plain name was expected")
    return folder / name


def check_before_writing(dataset, folder, json_name):
    """Tests the name of the JSON files, and the names of frames in a sequence, before anything is written.

    Args:
        dataset: `FrameDataset`; frames of a generator are tested when they are written.
        folder: Where the dataset goes.
        json_name: With "{split}" in it.

    Raises:
        ConfigError: If the name is none, or several splits would have it.
        DataError: If two frames have one name.
    """
    json_path(folder, json_name, "")
    if not isinstance(dataset.frames, Sequence):
        return
    seen, splits = set(), {}
    for frame in dataset.frames:
        if frame.truth is None:
            continue
        splits[frame.split] = json_path(folder, json_name, frame.split)
        _refuse_double(folder, seen, frame.split, frame.item_id)
    if len(splits) > 1:
        _refuse_one_name(json_name)


def _refuse_double(folder, seen, split, name):
    if (split, name) in seen:
        raise DataError(f"{folder}: two frames of {split or 'no split'} have the name {name}; rename one of them")
    seen.add((split, name))


def _refuse_one_name(json_name):
    if "{split}" not in json_name:
        raise ConfigError(f"json_name = {json_name!r}: there are several splits, it must contain {{split}}")


def write_splits(results, folder, json_name, categories):
    """Writes the JSON files of a dataset.

    Args:
        results: Of each frame `(split, entry, texts, tally)`: its item of `images` (an `id` may be missing; None leaves
            the frame out), and the texts of its items of `annotations`, without `id` and `image_id`.
        folder: Where the files go.
        json_name: Their name, with "{split}" in it.
        categories: The list of categories of each.

    Returns:
        `Tally` of all.

    Raises:
        DataError: If two frames have one name, or a file cannot be written.
        ConfigError: If the name is none, or several splits would have it.
    """
    tally, files, seen = Tally(), {}, set()
    with contextlib.ExitStack() as stack:
        for split, entry, texts, counts in results:
            tally += counts
            if entry is None:
                continue
            _refuse_double(folder, seen, split, entry.get("id", entry["file_name"]))
            if split not in files:
                if files:
                    _refuse_one_name(json_name)
                files[split] = stack.enter_context(_SplitFile(json_path(folder, json_name, split), categories))
            files[split].add(entry, texts)
    return tally


class _SplitFile:
    """A COCO file that is written piece by piece; images come last in it, since they are known last.

    The file takes its name when the block of `with` ends without an error.
    """

    def __init__(self, path, categories):
        self._path, self._categories = path, categories
        self._images, self._annotations = [], 0

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            temporary = stack.enter_context(atomic_path(self._path))
            self._file = stack.enter_context(temporary.open("w", encoding="ascii"))
            categories = ",\n".join(map(compact, self._categories))
            self._file.write(f'{{"info":{{}},"licenses":[],\n"categories":[\n{categories}],\n"annotations":[')
            self._stack = stack.pop_all()
        return self

    def add(self, entry, texts):
        """Adds an image and its annotations."""
        entry = {"id": len(self._images) + 1} | entry
        self._images.append(compact(entry))
        for text in texts:
            self._file.write("," if self._annotations else "")
            self._annotations += 1
            self._file.write(f'\n{{"id":{self._annotations},"image_id":{compact(entry["id"])},{text[1:]}')

    def __exit__(self, *error):
        if error[0] is None:
            self._file.write('],\n"images":[\n' + ",\n".join(self._images) + "]}\n")
        return self._stack.__exit__(*error)
