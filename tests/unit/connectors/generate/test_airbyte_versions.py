"""Manifests as their authors really write them, old and new: what each part becomes, or why not."""

from typing import Any

import pytest

from connectors.generate.airbyte import Translated, translate_manifest
from connectors.generate.guesses import InterfaceUnreadable
from connectors.sdk.load import load_connector_file

OLD = """
version: "0.29.0"
definitions:
  selector: {extractor: {field_path: ["{{ options['name'] }}"]}}
  requester:
    url_base: "https://api.example/v1"
    http_method: "GET"
    authenticator:
      type: BasicHttpAuthenticator
      username: "{{ config['api_key'] }}"
  retriever:
    record_selector: "*ref(definitions.selector)"
    requester: "*ref(definitions.requester)"
    paginator:
      type: DefaultPaginator
      page_token_option: {type: RequestPath}
      pagination_strategy: {type: CursorPagination, cursor_value: "{{ response['links']['next'] }}"}
  base_stream: {retriever: "*ref(definitions.retriever)"}
  customers_stream:
    $ref: "*ref(definitions.base_stream)"
    $options: {name: customers, primary_key: id, path: /customers}
streams: ["*ref(definitions.customers_stream)"]
"""

PARTS = """
version: 6.44.0
type: DeclarativeSource
definitions:
  linked:
    requester:
      type: HttpRequester
      url_base: https://api.example/
      path: "{{ parameters.path }}"
      authenticator:
        type: ApiKeyAuthenticator
        api_token: "{{ config['key'] }}"
        inject_into: {type: RequestOption, inject_into: request_parameter, field_name: api_key}
    base:
      type: DeclarativeStream
      retriever:
        type: SimpleRetriever
        requester: {$ref: "#/definitions/linked/requester"}
        record_selector: {extractor: {type: DpathExtractor, field_path: [data]}}
  page:
    type: DefaultPaginator
    page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: limit}
    page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: after}
    pagination_strategy: %PAGING%
streams:
  - $ref: "#/definitions/linked/base"
    $parameters: {path: people, name: people}
    primary_key: [[id]]
    retriever:
      $ref: "#/definitions/linked/base/retriever"
      paginator: {$ref: "#/definitions/page"}
    %MORE%
"""
LAST = """{type: CursorPagination, page_size: 100, cursor_value: "{{ last_record['id'] }}",
      stop_condition: "{{ not response.get('has_more', False) }}"}"""


def parts(paging: str = LAST, more: str = "") -> Translated:
    text = PARTS.replace("%PAGING%", paging).replace("%MORE%", more)
    found = translate_manifest(text.encode(), source="parts.yaml")
    load_connector_file(found.text, name="parts.yaml")
    return found


def stream_of(found: Translated) -> dict[str, Any]:
    (stream,) = load_connector_file(found.text, name="x.yaml").streams.values()
    return stream.model_dump(exclude_unset=True)


def test_an_old_manifest_with_references_in_texts_is_written_out() -> None:
    found = translate_manifest(OLD.encode(), source="old.yaml")
    spec = load_connector_file(found.text, name="old.yaml")
    stream = spec.streams["customers"].model_dump(exclude_unset=True)

    assert (spec.address, stream["get"], stream["records"]) == (
        "https://api.example/v1", "/customers", "customers",
    )  # fmt: skip
    assert stream["paging"] == {"type": "link", "next": "links.next", "absent_means_end": True}
    why = "the user name comes from the configuration: townclerk stands for it"
    assert ("customers", why) in found.lost


def test_parameters_are_handed_down_and_a_key_in_the_query_stays_there() -> None:
    found = parts()
    stream = stream_of(found)

    assert stream["get"] == "/people"
    assert "parameter: api_key" in found.text
    assert stream["paging"] == {
        "type": "last_key", "parameter": "after", "field": "id", "more": "has_more",
        "size_parameter": "limit", "size": 100,
    }  # fmt: skip
    assert found.lost == []


@pytest.mark.parametrize(
    ("paging", "expected"),
    [
        (
            "{type: CursorPagination, cursor_value: \"{{ response.get('meta', {}).get('next')}}\"}",
            {"type": "cursor", "parameter": "after", "next": "meta.next", "absent_means_end": True},
        ),
        (
            "{type: CursorPagination, cursor_value: \"{{ headers['link']['next']['url'] }}\"}",
            {"type": "header_link", "absent_means_end": True},
        ),
        (
            "{type: PageIncrement, start_from_page: 1, page_size: 50}",
            {"type": "page", "parameter": "after", "first": 1, "size_parameter": "limit"}
            | {"size": 50},
        ),
        (
            "{type: OffsetIncrement, page_size: '50'}",
            {"type": "offset", "parameter": "after", "size_parameter": "limit", "size": 50},
        ),
    ],
    ids=["get in get", "header", "page", "offset"],
)
def test_each_way_of_paging_becomes_ours(paging: str, expected: dict[str, Any]) -> None:
    found = parts(paging)

    assert stream_of(found)["paging"] == expected
    assert found.lost == []


