"""Steps 00 and 01 and the first half of 04: they fill prepared folders, or find them up to date.

Everything goes through `Stage`: a folder is complete and fits settings and inputs, or it is made again.
"""

import logging
import shutil
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from common.config.settings import AugmentationConfig, DatasetConfig
from common.dataset.original.layouts import Frame, Layout, read_layout
from common.dataset.original.splits import split_of_role
from common.dataset.original.train_ids import MAKE_IDS, label_id_files, train_id_notes
from common.dataset.original.tree_files import IMAGE_KIND
from common.dataset.original.truth import FINE, KINDS_FOR_IDS, TRUTH_KINDS, first_kind
from common.dataset.prepared.augment import AugmentJob, augmented_names, write_augmented
from common.dataset.prepared.folders import PreparedDataset, Split, files_of
from common.dataset.prepared.resize import ResizeSettings, prepared_size, reason_to_skip, resize_frames, truth_used
from common.dataset.prepared.split import SplitRule, split_names, stage_of_part, write_part, write_split_table
from common.dataset.prepared.stages import Settings, Stage
from common.errors import ConfigError, DataError
from common.files.disk import FileEntry, fingerprint
from common.images.pictures import picture_size
from common.parallel import run_all, usable_cores
from common.text import count, first_few

log = logging.getLogger(__name__)
# Measured on prepared images of 416x208: image and mask, in bytes per pixel.
_BYTES_PER_PIXEL = 1.9
_BYTES_PER_AUGMENTED_PIXEL = 3.2


def prepare_originals(
    dataset: DatasetConfig, splits: Mapping[str, str], workers: int | None = None, dry_run: bool = False
) -> None:
    """Step 00: resizes the frames of an original dataset into one prepared folder per split.

    Args:
        dataset: The values of config.ini.
        splits: Name of the prepared folder by role of the split of the original, "train" or "val".
        workers: Number of processes; None for all cores.
        dry_run: Only say what would be done.

    Raises:
        DataError: If frames are missing or broken, or the disk is full.
        ConfigError: If the sizes of config.ini do not fit the frames.
    """
    layout = _read_original(dataset, splits)
    there = {frame.split for frame in layout.frames}
    originals = {role: split_of_role(role, there) for role in splits}
    frames_of = {role: [frame for frame in layout.frames if frame.split == originals[role]] for role in splits}
    for split, frames in frames_of.items():
        _check_frames(split, frames, layout, dataset)
    for split, folder in splits.items():
        _prepare(dataset, folder, frames_of[split], workers, dry_run)


def _read_original(dataset: DatasetConfig, used: Collection[str]) -> Layout:
    """Reads which frames there are, with the annotation that config.ini asks for; says what is odd or not used.

    `used` are the roles of the splits that are used.
    """
    root = dataset.base_dir / "original_data"
    if not root.exists() and (misplaced := _misplaced(dataset.base_dir)):
        raise ConfigError(misplaced)
    layout = read_layout(root, dataset.truth)
    for problem in layout.problems:
        log.warning("note: %s", problem)
    taken = {split_of_role(role, {frame.split for frame in layout.frames}) for role in used}
    for note in train_id_notes(label_id_files(frame.files for frame in layout.frames), MAKE_IDS):
        log.warning("note: %s", note)
    others = Counter(frame.split or "(none)" for frame in layout.frames if frame.split not in taken)
    if others:
        found = ", ".join(f"{split} ({count(frames, 'frame')})" for split, frames in sorted(others.items()))
        log.info("not used by step 00, which prepares %s: %s", " and ".join(used), found)
    return layout


def _misplaced(base_dir: Path) -> str:
    """Says where the original data are, if they lie in BASE_DIR itself; "" if they do not."""
    parts = (*TRUTH_KINDS, IMAGE_KIND)
    found = sorted(path.name for path in base_dir.iterdir() if path.name.startswith(parts))
    if not found:
        return ""
    if base_dir.name == "original_data":
        return f"BASE_DIR = {base_dir}: is original_data itself; set BASE_DIR to the folder above: {base_dir.parent}"
    there = base_dir / "original_data"
    return f"BASE_DIR = {base_dir}: holds {first_few(found)} itself; make the folder {there} and move that into it"


