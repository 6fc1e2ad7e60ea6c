"""Many items in one call: order, progress and bounded memory, in whatever engine this program works with.

A script or tool chooses the engine once (`use_engine`); who gives work does not know which one it is.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from common.engines.choice import choice_of_environment, make_engine, named_folders
from common.engines.engine import Engine, Item, Result
from common.errors import ConfigError

if TYPE_CHECKING:
    from tqdm import tqdm

_chosen: list[Engine] = []


def chosen_engine() -> Engine:
    """Gives the engine of this program: the one in `use_engine`, otherwise that of the environment."""
    if not _chosen:
        _chosen.append(make_engine(choice_of_environment(), named_folders(sys.argv[1:])))
    return _chosen[-1]


@contextlib.contextmanager
def use_engine(engine: Engine) -> Iterator[None]:
    """Makes an engine that of the whole program while the block runs, and closes it then."""
    _chosen.append(engine)
    try:
        yield
    finally:
        _chosen.remove(engine)
        engine.close()


def check_workers(workers: int) -> None:
    """Refuses a number of processes below 1 with a ConfigError; worth asking before long work."""
    if workers < 1:
        raise ConfigError(f"workers = {workers}: expected 1 or more")


def usable_cores() -> int:
    """Counts the cores this process may use, which on a shared machine can be fewer than it has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def progress(
    items: Iterable[Item] | None, description: str, total: int | None = None, unit: str = "frame"
) -> tqdm[Item]:
    """Wraps an iterable in a progress bar with counts and rate; prints lines now and then without a terminal."""
    from tqdm import tqdm

    interval = 0.1 if sys.stderr.isatty() else 30
    options = {"mininterval": interval, "maxinterval": max(10, interval), "dynamic_ncols": True, "file": sys.stderr}
    return tqdm(items, desc=description, total=total, unit=unit, **options)


def run_all(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int = 1,
    description: str = "",
    unit: str = "frame",
    engine: Engine | None = None,
) -> Iterator[Result]:
    """Calls `function` for every item, shows the progress and yields the results in the order of the items.

    At most a few results per worker wait at any time, so memory stays bounded.

    Args:
        function: A picklable function of one item; what it raises is raised here.
        items: Picklable items.
        workers: Number of processes; 1 runs everything in this one. A cluster uses all its cores instead.
        unit: What one item is called in the progress bar.
        engine: Where the processes run; None for the engine of this program.

    Raises:
        ProjectError: If a worker process ended unexpectedly.
    """
    items = list(items)
    engine = engine or chosen_engine()
    workers = min(engine.processes(workers), len(items)) if workers > 1 and len(items) > 1 else 1
    if workers <= 1:
        yield from progress(map(function, items), description, len(items), unit)
        return
    results = engine.map(function, items, workers)
    with contextlib.closing(results):
        yield from progress(results, description, len(items), unit)
