"""Examples of pseudo-labels: photograph with the inconsistency mask in black, ground truth and label, by generation."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from common.errors import DataError
from common.images.png import read_image, read_mask
from common.labels.cityscapes import IGNORE
from common.pages.gallery import Gallery, GalleryFrame, Prediction
from common.report.material import Material
from common.results.generations import ChainOfGenerations, label_folder

_MOST_CHAINS, _FRAMES = 4, 2
_SOURCE = "train_unlabeled"


def label_gallery(material: Material, chains: Sequence[ChainOfGenerations]) -> Gallery | None:
    """Makes the gallery of a few frames with the labels of each generation; None if no folder is there."""
    if material.frames <= 0:
        return None
    frames = [frame for chain in _first_of_each(chains) for frame in _frames_of(material.base_dir, chain)]
    label_map = chains[0].generations[0].results[0].label_map
    return Gallery(label_map.names, label_map.colors, tuple(frames), "") if frames else None


def _first_of_each(chains: Sequence[ChainOfGenerations]) -> list[ChainOfGenerations]:
    """Takes one chain of each method, those with inconsistency masks first."""
    label_map = chains[0].generations[0].results[0].label_map
    one_of_each = list({chain.approach: chain for chain in reversed(chains)}.values())
    fitting = [chain for chain in reversed(one_of_each) if chain.generations[0].results[0].label_map == label_map]
    return sorted(fitting, key=lambda chain: chain.generations[0].mean_fact("mean_im_size", _SOURCE) is None)[
        :_MOST_CHAINS
    ]


def _frames_of(base_dir: Path, chain: ChainOfGenerations) -> Iterator[GalleryFrame]:
    names: list[str] = []
    for generation in chain.generations:
        pseudo = generation.results[0].job.pseudo
        folder = label_folder(base_dir, pseudo) if pseudo else None
        if folder is None or not (folder / "masks").is_dir():
            continue
        names = names or _spread_out(sorted(path.stem for path in (folder / "masks").glob("*.png")))
        classes = len(generation.results[0].label_map)
        for name in names:
            frame = _frame(base_dir, folder, name, f"{chain.title}, generation {generation.number}: {name}", classes)
            if frame is not None:
                yield frame


def _spread_out(names: Sequence[str]) -> list[str]:
    """Chooses a few names at equal distances."""
    return [names[(2 * place + 1) * len(names) // (2 * _FRAMES)] for place in range(min(_FRAMES, len(names)))]


def _frame(base_dir: Path, folder: Path, name: str, title: str, classes: int) -> GalleryFrame | None:
    """Reads one frame; None if a file of it is missing or cannot be used."""
    try:
        photo = read_image(base_dir / _SOURCE / "images" / f"{name}.png")
        truth = read_mask(base_dir / _SOURCE / "masks" / f"{name}.png")
        label = read_mask(folder / "masks" / f"{name}.png")
        of_im = folder / "im" / f"{name}.png"
        mask = read_mask(of_im) if of_im.is_file() else np.zeros_like(label)
    except DataError:
        return None
    shapes = {photo.shape[:2], truth.shape, label.shape, mask.shape}
    if len(shapes) > 1 or max(int(one[one != IGNORE].max(initial=0)) for one in (truth, label)) >= classes:
        return None
    photo, label = photo.copy(), np.where(label == IGNORE, 0, label).astype(np.uint8)
    photo[mask > 0] = 0
    return GalleryFrame(title, photo, truth, (Prediction("pseudo-label", label),))
