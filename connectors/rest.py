"""Read REST interfaces that answer with JSON: the kind `rest`."""

from collections.abc import AsyncGenerator
from functools import partial
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import Envelope
from connectors.sdk.paging import AnyPaging, CountedPaging, NoPaging, Seen, SizedPaging, Token
from connectors.sdk.scans import (
    PARALLEL_MAX,
    PARTITIONS_MAX,
    Fetched,
    scan_partitions,
    whole_number,
)
from connectors.sdk.spec import DottedPath, Parameter, Path, StreamSpec, Strict, fault
from schemas.errors import GiveUp, InvalidConnectorFile
from schemas.records import Cursor, Page


class RestIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        parameter: Query parameter that takes the lowest change mark wanted.
    """

    parameter: Parameter


class Partitions(Strict):
    """The list is handed out in parts, one for each of these values, read one after the other.

    Attributes:
        parameter: Query parameter that takes the value; left out where `get` holds {partition}.
        values: The values.
    """

    parameter: Parameter | None = None
    values: Annotated[list[str], Field(min_length=1, max_length=PARTITIONS_MAX)]


class RestStream(StreamSpec):
    """One list of a REST interface.

    Attributes:
        get: Path below the registered address.
        parameters: Fixed query parameters.
        records: Path to the array in the answer; "." means that the answer is the array.
        paging: How the pages hang together.
        incremental: How to ask only for what changed; without it everything is read.
        partitions: The values that part the list, where the source wants to be asked for each.
        parallel: How many pages are fetched at once, where pages are numbered or counted.
    """

    get: Path
    parameters: dict[Parameter, str | bool | int | float] = Field(default_factory=dict)
    records: Literal["."] | DottedPath = "."
    paging: AnyPaging = NoPaging()
    incremental: RestIncremental | None = None
    partitions: Partitions | None = None
    parallel: Annotated[int, Field(ge=1, le=PARALLEL_MAX)] = 1

    @model_validator(mode="after")
    def fit_together(self) -> "RestStream":
        """Refuse what cannot work: paths that cross, and increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`", "incremental")
        if self.records == "." and self.paging.fields():
            raise fault("an answer that is the array itself has no fields", "paging")
        if self.parallel > 1 and not isinstance(self.paging, CountedPaging):
            raise fault("only pages by `page` or `offset` can be fetched at once", "parallel")
        if self.parallel > 1 and (not isinstance(self.paging, SizedPaging) or not self.paging.size):
            raise fault("pages that are fetched at once need a `size`", "parallel")
        parted = self.partitions is not None and self.partitions.parameter is None
        if parted != ("{partition}" in self.get):
            raise fault("give the partition a `parameter`, or a place {partition} in `get`", "get")
        self.envelope()
        return self

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

        def part(value: str, at: Cursor | None) -> AsyncGenerator[Page, None]:
            return self.walk(self._plan(http, spec, at, value), spec, at)

        return scan_partitions(cursor, spec.partitions.values, part)

    def _plan(
        self, http: HttpClient, spec: RestStream, cursor: Cursor | None, partition: str | None
    ) -> Plan:
        fetch = _Fetcher(http, spec, cursor, partition).fetch
        paging = spec.paging
        guess = paging.guess if isinstance(paging, CountedPaging) else None
        return Plan(paging.type, fetch, guess, spec.parallel)


class _Fetcher:
    """Fetches pages of one stream in one scan."""

    def __init__(
        self, http: HttpClient, spec: RestStream, cursor: Cursor | None, partition: str | None
    ) -> None:
        self._http, self._spec = http, spec
        self._envelope = spec.envelope()
        self._path = spec.get.replace("{partition}", quote(partition or "", safe=""))
        self._fixed = {name: _written(value) for name, value in spec.parameters.items()}
        if spec.partitions is not None and spec.partitions.parameter and partition is not None:
            self._fixed[spec.partitions.parameter] = partition
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            self._fixed[spec.incremental.parameter] = bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        ask = self._spec.paging.ask(token)
        if ask.target is not None:
            return await self._http.get(ask.target, {}, partial(self._read, token, seen))
        target = self._http.below(self._path)
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
            last=opened.records[-1] if opened.records else None,
            absolute=lambda link: self._http.same_origin(link, answer.target),
        )
        follow = paging.follow(page)
        return Fetched(opened.records, follow, total)

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
