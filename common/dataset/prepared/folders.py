"""The prepared folders below BASE_DIR: which there are, what made each, and whether it can be used.

A prepared folder has `images` and `masks` of the same names, and a manifest that tells which step wrote it, from which
folder and with which classes; the names of folders mean nothing here. It can be used if it fits its manifest, the
manifest fits config.ini, and the folder was made from what its source holds now.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from common.config.settings import DatasetConfig
from common.dataset.prepared.stages import MANIFEST, Manifest, Settings, Stage, list_files, read_manifest
from common.errors import DataError
from common.files.disk import FileEntry
from common.files.places import absolute_path
from common.labels.maps import LabelMap, study_label_map

FOLDERS = ("images", "masks")
# Only for the message about a folder that is not there; what is there has a manifest.
_USUAL_STEP = {"train_full": "step 00", "val_test": "step 00", "train_labeled_aug": "step 04"} | dict.fromkeys(
    ("train_labeled", "train_unlabeled", "val", "test"), "step 01"
)


def files_of(names: Iterable[str]) -> list[str]:
    """Lists the files of a prepared folder, for example "images/a.png" and "masks/a.png" for the name "a.png"."""
    return [f"{part}/{name}" for name in names for part in FOLDERS]


@dataclass(frozen=True)
class PreparedFolder:
    """A prepared folder that was found; only its manifest was read.

    Attributes:
        path: The folder, absolute.
        manifest: None if there is none that can be used.
        problem: Why there is none, as a sentence that names the file; "" if there is one.
    """

    path: Path
    manifest: Manifest | None
    problem: str = ""

    @classmethod
    def open(cls, path: Path) -> "PreparedFolder":
        """Reads the manifest of a folder."""
        path = absolute_path(path)
        try:
            manifest = read_manifest(path)
        except DataError as error:
            return cls(path, None, str(error))
        missing = f"{path}: has no {MANIFEST}, so no step has completed it; move it away and run its step again"
        return cls(path, manifest, "" if manifest else missing)

    @property
    def name(self) -> str:
        """Name of the folder, for example "train_labeled"."""
        return self.path.name

    @property
    def has_manifest(self) -> bool:
        """Whether there is a manifest, even one that cannot be used."""
        return (self.path / MANIFEST).is_file()

    @property
    def source(self) -> Path | None:
        """The folder it was made from; None for the original dataset, or if nothing says so."""
        if self.manifest is None or not self.manifest.source:
            return None
        return Path(os.path.normpath(self.path / self.manifest.source))

    @property
    def label_map(self) -> LabelMap:
        """The classes of the masks; the study's if nothing says so."""
        label_map = self.manifest.label_map if self.manifest else None
        return study_label_map() if label_map is None else label_map


def is_prepared_folder(path: Path) -> bool:
    """Tells whether a folder has `images` and `masks`, or one of them and a manifest."""
    found = [(path / part).is_dir() for part in FOLDERS]
    return all(found) or (any(found) and (path / MANIFEST).is_file())


def find_folders(path: Path) -> list[PreparedFolder]:
    """Finds the prepared folder at a path, or those in it if it is a BASE_DIR, in the order the steps write them.

    A folder is a BASE_DIR if a folder in it has a manifest. Empty if it is neither.
    """
    if is_prepared_folder(path):
        return [PreparedFolder.open(path)]
    if not path.is_dir():
        return []
    inside = [each for each in path.iterdir() if not each.name.startswith(".") and is_prepared_folder(each)]
    if not any((each / MANIFEST).is_file() for each in inside):
        return []
    return sorted(map(PreparedFolder.open, inside), key=_order)


def is_prepared(path: Path) -> bool:
    """Tells whether a path is a BASE_DIR with prepared folders, or one of those."""
    return bool(find_folders(path))


def _order(folder: PreparedFolder) -> tuple[str, str, int, str]:
    if folder.manifest is None:
        return "unknown", "", 0, folder.name
    parts = folder.manifest.parts
    place = parts.index(folder.name) if folder.name in parts else 0
    return folder.manifest.written_by, folder.manifest.source, place, folder.name


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
        name: Its path below BASE_DIR, for example "train_labeled".
        root: The folder with `images` and `masks`.
        samples: Sorted by name.
        fingerprint: Of the content: settings, names and checksums.
        size_wh: Width and height of every image, in pixels.
        label_map: The classes of the masks.
        preparation: The PREPARATION of images and masks.
        truth: The annotation that the masks come from.
        files: Size and checksum of every file, by name as in the manifest.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    fingerprint: str
    size_wh: tuple[int, int]
    label_map: LabelMap
    preparation: str
    truth: str
    files: dict[str, FileEntry] = field(hash=False, repr=False)

    def __len__(self) -> int:
        return len(self.samples)

    def stage(self, folder: Path, step: str, settings: Settings) -> Stage:
        """Describes a folder that a step makes from this split, with images of the same size and the same classes."""
        settings = {**settings, "size_wh": [*self.size_wh]}
        # Folders with the study's classes had their fingerprints before there were others.
        if self.label_map.class_of_id != study_label_map().class_of_id:
            settings["class_of_id"] = [*self.label_map.class_of_id]
        return Stage(folder, step, settings, self.fingerprint, self.root, self.label_map, self.preparation, self.truth)


