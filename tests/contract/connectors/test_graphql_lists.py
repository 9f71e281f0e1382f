"""GraphQL lists by offset, by page, by token, below other fields or whole: generated, then read.

The server is graphql-core itself, so every document is checked against its schema.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from graphql import build_schema, graphql_sync

from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, write_connector
from connectors.sdk.mapping import compile_mapping
from schemas.errors import InvalidConnectorFile, RetryLater
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    read_all,
    source_of,
)

Serve = Callable[[Answer], Server]
COUNT, PAGE = 23, 5
PEOPLE = [
    {
        "id": f"p{number}",
        "firstName": "An",
        "lastName": f"Jansen {number}",
        "emails": [{"value": f"p{number}@example.org"}, {"value": "other@example.org"}],
        "updatedAt": "2026-01-01T00:00:00Z",
    }
    for number in range(COUNT)
]
TYPES = """
type Email { value: String }
type Person { id: ID! firstName: String lastName: String emails: [Email!] updatedAt: String }
type PageInfo { hasNextPage: Boolean! endCursor: String }
"""


def cut(start: int, size: int | None) -> list[dict[str, Any]]:
    return PEOPLE[start : start + min(size or PAGE, PAGE)]


def by_offset(_: Any, offset: int = 0, limit: int | None = None) -> Any:
    return cut(offset, limit)


def by_page(_: Any, page: int = 1, perPage: int | None = None) -> Any:  # noqa: N803  # as its schema has it
    size = min(perPage or PAGE, PAGE)
    return {"items": cut((page - 1) * size, size), "totalCount": COUNT}


def in_an_object(_: Any, pagination: dict[str, Any]) -> Any:
    size = min(pagination.get("pageSize", PAGE), PAGE)
    found = cut((pagination["page"] - 1) * size, size)
    return {"data": found, "meta": {"pagination": {"total": COUNT}}}


def by_token(_: Any, cursor: str | None = None, limit: int | None = None) -> Any:
    start, size = int(cursor or 0), min(limit or PAGE, PAGE)
    follow = str(start + size) if start + size < COUNT else None
    return {"results": cut(start, size), "nextCursor": follow}


def by_flag(_: Any, skip: int = 0, take: int | None = None) -> Any:
    return {"nodes": cut(skip, take), "hasMore": skip + min(take or PAGE, PAGE) < COUNT}


def as_nodes(_: Any, first: int, after: str | None = None) -> Any:
    start, size = int(after or 0), min(first, PAGE)
    info = {"hasNextPage": start + size < COUNT, "endCursor": str(start + size)}
    return {"nodes": cut(start, size), "pageInfo": info}


def whole(_: Any) -> Any:
    return PEOPLE


STYLES: dict[str, tuple[str, Any, str, dict[str, Any]]] = {
    "offset": (
        "type Query { people(offset: Int, limit: Int): [Person!]! }",
        {"people": by_offset}, "data.people",
        {"type": "offset", "parameter": "offset", "size_parameter": "limit"},
    ),
    "page with a total": (
        ("type PersonPage { items: [Person!]! totalCount: Int! }"
        " type Query { people(page: Int, perPage: Int): PersonPage! }"),
        {"people": by_page}, "data.people.items",
        {"type": "page", "parameter": "page", "total": "data.people.totalCount"},
    ),
    "page in an object": (
        ("input Pagination { page: Int! pageSize: Int } type Pages { total: Int! }"
        " type Meta { pagination: Pages! } type People { data: [Person!]! meta: Meta! }"
        " type Query { people(pagination: Pagination!): People! }"),
        {"people": in_an_object}, "data.people.data",
        {"type": "page", "parameter": "pagination.page",
         "total": "data.people.meta.pagination.total"},
    ),
    "token": (
        ("type People { results: [Person!]! nextCursor: String }"
        " type Query { people(cursor: String, limit: Int): People! }"),
        {"people": by_token}, "data.people.results",
        {"type": "cursor", "parameter": "cursor", "next": "data.people.nextCursor"},
    ),
    "flag": (
        ("type People { nodes: [Person!]! hasMore: Boolean! }"
        " type Query { people(skip: Int, take: Int): People! }"),
        {"people": by_flag}, "data.people.nodes",
        {"type": "offset", "parameter": "skip", "more": "data.people.hasMore"},
    ),
    "below a field": (
        ("type Town { people(offset: Int, limit: Int): [Person!]! }"
        " type Api { town: Town! } type Query { api: Api! }"),
        {"api": lambda _: {"town": {"people": by_offset}}}, "data.api.town.people",
        {"type": "offset", "parameter": "offset"},
    ),
    "whole": ("type Query { people: [Person!]! }", {"people": whole}, "data.people",
              {"type": "none"}),
}  # fmt: skip


def server_of(types: str, root: Any) -> Answer:
    schema = build_schema(TYPES + types)

    def resolved(parent: Any, info: Any, **arguments: Any) -> Any:
        found = parent[info.field_name]
        return found(None, **arguments) if callable(found) else found

    def answer(request: Request) -> Reply:
        asked = json.loads(request.body)
        result = graphql_sync(schema, asked["query"], root, variable_values=asked["variables"],
                              field_resolver=resolved)  # fmt: skip
        return Reply.json(result.formatted)

    return answer


def made(types: str, address: str) -> str:
    found = infer_interface((TYPES + types).encode(), name="schema.graphql")
    return write_connector(found, Place("made", address=address), found.streams)


@pytest.mark.parametrize("style", STYLES)
def test_a_list_of_each_style_is_read_whole_by_its_first_file(serve: Serve, style: str) -> None:
    types, root, records, paging = STYLES[style]
    server = serve(server_of(types, root))

    source = source_of(made(types, server.url), server.url)
    ((name, spec),) = source.spec.streams.items()
    options = spec.model_dump(exclude_unset=True)
    pages = read_all(source, name)

    assert options["records"] == records
    assert paging.items() <= options["paging"].items()
    mapped = [one for page in pages for _, one in compile_mapping(spec)(page).customers]
    assert sorted(one.key for one in mapped) == sorted(str(one["id"]) for one in PEOPLE)
    assert {one.family_name for one in mapped} == {str(one["lastName"]) for one in PEOPLE}
    assert {one.email for one in mapped} == {f"p{number}@example.org" for number in range(COUNT)}
    for page in pages:
        rest = read_all(source, name, page.cursor)
        assert sum(len(one.records) for one in rest) == COUNT - sum(
            len(one.records) for one in pages[: pages.index(page) + 1]
        )


def test_a_connection_without_edges_is_read_by_its_nodes(serve: Serve) -> None:
    types = (
        "type People { nodes: [Person!]! pageInfo: PageInfo! }"
        " type Query { people(first: Int!, after: String): People! }"
    )
    server = serve(server_of(types, {"people": as_nodes}))

    source = source_of(made(types, server.url), server.url)
    pages = read_all(source, "people")

    assert "connection: data.people" in made(types, server.url)
    assert sum(len(page.records) for page in pages) == COUNT


def test_a_list_below_a_field_with_arguments_says_which_to_fill_in(serve: Serve) -> None:
    types = (
        "type Town { people(page: Int, size: Int, state: String!): [Person!]! }"
        " type Query { town(id: ID!): Town! }"
    )

    def people(_: Any, state: str, page: int = 1, size: int = PAGE) -> Any:
        assert state == "open"
        return cut((page - 1) * min(size, PAGE), size)

    server = serve(server_of(types, {"town": lambda _, **asked: {"people": people, **asked}}))
    text = made(types, server.url)

    assert "variable `id` is required" in text
    assert "variable `state` is required" in text
    filled = text.replace("    records:", "    variables: {id: t1, state: open}\n    records:")
    pages = read_all(source_of(filled, server.url), "town-people")
    assert sum(len(page.records) for page in pages) == COUNT


def test_fewer_records_than_the_total_are_not_all(serve: Serve) -> None:
    types = STYLES["page with a total"][0]
    short = {"people": lambda _, **asked: {**by_page(_, **asked), "totalCount": COUNT + 1}}

    server = serve(server_of(types, short))
    with pytest.raises(RetryLater, match=f"{COUNT} of the {COUNT + 1}"):
        read_all(source_of(made(types, server.url), server.url), "people")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("connection: data.a, records: data.b", "give either `connection` or `records`"),
        ("query: '{ a }'", "give either `connection` or `records`"),
        ("records: data.a, paging: {type: offset, parameter: skip}", "must use \\$skip"),
        ("records: data.a, paging: {type: page, parameter: p.number}", "must use \\$p"),
        ("records: data.a, paging: {type: link, next: x}", "link"),
        ("connection: data.a, paging: {type: page, parameter: p}", "paged by"),
        ("records: data.a, total: data.total", "under `paging`"),
    ],
)
def test_options_that_cannot_work_are_refused(options: str, reason: str) -> None:
    more = options if "query" in options else f"query: '{{ a }}', {options}"
    file = (
        "connector: a\nkind: graphql\nstreams:\n  people:"
        f" {{key: id, map: {{kind: \"'person'\"}}, {more}}}\n"
    )
    with pytest.raises(InvalidConnectorFile, match=reason):
        source_of(file, "http://127.0.0.1:1")
