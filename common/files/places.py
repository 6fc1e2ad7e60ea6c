"""Paths of users, made absolute so that they can be printed and sent to workers in other folders."""

from pathlib import Path


def absolute_path(path: Path | str) -> Path:
    """Makes a path absolute, to be read. Links stay, unless `..` is in it: what that means depends on links.

    A place to write to also needs the links above it followed: `targets.absolute`.
    """
    path = Path(path).absolute()
    return path.resolve() if ".." in path.parts else path
