"""Documents of other sorts, and records of other shapes, are read as a person reads them."""

from typing import Any

import pytest

from connectors.generate.guesses import InferredStream, InterfaceUnreadable
from connectors.generate.interface import infer_interface
from connectors.generate.making import make
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.sdk.expressions import compile_expression
from connectors.sdk.load import load_connector_file
from connectors.sdk.values import as_date, as_datetime

EDMX = """<?xml version="1.0"?>
<edmx:Edmx Version="{version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices {more}>
  <Schema Namespace="Town" Alias="T" xmlns="http://docs.oasis-open.org/odata/ns/edm">
   <ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
   <EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key>
    <Property Name="Id" Type="Edm.Guid"/><Property Name="Home" Type="T.Address"/></EntityType>
   <EntityType Name="Person" BaseType="Town.Base"><Property Name="LastName" Type="Edm.String"/>
    <Property Name="BirthDate" Type="Edm.Date"/></EntityType>
   <EntityType Name="Role"><Key><PropertyRef Name="Person"/><PropertyRef Name="Year"/></Key>
    <Property Name="Person" Type="Edm.Guid"/><Property Name="Year" Type="Edm.Int32"/></EntityType>
   <EntityContainer Name="All"><EntitySet Name="People" EntityType="T.Person"/>
    <EntitySet Name="Roles" EntityType="T.Role"/><EntitySet Name="Lost" EntityType="T.Gone"/>
   </EntityContainer>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>
"""


def metadata(version: str = "4.0", more: str = "") -> bytes:
    return EDMX.format(version=version, more=more).encode()


def proposed(**properties: Any) -> dict[str, str]:
    record = {"type": "object", "properties": properties}
    return {f: guess.value for f, guess in propose_map(Shapes({}), record, owner="people").items()}


def listed(*names: str, **more: Any) -> dict[str, Any]:
    fields = {name: {"type": "string"} for name in names}
    return {"type": "array", "items": {"type": "object", "properties": {**fields, **more}}}


def streams(content: bytes) -> dict[str, InferredStream]:
    return {stream.name: stream for stream in infer_interface(content, name="m.xml").streams}


def test_metadata_of_odata_4_becomes_a_connector_of_its_own_kind() -> None:
    made = make(metadata(), source="https://crm.example/api/$metadata")
    spec = load_connector_file(made.text, name="made.yaml")

    assert (spec.kind, spec.address) == ("odata", "https://crm.example/api")
    (people,) = spec.streams.values()
    assert people.key == "Id"  # which the type it builds on declares
    assert people.map["birth_date"] == "date(BirthDate)"
    assert people.map["city"] == "Home.City"


def test_a_key_of_several_parts_is_joined_and_a_lost_type_is_named() -> None:
    found = infer_interface(metadata(), name="m.xml")
    roles = {stream.name: stream for stream in found.streams}["Roles"]

    assert roles.key is not None
    assert compile_expression(roles.key.value).evaluate({"Person": "p", "Year": 2026}) == "p|2026"
    assert found.passed_over == (("Lost", "its type is not described here"),)


def test_metadata_of_odata_2_becomes_a_connector_for_its_own_envelope() -> None:
    (people,) = load_connector_file(
        make(metadata("1.0", 'm:DataServiceVersion="2.0" xmlns:m="m"'), source="m.xml").text,
        name="made.yaml",
    ).streams.values()
    assert people.model_dump()["records"] == "d.results"
    assert people.model_dump()["paging"]["next"] == "d.__next"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (metadata("1.0", 'm:DataServiceVersion="3.0" xmlns:m="m"'), "describes OData 3"),
        (b"<definitions/>", "is a WSDL"),
        (b"<html><body/></html>", "is a web page"),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "damaged XML"),
        (b"<edmx:Edmx", "damaged XML"),
    ],
)
def test_other_xml_is_refused_with_what_it_is(content: bytes, why: str) -> None:
    with pytest.raises(InterfaceUnreadable, match=why):
        infer_interface(content, name="m.xml")


def test_types_that_build_on_each_other_in_a_circle_end() -> None:
    round_ = metadata().replace(b'Name="Base" Abstract="true"', b'Name="Base" BaseType="T.Person"')
    assert "People" in streams(round_)


def test_a_list_of_the_customers_own_things_gives_its_first() -> None:
    phones = {"type": "array", "items": {"type": "string"}}
    found = proposed(
        emails=listed("value", "type"),
        phones=phones,
        addresses=listed("postalCode"),
        children=listed("firstName"),
    )
    assert found["email"] == "first(emails).value"
    assert found["phone"] == "first(phones)"
    assert found["postal_code"] == "first(addresses).postalCode"
    assert "given_name" not in found  # that of a child is nobody's own


def test_a_list_that_says_what_each_entry_is_gives_the_right_one() -> None:
    kinds = {"type": "string", "enum": ["phone", "fax", "email"]}
    found = proposed(telecom=listed("value", system=kinds))
    assert found["email"] == "pick(telecom, 'system', 'email').value"
    assert found["phone"] == "pick(telecom, 'system', 'phone').value"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("MailingCity", "city"),
        ("E-mail_werk", "email"),
        ("address1_postalcode", "postal_code"),
        ("telephone_portable", "phone"),
        ("emailaddress1", "email"),
    ],
)
def test_words_around_a_usual_name_do_not_hide_it(name: str, field: str) -> None:
    assert compile_expression(proposed(**{name: {"type": "string"}})[field]).roots == {name}


@pytest.mark.parametrize(
    "name", ["place_of_birth", "email_verified_by", "partner_city", "phone_type", "geboorteplaats"]
)
def test_a_name_that_only_holds_a_usual_one_is_left_alone(name: str) -> None:
    assert set(proposed(**{name: {"type": "string"}})) == {"kind"}


@pytest.mark.parametrize(
    ("whole", "given", "family"),
    [
        ("Anneke de Wit", "Anneke", "de Wit"),
        ("Wit, Anneke", "Anneke", "Wit"),
        ("Anneke", "Anneke", "Anneke"),
        ("", None, None),
        (None, None, None),
    ],
)
def test_a_whole_name_is_parted_where_there_is_no_other(
    whole: str | None, given: str | None, family: str | None
) -> None:
    found = proposed(full_name={"type": "string"})
    for field, expected in (("given_name", given), ("family_name", family)):
        value = compile_expression(found[field]).evaluate({"full_name": whole})
        assert (value or None) == expected


def test_somebody_who_works_somewhere_is_a_person() -> None:
    text = {"type": "string"}
    found = proposed(surname=text, companyName=text, birthday=text)
    assert found["kind"] == "'person'"


@pytest.mark.parametrize("told", [{"examples": ["31-12-1980"]}, {"description": "as dd-mm-yyyy"}])
def test_a_day_is_read_as_its_document_shows_it(told: dict[str, Any]) -> None:
    found = proposed(born={"type": "string", **told})
    assert found["birth_date"] == "date(born, '%d-%m-%Y')"


def test_days_of_odata_2_are_days() -> None:
    assert str(as_date("/Date(-593913600000)/")) == "1951-03-08"
    moment = as_datetime("/Date(1772600767000+0060)/")
    assert moment is not None
    assert moment.isoformat() == "2026-03-04T05:06:07+00:00"
