"""Steps 00 and 01 and the first half of 04: fill prepared folders, or say that they are up to date.

Everything goes through `Stage`: a folder is complete and fits settings and inputs, or it is made anew.
"""

import logging
import shutil
import time
from collections import Counter
from dataclasses import replace
from functools import partial

from common.dataset.original.layouts import read_layout
from common.dataset.original.truth import KINDS_FOR_IDS, first_kind
from common.dataset.prepared.augment import AugmentationRanges, AugmentJob, augmented_names, write_augmented
from common.dataset.prepared.resize import ResizeSettings, prepared_size, reason_to_skip, resize_frames, truth_used
from common.dataset.prepared.split import split_names, stage_of_part, write_part, write_split_table
from common.errors import ConfigError, DataError
from common.files.disk import fingerprint
from common.files.stages import Stage
from common.images.png import read_image
from common.parallel import run_all, usable_cores

log = logging.getLogger(__name__)
# Measured on prepared images of 416x208: image and mask, in bytes per pixel.
_BYTES_PER_PIXEL = 1.9
_BYTES_PER_AUGMENTED_PIXEL = 3.2


def prepare_originals(dataset, splits, label_map, workers=None, dry_run=False):
    """Step 00: resizes the frames of an original dataset into one prepared folder per split.

    Args:
        dataset: `DatasetConfig`.
        splits: Name of the prepared folder by split of the original.
        label_map: `LabelMap` from ids to classes.
        workers: Number of processes; None for all cores.
        dry_run: Only say what would be done.

    Raises:
        DataError: If frames are missing or broken, or the disk is full.
        ConfigError: If the sizes of config.ini do not fit the frames.
    """
    original = dataset.base_dir / "original_data"
    layout = read_layout(original)
    for problem in layout.problems:
        log.warning("note: %s", problem)
    frames_of = {split: [frame for frame in layout.frames if frame.split == split] for split in splits}
    for split, frames in frames_of.items():
        _check_frames(split, frames, layout, dataset)
        if dataset.preparation == "painted":
            _check_polygons(split, frames)
    for split, folder in splits.items():
        settings = ResizeSettings(dataset.resize_factor, label_map, preparation=dataset.preparation)
        _prepare(dataset, folder, frames_of[split], settings, (workers, dry_run))


def _prepare(dataset, folder, frames, settings, how):
    workers, dry_run = how
    names = [f"{frame.name}.png" for frame in frames if reason_to_skip(frame) is None]
    stage = _stage_of_originals(dataset, folder, frames, settings)
    if _is_up_to_date(stage, len(names)):
        return
    _announce(stage.folder, len(names), dataset.size_wh, _BYTES_PER_PIXEL)
    if dry_run:
        return
    start = time.monotonic()
    stand_ins = Counter(kind for frame in frames if (kind := first_kind(frame.files, KINDS_FOR_IDS)))
    del stand_ins["labelIds"]
    for kind, count in sorted(stand_ins.items()) if settings.preparation != "painted" else ():
        log.warning("note: %s of %s frames have no labelIds, their masks are made from %s", count, len(names), kind)
    with stage.build([f"{kind}/{name}" for name in names for kind in ("images", "masks")]) as building:
        settings = replace(settings, size_wh=dataset.size_wh)
        summary = resize_frames(frames, building, settings, workers or usable_cores())
    log.info("%s: %s, in %.1f s", stage.folder, summary, time.monotonic() - start)


def _check_frames(split, frames, layout, dataset):
    usable = [frame for frame in frames if reason_to_skip(frame) is None]
    if not usable:
        raise DataError(
            f"{layout.root}: no frame with image and ground truth in the split {split!r}, found the splits "
            f"{sorted({frame.split for frame in layout.frames})}; step 00 needs train and val"
        )
    _check_size(usable[0], dataset)


def _check_polygons(split, frames):
    without = [frame.name for frame in frames if reason_to_skip(frame) is None and "polygons" not in frame.files]
    if without:
        raise DataError(
            f"{len(without):,} frames of {split} have no polygons, as {without[0]}; PREPARATION = painted needs them: "
            "set PREPARATION = aligned, or take the polygons.json of gtFine_trainvaltest.zip"
        )


def _check_size(frame, dataset):
    height, width = read_image(frame.image).shape[:2]
    found = width, height
    size_wh = prepared_size(*found, dataset.resize_factor)
    if size_wh != dataset.size_wh:
        raise ConfigError(
            f"config.ini: the frames are {found[0]}x{found[1]} (as {frame.image}) and RESIZE_FACTOR = "
            f"{dataset.resize_factor:g} makes them {size_wh[0]}x{size_wh[1]}, sides rounded up to multiples of 16; "
            f"found IMAGE_WIDTH = {dataset.image_width} and IMAGE_HEIGHT = {dataset.image_height}. "
            f"Set IMAGE_WIDTH = {size_wh[0]} and IMAGE_HEIGHT = {size_wh[1]}, or another RESIZE_FACTOR"
        )


