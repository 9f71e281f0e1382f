"""XML from strangers is refused before it can do harm, and the refusal names the place."""

from pathlib import Path

import pytest

from registry.landscape.exchange import xml_in
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.check import check
from registry.landscape.exchange.formats import load, load_bytes
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused
from registry.landscape.metamodel import Strictness
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE, NS3, XSI, element, exchange

LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)


def test_a_truncated_file_names_the_line_where_it_ends() -> None:
    lines = EXCHANGE.splitlines()
    with pytest.raises(ModelFileRefused, match=r"town\.xml, line 2\d: the XML is broken") as caught:
        read_exchange("\n".join(lines[:22]).encode(), file="town.xml")
    assert caught.value.line >= 22


def test_billion_laughs_are_refused_before_the_first_entity_is_read() -> None:
    data = f'<?xml version="1.0"?>\n{LAUGHS}<model {NS3}>&j;</model>'.encode()
    with pytest.raises(ModelFileRefused, match="line 2: it declares a document type"):
        read_exchange(data, file="laughs.xml")


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE m SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!-- a comment -->\n<?pi pi?>\n<!doctype m [<!ENTITY x "y">]>',
    ],
)
def test_an_external_entity_is_refused(doctype: str) -> None:
    for text, read in ((EXCHANGE, read_exchange), (ARCHI, read_archi)):
        head, _, body = text.partition("\n")
        with pytest.raises(ModelFileRefused, match="document type"):
            read(f"{head}\n{doctype}\n{body}".encode(), file="x.xml")


def test_a_document_type_behind_a_long_comment_is_still_refused() -> None:
    comment = f"<!--{'x' * (xml_in.PROLOG_BYTES_MAX + 10)}-->"
    data = f"{comment}{LAUGHS}<model {NS3}>&j;</model>".encode()
    with pytest.raises(ModelFileRefused, match="before its first element"):
        read_exchange(data)


def test_a_document_type_in_another_encoding_is_still_refused() -> None:
    with pytest.raises(ModelFileRefused, match="document type"):
        read_exchange(f"{LAUGHS}<model {NS3}>&j;</model>".encode("utf-16"))
    with pytest.raises(ModelFileRefused, match="encoded as"):
        read_exchange(f'<?xml version="1.0" encoding="cp037"?>{LAUGHS}<m/>'.encode())


def test_a_file_of_200_megabytes_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(FileTooLarge, match="200,000,000 bytes"):
        load(path)


def test_bytes_over_the_limit_are_not_parsed() -> None:
    with pytest.raises(FileTooLarge):
        read_exchange(b"<" + b" " * xml_in.XML_BYTES_MAX)


def test_too_many_tags_are_counted_before_the_parser_sees_them() -> None:
    with pytest.raises(FileTooLarge, match="tags"):
        read_exchange(b"<m>" + b"<a/>" * xml_in.XML_TAGS_MAX + b"</m>")


def test_too_many_attributes_are_counted_before_the_parser_sees_them() -> None:
    with pytest.raises(FileTooLarge, match="attributes"):
        read_exchange(b"<m " + b'a="" ' * (xml_in.XML_ATTRIBUTES_MAX + 1) + b"/>")


@pytest.mark.parametrize("inside", ["{}", "<elements>{}</elements>", "<views>{}</views>"])
def test_a_flood_of_unknown_xml_is_refused(inside: str) -> None:
    flood = "<a/>" * (xml_in.UNKNOWN_PARTS_MAX + 1)
    with pytest.raises(FileTooLarge, match="unknown XML"):
        read_exchange(exchange(inside.format(flood)))


def test_nesting_without_end_is_refused() -> None:
    body = "<elements>" + "<a>" * 1_000 + "</a>" * 1_000 + "</elements>"
    with pytest.raises(FileTooLarge, match="deeper than 256"):
        read_exchange(exchange(body))


def test_another_namespace_is_refused_and_named() -> None:
    data = b'<model xmlns="urn:other" identifier="m"/>'
    with pytest.raises(ModelFileRefused, match=r"'urn:other', which is not the Model Exchange"):
        read_exchange(data, file="x.xml")
    with pytest.raises(ModelFileRefused, match="not an Archi model"):
        read_archi(EXCHANGE.encode())


@pytest.mark.parametrize("data", [b"", b"   ", b"no xml", b"\xff\xfe<", b"%PDF-1.7", b"{}"])
def test_what_is_no_xml_is_refused(data: bytes) -> None:
    with pytest.raises(ModelFileRefused):
        load_bytes(data, file="x.xml")


def test_an_identifier_used_twice_names_both_lines() -> None:
    body = f"<elements>\n{element('a')}\n{element('a')}\n</elements>"
    with pytest.raises(ModelFileRefused, match=r"line 3: .*'a' is taken already, on line 2"):
        read_exchange(exchange(body))