def _prepare(dataset: DatasetConfig, folder: str, frames: list[Frame], workers: int | None, dry_run: bool) -> None:
    names = [f"{frame.name}.png" for frame in frames if reason_to_skip(frame) is None]
    stage = _stage_of_originals(dataset, folder, frames)
    if _is_up_to_date(stage, len(names)):
        return
    _announce(stage.folder, len(names), dataset.size_wh, _BYTES_PER_PIXEL)
    if dry_run:
        return
    start = time.monotonic()
    stand_ins = Counter(kind for frame in frames if (kind := first_kind(frame.files, KINDS_FOR_IDS)))
    del stand_ins["labelIds"]
    for kind, amount in sorted(stand_ins.items()) if dataset.preparation != "painted" else ():
        of_all = f"{amount:,} of {count(len(names), 'frame')}"
        log.warning("note: without labelIds, masks are made from %s: %s", kind, of_all)
    settings = ResizeSettings(dataset.resize_factor, dataset.label_map, dataset.size_wh, dataset.preparation)
    known: dict[str, FileEntry] = {}
    with stage.build(files_of(names), known) as building:
        summary = resize_frames(frames, building, settings, workers or usable_cores())
        known |= summary.files
    log.info("%s: %s, in %.1f s", stage.folder, summary, time.monotonic() - start)


def _check_frames(split: str, frames: list[Frame], layout: Layout, dataset: DatasetConfig) -> None:
    usable = [frame for frame in frames if reason_to_skip(frame) is None]
    if not usable:
        raise DataError(f"{layout.root}: {_what_is_missing(split, frames, layout)}")
    _check_size(usable[0], dataset)
    without = [frame.name for frame in usable if "polygons" not in frame.files]
    if dataset.preparation == "painted" and without:
        raise DataError(
            f"{len(without):,} frames of {split} have no polygons, for example {without[0]}; PREPARATION = painted "
            "needs them: set PREPARATION = aligned, or take the polygons.json of gtFine_trainvaltest.zip"
        )


def _what_is_missing(split: str, frames: Sequence[Frame], layout: Layout) -> str:
    if all(frame.image is None for frame in layout.frames):
        return (
            f"no frame has a photograph; get {IMAGE_KIND}_trainvaltest.zip too, and put it there as it is or extracted"
        )
    splits = ", ".join(sorted({frame.split or "(none)" for frame in layout.frames}))
    found = f"{count(len(frames), 'frame')} of it, each without one of them" if frames else f"found the splits {splits}"
    return f"no frame with image and ground truth in the split {split}, {found}; step 00 needs train and val"


def _check_size(frame: Frame, dataset: DatasetConfig) -> None:
    if frame.image is None:
        return
    width, height = picture_size(frame.image)
    size_wh = prepared_size(width, height, dataset.resize_factor)
    if size_wh != dataset.size_wh:
        raise ConfigError(
            f"config.ini: the frames are {width}x{height} (for example {frame.image}) and RESIZE_FACTOR = "
            f"{dataset.resize_factor:g} makes them {size_wh[0]}x{size_wh[1]}, sides rounded up to multiples of 16; "
            f"found IMAGE_WIDTH = {dataset.image_width} and IMAGE_HEIGHT = {dataset.image_height}. "
            f"Set IMAGE_WIDTH = {size_wh[0]} and IMAGE_HEIGHT = {size_wh[1]}, or another RESIZE_FACTOR"
        )


def _stage_of_originals(dataset: DatasetConfig, folder: str, frames: Sequence[Frame]) -> Stage:
    settings: Settings = {
        "resize_factor": dataset.resize_factor,
        "size_wh": [*dataset.size_wh],
        "class_of_id": [*dataset.label_map.class_of_id],
    }
    if dataset.preparation != "study":
        settings["preparation"] = dataset.preparation
    if dataset.truth != FINE:
        settings["truth"] = dataset.truth
    painted = dataset.preparation == "painted"
    truths = [frame.files.get("polygons") if painted else truth_used(frame) for frame in frames]
    sources = [(frame.name, [frame.image, truth]) for frame, truth in zip(frames, truths, strict=True)]
    inputs = fingerprint([[name, [source and source.signature() for source in pair]] for name, pair in sources])
    return Stage(
        dataset.base_dir / folder,
        "step 00",
        settings,
        inputs,
        label_map=dataset.label_map,
        preparation=dataset.preparation,
        truth=dataset.truth,
    )


