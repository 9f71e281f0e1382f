"""What the kit asks of whoever wants a connector judged: a source it can play with.

A rig is the source's side of one kind. Our own kinds bring theirs under the entry-point group
`townclerk.rigs`, name = kind, so that `townclerk connector check FILE` needs no code at all;
who writes a connector in Python writes a rig beside it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Any

import msgspec
from pydantic import SecretStr

from connectors.sdk.connector import Connector, find_connector
from connectors.sdk.expressions import compile_expression
from connectors.sdk.source import Source
from connectors.sdk.spec import ConnectorFile, StreamSpec
from schemas.errors import UnknownName

ENTRY_POINT_GROUP = "townclerk.rigs"

SECRET_PLAYED = "canary-5ecre7-of-the-conformance-kit"  # noqa: S105  # a bait, not a secret
"""What every secret is while the kit plays; wherever it turns up, a real one would have."""

BALLAST = "." * 200
"""Makes a record as heavy as a real one, so that whoever keeps records is seen to."""


class Fault(StrEnum):
    """One way in which a source misbehaves."""

    SHORT_PAGE = "a page shorter than asked for"
    EMPTY_PAGE = "an empty page in the middle"
    BUSY = "status 429"
    BROKEN = "status 500"
    NOT_FOUND = "status 404"
    REFUSED = "status 401"
    CUT_SHORT = "an answer that breaks off"
    NOT_ITS_SHAPE = "an answer that is no list"
    LOOPING_NEXT = "a next page that was here before"
    FOREIGN_NEXT = "a next page on another host"
    FOREIGN_REDIRECT = "a redirect to another host"


LOOKS_COMPLETE = frozenset(Fault) - {Fault.FOREIGN_NEXT, Fault.FOREIGN_REDIRECT, Fault.REFUSED}
"""Faults that may look like the end of a list to whoever is careless."""


@dataclass(frozen=True, kw_only=True)
class Show:
    """What the source is to play.

    Attributes:
        records: How many records it has; they are numbered from 0.
        size: How many records a page holds.
        gone: Numbers of records that were deleted.
        fault: How it misbehaves.
        fault_page: From which page on, counted from 0.
        elsewhere: Address of a host that nobody may ask; for faults that lead there.
    """

    records: int
    size: int
    gone: frozenset[int] = frozenset()
    fault: Fault | None = None
    fault_page: int = 1
    elsewhere: str = ""

    def numbers(self) -> list[int]:
        """Return the numbers of the records that are there."""
        return [number for number in range(self.records) if number not in self.gone]


@dataclass(frozen=True, kw_only=True)
class Played:
    """A source that is being played.

    Attributes:
        source: What the connector gets.
        contacts: How often somebody came; None where nobody can count.
    """

    source: Source
    contacts: Callable[[], int] | None = None


@dataclass(kw_only=True)
class Rig(ABC):
    """The source's side of one connector.

    Attributes:
        connector: The class to judge.
        spec: A connector file for it.
        stream: The stream to read.
        faults: The faults that `play` knows; the others are not judged.
        pages_ten_fold: Whether it can play ten times the pages in bounded memory of its own.
    """

    connector: type[Connector]
    spec: ConnectorFile
    stream: str
    faults: frozenset[Fault] = field(default=frozenset())
    pages_ten_fold: bool = True

    @abstractmethod
    def play(self, show: Show) -> AbstractContextManager[Played]:
        """Play the source for as long as the block lasts."""

    def source(self, base_url: str, **options: Any) -> Source:
        """Return the source as the connector gets it: on loopback, with a bait for a secret."""
        stream = {self.stream: self.spec.streams[self.stream].model_copy(update=options)}
        return Source(
            key=self.spec.connector,
            base_url=base_url,
            spec=self.spec.model_copy(update={"streams": stream}),
            internal=True,
            loopback=True,
            secret=lambda _: SecretStr(SECRET_PLAYED),
        )

    def with_spec(self, source: Source, spec: ConnectorFile) -> Source:
        """Return a source with another connector file."""
        return replace(source, spec=spec)

    def key_of(self, value: Any) -> str | None:
        """Return the key of a record as the mapping would."""
        found = compile_expression(self.spec.streams[self.stream].key).evaluate(value)
        return None if found is None else str(found)


RigMaker = Callable[[ConnectorFile, str], Rig]
"""Makes the rig of a kind from a connector file and the name of one of its streams."""


def find_rig(spec: ConnectorFile, stream: str) -> Rig:
    """Return the rig that plays the source of a connector file.

    Raises:
        UnknownName: The kind brings none.
    """
    find_connector(spec.kind)
    for point in entry_points(group=ENTRY_POINT_GROUP, name=spec.kind):
        make: RigMaker = point.load()
        return make(spec, stream)
    raise UnknownName(
        f"The kind `{spec.kind}` brings no rig, so the kit cannot play its source.",
        remedy="Write a rig (docs/how-to/write-a-connector.md) and name it under the entry-point "
        "group townclerk.rigs.",
        kind=spec.kind,
    )


def person(stream: StreamSpec, number: int) -> dict[str, Any]:
    """Make a record that has a unique value wherever the stream's key looks.

    What the key computes from its fields stays unique, because every field is; other fields of
    the mapping are left out, as a source may.
    """
    record: dict[str, Any] = {"note": f"record {number}{BALLAST}"}
    compiled = compile_expression(stream.key)
    for root in compiled.roots:
        record[root] = f"{number:06d}"
    if len(compiled.steps) > 1:
        place = record[compiled.steps[0]] = dict[str, Any]()
        for step in compiled.steps[1:-1]:
            place[step] = {}
            place = place[step]
        place[compiled.steps[-1]] = f"{number:06d}"
    if stream.changed is not None:
        plain = compile_expression(stream.changed).plain
        if plain is not None:
            record[plain] = f"2026-01-{number % 28 + 1:02d}T12:00:00Z"
    return record


def copied(value: Any) -> Any:
    """Return a value as it comes back from being stored as JSON."""
    return msgspec.json.decode(msgspec.json.encode(value), type=type(value))
