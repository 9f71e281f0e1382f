"""Read OAI-PMH repositories, as libraries and archives have them: the kind `oai_pmh`.

A record of XML becomes plain values: elements and attributes by their local names, text as text,
what stands several times as a list (connectors/sdk/xml_values.py).

Source: Open Archives Initiative, Protocol for Metadata Harvesting 2.0.
"""

from functools import partial
from typing import Annotated, Any, ClassVar

from lxml import etree
from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Increments, Plan
from connectors.sdk.json_pages import encode_record
from connectors.sdk.paging import TOKEN_CHARACTERS_MAX, End, Token
from connectors.sdk.retries import Hiccup
from connectors.sdk.scans import Fetched
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import Name, Path, fault
from connectors.sdk.xml_values import local_name, parse_xml, plain_value
from schemas.errors import GiveUp
from schemas.records import Cursor

NAMESPACE = "http://www.openarchives.org/OAI/2.0/"

ERROR_CHARACTERS_MAX = 200
"""Enough of a repository's complaint to find the fault."""

LISTS_MAX = 200
"""More names than one format has."""

Word = Annotated[str, StringConstraints(pattern=r"^[\w.:-]+$", max_length=200)]


class OaiIncremental(Increments):
    """Ask only for what changed.

    Attributes:
        whole_days: The repository knows days and no times (its granularity is YYYY-MM-DD).
    """

    whole_days: bool = False


class OaiStream(StreamSpec):
    """One set of a repository.

    Attributes:
        path: Path below the registered address; empty means the address itself.
        metadata: Prefix of the format to ask for, as in oai_dc.
        set: Name of the set; everything if left out.
        lists: Names of elements that are lists also where they stand once.
        incremental: How to ask only for what changed; without it everything is read.
    """

    path: Path | Annotated[str, StringConstraints(max_length=0)] = ""
    metadata: Word = "oai_dc"
    set: Word | None = None
    lists: list[Name] = Field(default_factory=list, max_length=LISTS_MAX)
    incremental: OaiIncremental | None = None

    @model_validator(mode="after")
    def fit_together(self) -> "OaiStream":
        """Refuse increments without a change mark."""
        if self.incremental is not None and self.changed is None:
            raise fault("`incremental` needs `changed`, as in header.datestamp", "incremental")
        return self


class OaiConnector(HttpConnector[OaiStream]):
    """Reads an OAI-PMH repository, one list of records after the other."""

    kind: ClassVar[str] = "oai_pmh"
    stream_type: ClassVar[type[StreamSpec]] = OaiStream

    def plan(self, http: HttpClient, spec: OaiStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        return Plan("oai", _Fetcher(http, spec, cursor).fetch)


class _Fetcher:
    """Fetches lists of records in one scan; the position is the resumption token."""

    def __init__(self, http: HttpClient, spec: OaiStream, cursor: Cursor | None) -> None:
        self._http, self._spec = http, spec
        self._first = {"verb": "ListRecords", "metadataPrefix": spec.metadata}
        if spec.set is not None:
            self._first["set"] = spec.set
        if spec.incremental is not None and (bound := spec.incremental.bound(cursor)) is not None:
            self._first["from"] = bound[:10] if spec.incremental.whole_days else bound

    async def fetch(self, token: Token | None, seen: int) -> Fetched:  # noqa: ARG002  # see Fetch
        """Ask for the first list, or for the one that a token stands for."""
        again = {"verb": "ListRecords", "resumptionToken": str(token)}
        return await self._http.get(
            self._http.below(self._spec.path),
            self._first if token is None else again,
            partial(self._read, token),
            headers={"Accept": "text/xml, application/xml"},
        )

    def _read(self, token: Token | None, answer: Answer) -> Fetched:
        top = parse_xml(answer.body)
        if local_name(top) != "OAI-PMH":
            raise GiveUp("The source's answer is no OAI-PMH.")
        error = top.find(f"{{{NAMESPACE}}}error")
        if error is not None:
            return _refused(error, token)
        found = top.find(f"{{{NAMESPACE}}}ListRecords")
        if found is None:
            raise GiveUp("The source's answer holds neither records nor an error.")
        records = [self._record(one) for one in found.iterfind(f"{{{NAMESPACE}}}record")]
        follow = found.find(f"{{{NAMESPACE}}}resumptionToken")
        kept = [one for one in records if one is not None]
        if follow is None or not (follow.text or "").strip():
            return Fetched(kept, End())
        text = (follow.text or "").strip()
        if len(text) > TOKEN_CHARACTERS_MAX:
            raise GiveUp("The source's resumption token is longer than any.")
        return Fetched(kept, text)

    def _record(self, element: etree._Element) -> bytes | None:
        """Return a record's bytes; None for one that the repository says is deleted."""
        header = element.find(f"{{{NAMESPACE}}}header")
        if header is not None and header.get("status") == "deleted":
            return None
        value: Any = plain_value(element, self._spec.lists)
        return encode_record(value if isinstance(value, dict) else {"record": value})


def _refused(error: etree._Element, token: Token | None) -> Fetched:
    """Tell an empty list, which OAI-PMH calls an error, from one."""
    code = error.get("code", "")
    if code == "noRecordsMatch" and token is None:
        return Fetched([], End())
    if code == "badResumptionToken":
        raise GiveUp(
            "The source no longer knows where the scan stood: its resumption token expired.",
            remedy="Start the scan again; a repository keeps its tokens for minutes to days.",
        )
    words = " ".join((error.text or "").split())[:ERROR_CHARACTERS_MAX]
    if code == "":
        raise Hiccup("it answered with an error without a code")
    raise GiveUp(f"The source refuses to list its records ({code[:60]}): {words}")
