"""New files and folders: complete or not there, and never in the place of what somebody else made.

They are written under a hidden name beside their place and renamed when complete. What stands there already is refused
or moved aside; it is deleted only if the caller recognises it as its own. Knows nothing of what is written.
"""

import contextlib
import glob
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from common.engines.processes import is_running
from common.errors import ConfigError, DataError
from common.files.disk import cannot_be_written, shortened

# For a dot, the process, ".building", and the ten letters of an atomic file.
_ROOM_FOR_PROCESS = 40


def absolute(path: Path) -> Path:
    """Makes a path absolute and takes `..` out of it; a link at its end stays a link."""
    path = path.absolute()
    return path.resolve() if path.name == ".." else path.parent.resolve() / path.name


def refuse_nested(source: Path, target: Path) -> None:
    """Raises DataError if one path is inside the other, or both are the same."""
    source, target = source.resolve(), target.resolve()
    if source == target or source in target.parents or target in source.parents:
        raise DataError(f"{target}: source and target must not lie inside each other; choose another target")


def check_new_target(
    path: Path, overwrite: bool = False, ending: str = "", is_ours: Callable[[Path], bool] | None = None
) -> None:
    """Refuses a place where a new file or folder must not be written; worth asking before long work.

    Args:
        path: Where the file or folder is wanted.
        overwrite: Allows that what is there is moved aside.
        ending: How the name of a file ends, for example ".zip"; "" for a folder.
        is_ours: Tells whether what is there was made by the caller and may be deleted, even without `overwrite`.

    Raises:
        DataError: If something is there that may not be deleted or moved.
        ConfigError: If the name has another ending.
    """
    path = absolute(path)
    if ending and path.suffix.lower() != ending:
        raise ConfigError(f"{path}: expected a file name ending in {ending}")
    if not _is_there(path) or (is_ours is not None and is_ours(path)):
        return
    if not overwrite:
        raise DataError(f"{path}: is there already; choose another place, or --overwrite to move it aside")
    if not path.is_symlink() and path.is_dir() == bool(ending):
        raise DataError(f"{path}: is a {'folder' if ending else 'file'}; choose another place")
    if path in (Path.home(), Path.cwd(), *Path.home().parents, *Path.cwd().parents):
        raise DataError(f"{path}: is the folder you work in or one around it, which is not moved; choose another place")


def check_can_write(path: Path) -> None:
    """Refuses a new file or folder where nothing can be written; worth asking before long work.

    Folders above it may be missing. A file without a name is written in the nearest folder that is there.

    Raises:
        DataError: If no file can have this name, or none can be written; names the folder.
    """
    place = absolute(path)
    try:
        while not _is_status_known(place):
            place = place.parent
        folder = place if place.is_dir() else place.parent
        if not place.is_dir() and place != absolute(path):
            raise DataError(f"{path}: cannot be written: {place} is a file, expected a folder; choose another place")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_be_written(path, error) from error


def _is_status_known(path: Path) -> bool:
    """Tells whether something is there; raises OSError for a name that none can have."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


@contextlib.contextmanager
def building(
    path: Path, overwrite: bool = False, ending: str = "", is_ours: Callable[[Path], bool] | None = None
) -> Iterator[Path]:
    """Gives a hidden place beside `path` that takes its place when the block ends without an error.

    The arguments are those of `check_new_target`. What is at `path` is deleted if it is ours, else moved aside.

    Yields:
        A new folder, or the path for a file. It is removed after an error, and by a later run if this one is killed.

    Raises:
        ProjectError: As `check_new_target` does; DataError also if something cannot be written.
    """
    path = absolute(path)
    check_new_target(path, overwrite, ending, is_ours)
    hidden = path.with_name(f"{_hidden_start(path)}{os.getpid()}.building")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in _left_by_killed_runs(path):
            remove(old)
        if not ending:
            hidden.mkdir()
        yield hidden
        check_new_target(path, overwrite, ending, is_ours)  # another run may have been faster
        if _is_there(path):
            if is_ours is not None and is_ours(path):
                remove(path)
            else:
                move_aside(path)
        hidden.rename(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}; choose another place") from error
    finally:
        with contextlib.suppress(OSError):
            remove(hidden)


def move_aside(path: Path) -> None:
    """Renames a file or folder to a name that is free: `path` with _1, _2, ... at its end."""
    path.rename(unused_path(path))


def unused_path(path: Path) -> Path:
    """Finds a path that is not there yet: `path` with _1, _2, ... at its end."""
    number = 1
    while Path(f"{path}_{number}").exists():
        number += 1
    return Path(f"{path}_{number}")


def remove(path: Path) -> None:
    """Deletes a file, a link or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _hidden_start(path: Path) -> str:
    """Begins the hidden name of a target; the number of the process, and what a file in its place adds, fit behind."""
    node = f".{platform.node()}."
    return f".{shortened(path.name, len(os.fsencode(node)) + _ROOM_FOR_PROCESS)}{node}"


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)  # a link that leads nowhere is there; a name that none can have is not


def _left_by_killed_runs(path: Path) -> Iterator[Path]:
    """Finds what processes of this machine left of a target when they were killed."""
    start = _hidden_start(path)
    # A file that is written atomically to the hidden place has another dot before its name and a random part after it.
    for old in path.parent.glob(f"*{glob.escape(start)}*.building"):
        before, _, rest = old.name.partition(start)
        process = rest.partition(".")[0]
        if before in ("", ".") and process.isdigit() and int(process) != os.getpid() and not is_running(int(process)):
            yield old
