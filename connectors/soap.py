"""Read SOAP services, StUF among them: the kind `soap`, with the extra `townclerk[soap]`.

zeep reads the WSDL and writes the request; the request goes through our own client, so that it
reaches the registered host and no other, whatever address the WSDL names. The answer becomes
plain values as other XML does (connectors/sdk/xml_values.py).

Source: W3C, SOAP 1.1 and 1.2; WSDL 1.1.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any, ClassVar

from lxml import etree
from pydantic import Field, StringConstraints, model_validator

from connectors.sdk.http import Answer, HttpClient
from connectors.sdk.http_kind import HttpConnector, Plan
from connectors.sdk.json_pages import encode_record, path_steps
from connectors.sdk.paging import End, Token
from connectors.sdk.retries import Hiccup
from connectors.sdk.scans import Fetched
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import DottedPath, Name, PageSize, Path, Strict, fault
from connectors.sdk.xml_values import TEXT, local_name, parse_xml, plain_value
from schemas.errors import GiveUp, Misconfigured
from schemas.records import Cursor

FAULT_STATUSES = frozenset({500})
"""By which SOAP sends its own faults, and others send theirs."""

FAULT_CHARACTERS_MAX = 200
"""Enough of a fault to find its cause."""

LISTS_MAX = 200


class SoapMissing(Misconfigured):
    """SOAP needs a library that is not installed."""

    code = "soap_missing"
    remedy = "pip install 'townclerk[soap]'"


class WsdlUnusable(GiveUp):
    """The WSDL cannot be read, or has no such operation."""

    code = "wsdl_unusable"
    remedy = "Compare `wsdl`, `port` and `operation` in the connector file with the service's own."


class SoapPaging(Strict):
    """How the service is asked for one page after the other.

    Attributes:
        argument: Argument that takes the number of the page, or how many records to skip.
        count: pages, or records that are skipped.
        first: The first page's number.
        size_argument: Argument that takes the size.
        size: Records per page.
    """

    argument: DottedPath
    count: Annotated[str, StringConstraints(pattern="^(pages|records)$")] = "pages"
    first: Annotated[int, Field(ge=0, le=1)] = 1
    size_argument: DottedPath | None = None
    size: PageSize = 100


class SoapStream(StreamSpec):
    """One operation of a service.

    Attributes:
        wsdl: Path below the registered address, or file:/PATH of a copy on this machine.
        path: Path to post to; the registered address itself if left out.
        port: Name of the WSDL's port; the first if left out.
        operation: Its operation.
        arguments: What it is asked with.
        records: Path to the elements that are records, below the body's first element.
        lists: Names of elements that are lists also where they stand once.
        paging: How to ask for pages; one answer holds all if left out.
    """

    wsdl: Path | Annotated[str, StringConstraints(pattern=r"^file:/[^\x00]+$", max_length=500)]
    path: Path | Annotated[str, StringConstraints(max_length=0)] = ""
    port: Name | None = None
    operation: Name
    arguments: dict[str, Any] = Field(default_factory=dict)
    records: DottedPath
    lists: list[Name] = Field(default_factory=list, max_length=LISTS_MAX)
    paging: SoapPaging | None = None

    @model_validator(mode="after")
    def have_a_size_to_send(self) -> "SoapStream":
        """Refuse pages of records whose size the service cannot know."""
        paging = self.paging
        if paging is not None and paging.count == "records" and paging.size_argument is None:
            raise fault("records can only be skipped with a `size_argument`", "paging")
        return self


class SoapConnector(HttpConnector[SoapStream]):
    """Reads one operation of a SOAP service, page by page."""

    kind: ClassVar[str] = "soap"
    stream_type: ClassVar[type[StreamSpec]] = SoapStream

    def plan(self, http: HttpClient, spec: SoapStream, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""
        del cursor  # a service is always read as a whole
        return Plan("soap", _Fetcher(http, spec).fetch)


class _Fetcher:
    """Asks for pages of one stream in one scan."""

    def __init__(self, http: HttpClient, spec: SoapStream) -> None:
        self._http, self._spec = http, spec
        self._service: Any = None

    async def fetch(self, token: Token | None, seen: int) -> Fetched:  # noqa: ARG002  # see Fetch
        """Ask for a page; the position is its number, or how many records are skipped."""
        if self._service is None:
            self._service = await _service(self._http, self._spec)
        message, headers = self._message(token)
        return await self._http.post(
            self._http.below(self._spec.path),
            message,
            {"Accept": "text/xml, application/soap+xml", **headers},
            partial(self._read, token),
            also=FAULT_STATUSES,
        )

    def _message(self, token: Token | None) -> tuple[bytes, Mapping[str, str]]:
        spec, arguments = self._spec, dict(self._spec.arguments)
        if (paging := spec.paging) is not None:
            first = paging.first if paging.count == "pages" else 0
            _put(arguments, paging.argument, first if token is None else int(token))
            if paging.size_argument is not None:
                _put(arguments, paging.size_argument, paging.size)
        client, binding = self._service
        try:
            # zeep's own create_message leaves out the headers, of which SOAPAction is one.
            envelope, headers = binding._create(spec.operation, (), arguments, client=client)  # noqa: SLF001  # no public way
        except (TypeError, ValueError, LookupError) as error:
            raise WsdlUnusable(
                f"The operation {spec.operation} does not take these arguments "
                f"({type(error).__name__}).",
                remedy="Compare `arguments` in the connector file with the WSDL.",
            ) from None
        return etree.tostring(envelope, encoding="utf-8", xml_declaration=True), headers

    def _read(self, token: Token | None, answer: Answer) -> Fetched:
        body = _body(answer)
        found = [body]
        steps = path_steps(self._spec.records)
        for place, step in enumerate(steps):
            inner = [one for top in found for one in top if _named(one, step)]
            if not inner and place < len(steps) - 1:
                raise GiveUp(
                    f"The source's answer has no `{step}`.",
                    remedy="Compare `records` in the connector file with an answer.",
                )
            found = inner
        pieces = [self._record(one) for one in found]
        return Fetched(pieces, self._follow(token, len(pieces)))

    def _record(self, element: etree._Element) -> bytes:
        value = plain_value(element, self._spec.lists)
        return encode_record(value if isinstance(value, dict) else {TEXT: value})

    def _follow(self, token: Token | None, records: int) -> Token | End:
        paging = self._spec.paging
        if paging is None:
            return End()
        if not records:
            return End(sure=False)
        if paging.count == "pages":
            return (paging.first if token is None else int(token)) + 1
        return int(token or 0) + records


def _named(element: Any, name: str) -> bool:
    return isinstance(element.tag, str) and local_name(element) == name


def _body(answer: Answer) -> etree._Element:
    """Return the first element of an envelope's body, or raise what a fault means."""
    failed = answer.status in FAULT_STATUSES
    if failed and b"Envelope" not in answer.body:
        raise Hiccup(f"it answered with status {answer.status} and no SOAP")
    top = parse_xml(answer.body)
    body = next((one for one in top if _named(one, "Body")), None)
    first = None if body is None else next(iter(body.iterchildren(etree.Element)), None)
    if local_name(top) != "Envelope" or first is None:
        raise GiveUp("The source's answer is no SOAP.")
    if local_name(first) != "Fault":
        return first
    told: Any = plain_value(first)
    told = told if isinstance(told, dict) else {}
    code = str(told.get("faultcode") or (told.get("Code") or {}).get("Value") or "")
    words = " ".join(str(told.get("faultstring") or told.get("Reason") or "").split())
    if code.rpartition(":")[2] in ("Server", "Receiver"):
        raise Hiccup(f"it answered with a SOAP fault ({code[:60]})")
    raise GiveUp(f"The source refuses the request ({code[:60]}): {words[:FAULT_CHARACTERS_MAX]}")


