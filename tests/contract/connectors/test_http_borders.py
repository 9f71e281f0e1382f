"""Nothing a source sends makes us talk to anybody else, wait for ever or fill our memory."""

import gzip
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.sdk.addresses import AddressRefused
from connectors.sdk.http import ForeignAddress
from schemas.errors import GiveUp, InvalidInput, RetryLater
from tests.contract.connectors.servers import (
    Answer,
    Reply,
    Server,
    keys,
    people,
    read_all,
    rest_source,
)

Serve = Callable[[Answer], Server]
LINK = "{type: link, next: next}"


def next_links(canary: Server) -> list[str]:
    host = f"127.0.0.1:{canary.port}"
    return [
        f"http://{host}/customers",
        f"//{host}/customers",
        f"http://user:word@{host}/",
        f"https://{host}/",
        f"http://localhost:{canary.port}/",
        f"http://[::1]:{canary.port}/",
        f"http://2130706433:{canary.port}/",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "javascript:alert(1)",
        "http://exa mple/",
        "http://127.0.0.1:99999/",
    ]


@pytest.mark.parametrize("number", range(14))
def test_a_next_link_to_anywhere_else_is_refused_before_a_byte_is_sent(
    serve: Serve, canary: Server, number: int
) -> None:
    link = next_links(canary)[number]
    server = serve(lambda _: Reply.json({"items": people(1), "next": link}))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=LINK, auth="{type: none}"))

    assert canary.connections == 0
    assert len(server.requests) == 1


def test_a_link_header_to_another_port_is_refused(serve: Serve, canary: Server) -> None:
    header = {"Link": f'<{canary.url}/customers>; rel="next"'}
    server = serve(lambda _: Reply.json({"items": people(1)}, headers=header))

    with pytest.raises(ForeignAddress):
        read_all(rest_source(server.url, paging="{type: header_link}"))

    assert canary.connections == 0


def test_a_path_that_looks_like_another_host_stays_at_the_source(
    serve: Serve, canary: Server
) -> None:
    links = iter([f"/.//127.0.0.1:{canary.port}/customers", None])
    server = serve(lambda _: Reply.json({"items": [{"id": 1}], "next": next(links, None)}))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=LINK))

    assert canary.connections == 0
    assert server.requests[-1].target.endswith(f"//127.0.0.1:{canary.port}/customers")


@pytest.mark.parametrize(
    "link", ["http:\\\\{host}\\customers", "http://", "\t//{host}/", "http:{host}"]
)
def test_a_link_that_is_hard_to_read_leads_nowhere_else(
    serve: Serve, canary: Server, link: str
) -> None:
    written = link.format(host=f"127.0.0.1:{canary.port}")
    server = serve(lambda _: Reply.json({"items": people(1), "next": written}))

    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=LINK))

    assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_refused(serve: Serve, canary: Server, status: int) -> None:
    server = serve(lambda _: Reply(status=status, headers={"Location": f"{canary.url}/customers"}))

    with pytest.raises(ForeignAddress):
        read_all(rest_source(server.url))

    assert canary.connections == 0
    assert len(server.requests) == 1


def test_a_redirect_within_the_source_is_not_followed_either(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=302, headers={"Location": "/elsewhere"}))

    with pytest.raises(GiveUp, match="follow no redirects"):
        read_all(rest_source(server.url))

    assert len(server.requests) == 1


def test_loopback_is_refused_unless_the_sandbox_allows_it(serve: Serve) -> None:
    server = serve(lambda _: Reply.json({"items": []}))

    for internal in (False, True):
        for host in ("127.0.0.1", "localhost", "0x7f000001", "127.1"):
            source = rest_source(f"http://{host}:{server.port}", loopback=False, internal=internal)
            with pytest.raises((AddressRefused, InvalidInput)):
                read_all(source)

    assert server.connections == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://user:word@127.0.0.1/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1/?key=1",
        "crm",
        "http://",
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="registered address"):
        read_all(rest_source(address))


def test_a_proxy_of_the_environment_is_not_used(
    serve: Serve, canary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url)
    server = serve(lambda _: Reply.json({"items": people(2)}))

    assert keys(read_all(rest_source(server.url))) == [1, 2]
    assert canary.connections == 0


def test_retry_after_in_seconds_is_obeyed(serve: Serve) -> None:
    moments: list[float] = []

    def answer(_: object) -> Reply:
        moments.append(time.monotonic())
        if len(moments) == 1:
            return Reply(status=429, headers={"Retry-After": "1"})
        return Reply.json({"items": people(1)})

    read_all(rest_source(serve(answer).url))

    assert 1.0 <= moments[1] - moments[0] < 3.0


