"""Read OData 4 interfaces (Dynamics, SharePoint, SAP and their like): the kind `odata`.

Source: OASIS, OData 4.01, JSON format (sections 4.5.5 and 4.5.6) and URL conventions (5.1).
"""

import re
from functools import partial
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import ABSENT, Envelope
from connectors.sdk.known_pages import Opener
from connectors.sdk.paging import TOKEN_CHARACTERS_MAX, End, Token
from connectors.sdk.scans import Fetched, whole_number
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import PageSize, Parameter, Path, fault
from schemas.errors import GiveUp
from schemas.records import Cursor

NEXT, COUNT = "['@odata.nextLink']", "['@odata.count']"

FILTER_CHARACTERS_MAX = 2_000
"""A filter is written by a person and becomes part of a URL."""

Property = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w/]*$", max_length=128)]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?", re.ASCII)


class ODataIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        property: Property with the moment of the last change, as in `modifiedon`.
    """

    property: Property


class ODataStream(StreamSpec):
    """One entity set.

    Attributes:
        set: Its path below the registered address, as in /contacts.
        select: The properties to ask for; all if left out.
        filter: A fixed $filter.
        parameters: Further query parameters, as in $expand.
        size: Records per page, which OData lets a client wish for.
        incremental: How to ask only for what changed; without it everything is read.
    """

    set: Path
    select: Annotated[list[Property], Field(min_length=1, max_length=500)] | None = None
    filter: Annotated[str, StringConstraints(max_length=FILTER_CHARACTERS_MAX)] | None = None
    parameters: dict[Parameter, str] = Field(default_factory=dict)
    size: PageSize = 1000
    incremental: ODataIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "ODataStream":
        """Refuse increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`", "incremental")
        return self


class ODataConnector(HttpConnector[ODataStream]):
    """Reads an OData interface, one page after the other."""

    kind: ClassVar[str] = "odata"
    stream_type: ClassVar[type[StreamSpec]] = ODataStream

    def plan(self, http: HttpClient, spec: ODataStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        envelope = Envelope("value", {"next": NEXT, "count": COUNT})
        return Plan("odata", _Fetcher(http, spec, cursor, self.opener(envelope, spec)).fetch)


class _Fetcher:
    """Fetches pages of one entity set in one scan."""

    def __init__(
        self, http: HttpClient, spec: ODataStream, cursor: Cursor | None, opener: Opener
    ) -> None:
        self._http, self._spec, self._opener = http, spec, opener
        self._headers = {
            "Prefer": f"odata.maxpagesize={spec.size}",
            "OData-MaxVersion": "4.01",
        }
        self._count: int | None = None
        self._parameters = {"$count": "true", **spec.parameters}
        if spec.select is not None:
            self._parameters["$select"] = ",".join(spec.select)
        tests = [spec.filter] if spec.filter else []
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            tests.append(f"{spec.incremental.property} ge {_moment(bound)}")
        if tests:
            self._parameters["$filter"] = " and ".join(f"({test})" for test in tests)

    async def fetch(self, token: Token | None, seen: int) -> Fetched:
        """Ask for the set, and then for each next link as it came."""
        first = token is None
        target = self._http.below(self._spec.set) if first else str(token)
        parameters = self._parameters if first else {}
        return await self._http.get(
            target, parameters, partial(self._read, seen), headers=self._headers
        )

    def _read(self, seen: int, answer: Answer) -> Fetched:
        opened = self._opener.open(answer.body)
        link = opened.fields["next"]
        if seen == 0:
            self._count = whole_number(opened.fields["count"])  # told on the first page only
        if link in (ABSENT, None, ""):
            return Fetched(opened.records, End(), self._count)
        if not isinstance(link, str) or len(link) > TOKEN_CHARACTERS_MAX:
            raise GiveUp("The source's @odata.nextLink leads to no next page.")
        return Fetched(opened.records, self._http.same_origin(link, answer.target), self._count)


def _moment(bound: str) -> str:
    """Return a change mark as OData writes a moment, which has no quotes around it."""
    if not _MOMENT.fullmatch(bound):
        raise GiveUp(
            "The change mark of this source is no moment that OData can be asked for.",
            remedy="Leave `incremental` out of the connector file, so that everything is read.",
        )
    return bound
