"""What processes of this project do for themselves: end with who started them, and keep freed memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic

from common.engines.engine import Item, Result

# Parameters of mallopt, from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4
_LARGEST_INT = (1 << 31) - 1


class InWorker(Generic[Item, Result]):
    """A function for worker processes: the worker ends when the process that started it is gone, even killed.

    Otherwise the worker would go on writing where the next run writes. OpenCV uses one thread in it, because the
    workers together already use all cores.
    """

    _is_prepared = False

    def __init__(self, function: Callable[[Item], Result]) -> None:
        self._function = function
        self._parent = platform.node(), os.getpid()

    def __call__(self, item: Item) -> Result:
        """Calls the function; prepares the worker for its first item."""
        if not InWorker._is_prepared:
            InWorker._is_prepared = True
            self._prepare()
        return self._function(item)

    def _prepare(self) -> None:
        import cv2  # takes a while, and only workers need it

        cv2.setNumThreads(1)
        if os.name == "posix":
            self._watch()
            keep_freed_memory()

    def _watch(self) -> None:
        """Watches the parent, unless this is another machine of a cluster, or a thread of the same process."""
        host, parent = self._parent
        if os.getppid() == parent:
            threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        elif host == platform.node() and not is_running(parent):
            os._exit(1)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def keep_freed_memory(of_any_size: bool = False) -> None:
    """Makes this process keep the memory of freed arrays for the next ones, where the C library is glibc.

    Otherwise the memory goes back to the system and is filled with zeros when it is needed again: a fifth of the time
    of scoring a frame, a tenth of a whole training.

    Args:
        of_any_size: Keeps up to 2 GB in arrays of any size, for a process that does one thing until it ends; otherwise
            up to 256 MB, in arrays of at most 32 MB.
    """
    if os.name != "posix":
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_MMAP_THRESHOLD, 32 << 20)
        library.mallopt(_TRIM_THRESHOLD, _LARGEST_INT if of_any_size else 256 << 20)
        if of_any_size:
            library.mallopt(_MMAP_MAX, 0)


def is_running(process: int) -> bool:
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


@contextlib.contextmanager
def signals_kept() -> Iterator[None]:
    """Puts back what signals do, which a library may change while the block runs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
