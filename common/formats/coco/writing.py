"""Writes what both forms of COCO share: a JSON file per split, piece by piece; category ids; photographs."""

import contextlib
import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TextIO

from common.errors import ConfigError, DataError
from common.files.disk import atomic_path
from common.files.zips import is_safe_member
from common.formats.coco.entries import IMAGE_SUFFIX, split_of
from common.formats.coco.json_items import JsonObject
from common.formats.format import Tally, WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, FrameDataset
from common.formats.writing import place_image
from common.labels.cityscapes import Label

# What is known of a frame when its pictures are written: its split; its item of `images`, perhaps without `id`, or None
# if the frame is left out; the texts of its items of `annotations`, without `id` and `image_id`; and the tally.
WrittenFrame = tuple[str, JsonObject | None, Sequence[str], Tally]


def compact(value: object) -> str:
    """Writes a value as strict JSON on one line."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def category_ids(labels: Sequence[Label]) -> dict[str, int]:
    """Gives each label, by name, its category id: the label id, or one more for all if one of them is 0."""
    shift = 1 if any(label.id == 0 for label in labels) else 0
    return {label.name: label.id + shift for label in labels}


def _image_file_name(frame: AnnotatedFrame, ending: str) -> str:
    """Names the photograph of a frame below its image folder, as `frame_name` reads it."""
    suffix = IMAGE_SUFFIX if frame.city else ""
    name = f"{frame.city}/{frame.name}{suffix}{ending}".removeprefix("/")
    if not is_safe_member(name):
        raise DataError(f"the frame {name!r} would be written outside of the target; rename it")
    return name


def place_photograph(frame: AnnotatedFrame, folder: Path, options: WriteOptions, tally: Tally) -> str:
    """Brings the photograph of a frame into the image folder of its split; see `place_image`.

    Returns its `file_name`, also without a photograph; raises DataError also if the name leads out of the folder.
    """
    if frame.image is None:
        ending = f".{options.image_ext.lower().lstrip('.')}" if options.image_ext else ".png"
        return _image_file_name(frame, ending)
    file_name = _image_file_name(frame, "")
    return (PurePosixPath(file_name).parent / place_image(frame.image, folder / file_name, options, tally)).as_posix()


def json_path(folder: Path, json_name: str, split: str) -> Path:
    """Names the JSON file of a split; raises ConfigError if no file can have the name or it does not name the split."""
    if not json_name.strip():
        raise ConfigError(
            f"json_name = {json_name!r}: expected the name of a JSON file, for example annotations_{{split}}"
        )
    example = json_name.replace("{split}", "val").removesuffix(".json")
    if "{split}" in json_name and split_of(f"{example}.json") != "val":
        raise ConfigError(
            f"json_name = {json_name!r}: the split cannot be read from such a name; expected, for example, "
            "instances_{split}.json"
        )
    name = json_name.replace("{split}", split or NO_SPLIT)
    name = name if name.lower().endswith(".json") else f"{name}.json"
    if "/" in name or not is_safe_member(name):
        raise ConfigError(f"json_name: {name!r} cannot be the name of a JSON file; expected a name without folders")
    return folder / name


def check_before_writing(dataset: FrameDataset, folder: Path, json_name: str) -> None:
    """Checks the names of the JSON files and of frames in a sequence before anything is written.

    Raises:
        ConfigError: If no file can have the name, or several splits would have it.
        DataError: If two frames have one name.
    """
    json_path(folder, json_name, "")
    if not isinstance(dataset.frames, Sequence):
        return
    seen: set[tuple[str, str]] = set()
    splits = set()
    for frame in dataset.frames:
        if frame.truth is None:
            continue
        splits.add(frame.split)
        json_path(folder, json_name, frame.split)
        _refuse_double(folder, seen, frame.split, frame.item_id)
    if len(splits) > 1:
        _refuse_one_name(json_name)


def _refuse_double(folder: Path, seen: set[tuple[str, str]], split: str, name: str) -> None:
    if (split, name) in seen:
        raise DataError(f"{folder}: two frames of {split or 'no split'} have the name {name}; rename one of them")
    seen.add((split, name))


def _refuse_one_name(json_name: str) -> None:
    if "{split}" not in json_name:
        raise ConfigError(f"json_name = {json_name!r}: there are several splits, it must contain {{split}}")


def write_splits(
    frames: Generator[WrittenFrame], folder: Path, json_name: str, categories: Sequence[JsonObject]
) -> Tally:
    """Writes the JSON files of a dataset, with the same categories in each; adds up their tallies.

    Raises:
        DataError: If two frames have one name, or a file cannot be written.
        ConfigError: If no file can have the name, or several splits would have it.
    """
    tally = Tally()
    files: dict[str, _SplitFile] = {}
    seen: set[tuple[str, str]] = set()
    with contextlib.closing(frames), contextlib.ExitStack() as stack:  # an error ends the workers at once
        for split, entry, texts, counts in frames:
            tally += counts
            if entry is None:
                continue
            _refuse_double(folder, seen, split, str(entry.get("id", entry["file_name"])))
            if split not in files:
                if files:
                    _refuse_one_name(json_name)
                files[split] = stack.enter_context(_split_file(json_path(folder, json_name, split), categories))
            files[split].add(entry, texts)
    return tally


@dataclass
class _SplitFile:
    """A COCO file that is written piece by piece; images come last in it, because they are known last."""

    file: TextIO
    images: list[str] = field(default_factory=list)
    annotations: int = 0

    def add(self, entry: JsonObject, texts: Iterable[str]) -> None:
        """Adds an image and its annotations."""
        entry = {"id": len(self.images) + 1} | entry
        self.images.append(compact(entry))
        for text in texts:
            self.file.write("," if self.annotations else "")
            self.annotations += 1
            self.file.write(f'\n{{"id":{self.annotations},"image_id":{compact(entry["id"])},{text[1:]}')


@contextlib.contextmanager
def _split_file(path: Path, categories: Sequence[JsonObject]) -> Iterator[_SplitFile]:
    """Opens the file of a split, which takes its name when the block ends without an error."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="ascii") as file:
        lines = ",\n".join(map(compact, categories))
        file.write(f'{{"info":{{}},"licenses":[],\n"categories":[\n{lines}],\n"annotations":[')
        split = _SplitFile(file)
        yield split
        file.write('],\n"images":[\n' + ",\n".join(split.images) + "]}\n")
