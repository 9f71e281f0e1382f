"""Each way of paging, signing in and naming fields, one small document at a time."""

import json
from typing import Any

import pytest

from connectors.generate.guesses import InferredStream
from connectors.generate.interface import infer_interface
from tests.unit.connectors.generate.test_hostile_interfaces import a_list

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
PEOPLE = {"type": "array", "items": {"type": "object", "properties": {"id": NUMBER}}}


def stream_of(schema: Any, *parameters: tuple[str, Any], headers: Any = None) -> InferredStream:
    document = a_list(schema)
    get = document["paths"]["/people"]["get"]
    get["parameters"] = [{"name": n, "in": "query", "schema": s} for n, s in parameters]
    get["responses"]["200"]["headers"] = headers or {}
    (stream,) = infer_interface(json.dumps(document).encode(), name="theirs").streams
    return stream


def envelope(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"items": PEOPLE, **fields}}


@pytest.mark.parametrize(
    ("schema", "parameters", "headers", "expected"),
    [
        (PEOPLE, [], None, {"type": "none"}),
        (
            envelope(next={"type": "string", "format": "uri", "nullable": True}, total=NUMBER),
            [("limit", {"type": "integer", "maximum": 200})],
            None,
            {"type": "link", "next": "next", "size_parameter": "limit", "size": 200}
            | {"total": "total"},
        ),
        (
            envelope(**{"@odata.nextLink": TEXT, "@odata.count": NUMBER}),
            [("$top", NUMBER), ("$skip", NUMBER)],
            None,
            # $top would end the whole list, not the page; and nobody asks it to count.
            {"type": "link", "next": "['@odata.nextLink']", "absent_means_end": True},
        ),
        (
            envelope(_links={"properties": {"next": {"properties": {"href": TEXT}}}}),
            [("page", NUMBER)],
            None,
            {"type": "link", "next": "_links.next.href", "absent_means_end": True},
        ),
        (
            envelope(meta={"properties": {"next_cursor": {"type": ["string", "null"]}}}),
            [("cursor", TEXT), ("per_page", NUMBER)],
            None,
            {"type": "cursor", "parameter": "cursor", "next": "meta.next_cursor"}
            | {"size_parameter": "per_page", "size": 100},
        ),
        (
            PEOPLE,
            [("page", {"type": "integer", "minimum": 0}), ("size", NUMBER)],
            {"X-Total-Count": {}},
            {"type": "page", "parameter": "page", "first": 0, "size_parameter": "size"}
            | {"size": 100, "total_header": "X-Total-Count"},
        ),
        (
            envelope(hasMore={"type": "boolean"}),
            [("starting_after", TEXT), ("limit", {"type": "integer", "maximum": 100})],
            None,
            {"type": "last_key", "parameter": "starting_after", "field": "id"}
            | {"more": "hasMore", "size_parameter": "limit", "size": 100},
        ),
        (
            envelope(next_page={"type": "integer", "nullable": True}),
            [("page", NUMBER), ("per_page", NUMBER)],
            None,
            {"type": "cursor", "parameter": "page", "next": "next_page"}
            | {"size_parameter": "per_page", "size": 100},
        ),
        (
            envelope(totalResults=NUMBER),
            [("startIndex", NUMBER), ("count", NUMBER)],
            None,
            {"type": "offset", "parameter": "startIndex", "first": 1, "size_parameter": "count"}
            | {"size": 100, "total": "totalResults"},
        ),
        (
            PEOPLE,
            [("page", NUMBER), ("per_page", NUMBER)],
            {"Link": {}},
            {"type": "header_link", "size_parameter": "per_page", "size": 100},
        ),
        (
            PEOPLE,
            [("per_page", NUMBER)],
            {"Link": {}},
            {"type": "header_link", "size_parameter": "per_page", "size": 100},
        ),
        (
            envelope(totalResults=NUMBER),
            [("offset", NUMBER), ("count", NUMBER)],
            None,
            {"type": "offset", "parameter": "offset", "size_parameter": "count", "size": 100}
            | {"total": "totalResults"},
        ),
        # A day to start from is no place in a list.
        (PEOPLE, [("start", {"type": "string", "format": "date"}), ("limit", NUMBER)], None,
            {"type": "none"}),
    ],
    ids=["none", "link", "odata", "hal", "cursor", "page", "last key", "page in the answer",
         "offset from one", "page and header", "header", "offset", "day"],
)  # fmt: skip
def test_the_way_of_paging_is_read_off_the_document(
    schema: Any, parameters: Any, headers: Any, expected: dict[str, Any]
) -> None:
    assert stream_of(schema, *parameters, headers=headers).paging.value == expected


@pytest.mark.parametrize(
    ("schema", "parameters", "named"),
    [
        (envelope(has_more={"type": "boolean"}), [], "has_more"),
        (PEOPLE, [("limit", NUMBER)], "limit"),
        (PEOPLE, [("cursor", TEXT)], "cursor"),
    ],
)
def test_a_list_that_hints_at_more_pages_is_told_apart_from_one_that_has_none(
    schema: Any, parameters: Any, named: str
) -> None:
    stream = stream_of(schema, *parameters)

    assert stream.paging.value == {"type": "none"}
    assert stream.paging.confidence < 0.8
    (point,) = stream.open_points
    assert f"`{named}`" in point
    assert "only the first answer is read" in point


