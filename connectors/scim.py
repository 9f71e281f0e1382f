"""Read SCIM 2 interfaces, by which directories hand out people: the kind `scim`.

Source: RFC 7644, section 3.4.2.
"""

from functools import partial
from typing import Annotated, ClassVar

from pydantic import StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import ABSENT, Envelope
from connectors.sdk.known_pages import Opener
from connectors.sdk.paging import End, Token
from connectors.sdk.scans import Fetched, whole_number
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import PageSize, Path, fault
from schemas.errors import GiveUp
from schemas.records import Cursor

FILTER_CHARACTERS_MAX = 2_000
"""A filter is written by a person and becomes part of a URL."""


class ScimIncremental(Increments):
    """Ask only for what changed since (meta.lastModified)."""


class ScimStream(StreamSpec):
    """One list of resources.

    Attributes:
        resource: Its path below the registered address.
        filter: A fixed filter, as in `active eq true`.
        size: Resources per page.
        incremental: How to ask only for what changed; without it everything is read.
    """

    resource: Path = "/Users"
    filter: Annotated[str, StringConstraints(max_length=FILTER_CHARACTERS_MAX)] | None = None
    size: PageSize = 200
    incremental: ScimIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "ScimStream":
        """Refuse increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`, as in meta.lastModified", "incremental")
        return self


class ScimConnector(HttpConnector[ScimStream]):
    """Reads a SCIM interface, one page after the other."""

    kind: ClassVar[str] = "scim"
    stream_type: ClassVar[type[StreamSpec]] = ScimStream

    def plan(self, http: HttpClient, spec: ScimStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        envelope = Envelope("Resources", {"total": "totalResults"}, absent_is_empty=True)
        return Plan("scim", _Fetcher(http, spec, cursor, self.opener(envelope, spec)).fetch)


class _Fetcher:
    """Fetches pages of one list in one scan; the position is the index of the next resource."""

    def __init__(
        self, http: HttpClient, spec: ScimStream, cursor: Cursor | None, opener: Opener
    ) -> None:
        self._http, self._spec, self._opener = http, spec, opener
        tests = [spec.filter] if spec.filter else []
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            quoted = bound.replace("\\", "\\\\").replace('"', '\\"')
            tests.append(f'meta.lastModified ge "{quoted}"')
        self._fixed = {"count": str(spec.size)}
        if tests:
            self._fixed["filter"] = " and ".join(f"({test})" for test in tests)

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        """Ask from an index on, counted from 1."""
        start = int(token or 1)
        parameters = {**self._fixed, "startIndex": str(start)}
        return await self._http.get(
            self._http.below(self._spec.resource),
            parameters,
            partial(self._read, start, seen),
            headers={"Accept": "application/scim+json, application/json"},
        )

    def _read(self, start: int, seen: int, answer: Answer) -> Fetched:
        opened = self._opener.open(answer.body)
        total = whole_number(opened.fields["total"])
        if opened.fields["total"] is ABSENT or total is None:
            raise GiveUp("The source's answer has no `totalResults`, which SCIM demands.")
        so_far = seen + len(opened.records)
        if so_far >= total or not opened.records:
            return Fetched(opened.records, End(), total)
        return Fetched(opened.records, start + len(opened.records), total)
