"""Read REST interfaces that answer with JSON: the kind `rest`."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from connectors.sdk.cursors import lower_bound
from connectors.sdk.expressions import compile_expression
from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.json_pages import Envelope
from connectors.sdk.paging import AnyPaging, End, NoPaging, Seen, Token
from connectors.sdk.scans import Fetched, scan_pages, whole_number
from connectors.sdk.sessions import open_http
from connectors.sdk.source import Source
from connectors.sdk.spec import DottedPath, LookBack, Parameter, Path, StreamSpec, Strict, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor, Page


class RestIncremental(Strict):
    """Ask only for what changed.

    Attributes:
        parameter: Query parameter that takes the lowest change mark wanted.
        lookback_seconds: How far before the last mark to ask again.
    """

    parameter: Parameter
    lookback_seconds: LookBack = 300.0


class RestStream(StreamSpec):
    """One list of a REST interface.

    Attributes:
        get: Path below the registered address.
        parameters: Fixed query parameters.
        records: Path to the array in the answer; "." means that the answer is the array.
        paging: How the pages hang together.
        incremental: How to ask only for what changed; without it everything is read.
    """

    get: Path
    parameters: dict[Parameter, str | bool | int | float] = Field(default_factory=dict)
    records: Literal["."] | DottedPath = "."
    paging: AnyPaging = NoPaging()
    incremental: RestIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "RestStream":
        """Refuse what cannot work: paths that cross, and increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`", "incremental")
        if self.records == "." and self.paging.fields():
            raise fault("an answer that is the array itself has no fields", "paging")
        self.envelope()
        return self

    def envelope(self) -> Envelope:
        """Return what cuts this stream's answers open."""
        try:
            return Envelope(self.records, self.paging.fields())
        except InvalidConnectorFile as error:
            raise fault(error.what, "paging") from None


class RestConnector:
    """Reads a REST interface, one page after the other."""

    kind: ClassVar[str] = "rest"
    stream_type: ClassVar[type[StreamSpec]] = RestStream
    auth_types: ClassVar[frozenset[str]] = frozenset(
        {"none", "basic", "api_key", "bearer", "oauth2_client_credentials"}
    )

    def __init__(self, source: Source) -> None:
        self._source = source
        self._http: HttpClient | None = None

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands."""
        spec = self._source.stream(stream, RestStream)
        if self._http is None:
            self._http = open_http(self._source)
        changed = None
        if spec.incremental is not None and spec.changed is not None:
            changed = compile_expression(spec.changed)
        fetch = _Fetcher(self._http, spec, cursor).fetch
        async for page in scan_pages(
            cursor, fetch, tag=spec.paging.type, changed=changed, undecoded=self._source.undecoded
        ):
            yield page

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None


class _Fetcher:
    """Fetches pages of one stream in one scan."""

    def __init__(self, http: HttpClient, spec: RestStream, cursor: Cursor | None) -> None:
        self._http, self._spec = http, spec
        self._envelope = spec.envelope()
        self._fixed = {name: _written(value) for name, value in spec.parameters.items()}
        if spec.incremental is not None and cursor is not None and cursor.since is not None:
            bound = lower_bound(cursor.since, spec.incremental.lookback_seconds)
            self._fixed[spec.incremental.parameter] = bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        ask = self._spec.paging.ask(token)
        if ask.target is not None:
            return await self._http.get(ask.target, {}, partial(self._read, token, seen))
        target = self._http.below(self._spec.get)
        parameters = {**self._fixed, **ask.parameters}
        return await self._http.get(target, parameters, partial(self._read, token, seen))

    def _read(self, token: Token | None, seen: int, answer: Answer) -> Fetched:
        opened, paging = self._envelope.open(answer.body), self._spec.paging
        total = self._total(opened.fields.get("total"), answer)
        page = Seen(
            records=len(opened.records),
            so_far=seen + len(opened.records),
            total=total,
            token=token,
            fields=opened.fields,
            link=answer.headers.get("link", ""),
            absolute=lambda link: self._http.same_origin(link, answer.target),
        )
        follow = paging.follow(page)
        return Fetched(opened.records, follow, total if isinstance(follow, End) else None)

    def _total(self, in_body: object, answer: Answer) -> int | None:
        """Return the total the source states; stating none where one was promised is a fault."""
        paging = self._spec.paging
        if paging.total is None and paging.total_header is None:
            return None
        stated = in_body
        if paging.total_header is not None:
            stated = answer.headers.get(paging.total_header)
        total = whole_number(stated)
        if total is None:
            raise GiveUp(
                "The source's answer does not state the total that the connector file promises.",
                remedy="Correct `total` or `total_header` under paging, or leave it out.",
            )
        return total


def _written(value: str | bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
