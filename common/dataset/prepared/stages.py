"""Folders that a step writes as a whole: complete and known to fit their settings, or not there.

A step fills a building folder beside the final one and renames it when it is complete, so that files of an earlier run
never mix with new ones. The manifest, written last, tells what made the folder, what its masks mean, and the size and
checksum of every file. Fingerprints of settings and inputs decide whether a folder is up to date; an interrupted build
continues if its fingerprint still matches. What was not made here is never deleted: a folder without a manifest is
refused, and a folder that somebody added files to is moved aside when it is made again.
"""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field, JsonValue, NonNegativeInt, field_validator

from common.dataset.original.truth import FINE
from common.errors import DataError
from common.files.disk import FileEntry, entry_of, fingerprint, read_json, write_json
from common.files.models import FileModel, FiniteJson, read_model
from common.files.targets import remove, unused_path
from common.labels.maps import LabelMap
from common.text import count

log = logging.getLogger(__name__)
MANIFEST = "manifest.json"
# Raised when the same settings and inputs give other files than before, so that folders made by older code are redone.
FORMAT_VERSION = 2
# What file managers leave in every folder they show.
_NOT_OURS = {".DS_Store", "Thumbs.db", "desktop.ini"}

Settings = dict[str, JsonValue]


class Manifest(FileModel):
    """The content of manifest.json.

    Attributes:
        written_by: The step, for example "step 00".
        source: The folder it was made from, relative to this one, for example "../train_full"; "" for the original.
        preparation: The PREPARATION of the images and masks.
        truth: The annotation that the masks come from, `gtFine` or `gtCoarse`.
        label_map: The classes of the masks; None if nothing says so.
        fingerprint: Of the stage that wrote the folder.
        settings: What the content depends on besides the inputs.
        inputs: Fingerprint of the inputs.
        files: Size in bytes and CRC-32 by name, for example "images/a.png".
        facts: What was measured while the folder was written; nothing depends on it.
    """

    written_by: str
    source: str
    preparation: str
    truth: str = FINE
    label_map: LabelMap | None
    fingerprint: str
    settings: dict[str, FiniteJson]
    inputs: str
    files: dict[str, tuple[NonNegativeInt, NonNegativeInt]]
    facts: dict[str, FiniteJson] = Field(default_factory=dict)

    @field_validator("settings")
    @classmethod
    def _check_size(cls, settings: Settings) -> Settings:
        size = settings.get("size_wh", [1, 1])
        if not isinstance(size, list) or len(size) != 2 or not all(isinstance(side, int) and side > 0 for side in size):
            raise ValueError("expected two numbers of pixels for size_wh")
        return settings

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height of the images in pixels; None if the settings do not say."""
        match self.settings.get("size_wh"):
            case [int(width), int(height)]:
                return width, height
        return None

    @property
    def content_fingerprint(self) -> str:
        """Digest of what the folder holds, however it came there: equal for equal settings and equal files."""
        return fingerprint([self.settings, self.files])

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the folders that the source was divided into, this one among them; () if it was not divided."""
        parts = self.settings.get("parts")
        return tuple(map(str, parts)) if isinstance(parts, list) else ()

    @property
    def copies(self) -> int | None:
        """Number of augmented copies of each image of the source; None if it was not augmented."""
        copies = self.settings.get("copies")
        return copies if isinstance(copies, int) else None

    @property
    def is_pseudo_labels(self) -> bool:
        """Whether networks made the masks."""
        return "teachers" in self.settings

    @property
    def ignores(self) -> bool:
        """Whether masks hold `IGNORE` where networks did not agree on a label, whatever the classes are."""
        rules = self.settings.get("rules")
        return isinstance(rules, dict) and rules.get("ignore") is True

    def names(self, part: str) -> list[str]:
        """Lists the names of the "images" or "masks", sorted, without their ending."""
        return sorted(Path(file).stem for file in self.files if file.startswith(f"{part}/"))


