"""Make a connector file out of an interface: a registered one, a file, or an address."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connectors.generate.documents import DOCUMENT_BYTES_MAX
from connectors.generate.guesses import InferredInterface, InferredStream
from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, chosen, key_of, write_connector
from connectors.sdk.http import HttpClient
from connectors.sdk.load import load_connector_file
from connectors.sdk.spec import nearest
from schemas.errors import InvalidInput, UnknownName
from townclerk.cli.files import read_bytes
from townclerk.connector.register import Registered

FETCH_SECONDS_MAX = 60.0
"""A document that takes longer is better fetched by hand and given as a file."""

REASONS_MAX = 3
"""Paths that are named where a document has no list; --json of a written file names all."""


class DocumentUnknown(InvalidInput):
    """A registered interface does not say where its document is."""

    code = "document_unknown"
    remedy = (
        "Add `document` to the interface's attributes in the landscape file, or give the document "
        "itself with `--from FILE` and the URN with `--interface URN`."
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


def read_source(
    place: str, registered: Registered | None, *, internal: bool, sandbox: bool
) -> tuple[bytes, str]:
    """Return the bytes of a document and the name to call it by.

    Args:
        place: A file or an address; ignored where the register knows better.
        registered: The registered interface, if one was named.
        internal: Private addresses are allowed.
        sandbox: Addresses of this machine are allowed.

    Raises:
        DocumentUnknown: The register does not say where the document is.
        UnreadableFile: The file cannot be read.
        SourceTrouble: The address does not give it.
    """
    if registered is not None and place == registered.urn:
        internal, sandbox = registered.internal, registered.sandbox
        if registered.document is None and "graphql" in registered.protocol.lower():
            return asyncio.run(_introspect(registered)), registered.urn
        if registered.document is None:
            raise DocumentUnknown(f"{registered.urn} does not say where its document is.")
        place = _absolute(registered.address, registered.document)
    if place.startswith(("http://", "https://")):
        return asyncio.run(_fetch(place, internal=internal, sandbox=sandbox)), place
    return read_bytes(Path(place), bytes_max=DOCUMENT_BYTES_MAX), Path(place).name


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
    elif address is None and "://" in stated:
        address = stated
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
        f"{len(found.passed_over)} paths were looked at. {'; '.join(reasons)}".rstrip()
    )


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


def _absolute(address: str, document: str) -> str:
    if "://" in document:
        return document
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/{document.lstrip('/')}"


async def _fetch(address: str, *, internal: bool, sandbox: bool) -> bytes:
    parts = urlsplit(address)
    http = _client(f"{parts.scheme}://{parts.netloc}{parts.path}", internal, sandbox)
    try:
        return await http.get(http.below(""), dict(parse_qsl(parts.query)), lambda a: a.body)
    finally:
        await http.close()


async def _introspect(registered: Registered) -> bytes:
    """Ask a GraphQL interface for its schema."""
    from graphql import get_introspection_query

    question = json.dumps({"query": get_introspection_query(descriptions=True)}).encode()
    http = _client(registered.address, registered.internal, registered.sandbox)
    try:
        return await http.post(
            http.below(""), question, {"Content-Type": "application/json"}, lambda a: a.body
        )
    finally:
        await http.close()


def _client(address: str, internal: bool, sandbox: bool) -> HttpClient:
    return HttpClient(
        address, internal=internal or sandbox, loopback=sandbox, timeout_seconds=FETCH_SECONDS_MAX
    )


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
