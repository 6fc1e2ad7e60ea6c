"""How many noisy copies each image of a prepared folder has: a file of the folder, written with its images."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import NonNegativeInt, RootModel

from common.files.disk import write_json
from common.files.models import read_model

COPIES = "copies.json"


class Copies(RootModel[dict[str, NonNegativeInt]]):
    """Number of copies by name of the image."""


def write_copies(folder: Path, copies: Mapping[str, int]) -> None:
    """Writes the numbers into a folder that a step fills; `COPIES` is then one of its files."""
    write_json(folder / COPIES, dict(sorted(copies.items())))


def read_copies(folder: Path) -> Mapping[str, int]:
    """Reads the numbers of a prepared folder.

    Raises:
        DataError: If the file is missing or damaged; names it.
    """
    return read_model(folder / COPIES, Copies).root
