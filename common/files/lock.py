"""A lock, so that a step is not run twice at the same time on the same data."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from common.errors import DataError


@contextlib.contextmanager
def only_one(base_dir: Path, name: str) -> Iterator[None]:
    """Holds the lock of a step while the block runs.

    Raises:
        DataError: If another process holds it, or BASE_DIR cannot be written to.
    """
    folder = base_dir / ".locks"
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
