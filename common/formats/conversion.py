"""From any format to any other: `read`, `filter`, `write`, and `convert`, which is all three.

    from common.formats.conversion import convert, filter, read, write

    dataset = read("cityscapes/gtFine_trainvaltest.zip")
    persons = filter(dataset, splits=("val",), classes=("person", "rider"))
    print(write(persons, "persons", "coco"))

Datasets are streams: a frame is loaded when it is written, so that memory does not grow with their number. What is
written stands under another name until it is complete.
"""

import logging
from dataclasses import fields, replace
from pathlib import Path

from common.errors import ConfigError
from common.files.listing import list_files_of
from common.files.targets import building, refuse_nested
from common.formats.format import WriteOptions
from common.formats.frames import FrameDataset
from common.formats.registry import FORMATS, find_format, recognise
from common.formats.selection import Selection, filter
from common.images.pictures import IMAGE_ENDINGS
from common.labels.tables import CITYSCAPES
from common.parallel import usable_cores

log = logging.getLogger(__name__)
__all__ = ["convert", "filter", "read", "write"]


def read(path, format=None, truth=None):
    """Reads a dataset without loading its pixels.

    Args:
        path: A folder, or a zip that stays closed.
        format: One of `FORMATS`; None finds it out from the files.
        truth: Of a Cityscapes tree: "gtFine" or "gtCoarse"; None takes the fine annotation where there is any.

    Returns:
        `FrameDataset`. Its `notes` say what was missing or odd.

    Raises:
        DataError: If nothing is found, or an index file is damaged; names the file.
        LabelError: If labels are not understood.
        ConfigError: If there is no such format.
    """
    chosen = None if format is None else find_format(format)
    tree = list_files_of(Path(path).absolute())  # workers may have been started in another folder
    return (chosen or FORMATS[recognise(tree)]).read(tree, truth)


def write(frames, path, format, *, overwrite=False, **options):
    """Writes a dataset.

    Args:
        frames: `FrameDataset`, or any iterable of `AnnotatedFrame`s with Cityscapes' labels.
        path: A new folder; for CVAT a zip.
        format: One of `FORMATS`.
        overwrite: If `path` exists, move it aside instead of refusing.
        options: Fields of `WriteOptions`.

    Returns:
        `Tally`: what was written, skipped and dropped.

    Raises:
        DataError: If `path` exists, a frame cannot be read, or the disk is full; nothing stands at `path` then.
        ConfigError: If there is no such format or an option has no such value.
    """
    target_format = find_format(format)
    dataset = frames if isinstance(frames, FrameDataset) else FrameDataset(CITYSCAPES, frames)
    defaults = {"workers": usable_cores(), "classes": dataset.classes, "truth": dataset.truth or WriteOptions.truth}
    checked = _check_options(defaults | options)
    with building(Path(path), overwrite, target_format.FILE_ENDING) as hidden:
        return target_format.write(dataset, hidden, checked)


def convert(source, target, to, from_=None, **choices):
    """Converts a dataset from any format to any other.

    Args:
        source: A folder, or a zip that stays closed.
        target: A new folder; for CVAT a zip.
        to: One of `FORMATS`.
        from_: One of `FORMATS`; None finds it out from the files.
        choices: Fields of `Selection` and `WriteOptions`, and `overwrite`.

    Returns:
        `Tally`: what was written, skipped and dropped.

    Raises:
        ProjectError: As `read`, `filter` and `write`.
    """
    refuse_nested(Path(source), Path(target))
    chosen = {field.name for field in fields(Selection)}
    selection = Selection(**{name: value for name, value in choices.items() if name in chosen})
    options = {name: value for name, value in choices.items() if name not in chosen}
    source_dataset = read(source, from_, options.get("truth"))
    for note in source_dataset.notes:
        log.warning("note: %s", note)
    dataset = filter(source_dataset, selection)
    for note in dataset.notes[len(source_dataset.notes) :]:
        log.warning("note: %s", note)
    return write(dataset, target, to, **options)


def _check_options(given):
    known = {field.name for field in fields(WriteOptions)}
    if unknown := sorted(given.keys() - known):
        raise ConfigError(f"there is no option {unknown[0]!r}; the options are {', '.join(sorted(known))}")
    options = WriteOptions(**given)
    for name, allowed in (
        ("images", ("copy", "link", "none")),
        ("layout", ("official", "imgsFine")),
        ("truth", ("gtFine", "gtCoarse")),
    ):
        if getattr(options, name) not in allowed:
            raise ConfigError(f"{name} = {getattr(options, name)!r}: expected one of {', '.join(allowed)}")
    if options.workers < 1:
        raise ConfigError(f"workers = {options.workers}: expected 1 or more")
    if options.image_ext and f".{options.image_ext.lower().removeprefix('.')}" not in IMAGE_ENDINGS:
        raise ConfigError(f"image_ext = {options.image_ext!r}: expected one of {', '.join(IMAGE_ENDINGS)}")
    return replace(options, classes=tuple(options.classes))
