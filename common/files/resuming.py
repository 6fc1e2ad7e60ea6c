"""Hidden folders that a stopped run leaves, and with which the next run of the same work continues.

What is made there moves into its place at the end, file by file. A stop at any moment loses nothing: a marker says what
the work was, and whether moving has begun. Knows nothing of what is made.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import DataError
from common.files.disk import read_json, write_json
from common.files.targets import remove


@dataclass(frozen=True)
class Unfinished:
    """Work that is under way.

    Attributes:
        folder: Hidden; holds what is made, also by an earlier run that was stopped.
        is_moving: Whether an earlier run had made everything and begun to move it.
    """

    folder: Path
    is_moving: bool

    def move(self, places: Mapping[Path, Path]) -> None:
        """Moves files from the hidden folder to their places, which are replaced; those moved before are left out."""
        _mark(self.folder, is_moving=True)
        for made, place in places.items():
            if made.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                made.replace(place)


@contextlib.contextmanager
def unfinished(folder: Path, work: str) -> Iterator[Unfinished]:
    """Gives the folder of some work, with what an earlier run of the same work left there; removed when it ends.

    Args:
        folder: Its hidden place; what other work left there is removed.
        work: Fingerprint of everything that what is made depends on.

    Raises:
        DataError: If another process does this work now, or nothing can be written there.
    """
    lock = FileLock(folder.with_name(f"{folder.name}.lock"), timeout=0)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise DataError(f"{folder.parent}: another process writes there; wait for it or stop it") from None
    except OSError as error:
        raise DataError(f"{folder.parent}: cannot be written: {error.strerror}; choose another place") from error
    try:
        marked = _read_mark(folder)
        if marked is None or marked.get("work") != work:
            remove(folder)
            folder.mkdir()
            write_json(_marker(folder), {"work": work})
        yield Unfinished(folder, marked is not None and marked == {"work": work, "is_moving": True})
        remove(folder)
    finally:
        if not (folder.is_dir() and any(folder.iterdir())):
            remove(folder)
            _marker(folder).unlink(missing_ok=True)
        Path(lock.lock_file).unlink(missing_ok=True)  # while it is held: nobody may take a lock that goes away
        lock.release()


def _marker(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _read_mark(folder: Path) -> dict[str, object] | None:
    try:
        found = read_json(_marker(folder)) if folder.is_dir() else None
    except DataError:  # missing, or cut off by a power failure
        return None
    return found if isinstance(found, dict) else None


def _mark(folder: Path, **more: object) -> None:
    write_json(_marker(folder), {**(_read_mark(folder) or {}), **more})
