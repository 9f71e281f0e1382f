"""Logs: one JSON object per line on standard error, or text where a person watches.

Every line carries the run and the request it belongs to. Lines hold keys and counts, never
values of customers; libraries that could print values are held to warnings.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from registry.log_context import facts_of_context, log_context
from registry.settings import Settings
from schemas.errors import TownclerkError

__all__ = ["log_context", "set_up_logs"]

# Lines from these say what they do, not what happened to us, until something is wrong.
CHATTY: Final = (
    "aiosqlite",
    "alembic",
    "asyncio",
    "docket",
    "fakeredis",
    "httpcore",
    "httpx",
    "prefect",
    "psycopg",
    "sqlalchemy",
    "strawberry",
    "uvicorn",
    "websockets",
)
# A stuck loop must not fill a disk with one line; the first and last part tell enough.
TEXT_CHARACTERS_MAX: Final = 20_000
CAUSES_MAX: Final = 10  # of one exception; a longer chain is a loop

# What every record has; all else was given by the caller as `extra`.
_STANDARD: Final = frozenset(
    vars(logging.LogRecord("", 0, "", 0, "", None, None))
    | {"message": "", "asctime": "", "color_message": ""}
)


def set_up_logs(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send the logs of this process to standard error; calling it again starts afresh.

    Args:
        settings: Format and least severe level.
        stream: Where to instead of standard error.
    """
    target = stream or sys.stderr
    as_json = settings.log_format == "json" or (
        settings.log_format == "auto" and not target.isatty()
    )
    handler = LogHandler(target)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    handler.addFilter(remember_context)
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known, LogHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    root.setLevel(level)
    for name in CHATTY:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


class LogHandler(logging.StreamHandler[TextIO]):
    """The one handler of this process, known by its class so that it is never there twice."""


def remember_context(record: logging.LogRecord) -> bool:
    """Write the present context into a record, for formatting may happen elsewhere."""
    record.townclerk_context = facts_of_context()
    return True


class JsonLines(logging.Formatter):
    """One JSON object per record."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shortened(record.getMessage()),
            **facts_of(record),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = stack_of(record)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextLines(logging.Formatter):
    """One line for people, with the facts behind the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        facts = " ".join(f"{name}={value}" for name, value in facts_of(record).items())
        message = shortened(record.getMessage())
        line = f"{_moment(record)[11:23]} {record.levelname.lower():<7} {message}"
        if facts:
            line = f"{line}  [{facts}]"
        if record.exc_info and record.exc_info[0] is not None:
            line = f"{line}\n{stack_of(record)}"
        return printable(line)


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what stands beside the message: context first, then the caller's `extra`."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    context = given.pop("townclerk_context", {})
    return {**context, **{name: value for name, value in given.items() if _is_fact(value)}}


def stack_of(record: logging.LogRecord) -> str:
    """Return where an exception came from and its kinds, with words only where they are ours.

    The words of foreign exceptions quote values: a database's message holds the offending row.
    """
    assert record.exc_info
    error, parts = record.exc_info[1], []
    for _ in range(CAUSES_MAX):
        if error is None:
            break
        words = f": {error.what}" if isinstance(error, TownclerkError) else ""
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{type(error).__qualname__}{words}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return shortened("\ncaused by\n".join(parts))


def printable(text: str) -> str:
    """Make control characters visible, so that a foreign name cannot forge or recolour a line."""
    return "\n    ".join(
        "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
        for line in text.split("\n")
    )


def shortened(text: str) -> str:
    """Keep the beginning of a text that is too long for a line."""
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text
    return f"{text[:TEXT_CHARACTERS_MAX]}… ({len(text)} characters)"


def _is_fact(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