def _stage_of_originals(dataset, folder, frames, settings):
    described = {
        "resize_factor": dataset.resize_factor,
        "size_wh": list(dataset.size_wh),
        "class_of_id": list(settings.label_map.class_of_id),
    }
    if settings.preparation != "study":
        described["preparation"] = settings.preparation
    painted = settings.preparation == "painted"
    truths = [frame.files.get("polygons") if painted else truth_used(frame) for frame in frames]
    sources = [(frame.name, [frame.image, truth]) for frame, truth in zip(frames, truths, strict=True)]
    inputs = [[name, [source and source.signature() for source in pair]] for name, pair in sources]
    return Stage(dataset.base_dir / folder, "step 00", described, fingerprint(inputs))


def divide(dataset, rules, dry_run=False):
    """Step 01: divides prepared folders at random and lists what went where in BASE_DIR/split.csv.

    Args:
        dataset: `PreparedDataset`.
        rules: `SplitRule` by name of the folder to divide.
        dry_run: Only say what would be done.

    Raises:
        DataError: If a folder is missing or has too few frames.
    """
    names_of_split = {}
    for source_name, rule in rules.items():
        source = dataset.split(source_name)
        try:
            parts = split_names([sample.image.name for sample in source.samples], rule.share_of_second, dataset.seed)
        except DataError as error:
            raise DataError(f"{source.root}: {error}") from error
        for name, names in zip((rule.first, rule.second), parts, strict=True):
            names_of_split[name] = names
            stage = stage_of_part(source, dataset.base_dir / name, rule, dataset.seed)
            if _is_up_to_date(stage, len(names)):
                continue
            log.info("%s: %s frames, linked to %s", stage.folder, f"{len(names):,}", source.root)
            if not dry_run and (copied := write_part(stage, source, names)):
                log.info("%s: %s files copied, as this disk has no links", stage.folder, f"{copied:,}")
    if not dry_run:
        write_split_table(dataset.base_dir / "split.csv", names_of_split)


def augment_split(dataset, name, augmentation, workers=None, dry_run=False):
    """First half of step 04: writes a split and augmented copies of each of its images to `<name>_aug`.

    Args:
        dataset: `PreparedDataset`.
        name: Name of the split.
        augmentation: `AugmentationConfig`.
        workers: Number of processes; None for all cores.
        dry_run: Only say what would be done.

    Returns:
        The augmented `Split`; on a dry run with the samples it would have.
    """
    source = dataset.split(name)
    copies = augmentation.num_copies
    ranges = AugmentationRanges(
        augmentation.brightness_alpha,
        augmentation.brightness_beta,
        augmentation.max_blur,
        augmentation.max_noise,
        augmentation.free_rotation,
    )
    settings = {
        "seed": dataset.seed,
        "copies": copies,
        "size_wh": list(source.size_wh),
        "ranges": {key: list(value) if isinstance(value, tuple) else value for key, value in vars(ranges).items()},
    }
    if source.class_of_id is not None:
        settings["class_of_id"] = list(source.class_of_id)
    stage = Stage(dataset.base_dir / f"{name}_aug", "step 04", settings, source.fingerprint)
    total = len(source) * (copies + 1)
    if not _is_up_to_date(stage, total):
        _announce(stage.folder, total, source.size_wh, _BYTES_PER_AUGMENTED_PIXEL)
        if dry_run:
            return replace(
                source, root=stage.folder, samples=source.samples * (copies + 1), fingerprint=stage.fingerprint
            )
        start = time.monotonic()
        jobs_in = partial(AugmentJob, copies=copies, ranges=ranges, seed=dataset.seed)
        names = [name for sample in source.samples for name in augmented_names(sample.name, copies)]
        with stage.build([f"{kind}/{name}" for name in names for kind in ("images", "masks")]) as building:
            jobs = [jobs_in(sample, building) for sample in source.samples]
            pairs = sum(run_all(write_augmented, jobs, workers or usable_cores(), stage.folder.name))
        log.info("%s: %s pairs, in %.1f s", stage.folder, f"{pairs:,}", time.monotonic() - start)
    return dataset.split(f"{name}_aug")


def _is_up_to_date(stage, count):
    if stage.is_complete():
        log.info("%s: %s frames, done before and nothing has changed", stage.folder, f"{count:,}")
        return True
    return False


def _announce(folder, count, size_wh, bytes_per_pixel):
    needed = count * size_wh[0] * size_wh[1] * bytes_per_pixel
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    log.info(
        "%s: %s frames of %dx%d to write, about %s MB (free: %.1f GB)",
        *(folder, f"{count:,}", *size_wh, f"{needed / 1e6:,.0f}", free / 1e9),
    )
    if needed > free:
        raise DataError(
            f"{folder}: needs about {needed / 1e6:,.0f} MB, the disk has {free / 1e6:,.0f} MB free; make room or "
            "choose another BASE_DIR"
        )
