"""Files that are either whole or not there: atomic writes, JSON, links, safe zip members."""

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
import zlib
from pathlib import Path

from common.errors import DataError


@contextlib.contextmanager
def atomic_path(path, durable=False):
    """Gives a temporary path beside `path` that takes its place when the block ends without an error.

    Args:
        path: The file to be written. Its folder is made if needed.
        durable: Waits until the content is on the disk before it takes its place, so that a power cut cannot leave an
            empty file under a good name.

    Yields:
        The path to write to. A file left there by an error is removed; `path` itself is then untouched.

    Raises:
        DataError: If the disk is full, the folder may not be written to, or what stands at `path` is no ordinary file,
            as a folder or a device.
    """
    path = Path(path)
    if not path.name or (path.exists() and not path.is_file()):
        raise DataError(f"{str(path)!r}: is no place for a file; give the name of a new file or of one to replace")
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_error(path, error):
    reasons = {
        errno.ENOSPC: "the disk is full; free some space and start again",
        errno.EDQUOT: "the disk quota is used up; free some space and start again",
        errno.EACCES: "no permission to write there; choose another BASE_DIR or change the permissions",
        errno.EROFS: "the disk is read-only; choose another BASE_DIR",
        errno.ENOTDIR: "a part of this path is a file, a folder was expected",
        errno.EEXIST: "a part of this path is a file, a folder was expected",
    }
    return DataError(f"{path}: cannot be written: {reasons.get(error.errno, error.strerror or error)}")


def write_bytes(path, data, durable=False):
    """Writes `data` to `path` atomically; raises DataError as `atomic_path` does."""
    with atomic_path(path, durable) as temporary:
        temporary.write_bytes(data)


def write_text(path, text):
    """Writes `text` to `path` atomically as UTF-8 with Unix line ends; raises DataError as `atomic_path` does.

    File names that are no UTF-8 keep their bytes.
    """
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_json(path, value):
    """Writes `value` to `path` atomically as strict JSON (no NaN), indented, and waits until it is on the disk."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii"), durable=True)


def read_json(path):
    """Reads a JSON file.

    Raises:
        DataError: If the file is missing, cannot be read or is no JSON; names the file and the place.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        raise DataError(f"{path}: is no valid JSON: {error}") from error


def read_text(source, largest):
    """Reads a text file that somebody else wrote: UTF-8, with or without a mark at its start.

    Args:
        source: Something with `read_bytes()` and a name as text, as a `Path`.
        largest: The most bytes it may have.

    Raises:
        DataError: If it is missing, too large, or no UTF-8; names it.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror or error}") from error
    if len(data) > largest:
        raise DataError(f"{source}: has {len(data):,} bytes, at most {largest:,} were expected of such a file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: is no text in UTF-8 (byte {error.start:,}); save it as UTF-8") from error


def walk_files(root, ignored=()):
    """Yields the files below a folder, hidden ones left out, sorted in every folder; links are followed.

    A folder that links lead to twice, as one above itself, counts once.

    Args:
        root: The folder.
        ignored: Names of folders that are left out.

    Raises:
        DataError: If a folder cannot be listed; names it.
    """
    seen = set()

    def fail(error):
        raise DataError(f"{error.filename}: cannot be listed: {error.strerror}; change its permissions") from error

    for folder, folders, names in os.walk(root, followlinks=True, onerror=fail):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in ignored)
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def checksum(path):
    """Computes the CRC-32 of a file's content."""
    with Path(path).open("rb") as file:
        value = 0
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def fingerprint(value):
    """Computes a short digest of a JSON-able value that does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def link_or_copy(source, target):
    """Makes `target` a hard link to `source`, or a copy where the file system has no links.

    Returns:
        True if a link was made, False for a copy.

    Raises:
        DataError: If `source` is missing or `target` cannot be written.
    """
    if not Path(source).is_file():
        raise DataError(f"{source}: is missing; start the step that writes it again")
    with atomic_path(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            shutil.copyfile(source, temporary)
            return False
    return True


def files_below(root, ending):
    """Lists files.

    Args:
        root: A folder.
        ending: What the names end with, in small or capital letters, as ".png".

    Returns:
        `Path`s, sorted in every folder.

    Raises:
        DataError: If a folder cannot be listed; names it.
    """
    return [path for path in walk_files(root) if path.name.lower().endswith(ending)]
