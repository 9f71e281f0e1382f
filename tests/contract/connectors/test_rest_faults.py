"""A source that fails, lies or goes round in circles never looks like one that is finished."""

import json
from collections.abc import Callable

import pytest

from connectors.sdk.mapping import compile_mapping
from schemas.errors import GiveUp, RetryLater, SourceTrouble
from schemas.records import Page
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

Serve = Callable[[Answer], Server]
CURSOR = "{type: cursor, parameter: after, next: next}"
LINK = "{type: link, next: next}"
PAGE = "{type: page, parameter: page, size_parameter: limit, size: 2}"


def test_a_next_token_that_was_here_before_is_a_circle(serve: Serve) -> None:
    follow = {"": "a", "a": "b", "b": "c", "c": "a"}

    def answer(request: Request) -> Reply:
        at = request.query.get("after", "")
        return Reply.json({"items": [{"id": at, "name": "x"}], "next": follow[at]})

    server = serve(answer)
    with pytest.raises(GiveUp, match="round in circles"):
        read_all(rest_source(server.url, paging=CURSOR))

    assert len(server.requests) == 4


def test_a_next_link_to_the_same_page_is_a_circle(serve: Serve) -> None:
    server = serve(
        lambda request: Reply.json(
            {"items": people(1), "next": "http://" + request.headers["host"] + "/customers?p=1"}
        )
    )

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=LINK))

    assert len(server.requests) <= 3


def test_a_source_that_ignores_the_page_number_is_noticed(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": people(2)}))

    with pytest.raises(GiveUp, match="same page twice"):
        read_all(rest_source(server.url, paging=PAGE))

    assert len(server.requests) == 2


@pytest.mark.parametrize("paging", [CURSOR, LINK])
def test_a_missing_next_field_is_not_the_end(serve: Serve, paging: str) -> None:
    server = serve(lambda _: Reply.json({"items": people(3), "nxt": "b"}))

    with pytest.raises(GiveUp, match="no field at `next`"):
        read_all(rest_source(server.url, paging=paging))


def test_a_missing_next_field_is_the_end_where_the_file_says_so(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": people(3)}))
    paging = "{type: link, next: links.next, absent_means_end: true}"

    assert read_all(rest_source(server.url, paging=paging))[-1].last


def test_a_full_page_without_a_link_header_is_not_the_end(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": people(5)}))
    paging = "{type: header_link, size_parameter: limit, size: 5}"

    with pytest.raises(GiveUp, match="Link header"):
        read_all(rest_source(server.url, paging=paging))


@pytest.mark.parametrize("following", [{"a": 1}, ["b"], True, 1.5])
def test_a_next_of_a_strange_type_is_a_fault(serve: Serve, following: object) -> None:
    server = serve(lambda _: Reply.json({"items": people(3), "next": following}))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=CURSOR))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "database down"}',
        b'{"items": null, "next": null}',
        b'{"items": {"id": 1}, "next": null}',
        b'{"items": "none", "next": null}',
        b"[]",
        b"null",
        b"",
        b'"items"',
    ],
)
def test_an_answer_without_its_list_is_never_an_empty_list(serve: Serve, body: bytes) -> None:
    server = serve(lambda _: Reply(body))

    with pytest.raises(SourceTrouble):
        read_all(rest_source(server.url, paging=CURSOR))


@pytest.mark.parametrize("status", [400, 403, 404, 410, 418, 422, 501])
def test_a_refusal_is_given_up_at_once_and_names_the_status(serve: Serve, status: int) -> None:
    server = serve(lambda _: Reply(b"", status=status))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url))

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 504])
def test_a_busy_source_is_asked_again_and_then_left_for_later(serve: Serve, status: int) -> None:
    server = serve(lambda _: Reply(b"", status=status))

    with pytest.raises(RetryLater, match=str(status)):
        read_all(rest_source(server.url))

    assert len(server.requests) == 4


def test_a_source_that_recovers_loses_nothing(serve: Serve) -> None:
    faults = iter([503, 500, 200, 502])

    def answer(request: Request) -> Reply:
        status = next(faults, 200)
        if status != 200:
            return Reply(status=status)
        at = int(request.query.get("after", "0"))
        following = str(at + 2) if at < 4 else None
        return Reply.json({"items": people(6)[at : at + 2], "next": following})

    assert keys(read_all(rest_source(serve(answer).url, paging=CURSOR))) == [1, 2, 3, 4, 5, 6]


