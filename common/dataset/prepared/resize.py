"""Step 00 for one frame and for many: the photograph and its label ids, made smaller, as two PNG files.

As the study does it, the image is resized bilinearly and the ids by nearest neighbour, both by OpenCV; then ids become
class indices. So a mask lies up to half a pixel beside its image, and bilinear samples skip most pixels: the other
preparations take the mean over areas, and ids from the same centres or painted from the polygons at the new size. Ids
come from labelIds or, where that file is missing, from what `dataset.truth` makes of the others. What is written
depends on the frame and the settings alone, not on order or workers.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from common.dataset.original.layouts import Frame
from common.dataset.original.polygons import paint_polygons, read_polygons, scale_polygons
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind, read_ids
from common.errors import ConfigError, DataError, LabelError, ProjectError
from common.files.disk import write_bytes
from common.images.png import encode_image, encode_mask, is_whole_png, read_image
from common.labels.maps import LabelMap, study_label_map
from common.parallel import run_all

# Four times pooled by two, a network needs sides that 16 divides.
SIDE_MULTIPLE = 16
LARGEST_SIDE = 16384
_FAILURES_SHOWN = 10


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
    """One frame to be resized: `<name>.png` is written into both folders."""

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
    """

    name: str
    size_wh: tuple[int, int]


@dataclass(frozen=True)
class ResizeSummary:
    """What became of all frames.

    Attributes:
        done: Names written now.
        reused: Names whose two files were there already.
        skipped: Names by reason, such as "no image".
    """

    done: tuple[str, ...]
    reused: tuple[str, ...]
    skipped: dict[str, tuple[str, ...]] = field(hash=False)

    def __str__(self):
        parts = [f"{len(self.done):,} resized", f"{len(self.reused):,} already there"]
        return ", ".join(parts + [f"{len(names):,} skipped ({reason})" for reason, names in self.skipped.items()])


