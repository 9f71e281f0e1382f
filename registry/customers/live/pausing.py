"""Let Python look for garbage later: in the middle of a page it finds none, again and again."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_pages = 0  # being worked on in this process
_lock = threading.Lock()


@contextmanager
def without_collecting() -> Iterator[None]:
    """Keep Python from looking for cycles of garbage until the end of the block.

    A page of ten thousand records makes some million objects, which all stay until its end and
    form no cycles; the collector would walk through them a dozen times, and once more at the end of
    the block, unless nothing refers to them by then: call a function in it.
    """
    global _pages  # noqa: PLW0603  # the collector is one for the process, too
    with _lock:
        _pages += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pages -= 1
            if not _pages:
                gc.enable()