def test_retry_after_as_a_date_is_obeyed(serve: Serve) -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    statuses = iter([503])

    def answer(_: object) -> Reply:
        if next(statuses, 200) == 503:
            header = {"Retry-After": format_datetime(until, usegmt=True)}
            return Reply(status=503, headers=header)
        return Reply.json({"items": people(1)})

    read_all(rest_source(serve(answer).url))

    assert datetime.now(UTC) >= until.replace(microsecond=0)


def test_a_busy_source_says_how_long_to_wait(serve: Serve) -> None:
    server = serve(lambda _: Reply(status=429, headers={"Retry-After": "120"}))

    with pytest.raises(RetryLater) as caught:
        read_all(rest_source(server.url))

    assert caught.value.wait_seconds == 120
    assert len(server.requests) == 1


@pytest.mark.parametrize("header", ["99999999999999999999", "٣"])
def test_a_nonsensical_retry_after_neither_fails_nor_waits_for_ever(
    serve: Serve, header: str
) -> None:
    reply = Reply(
        raw=f"HTTP/1.1 503 X\r\nRetry-After: {header}\r\nContent-Length: 0\r\n\r\n".encode()
    )

    with pytest.raises(RetryLater) as caught:
        read_all(rest_source(serve(lambda _: reply).url))

    assert caught.value.wait_seconds <= 86_400


def test_a_body_without_end_is_cut_off(serve: Serve) -> None:
    def endless() -> Iterator[bytes]:
        yield b'{"items": ["'
        while True:
            yield b"x" * 1_000_000

    server = serve(lambda _: Reply(pieces=endless()))

    with pytest.raises(GiveUp, match="larger than"):
        read_all(rest_source(server.url))


def test_an_announced_huge_body_is_not_even_begun(serve: Serve) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    started = time.monotonic()

    with pytest.raises(GiveUp, match="larger than"):
        read_all(rest_source(serve(lambda _: Reply(raw=head)).url))

    assert time.monotonic() - started < 20


def test_a_small_gzip_that_unpacks_to_gigabytes_is_refused(serve: Serve) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(300)) + packer.flush()
    server = serve(lambda _: Reply(bomb, headers={"Content-Encoding": "gzip"}))

    with pytest.raises(GiveUp, match="times its size"):
        read_all(rest_source(server.url))


def test_an_honest_gzip_is_read(serve: Serve) -> None:
    body = Reply.json({"items": people(500)}).body
    parts = gzip.compress(body[:1000]) + gzip.compress(body[1000:])
    server = serve(lambda _: Reply(parts, headers={"Content-Encoding": "gzip"}))

    assert len(keys(read_all(rest_source(server.url)))) == 500


@pytest.mark.parametrize("cut", [5, 50, -9])
def test_a_gzip_that_ends_early_is_left_for_later(serve: Serve, cut: int) -> None:
    packed = gzip.compress(Reply.json({"items": people(500)}).body)[:cut]
    server = serve(lambda _: Reply(packed, headers={"Content-Encoding": "gzip"}))

    with pytest.raises(RetryLater, match="ended early"):
        read_all(rest_source(server.url))


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_a_packing_we_did_not_ask_for_is_refused(serve: Serve, encoding: str) -> None:
    server = serve(lambda _: Reply(b"\x00", headers={"Content-Encoding": encoding}))

    with pytest.raises(GiveUp, match="did not ask for"):
        read_all(rest_source(server.url))


def test_an_answer_that_drips_is_given_only_so_much_time(serve: Serve) -> None:
    server = serve(lambda _: Reply(pieces=[b" "] * 1000, pause_seconds=0.05))
    started = time.monotonic()

    with pytest.raises(RetryLater, match="no whole answer"):
        read_all(rest_source(server.url, timeout=0.3))

    assert time.monotonic() - started < 30


def test_a_source_that_is_down_is_left_for_later(serve: Serve) -> None:
    server = serve(lambda _: Reply())
    server.close()

    with pytest.raises(RetryLater, match="takes no connection"):
        read_all(rest_source(server.url))


def test_a_name_that_nobody_knows_is_left_for_later() -> None:
    with pytest.raises(RetryLater, match="cannot be resolved"):
        read_all(rest_source("http://no-such-host.invalid"))


def test_headers_without_end_are_refused(serve: Serve) -> None:
    raw = b"HTTP/1.1 200 OK\r\n" + b"".join(
        b"X-%d: %s\r\n" % (at, b"y" * 1000) for at in range(500)
    )

    with pytest.raises((RetryLater, GiveUp)):
        read_all(rest_source(serve(lambda _: Reply(raw=raw)).url))


def test_cookies_of_a_source_are_not_kept(serve: Serve) -> None:
    def answer(request: object) -> Reply:
        items = people(2)
        return Reply.json({"items": items}, headers={"Set-Cookie": "session=1"})

    server = serve(answer)
    paging = "{type: page, parameter: page}"
    with pytest.raises(GiveUp):
        read_all(rest_source(server.url, paging=paging))

    assert all("cookie" not in request.headers for request in server.requests)
