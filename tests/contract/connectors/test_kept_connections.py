"""A kept connection is used again only while nobody can doubt whose answer comes next."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from connectors.sdk.answers import Answer
from connectors.sdk.http import HttpClient

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\nEnd: yes\r\n\r\n"

Scripts = Callable[..., "Scripted"]


class Scripted:
    """Answers the requests of each connection by its script, then closes it or waits."""

    def __init__(self, *scripts: list[bytes], closes: bool) -> None:
        self._scripts, self._closes = scripts, closes
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.asked = [0] * len(scripts)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for place in range(len(self._scripts)):
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection, place), daemon=True).start()

    def _talk(self, connection: socket.socket, place: int) -> None:
        with connection, connection.makefile("rb") as lines:
            for answer in self._scripts[place]:
                while (line := lines.readline()) != b"\r\n":
                    if not line:
                        return
                self.asked[place] += 1
                connection.sendall(answer)
            if not self._closes:
                lines.read()

    def ask(self, times: int, *, at_once: bool = False) -> list[bytes]:
        """Ask one after the other, or all at once, and return the bodies."""

        async def go() -> list[bytes]:
            http = HttpClient(self.url, internal=True, loopback=True, timeout_seconds=20)
            try:
                if at_once:
                    return list(await asyncio.gather(*(one(http) for _ in range(times))))
                return [await one(http) for _ in range(times)]
            finally:
                await http.close()

        async def one(http: HttpClient) -> bytes:
            found: bytes = await http.get("/", {}, _body)
            if not at_once:
                await asyncio.sleep(0.02)  # whatever the server adds may be here by then
            return found

        return asyncio.run(go())

    def close(self) -> None:
        self._listening.close()


def _body(answer: Answer) -> bytes:
    return answer.body


@pytest.fixture
def scripted() -> Iterator[Scripts]:
    servers: list[Scripted] = []

    def start(*scripts: list[bytes], closes: bool = False) -> Scripted:
        servers.append(Scripted(*scripts, closes=closes))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def test_one_connection_carries_one_question_after_the_other(scripted: Scripts) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    server = scripted([OK + b"one", CHUNKED, early + OK + b"two", OK + b"six"])

    assert server.ask(4) == [b"one", b"one", b"two", b"six"]
    assert server.asked == [4]


def test_questions_at_once_get_each_its_own_answer(scripted: Scripts) -> None:
    server = scripted(*[[OK + b"one"] * 3] * 3)

    assert server.ask(3, at_once=True) == [b"one"] * 3
    assert sum(server.asked) == 3


@pytest.mark.parametrize("first", [OK + b"one", CHUNKED])
def test_an_answer_nobody_asked_for_is_never_taken_for_the_next_one(
    scripted: Scripts, first: bytes
) -> None:
    server = scripted([first + OK + b"bad", OK + b"bad"], [OK + b"two"])

    assert server.ask(2) == [b"one", b"two"]
    assert server.asked == [1, 1]


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n",
    ],
)
def test_a_server_that_takes_leave_is_called_anew(scripted: Scripts, head: bytes) -> None:
    server = scripted([head + b"one", OK + b"bad"], [OK + b"two"])

    assert server.ask(2) == [b"one", b"two"]
    assert server.asked == [1, 1]


def test_a_connection_that_was_closed_meanwhile_costs_no_question(scripted: Scripts) -> None:
    whole = b"HTTP/1.0 200 OK\r\n\r\none"
    server = scripted([whole], [OK + b"two"], [OK + b"six"], closes=True)

    assert server.ask(3) == [b"one", b"two", b"six"]
    assert server.asked == [1, 1, 1]