def test_pages_before_the_fault_are_handed_on(serve: Serve) -> None:
    def answer(request: Request) -> Reply:
        if "after" in request.query:
            return Reply(status=404)
        return Reply.json({"items": people(2), "next": "b"})

    pages: list[Page] = []
    with pytest.raises(GiveUp):
        read_all(rest_source(serve(answer).url, paging=CURSOR), into=pages)

    assert keys(pages) == [1, 2]
    assert not pages[-1].last


def test_a_web_page_instead_of_json_is_called_that(serve: Serve) -> None:
    page = b"\xef\xbb\xbf\n<!doctype html><html><title>Sign in</title></html>"
    server = serve(lambda _: Reply(page, headers={"Content-Type": "text/html"}))

    with pytest.raises(GiveUp, match="web page instead of JSON"):
        read_all(rest_source(server.url))


def test_json_that_ends_in_the_middle_is_left_for_later(serve: Serve) -> None:
    whole = json.dumps({"items": people(5), "next": None}).encode()
    server = serve(lambda _: Reply(whole[:60]))

    with pytest.raises(RetryLater, match="ends in the middle"):
        read_all(rest_source(server.url, paging=CURSOR))


def test_an_answer_shorter_than_announced_is_left_for_later(serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    server = serve(lambda _: Reply(raw=head + b'{"items": []'))

    with pytest.raises(RetryLater, match="broke off"):
        read_all(rest_source(server.url))


def test_garbage_instead_of_http_is_left_for_later(serve: Serve) -> None:
    server = serve(lambda _: Reply(raw=b"SSH-2.0-OpenSSH_9.2\r\n"))

    with pytest.raises(RetryLater):
        read_all(rest_source(server.url))


@pytest.mark.parametrize("body", [b'{"items": [1,}', b"{'items': []}", b"items: []", b"NaN"])
def test_damaged_json_is_given_up(serve: Serve, body: bytes) -> None:
    server = serve(lambda _: Reply(body))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url))


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_json_ten_thousand_deep_is_refused(serve: Serve, opened: bytes) -> None:
    deep = b'{"items": [{"id": 1, "name": ' + opened * 10_000
    server = serve(lambda _: Reply(deep))

    with pytest.raises(GiveUp, match="too deeply"):
        read_all(rest_source(server.url))


def test_a_record_that_nests_too_deeply_is_rejected_and_the_rest_goes_on(serve: Serve) -> None:
    deep = '{"id": 1, "name": ' + "[" * 100 + "]" * 100 + "}"
    body = f'{{"items": [{deep}, {{"id": 2, "name": "x"}}]}}'.encode()
    server = serve(lambda _: Reply(body))

    [page] = read_all(rest_source(server.url))

    assert keys([page]) == [2]
    assert [(bad.rule, bad.raw) for bad in page.rejected] == [("too_deep", deep.encode())]


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        (b'{"id": 1, "name": "\\ud800"}', "json_unreadable"),
        (b'{"id": 1, "name": "\\ud800x"}', "json_unreadable"),
        (b'{"id": 1, "name": "\xff\xfe"}', "json_unreadable"),
        (b'{"id": 1, "name": ' + b"1" * 5000 + b"}", "json_unreadable"),
        (b"[1, 2]", "record_not_object"),
        (b"17", "record_not_object"),
        (b"null", "record_not_object"),
    ],
)
def test_one_unreadable_record_is_rejected_and_the_rest_goes_on(
    serve: Serve, bad: bytes, rule: str
) -> None:
    good = b'{"id": 2, "name": "Zo\xc3\xab \\ud83d\\ude00 \\\\ud800"}'
    server = serve(lambda _: Reply(b'{"items": [' + bad + b", " + good + b"]}"))

    [page] = read_all(rest_source(server.url))

    assert [(record.raw, record.value["id"]) for record in page.records] == [(good, 2)]
    assert [(one.rule, one.raw) for one in page.rejected] == [(rule, bad)]


def test_records_without_a_key_are_rejected_by_the_mapping(serve: Serve) -> None:
    items = [{"id": None, "name": "a"}, {"name": "b"}, {"id": "  ", "name": "c"}, {"id": 4}]
    source = rest_source(serve(lambda _: Reply.json({"items": items})).url)

    [page] = read_all(source)
    mapped = compile_mapping(source.spec.streams["customers"])(page)

    assert [record.key for _, record in mapped.customers] == ["4"]
    assert [bad.rule for bad in mapped.rejected] == ["key_missing"] * 3


def test_an_answer_with_far_more_records_than_any_page_is_refused(serve: Serve) -> None:
    server = serve(lambda _: Reply(b'{"items": [' + b"1," * 100_001 + b"1]}"))

    with pytest.raises(GiveUp, match="in one answer"):
        read_all(rest_source(server.url))
