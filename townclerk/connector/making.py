"""Find the document a connector is made from: of a registered interface, a file, an address."""

import asyncio
import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from connectors.generate.documents import DOCUMENT_BYTES_MAX
from connectors.generate.making import Registered
from connectors.sdk.http import HttpClient
from schemas.errors import InvalidInput
from townclerk.cli.files import read_bytes

FETCH_SECONDS_MAX = 60.0
"""A document that takes longer is better fetched by hand and given as a file."""


class DocumentUnknown(InvalidInput):
    """A registered interface does not say where its document is."""

    code = "document_unknown"
    remedy = (
        "Add `document` to the interface's attributes in the landscape file, or give the document "
        "itself with `--from FILE` and the URN with `--interface URN`."
    )


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
