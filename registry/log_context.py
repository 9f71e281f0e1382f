"""Which run and which request a line of the log belongs to, whoever writes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_context: ContextVar[dict[str, str]] = ContextVar("log_context", default={})  # noqa: B039  # never changed in place


@contextmanager
def log_context(**facts: str) -> Iterator[None]:
    """Add facts to every line that is logged inside, also in tasks and `asyncio.to_thread`.

    Args:
        facts: Usually `run_id` or `correlation_id`.
    """
    token = _context.set({**_context.get(), **facts})
    try:
        yield
    finally:
        _context.reset(token)


def facts_of_context() -> dict[str, str]:
    """Return the facts that hold here."""
    return _context.get()
