"""A source of our own making, on loopback: answers as it is told, and counts who came.

Real sockets and not a stand-in for them, so that what a connector does with connections,
redirects and half answers is what it would do in a town.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

START_SECONDS_MAX = 10.0
"""A loopback server that has not started by then never will."""

HEAD_BYTES_MAX = 64 * 1024
"""Enough for the longest address and token that the SDK sends."""


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; the last of a name counts."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Told:
    """One answer.

    Attributes:
        body: What is sent.
        status: HTTP status.
        headers: Header fields beside the usual ones.
        cut: Send only this many bytes of the body, then break the connection off.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None

    @classmethod
    def json(cls, value: Any, **more: Any) -> Self:
        """Answer with JSON."""
        return cls(body=json.dumps(value).encode(), **more)


class Player:
    """Listens on a free port of loopback until closed; answers in a thread of its own."""

    def __init__(self, answer: Callable[[Asked], Told]) -> None:
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._open = set[asyncio.StreamWriter]()
        self._stop = asyncio.Event()
        self.port = 0
        self.connections = 0
        self.asked = 0
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(START_SECONDS_MAX)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and break off what is open."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS_MAX)

    def _run(self, started: threading.Event) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        # Also who has only just come: an acceptance under way closes its transport when cancelled.
        for writer in self._open:
            writer.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # transports say goodbye one round later

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self._stop.is_set():
            writer.transport.abort()
            return
        self._open.add(writer)
        task = self._loop.create_task(self._take(reader, writer))
        task.add_done_callback(lambda _: self._open.discard(writer))

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.asked += 1
        told = self._answer(Asked(method, target, headers, body))
        writer.write(_head(told) + told.body[: told.cut])
        await writer.drain()
        return told.cut is None


def _head(told: Told) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(told.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**fields, **told.headers}.items())
    return f"HTTP/1.1 {told.status} {HTTPStatus(told.status).phrase}\r\n{lines}\r\n".encode()


@contextmanager
def playing(answer: Callable[[Asked], Told]) -> Iterator[Player]:
    """Answer on loopback for as long as the block lasts."""
    player = Player(answer)
    try:
        yield player
    finally:
        player.close()