def prepared_size(width, height, factor):
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
    sides = tuple(-(-int(side * factor) // SIDE_MULTIPLE) * SIDE_MULTIPLE for side in (width, height))
    if not all(0 < side <= LARGEST_SIDE for side in sides):
        raise ConfigError(
            f"a resize factor of {factor} turns {width} x {height} into {sides[0]} x {sides[1]} pixels; "
            f"sides of 1 to {LARGEST_SIDE} were expected"
        )
    return sides


def prepare_frame(job):
    """Reads and resizes one frame without writing it.

    Args:
        job: A `ResizeJob` whose frame has all it needs (see `reason_to_skip`).

    Returns:
        The image, red, green, blue, `uint8` of shape `(height, width, 3)`, and the mask of class indices, `uint8` of
        shape `(height, width)`, both of the prepared size.

    Raises:
        DataError: If a file is missing or broken, or mask and image differ in size; names the file.
        LabelError: If a mask holds a value that is no label id; names the file and the value.
        ConfigError: If the resize factor does not fit the image.
    """
    frame, settings = job.frame, job.settings
    image = read_image(frame.image)
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
        _check_size(frame, (width, height), ids.shape[::-1], where)
    try:
        # The largest id of the whole mask, so that one that nearest neighbour would have left out counts too.
        settings.label_map.encode(ids.max(keepdims=True))
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from error
    if ids.shape != size_wh[::-1]:
        nearest = cv2.INTER_NEAREST if settings.preparation == "study" else cv2.INTER_NEAREST_EXACT
        ids = cv2.resize(ids, size_wh, interpolation=nearest)
    return resize_image(image, size_wh, settings.preparation), settings.label_map.encode(ids)


def resize_image(image, size_wh, preparation):
    """Resizes a photograph as a preparation does it.

    Args:
        image: `uint8` of shape `(height, width, 3)`.
        size_wh: New width and height in pixels; an image that has them stays as it is.
        preparation: "study" is bilinear. The others take the mean over areas where the image gets smaller.
    """
    if image.shape[1::-1] == tuple(size_wh):
        return image
    smaller = size_wh[0] <= image.shape[1] and size_wh[1] <= image.shape[0]
    area = preparation != "study" and smaller
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if area else cv2.INTER_LINEAR)


def _paint_ids(frame, found_wh, size_wh):
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


def _check_size(frame, image_wh, truth_wh, where):
    if tuple(truth_wh) != image_wh:
        sizes = [f"{width} x {height} pixels" for width, height in (truth_wh, image_wh)]
        raise DataError(f"{where}: has {sizes[0]}, but {frame.image} has {sizes[1]}; both must be alike")


def resize_frame(job):
    """Reads, resizes and writes one frame; each file is written whole or not at all, the mask last.

    Args:
        job: A `ResizeJob` whose frame has all it needs (see `reason_to_skip`).

    Returns:
        A `ResizedFrame`.

    Raises:
        ProjectError: As `prepare_frame`; DataError also if the files cannot be written.
    """
    return _write_frame(job, *prepare_frame(job))


def resize_frames(frames, folder, settings, workers=1):
    """Resizes frames into `folder/images` and `folder/masks`; those with both files there already are kept.

    Args:
        frames: A sequence of `Frame`.
        folder: The folder to fill. Whatever is in it must have been made with the same settings.
        settings: A `ResizeSettings`.
        workers: Number of processes.

    Returns:
        A `ResizeSummary`; its `skipped` names every frame that was not resized.

    Raises:
        DataError: After all other frames are done, if some could not be resized, with the reason for each; at once if
            nothing can be written.
    """
    images_dir, masks_dir = Path(folder) / "images", Path(folder) / "masks"
    present = _whole_names_in(images_dir) & _whole_names_in(masks_dir)
    jobs, reused, skipped = [], [], {}
    for frame in frames:
        reason = reason_to_skip(frame)
        if reason:
            skipped.setdefault(reason, []).append(frame.name)
        elif frame.name in present:
            reused.append(frame.name)
        else:
            jobs.append(ResizeJob(frame, images_dir, masks_dir, settings))
    results = list(run_all(_attempt, jobs, workers, "resize")) if jobs else []
    failures = [result for result in results if isinstance(result, str)]
    if failures:
        raise DataError(_failure_message(failures, len(jobs)))
    done = tuple(result.name for result in results)
    return ResizeSummary(done, tuple(reused), {reason: tuple(names) for reason, names in skipped.items()})


def reason_to_skip(frame):
    """Tells what a frame lacks for being resized: "no image" or "no ground truth"; None if it has all."""
    if frame.image is None:
        return "no image"
    return "no ground truth" if truth_used(frame) is None else None


def truth_used(frame):
    """Finds the annotation file the mask of a frame is made from; None if there is none."""
    kind = first_kind(frame.files, KINDS_FOR_IDS)
    return frame.files[kind] if kind else None


def _write_frame(job, image, mask):
    write_bytes(job.images_dir / f"{job.frame.name}.png", encode_image(image))
    write_bytes(job.masks_dir / f"{job.frame.name}.png", encode_mask(mask))
    return ResizedFrame(job.frame.name, (mask.shape[1], mask.shape[0]))


def _attempt(job):
    """Resizes a frame; returns what is wrong with it as text, so that one broken file does not stop the others.

    A disk that is full does: what cannot be written is raised.
    """
    try:
        image, mask = prepare_frame(job)
    except ProjectError as error:
        return str(error)
    return _write_frame(job, image, mask)


def _whole_names_in(folder):
    if not folder.is_dir():
        return set()
    with os.scandir(folder) as listing:
        names = [entry.name for entry in listing if not entry.name.startswith(".")]
    return {name.removesuffix(".png") for name in names if is_whole_png(folder / name)}


def _failure_message(failures, total):
    shown = "\n".join(f"    {failure}" for failure in failures[:_FAILURES_SHOWN])
    more = f"\n    and {len(failures) - _FAILURES_SHOWN:,} more" if len(failures) > _FAILURES_SHOWN else ""
    return f"{len(failures):,} of {total:,} frames could not be resized; the others are done:\n{shown}{more}"
