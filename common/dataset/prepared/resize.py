"""Step 00 for one frame and for many: the photograph and its label ids, made smaller, as two PNG files.

In the study the image is resized bilinearly and the ids by nearest neighbour, both by OpenCV; then ids become class
indices. So a mask lies up to half a pixel beside its image, and bilinear samples skip most pixels: the other
preparations take the mean over areas, and ids from the same centres or painted from the polygons at the new size. Ids
come from labelIds or, where that file is missing, from what `original.truth` makes of the others. What is written
depends on the frame and the settings alone, not on order or workers.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common.dataset.original.layouts import Frame
from common.dataset.original.polygons import paint_polygons, read_polygons, scale_polygons
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind, read_ids
from common.errors import ConfigError, DataError, LabelError, ProjectError
from common.files.disk import FileEntry, entry_of, write_bytes
from common.files.sources import Source
from common.images.pictures import read_photograph, turned_note
from common.images.png import encode_image, encode_mask, is_whole_png
from common.labels.maps import LabelMap, study_label_map
from common.parallel import run_all

# Four times pooled by two, a network needs sides that 16 divides.
SIDE_MULTIPLE = 16
LARGEST_SIDE = 16384
_FAILURES_SHOWN = 10

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class ResizeSettings:
    """What resizing depends on.

    Attributes:
        factor: Side of the result over side of the original, before rounding up.
        label_map: Turns label ids into the values of the masks.
        size_wh: The size every frame must become, in pixels; None takes whatever the factor gives.
        preparation: "study", "aligned" or "painted".
    """

    factor: float
    label_map: LabelMap = field(default_factory=study_label_map)
    size_wh: tuple[int, int] | None = None
    preparation: str = "study"


@dataclass(frozen=True)
class ResizeJob:
    """One frame to be resized, with all it needs (see `reason_to_skip`): `<name>.png` is written into both folders."""

    frame: Frame
    images_dir: Path
    masks_dir: Path
    settings: ResizeSettings


@dataclass(frozen=True)
class ResizedFrame:
    """What became of a job.

    Attributes:
        name: Name of the frame.
        size_wh: Width and height that were written, in pixels.
        image: Size in bytes and CRC-32 of the image as it was written.
        mask: Likewise, of the mask.
    """

    name: str
    size_wh: tuple[int, int]
    image: FileEntry
    mask: FileEntry


@dataclass(frozen=True)
class ResizeSummary:
    """What became of all frames.

    Attributes:
        done: Names written now.
        reused: Names whose two files were there already.
        skipped: Names by reason, such as "no image".
        files: Size in bytes and CRC-32 by file, as they were written or found before anything was written.
    """

    done: tuple[str, ...]
    reused: tuple[str, ...]
    skipped: dict[str, tuple[str, ...]] = field(hash=False)
    files: dict[str, FileEntry] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        parts = [f"{len(self.done):,} resized", f"{len(self.reused):,} already there"]
        return ", ".join(parts + [f"{len(names):,} skipped ({reason})" for reason, names in self.skipped.items()])


def prepared_size(width: int, height: int, factor: float) -> tuple[int, int]:
    """Computes the size of a prepared frame: `int(side * factor)`, rounded up to a multiple of 16.

    Args:
        width: Width of the original in pixels.
        height: Height of the original in pixels.
        factor: Above 0.

    Returns:
        Width and height in pixels: 416 and 208 for 2048, 1024 and 0.2.

    Raises:
        ConfigError: If a side would be 0 or above 16,384.
    """
    new_width, new_height = (-(-int(side * factor) // SIDE_MULTIPLE) * SIDE_MULTIPLE for side in (width, height))
    if not (0 < new_width <= LARGEST_SIDE and 0 < new_height <= LARGEST_SIDE):
        raise ConfigError(
            f"a resize factor of {factor} turns {width} x {height} into {new_width} x {new_height} pixels; "
            f"expected sides of 1 to {LARGEST_SIDE}"
        )
    return new_width, new_height


def prepare_frame(job: ResizeJob) -> tuple[Pixels, Pixels]:
    """Reads and resizes one frame without writing it.

    Returns:
        The image, red, green, blue, of shape `(height, width, 3)`, and the mask of class indices, of shape
        `(height, width)`, both of the prepared size.

    Raises:
        DataError: If a file is missing or broken, or mask and image differ in size; names the file.
        LabelError: If a value of a mask is not a label id; names the file and the value.
        ConfigError: If the resize factor does not fit the image.
    """
    frame, settings = job.frame, job.settings
    if frame.image is None:
        raise DataError(f"{frame.name}: has no image")
    image = read_photograph(frame.image)
    height, width = image.shape[:2]
    size_wh = prepared_size(width, height, settings.factor)
    if settings.size_wh not in (None, size_wh):
        raise DataError(
            f"{frame.image}: has {width} x {height} pixels, which become {size_wh[0]} x {size_wh[1]}; the "
            f"other frames become {settings.size_wh[0]} x {settings.size_wh[1]}; take it out of the dataset"
        )
    if settings.preparation == "painted":
        ids, where = _paint_ids(frame, (width, height), size_wh)
    else:
        ids, where = read_ids(frame.files)
        _check_size(frame, (width, height), (ids.shape[1], ids.shape[0]), where)
    try:
        # The largest id of the whole mask, so that one that nearest neighbour would have left out counts too.
        settings.label_map.encode(ids.max(keepdims=True))
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from error
    if ids.shape != size_wh[::-1]:
        nearest = cv2.INTER_NEAREST if settings.preparation == "study" else cv2.INTER_NEAREST_EXACT
        ids = np.asarray(cv2.resize(ids, size_wh, interpolation=nearest), np.uint8)
    return resize_image(image, size_wh, settings.preparation), settings.label_map.encode(ids)


def resize_image(image: Pixels, size_wh: tuple[int, int], preparation: str) -> Pixels:
    """Resizes a photograph as a preparation does it.

    Args:
        image: Of shape `(height, width, 3)`.
        size_wh: New width and height in pixels; an image of that size is returned unchanged.
        preparation: "study" is bilinear. The others take the mean over areas where the image gets smaller.
    """
    if image.shape[1::-1] == tuple(size_wh):
        return image
    smaller = size_wh[0] <= image.shape[1] and size_wh[1] <= image.shape[0]
    area = preparation != "study" and smaller
    resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def _paint_ids(frame: Frame, found_wh: tuple[int, int], size_wh: tuple[int, int]) -> tuple[Pixels, Source]:
    """Paints the polygons of a frame at another size."""
    if "polygons" not in frame.files:
        raise DataError(
            f"{frame.name}: has no polygons, which PREPARATION = painted needs; set PREPARATION = aligned, or get the "
            "polygons.json of gtFine_trainvaltest.zip"
        )
    where = frame.files["polygons"]
    polygons = read_polygons(where)
    _check_size(frame, found_wh, polygons.size_wh, where)
    return paint_polygons(scale_polygons(polygons, size_wh)).ids, where


def _check_size(frame: Frame, image_wh: tuple[int, int], truth_wh: tuple[int, int], where: Source) -> None:
    if truth_wh != image_wh:
        sizes = [f"{width} x {height} pixels" for width, height in (truth_wh, image_wh)]
        note = turned_note(frame.image, truth_wh) if frame.image is not None else ""
        raise DataError(f"{where}: has {sizes[0]}, but {frame.image} has {sizes[1]}; {note or 'both must be equal'}")


def resize_frame(job: ResizeJob) -> ResizedFrame:
    """Reads, resizes and writes one frame; each file is written whole or not at all, the mask last.

    Raises:
        ProjectError: As `prepare_frame`; DataError also if the files cannot be written.
    """
    return _write_frame(job, *prepare_frame(job))


def resize_frames(frames: Iterable[Frame], folder: Path, settings: ResizeSettings, workers: int = 1) -> ResizeSummary:
    """Resizes frames into `folder/images` and `folder/masks`; those with both files there already are kept.

    Args:
        frames: The frames.
        folder: The folder to fill. Whatever is in it must have been made with the same settings.
        settings: What resizing depends on.
        workers: Number of processes.

    Raises:
        DataError: After all other frames are done, if some could not be resized, with the reason for each; at once if
            nothing can be written.
    """
    parts = images_dir, masks_dir = folder / "images", folder / "masks"
    present = _whole_names_in(images_dir) & _whole_names_in(masks_dir)
    files: dict[str, FileEntry] = {}
    jobs: list[ResizeJob] = []
    reused: list[str] = []
    skipped: dict[str, list[str]] = {}
    for frame in frames:
        reason = reason_to_skip(frame)
        if reason:
            skipped.setdefault(reason, []).append(frame.name)
        elif frame.name in present:
            reused.append(frame.name)
            files |= {f"{part.name}/{frame.name}.png": entry_of(part / f"{frame.name}.png") for part in parts}
        else:
            jobs.append(ResizeJob(frame, images_dir, masks_dir, settings))
    results = list(run_all(_attempt, jobs, workers, "resize")) if jobs else []
    failures = [result for result in results if isinstance(result, str)]
    if failures:
        raise DataError(_failure_message(failures, len(jobs)))
    done = [result for result in results if isinstance(result, ResizedFrame)]
    for result in done:
        files |= {f"images/{result.name}.png": result.image, f"masks/{result.name}.png": result.mask}
    left_out = {reason: tuple(names) for reason, names in skipped.items()}
    return ResizeSummary(tuple(result.name for result in done), tuple(reused), left_out, files)


def reason_to_skip(frame: Frame) -> str | None:
    """Tells what a frame lacks for being resized: "no image" or "no ground truth"; None if it has all."""
    if frame.image is None:
        return "no image"
    return "no ground truth" if truth_used(frame) is None else None


def truth_used(frame: Frame) -> Source | None:
    """Finds the annotation file the mask of a frame is made from; None if there is none."""
    kind = first_kind(frame.files, KINDS_FOR_IDS)
    return frame.files[kind] if kind else None


def _write_frame(job: ResizeJob, image: Pixels, mask: Pixels) -> ResizedFrame:
    file = f"{job.frame.name}.png"
    written = (
        write_bytes(job.images_dir / file, encode_image(image)),
        write_bytes(job.masks_dir / file, encode_mask(mask)),
    )
    return ResizedFrame(job.frame.name, (mask.shape[1], mask.shape[0]), *written)


def _attempt(job: ResizeJob) -> ResizedFrame | str:
    """Resizes a frame; returns what is wrong with it as text, so that one broken file does not stop the others.

    A disk that is full does: what cannot be written is raised.
    """
    try:
        image, mask = prepare_frame(job)
    except ProjectError as error:
        return str(error)
    return _write_frame(job, image, mask)


def _whole_names_in(folder: Path) -> set[str]:
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as listing:
        names = [entry.name for entry in listing if not entry.name.startswith(".")]
    return {name.removesuffix(".png") for name in names if is_whole_png(folder / name)}


def _failure_message(failures: list[str], total: int) -> str:
    shown = "\n".join(f"    {failure}" for failure in failures[:_FAILURES_SHOWN])
    more = f"\n    and {len(failures) - _FAILURES_SHOWN:,} more" if len(failures) > _FAILURES_SHOWN else ""
    return f"{len(failures):,} of {total:,} frames could not be resized; the others are done:\n{shown}{more}"