@dataclass(frozen=True)
class PreparedDataset:
    """The prepared folders of one dataset.

    Attributes:
        base_dir: BASE_DIR.
        size_wh: The size config.ini asks for, in pixels.
        seed: The seed config.ini asks for.
        label_map: The classes config.ini asks for.
        preparation: The PREPARATION config.ini asks for.
        truth: The TRUTH config.ini asks for; None takes what is there.
    """

    base_dir: Path
    size_wh: tuple[int, int]
    seed: int
    label_map: LabelMap = field(default_factory=study_label_map)
    preparation: str = "study"
    truth: str | None = None

    @classmethod
    def of(cls, dataset: DatasetConfig, seed: int) -> "PreparedDataset":
        """Takes what it needs from the values of config.ini."""
        return cls(dataset.base_dir, dataset.size_wh, seed, dataset.label_map, dataset.preparation, dataset.truth)

    @classmethod
    def found_at(cls, folder: Path) -> "PreparedDataset":
        """Takes what the manifest of one folder says, where no config.ini asks for anything; raises as `split`."""
        manifest = read_manifest(folder)
        if manifest is None:  # `split` says so
            return cls(folder.parent, (0, 0), 0)
        if manifest.size_wh is None:
            raise DataError(f"{folder / MANIFEST}: has no size_wh in its settings; run {manifest.written_by} again")
        label_map, seed = PreparedFolder(folder, manifest).label_map, manifest.settings.get("seed")
        seed = seed if isinstance(seed, int) else 0
        return cls(folder.parent, manifest.size_wh, seed, label_map, manifest.preparation, manifest.truth)

    def split(self, name: str) -> Split:
        """Reads and checks one prepared folder.

        Args:
            name: Its path below BASE_DIR, for example "train_labeled".

        Raises:
            DataError: If it is missing, incomplete or out of date; says which step to run.
        """
        folder = self.base_dir / name
        manifest = read_manifest(folder)
        if manifest is None:
            step = _USUAL_STEP.get(name, "the step that writes it")
            found = "no such folder"
            if folder.exists():
                found = f"was not written by a step of this project (it has no {MANIFEST}); move it away"
            raise DataError(f"{folder}: {found}; run {step} first")
        again = f"run {manifest.written_by} again"
        self._check(folder, manifest, again)
        samples = _pair(folder, manifest, again)
        fingerprint = manifest.content_fingerprint
        what = self.size_wh, self.label_map, self.preparation, manifest.truth
        return Split(name, folder, samples, fingerprint, *what, manifest.files)

    def _check(self, folder: Path, manifest: Manifest, again: str) -> None:
        if manifest.size_wh != self.size_wh:
            raise DataError(
                f"{folder}: holds images of {_size(manifest.size_wh or (0, 0))}, config.ini asks for "
                f"{_size(self.size_wh)}; run the steps from 00 on again or correct IMAGE_WIDTH and IMAGE_HEIGHT"
            )
        # Before the classes: after step 00 with other classes, only the later steps are to be run again.
        _check_source(PreparedFolder(folder, manifest), again)
        if manifest.label_map is not None and manifest.label_map.class_of_id != self.label_map.class_of_id:
            raise DataError(
                f"{folder}: was made with another LABEL_MAP than config.ini asks for; run the steps from 00 on again "
                "or correct LABEL_MAP"
            )
        for key, found, wanted in (
            ("PREPARATION", manifest.preparation, self.preparation),
            ("TRUTH", manifest.truth, self.truth),
        ):
            if wanted not in (None, found):
                raise DataError(
                    f"{folder}: was made with {key} = {found}, config.ini asks for {wanted}; run the steps from 00 on "
                    f"again or correct {key}"
                )
        if (seed := manifest.settings.get("seed", self.seed)) != self.seed:
            raise DataError(f"{folder}: was made with SEED = {seed}, config.ini says {self.seed}; {again}")


def _check_source(folder: PreparedFolder, again: str) -> None:
    """Refuses a folder made from an older source; the source may be deleted to save disk space."""
    source = read_manifest(folder.source) if folder.source else None
    if folder.source and source and folder.manifest and source.content_fingerprint != folder.manifest.inputs:
        raise DataError(f"{folder.path}: was made from an older {folder.source.name}; {again}")


def _size(size_wh: tuple[int, int]) -> str:
    return f"{size_wh[0]}x{size_wh[1]}"


def _pair(folder: Path, manifest: Manifest, again: str) -> tuple[Sample, ...]:
    present = list_files(folder)
    for file, (size, _) in manifest.files.items():
        found = present.pop(file, None)
        if found != size:
            state = "is missing" if found is None else f"has {found} bytes, {size} were written"
            raise DataError(f"{folder / file}: {state}; {again}")
    if present:
        raise DataError(
            f"{folder / next(iter(present))}: was put there by somebody else; move it out of {folder.name}, so that it "
            "is not trained on"
        )
    return tuple(
        Sample(name, folder / "images" / f"{name}.png", folder / "masks" / f"{name}.png")
        for name in manifest.names("images")
    )
