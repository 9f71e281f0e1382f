"""Read REST interfaces that answer with JSON: the kind `rest`."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlencode

import msgspec
from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.cursors import END, is_end
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import ABSENT, Envelope, Opened, merged, planted
from connectors.sdk.known_pages import Opener
from connectors.sdk.paging import (
    AnyPaging,
    CountedPaging,
    NoPaging,
    NumberPaging,
    Seen,
    SizedPaging,
    Token,
    said_as_json,
)
from connectors.sdk.partitions import Part, Partitions, values_of
from connectors.sdk.scans import PARALLEL_MAX, Fetched, scan_partitions, stated
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import DottedPath, Expression, Header, Parameter, Path, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor, Page

NO_CONTENT = 204

HEADERS_MAX = 20
"""Interfaces ask for one or two beside our own, such as a coordinate system."""

HEADERS_OURS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "host", "connection", "content-length"}
    | {"content-type", "accept-encoding", "transfer-encoding", "te", "upgrade", "expect", "range"}
)
"""What the client writes by itself, and what would carry a secret past `auth`."""

HeaderText = Annotated[str, StringConstraints(pattern=r"^[ -~]+$", max_length=500)]
_JSON = {"Content-Type": "application/json"}


class RestIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        parameter: Query parameter that takes the lowest change mark wanted.
    """

    parameter: Parameter


class RestStream(StreamSpec):
    """One list of a REST interface.

    Attributes:
        get: Path below the registered address.
        post: The same for a source that is asked by POST, with `body`.
        body: What is posted, as JSON; what asks for pages and partitions is put into it.
        parameters: Fixed query parameters.
        headers: Fixed header fields; never what signs in.
        records: Path to the array in the answer; "." means that the answer is the array.
        paging: How the pages hang together.
        incremental: How to ask only for what changed; without it everything is read.
        partitions: The values that part the list, where the source wants to be asked for each.
        where: Which records are wanted; the others are passed over, as if the source had none.
        parallel: How many pages are fetched at once, where pages are numbered or counted.
    """

    get: Path | None = None
    post: Path | None = None
    body: dict[str, Any] = Field(default_factory=dict)
    parameters: dict[Parameter, str | bool | int | float] = Field(default_factory=dict)
    headers: dict[Header, HeaderText] = Field(default_factory=dict, max_length=HEADERS_MAX)
    records: Literal["."] | DottedPath = "."
    paging: AnyPaging = NoPaging()
    incremental: RestIncremental | None = None
    partitions: Partitions | None = None
    where: Expression | None = None
    parallel: Annotated[int, Field(ge=1, le=PARALLEL_MAX)] = 1

    @model_validator(mode="after")
    def fit_together(self) -> "RestStream":
        """Refuse what cannot work: paths that cross, and increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`", "incremental")
        if (self.get is None) == (self.post is None):
            raise fault("give either `get` or `post`")
        if self.body and self.post is None:
            raise fault("only what is asked by `post` has a body", "body")
        if ours := {name for name in self.headers if name.lower() in HEADERS_OURS}:
            words = "this header is ours to write; secrets belong under `auth`"
            raise fault(words, "headers", min(ours))
        if self.records == "." and self.paging.fields():
            raise fault("an answer that is the array itself has no fields", "paging")
        if self.parallel > 1 and not isinstance(self.paging, CountedPaging):
            raise fault("only pages by `page` or `offset` can be fetched at once", "parallel")
        if self.parallel > 1 and (not isinstance(self.paging, SizedPaging) or not self.paging.size):
            raise fault("pages that are fetched at once need a `size`", "parallel")
        if self.parallel > 1 and self._asks_no_further():
            why = "such a source may refuse what lies beyond its last page"
            raise fault(f"pages that are fetched at once need a total: {why}", "parallel")
        self._check_partitions()
        self.envelope()
        return self

    def _asks_no_further(self) -> bool:
        """Tell whether the source says which page is the last, but not how many records it has."""
        paging = self.paging
        totalled = paging.total is not None or paging.total_header is not None
        return isinstance(paging, CountedPaging) and paging.foretold and not totalled

    def _check_partitions(self) -> None:
        parts = self.partitions
        parted = parts is not None and parts.parameter is None
        if parted != ("{partition}" in self.path):
            raise fault("give the partition a `parameter`, or a place {partition} in `get`", "get")
        if parts is None or (parts.values_file is None and parts.together is None):
            return
        if self.post is None or parts.parameter is None:
            raise fault(
                "values of a file, and several together, go into the `body` of a `post`: keys of "
                "people do not belong into addresses",
                "partitions",
            )

    @property
    def reads_first(self) -> str | None:
        """The stream whose records part this one."""
        return None if self.partitions is None else self.partitions.stream

    @property
    def path(self) -> str:
        """The path that is asked."""
        return str(self.get or self.post)

    def envelope(self) -> Envelope:
        """Return what cuts this stream's answers open."""
        try:
            return Envelope(self.records, self.paging.fields())
        except InvalidConnectorFile as error:
            raise fault(error.what, "paging") from None


