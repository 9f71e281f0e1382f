"""Whom a change hits: only a register knows who uses an interface, and which part of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.compliance.contract.compare import Change


@dataclass(frozen=True)
class Consumer:
    """Somebody who uses an interface.

    Attributes:
        name: Name in the register.
        urn: Its stable name.
        operations: Operations it is known to use, such as `GET /zaken`; empty when nobody said.
    """

    name: str
    urn: str
    operations: frozenset[str] = frozenset()

    def uses(self, change: Change) -> bool:
        """Say whether a change concerns it; without a list of operations everything may."""
        return not self.operations or not change.path or change.operation in self.operations


@dataclass(frozen=True)
class Hit:
    """A consumer and the breaking changes that concern it."""

    consumer: Consumer
    changes: tuple[Change, ...]


def hits(changes: Iterable[Change], consumers: Sequence[Consumer]) -> list[Hit]:
    """Return who is hit by which of the changes; who is not hit is left out."""
    listed = list(changes)
    found = (
        Hit(consumer, tuple(change for change in listed if consumer.uses(change)))
        for consumer in consumers
    )
    return [hit for hit in found if hit.changes]
