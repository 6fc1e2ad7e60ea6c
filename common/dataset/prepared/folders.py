"""The prepared folders below BASE_DIR: which there are, which step writes each, and what makes one usable.

A split is a folder with `images` and `masks` of the same names. It is usable when its manifest fits: all files there,
the size that config.ini says, and made from what its source folder holds now.
"""

from dataclasses import dataclass, field
from pathlib import Path

from common.errors import DataError
from common.files.stages import MANIFEST, content_fingerprint, list_files, read_manifest
from common.labels.maps import LabelMap, study_label_map


def is_prepared(source):
    """Tells whether a path is a BASE_DIR with prepared folders, or one of those."""
    return bool(_is_folder(Path(source)) or _folders_of(Path(source)))


def _is_folder(path):
    return path.is_dir() and ((path / MANIFEST).is_file() or all((path / part).is_dir() for part in FOLDERS))


def _folders_of(base_dir):
    if not base_dir.is_dir():
        return {}
    return {name: base_dir / name for name in STEP_OF_SPLIT if _is_folder(base_dir / name)}


FOLDERS = ("images", "masks")
STEP_OF_SPLIT = {
    "train_full": "00",
    "val_test": "00",
    "train_labeled": "01",
    "train_unlabeled": "01",
    "val": "01",
    "test": "01",
    "train_labeled_aug": "04",
}
SOURCE_OF_SPLIT = {
    "train_labeled": "train_full",
    "train_unlabeled": "train_full",
    "val": "val_test",
    "test": "val_test",
    "train_labeled_aug": "train_labeled",
}


@dataclass(frozen=True)
class Sample:
    """One prepared image and its mask."""

    name: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Split:
    """A prepared folder that was checked.

    Attributes:
        root: The folder with `images` and `masks`.
        samples: Sorted by name.
        fingerprint: Of the content: settings, names and checksums.
        size_wh: Width and height of every image, in pixels.
        class_of_id: Class index by label id in the masks; None for the classes of the study.
    """

    root: Path
    samples: tuple[Sample, ...]
    fingerprint: str
    size_wh: tuple[int, int]
    class_of_id: tuple[int, ...] | None = None

    @property
    def name(self):
        """Name of the folder, as `train_labeled`."""
        return self.root.name

    def __len__(self):
        return len(self.samples)


@dataclass(frozen=True)
class PreparedDataset:
    """The prepared folders of one dataset.

    Attributes:
        base_dir: BASE_DIR.
        size_wh: The size config.ini asks for, in pixels.
        seed: The seed config.ini asks for.
        label_map: The classes config.ini asks for.
        preparation: The PREPARATION config.ini asks for.
    """

    base_dir: Path
    size_wh: tuple[int, int]
    seed: int
    label_map: LabelMap = field(default_factory=study_label_map)
    preparation: str = "study"

    @classmethod
    def of(cls, dataset, seed):
        """Takes what it needs from a `DatasetConfig` and the seed."""
        return cls(dataset.base_dir, dataset.size_wh, seed, dataset.label_map, dataset.preparation)

    def split(self, name):
        """Reads and checks one split.

        Raises:
            DataError: If it is missing, incomplete or out of date; says which step to run.
        """
        folder = self.base_dir / name
        again = f"run step {STEP_OF_SPLIT[name]} again"
        manifest = read_manifest(folder)
        if manifest is None:
            raise DataError(f"{folder}: {self._why_missing(folder)}; run step {STEP_OF_SPLIT[name]} first")
        settings = manifest["settings"]
        found = settings.get("size_wh", (0, 0))
        if tuple(found) != self.size_wh:
            raise DataError(
                f"{folder}: holds images of {_size(found)}, config.ini asks for {_size(self.size_wh)}; "
                f"run the steps from 00 on again or correct IMAGE_WIDTH and IMAGE_HEIGHT"
            )
        sources = reversed(list(_settings_of_sources(folder)))
        made_with = {key: value for _, found in sources for key, value in found.items()}
        class_of_id = made_with.get("class_of_id")
        if class_of_id is not None and tuple(class_of_id) != self.label_map.class_of_id:
            raise DataError(
                f"{folder}: was made with another LABEL_MAP than config.ini asks for; run the steps from 00 on again "
                "or correct LABEL_MAP"
            )
        prepared = made_with.get("preparation", "study")
        if prepared != self.preparation:
            raise DataError(
                f"{folder}: was made with PREPARATION = {prepared}, config.ini asks for {self.preparation}; run the "
                "steps from 00 on again or correct PREPARATION"
            )
        if settings.get("seed", self.seed) != self.seed:
            raise DataError(f"{folder}: was made with SEED = {settings['seed']}, config.ini says {self.seed}; {again}")
        self._check_source(name, manifest, again)
        samples = _pair(folder, manifest["files"], again)
        class_of_id = self.label_map.class_of_id
        if class_of_id == study_label_map().class_of_id:
            class_of_id = None
        return Split(folder, samples, content_fingerprint(manifest), self.size_wh, class_of_id)

    def _why_missing(self, folder):
        if not folder.exists():
            return "no such folder"
        return "was not written by a step of this project (it has no manifest.json); move it away"

    def _check_source(self, name, manifest, again):
        source = SOURCE_OF_SPLIT.get(name)
        current = read_manifest(self.base_dir / source) if source else None
        if current is not None and content_fingerprint(current) != manifest["inputs"]:
            raise DataError(f"{self.base_dir / name}: was made from an older {source}; {again}")


def find_setting(folder, key):
    """Finds what a prepared folder was made with, in its own manifest or that of one it was made from.

    Args:
        folder: The prepared folder.
        key: Of the manifest's settings, as "class_of_id".

    Returns:
        The value as the manifest has it, not checked, and the folder of the manifest; None and None if none says it.

    Raises:
        DataError: If a manifest is damaged; names it.
    """
    return next(((found[key], place) for place, found in _settings_of_sources(folder) if key in found), (None, None))


def _settings_of_sources(folder):
    """Reads the settings a prepared folder was made with, then those of the one it was made from, and so on."""
    name = folder.name
    while name is not None:
        place = folder.parent / name
        manifest = read_manifest(place)
        if manifest is not None:
            yield place, manifest["settings"]
        name = SOURCE_OF_SPLIT.get(name)


def _size(size_wh):
    return f"{size_wh[0]}x{size_wh[1]}"


def _pair(folder, files, again):
    present = list_files(folder)
    for file, (size, _) in files.items():
        found = present.pop(file, None)
        if found != size:
            state = "is missing" if found is None else f"has {found} bytes, {size} were written"
            raise DataError(f"{folder / file}: {state}; {again}")
    if present:
        raise DataError(
            f"{folder / next(iter(present))}: was put there by somebody else; move it out of {folder.name}, so that it "
            "is not trained on"
        )
    names = sorted(Path(file).stem for file in files if file.startswith("images/"))
    return tuple(Sample(name, folder / "images" / f"{name}.png", folder / "masks" / f"{name}.png") for name in names)