class RestConnector(HttpConnector[RestStream]):
    """Reads a REST interface, one page after the other."""

    kind: ClassVar[str] = "rest"
    stream_type: ClassVar[type[StreamSpec]] = RestStream

    def plan(self, http: HttpClient, spec: RestStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        return self._plan(http, spec, cursor, None)

    def scan(
        self, http: HttpClient, spec: RestStream, cursor: Cursor | None
    ) -> AsyncGenerator[Page, None]:
        """Walk the pages, of each partition in turn where there are any."""
        if spec.partitions is None:
            return super().scan(http, spec, cursor)
        return self._scan_parts(http, spec, spec.partitions, cursor)

    async def _scan_parts(
        self, http: HttpClient, spec: RestStream, partitions: Partitions, cursor: Cursor | None
    ) -> AsyncGenerator[Page, None]:
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        parts = await self._parts(partitions)
        if not parts:  # nobody to ask about: an empty list, told whole
            yield Page(records=[], cursor=Cursor(position=END), last=True)
            return

        def scan(label: str, at: Cursor | None) -> AsyncGenerator[Page, None]:
            return self.walk(self._plan(http, spec, at, parts[label]), spec, at)

        async with aclosing(scan_partitions(cursor, list(parts), scan)) as pages:
            async for page in pages:
                yield page

    async def _parts(self, partitions: Partitions) -> dict[str, Part]:
        """Return the questions by their labels; those of a stream are found by reading it."""
        if partitions.stream is None:
            return {part.label: part for part in partitions.parts()}
        found = dict[str, None]()
        async with aclosing(self.read(partitions.stream, None)) as pages:
            async for page in pages:
                values_of(page, str(partitions.field), found)
        return {value: Part(value, [value]) for value in found}

    def _plan(
        self, http: HttpClient, spec: RestStream, cursor: Cursor | None, partition: Part | None
    ) -> Plan:
        fetch = _Fetcher(http, spec, cursor, partition, self.opener(spec.envelope(), spec)).fetch
        paging = spec.paging
        guess = paging.guess if isinstance(paging, CountedPaging) else None
        return Plan(paging.type, fetch, guess, spec.parallel)


class _Fetcher:
    """Fetches pages of one stream in one scan."""

    def __init__(
        self,
        http: HttpClient,
        spec: RestStream,
        cursor: Cursor | None,
        partition: Part | None,
        opener: Opener,
    ) -> None:
        self._http, self._spec, self._opener = http, spec, opener
        value = partition.values[0] if partition else ""
        self._path = spec.path.replace("{partition}", quote(value, safe=""))
        self._fixed = {name: _written(value) for name, value in spec.parameters.items()}
        self._body = spec.body
        parts = spec.partitions
        if partition is not None and parts is not None and parts.parameter:
            if spec.post is None:
                self._fixed[parts.parameter] = value
            else:
                asked: Any = partition.values if parts.together else value
                self._body = merged(self._body, planted(parts.parameter, asked))
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            self._fixed[spec.incremental.parameter] = bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        ask, read = self._spec.paging.ask(token), partial(self._read, token, seen)
        target = ask.target or self._http.below(self._path)
        fixed = {} if ask.target else self._fixed
        if self._spec.post is None:
            parameters, headers = {**fixed, **ask.parameters}, self._spec.headers
            return await self._http.get(target, parameters, read, headers=headers)
        body = merged(self._body, *said_as_json(self._spec.paging, token))
        if fixed:
            target = f"{target}?{urlencode(fixed)}"
        headers = {**_JSON, **self._spec.headers}
        return await self._http.post(target, msgspec.json.encode(body), headers, read)

    def _read(self, token: Token | None, seen: int, answer: Answer) -> Fetched:
        paging = self._spec.paging
        opened = self._nothing(seen) if answer.status == NO_CONTENT else None
        opened = opened or self._opener.open(answer.body)
        total = self._total(opened.fields.get("total"), answer)
        page = Seen(
            records=len(opened.records),
            so_far=seen + len(opened.records),
            total=total,
            token=token,
            fields=opened.fields,
            link=answer.headers.get("link", ""),
            pieces=opened.records,
            absolute=lambda link: self._http.same_origin(link, answer.target),
            pages=self._pages(opened.fields.get("pages"), answer),
        )
        follow = paging.follow(page)
        return Fetched(opened.records, follow, total)

    def _nothing(self, seen: int) -> Opened:
        """Read an answer of no content: beyond the last page of a list it is an empty page."""
        if not seen or not isinstance(self._spec.paging, CountedPaging):
            raise GiveUp(
                f"The source answered {self._path} with no content (status 204) instead of a list.",
                remedy="Ask its owner what that means; an empty list would be written as [].",
            )
        return Opened([], dict.fromkeys(self._spec.paging.fields(), ABSENT))

    def _total(self, in_body: object, answer: Answer) -> int | None:
        """Return the total the source states."""
        paging = self._spec.paging
        header = paging.total_header
        return stated("total", answer.headers.get(header) if header else in_body,
                      paging.total or header)  # fmt: skip

    def _pages(self, in_body: object, answer: Answer) -> int | None:
        """Return how many pages the source says it has."""
        paging = self._spec.paging
        if not isinstance(paging, NumberPaging):
            return None
        header = paging.pages_header
        return stated("pages", answer.headers.get(header) if header else in_body,
                      paging.pages or header)  # fmt: skip


def _written(value: str | bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
