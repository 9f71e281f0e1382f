"""The one port through which every read of personal data is told.

Rooms that keep a record of processing put their own log here when the program starts
(`tell_reads_to`); until one does, each read is a line of the program's log. A line has ids and
counts, never a value.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from registry.customers.asking.purposes import Sight
from schemas.base import utc_now

# Ids in one line of the log; a longer list is told by its count.
IDS_TOLD_MAX: Final = 50

logger = logging.getLogger("townclerk.reads")
# Told also where a command is otherwise quiet: whoever reads personal data leaves a trace.
logger.setLevel(logging.INFO)


@dataclass(frozen=True)
class PersonalRead:
    """One read of personal data: who, what for, whose.

    Attributes:
        question: Name of the question, e.g. `customer`.
        purpose: Key of the purpose.
        lawful_basis: What the purpose rests on.
        actor: Who asked.
        customers: Whose data was shown.
        at: When.
    """

    question: str
    purpose: str
    lawful_basis: str
    actor: str
    customers: tuple[UUID, ...]
    at: datetime = field(default_factory=utc_now)


class ReadLog(Protocol):
    """Whatever keeps a record of reads."""

    def note(self, read: PersonalRead) -> None:
        """Keep one read; whoever reads has a transaction that may not write, so not in that one."""


class LineLog:
    """Tells each read as one line of the program's log; needs no table."""

    def note(self, read: PersonalRead) -> None:
        """Write the line."""
        logger.info(
            "personal data was read",
            extra={
                "question": read.question,
                "purpose": read.purpose,
                "actor": read.actor,
                "customers": len(read.customers),
                "ids": [str(one) for one in read.customers[:IDS_TOLD_MAX]],
            },
        )


_kept_by: list[ReadLog] = [LineLog()]


def tell_reads_to(log: ReadLog) -> ReadLog:
    """Let another log keep all reads from now on; return the one that did."""
    before, _kept_by[0] = _kept_by[0], log
    return before


def note_read(sight: Sight, question: str, customers: Collection[UUID]) -> None:
    """Tell of one read.

    Args:
        sight: Who asks, and what for.
        question: Name of the question.
        customers: Whose data was shown; a read that found nobody is told too.
    """
    _kept_by[0].note(
        PersonalRead(question, sight.purpose, sight.lawful_basis, sight.actor, tuple(customers))
    )
