"""An inspection: some frames of a dataset, as a folder with contact sheets, a page, and the objects as JSON.

The folder is filled under another name and takes its place when it is complete. An inspection that stands there
already is replaced; anything else is left alone.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from common.errors import LabelError, ProjectError
from common.files.disk import read_json, write_bytes, write_json, write_text
from common.files.stages import list_files
from common.files.targets import absolute, building, check_new_target, refuse_nested
from common.formats.frames import FrameDataset
from common.images.png import encode_image
from common.inspection.contact_sheet import Legend, SheetFacts, draw_sheets
from common.inspection.gallery_values import make_gallery
from common.inspection.lettering import plain_text
from common.inspection.loading import LoadedFrame, LoadOptions, load_frame
from common.pages.gallery_frames import LARGE_FIRST
from common.pages.gallery_markup import render_gallery
from common.pages.page import render_page
from common.parallel import progress, run_all

MARKER, PAGE = "inspection.json", "index.html"
_MADE_BY = "common.tools.inspect_dataset"
# Of all frames of an inspection together, and of one, which is as much as any panel shows; more is shrunk.
_MOST_PIXELS, _MOST_FRAME_PIXELS = 24 * 2**20, 2 * 2**20


@dataclass(frozen=True)
class Inspection:
    """Chosen frames, loaded.

    Attributes:
        source: Path of the dataset, as a person gave it.
        dataset: `FrameDataset`; its frames are not loaded.
        frames: `LoadedFrame`s.
    """

    source: str
    dataset: FrameDataset = field(hash=False)
    frames: tuple[LoadedFrame, ...]

    @property
    def problems(self):
        """Why files could not be read, a sentence each."""
        return tuple(problem for frame in self.frames for problem in frame.problems)

    @property
    def title(self):
        """Name of the dataset."""
        return plain_text(Path(self.source).resolve().name)

    @property
    def subtitle(self):
        """The format, and how many of the frames are shown."""
        total = len(self.dataset.frames)
        frames = "frame" if total == 1 else "frames"
        return f"{self.dataset.format}, {len(self.frames):,} of {total:,} {frames}"


def load_inspection(source, dataset, chosen, classes=(), workers=1):
    """Loads chosen frames.

    Args:
        source: Path of the dataset, to be shown.
        dataset: `FrameDataset`.
        chosen: `AnnotatedFrame`s of it; many are shrunk, so that they all fit the memory.
        classes: Names of the labels to show; () shows all.
        workers: Number of processes.

    Returns:
        `Inspection`. A file that cannot be read is named in its `problems`.

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


def write_inspection(inspection, out, overwrite=False):
    """Writes the contact sheets, the page and the objects of an inspection.

    Args:
        inspection: `Inspection`.
        out: Folder to be made; an inspection that stands there is replaced.
        overwrite: Whether something else that stands there is moved aside instead of refused.

    Returns:
        Paths of the sheets, then of the page.

    Raises:
        DataError: If something else stands at `out`, it lies in the dataset, or it cannot be written.
    """
    out = absolute(Path(out))
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


def check_target(source, out, overwrite):
    """Refuses a place that an inspection must not be written to; worth asking before long work.

    Raises:
        DataError: If `out` lies in the dataset or around it, or something else stands there.
    """
    refuse_nested(Path(source), Path(out))
    check_new_target(Path(out), overwrite, is_ours=_is_inspection)


def _is_inspection(folder):
    """Tells whether a folder holds an inspection and nothing that somebody else put there."""
    if folder.is_symlink() or not (folder / MARKER).is_file():
        return False
    with suppress(ProjectError, TypeError, KeyError, AttributeError):
        content = read_json(folder / MARKER)
        return content["made_by"] == _MADE_BY and set(list_files(folder)) <= {*map(str, content["files"]), MARKER}
    return False


def _page_values(inspection, sheets):
    dataset = inspection.dataset
    splits = {}
    for frame in dataset.frames:
        counts = splits.setdefault(frame.split, Counter())
        counts.update(frames=1, images=int(frame.image is not None), annotated=int(frame.truth is not None))
    return {
        "title": inspection.title,
        "subtitle": inspection.subtitle,
        "source": plain_text(inspection.source),
        "splits": [(plain_text(name) or "(none)", splits[name]) for name in sorted(splits)],
        "labels": (labels := _label_rows(inspection)),
        "largest_share": max((label[3] for label in labels), default=1),
        "notes": [plain_text(note) for note in dataset.notes],
        "problems": [plain_text(problem) for problem in inspection.problems],
        "sheets": sheets,
    }


def _label_rows(inspection):
    """Counts the labels on the shown frames: name, colour, frames, share of all pixels, objects."""
    legend = Legend(inspection.frames, inspection.dataset.labels)
    pixels, frames, objects = Counter(), Counter(), Counter()
    for frame in inspection.frames:
        frames.update(frame.names)
        for region in frame.regions:
            pixels[region.label] += region.area
            objects[region.label] += region.kind == "object"
    all_pixels = sum(frame.size_wh[0] * frame.size_wh[1] for frame in inspection.frames if frame.classes is not None)
    return [
        (plain_text(name), legend.colors[name], frames[name], pixels[name] / all_pixels, objects[name])
        for name in legend.names
    ]


def _to_json(inspection, files):
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