def test_an_identifier_used_twice_on_one_line_is_found_too() -> None:
    with pytest.raises(ModelFileRefused, match="taken already"):
        read_exchange(exchange(f"<elements>{element('a')}{element('a')}</elements>"))


def test_an_object_without_identifier_is_refused() -> None:
    with pytest.raises(ModelFileRefused, match="line 2: the element has no identifier"):
        read_exchange(exchange('<elements>\n<element xsi:type="Node"/></elements>'))


def test_an_unknown_concept_is_refused_by_name() -> None:
    with pytest.raises(ModelFileRefused, match="no element called 'Spaceship'") as caught:
        read_exchange(exchange(f"<elements>{element('a', 'Spaceship')}</elements>"))
    assert caught.value.thing == "a"


NO_TARGET = '<relationship identifier="r" xsi:type="Flow" source="a" target="gone"/>'
NO_MEMBER = '<item identifier="f"><item identifierRef="gone"/></item>'
NO_ELEMENT = '<node identifier="n" xsi:type="Element" elementRef="gone" x="1" y="1" w="1" h="1"/>'
NO_ENDS = '<connection identifier="c" xsi:type="Line" source="x" target="y"/>'
NO_DEFINITION = (
    '<relationship identifier="r" xsi:type="Flow" source="a" target="a"><properties>'
    '<property propertyDefinitionRef="gone"><value/></property></properties></relationship>'
)


def drawn(part: str) -> str:
    view = f'<view identifier="v" xsi:type="Diagram"><name>V</name>\n{part}</view>'
    return f"<views><diagrams>{view}</diagrams></views>"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"<relationships>\n{NO_TARGET}</relationships>", "'r' names as its target 'gone'"),
        (f"<organizations>\n{NO_MEMBER}</organizations>", "'f' names as its member 'gone'"),
        (drawn(NO_ELEMENT), "node 'n' names as its element 'gone'"),
        (drawn(NO_ENDS), r"connection 'c' names as its source 'x'.* \(1 more"),
        (f"<relationships>\n{NO_DEFINITION}</relationships>", "property definition 'gone'"),
    ],
)
def test_a_reference_to_nothing_names_line_and_object(body: str, words: str) -> None:
    with pytest.raises(ModelFileRefused, match=rf"line 2: .*{words}"):
        load_bytes(exchange(f"<elements>{element('a')}</elements>{body}"), file="x.xml")


def test_a_folder_within_itself_is_refused() -> None:
    body = (
        '<organizations><item identifier="f">\n<item identifier="g">'
        '<item identifierRef="f"/></item></item></organizations>'
    )
    with pytest.raises(ModelFileRefused, match="lies within itself: f > g > f"):
        load_bytes(exchange(body), file="x.xml")


FORBIDDEN = exchange(
    f"<elements>{element('a', 'DataObject')}{element('b', 'Node')}</elements><relationships>\n"
    '<relationship identifier="r" xsi:type="Serving" source="a" target="b"/></relationships>'
)


def test_a_forbidden_relationship_is_refused_if_strict_and_says_what_is_allowed() -> None:
    with pytest.raises(ModelFileRefused, match=r"line 2: relationship 'r': .* allowed are: assoc"):
        load_bytes(FORBIDDEN, file="x.xml", strictness=Strictness.STRICT)


def test_a_forbidden_relationship_is_reported_if_warned_and_ignored_if_off() -> None:
    warned = load_bytes(FORBIDDEN, file="x.xml", strictness=Strictness.WARN)
    assert [(f.rule, f.line, f.thing) for f in warned.findings] == [
        ("relationship_not_allowed", 2, "r")
    ]
    assert load_bytes(FORBIDDEN, file="x.xml", strictness=Strictness.OFF).findings == []


def test_a_sound_model_has_no_findings() -> None:
    assert [f.thing for f in check(read_exchange(EXCHANGE.encode()))] == []


def test_a_connection_filed_under_another_object_is_refused() -> None:
    broken = ARCHI.replace('id="c1" name="plain" source="o2"', 'id="c1" name="plain" source="o1"')
    with pytest.raises(ModelFileRefused, match="lies in another object than 'o1'"):
        read_archi(broken.encode())


def test_an_archi_id_used_twice_is_refused() -> None:
    broken = ARCHI.replace('id="id-records"', 'id="650"', 1)
    with pytest.raises(ModelFileRefused, match="'650' is taken already, in line"):
        read_archi(broken.encode())


def test_nothing_is_fetched_from_an_address_in_the_file() -> None:
    data = (
        f'<model {NS3} {XSI} xsi:schemaLocation="http://127.0.0.1:9/ http://127.0.0.1:9/x.xsd" '
        'identifier="m"><name>M</name>'
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>'
        "</model>"
    )
    model = read_exchange(data.encode())
    assert model.residue is not None
    assert "hostname" in model.residue.children[0][1]
