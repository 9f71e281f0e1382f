"""Imports the judge without the HTTP client it takes along where one is installed.

It has its own way of reading files and addresses, which we deny in any case; the client costs a
tenth of a second of every check's start, and what is not loaded sends nothing.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from threading import get_ident
from typing import Any


class _Hidden(MetaPathFinder):
    """Says of one module, to one thread, that it is not installed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread = get_ident()

    def find_spec(self, fullname: str, *_: Any) -> None:
        if fullname == self._name and get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Let a module that is not loaded yet seem absent to what this thread imports meanwhile."""
    finder = _Hidden(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
