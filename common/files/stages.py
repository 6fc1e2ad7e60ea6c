"""Folders that a step writes as a whole: complete and known to fit their settings, or not there.

A step fills a building folder beside the final one and renames it when it is complete, so that files of an earlier run
never mix with new ones. The manifest in it, written last, says what made the folder and lists every file with its size
and checksum. Fingerprints of settings and inputs decide whether a folder is up to date; a build that was interrupted is
gone on with when they still fit. What was not made here is never deleted: a folder without a manifest is refused, and a
folder that somebody added files to is moved aside when it is made anew.
"""

import contextlib
import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import DataError
from common.files.disk import checksum, fingerprint, read_json, write_json
from common.files.targets import unused_path

log = logging.getLogger(__name__)
MANIFEST = "manifest.json"
# Raised when the same settings and inputs give other files than before, so that folders made by older code are redone.
FORMAT_VERSION = 2
# What file managers leave in every folder they show.
_NOT_OURS = {".DS_Store", "Thumbs.db", "desktop.ini"}


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
        return fingerprint([FORMAT_VERSION, self.folder.name, self.step, self.settings, self.inputs])

    def is_complete(self):
        """Tells whether the folder is there, fits settings and inputs, and has all its files."""
        manifest = read_manifest(self.folder)
        return (
            manifest is not None
            and manifest["fingerprint"] == self.fingerprint
            and {file: size for file, (size, _) in manifest["files"].items()} == list_files(self.folder)
        )

    @contextlib.contextmanager
    def build(self, expected, known=None):
        """Gives a folder to fill and, when the block ends without an error, puts it in the place of the final one.

        Args:
            expected: The files there must be in the end, as "images/name.png".
            known: Size and checksum of files that need not be read for it, as in a manifest.

        Yields:
            The building folder. It holds what an interrupted build with the same fingerprint left there.

        Raises:
            DataError: If the final folder exists and was not made by a step, or files are missing in the end.
        """
        self._refuse_foreign()
        building = self.folder.with_name(f".{self.folder.name}.building")
        marker = building.with_name(f"{building.name}.json")
        if not _holds(marker, self.fingerprint):
            _remove(building)
            write_json(marker, self.fingerprint)
        building.mkdir(exist_ok=True)
        yield building
        self._finish(building, set(expected), known or {})
        self._replace_by(building)
        marker.unlink()

    def _finish(self, building, expected, known):
        """Removes what does not belong there, makes sure that nothing is missing, writes the manifest."""
        found = list_files(building)
        for file in found.keys() - expected:
            (building / file).unlink()
        if missing := sorted(expected - found.keys()):
            raise DataError(
                f"{self.folder}: {len(missing):,} of {len(expected):,} files are missing, as {missing[0]}; somebody "
                f"changed the folder while it was written; start {self.step} again"
            )
        files = {file: known.get(file) or [found[file], checksum(building / file)] for file in sorted(expected)}
        manifest = {"written_by": self.step, "fingerprint": self.fingerprint, "settings": self.settings}
        write_json(building / MANIFEST, {**manifest, "inputs": self.inputs, "files": files})

    def _replace_by(self, building):
        old = self.folder.with_name(f".{self.folder.name}.old")
        _remove(old)
        if self.folder.exists():
            if added := foreign_files(self.folder):
                old = unused_path(self.folder.parent / "previous" / self.folder.name)
                old.parent.mkdir(exist_ok=True)
                log.warning("%s: held files of somebody else, as %s; it is now %s", self.folder, added[0], old)
            self.folder.rename(old)
        building.rename(self.folder)
        if old.name.startswith("."):
            _remove(old)

    def _refuse_foreign(self):
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            raise DataError(f"{self.folder}: is a link or a file, {self.step} writes a folder there; move it away")
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
    way_out = f"delete the folder {folder} and run its step again"
    try:
        manifest = read_json(path)
    except DataError as error:
        raise DataError(f"{error}; {way_out}") from error
    try:
        sizes = [size >= 0 and crc >= 0 for size, crc in manifest["files"].values()]
        width, height = manifest["settings"].get("size_wh", (1, 1))
        whole = all(sizes) and width * height > 0 and isinstance(manifest["fingerprint"] + manifest["inputs"], str)
    except (TypeError, KeyError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise DataError(f"{path}: is no manifest of a prepared folder; {way_out}")
    return manifest


def content_fingerprint(manifest):
    """Digest of what a folder holds, however it came there: equal for equal settings and equal files."""
    return fingerprint([manifest["settings"], manifest["files"]])


def list_files(folder):
    """Lists the files below a folder, but the manifest and what file managers leave: `{"images/a.png": bytes}`."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            if name not in _NOT_OURS and file != Path(folder, MANIFEST):
                found[file.relative_to(folder).as_posix()] = file.stat().st_size
    return dict(sorted(found.items()))


def foreign_files(folder):
    """Lists the files of a folder with a manifest that the manifest does not know."""
    manifest = read_manifest(folder)
    return sorted(list_files(folder).keys() - manifest["files"].keys()) if manifest else []


def _holds(marker, value):
    try:
        return marker.exists() and read_json(marker) == value
    except DataError:  # cut off by a power failure; the building is then started over
        return False


def _remove(folder):
    if folder.exists():
        shutil.rmtree(folder)


@contextlib.contextmanager
def only_one(base_dir, name):
    """Holds a lock, so that a step is not run twice at the same time on the same data.

    Raises:
        DataError: If another process holds it, or BASE_DIR cannot be written to.
    """
    folder = Path(base_dir) / ".locks"
    lock = FileLock(folder / f"{name}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"{base_dir}: {name} is running already in another process; wait for it or stop it") from None
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written: {error.strerror}; check the permissions or set another BASE_DIR"
        ) from error
    try:
        yield
    finally:
        lock.release()
