"""Feeds changed files to every reader: each answers with content or with an error of the project, and soon.

    python -m tests.fuzzing --count 20000 --seed 7 --readers coco yolo

Prints what ended otherwise, with what is needed to do it again, and exits with status 1 if anything did.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from common.command_line import show
from tests.fuzzing.readers import make_readers
from tests.fuzzing.running import Outcome, fuzz


def main() -> int:
    """Reads the command line and fuzzes; returns the exit status."""
    parser = argparse.ArgumentParser("python -m tests.fuzzing", description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="changed files in all (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other changes (%(default)s)")
    parser.add_argument("--readers", nargs="+", default=(), help="only these (all)")
    options = parser.parse_args()
    if options.count < 1:
        parser.error(f"--count {options.count}: expected 1 or more")
    os.environ["TQDM_DISABLE"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        every = make_readers(Path(folder))
        if unknown := set(options.readers) - {one.name for one in every}:
            parser.error(f"no reader {min(unknown)!r}; there are {', '.join(one.name for one in every)}")
        readers = [one for one in every if not options.readers or one.name in options.readers]
        outcomes: list[Outcome] = []
        for number, reader in enumerate(readers):
            count = options.count // len(readers) + (number < options.count % len(readers))
            outcome = fuzz(reader, count, options.seed)
            outcomes.append(outcome)
            show([outcome.summary, *outcome.defects])
    return 1 if any(outcome.defects for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
