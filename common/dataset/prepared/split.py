"""Step 01: which prepared frame belongs to which split.

The study splits with scikit-learn's `train_test_split` over the file names; sorted here, so that the split does not
depend on the order in which a file system lists them. No pixel is decoded: files are linked, or copied where the file
system has no links.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from common.dataset.prepared.folders import Split, files_of
from common.dataset.prepared.stages import Stage
from common.errors import DataError
from common.files.disk import link_or_copy, write_text
from common.parallel import progress
from common.text import csv_text


@dataclass(frozen=True)
class SplitRule:
    """How one folder is divided into two.

    Attributes:
        first: Name of the first part.
        second: Name of the second part.
        share_of_second: Share of the frames that go to the second part, between 0 and 1.
    """

    first: str
    second: str
    share_of_second: float


def split_names(names: Collection[str], share_of_second: float, seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divides file names at random, like the study.

    Args:
        names: File names with their ending, in any order.
        share_of_second: Share of the second part, between 0 and 1.
        seed: Seed of the shuffling.

    Returns:
        Two sorted tuples of names. 2,975 names and a share of 0.9 give 297 and 2,678.

    Raises:
        DataError: If there are too few names for both parts to have one.
    """
    from sklearn.model_selection import train_test_split  # here, because it takes a second to import

    try:
        first, second = train_test_split(sorted(names), test_size=share_of_second, random_state=seed)
    except ValueError as error:
        needed = math.ceil(round(1 / min(share_of_second, 1 - share_of_second), 6))
        raise DataError(f"found {len(names)} frames; at least {needed} are needed to divide them") from error
    return tuple(sorted(first)), tuple(sorted(second))


def stage_of_part(source: Split, folder: Path, rule: SplitRule, seed: int) -> Stage:
    """Describes one part of a divided split."""
    parts: list[JsonValue] = [rule.first, rule.second]
    return source.stage(folder, "step 01", {"seed": seed, "share_of_second": rule.share_of_second, "parts": parts})


def write_part(stage: Stage, source: Split, names: Collection[str]) -> int:
    """Fills one part with links to the images and masks of `source`.

    Returns:
        How many files had to be copied, because the file system has no links.
    """
    wanted = set(names)
    copied = 0
    with stage.build(files_of(names), known=source.files) as folder:
        for sample in progress([s for s in source.samples if s.image.name in wanted], stage.folder.name):
            for kind, path in (("images", sample.image), ("masks", sample.mask)):
                target = folder / kind / path.name
                if not target.exists():
                    copied += not link_or_copy(path, target)
    return copied


def write_split_table(path: Path, splits: Mapping[str, Collection[str]]) -> None:
    """Writes which frame went where: a `;`-separated CSV with the columns name and split.

    Args:
        path: The CSV file.
        splits: Names of the files by name of the split.
    """
    rows = sorted((Path(name).stem, split) for split, names in splits.items() for name in names)
    write_text(path, csv_text([("name", "split"), *rows], ";"))
