"""Lists below each record of another list, fixed headers, and lists of which a part is wanted."""

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.cursors import next_scan
from schemas.errors import GiveUp, InvalidConnectorFile
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    rest_source,
    source_of,
)

Serve = Callable[[Answer], Server]
FILE = """
connector: crm
kind: rest
streams:
  teams:
    get: /teams
    records: items
    paging: {type: page, parameter: page, size_parameter: size, size: 2, total: total}
    key: code
    map: {kind: "'organisation'"}
  customers:
    get: "/teams/{partition}/people"
    records: items
    paging: {type: cursor, parameter: after, next: next}
    partitions: {stream: PARENT, field: FIELD}
    key: id
    map: {kind: "'person'"}
"""
TEAMS = ["a", "b/c", "ü", "d", "e"]


def file(parent: str = "teams", field: str = "code") -> str:
    return FILE.replace("PARENT", parent).replace("FIELD", field)


class Town:
    """Five teams of six people each, two teams or four people a page."""

    def __init__(self, teams: list[Any] | None = None) -> None:
        self.teams = TEAMS if teams is None else teams

    def __call__(self, request: Request) -> Reply:
        if request.path == "/teams":
            start = (int(request.query["page"]) - 1) * 2
            page = [{"code": code} for code in self.teams[start : start + 2]]
            return Reply.json({"items": page, "total": len(self.teams)})
        names = [f"/teams/{one}/people" for one in ("a", "b%2Fc", "%C3%BC", "d", "e")]
        number, start = names.index(request.path), int(request.query.get("after", "0"))
        page = [{"id": number * 10 + one} for one in range(6)][start : start + 4]
        return Reply.json({"items": page, "next": None if start else "4"})


EVERYBODY = [number * 10 + one for number in range(5) for one in range(6)]


def test_a_list_below_each_record_of_another_is_read_whole(serve: Serve) -> None:
    source = source_of(file(), serve(Town()).url)
    assert keys(read_all(source)) == EVERYBODY
    assert keys(read_all(source, "teams"), "code") == TEAMS


def test_a_list_in_parts_goes_on_after_a_kill_at_every_page(serve: Serve) -> None:
    source = source_of(file(), serve(Town()).url)
    pages = read_all(source)

    for place, page in enumerate(pages):
        rest = read_all(source, cursor=page.cursor)
        assert keys(pages[: place + 1]) + keys(rest) == EVERYBODY, place
    assert next_scan(pages[-1].cursor) is None


def test_no_record_above_means_no_record_below(serve: Serve) -> None:
    (page,) = read_all(source_of(file(), serve(Town([])).url))
    assert (page.records, page.last) == ([], True)


@pytest.mark.parametrize("team", [None, "", True, 1.5, {"x": 1}])
def test_a_record_above_without_a_value_stops_the_scan(serve: Serve, team: Any) -> None:
    pages: list[Any] = []
    with pytest.raises(GiveUp, match="nothing at `code`"):
        read_all(source_of(file(), serve(Town(["a", team])).url), into=pages)
    assert pages == []


@pytest.mark.parametrize(
    ("parent", "field", "reason"),
    [
        ("team", "code", "no stream `team`"),
        ("customers", "code", "parted by itself"),
        ("teams", "null", "belong together"),
    ],
)
def test_a_list_above_that_cannot_be_is_refused(parent: str, field: str, reason: str) -> None:
    with pytest.raises(InvalidConnectorFile, match=reason):
        source_of(file(parent, field), "http://127.0.0.1:1")


def test_fixed_headers_go_with_every_question(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": people(2)}))
    more = "headers: {Accept-Crs: EPSG:4326, Accept: application/hal+json}"

    read_all(rest_source(server.url, more=more))

    assert server.requests[0].headers["accept-crs"] == "EPSG:4326"
    assert server.requests[0].headers["accept"] == "application/hal+json"


@pytest.mark.parametrize("header", ["Authorization: Bearer x", "Host: x", "cookie: a=b"])
def test_a_header_that_is_ours_or_signs_in_is_refused(header: str) -> None:
    with pytest.raises(InvalidConnectorFile, match="secrets belong under `auth`"):
        rest_source("http://127.0.0.1:1", more=f"headers: {{{header}}}")


def test_only_wanted_records_come_and_the_total_still_proves_the_end(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        start = (int(request.query["page"]) - 1) * 5
        return Reply.json({"items": people(12)[start : start + 5], "total": 12})

    paging = "{type: page, parameter: page, size_parameter: size, size: 5, total: total}"
    wanted = "where: \"when(id == 7, 'perhaps', id != 3)\""
    pages = read_all(rest_source(serve(answer).url, paging=paging, more=wanted, undecoded=True))

    assert keys(pages) == [1, 2, 4, 5, 6, 8, 9, 10, 11, 12]
    refused = [one for page in pages for one in page.rejected]
    assert [one.rule for one in refused] == ["where_unreadable"]
    assert pages[-1].last
