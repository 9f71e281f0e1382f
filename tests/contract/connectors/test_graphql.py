"""GraphQL sources: Relay connections, and errors that hide beside data."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.source import Source
from schemas.errors import GiveUp, RetryLater
from schemas.records import Cursor
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    source_of,
)

Serve = Callable[[Answer], Server]
COUNT = 17
FILE = """
connector: permits
kind: graphql
interface: urn:townclerk:interface:permits-graphql
streams:
  permits:
    data_set: urn:townclerk:data_set:permits
    path: /graphql
    query: |
      query($first: Int!, $after: String, $since: DateTime, $status: String) {{
        permits(first: $first, after: $after, since: $since, status: $status) {{
          totalCount edges {{ node {{ id name at }} }} pageInfo {{ hasNextPage endCursor }}
        }}
      }}
    connection: data.permits
    size: {size}
    variables: {{status: OPEN}}
    changed: at
    {more}
    key: id
    map: {{kind: "'person'", given_name: name}}
"""


def permits(url: str, size: int = 5, more: str = "") -> Source:
    return source_of(FILE.format(size=size, more=more), url)


def relay(request: Request) -> Reply:
    variables = json.loads(request.body)["variables"]
    start, size = int(variables["after"] or 0), variables["first"]
    nodes = people(COUNT)[start : start + size]
    end = str(start + len(nodes))
    return connection(nodes, more=start + size < COUNT, end=end)


def connection(nodes: list[Any], *, more: Any, end: Any, **beside: Any) -> Reply:
    value = {
        "edges": [{"cursor": "c", "node": node} for node in nodes],
        "pageInfo": {"hasNextPage": more, "endCursor": end},
        "totalCount": COUNT,
    }
    return Reply.json({"data": {"permits": value}, **beside})


@pytest.mark.parametrize("size", [1, 7, COUNT, 1000])
def test_every_page_size_gives_the_same_records(serve: Serve, size: int) -> None:
    server = serve(relay)

    pages = read_all(permits(server.url, size), "permits")

    assert keys(pages) == list(range(1, COUNT + 1))
    assert pages[-1].last
    assert not any(page.last for page in pages[:-1])
    assert {request.path for request in server.requests} == {"/graphql"}
    assert json.loads(server.requests[0].body)["variables"]["status"] == "OPEN"


def test_a_read_from_any_pages_cursor_gives_exactly_the_rest(serve: Serve) -> None:
    source = permits(serve(relay).url, 3)
    pages = read_all(source, "permits")

    for number, page in enumerate(pages):
        assert keys(read_all(source, "permits", page.cursor)) == keys(pages[number + 1 :])


def test_a_records_bytes_are_those_of_its_node(serve: Serve) -> None:
    node = b'{ "id" : 1, "name":"a" }'
    body = (
        b'{"data":{"permits":{"edges":[{"node":' + node + b',"cursor":"x"}],'
        b'"pageInfo":{"hasNextPage":false,"endCursor":null}}}}'
    )

    [page] = read_all(permits(serve(lambda _: Reply(body)).url), "permits")

    assert [record.raw for record in page.records] == [node]


def test_an_incremental_scan_puts_the_mark_into_its_variable(serve: Serve) -> None:
    node = {"id": 1, "name": "x", "at": "2026-03-01T12:00:00+01:00"}
    server = serve(lambda _: connection([node], more=False, end="1"))
    source = permits(server.url, more="incremental: {variable: since, lookback_seconds: 3600}")

    [page] = read_all(source, "permits")
    read_all(source, "permits", Cursor(since=page.cursor.high))

    sent = [json.loads(request.body)["variables"].get("since") for request in server.requests]
    assert sent == [None, "2026-03-01T11:00:00+01:00"]


def test_errors_beside_data_spoil_the_page_and_quote_no_record(serve: Serve) -> None:
    errors = [
        {
            "message": "no permit for Jansen, 12-05-1990",
            "path": ["permits", "edges", 3, "node"],
            "extensions": {"code": "INTERNAL"},
        }
    ]
    server = serve(lambda _: connection(people(2), more=False, end="2", errors=errors))

    with pytest.raises(GiveUp, match="1 GraphQL error") as caught:
        read_all(permits(server.url), "permits")

    assert "Jansen" not in str(caught.value.as_dict())
    assert "INTERNAL" in caught.value.what


@pytest.mark.parametrize("status", [200, 400])
def test_a_fault_of_the_document_is_shown(serve: Serve, status: int) -> None:
    errors = [{"message": "Cannot query field 'nam' on type 'Permit'."}]
    server = serve(lambda _: Reply.json({"errors": errors}, status=status))

    with pytest.raises(GiveUp, match="Cannot query field 'nam'"):
        read_all(permits(server.url), "permits")


@pytest.mark.parametrize("errors", ["broken", ["x"], [None], {"a": 1}, True, 1])
def test_errors_of_a_strange_shape_spoil_the_page_too(serve: Serve, errors: object) -> None:
    server = serve(lambda _: connection(people(2), more=False, end="2", errors=errors))

    with pytest.raises(GiveUp, match="errors of a shape"):
        read_all(permits(server.url), "permits")


def test_an_empty_list_of_errors_is_no_error(serve: Serve) -> None:
    server = serve(lambda _: connection(people(2), more=False, end="2", errors=[]))

    assert keys(read_all(permits(server.url), "permits")) == [1, 2]


@pytest.mark.parametrize(
    ("more", "end"), [(True, None), (True, ""), (True, 5), (None, "x"), ("true", "x"), (1, "x")]
)
def test_page_info_that_leads_nowhere_is_never_the_end(
    serve: Serve, more: object, end: object
) -> None:
    server = serve(lambda _: connection(people(2), more=more, end=end))

    with pytest.raises(GiveUp):
        read_all(permits(server.url), "permits")


def test_a_cursor_that_stands_still_is_noticed(serve: Serve) -> None:
    count = iter(range(1000))
    server = serve(lambda _: connection([{"id": next(count)}], more=True, end="same"))

    with pytest.raises(GiveUp):
        read_all(permits(server.url), "permits")

    assert len(server.requests) == 2


def test_a_connection_that_says_null_is_never_an_empty_one(serve: Serve) -> None:
    for body in ({"data": None}, {"data": {"permits": None}}, {"data": {}}, {}):
        server = serve(lambda _, body=body: Reply.json(body))  # type: ignore[misc]

        with pytest.raises(GiveUp):
            read_all(permits(server.url), "permits")


def test_a_null_node_is_rejected_and_the_rest_goes_on(serve: Serve) -> None:
    server = serve(lambda _: connection([None, {"id": 2}], more=False, end="2"))

    [page] = read_all(permits(server.url), "permits")

    assert keys([page]) == [2]
    assert [bad.rule for bad in page.rejected] == ["record_not_object"]


def test_fewer_nodes_than_the_total_is_not_complete(serve: Serve) -> None:
    server = serve(lambda _: connection(people(2), more=False, end="2"))

    with pytest.raises(RetryLater, match="2 of the 17"):
        read_all(permits(server.url, more="total: data.permits.totalCount"), "permits")
