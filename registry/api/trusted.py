"""Documents by their hash: remembered for clients that send each text once, or trusted alone.

Where only trusted documents are answered, nobody can ask what no administrator has read. Elsewhere
a hash saves bytes: Apollo's automatic persisted queries, as urql speaks them too.

Source:
    Apollo Server, Automatic Persisted Queries.
"""

import asyncio
import re
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import Any, Final

from registry.access.documents import DocumentRow, document_hash, find_document
from registry.access.tokens import Actor
from registry.api.documents import CHARACTERS_MAX
from registry.api.refusals import RequestRefused
from registry.storage.database import unit_of_work
from schemas.access import Scope
from schemas.errors import AccessDenied

REMEMBERED_MAX: Final = 500  # texts of at most 20,000 characters: 10 MB
# A document that is withdrawn is answered no longer than this.
TRUSTED_SECONDS: Final = 10.0
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class DocumentUnknown(RequestRefused):
    """The document of this hash has not been sent yet; clients then send it whole."""

    code = "PERSISTED_QUERY_NOT_FOUND"  # Apollo's clients look for it, urql's for the message
    remedy = "Send the document together with its hash once."

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound", status=HTTPStatus.OK)


class DocumentNotTrusted(AccessDenied):
    """This server answers trusted documents alone, and this is none of them."""

    code = "document_not_trusted"
    remedy = "Have an administrator approve it: `townclerk documents trust FILE`."


class DocumentStore:
    """Finds the text of what is asked.

    Args:
        only_trusted: Whether anything else is refused.
    """

    def __init__(self, *, only_trusted: bool = False) -> None:
        self._only_trusted = only_trusted
        self._remembered: OrderedDict[str, str] = OrderedDict()
        self._trusted: OrderedDict[str, tuple[float, DocumentRow | None]] = OrderedDict()

    async def text(self, query: str | None, extensions: dict[str, Any] | None, actor: Actor) -> str:
        """Return the document to execute.

        Args:
            query: The text, where it was sent.
            extensions: Of the request; `persistedQuery.sha256Hash` names a document.
            actor: Who asks.

        Raises:
            RequestRefused: There is neither text nor hash, or the two do not fit.
            DocumentUnknown: Nobody has sent the text of this hash.
            DocumentNotTrusted: Only trusted documents are answered.
            AccessDenied: The document's own scope is missing.
        """
        digest = _digest(extensions)
        if not query and digest is None:
            raise RequestRefused("`query` must be a text with a GraphQL document.")
        if query and digest is not None and document_hash(query) != digest:
            raise RequestRefused("The hash of this document is another one.")
        if self._only_trusted or not query:
            return await self._stored(digest or document_hash(query or ""), actor)
        if digest is not None and len(query) <= CHARACTERS_MAX:
            _put(self._remembered, digest, query)
        return query

    async def _stored(self, digest: str, actor: Actor) -> str:
        if not self._only_trusted and digest in self._remembered:
            self._remembered.move_to_end(digest)
            return self._remembered[digest]
        found = await self._find(digest)
        if found is None:
            if self._only_trusted:
                raise DocumentNotTrusted("This server answers trusted documents alone.")
            raise DocumentUnknown
        if found.scope is not None:
            actor.demand(Scope(found.scope))
        return found.text

    async def _find(self, digest: str) -> DocumentRow | None:
        known = self._trusted.get(digest)
        if known is not None and known[0] > time.monotonic():
            return known[1]

        def ask() -> DocumentRow | None:
            with unit_of_work() as db:
                return find_document(db, digest)

        found = await asyncio.to_thread(ask)
        _put(self._trusted, digest, (time.monotonic() + TRUSTED_SECONDS, found))
        return found


def _digest(extensions: dict[str, Any] | None) -> str | None:
    """Return the hash that a request names, if any."""
    named = (extensions or {}).get("persistedQuery")
    if named is None:
        return None
    digest = named.get("sha256Hash") if isinstance(named, dict) else None
    if not isinstance(digest, str) or not _HASH.fullmatch(digest) or named.get("version") != 1:
        raise RequestRefused(
            "`extensions.persistedQuery` must have version 1 and a sha256Hash of 64 digits."
        )
    return digest


def _put(store: OrderedDict[str, Any], key: str, value: Any) -> None:
    """Remember the newest; a hash that nobody has is remembered too, and also pushed out."""
    store[key] = value
    store.move_to_end(key)
    while len(store) > REMEMBERED_MAX:
        store.popitem(last=False)
