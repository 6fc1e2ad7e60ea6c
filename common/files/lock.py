"""Locks of a BASE_DIR: no step runs twice at a time, and none changes the prepared folders while others read them."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, ReadWriteLock, Timeout

from common.errors import DataError

_FOLDER = ".locks"
_MOMENT = 0.3


@contextlib.contextmanager
def only_one(base_dir: Path, name: str, prepares: bool = False) -> Iterator[None]:
    """Holds the locks of a step while the block runs.

    Args:
        base_dir: BASE_DIR.
        name: Of the step, for example "step_03"; it runs once at a time.
        prepares: Whether it changes the prepared folders, which all other steps read; then it runs alone.

    Raises:
        DataError: If other processes hold what it needs; names their steps. Or BASE_DIR cannot be written to.
    """
    with contextlib.ExitStack() as held:
        try:
            _hold(held, base_dir, name, prepares)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(
                f"{base_dir / _FOLDER}: cannot be written: {reason}; check the permissions or set another BASE_DIR"
            ) from error
        yield


def _hold(held: contextlib.ExitStack, base_dir: Path, name: str, prepares: bool) -> None:
    folder = base_dir / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Another step that looks who runs (see `_running`) holds it for a moment.
        held.enter_context(FileLock(folder / f"{name}.lock", timeout=_MOMENT))
    except Timeout:
        raise DataError(f"{base_dir}: {name} is running already in another process; wait for it or stop it") from None
    data = ReadWriteLock(folder / "prepared_folders.db", blocking=False, is_singleton=False)
    held.callback(data.close)
    try:
        held.enter_context(data.write_lock() if prepares else data.read_lock())
    except Timeout:
        others = ", ".join(_running(folder, name)) or "another step"
        why = f"reads the prepared folders, which {name} may change" if prepares else "is changing the prepared folders"
        raise DataError(f"{base_dir}: {others} is running and {why}; wait for it or stop it") from None


def _running(folder: Path, name: str) -> Iterator[str]:
    """Names the steps that other processes run now."""
    for path in sorted(folder.glob("*.lock")):
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            if path.stem != name:
                yield path.stem
