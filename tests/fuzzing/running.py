"""Changes one file after the other, reads, and tells how it ended."""

import random
import time
import traceback
import warnings
from dataclasses import dataclass, field

from common.errors import ProjectError
from tests.fuzzing.mutations import mutate
from tests.fuzzing.readers import Reader

SLOWEST_SECONDS = 10.0


@dataclass
class Outcome:
    """How the readings of one reader ended.

    Attributes:
        name: Of the reader.
        read: Changed files that were read as content.
        refused: Changed files that were refused with an error of the project.
        slowest: Seconds of the slowest reading.
        defects: Descriptions of readings that ended otherwise or took too long.
    """

    name: str
    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    defects: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """One line for people."""
        counts = f"{self.read:,} read, {self.refused:,} refused, {len(self.defects):,} defects"
        return f"{self.name}: {counts}, slowest {self.slowest:.1f} s"


def fuzz(reader: Reader, count: int, seed: int) -> Outcome:
    """Reads `count` changed versions of the reader's files; the same seed makes the same changes."""
    outcome = Outcome(reader.name)
    files = reader.files()
    for number in range(count):
        random_ = random.Random(f"{seed} {reader.name} {number}")
        # Text decides more than pixels, and there are fewer files of it.
        texts = [file for file in files if file.suffix not in (".png", ".jpg")]
        file = random_.choice(texts if texts and random_.random() < 0.6 else files)
        original = file.read_bytes()
        file.write_bytes(mutate(original, random_))
        try:
            _read(
                reader, outcome, f"{reader.name}, seed {seed}, number {number}, {file.relative_to(reader.root.parent)}"
            )
        finally:
            file.write_bytes(original)
    return outcome


def _read(reader: Reader, outcome: Outcome, where: str) -> None:
    start = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy keyword")  # of Keras
            reader.read(reader.root)
        outcome.read += 1
    except ProjectError as error:
        outcome.refused += 1
        if not str(error).strip():
            outcome.defects.append(f"{where}: an error without words")
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        outcome.defects.append(f"{where}: {type(error).__name__}: {str(error)[:200]} in {last.filename}:{last.lineno}")
    seconds = time.monotonic() - start
    outcome.slowest = max(outcome.slowest, seconds)
    if seconds > SLOWEST_SECONDS:
        outcome.defects.append(f"{where}: took {seconds:.0f} s")