def divide(dataset: PreparedDataset, rules: Mapping[str, SplitRule], dry_run: bool = False) -> None:
    """Step 01: divides prepared folders at random and lists what went where in BASE_DIR/split.csv.

    Args:
        dataset: The prepared folders.
        rules: How each folder is divided, by its name.
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
            log.info("%s: %s, linked to %s", stage.folder, count(len(names), "frame"), source.root)
            if not dry_run and (copied := write_part(stage, source, names)):
                log.info("%s: %s copied, because this disk has no links", stage.folder, count(copied, "file"))
    if not dry_run:
        write_split_table(dataset.base_dir / "split.csv", names_of_split)


def augment_split(
    dataset: PreparedDataset,
    name: str,
    augmentation: AugmentationConfig,
    workers: int | None = None,
    dry_run: bool = False,
) -> Split:
    """First half of step 04: writes a split and augmented copies of each of its images to `<name>_aug`.

    Args:
        dataset: The prepared folders.
        name: Name of the split.
        augmentation: What is drawn, and how often.
        workers: Number of processes; None for all cores.
        dry_run: Only say what would be done.

    Returns:
        The augmented split; on a dry run with the samples it would have.
    """
    source = dataset.split(name)
    stage = _stage_of_copies(source, dataset, augmentation)
    total = len(source) * (augmentation.num_copies + 1)
    if _is_up_to_date(stage, total):
        return dataset.split(stage.folder.name)
    _announce(stage.folder, total, source.size_wh, _BYTES_PER_AUGMENTED_PIXEL)
    if dry_run:
        samples = source.samples * (augmentation.num_copies + 1)
        return replace(
            source, name=stage.folder.name, root=stage.folder, samples=samples, fingerprint=stage.fingerprint
        )
    start = time.monotonic()
    names = [name for sample in source.samples for name in augmented_names(sample.name, augmentation.num_copies)]
    known = dict(source.files)
    with stage.build(files_of(names), known) as building:
        jobs = [AugmentJob(sample, building, augmentation, dataset.seed) for sample in source.samples]
        for written in run_all(write_augmented, jobs, workers or usable_cores(), stage.folder.name):
            known |= written
    log.info("%s: %s, in %.1f s", stage.folder, count(len(names), "pair"), time.monotonic() - start)
    return dataset.split(stage.folder.name)


def _stage_of_copies(source: Split, dataset: PreparedDataset, augmentation: AugmentationConfig) -> Stage:
    settings: Settings = {
        "seed": dataset.seed,
        "copies": augmentation.num_copies,
        "ranges": {
            "brightness_alpha": [*augmentation.brightness_alpha],
            "brightness_beta": [*augmentation.brightness_beta],
            "max_blur": augmentation.max_blur,
            "max_noise": augmentation.max_noise,
            "free_rotation": augmentation.free_rotation,
        },
    }
    return source.stage(dataset.base_dir / f"{source.name}_aug", "step 04", settings)


def _is_up_to_date(stage: Stage, amount: int) -> bool:
    if stage.is_complete():
        log.info("%s: %s, done before and nothing has changed", stage.folder, count(amount, "frame"))
        return True
    return False


def _announce(folder: Path, amount: int, size_wh: tuple[int, int], bytes_per_pixel: float) -> None:
    needed = amount * size_wh[0] * size_wh[1] * bytes_per_pixel
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    log.info(
        "%s: %s of %dx%d to write, about %s MB (free: %.1f GB)",
        *(folder, count(amount, "frame"), *size_wh, f"{needed / 1e6:,.0f}", free / 1e9),
    )
    if needed > free:
        raise DataError(
            f"{folder}: needs about {needed / 1e6:,.0f} MB, the disk has {free / 1e6:,.0f} MB free; make room or "
            "choose another BASE_DIR"
        )
