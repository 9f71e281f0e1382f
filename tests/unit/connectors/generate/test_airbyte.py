"""Low-code manifests become connector files; what has no counterpart is said, never guessed."""

import json

import pytest

from connectors.generate.airbyte import translate_manifest
from connectors.generate.guesses import InterfaceUnreadable
from connectors.sdk.load import load_connector_file
from schemas.errors import UnknownName

MANIFEST = """
version: 7.0.0
type: DeclarativeSource
definitions:
  requester:
    type: HttpRequester
    url_base: https://crm.example/api
    http_method: GET
    authenticator: {type: BearerAuthenticator, api_token: "{{ config['crm_token'] }}"}
  selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [data, people]}}
streams:
  - type: DeclarativeStream
    name: people
    primary_key: [id]
    retriever:
      type: SimpleRetriever
      requester:
        $ref: "#/definitions/requester"
        path: /people
        request_parameters: {active: "true", since: "{{ config['since'] }}"}
      record_selector: {$ref: "#/definitions/selector"}
      paginator:
        type: DefaultPaginator
        page_size_option: {type: RequestOption, field_name: limit, inject_into: request_parameter}
        page_token_option: {type: RequestOption, field_name: cursor}
        pagination_strategy:
          type: CursorPagination
          page_size: 50
          cursor_value: "{{ response.meta.next_cursor }}"
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: updated_at
      start_time_option: {field_name: updated_since, inject_into: request_parameter}
    transformations: [{type: AddFields}]
    schema_loader:
      type: InlineSchemaLoader
      schema: {type: object, properties: {id: {type: integer}, last_name: {type: string}}}
  - type: DeclarativeStream
    name: notes
    retriever: {requester: {$ref: "#/definitions/requester", path: "/p/{{ stream_slice.id }}"}}
"""


def test_one_way_of_a_selective_sign_in_is_taken_by_its_name() -> None:
    ways = {
        "token": {"type": "BearerAuthenticator", "api_token": "{{ config['tok'] }}"},
        "login": {"type": "BasicHttpAuthenticator", "username": "x", "password": "y"},
    }
    choice = {"type": "SelectiveAuthenticator", "authenticators": ways}
    requester = {"type": "HttpRequester", "url_base": "https://crm.example.org", "path": "/people"}
    retriever = {
        "type": "SimpleRetriever",
        "requester": requester | {"authenticator": choice},
        "record_selector": {"extractor": {"type": "DpathExtractor", "field_path": ["items"]}},
    }
    stream = {"name": "people", "primary_key": "id", "retriever": retriever}
    manifest = json.dumps({"version": "6.0.0", "streams": [stream]}).encode()

    assert "type: bearer" in translate_manifest(manifest, source="crm.yaml").text
    assert "type: basic" in translate_manifest(manifest, source="crm.yaml", auth="login").text
    with pytest.raises(UnknownName, match="did you mean `login`"):
        translate_manifest(manifest, source="crm.yaml", auth="logn")


def test_a_manifest_becomes_a_file_that_loads_with_what_was_lost_beside_it() -> None:
    found = translate_manifest(MANIFEST.encode(), source="crm.yaml")

    spec = load_connector_file(found.text, name="crm.yaml")
    stream = spec.streams["people"].model_dump(exclude_unset=True)
    assert (spec.address, spec.auth.type) == ("https://crm.example/api", "bearer")
    assert "env:CRM_TOKEN" in found.text
    assert (stream["get"], stream["records"]) == ("/people", "data.people")
    assert stream["parameters"] == {"active": "true"}
    assert stream["paging"] == {
        "type": "cursor",
        "parameter": "cursor",
        "next": "meta.next_cursor",
        "absent_means_end": True,
        "size_parameter": "limit",
        "size": 50,
    }
    assert stream["incremental"] == {"parameter": "updated_since"}
    assert stream["map"]["family_name"] == "last_name"
    assert [place for place, _ in found.lost] == ["people", "people", "notes"]
    assert all(why in found.text for _, why in found.lost)


@pytest.mark.parametrize(
    ("strategy", "option", "expected"),
    [
        ("{type: OffsetIncrement, page_size: 5}", "{field_name: skip}", {"type": "offset"}),
        ("{type: PageIncrement, start_from_page: 1}", "{field_name: p}", {"first": 1}),
        ("{type: CursorPagination, cursor_value: '{{ response.next }}'}", "{type: RequestPath}",
            {"type": "link", "next": "next"}),
    ],
)  # fmt: skip
def test_the_three_ways_of_paging_are_known(
    strategy: str, option: str, expected: dict[str, object]
) -> None:
    before, _, rest = MANIFEST.partition("        page_token_option")
    after = rest[rest.index("    incremental_sync") :]
    text = f"{before}        page_token_option: {option}\n        pagination_strategy: {strategy}\n"
    found = translate_manifest((text + after).encode(), source="crm.yaml")

    paging = load_connector_file(found.text, name="x").streams["people"].model_dump()["paging"]
    assert expected.items() <= paging.items()


@pytest.mark.parametrize("content", [b"{}", b"streams: 7", b"streams: [{$ref: '#/streams/0'}]"])
def test_what_is_no_manifest_is_refused(content: bytes) -> None:
    with pytest.raises(InterfaceUnreadable):
        translate_manifest(content, source="theirs")


REQUESTER = "{type: HttpRequester, url_base: 'https://a.example/x', path: /list}"
ODD = """
{retriever: {requester: {type: HttpRequester, url: 'https://[x/{{ a }}'}}}
{primary_key: [1, {}], transformations: [{type: AddFields, fields: [{path: 5}]}], retriever: GOOD}
{retriever: {requester: {type: HttpRequester, url_base: 'https://a.example/x', path: '/a b'}}}
{retriever: {requester: REQUESTER, partition_router: {type: 7, values: [[1]], request_option: [x]}}}
{retriever: {requester: REQUESTER, paginator: {pagination_strategy: 7, page_token_option: 5}}}
{retriever: {requester: REQUESTER, record_selector: {record_filter: 5, extractor: 5}}}
"""


@pytest.mark.parametrize("number", range(6))
def test_an_odd_stream_costs_itself_and_no_other(number: int) -> None:
    good = f"{{requester: {REQUESTER}}}"
    odd = ODD.replace("REQUESTER", REQUESTER).replace("GOOD", good).strip().splitlines()[number]
    text = (
        f"version: 7.0.0\nstreams:\n  - {{name: odd, {odd[1:]}\n"
        f"  - {{name: good, primary_key: id, retriever: {good}}}\n"
    )

    found = translate_manifest(text.encode(), source="odd.yaml")

    assert "good" in load_connector_file(found.text, name="odd.yaml").streams
    assert "odd" in {place for place, _ in found.lost}


def test_a_word_that_nobody_knows_is_listed_wherever_it_stands() -> None:
    text = (
        "version: 7.0.0\nmagic: {a: 1}\nstreams:\n  - {name: people, primary_key: id, magic: 1,"
        " retriever: {magic: 1, requester: {type: HttpRequester, magic: 1, url_base:"
        " 'https://a.example', path: /list}, record_selector: {magic: 1, extractor: {magic: 1}},"
        " decoder: {type: CsvDecoder}}}\n"
    )
    found = translate_manifest(text.encode(), source="x.yaml")

    assert {why for _, why in found.lost} == {
        "`magic`", "`magic` of the stream", "`magic` of the retriever",
        "`magic` of the requester", "`magic` of the record selector", "`magic` of the extractor",
        "answers that are read by CsvDecoder",
    }  # fmt: skip
    assert "vanished: keep" in found.text
