"""All readers of files that may come from somebody else, each with valid files to begin from."""

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from common.config.loading import load_config
from common.config.paths import SHIPPED_CONFIG
from common.dataset.checking.check import check_data
from common.dataset.prepared.folders import PreparedDataset
from common.demo import DemoSettings, draw_demo_dataset
from common.errors import DataError, ProjectError
from common.evaluation.instances.files import find_lists, read_list
from common.evaluation.panoptic.files import read_panoptic_truth
from common.files.disk import write_bytes, write_text
from common.formats.conversion import convert, read
from common.formats.registry import FORMATS
from common.images.pictures import read_photograph
from common.labels.map_files import label_map_path, load_label_map
from common.results.reading import read_result, read_results
from tests.support.fuzzed_models import FuzzTarget, fuzz_targets
from tests.support.made_up_results import FRAMES, SIZE_WH, write_result, write_split
from tests.support.miniatures import MINIATURES, draw


@dataclass(frozen=True)
class Reader:
    """A reader under test.

    Attributes:
        name: For reports.
        root: The folder or file with valid content; the files in it are changed one at a time.
        read: Reads all of it; a ProjectError is a good answer, and so is none.
    """

    name: str
    root: Path
    read: Callable[[Path], object]

    def files(self) -> list[Path]:
        """Lists the files that can be changed, sorted."""
        return [self.root] if self.root.is_file() else sorted(path for path in self.root.rglob("*") if path.is_file())


def make_readers(folder: Path, with_models: bool = True) -> list[Reader]:
    """Draws valid files of all kinds into a folder and gives their readers; those of networks take much longer."""
    demo = folder / "demo"
    draw_demo_dataset(demo, DemoSettings(train=2, val=1, size_wh=(64, 32), seed=1))
    readers = [Reader("check_data", demo, check_data), Reader("cityscapes", demo, _load_all)]
    for name in FORMATS:
        if name != "cityscapes":
            convert(demo, path := folder / (f"{name}.zip" if name == "cvat" else name), name, workers=1)
            readers.append(Reader(name, path, _load_all))
    for name in ("KITTI semantics", "SYNTHIA", "Mapillary Vistas", "IDD", "CamVid (Kaggle)"):
        readers.append(Reader(name, draw(folder / name, MINIATURES[name][0]), _load_all))
    models = _models(folder) if with_models else []
    return [*readers, *_panoptic(folder), *_study(folder), *_small(folder), *models]


def _load_all(path: Path) -> None:
    """Reads a dataset with all pixels and photographs; raises the first error after everything was tried."""
    errors = []
    for frame in read(path):
        for load in (frame.annotation, lambda frame=frame: frame.image and read_photograph(frame.image)):
            try:
                load()
            except ProjectError as error:
                errors.append(error)
    if errors:
        raise errors[0]


def _panoptic(folder: Path) -> list[Reader]:
    return [Reader("panoptic truth", folder / "coco-panoptic", read_panoptic_truth)]


def _study(folder: Path) -> list[Reader]:
    base_dir = folder / "study"
    write_split(base_dir, "val", FRAMES)
    write_result(base_dir, ("subset", 1, 0), None)
    (result,) = (base_dir / "models").iterdir()
    return [
        Reader(
            "prepared folder", base_dir / "val", lambda path: PreparedDataset(path.parent, SIZE_WH, 42).split("val")
        ),
        Reader("check_data of a prepared folder", base_dir / "val", check_data),
        Reader("result", result, read_result),
        Reader("results", base_dir / "models", lambda path: read_results(path.parent)),
    ]


def _models(folder: Path) -> list[Reader]:
    readers = []
    for target in fuzz_targets():
        path = folder / "models" / f"{target.name}{target.suffix}"
        path.parent.mkdir(exist_ok=True)
        target.make(path)
        readers.append(Reader(target.name, path, partial(_read_model, target)))
    return readers


def _read_model(target: FuzzTarget, path: Path) -> None:
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # a checkpoint that cannot be used is said there
            target.read(path)
    except target.allowed as error:
        raise DataError(str(error)) from error


def _small(folder: Path) -> list[Reader]:
    config = folder / "config" / "config.ini"
    write_bytes(config, SHIPPED_CONFIG.read_bytes())
    label_map = folder / "label_map" / "map.csv"
    write_bytes(label_map, label_map_path("cityscapes19").read_bytes())
    lists = folder / "instances"
    write_text(lists / "a.txt", "masks/a_0.png 26 0.75\nmasks/a_1.png 24 0.5\n")
    return [
        Reader("config.ini", config, lambda path: load_config("CITYSCAPES", path)),
        Reader("label map", label_map, lambda path: load_label_map(str(path))),
        Reader("instance list", lists, lambda path: [read_list(each, path) for each in find_lists(path, "a").values()]),
    ]
