"""Read GraphQL interfaces that page with Relay connections: the kind `graphql`.

The document in the connector file takes `$first` and `$after` and asks for `edges { node }` and
`pageInfo { hasNextPage endCursor }`. Source: Relay's cursor connections specification.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import ABSENT, Envelope
from connectors.sdk.known_pages import Opener
from connectors.sdk.paging import TOKEN_CHARACTERS_MAX, End, Token
from connectors.sdk.scans import Fetched, whole_number
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import DottedPath, Name, PageSize, Path, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor

DOCUMENT_CHARACTERS_MAX = 50_000
"""A document is written by a person; servers refuse far smaller ones."""

MESSAGE_CHARACTERS_MAX = 200
"""Enough of a server's complaint to find the fault in the document."""

REQUEST_ERROR_STATUSES = frozenset({400, 422})
"""Servers answer a faulty document with these, and with JSON that says what is wrong."""

_SPACE = re.compile(r"\s+")


class GraphQLIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        variable: Variable of the document that takes the lowest change mark wanted.
    """

    variable: Name


class GraphQLStream(StreamSpec):
    """One connection of a GraphQL interface.

    Attributes:
        query: Document with the variables $first and $after.
        connection: Path to the connection in the answer, as in `data.permits`.
        path: Path below the registered address; empty means the address itself.
        size: Records per page, the value of $first.
        variables: Further variables.
        total: Path to the number of records of the whole connection.
        incremental: How to ask only for what changed; without it everything is read.
    """

    query: Annotated[str, StringConstraints(min_length=2, max_length=DOCUMENT_CHARACTERS_MAX)]
    connection: DottedPath
    path: Path | Annotated[str, StringConstraints(max_length=0)] = ""
    size: PageSize = 500
    variables: dict[Name, Any] = Field(default_factory=dict)
    total: DottedPath | None = None
    incremental: GraphQLIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "GraphQLStream":
        """Refuse a document without paging, and increments without a change mark."""
        if "$first" not in self.query or "$after" not in self.query:
            raise fault("`query` must use $first and $after", "query")
        if self.incremental is not None:
            if self.changed is None:
                raise fault("`incremental` needs `changed`", "incremental")
            if f"${self.incremental.variable}" not in self.query:
                raise fault("`query` must use this variable", "incremental", "variable")
        try:
            self.envelope()
        except InvalidConnectorFile as error:
            raise fault(error.what, "connection") from None
        return self

    def envelope(self) -> Envelope:
        """Return what cuts this stream's answers open."""
        fields = {
            "errors": "errors",
            "more": f"{self.connection}.pageInfo.hasNextPage",
            "end": f"{self.connection}.pageInfo.endCursor",
        }
        if self.total is not None:
            fields["total"] = self.total
        return Envelope(f"{self.connection}.edges", fields, inside="node")


class GraphQLConnector(HttpConnector[GraphQLStream]):
    """Reads a GraphQL interface, one page after the other."""

    kind: ClassVar[str] = "graphql"
    stream_type: ClassVar[type[StreamSpec]] = GraphQLStream

    def plan(self, http: HttpClient, spec: GraphQLStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        return Plan("relay", _Fetcher(http, spec, cursor, self.opener(spec.envelope(), spec)).fetch)


class _Fetcher:
    """Fetches pages of one stream in one scan."""

    def __init__(
        self, http: HttpClient, spec: GraphQLStream, cursor: Cursor | None, opener: Opener
    ) -> None:
        self._http, self._spec, self._opener = http, spec, opener
        self._variables = {**spec.variables, "first": spec.size}
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            self._variables[spec.incremental.variable] = bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:  # noqa: ARG002  # see Fetch
        body = {"query": self._spec.query, "variables": {**self._variables, "after": token}}
        return await self._http.post(
            self._http.below(self._spec.path),
            msgspec.json.encode(body),
            {"Content-Type": "application/json"},
            partial(self._read, token),
            also=REQUEST_ERROR_STATUSES,
        )

    def _read(self, token: Token | None, answer: Answer) -> Fetched:
        try:
            opened = self._opener.open(answer.body)
        except GiveUp:
            _refuse_errors(answer.body)  # which says more, where the answer says it
            raise
        if opened.fields["errors"] not in (ABSENT, None, []):
            _refuse_errors(answer.body)
            raise GiveUp("The source answered with errors of a shape that GraphQL does not know.")
        more, end = opened.fields["more"], opened.fields["end"]
        if more is False:
            total = opened.fields.get("total")
            return Fetched(opened.records, End(), whole_number(total))
        if more is not True:
            raise GiveUp(
                "The source's answer does not say whether there is a next page.",
                remedy="Ask for `pageInfo { hasNextPage endCursor }` in `query`.",
            )
        if not isinstance(end, str) or not 0 < len(end) <= TOKEN_CHARACTERS_MAX or end == token:
            raise GiveUp("The source says there is a next page, but its cursor leads nowhere new.")
        return Fetched(opened.records, end)


class _Errors(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw(b"")
    errors: list[Mapping[str, Any]] | None = None


_ERRORS = msgspec.json.Decoder(_Errors)


def _refuse_errors(body: bytes) -> None:
    """Refuse an answer that holds errors, even beside data: a part is not a page."""
    try:
        found = _ERRORS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # not what GraphQL calls errors
    if found.errors:
        raise GiveUp(
            f"The source answered with {len(found.errors)} GraphQL error(s){_first(found)}.",
            remedy="Try `query` at the source; a part of an answer is never used.",
            errors=len(found.errors),
        )


def _first(found: _Errors) -> str:
    """Describe the first error without the values of customers.

    An error raised before execution comes without data and speaks of the document, so its
    message may be shown; a later one may quote a record, so only its code and place are.
    Source: GraphQL specification, section 7.1.2.
    """
    first = (found.errors or [{}])[0]
    if not bytes(found.data):
        message = _SPACE.sub(" ", str(first.get("message", "")))
        return f": {message[:MESSAGE_CHARACTERS_MAX]}" if message else ""
    extensions = first.get("extensions")
    code = extensions.get("code") if isinstance(extensions, Mapping) else None
    path = first.get("path")
    steps = [str(step) for step in path if isinstance(step, str)] if isinstance(path, list) else []
    shown = f", the first with code {str(code)[:60]}" if code else ""
    return f"{shown} at {'.'.join(steps)[:100]}" if steps else shown
