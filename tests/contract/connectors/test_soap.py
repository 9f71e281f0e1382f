"""SOAP: a real WSDL with an imported schema, served and asked over the wire."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from connectors.sdk.retries import hurry
from schemas.errors import GiveUp, RetryLater, SourceTrouble
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    keys,
    read_all,
    source_of,
)

pytest.importorskip("zeep", reason="the extra `soap` is not installed")

Serve = Callable[[Answer], Server]
SPACE = "urn:town:people"
FILE = """
connector: people
kind: soap
interface: urn:t:interface:people
auth: {{type: basic, username: town, secret: "env:SOAP"}}
streams:
  customers:
    data_set: urn:t:data_set:people
    wsdl: /people.wsdl
    path: /service
    operation: ListPeople
    arguments: {{query: {{town: Harbour}}}}
    records: {records}
    paging: {paging}
    key: number
    map: {{kind: "'person'", family_name: name}}
"""
PAGING = "{argument: query.page, size_argument: query.size, size: 2}"
SCHEMA = f"""<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="{SPACE}"
 xmlns="{SPACE}" elementFormDefault="qualified">
 <xsd:element name="ListPeople"><xsd:complexType><xsd:sequence>
  <xsd:element name="query"><xsd:complexType><xsd:sequence>
   <xsd:element name="town" type="xsd:string"/><xsd:element name="page" type="xsd:int"/>
   <xsd:element name="size" type="xsd:int"/></xsd:sequence></xsd:complexType></xsd:element>
 </xsd:sequence></xsd:complexType></xsd:element>
 <xsd:element name="ListPeopleAnswer"><xsd:complexType><xsd:sequence>
  <xsd:element name="people"><xsd:complexType><xsd:sequence>
   <xsd:element name="person" maxOccurs="unbounded" minOccurs="0"><xsd:complexType><xsd:sequence>
    <xsd:element name="number" type="xsd:int"/><xsd:element name="name" type="xsd:string"/>
   </xsd:sequence></xsd:complexType></xsd:element></xsd:sequence></xsd:complexType></xsd:element>
 </xsd:sequence></xsd:complexType></xsd:element>
</xsd:schema>"""
WSDL = f"""<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:p="{SPACE}"
 xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" targetNamespace="{SPACE}"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema">
 <types><xsd:schema>
  <xsd:import namespace="{SPACE}" schemaLocation="{{place}}"/></xsd:schema></types>
 <message name="In"><part name="body" element="p:ListPeople"/></message>
 <message name="Out"><part name="body" element="p:ListPeopleAnswer"/></message>
 <portType name="People"><operation name="ListPeople"><input message="p:In"/>
  <output message="p:Out"/></operation></portType>
 <binding name="Binding" type="p:People">
  <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
  <operation name="ListPeople"><soap:operation soapAction="urn:list"/>
   <input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation>
 </binding>
 <service name="Service"><port name="Port" binding="p:Binding">
  <soap:address location="http://169.254.169.254/elsewhere"/></port></service>
