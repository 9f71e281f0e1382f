"""Whatever the paging, the page size and the place of a crash: the same records, each once."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import GiveUp, InvalidConnectorFile, RetryLater
from schemas.records import Cursor, Page
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    rest_source,
)

COUNT = 23
PEOPLE = people(COUNT)
Serve = Callable[[Answer], Server]


def window(start: int, size: int) -> list[dict[str, Any]]:
    return PEOPLE[start : start + size]


def by_cursor(request: Request) -> Reply:
    start, size = int(request.query.get("after", "0")), int(request.query["limit"])
    following = str(start + size) if start + size < COUNT else None
    return Reply.json({"items": window(start, size), "next": following})


def by_link(request: Request) -> Reply:
    start, size = int(request.query.get("from", "0")), int(request.query.get("limit", "7"))
    link = f"{request.path}?from={start + size}&limit={size}"
    absolute = f"http://{request.headers['host']}{link}"
    following = absolute if start + size < COUNT else None
    return Reply.json({"items": window(start, size), "links": {"next": following}})


def by_header_link(request: Request) -> Reply:
    start, size = int(request.query.get("from", "0")), int(request.query.get("limit", "7"))
    links = ['<https://elsewhere.example/docs>; rel="help"']
    if start + size < COUNT:
        links.append(f'<?from={start + size}&limit={size}>; rel="prefetch next"')
    return Reply.json({"items": window(start, size)}, headers={"Link": ", ".join(links)})


def by_page(request: Request) -> Reply:
    number, size = int(request.query["page"]), int(request.query["limit"])
    return Reply.json({"items": window((number - 1) * size, size), "count": COUNT})


def by_offset(request: Request) -> Reply:
    start, size = int(request.query["skip"]), int(request.query["limit"])
    return Reply.json({"items": window(start, size)}, headers={"X-Total-Count": str(COUNT)})


def by_last_key(request: Request) -> Reply:
    ids = [str(person["id"]) for person in PEOPLE]
    start = ids.index(request.query["after"]) + 1 if "after" in request.query else 0
    size = int(request.query["limit"])
    return Reply.json({"items": window(start, size), "has_more": start + size < COUNT})


LAST_KEY = "{{type: last_key, parameter: after, field: id, "
SIZED = "size_parameter: limit, size: {size}"
WAYS: dict[str, tuple[Answer, str]] = {
    "cursor": (by_cursor, "{{type: cursor, parameter: after, next: next, " + SIZED + "}}"),
    "link": (by_link, "{{type: link, next: links.next, " + SIZED + "}}"),
    "header_link": (by_header_link, "{{type: header_link, " + SIZED + "}}"),
    "last key": (by_last_key, LAST_KEY + "more: has_more, " + SIZED + "}}"),
    "last key without more": (by_last_key, LAST_KEY + SIZED + "}}"),
    "page": (by_page, "{{type: page, parameter: page, " + SIZED + "}}"),
    "page with total": (by_page, "{{type: page, parameter: page, total: count, " + SIZED + "}}"),
    "offset": (by_offset, "{{type: offset, parameter: skip, " + SIZED + "}}"),
    "offset with total": (
        by_offset,
        "{{type: offset, parameter: skip, total_header: X-Total-Count, " + SIZED + "}}",
    ),
}


@pytest.mark.parametrize("size", [1, 7, COUNT, 1000])
@pytest.mark.parametrize("way", WAYS)
def test_every_page_size_gives_the_same_records_in_the_same_order(
    serve: Serve, way: str, size: int
) -> None:
    answer, paging = WAYS[way]
    server = serve(answer)

    pages = read_all(rest_source(server.url, paging=paging.format(size=size)))

    assert keys(pages) == [person["id"] for person in PEOPLE]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize("way", WAYS)
def test_a_read_from_any_pages_cursor_gives_exactly_the_rest(serve: Serve, way: str) -> None:
    answer, paging = WAYS[way]
    source = rest_source(serve(answer).url, paging=paging.format(size=4))
    pages = read_all(source)
    assert len(pages) >= 6

    for number, page in enumerate(pages):
        rest = read_all(source, cursor=page.cursor)

        assert keys(rest) == keys(pages[number + 1 :])
        assert rest[-1].last


def test_one_answer_without_paging_is_everything(serve: Serve) -> None:
    server = serve(lambda _: Reply.json(PEOPLE))

    pages = read_all(rest_source(server.url, records='"."'))

    assert keys(pages) == [person["id"] for person in PEOPLE]
    assert [page.last for page in pages] == [True]
    assert len(server.requests) == 1


def test_a_records_bytes_are_exactly_what_came_over_the_wire(serve: Serve) -> None:
    written = b'{ "id":1,\t"name" : "Zo\\u00eb" , "n":1.50 }'
    server = serve(lambda _: Reply(b'{"items" : [ ' + written + b" ]}"))

    [page] = read_all(rest_source(server.url))

    assert page.records[0].raw == written
    assert page.records[0].value["name"] == "Zoë"


def test_a_short_page_in_the_middle_is_not_the_end(serve: Serve) -> None:
    sizes = {0: 7, 7: 2, 9: 7, 16: 7}

    def answer(request: Request) -> Reply:
        start = int(request.query["skip"])
        return Reply.json({"items": window(start, sizes.get(start, 7))})

    paging = "{type: offset, parameter: skip, size_parameter: limit, size: 7}"
    pages = read_all(rest_source(serve(answer).url, paging=paging))

    assert keys(pages) == [person["id"] for person in PEOPLE]


def test_an_empty_page_with_a_next_one_is_not_the_end(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        step = request.query.get("after", "a")
        items = {"a": window(0, 2), "b": [], "c": window(2, 2)}[step]
        return Reply.json({"items": items, "next": {"a": "b", "b": "c", "c": None}[step]})

    paging = "{type: cursor, parameter: after, next: next}"
    pages = read_all(rest_source(serve(answer).url, paging=paging))

    assert keys(pages) == [1, 2, 3, 4]
    assert pages[-1].last


def test_an_empty_page_that_was_a_fault_is_asked_for_again(serve: Serve) -> None:
    faults = iter([True])

    def answer(request: Request) -> Reply:
        number = int(request.query["page"])
        if number == 2 and next(faults, False):
            return Reply.json({"items": []})
        return Reply.json({"items": window((number - 1) * 10, 10)})

    paging = "{type: page, parameter: page, size_parameter: limit, size: 10}"
    pages = read_all(rest_source(serve(answer).url, paging=paging))

    assert keys(pages) == [person["id"] for person in PEOPLE]


def test_a_source_that_has_no_records_at_all_is_complete(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": [], "next": None}))

    pages = read_all(rest_source(server.url, paging="{type: cursor, parameter: after, next: next}"))

    assert keys(pages) == []
    assert pages[-1].last


def test_fixed_parameters_go_with_every_request(serve: Serve) -> None:
    server = serve(by_cursor)
    paging = WAYS["cursor"][1].format(size=10)

    read_all(rest_source(server.url, paging=paging, more="parameters: {active: true, region: 3}"))

    assert all(request.query["active"] == "true" for request in server.requests)
    assert all(request.query["region"] == "3" for request in server.requests)


def test_the_path_of_the_registered_address_comes_first(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": PEOPLE}))

    read_all(rest_source(f"{server.url}/api/v2/"))

    assert [request.path for request in server.requests] == ["/api/v2/customers"]


def test_an_incremental_scan_asks_from_the_highest_mark_less_the_look_back(serve: Serve) -> None:
    marks = ["2026-03-01T10:00:00Z", "2026-03-01T12:00:00Z", "2026-03-01T11:00:00Z"]
    items = [{"id": at, "name": "x", "at": mark} for at, mark in enumerate(marks)]
    server = serve(lambda _: Reply.json({"items": items}))
    more = "changed: at\n    incremental: {parameter: since, lookback_seconds: 60}"
    source = rest_source(server.url, more=more)

    [first] = read_all(source)
    read_all(source, cursor=Cursor(since=first.cursor.high))

    assert first.cursor.high == "2026-03-01T12:00:00Z"
    assert "since" not in server.requests[0].query
    assert server.requests[1].query["since"] == "2026-03-01T11:59:00Z"


def test_a_position_from_before_the_paging_was_changed_starts_the_scan_again(serve: Serve) -> None:
    paging = WAYS["cursor"][1].format(size=10)
    source = rest_source(serve(by_cursor).url, paging=paging)

    pages = read_all(source, cursor=Cursor(position=json.dumps(["offset", 10, 10])))

    assert len(keys(pages)) == COUNT


def test_fewer_records_than_the_total_is_not_complete(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        start = int(request.query["skip"])
        return Reply.json({"items": window(start, 10), "count": COUNT + 5})

    paging = "{type: offset, parameter: skip, total: count, size_parameter: limit, size: 10}"
    pages: list[Page] = []
    with pytest.raises(RetryLater, match="after 23 of the 28 records"):
        read_all(rest_source(serve(answer).url, paging=paging), into=pages)

    assert keys(pages) == [person["id"] for person in PEOPLE]
    assert not any(page.last for page in pages)
    assert pages[-1].cursor == Cursor()


def test_a_missing_total_that_was_promised_is_a_fault(serve: Serve) -> None:
    paging = "{type: page, parameter: page, total_header: X-Total-Count}"
    server = serve(lambda _: Reply.json({"items": PEOPLE}))

    with pytest.raises(GiveUp, match="does not state the total"):
        read_all(rest_source(server.url, paging=paging))


def test_a_link_inside_of_null_is_the_end(serve: Serve) -> None:
    def answer(_: Request) -> Reply:
        return Reply.json({"items": PEOPLE[:2], "links": None})

    pages = read_all(rest_source(serve(answer).url, paging="{type: link, next: links.next}"))

    assert (len(keys(pages)), pages[-1].last) == (2, True)


def test_no_content_is_an_empty_page_beyond_the_last_one_and_nowhere_else(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        number = int(request.query.get("page", "0"))
        return Reply.json({"items": PEOPLE[:2]}) if number == 1 else Reply(status=204)

    address = serve(answer).url
    pages = read_all(rest_source(address, paging="{type: page, parameter: page}"))

    assert (len(keys(pages)), pages[-1].last) == (2, True)
    with pytest.raises(GiveUp, match="204"):
        read_all(rest_source(address))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"items": PEOPLE[:4]}, "neither true nor false"),
        ({"items": [], "has_more": True}, "none to go on from"),
        ({"items": [{"name": "no id"}], "has_more": True}, "nothing at `id`"),
        ({"items": [PEOPLE[0]] * 4, "has_more": True}, "same page twice"),
    ],
)
def test_a_source_that_names_no_last_record_is_never_complete(
    serve: Serve, answer: dict[str, Any], told: str
) -> None:
    server = serve(lambda _: Reply.json(answer))
    paging = WAYS["last key"][1].format(size=4)

    with pytest.raises(GiveUp, match=told):
        read_all(rest_source(server.url, paging=paging))


BEYOND = Reply.json({"error": "there is no such page"}, status=404)


@pytest.mark.parametrize(
    ("paging", "told"),
    [
        ("{type: page, parameter: page, pages: meta.pages}", lambda _: {"meta": {"pages": 3}}),
        ("{type: page, parameter: page, more: more}", lambda more: {"more": more}),
        ("{type: page, parameter: page, last: last}", lambda more: {"last": not more}),
    ],
)
def test_a_source_that_says_which_page_is_the_last_is_never_asked_for_more(
    paging: str, told: Callable[[bool], dict[str, Any]]
) -> None:
    def answer(request: Request) -> Reply:
        number = int(request.query["page"])
        items = people(25)[(number - 1) * 10 : number * 10]
        return Reply.json({"items": items, **told(number < 3)}) if items else BEYOND

    server = Server(answer)
    try:
        assert keys(read_all(rest_source(server.url, paging=paging))) == list(range(1, 26))
    finally:
        server.close()


def test_a_flag_that_is_neither_true_nor_false_is_no_end() -> None:
    server = Server(lambda _: Reply.json({"items": people(3), "more": "no"}))
    try:
        with pytest.raises(GiveUp, match="neither true nor false"):
            read_all(rest_source(server.url, paging="{type: page, parameter: page, more: more}"))
    finally:
        server.close()


def test_a_list_of_links_leads_on_by_the_one_for_the_next_page() -> None:
    def answer(request: Request) -> Reply:
        number = int(request.query.get("page", "1"))
        links = [{"rel": "self", "href": "/customers"}]
        if number < 3:
            links.append({"rel": "next", "href": f"/customers?page={number + 1}"})
        return Reply.json({"items": people(30)[(number - 1) * 10 : number * 10], "links": links})

    server = Server(answer)
    try:
        pages = read_all(rest_source(server.url, paging="{type: link, next: links}"))
        assert keys(pages) == list(range(1, 31))
    finally:
        server.close()


def test_one_answer_that_holds_less_than_its_total_is_not_everything() -> None:
    server = Server(lambda _: Reply.json({"items": people(10), "total": 25}))
    try:
        with pytest.raises(RetryLater, match="10 of the 25"):
            read_all(rest_source(server.url, paging="{type: none, total: total}"))
    finally:
        server.close()


def test_pages_fetched_at_once_need_a_total_where_the_last_one_is_foretold() -> None:
    paging = "{type: page, parameter: page, pages: pages, size: 10, size_parameter: size}"
    with pytest.raises(InvalidConnectorFile, match="need a total"):
        rest_source("http://127.0.0.1:1", paging=paging, more="parallel: 4")
