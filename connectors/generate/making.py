"""Make a connector file out of a document and what the register knows of its interface."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from connectors.generate.guesses import InferredInterface, InferredStream
from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, chosen, key_of, write_connector
from connectors.sdk.load import load_connector_file
from connectors.sdk.strict import nearest
from schemas.errors import InvalidInput, UnknownName

REASONS_MAX = 3
"""Paths that are named where a document has no list; --json of a written file names all."""


METADATA = "/$metadata"
"""Where OData services describe themselves, below their own address."""


@dataclass(frozen=True)
class Registered:
    """What the register says about an interface.

    Attributes:
        urn: Its URN.
        address: Its address.
        document: Where its document is: an address, or a path on the same server; None without.
        protocol: As registered; GraphQL interfaces can be asked for their schema themselves.
        data_sets: URNs of the data sets it gives access to.
        internal: Private addresses are allowed.
        sandbox: Addresses of this machine are allowed.
    """

    urn: str
    address: str
    document: str | None = None
    protocol: str = ""
    data_sets: tuple[str, ...] = ()
    internal: bool = False
    sandbox: bool = False

    @classmethod
    def of(cls, urn: str, attrs: dict[str, Any], data_sets: Sequence[str]) -> "Registered":
        """Read it out of an interface's attributes and the data sets it gives access to."""
        return cls(
            urn=urn,
            address=str(attrs.get("base_url", "")),
            document=attrs.get("document"),
            protocol=str(attrs.get("protocol", "")),
            data_sets=tuple(sorted(data_sets)),
            internal=bool(attrs.get("internal", False)),
            sandbox=bool(attrs.get("sandbox", False)),
        )


@dataclass(frozen=True)
class Made:
    """A connector file that was made.

    Attributes:
        name: Key of the connector.
        text: The file.
        inferred: Everything that was inferred, also what is not in the file.
        streams: Names of the streams in the file.
    """

    name: str
    text: str
    inferred: InferredInterface = field(repr=False)
    streams: tuple[str, ...]


def make(
    content: bytes,
    *,
    source: str,
    name: str | None = None,
    registered: Registered | None = None,
    address: str | None = None,
    only: Sequence[str] = (),
    everything: bool = False,
) -> Made:
    """Make a connector file from a document.

    Args:
        content: The document.
        source: What to call it in messages.
        name: Key of the connector; made from the title where None.
        registered: The interface it is for, if one is registered.
        address: Address for runs before anything is registered.
        only: Streams to write; by default those that describe customers.
        everything: Write all streams.

    Raises:
        InterfaceUnreadable: The document describes nothing that can be read.
        UnknownName: It has no stream of a name in `only`.
    """
    found = infer_interface(content, name=source)
    for wanted in only:
        if wanted not in {stream.name for stream in found.streams}:
            known = [stream.name for stream in found.streams]
            raise UnknownName(
                f"{source} has no list `{wanted}`; {nearest(wanted, known)}",
                remedy="Name a list of the document; `--all --json` shows every one.",
            )
    stated = found.address.value if found.address else ""
    if registered is not None:
        address = registered.address
    elif address is None:
        address = _address(source, stated, found.kind)
    streams = [_below(stream, stated, address or "") for stream in
               chosen(found, only, everything=everything)]  # fmt: skip
    if not streams:
        raise _nothing(found, source)
    place = Place(
        name=name or key_of(found.title),
        interface=registered.urn if registered else None,
        address=None if registered else address,
        data_sets=_data_sets(registered, [stream.name for stream in streams]),
    )
    text = write_connector(found, place, streams)
    load_connector_file(text, name=f"{place.name}.yaml")  # what we write must be what we read
    return Made(place.name, text, found, tuple(stream.name for stream in streams))


def _address(source: str, stated: str, kind: str) -> str | None:
    """Return an interface's address: as its document states it, or beside the document itself."""
    if "://" in stated:
        return stated
    if not source.startswith(("http://", "https://")):
        return None
    if kind == "graphql" or source.endswith(METADATA):
        return source.removesuffix(METADATA)
    return urljoin(source, stated or "/").rstrip("/")


class NothingToRead(InvalidInput):
    """A document describes an interface, but no list of records."""

    code = "nothing_to_read"
    remedy = (
        "See `townclerk connector preset`, or write the connector file by hand: "
        "docs/reference/connector-file.md, or `--python`."
    )


def _nothing(found: InferredInterface, source: str) -> NothingToRead:
    """Say what there is instead of a list."""
    reasons = [f"{place}: {why}" for place, why in found.passed_over if why][:REASONS_MAX]
    return NothingToRead(
        f"{source} ({found.dialect}) has no list of records that a connector could read; "
        f"{_counted(len(found.passed_over))} looked at. {'; '.join(reasons)}".rstrip()
    )


def _counted(paths: int) -> str:
    return "one path was" if paths == 1 else f"{paths} paths were"


def _below(stream: InferredStream, stated: str, address: str) -> InferredStream:
    """Write a path as it is below the address that will be asked, whatever the document said."""
    path = stream.options.get("get")
    if path is None:
        return stream
    base, own = urlsplit(address).path.rstrip("/"), urlsplit(stated).path.rstrip("/")
    if not own or base.endswith(own):
        return stream
    if base and own.startswith(f"{base}/"):
        own = own[len(base) :]
    elif base:
        return stream  # somebody put it elsewhere on purpose
    return replace(stream, options={**stream.options, "get": f"{own}{path}"})


def _data_sets(registered: Registered | None, streams: Sequence[str]) -> dict[str, str]:
    """Give each stream the data set whose URN names it; the only one there is fits all."""
    if registered is None or not registered.data_sets:
        return {}
    if len(registered.data_sets) == 1:
        return {"*": registered.data_sets[0]}
    return {
        stream: urn
        for stream in streams
        for urn in registered.data_sets
        if stream.lower().rstrip("s") in urn.lower()
    }


def as_plain(made: Made) -> dict[str, Any]:
    """Return what was made as JSON data: the file, and each guess with its evidence."""
    found = made.inferred
    return {
        "connector": made.name,
        "dialect": found.dialect,
        "streams": list(made.streams),
        "file": made.text,
        "auth": found.auth,
        "lists": list(found.streams),
        "passed_over": [{"place": place, "why": why} for place, why in found.passed_over],
    }