def test_a_key_inside_the_one_object_that_a_record_wraps_is_found() -> None:
    town = {"properties": {"identificatie": TEXT, "naam": TEXT}}
    items = {"type": "object", "properties": {"people": town, "_links": {"properties": {}}}}
    key = stream_of({"type": "array", "items": items}).key

    assert key is not None
    assert key.value == "people.identificatie"


def test_a_filter_on_the_change_mark_makes_the_stream_incremental() -> None:
    items = {"properties": {"id": NUMBER, "updated_at": {"type": "string", "format": "date-time"}}}
    stream = stream_of(
        {"type": "array", "items": items}, ("updated_at__gt", TEXT), ("updated_at__gte", TEXT)
    )

    assert stream.changed is not None
    assert stream.changed.value == "updated_at"
    assert stream.incremental is not None
    assert stream.incremental.value == {"parameter": "updated_at__gte"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            ["voornamen", "tussenvoegsel", "achternaam", "geboortedatum", "postcode", "woonplaats"],
            ["given_name", "name_prefix", "family_name", "birth_date", "postal_code", "city"],
        ),
        (
            ["firstName", "last_name", "dateOfBirth", "zipCode", "e-mail", "mobile_phone"],
            ["given_name", "family_name", "birth_date", "postal_code", "email", "phone"],
        ),
        (
            ["Vorname", "Nachname", "Geburtsdatum", "PLZ", "Ort", "Straße", "Hausnummer"],
            [
                *("given_name", "family_name", "birth_date", "postal_code", "city", "street"),
                "house_number",
            ],
        ),
        (
            ["prénom", "nom", "date_de_naissance", "code_postal", "ville", "téléphone", "courriel"],
            ["given_name", "family_name", "birth_date", "postal_code", "city", "phone", "email"],
        ),
    ],
    ids=["nl", "en", "de", "fr"],
)
def test_fields_are_known_by_their_names_in_four_languages(
    names: list[str], expected: list[str]
) -> None:
    items = {"type": "object", "properties": {"id": NUMBER, **dict.fromkeys(names, TEXT)}}
    stream = stream_of({"type": "array", "items": items})

    for name, field in zip(names, expected, strict=True):
        guess = stream.map[field]
        assert name in guess.value
        assert guess.evidence
        assert 0 < guess.confidence <= 1


def test_the_partner_of_a_customer_is_not_the_customer() -> None:
    partner = {"type": "object", "properties": {"lastname": TEXT}}
    items = {"type": "object", "properties": {"id": NUMBER, "partner": partner}}

    assert "family_name" not in stream_of({"type": "array", "items": items}).map


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"type": "http", "scheme": "basic"}, "basic"),
        ({"type": "http", "scheme": "bearer"}, "bearer"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "api_key"),
        ({"type": "apiKey", "in": "query", "name": "key"}, "api_key"),
        ({"type": "apiKey", "in": "cookie", "name": "key"}, "none"),
        (
            {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://x.example/t"}}},
            "oauth2_client_credentials",
        ),
        ({"type": "openIdConnect"}, "none"),
    ],
)
def test_the_way_to_sign_in_is_read_off_the_document(scheme: Any, expected: str) -> None:
    document = a_list(PEOPLE, components={"securitySchemes": {"theirs": scheme}})
    found = infer_interface(json.dumps(document).encode(), name="theirs")

    assert found.auth.value["type"] == expected


def test_a_required_header_that_is_a_key_is_the_way_to_sign_in_where_none_is_declared() -> None:
    document = a_list(PEOPLE)
    headers = [{"name": name, "in": "header", "required": True} for name in ("X-Api-Key", "X-Town")]
    document["paths"]["/people"]["get"]["parameters"] = headers
    found = infer_interface(json.dumps(document).encode(), name="theirs")

    assert found.auth.value["header"] == "X-Api-Key"
    (stream,) = found.streams
    assert stream.open_points == ("header `X-Town` is required: give it under `headers`",)


def test_an_address_is_taken_from_one_place_and_by_its_usual_name() -> None:
    def inner(*names: str) -> dict[str, Any]:
        return {"type": "object", "properties": dict.fromkeys(names, TEXT)}

    fields = {"address": inner("line1", "city"), "card": inner("address_line1", "x")}
    person = {"type": "object", "properties": {"id": NUMBER, **fields}}
    found = stream_of({"type": "array", "items": person}).map
    assert (found["street"].value, found["city"].value) == ("address.line1", "address.city")


def test_a_graphql_schema_gives_a_query_with_its_own_types() -> None:
    schema = """
      scalar Date
      type PageInfo { hasNextPage: Boolean! endCursor: String }
      type Person { id: ID! surname: String bornOn: Date address: Address friends: [Person] }
      type Address { city: String }
      type Edge { node: Person }
      type People { edges: [Edge] pageInfo: PageInfo! totalCount: Int! }
      type Query { people(first: Int = 10, after: ID): People  person(id: ID!): Person }
    """
    found = infer_interface(schema.encode(), name="theirs")

    (stream,) = found.streams
    assert "query List($first: Int, $after: ID)" in stream.options["query"]
    assert "friends" not in stream.options["query"]
    assert stream.map["city"].value == "address.city"
    assert stream.map["birth_date"].value == "date(bornOn)"
    assert [place for place, _ in found.passed_over] == ["person"]
