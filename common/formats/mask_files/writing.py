"""Ground truth as mask files in Cityscapes' own folders: ids, train ids, colours, classes of a label map, panoptic.

The masks are made from polygons.json or from PNG files that are there already; every encoding is a look-up in the
painted instance ids, nothing is painted twice. Names and folders are the official ones,
`gtFine/<split>/<city>/<name>_gtFine_<kind>.png`. Ids are those of Cityscapes, or of the label file beside the data.
Files the masks are made from are never replaced.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.dataset.original.layouts import Frame, Layout, read_layout
from common.dataset.original.train_ids import TRAIN_IDS, train_id_notes, with_train_ids
from common.dataset.original.truth import KINDS, TRUTH_KINDS, first_kind
from common.dataset.prepared.resize import LARGEST_SIDE
from common.errors import ConfigError, DataError, ProjectError
from common.files.disk import PlaceError, fingerprint, is_there, write_bytes
from common.files.listing import list_files_of
from common.files.places import absolute_path
from common.files.resuming import unfinished
from common.files.sources import Source, signature_or_none
from common.formats.cityscapes.labels import read_table
from common.formats.coco import panoptic as coco_panoptic
from common.formats.format import WriteOptions
from common.formats.frames import NO_SPLIT, AnnotatedFrame, FrameDataset
from common.formats.mask_files.encodings import ENDINGS, MASK_KINDS, MaskEncoder
from common.formats.mask_files.instance_ids import FrameInstances
from common.images.png import is_whole_png
from common.labels.maps import LabelMap
from common.labels.tables import CITYSCAPES, LabelTable
from common.parallel import check_workers, run_all
from common.text import count, first_few

PANOPTIC = "panoptic"
ENCODINGS = (*ENDINGS, PANOPTIC)
AUTO = "auto"
READ_FROM = (*KINDS, "trainIds", AUTO)
_NEEDS_OBJECTS = ("instanceIds", "instanceTrainIds", PANOPTIC)
_TELLS_OBJECTS = ("instanceIds", "polygons")
_SHOWN = 10


@dataclass(frozen=True)
class MaskOptions:
    """How masks are made.

    Attributes:
        read_from: "polygons", one of the PNG kinds, "trainIds" for labelTrainIds or labelIds that hold train ids, or
            "auto" for the first that a frame has of instanceIds, labelIds, polygons and color.
        label_map: For the encoding "classes"; None takes the 35 classes of the study.
        splits: Names of splits; () takes all.
        truth: "gtFine" or "gtCoarse"; None takes the fine annotation where there is any.
        size_wh: Width and height of the masks; None keeps those of the frames. Polygons are painted at that size, from
            PNG files the nearest pixels are taken.
        overwrite: Whether files that are there may be replaced.
    """

    read_from: str = "polygons"
    label_map: LabelMap | None = None
    splits: tuple[str, ...] = ()
    truth: str | None = None
    size_wh: tuple[int, int] | None = None
    overwrite: bool = False
    workers: int = 1


@dataclass(frozen=True)
class MaskSummary:
    """What was written.

    Attributes:
        read: Number of frames by kind of the file they were made from.
        missing: Frames that lack the file asked for; they have no mask.
        panoptic_dropped: What panoptic files cannot hold, counted by reason; empty for other encodings.
        notes: Sentences on what was found missing or odd.
    """

    folder: Path
    read: Counter[str] = field(hash=False)
    missing: tuple[str, ...] = ()
    panoptic_dropped: Counter[str] = field(default_factory=Counter, hash=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        made = ", ".join(f"{amount:,} from {kind}" for kind, amount in sorted(self.read.items()))
        text = f"{self.folder}: {count(self.read.total(), 'mask')} written ({made})"
        if self.missing:
            lack = f"{count(len(self.missing), 'frame')} without the file to read"
            text += f"; {lack}, not written: {first_few(self.missing, _SHOWN)}"
        text += "".join(f"; {amount:,} {what}" for what, amount in self.panoptic_dropped.items())
        if "color" in self.read:
            text += "; colours do not tell all labels apart: black was read as unlabeled, (153, 153, 153) as pole"
        return text


def write_masks(source: Path, out: Path, encoding: str, options: MaskOptions | None = None) -> MaskSummary:
    """Writes one mask for each frame of a dataset. The masks do not depend on the number of workers.

    Args:
        source: A folder or zip in any layout that `read_layout` knows.
        out: The folder to write to; `gtFine` (or `gtCoarse`) is made in it.
        encoding: One of `ENCODINGS`.
        options: See there.

    Raises:
        DataError: Before anything is written, if no frame can be read, files are there already, or a file of the source
            would be replaced. If some frames are broken: after the others are done; but for panoptic, which is one file
            for all frames, at the first, with nothing written.
        ConfigError: If the options do not fit each other.
        LabelError: If labels cannot be encoded.
    """
    options = options or MaskOptions()
    kinds = _kinds_to_read(encoding, options)
    source, out = absolute_path(source), absolute_path(out)  # workers may have been started in another folder
    if inside := next((part for part in out.resolve().parts[-3:] if part in TRUTH_KINDS), None):
        raise DataError(f"{out}: lies in a folder {inside}, which is made in OUT; give the folder above it")
    layout = read_layout(source, options.truth, (*KINDS, *kinds))
    table = read_table(list_files_of(source), layout.frames)
    chosen = _choose(layout, options.splits)
    if kinds == (TRAIN_IDS,):
        chosen, table = [replace(frame, files=with_train_ids(frame.files)) for frame in chosen], CITYSCAPES
    usable = [frame for frame in chosen if first_kind(frame.files, kinds)]
    missing = tuple(frame.name for frame in chosen if not first_kind(frame.files, kinds))
    if not usable:
        raise DataError(
            f"{source}: none of {count(len(chosen), 'frame')} has {' or '.join(kinds)}; choose another --from"
        )
    instances = [_instances_of(frame, table, kinds, options.size_wh) for frame in usable]
    read = Counter(one.kind for one in instances)
    notes = layout.problems
    if table is CITYSCAPES:
        ids = [one.files["labelIds"] for one in instances if one.kind == "labelIds"]
        notes += tuple(train_id_notes(ids, "--from trainIds reads them as such"))
    frames = tuple(
        # Photographs do not fit masks of another size.
        AnnotatedFrame(frame.name, frame.split, frame.city, None if options.size_wh else frame.image, one)
        for frame, one in zip(usable, instances, strict=True)
    )
    folder = out / layout.truth
    if encoding == PANOPTIC:
        dropped = _write_panoptic(FrameDataset(table, frames), folder, options)
        return MaskSummary(folder, read, missing, dropped, notes)
    job = MaskJob(folder, layout.truth, MaskEncoder(encoding, table, options.label_map))
    targets = [job.path_of(frame) for frame in frames]
    if encoding in MASK_KINDS:
        _refuse_to_replace(source, targets, [frame.files.get(encoding) for frame in usable])
    work = _fingerprint(source, encoding, options, table, usable)
    _write_each(list(zip(targets, instances, strict=True)), job, work, options)
    return MaskSummary(folder, read, missing, notes=notes)


def _fingerprint(source: Path, encoding: str, options: MaskOptions, table: LabelTable, frames: Iterable[Frame]) -> str:
    """Computes a digest of all that the masks depend on."""
    files = [
        [
            frame.split,
            frame.city,
            frame.name,
            [[kind, signature_or_none(file)] for kind, file in sorted(frame.files.items())],
        ]
        for frame in frames
    ]
    label_map = None if options.label_map is None else options.label_map.as_json()
    chosen = [options.read_from, options.size_wh, label_map]
    return fingerprint([str(source), encoding, chosen, [str(label) for label in table], files])


def _kinds_to_read(encoding: str, options: MaskOptions) -> tuple[str, ...]:
    if encoding not in ENCODINGS:
        raise ConfigError(f"there is no encoding {encoding!r}; there are {', '.join(ENCODINGS)}")
    if options.read_from not in READ_FROM:
        raise ConfigError(f"masks cannot be read from {options.read_from!r}, only from {', '.join(READ_FROM)}")
    if options.label_map is not None and encoding != "classes":
        raise ConfigError(f"a label map makes classes, but the encoding is {encoding}; leave one of them out")
    check_workers(options.workers)
    if options.size_wh and not all(0 < side <= LARGEST_SIDE for side in options.size_wh):
        raise ConfigError(
            f"a size of {options.size_wh[0]} x {options.size_wh[1]}: expected sides of 1 to {LARGEST_SIDE}"
        )
    kinds: tuple[str, ...] = KINDS if options.read_from == AUTO else (options.read_from.replace("trainIds", TRAIN_IDS),)
    if encoding in _NEEDS_OBJECTS:
        kinds = tuple(kind for kind in kinds if kind in _TELLS_OBJECTS)
        if not kinds:
            raise ConfigError(
                f"{options.read_from} does not tell objects apart, which {encoding} needs; "
                f"read from {' or '.join(_TELLS_OBJECTS)}"
            )
    return kinds


def _choose(layout: Layout, splits: tuple[str, ...]) -> list[Frame]:
    there = {frame.split for frame in layout.frames}
    if unknown := sorted(set(splits) - there):
        raise ConfigError(
            f"{layout.root}: there is no split {unknown[0]!r}; there are {', '.join(map(repr, sorted(there)))}"
        )
    if not layout.truth:
        raise DataError(f"{layout.root}: holds images only; expected annotation (gtFine or gtCoarse)")
    return [frame for frame in layout.frames if not splits or frame.split in splits]


def _instances_of(
    frame: Frame, table: LabelTable, kinds: tuple[str, ...], size_wh: tuple[int, int] | None
) -> FrameInstances:
    files = {kind: frame.files[kind] for kind in kinds if kind in frame.files}
    read = first_kind(files, kinds)
    masks = (frame.files[kind] for kind in MASK_KINDS if kind in frame.files and kind != read)
    return FrameInstances(files, table, kinds, size_wh, frame.image or next(masks, None))


@dataclass(frozen=True)
class MaskJob:
    """Where masks go, and how they are made."""

    folder: Path
    truth: str
    encoder: MaskEncoder

    def path_of(self, frame: AnnotatedFrame) -> Path:
        """The file of a frame."""
        return self.folder / f"{frame.place}_{self.truth}_{ENDINGS[self.encoder.encoding]}.png"

    def write(self, item: tuple[Path, FrameInstances]) -> str:
        """Writes a mask to its file; returns what is wrong with the frame, or "", so that the others are done too."""
        path, instances = item
        try:
            data = self.encoder.to_png(instances.runs())
        except ProjectError as error:
            return str(error)
        try:
            write_bytes(path, data)
        except PlaceError as error:
            return str(error)
        return ""


def _write_each(items: Sequence[tuple[Path, FrameInstances]], job: MaskJob, work: str, options: MaskOptions) -> None:
    """Makes the masks in a hidden folder, with what a stopped run of the same work left there, and moves them."""
    out, encoding = job.folder.parent, job.encoder.encoding
    with unfinished(out / f".{job.truth}_{encoding}.building", work) as building:
        places = {building.folder / target.relative_to(job.folder): target for target, _ in items}
        # A frame that could not be read has no file in either place; a replaced file says nothing of the new one.
        moves_on = building.is_moving and not options.overwrite
        if not moves_on:
            _refuse_present(places.values(), options.overwrite)
        to_do = [
            (made, one)
            for (made, target), (_, one) in zip(places.items(), items, strict=True)
            if not (is_whole_png(made) or (moves_on and is_there(target)))
        ]
        failures = [failure for failure in run_all(job.write, to_do, options.workers, encoding) if failure]
        building.move(places)
    if failures:
        raise DataError(_failure_message(failures, len(items)))


def _failure_message(failures: Sequence[str], total: int) -> str:
    shown = "".join(f"\n    {failure}" for failure in failures[:_SHOWN])
    more = f"\n    and {len(failures) - _SHOWN:,} more" if len(failures) > _SHOWN else ""
    return f"{len(failures):,} of {total:,} frames could not be read; the others are done:{shown}{more}"


def _write_panoptic(dataset: FrameDataset, folder: Path, options: MaskOptions) -> Counter[str]:
    """Writes COCO panoptic files beside their place, and moves them there when all are complete."""
    splits = sorted({frame.split or NO_SPLIT for frame in dataset})
    files = [folder / coco_panoptic.JSON_NAME.format(split=split) for split in splits]
    _refuse_present([path for file in files for path in (file, file.with_suffix(""))], options.overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".panoptic", dir=folder.parent) as building:
        written = WriteOptions(images="none", truth=folder.name, workers=options.workers)
        tally = coco_panoptic.write(dataset, Path(building), written)
        for path in sorted(Path(building, folder.name).iterdir()):
            target = folder / path.name
            if target.is_dir():
                shutil.rmtree(target)
            folder.mkdir(exist_ok=True)
            path.replace(target)
    return +tally.dropped


def _refuse_to_replace(source: Path, targets: Iterable[Path], own_files: Iterable[Source | None]) -> None:
    """Refuses to replace masks of the source, because nothing could make them again."""
    own = [
        str(target)
        for target, file in zip(targets, own_files, strict=True)
        if file is not None and is_there(target) and file.path.exists() and target.samefile(file.path)
    ]
    if own:
        raise DataError(
            f"{count(len(own), 'file')} to be written would replace what {source} came with; choose another OUT, or "
            f"move them away first: {first_few(own, 3)}"
        )


def _refuse_present(paths: Iterable[Path], overwrite: bool) -> None:
    present = [] if overwrite else [str(path) for path in paths if is_there(path)]
    if present:
        raise DataError(
            f"{count(len(present), 'file')} already there, nothing was written; choose another folder, or --overwrite "
            f"to replace: {first_few(present, 3)}"
        )