def _put(arguments: dict[str, Any], path: str, value: Any) -> None:
    *outer, last = path_steps(path)
    for step in outer:
        held = arguments.get(step)
        arguments[step] = dict(held) if isinstance(held, dict) else {}
        arguments = arguments[step]
    arguments[last] = value


async def _service(http: HttpClient, spec: SoapStream) -> Any:
    """Read the WSDL in a thread; whatever it imports comes from the registered host as well."""
    loop = asyncio.get_running_loop()

    def load(url: str) -> bytes:
        if spec.wsdl.startswith("file:"):
            return _from_folder(url, FilePath(spec.wsdl.removeprefix("file:")).parent)
        target = http.same_origin(url, http.below(spec.path))
        asked = http.get(target, {}, _whole, headers={"Accept": "text/xml, application/wsdl+xml"})
        return asyncio.run_coroutine_threadsafe(asked, loop).result()

    local = spec.wsdl.startswith("file:")
    where = spec.wsdl if local else http.address(spec.wsdl)
    return await asyncio.to_thread(_opened, spec, load, where)


def _from_folder(url: str, folder: FilePath) -> bytes:
    """Read a file beside the WSDL; one that stands elsewhere is none of its business."""
    path = FilePath(url.removeprefix("file:").replace("//", "/", 1)).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise WsdlUnusable("The WSDL imports a file from outside of its own folder.")
    return path.read_bytes()


def _whole(answer: Answer) -> bytes:
    return answer.body


def _opened(spec: SoapStream, load: Any, address: str) -> Any:
    try:
        import zeep
        from zeep.exceptions import Error
        from zeep.transports import Transport
    except ModuleNotFoundError:
        raise SoapMissing("The kind `soap` needs the library zeep.") from None

    class OurTransport(Transport):
        """Loads by our own client, and never posts by itself."""

        def load(self, url: str) -> bytes:
            return bytes(load(url))

    # What a WSDL imports is loaded by us alone, from the registered host or the WSDL's own folder.
    settings = zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=False)
    try:
        make: Any = zeep.Client  # zeep has no types
        transport: Any = OurTransport
        client = make(address, transport=transport(), settings=settings)
        services = client.wsdl.services.values()
        ports = [port for service in services for port in service.ports.values()]
        port = next(one for one in ports if spec.port in (None, one.name))
        port.binding.get(spec.operation)
    except (Error, etree.XMLSyntaxError, OSError, ValueError, LookupError, StopIteration):
        raise WsdlUnusable(
            f"The WSDL at {spec.wsdl} cannot be read, or has no operation {spec.operation}."
        ) from None
    return client, port.binding
