"""One call for many items: on one core, on all cores, or on whatever joblib is told to use."""

import ctypes
import os
import platform
import sys
import threading
import time
import warnings

from tqdm import tqdm

from common.errors import ProjectError

# Of malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_MOST_OF_MALLOPT = (1 << 31) - 1  # it takes an int


def usable_cores():
    """Counts the cores this process may use, which on a shared machine can be fewer than it has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def progress(items, description, total=None, unit="frame"):
    """Wraps an iterable in a progress bar with counts and rate; quiet lines where no terminal is attached."""
    interval = 0.1 if sys.stderr.isatty() else 30
    return tqdm(
        items,
        desc=description,
        total=total,
        unit=unit,
        mininterval=interval,
        maxinterval=max(10, interval),
        dynamic_ncols=True,
        file=sys.stderr,
    )


def run_all(function, items, workers=1, description="", unit="frame"):
    """Calls `function` for every item and yields the results in the order of the items.

    Args:
        function: A picklable function of one item; what it raises is raised here.
        items: A sequence of picklable items.
        workers: Number of processes; 1 runs everything in this one.
        description: Shown before the progress bar.
        unit: What one item is called in the progress bar.

    Yields:
        `function(item)` for each item. At most a few results per worker wait at any time, so memory stays bounded.
    """
    items = list(items)
    workers = min(workers, len(items))
    if workers <= 1:
        yield from progress(map(function, items), description, len(items), unit)
        return
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    function = _EndsWithParent(function)
    results = Parallel(n_jobs=workers, return_as="generator")(delayed(function)(item) for item in items)
    try:
        yield from progress(results, description, len(items), unit)
    except BrokenProcessPool as error:
        raise ProjectError(
            f"{description}: a worker process ended unexpectedly, which often means that memory ran out; what is done "
            "is kept, start again with a smaller NUM_WORKERS"
        ) from error
    finally:
        with warnings.catch_warnings():  # joblib says so when not all results were wanted, as after an error
            warnings.simplefilter("ignore", UserWarning)
            results.close()


class _EndsWithParent:
    """A function for worker processes that makes the worker end when the process that started it is gone, even killed.

    Otherwise it would go on writing where the next run does.
    """

    _is_watching = False

    def __init__(self, function):
        self._function = function
        self._parent = platform.node(), os.getpid()

    def __call__(self, item):
        if not _EndsWithParent._is_watching and os.name == "posix":
            _EndsWithParent._is_watching = True
            self._watch()
            keep_freed_memory()
        return self._function(item)

    def _watch(self):
        """Watches the parent, unless this is another machine of a cluster, or a thread of the same process."""
        host, parent = self._parent
        if os.getppid() == parent:
            threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        elif host == platform.node() and not is_running(parent):
            os._exit(1)


def keep_freed_memory(of_any_size=False):
    """Lets this process keep the memory of arrays it is done with for the next ones, where the C library is glibc.

    Otherwise it goes back to the system and is filled with zeros when it is asked for again: a fifth of the time of
    scoring a frame, a tenth of a whole training.

    Args:
        of_any_size: Up to 2 GB in arrays of any size, for a process that does one thing until it ends; else up to
            256 MB, in arrays of at most 32 MB.
    """
    if os.name != "posix":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, _MOST_OF_MALLOPT if of_any_size else 256 << 20)
        if of_any_size:
            library.mallopt(_MMAP_MAX, 0)


def _end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def is_running(process):
    """Tells whether a process of this machine is there, by its number; True where that cannot be known."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