@pytest.mark.parametrize(
    "paging",
    [
        "{type: CursorPagination, cursor_value: \"{{ response.items | map('x') | list }}\"}",
        "{type: CursorPagination, cursor_value: \"{{ response.next.split('=')[1] }}\"}",
        "{type: CustomPaginationStrategy, class_name: source.Paging}",
        "{type: PageIncrement, start_from_page: 7}",
    ],
)
def test_paging_that_cannot_be_translated_never_lets_records_vanish(paging: str) -> None:
    found = parts(paging)

    assert stream_of(found)["vanished"] == "keep"
    assert [place for place, _ in found.lost] == ["people"]


@pytest.mark.parametrize(
    ("more", "lost"),
    [
        ("transformations: [{type: AddFields}, {type: RemoveFields}]", "AddFields"),
        (
            (
                "incremental_sync: {type: DatetimeBasedCursor, cursor_field: at,"
                " datetime_format: '%s', start_time_option:"
                " {inject_into: request_parameter, field_name: since}}"
            ),
            "by moments as %s",
        ),
        (
            (
                "incremental_sync: {type: DatetimeBasedCursor, cursor_field: at, end_time_option: {"
                "field_name: until}, start_time_option: {field_name: since}}"
            ),
            "by windows of time",
        ),
        ("incremental_sync: {type: DatetimeBasedCursor, cursor_field: at}", "without a parameter"),
    ],
)
def test_what_has_no_counterpart_is_listed(more: str, lost: str) -> None:
    found = parts(more=more)

    assert any(lost in why for _, why in found.lost)
    assert "incremental:" not in found.text


def test_a_cursor_of_moments_with_a_look_back_is_kept() -> None:
    found = parts(
        more="incremental_sync: {type: DatetimeBasedCursor, cursor_field: updated_at,"
        " datetime_format: '%Y-%m-%dT%H:%M:%SZ', lookback_window: P1DT2H,"
        " start_time_option: {inject_into: request_parameter, field_name: since}}"
    )

    stream = stream_of(found)
    assert stream["changed"] == "updated_at"
    assert stream["incremental"] == {"parameter": "since", "lookback_seconds": 26 * 3600}
    assert found.lost == []


def test_fixed_values_part_a_list_and_a_posted_question_is_posted() -> None:
    text = """
version: 7.4.0
streams:
  - name: rows
    primary_key: id
    retriever:
      requester:
        type: HttpRequester
        url: https://api.example/v2/search
        http_method: POST
        request_body_json: {kind: person}
      record_selector:
        extractor: {field_path: [rows]}
        record_filter: {condition: "{{ record['state'] == 'open' }}"}
      partition_router:
        type: ListPartitionRouter
        values: [north, south]
        cursor_field: district
        request_option: {inject_into: body_json, field_name: district}
"""
    found = translate_manifest(text.encode(), source="rows.yaml")
    stream = stream_of(found)

    assert (stream["post"], stream["body"]) == ("/v2/search", {"kind": "person"})
    assert stream["partitions"] == {"parameter": "district", "values": ["north", "south"]}
    assert stream["where"] == "state == 'open'"
    assert found.lost == []


def test_streams_of_other_streams_and_of_other_readers_are_listed() -> None:
    text = """
version: 7.4.0
dynamic_streams: [{type: DynamicDeclarativeStream}]
streams:
  - name: good
    primary_key: id
    retriever: {requester: {type: HttpRequester, url_base: "https://a.example", path: /good}}
  - name: parts
    retriever:
      requester: {type: HttpRequester, url_base: "https://a.example", path: "/x/{{ slice.id }}"}
      partition_router: {type: SubstreamPartitionRouter}
  - name: jobs
    retriever: {type: AsyncRetriever}
  - name: session
    retriever: {requester: {type: CustomRequester, class_name: source.Own}}
"""
    found = translate_manifest(text.encode(), source="many.yaml")
    reasons = dict(found.lost)

    assert set(reasons) == {"parts", "jobs", "session", "the manifest"}
    assert "AsyncRetriever" in reasons["jobs"]
    assert "CustomRequester" in reasons["session"]


@pytest.mark.parametrize(
    "text",
    [
        'streams: [{$ref: "#/definitions/a"}]\ndefinitions: {a: {$ref: "#/definitions/a"}}',
        'streams: ["#/definitions/a"]\ndefinitions: {a: {retriever: "#/definitions/a"}}',
        "streams: {}",
        "streams: [7, null, text]",
    ],
)
def test_a_manifest_that_refers_to_itself_or_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InterfaceUnreadable):
        translate_manifest(text.encode(), source="odd.yaml")