@dataclass(frozen=True)
class Stage:
    """A folder that one step writes.

    Attributes:
        folder: Where it stands when complete.
        step: The step that writes it, for example "step 00".
        settings: What the result depends on besides the inputs.
        inputs: Fingerprint of the inputs.
        source: The prepared folder it is made from; None for the original dataset.
        label_map: The classes of the masks.
        preparation: The PREPARATION of the images and masks.
        truth: The annotation that the masks come from.
    """

    folder: Path
    step: str
    settings: Settings = field(hash=False)
    inputs: str
    source: Path | None = None
    label_map: LabelMap | None = None
    preparation: str = "study"
    truth: str = FINE

    @property
    def fingerprint(self) -> str:
        """Digest of everything the content of the folder depends on."""
        return fingerprint([FORMAT_VERSION, self.folder.name, self.step, self.settings, self.inputs])

    def is_complete(self) -> bool:
        """Tells whether the folder is there, fits settings and inputs, and has all its files."""
        manifest = read_manifest(self.folder)
        return (
            manifest is not None
            and manifest.fingerprint == self.fingerprint
            and {file: size for file, (size, _) in manifest.files.items()} == list_files(self.folder)
        )

    @contextlib.contextmanager
    def build(
        self,
        expected: Iterable[str],
        known: Mapping[str, FileEntry] | None = None,
        facts: Mapping[str, JsonValue] | None = None,
    ) -> Iterator[Path]:
        """Gives a folder to fill and, when the block ends without an error, puts it in the place of the final one.

        Args:
            expected: The files there must be in the end, for example "images/name.png"; looked at when the block ends.
            known: Size and CRC-32 of files as they were written; looked at when the block ends. Others are read.
            facts: What the manifest says besides; looked at when the block ends.

        Yields:
            The building folder. It holds what an interrupted build with the same fingerprint left there.

        Raises:
            DataError: If the final folder exists and was not made by a step, or in the end files are missing or
                changed.
        """
        self._refuse_foreign()
        building = self.folder.with_name(f".{self.folder.name}.building")
        marker = building.with_name(f"{building.name}.json")
        if not _holds(marker, self.fingerprint):
            remove(building)
            write_json(marker, self.fingerprint)
        building.mkdir(exist_ok=True)
        yield building
        self._finish(building, set(expected), known or {}, facts or {})
        self._replace_by(building)
        marker.unlink()

    def _finish(
        self, building: Path, expected: set[str], known: Mapping[str, FileEntry], facts: Mapping[str, JsonValue]
    ) -> None:
        """Removes what does not belong there, makes sure that nothing is missing, writes the manifest."""
        found = list_files(building)
        for file in found.keys() - expected:
            (building / file).unlink()
        if missing := sorted(expected - found.keys()):
            raise DataError(
                f"{self.folder}: {len(missing):,} of {len(expected):,} files are missing, for example {missing[0]}; "
                f"somebody changed the folder while it was written; start {self.step} again"
            )
        files = {file: known.get(file) or entry_of(building / file) for file in sorted(expected)}
        self._refuse_changed(building, files, found)
        manifest = Manifest(
            written_by=self.step,
            source="" if self.source is None else Path(os.path.relpath(self.source, self.folder)).as_posix(),
            preparation=self.preparation,
            truth=self.truth,
            label_map=self.label_map,
            fingerprint=self.fingerprint,
            settings=self.settings,
            inputs=self.inputs,
            files=files,
            facts=dict(facts),
        )
        write_json(building / MANIFEST, manifest.model_dump(mode="json"))

    def _refuse_changed(self, building: Path, files: Mapping[str, FileEntry], found: Mapping[str, int]) -> None:
        """Removes files that something else changed after they were written, and raises DataError."""
        changed = [file for file, (size, _) in files.items() if size != found[file]]
        if changed:
            for file in changed:
                (building / file).unlink()
            first = changed[0]
            raise DataError(
                f"{self.folder}: {count(len(changed), 'file')} changed while the folder was written, for example "
                f"{first} with {found[first]:,} bytes instead of {files[first][0]:,}; find out what writes there, and "
                f"start {self.step} again, which makes only what is missing"
            )

    def _replace_by(self, building: Path) -> None:
        old = self.folder.with_name(f".{self.folder.name}.old")
        remove(old)
        if self.folder.exists():
            manifest = read_manifest(self.folder)
            if manifest and (added := sorted(list_files(self.folder).keys() - manifest.files.keys())):
                old = unused_path(self.folder.parent / "previous" / self.folder.name)
                old.parent.mkdir(exist_ok=True)
                log.warning("%s: held files of somebody else, for example %s; it is now %s", self.folder, added[0], old)
            self.folder.rename(old)
        building.rename(self.folder)
        if old.name.startswith("."):
            remove(old)

    def _refuse_foreign(self) -> None:
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise DataError(f"{self.folder}: is a link or a file, {self.step} writes a folder there; move it away")
        if self.folder.exists() and read_manifest(self.folder) is None and any(self.folder.iterdir()):
            raise DataError(
                f"{self.folder}: was not written by {self.step} (it has no {MANIFEST}) and is left as it is; "
                "move it away or choose another BASE_DIR"
            )


def read_manifest(folder: Path) -> Manifest | None:
    """Reads the manifest of a folder written by a step; None if there is none.

    Raises:
        DataError: If there is one that cannot be used; names it and says to delete the folder.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        return read_model(path, Manifest)
    except DataError as error:
        raise DataError(f"{error}; delete the folder {folder} and run its step again") from error


def list_files(folder: Path) -> dict[str, int]:
    """Lists the files below a folder, except the manifest and what file managers leave: `{"images/a.png": bytes}`."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            if name not in _NOT_OURS and file != folder / MANIFEST:
                found[file.relative_to(folder).as_posix()] = file.stat().st_size
    return dict(sorted(found.items()))


def _holds(marker: Path, value: str) -> bool:
    try:
        return marker.exists() and read_json(marker) == value
    except DataError:  # cut off by a power failure; the build then starts over
        return False
