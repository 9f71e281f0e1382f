"""Read GraphQL interfaces: the kind `graphql`.

A Relay connection takes `$first` and `$after`, and is asked for `edges { node }` (or `nodes`) and
`pageInfo { hasNextPage endCursor }`. Any other list is paged as REST lists are, by variables of the
document instead of parameters. Source: Relay's cursor connections specification.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import ABSENT, Envelope, Opened, merged, path_steps
from connectors.sdk.known_pages import Opener
from connectors.sdk.paging import (
    TOKEN_CHARACTERS_MAX,
    CursorPaging,
    End,
    LastKeyPaging,
    NoPaging,
    NumberPaging,
    OffsetPaging,
    Seen,
    Token,
    said_as_json,
)
from connectors.sdk.scans import Fetched, stated, whole_number
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

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
_EDGES, _NODES = re.compile(r"\bedges\b"), re.compile(r"\bnodes\b")
_SPACE = re.compile(r"\s+")


class GraphQLIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        variable: Variable of the document that takes the lowest change mark wanted.
    """

    variable: Name


GraphQLPaging = Annotated[
    NoPaging | CursorPaging | NumberPaging | OffsetPaging | LastKeyPaging,
    Field(discriminator="type"),
]
"""The ways of paging that need no more than an answer's fields."""


class GraphQLStream(StreamSpec):
    """One list of a GraphQL interface: a Relay connection, or any other.

    Attributes:
        query: Document; for a connection with the variables $first and $after.
        connection: Path to the connection in the answer, as in `data.permits`.
        records: Path to a list that is no connection, as in `data.permits.items`.
        paging: How such a list goes on; its parameters are variables of the document, with a dot
            where one stands inside an object, as in `page.number`.
        path: Path below the registered address; empty means the address itself.
        size: Records per page of a connection, the value of $first.
        variables: Further variables.
        total: Path to the number of records of the whole connection.
        incremental: How to ask only for what changed; without it everything is read.
    """

    query: Annotated[str, StringConstraints(min_length=2, max_length=DOCUMENT_CHARACTERS_MAX)]
    connection: DottedPath | None = None
    records: DottedPath | None = None
    paging: GraphQLPaging = NoPaging()
    path: Path | Annotated[str, StringConstraints(max_length=0)] = ""
    size: PageSize = 500
    variables: dict[Name, Any] = Field(default_factory=dict)
    total: DottedPath | None = None
    incremental: GraphQLIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "GraphQLStream":
        """Refuse a document without paging, and increments without a change mark."""
        if (self.connection is None) == (self.records is None):
            raise fault("give either `connection` or `records`")
        if self.connection is not None and not isinstance(self.paging, NoPaging):
            raise fault("a connection is paged by $first and $after", "paging")
        if self.connection is not None and not ({"first", "after"} <= self._used):
            raise fault("`query` must use $first and $after", "query")
        if self.records is not None and self.total is not None:
            raise fault("the total of a list that is no connection stands under `paging`", "total")
        if wanted := {path_steps(name)[0] for name in self._asked} - self._used:
            raise fault(f"`query` must use ${min(wanted)}", "query")
        if self.incremental is not None:
            if self.changed is None:
                raise fault("`incremental` needs `changed`", "incremental")
            if self.incremental.variable not in self._used:
                raise fault("`query` must use this variable", "incremental", "variable")
        try:
            self.envelope()
        except InvalidConnectorFile as error:
            place = "records" if self.connection is None else "connection"
            raise fault(error.what, place) from None
        return self

    @property
    def _used(self) -> set[str]:
        return set(_VARIABLE.findall(self.query))

    @property
    def _asked(self) -> set[str]:
        """The variables by which pages are asked for."""
        names = (getattr(self.paging, word, None) for word in ("parameter", "size_parameter"))
        return {name for name in names if name}

    def envelope(self) -> Envelope:
        """Return what cuts this stream's answers open."""
        if self.connection is None:
            fields = {"errors": "errors", **self.paging.fields()}
            return Envelope(str(self.records), fields)
        fields = {
            "errors": "errors",
            "more": f"{self.connection}.pageInfo.hasNextPage",
            "end": f"{self.connection}.pageInfo.endCursor",
        }
        if self.total is not None:
            fields["total"] = self.total
        if _NODES.search(self.query) and not _EDGES.search(self.query):
            return Envelope(f"{self.connection}.nodes", fields)
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
        self._variables = dict(spec.variables)
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            self._variables[spec.incremental.variable] = bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        body = {"query": self._spec.query, "variables": self._asked(token)}
        return await self._http.post(
            self._http.below(self._spec.path),
            msgspec.json.encode(body),
            {"Content-Type": "application/json"},
            partial(self._read, token, seen),
            also=REQUEST_ERROR_STATUSES,
        )

    def _asked(self, token: Token | None) -> dict[str, Any]:
        """Return the variables that ask for a page."""
        if self._spec.connection is not None:
            return {**self._variables, "first": self._spec.size, "after": token}
        return merged(self._variables, *said_as_json(self._spec.paging, token))

    def _read(self, token: Token | None, seen: int, answer: Answer) -> Fetched:
        try:
            opened = self._opener.open(answer.body)
        except GiveUp:
            _refuse_errors(answer.body)  # which says more, where the answer says it
            raise
        if opened.fields["errors"] not in (ABSENT, None, []):
            _refuse_errors(answer.body)
            raise GiveUp("The source answered with errors of a shape that GraphQL does not know.")
        if self._spec.connection is None:
            return self._listed(opened, token, seen)
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

    def _listed(self, opened: Opened, token: Token | None, seen: int) -> Fetched:
        """Read a page of a list that is no connection."""
        paging, count = self._spec.paging, len(opened.records)
        total = stated("total", opened.fields.get("total"), paging.total)
        pages = paging.pages if isinstance(paging, NumberPaging) else None
        page = Seen(
            records=count,
            so_far=seen + count,
            total=total,
            token=token,
            fields=opened.fields,
            link="",
            pieces=opened.records,
            absolute=str,  # no link is ever followed here
            pages=stated("pages", opened.fields.get("pages"), pages),
        )
        return Fetched(opened.records, paging.follow(page), total)


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
