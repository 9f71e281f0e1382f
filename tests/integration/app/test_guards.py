"""What a stranger's web page, a fat body or a failing page can do: nothing."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
import pytest

from townclerk.guards import BODY_BYTES_MAX

T = TypeVar("T")


@pytest.fixture(scope="module")
def demo(
    running_demo: Callable[[], AbstractContextManager[httpx.Client]],
) -> Iterator[httpx.Client]:
    """One demonstration for all tests here: none of them changes it."""
    with running_demo() as client:
        yield client


def spoken(client: httpx.Client, request: bytes) -> bytes:
    """Send bytes as they are; return the whole answer."""
    parts = urlsplit(str(client.base_url))
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as wire:
        wire.sendall(request)
        wire.settimeout(10)
        answer = b""
        while block := wire.recv(65536):
            answer += block
        return answer


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1",
        "127.0.0.1:80:80",
        "127.0.0.1/",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[::]",
        "[::1",
        "192.168.1.20",
        "127.0.0.1,evil.example",
    ],
)
def test_a_name_that_was_pointed_at_us_is_not_answered(demo: httpx.Client, host: str) -> None:
    for path in ("/health", "/graphql", "/prefect/api/flows/filter", "/nowhere"):
        answer = demo.post(path, headers={"Host": host}, content=b"{}")
        assert answer.status_code == 421, (host, path)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:65535", "[::1]:8000"])
def test_our_own_names_are_answered_under_any_forwarded_port(demo: httpx.Client, host: str) -> None:
    assert demo.get("/health", headers={"Host": host}).status_code in {200, 503}


def test_a_request_without_a_host_is_not_answered(demo: httpx.Client) -> None:
    answer = spoken(demo, b"GET /health HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421")


def test_two_host_headers_are_not_answered(demo: httpx.Client) -> None:
    request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"
    request += b"Connection: close\r\n\r\n"
    assert spoken(demo, request).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /health?" + b"x" * 70_000,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 70_000,
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X-Many: x\r\n" * 7_000,
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n" + b"X-Trailer: x\r\n" * 20_000,
    ],
    ids=["address", "header", "headers", "trailers"],
)
def test_a_head_that_never_ends_is_refused_before_it_fills_memory(
    demo: httpx.Client, endless: bytes
) -> None:
    try:
        answer = spoken(demo, endless)
    except (
        ConnectionResetError
    ):  # what is left unread breaks the connection, and the answer with it
        return
    assert b" 400 " in answer.splitlines()[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_cannot_change_anything(demo: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/graphql", "/prefect/api/deployments/"):
        answer = demo.post(path, headers=headers, content=b"{}")
        assert answer.status_code == 403, path
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_pages_can_change_things(demo: httpx.Client) -> None:
    origin = str(demo.base_url)
    for headers in ({"Origin": origin}, {"Sec-Fetch-Site": "same-origin"}, {}):
        assert demo.post("/graphql", headers=headers).status_code == 200


def test_a_link_from_another_site_may_be_followed(demo: httpx.Client) -> None:
    answer = demo.get("/health", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code in {200, 503}


def test_a_declared_fat_body_is_refused_before_it_is_sent(demo: httpx.Client) -> None:
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Content-Length: {BODY_BYTES_MAX + 1}\r\n\r\n"
    )
    assert spoken(demo, head.encode()).startswith(b"HTTP/1.1 413")


def test_a_body_that_grows_too_fat_is_refused_on_the_way(demo: httpx.Client) -> None:
    def blocks() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65536 + 2):
            yield b"x" * 65536

    answer = demo.post("/graphql", content=blocks())
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_a_body_of_exactly_the_limit_passes(demo: httpx.Client) -> None:
    answer = demo.post("/graphql", content=b"x" * BODY_BYTES_MAX)
    assert answer.json()["bytes"] == BODY_BYTES_MAX


def test_every_answer_carries_the_strict_headers(demo: httpx.Client) -> None:
    answers = [
        demo.get("/health"),
        demo.get("/nowhere"),
        demo.get("/systems/broken"),
        demo.get("/systems/unknown"),
        demo.post("/graphql", content=b"x" * (BODY_BYTES_MAX + 1)),
        demo.get("/health", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_a_callers_request_id_comes_back_if_it_is_plain(demo: httpx.Client) -> None:
    answer = demo.post("/graphql", headers={"X-Request-ID": "gateway-0123.abc_DEF"})
    assert answer.headers["x-request-id"] == "gateway-0123.abc_DEF"
    assert answer.json()["correlation"] == "gateway-0123.abc_DEF"


@pytest.mark.parametrize(
    "given",
    ["", "short", "x" * 65, "has blank inside", "<script>alert", "../../etc/passwd", "-a" * 9],
)
def test_any_other_request_id_is_replaced(demo: httpx.Client, given: str) -> None:
    answer = demo.get("/health", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_a_failing_page_shows_no_values_and_leaves_the_server_up(
    demo: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = demo.get("/systems/broken")
    assert answer.status_code == 500
    assert "Jansen" not in answer.text
    assert answer.json()["error"]["code"] == "internal_error"
    assert "a request failed" in caplog.messages
    assert demo.get("/systems/broken").status_code == 500


def test_our_own_errors_keep_their_words_and_status(demo: httpx.Client) -> None:
    answer = demo.get("/systems/unknown")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_name"


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/systems/broken", 500, "internal_error"),
        ("/systems/unknown", 404, "unknown_name"),
        ("/nowhere<script>", 403, "access_denied"),
    ],
)
def test_a_browser_gets_a_plain_page_with_the_same_code(
    demo: httpx.Client, path: str, status: int, code: str
) -> None:
    page = demo.get(path, headers=BROWSER)
    assert page.status_code == status
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["vary"] == "Accept"
    assert f"<code>{code}</code>" in page.text
    assert "What to do:" in page.text
    assert f"<code>{page.headers['x-request-id']}</code>" in page.text
    assert not re.search("Jansen|<script>|Traceback", page.text)
    told = demo.get(path, headers={"Accept": "application/json, text/html;q=0.5"})
    assert (told.status_code, told.json()["error"]["code"]) == (status, code)


def test_the_request_log_has_the_route_and_never_the_path_or_query(
    demo: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "townclerk.requests")
    demo.get("/customers/999990019?name=Jansen")
    record = eventually(lambda: [r for r in caplog.records if r.message == "request"])[0]
    assert vars(record)["route"] == "/customers/{path:path}"
    assert vars(record)["actor"] == "local architect"
    assert not re.search("999990019|Jansen", str(vars(record)))


def eventually(find: Callable[[], list[T]]) -> list[T]:
    """Return what is found within five seconds: a request is logged after it was answered."""
    deadline = time.monotonic() + 5
    while not (found := find()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found
