"""The data of a study: how many frames each split has, of what size, and which share of the pixels each class has."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from common.labels.cityscapes import IGNORE
from common.labels.maps import study_label_map
from common.report.charts.bars import share_chart
from common.report.content import Figure, Section, Table, percent
from common.report.folders import Folder, count_classes
from common.report.material import Material

# What else holds the frames of a folder: its parts, or what it is copied from.
_SAME_FRAMES = {
    "train_full": ("train_labeled", "train_unlabeled"),
    "val_test": ("val", "test"),
    "train_labeled_aug": ("train_labeled",),
}


def data_section(material: Material) -> Section:
    """Makes the section of the data."""
    folders = material.folders
    there = [folder for folder in folders.values() if folder.frames]
    if not there:
        return Section("data", "Data", ("No frames have been prepared yet. Step 00 prepares them.",))
    rows = tuple((folder.name, f"step {folder.step}", f"{folder.frames:,}", _size(folder.size_wh)) for folder in there)
    blocks: list[Table | Figure] = [
        Table("Prepared folders", ("folder", "written by", "frames", "pixels"), rows, text_columns=2)
    ]
    names = _class_names(material)
    pixels = count_classes(material.base_dir, _folders_to_count(folders))
    if shares := {name: _shares(counts, names) for name, counts in pixels.items()}:
        blocks.append(_figure(shares))
    return Section("data", "Data", (), tuple(blocks))


def _size(size_wh: tuple[int, int] | None) -> str:
    return "–" if size_wh is None else f"{size_wh[0]} × {size_wh[1]}"


def _folders_to_count(folders: Mapping[str, Folder]) -> list[Folder]:
    """Chooses the folders whose classes are worth counting: those whose frames are not in other folders again."""
    return [
        folder
        for name, folder in folders.items()
        if not (name in _SAME_FRAMES and all(other in folders for other in _SAME_FRAMES[name]))
    ]


def _class_names(material: Material) -> tuple[str, ...]:
    """Finds names for the values of the masks: those of the results, or the study's where the folders have its map."""
    approaches, folders = material.results.approaches, material.folders.values()
    label_map = approaches[-1].label_map if approaches else study_label_map()
    made_with = next((one.settings["class_of_id"] for one in folders if "class_of_id" in one.settings), None)
    fits = made_with is None or tuple(made_with) == label_map.class_of_id
    return label_map.names if fits else tuple(f"class {index}" for index in range(IGNORE))


def _shares(counts: NDArray[np.int64], names: tuple[str, ...]) -> dict[str, float]:
    total = int(counts.sum()) or 1
    shares = {}
    for value, amount in enumerate(counts.tolist()):
        if amount:
            name = names[value] if value < len(names) else ("no class" if value == IGNORE else f"value {value}")
            shares[name] = amount / total
    return shares


def _figure(shares: dict[str, dict[str, float]]) -> Figure:
    largest: dict[str, float] = {}
    for found in shares.values():
        for name, share in found.items():
            largest[name] = max(share, largest.get(name, 0))
    names = sorted(largest, key=lambda name: -largest[name])
    title = "Share of the pixels by class"
    rows = tuple((name, *(percent(found.get(name, 0)) for found in shares.values())) for name in names)
    table = Table(title, ("class", *shares), rows, folded=True)
    note = "The scale is logarithmic: each line is ten times the one before."
    return Figure(title, (share_chart(title, names, shares),), table, note, tuple(enumerate(shares)))