</definitions>"""


def envelope(inner: str) -> bytes:
    space = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<e:Envelope xmlns:e="{space}"><e:Body>{inner}</e:Body></e:Envelope>'.encode()


def answer_of(numbers: list[int]) -> bytes:
    people = "".join(f"<person><number>{n}</number><name>N{n}</name></person>" for n in numbers)
    return envelope(
        f'<ListPeopleAnswer xmlns="{SPACE}"><people>{people}</people></ListPeopleAnswer>'
    )


def service(people: int = 5, place: str = "people.xsd", asked: list[Any] | None = None) -> Answer:
    def answer(request: Request) -> Reply:
        if request.path == "/people.wsdl":
            return Reply(WSDL.format(place=place).encode())
        if request.path == "/people.xsd":
            return Reply(SCHEMA.encode())
        assert (request.method, request.path) == ("POST", "/service")
        assert request.headers["soapaction"].strip('"') == "urn:list"
        assert request.headers["authorization"].startswith("Basic ")
        body = etree.fromstring(request.body)
        told = {one.tag.rpartition("}")[2]: one.text for one in body.iter() if not len(one)}
        if asked is not None:
            asked.append(told)
        page, size = int(told["page"]), int(told["size"])
        return Reply(answer_of(list(range(people))[(page - 1) * size : page * size]))

    return answer


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOAP", "s04p-s3cr3t")


def read(url: str, records: str = "people.person", paging: str = PAGING, **options: Any) -> Any:
    return read_all(source_of(FILE.format(records=records, paging=paging), url), **options)


def test_a_service_is_read_page_by_page_at_its_registered_address(serve: Serve) -> None:
    asked: list[Any] = []

    pages = read(serve(service(asked=asked)).url)

    assert keys(pages, "number") == ["0", "1", "2", "3", "4"]
    assert asked[0] == {"town": "Harbour", "page": "1", "size": "2"}
    assert pages[-1].last


def test_a_scan_goes_on_where_it_stood(serve: Serve) -> None:
    server = serve(service())
    cursor = read(server.url)[0].cursor

    assert keys(read(server.url, cursor=cursor), "number") == ["2", "3", "4"]


def test_a_schema_on_another_host_is_not_fetched(serve: Serve, canary: Server) -> None:
    server = serve(service(place=f"{canary.url}/people.xsd"))

    with pytest.raises(SourceTrouble):
        read(server.url)
    assert canary.connections == 0


FAULT = "<e:Fault xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><faultcode>e:{}</faultcode>"


@pytest.mark.parametrize(
    ("body", "status", "trouble"),
    [
        (envelope(FAULT.format("Client") + "<faultstring>no</faultstring></e:Fault>"), 500, GiveUp),
        (envelope(FAULT.format("Server") + "</e:Fault>"), 500, RetryLater),
        (envelope(""), 200, GiveUp),
        (envelope("<Other/>"), 200, GiveUp),
        (b"<html><body>500</body></html>", 500, RetryLater),
        (b"", 200, SourceTrouble),
        (answer_of([1])[:-20], 200, RetryLater),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + answer_of([1]), 200, GiveUp),
        (answer_of([1]), 503, RetryLater),
        (b"x", 401, GiveUp),
    ],
)
def test_a_fault_never_looks_like_an_empty_list(
    serve: Serve, body: bytes, status: int, trouble: type[SourceTrouble]
) -> None:
    good = service()
    server = serve(
        lambda request: (
            good(request)
            if request.method == "GET"
            else Reply(body, status=status, headers={"Retry-After": "60"})
        )
    )
    pages: list[Any] = []
    token = hurry.set(0.004)
    try:
        with pytest.raises(trouble):
            read(server.url, into=pages)
    finally:
        hurry.reset(token)
    assert not any(page.last for page in pages)


@pytest.mark.parametrize("wsdl", [b"", b"<x/>", b"{}", WSDL.replace("ListPeople", "X").encode()])
def test_a_wsdl_that_is_none_or_lacks_the_operation_is_named(serve: Serve, wsdl: bytes) -> None:
    with pytest.raises(SourceTrouble, match="WSDL"):
        read(serve(lambda _: Reply(wsdl)).url)


def test_a_path_to_records_that_is_not_there_is_no_empty_list(serve: Serve) -> None:
    with pytest.raises(GiveUp, match="has no `persons`"):
        read(serve(service()).url, records="persons.person")


def test_a_wsdl_on_this_machine_imports_from_its_own_folder_alone(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "secret.xsd").write_text(SCHEMA)
    (tmp_path / "own" / "people.xsd").write_text(SCHEMA)
    wsdl = tmp_path / "own" / "people.wsdl"
    url = serve(service()).url
    text = FILE.format(records="people.person", paging=PAGING)
    source = source_of(text.replace("/people.wsdl", f"file:{wsdl}"), url)

    wsdl.write_text(WSDL.format(place="people.xsd"))
    assert keys(read_all(source), "number") == ["0", "1", "2", "3", "4"]

    wsdl.write_text(WSDL.format(place="../secret.xsd"))
    with pytest.raises(GiveUp):
        read_all(source)
