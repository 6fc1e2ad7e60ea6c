"""The data an EvalNet learns from: masks, and what should be said of them.

`labels.csv` has a row for each mask: its file, the IoU of each class, the presence of each class. In step 10 the mask
`<frame>___<number>.png` is what the network with this number says of a frame, `<frame>.png` its ground truth; the
images are those of the split that the manifest names as the source. In steps 12 and 14 `<frame>_aug_<pass>.png` is a
pair of an image and a mask with holes.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray

from common.dataset.prepared.augment import copy_random
from common.dataset.prepared.folders import Split
from common.errors import DataError
from common.files.disk import write_bytes, write_text
from common.images.png import encode_image, encode_mask, read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.learning.judging.jobs import LABELS, DataJob
from common.learning.network.model_card import load_model
from common.learning.network.networks import class_index_model
from common.learning.training.batches import LoadedSplit, load_samples
from common.learning.training.scoring import predict
from common.methods.agreement import AgreementRules
from common.methods.jobs import ModelFile
from common.methods.judging import draw_pair, iou_targets, presence_targets

_TARGETS_OF = 2  # IoU and presence


@dataclass(frozen=True)
class JudgedRows:
    """Masks in memory with their images, and what an EvalNet should say of them.

    Attributes:
        images: Of shape `(images, height, width, 3)`.
        image_of: The number of the image of each mask, of shape `(n,)`.
        masks: Class indices or `IGNORE`, of shape `(n, height, width)`.
        iou: Of each class, of shape `(n, classes)`.
        presence: Likewise, 1 or 0.
    """

    images: NDArray[np.uint8]
    image_of: NDArray[np.int64]
    masks: NDArray[np.uint8]
    iou: NDArray[np.float32]
    presence: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.masks)


def write_data(job: DataJob, split_of: Callable[[str], Split], report: Callable[[str], object]) -> None:
    """Makes what is missing of the data of a run.

    Args:
        job: What is made.
        split_of: Gives the split of `train` and `val`.
        report: Is told what is being done.
    """
    cv2.setNumThreads(1)  # the threads below are enough
    for part in job.parts:
        split = split_of(part)
        stage = job.stage(part, split)
        if stage.is_complete():
            continue
        files = job.files(part, [sample.name for sample in split.samples])
        folders = ("images", "masks") if job.what.with_holes else ("masks",)
        loaded = load_samples(split.samples, job.size_wh, len(job.classes), job.threads, job.classes.ignores)
        write = _write_pairs if job.what.with_holes else _write_masks
        with stage.build([LABELS, *(f"{folder}/{file}" for folder in folders for file in files)]) as folder:
            rows = write(job, part, loaded, folder, report)
            write_text(folder / LABELS, "".join(f"{row}\n" for row in rows))


def _write_masks(
    job: DataJob, part: str, split: LoadedSplit, folder: Path, report: Callable[[str], object]
) -> list[str]:
    """Writes the predictions of each network and the ground truth; returns the rows of `LABELS`."""

    def write(file: str, mask: NDArray[np.uint8], truth: NDArray[np.uint8]) -> str:
        write_bytes(folder / "masks" / file, encode_mask(mask))
        return _row(file, iou_targets(mask, truth, classes), presence_targets(truth, classes))

    classes, files = len(job.classes), iter(job.files(part, split.names))
    rows: list[str] = []
    with ThreadPoolExecutor(job.threads + 1) as pool:
        for predictions in itertools.chain(_predictions(job, part, split, report), [split.masks]):
            rows += pool.map(write, itertools.islice(files, len(split)), predictions, split.masks)
    return rows


def _write_pairs(
    job: DataJob, part: str, split: LoadedSplit, folder: Path, report: Callable[[str], object]
) -> list[str]:
    """Draws and writes pairs with holes; returns the rows of `LABELS`."""
    predictions = [np.stack(list(masks)) for masks in _predictions(job, part, split, report)]
    rules = AgreementRules(ignore=job.ignore, block_input=job.block_input)
    report(f"{part}: draws masks with holes")

    def write(number: int, file: str) -> str:
        copy, frame = divmod(number, len(split))
        rng = copy_random(job.seed_of_split, job.series, split.names[frame], copy)
        labels = [masks[frame] for masks in predictions]
        pair = draw_pair(split.images[frame], split.masks[frame], labels, len(job.classes), rules, rng)
        write_bytes(folder / "images" / file, encode_image(pair.image))
        write_bytes(folder / "masks" / file, encode_mask(pair.label))
        return _row(file, pair.iou, pair.presence)

    files = job.files(part, split.names)
    with ThreadPoolExecutor(job.threads + 1) as pool:
        return list(pool.map(write, range(len(files)), files))


def _predictions(
    job: DataJob, part: str, split: LoadedSplit, report: Callable[[str], object]
) -> Iterator[Iterable[NDArray[np.uint8]]]:
    """Gives the class indices that each network of a part predicts for each frame."""
    numbers = job.parts[part].labelers
    for place, number in enumerate(numbers, start=1):
        report(f"{part}: network {place} of {len(numbers)} predicts")
        yield predict(class_index_model(_load_labeler(job, job.labelers[number])), split.images)


def _load_labeler(job: DataJob, labeler: ModelFile) -> keras.Model:
    path = Path(job.base_dir) / labeler.path
    model, card = load_model(path)
    if card.size_wh != job.size_wh or card.label_map.class_of_id != job.classes.class_of_id:
        raise DataError(
            f"{path}: was trained for other classes or other images than config.ini asks for "
            f"({job.size_wh[0]}x{job.size_wh[1]} pixels); run the step that trains it again"
        )
    return model


def _row(file: str, iou: NDArray[np.float32], presence: NDArray[np.float32]) -> str:
    return ";".join([file, *(f"{value:.4f}" for value in iou), *(f"{value:.0f}" for value in presence)])


def load_rows(folder: Path, frames: Split | None, num_classes: int, threads: int) -> JudgedRows:
    """Loads the data of a part into memory.

    Args:
        folder: The folder of the part.
        frames: The split that the images belong to; None if the folder has images of its own.
        num_classes: Number of classes.
        threads: How many threads decode.

    Raises:
        DataError: If a file is missing or damaged; names it.
    """
    files, targets = _read_labels(folder / LABELS, num_classes)

    def mask_of(file: str) -> NDArray[np.uint8]:
        mask = read_mask(folder / "masks" / file)
        if (largest := int(mask[mask != IGNORE].max(initial=0))) >= num_classes:
            raise DataError(
                f"{folder / 'masks' / file}: contains class {largest}, expected at most "
                f"{num_classes - 1}; delete {folder} and start the step again"
            )
        return mask

    if frames is None:
        images, image_of = [folder / "images" / file for file in files], np.arange(len(files))
    else:
        numbers = {sample.name: number for number, sample in enumerate(frames.samples)}
        images = [sample.image for sample in frames.samples]
        image_of = np.array([numbers[_frame_of(file, numbers)] for file in files], np.int64)
    with ThreadPoolExecutor(threads) as pool:
        masks = np.stack(list(pool.map(mask_of, files)))
        return JudgedRows(np.stack(list(pool.map(read_image, images))), image_of, masks, *targets)


def _frame_of(file: str, frames: dict[str, int]) -> str:
    """Finds the frame that a mask belongs to."""
    name = Path(file).stem
    return name if name in frames else name.rpartition("___")[0]


def _read_labels(path: Path, num_classes: int) -> tuple[list[str], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    rows = [line.split(";") for line in path.read_text(encoding="utf-8").splitlines()]
    try:
        values = np.array([row[1:] for row in rows], np.float32).reshape(len(rows), _TARGETS_OF, num_classes)
    except ValueError as error:
        raise DataError(
            f"{path}: expected a file and {_TARGETS_OF * num_classes} numbers in each row; delete {path.parent} and "
            "start the step again"
        ) from error
    return [row[0] for row in rows], (values[:, 0], values[:, 1])
