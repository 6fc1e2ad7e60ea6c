"""From any format to any other: `read`, change, `write`, and `convert`, which is all three.

    from common.formats.conversion import convert, filter, read, write

    dataset = read("cityscapes/gtFine_trainvaltest.zip")
    persons = filter(dataset, splits=("val",), classes=("person", "rider"))
    print(write(persons, "persons", "coco"))

Datasets are streams: a frame is loaded when it is written, so memory does not grow with the number of frames. A dataset
is written under a hidden name beside its place and renamed when it is complete. What changes a dataset (`filter`,
`merge`, `rename`, `random_split`, `resize`, `take`) gives another dataset and loads nothing.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from common.errors import ConfigError, DataError
from common.files.listing import list_files_of
from common.files.places import absolute_path
from common.files.targets import building, refuse_nested
from common.formats.dividing import random_split, take
from common.formats.format import Tally, WriteOptions
from common.formats.frames import BOXES, AnnotatedFrame, FrameDataset
from common.formats.merging import REFUSE, merge
from common.formats.registry import READ_NAMES, find_format, read_tree
from common.formats.renaming import rename
from common.formats.resizing import resize
from common.formats.selection import Selection, change_labels, choose_frames, filter, names_by_old
from common.images.not_read import OF_VIDEOS, describe_others
from common.labels.tables import CITYSCAPES
from common.parallel import usable_cores

log = logging.getLogger(__name__)
__all__ = ["convert", "filter", "merge", "random_split", "read", "rename", "resize", "take", "write"]


def read(path: Path | str, format: str | None = None, truth: str | None = None, **options: Any) -> FrameDataset:
    """Reads a dataset without loading its pixels; its `notes` tell what was missing or odd.

    Args:
        path: A folder, or a zip that stays closed.
        format: One of `FORMATS`; None finds it out from the files.
        truth: Of a Cityscapes tree: "gtFine" or "gtCoarse"; None takes the fine annotation where there is any.
        options: Of a Cityscapes tree `train_ids`, whether labelIds hold train ids, and `images_as`, for example
            "leftImg8bit_foggy_beta_0.02"; of folders `images_as`, `masks_as` and `mask_values` (`formats.folders`).

    Raises:
        DataError: If nothing is found, or an index file is damaged; names the file.
        LabelError: If labels are not understood.
        ConfigError: If there is no such format, or it has no such option.
    """
    if format is not None:
        find_format(format)
    tree = list_files_of(absolute_path(path))  # workers may have been started in another folder
    dataset = read_tree(tree, format, truth, options)
    if others := describe_others(map(str, tree.sources.values()), OF_VIDEOS):
        return replace(dataset, notes=(*dataset.notes, others))
    return dataset


def write(
    frames: Iterable[AnnotatedFrame], path: Path | str, format: str, *, overwrite: bool = False, **options: Any
) -> Tally:
    """Writes a dataset.

    Args:
        frames: A `FrameDataset`, or frames with Cityscapes' labels.
        path: A new folder; for CVAT a zip.
        format: One of `FORMATS`.
        overwrite: If `path` exists, move it aside instead of refusing.
        options: Attributes of `WriteOptions`.

    Raises:
        DataError: If `path` exists, a frame cannot be read, the disk is full, or nothing of what the source has would
            be left; nothing stands at `path` then.
        ConfigError: If there is no such format or option, or an option has a value that is not allowed.
    """
    target_format = find_format(format)
    dataset = frames if isinstance(frames, FrameDataset) else FrameDataset(CITYSCAPES, frames)
    known = {one.name for one in fields(WriteOptions)}
    if unknown := sorted(options.keys() - known):
        raise ConfigError(f"there is no option {unknown[0]!r}; the options are {', '.join(sorted(known))}")
    defaults = {"workers": usable_cores(), "classes": dataset.classes, "truth": dataset.truth or WriteOptions.truth}
    checked = WriteOptions(**{**defaults, **options})
    with building(Path(path), overwrite, target_format.FILE_ENDING) as hidden:
        tally = target_format.write(dataset, hidden, checked)
        _refuse_if_nothing_is_left(tally, path, format)
    if tally.found["groups"] and not tally.found["objects"]:
        log.warning("note: the source tells no objects apart, only groups of them; %s", _WAYS["groups"][1])
    return tally


# What a source may have and a target may not: in words, and the way to keep it.
_WAYS = {
    "objects": ("objects of labels that are not written", "--classes names those to write"),
    "boxes": (BOXES, "--boxes fill makes rectangles of them"),
    "groups": ("groups, in which objects are not told apart", "--regions makes an object of each connected area"),
    "areas": ("areas of labels without objects", "--classes names those to write, --regions makes objects of them"),
}


def _refuse_if_nothing_is_left(tally: Tally, path: Path | str, format: str) -> None:
    """Refuses a target without any object, or without any label, although the source has some."""
    if tally.kept or not tally.found.total():
        return
    ways = [f"{tally.found[kind]:,} {what}: {way}" for kind, (what, way) in _WAYS.items() if tally.found[kind]]
    ways = ways or [f"dropped: {amount:,} {what}" for what, amount in tally.dropped.items()]
    raise DataError(
        f"{path}: nothing was written, because {format} would have no object of the source: " + "; ".join(ways)
    )


@dataclass(frozen=True)
class Changes:
    """What `convert` changes beside the attributes of `Selection`, in this order, after frames are chosen.

    Attributes:
        on_conflict: Rule of `merge` for several sources.
        take: Number of frames that are drawn, by `take`; None takes all.
        shares: Those of `random_split`; {} keeps the splits.
        seed: Of `take` and `random_split`.
        stratify: Of `random_split`.
        size: Width and height of `resize`; None keeps the sizes.
        rename_labels: Pairs of an old and a new name, as `rename` takes them; before `Selection` changes labels.
    """

    on_conflict: str = REFUSE
    take: int | None = None
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    stratify: bool = False
    size: tuple[int, int] | None = None
    rename_labels: tuple[tuple[str, str], ...] = ()


def convert(
    source: Path | str | Sequence[Path | str], target: Path | str, to: str, from_: str | None = None, **choices: Any
) -> Tally:
    """Converts a dataset from any format to any other, or several into one.

    Args:
        source: A folder, or a zip that stays closed; or several of them, in any formats.
        target: A new folder; for CVAT a zip.
        to: One of `FORMATS`.
        from_: One of `FORMATS`, for all sources; None finds it out from the files.
        choices: Attributes of `Selection`, `Changes` and `WriteOptions`, `overwrite`, and the options of `read`.

    Raises:
        ProjectError: As `read`, `merge`, `filter` and `write`.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    for one in sources:
        refuse_nested(Path(one), Path(target))
    selection, changes = Selection(**_taken(choices, Selection)), Changes(**_taken(choices, Changes))
    reading = {name: choices.pop(name) for name in READ_NAMES if name in choices}
    datasets = [read(one, from_, choices.get("truth"), **reading) for one in sources]
    dataset = merge(datasets, changes.on_conflict, list(map(str, sources))) if len(datasets) != 1 else datasets[0]
    dataset = choose_frames(dataset, selection)
    if changes.take is not None:
        dataset = take(dataset, changes.take, changes.seed)
    if changes.shares:
        dataset = random_split(dataset, changes.shares, changes.seed, changes.stratify)
    if changes.size is not None:
        dataset = resize(dataset, changes.size)
    dataset = change_labels(rename(dataset, names_by_old(changes.rename_labels)), selection)
    for note in dataset.notes:
        log.warning("note: %s", note)
    return write(dataset, target, to, **choices)


def _taken(choices: dict[str, Any], kind: type[Selection] | type[Changes]) -> dict[str, Any]:
    """Takes the attributes of a dataclass out of some choices."""
    return {one.name: choices.pop(one.name) for one in fields(kind) if one.name in choices}
