"""An inspection: some frames of a dataset, as a folder with contact sheets, a page, and the objects as JSON.

The folder is filled under another name and renamed when it is complete. It replaces an earlier inspection; anything
else is left alone.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from common.dataset.prepared.stages import list_files
from common.errors import LabelError, ProjectError
from common.files.disk import read_json, write_bytes, write_json, write_text
from common.files.targets import absolute, building, check_new_target, refuse_nested
from common.formats.frames import AnnotatedFrame, FrameDataset
from common.images.png import encode_image
from common.inspection.contact_sheet import Legend, SheetFacts, draw_sheets
from common.inspection.gallery_values import make_gallery
from common.inspection.lettering import LONGEST_TEXT
from common.inspection.loading import LoadedFrame, LoadOptions, load_frame
from common.labels.cityscapes import Color
from common.pages.gallery_frames import LARGE_FIRST
from common.pages.gallery_markup import render_gallery
from common.pages.page import render_page
from common.parallel import progress, run_all
from common.text import count, one_line

MARKER, PAGE = "inspection.json", "index.html"
_MADE_BY = "common.tools.inspect_dataset"
# Most pixels of all frames together, and of one frame, which is as much as any panel shows; larger ones are reduced.
_MOST_PIXELS, _MOST_FRAME_PIXELS = 24 * 2**20, 2 * 2**20


@dataclass(frozen=True)
class Inspection:
    """Loaded frames of a dataset; `source` is its path as the user wrote it."""

    source: str
    dataset: FrameDataset = field(hash=False)
    frames: tuple[LoadedFrame, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """Why files could not be read, one sentence each."""
        return tuple(problem for frame in self.frames for problem in frame.problems)

    @property
    def title(self) -> str:
        """Name of the dataset."""
        return one_line(Path(self.source).resolve().name, LONGEST_TEXT)

    @property
    def subtitle(self) -> str:
        """The format, and how many of the frames are shown."""
        return f"{self.dataset.format}, {len(self.frames):,} of {count(len(list(self.dataset.frames)), 'frame')}"


def load_inspection(
    source: str | Path,
    dataset: FrameDataset,
    chosen: Sequence[AnnotatedFrame],
    classes: Sequence[str] = (),
    workers: int = 1,
) -> Inspection:
    """Loads chosen frames; a file that cannot be read is named in `problems`.

    Args:
        source: Path of the dataset, to be shown.
        dataset: The whole dataset.
        chosen: Frames of it; if they are many, each is reduced, so that all fit the memory.
        classes: Names of the labels to show; () shows all.
        workers: Number of processes.

    Raises:
        LabelError: If a class is not in the dataset.
    """
    for name in classes:
        if dataset.labels.find(name) is None:
            known = ", ".join(label.name for label in dataset.labels)
            raise LabelError(f"there is no class {name!r} in {source}; the classes are {known}")
    most_pixels = min(_MOST_FRAME_PIXELS, _MOST_PIXELS // max(1, len(chosen)))
    options = LoadOptions(dataset.labels, tuple(classes), most_pixels)
    return Inspection(str(source), dataset, tuple(run_all(partial(load_frame, options), chosen, workers, "load")))


def write_inspection(inspection: Inspection, out: Path, overwrite: bool = False) -> list[Path]:
    """Writes the contact sheets, the page and the objects of an inspection.

    Args:
        inspection: Loaded frames.
        out: Folder to be made; an earlier inspection there is replaced.
        overwrite: Whether anything else that is there is moved aside instead of refused.

    Returns:
        Paths of the sheets, then of the page.

    Raises:
        DataError: If something else is at `out`, it is inside the dataset, or it cannot be written.
    """
    out = absolute(out)
    check_target(inspection.source, out, overwrite)
    gallery = make_gallery(inspection.frames, inspection.dataset.labels)
    facts = SheetFacts(inspection.title, inspection.subtitle, inspection.dataset.labels)
    with building(out, overwrite, is_ours=_is_inspection) as folder:
        sheets = []
        for number, sheet in enumerate(progress(draw_sheets(inspection.frames, facts), "draw", unit="sheet"), start=1):
            sheets.append(f"sheet_{number}.png")
            write_bytes(folder / sheets[-1], encode_image(sheet))
        drawn = render_gallery(gallery, qualities=LARGE_FIRST)
        page = render_page("inspection.html.j2", **_page_values(inspection, sheets), gallery=drawn)
        write_text(folder / PAGE, page)
        write_json(folder / MARKER, _to_json(inspection, [*sheets, PAGE]))
    return [out / name for name in (*sheets, PAGE)]


def check_target(source: str | Path, out: Path, overwrite: bool) -> None:
    """Checks where an inspection is to be written; worth calling before long work.

    Raises:
        DataError: If `out` is inside the dataset or around it, or something else is there.
    """
    refuse_nested(Path(source), out)
    check_new_target(out, overwrite, is_ours=_is_inspection)


def _is_inspection(folder: Path) -> bool:
    """Tells whether a folder holds an inspection and no file that the user added."""
    if folder.is_symlink() or not (folder / MARKER).is_file():
        return False
    with suppress(ProjectError, TypeError, KeyError, AttributeError):
        content = read_json(folder / MARKER)
        return bool(content["made_by"] == _MADE_BY) and set(list_files(folder)) <= {*map(str, content["files"]), MARKER}
    return False


def _page_values(inspection: Inspection, sheets: Sequence[str]) -> dict[str, Any]:
    dataset = inspection.dataset
    splits: dict[str, Counter[str]] = {}
    for frame in dataset.frames:
        counts = splits.setdefault(frame.split, Counter())
        counts.update(frames=1, images=int(frame.image is not None), annotated=int(frame.truth is not None))
    return {
        "title": inspection.title,
        "subtitle": inspection.subtitle,
        "source": one_line(inspection.source, LONGEST_TEXT),
        "splits": [(one_line(name, LONGEST_TEXT) or "(none)", splits[name]) for name in sorted(splits)],
        "labels": (labels := _label_rows(inspection)),
        "largest_share": max((label[3] for label in labels), default=1),
        "notes": [one_line(note, LONGEST_TEXT) for note in dataset.notes],
        "problems": [one_line(problem, LONGEST_TEXT) for problem in inspection.problems],
        "sheets": sheets,
    }


def _label_rows(inspection: Inspection) -> list[tuple[str, Color, int, float, int]]:
    """Counts the labels on the shown frames: name, colour, frames, share of all pixels, objects."""
    legend = Legend(inspection.frames, inspection.dataset.labels)
    pixels: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    for frame in inspection.frames:
        frames.update(frame.names)
        for region in frame.regions:
            pixels[region.label] += region.area
            objects[region.label] += region.kind == "object"
    sizes = [frame.size_wh for frame in inspection.frames if frame.classes is not None and frame.size_wh is not None]
    all_pixels = sum(width * height for width, height in sizes)
    return [
        (one_line(name, LONGEST_TEXT), legend.colors[name], frames[name], pixels[name] / all_pixels, objects[name])
        for name in legend.names
    ]


def _to_json(inspection: Inspection, files: Sequence[str]) -> dict[str, Any]:
    return {
        "made_by": _MADE_BY,
        "source": inspection.source,
        "format": inspection.dataset.format,
        "files": files,
        "frames": [
            {
                "name": frame.name,
                "place": frame.place,
                "size_wh": frame.size_wh,
                "problems": frame.problems,
                "remarks": frame.remarks,
                "regions": [{**vars(region)} for region in frame.regions],
            }
            for frame in inspection.frames
        ],
    }
