"""Folders that a step writes as a whole: complete and known to fit their settings, or not there.

A step fills a building folder beside the final one and renames it when it is complete, so that files of an earlier run
never mix with new ones. The manifest in it, written last, says what made the folder and lists every file with its size.
Fingerprints of settings and inputs decide whether a folder is up to date; a build that was interrupted is gone on with
when they still fit. A folder without a manifest was not made here and is never touched.
"""

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import DataError
from common.files import fingerprint, read_json, write_json

MANIFEST = "manifest.json"

# Raised when the same settings and inputs give other files than before, so that folders made by older code are redone.
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Stage:
    """A folder that one step writes.

    Attributes:
        folder: Where it stands when complete.
        step: The step that writes it, as in "step 00".
        settings: What the result depends on besides the inputs; JSON-able.
        inputs: Fingerprint of the inputs.
    """

    folder: Path
    step: str
    settings: dict = field(hash=False)
    inputs: str

    @property
    def fingerprint(self):
        """Digest of everything the content of the folder depends on."""
        return fingerprint([FORMAT_VERSION, self.step, self.settings, self.inputs])

    def is_complete(self):
        """Tells whether the folder is there, fits settings and inputs, and has all its files."""
        manifest = read_manifest(self.folder)
        return (
            manifest is not None
            and manifest["fingerprint"] == self.fingerprint
            and manifest["files"] == _list_files(self.folder)
        )

    @contextlib.contextmanager
    def build(self):
        """Gives a folder to fill and, when the block ends without an error, puts it in the place of the final one.

        Yields:
            The building folder. It holds what an interrupted build with the same fingerprint left there.

        Raises:
            DataError: If the final folder exists and was not made by a step.
        """
        self._refuse_foreign()
        building = self.folder.with_name(f".{self.folder.name}.building")
        old = self.folder.with_name(f".{self.folder.name}.old")
        marker = building.with_name(f"{building.name}.json")
        if not (marker.exists() and read_json(marker) == self.fingerprint):
            _remove(building)
            write_json(marker, self.fingerprint)
        building.mkdir(exist_ok=True)
        yield building
        _remove_leftovers(building)
        write_json(building / MANIFEST, self._manifest(building))
        _remove(old)
        if self.folder.exists():
            self.folder.rename(old)
        building.rename(self.folder)
        _remove(old)
        marker.unlink()

    def _manifest(self, building):
        return {
            "written_by": self.step,
            "fingerprint": self.fingerprint,
            "settings": self.settings,
            "inputs": self.inputs,
            "files": _list_files(building),
        }

    def _refuse_foreign(self):
        if self.folder.exists() and read_manifest(self.folder) is None and any(self.folder.iterdir()):
            raise DataError(
                f"{self.folder}: was not written by {self.step} (it has no {MANIFEST}) and is left as it is; "
                "move it away or choose another BASE_DIR"
            )


def read_manifest(folder):
    """Reads the manifest of a folder written by a step; None if there is none.

    Raises:
        DataError: If there is one that cannot be used; names it and says to delete the folder.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        return None
    manifest = read_json(path)
    if not isinstance(manifest, dict) or not {"fingerprint", "files", "settings", "inputs"} <= manifest.keys():
        raise DataError(f"{path}: is no manifest of a prepared folder; delete the folder {folder} and start again")
    return manifest


def _list_files(folder):
    """Lists all files below a folder but the manifest: `{"images/name.png": size in bytes}`, sorted."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            if file != Path(folder, MANIFEST):
                found[file.relative_to(folder).as_posix()] = file.stat().st_size
    return dict(sorted(found.items()))


def _remove_leftovers(folder):
    """Removes the temporary files that a killed process left behind."""
    for path, _, names in os.walk(folder):
        for name in names:
            if name.startswith("."):
                Path(path, name).unlink()


def _remove(folder):
    if folder.exists():
        shutil.rmtree(folder)


@contextlib.contextmanager
def only_one(base_dir, name):
    """Holds a lock, so that a step is not run twice at the same time on the same data.

    Raises:
        DataError: If another process holds it.
    """
    folder = Path(base_dir) / ".locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{base_dir}: cannot be written: {error.strerror}; set BASE_DIR in config.ini") from error
    lock = FileLock(folder / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"{base_dir}: {name} is running already in another process; wait for it or stop it") from None
    try:
        yield
    finally:
        lock.release()
