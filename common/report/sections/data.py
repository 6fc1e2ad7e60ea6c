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


def data_section(material: Material) -> Section:
    """Makes the section of the data."""
    folders = material.folders
    there = [folder for folder in folders.values() if folder.frames]
    if not there:
        return Section("data", "Data", ("No frames have been prepared yet. Step 00 prepares them.",))
    rows = tuple((folder.name, folder.step, f"{folder.frames:,}", _size(folder.size_wh)) for folder in there)
    columns = ("folder", "written by", "frames", "pixels")
    blocks: list[Table | Figure] = [Table("Prepared folders", columns, rows, text_columns=2)]
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
        for folder in folders.values()
        if not folder.same_frames or not all(other in folders for other in folder.same_frames)
    ]


def _class_names(material: Material) -> tuple[str, ...]:
    """Finds names for the values of the masks: those of the results if they have the same classes as the folders."""
    prepared = (folder.label_map for folder in material.folders.values() if folder.label_map is not None)
    label_map = next(prepared, study_label_map())
    for approach in material.results.approaches[-1:]:
        if approach.label_map.class_of_id == label_map.class_of_id:
            return approach.label_map.names
    return label_map.names


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
