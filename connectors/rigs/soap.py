"""Plays a SOAP service for the conformance kit: its WSDL, and answers in its own envelope."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from connectors.rigs.elements import write_elements
from connectors.sdk.conformance.http_rigs import HTTP_FAULTS, HttpRig, Shown
from connectors.sdk.conformance.playing import Asked, Told
from connectors.sdk.conformance.rigs import Fault, Show, person
from connectors.sdk.json_pages import path_steps
from connectors.sdk.spec import ConnectorFile
from connectors.soap import SoapConnector, SoapStream

WSDL_PATH = "/conformance.wsdl"
SPACE = "urn:townclerk:conformance"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

WSDL = """<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:p="{space}"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="{space}"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema">
 <types><xsd:schema targetNamespace="{space}" elementFormDefault="qualified">{asked}
  <xsd:element name="ConformanceAnswer" type="xsd:anyType"/></xsd:schema></types>
 <message name="In"><part name="body" element="p:{operation}"/></message>
 <message name="Out"><part name="body" element="p:ConformanceAnswer"/></message>
 <portType name="Doors"><operation name="{operation}"><input message="p:In"/>
  <output message="p:Out"/></operation></portType>
 <binding name="Binding" type="p:Doors">
  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="{operation}"><soap:operation soapAction="urn:conformance"/>
   <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
 </binding>
 <service name="Service"><port name="{port}" binding="p:Binding">
  <soap:address location="http://service.invalid/"/></port></service>
</definitions>"""


class SoapRig(HttpRig):
    """Plays one operation of a service."""

    counted = True

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, SoapStream)  # the kind was looked up by the file's own word
        self._stream, paging = found, found.paging
        faults = set(HTTP_FAULTS)
        if paging is None:
            faults -= {Fault.SHORT_PAGE, Fault.EMPTY_PAGE}
        else:
            faults.add(Fault.LOOPING_NEXT)
        super().__init__(
            connector=SoapConnector,
            spec=spec,
            stream=stream,
            faults=frozenset(faults),
            pages_ten_fold=paging is not None,
        )

    def options(self, show: Show) -> dict[str, Any]:
        """Return the stream's options that lead to the played service."""
        here: dict[str, Any] = {"wsdl": WSDL_PATH}
        if self._stream.paging is not None:
            here["paging"] = self._stream.paging.model_copy(update={"size": show.size})
        return here

    def fixed(self, asked: Asked) -> Told | None:
        """Answer with the WSDL, whose operation takes exactly what the connector file sends."""
        if asked.path != WSDL_PATH:
            return None
        arguments = dict(self._stream.arguments)
        paging = self._stream.paging
        for path in (paging.argument, paging.size_argument) if paging else ():
            _plant(arguments, path_steps(path or ""))
        text = WSDL.format(
            space=SPACE,
            asked=_element(self._stream.operation, arguments),
            operation=self._stream.operation,
            port=self._stream.port or "Port",
        )
        return Told(text.encode(), headers={"Content-Type": "text/xml"})

    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""
        paging = self._stream.paging
        if paging is None:
            return 0
        place: Any = etree.fromstring(asked.body).find(f"{{{ENVELOPE}}}Body/*")
        for step in path_steps(paging.argument):
            place = place.find(f"{{*}}{step}")
        if paging.count == "records":
            return int(place.text)
        size = max(1, show.size // 2) if show.fault is Fault.SHORT_PAGE else show.size
        return (int(place.text) - paging.first) * size

    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the service would."""
        del asked  # everybody is told the same
        top = etree.Element(f"{{{ENVELOPE}}}Envelope")
        body = etree.SubElement(top, f"{{{ENVELOPE}}}Body")
        place = etree.SubElement(body, f"{{{SPACE}}}ConformanceAnswer")
        *outer, last = path_steps(self._stream.records)
        for step in outer:
            place = etree.SubElement(place, f"{{{SPACE}}}{step}")
        for number in show.numbers() if self._stream.paging is None else shown.numbers:
            record = etree.SubElement(place, f"{{{SPACE}}}{last}")
            write_elements(record, person(self._stream, number), SPACE)
        return Told(etree.tostring(top), headers={"Content-Type": "text/xml"})


def _plant(arguments: dict[str, Any], steps: list[str]) -> None:
    for step in steps[:-1]:
        held = arguments.get(step)
        arguments[step] = dict(held) if isinstance(held, dict) else {}
        arguments = arguments[step]
    if steps:
        arguments[steps[-1]] = ""


def _element(name: str, inner: Any) -> str:
    """Write the schema of an argument: an object of others, or text."""
    if not isinstance(inner, Mapping):
        return f'<xsd:element name="{name}" type="xsd:string" minOccurs="0"/>'
    parts = "".join(_element(one, value) for one, value in inner.items())
    return (
        f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{parts}</xsd:sequence>'
        "</xsd:complexType></xsd:element>"
    )
