"""A source system under the test's full control: real sockets on loopback, any answer at all."""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from connectors.sdk.connector import Connector, find_connector
from connectors.sdk.load import load_connector_file
from connectors.sdk.source import Source
from schemas.records import Cursor, Page


@dataclass
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass
class Reply:
    """What goes out; `pieces` are written one by one, `raw` replaces everything."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] = ()
    pause_seconds: float = 0.0
    raw: bytes | None = None

    @classmethod
    def json(cls, value: Any, **more: Any) -> Self:
        return cls(body=json.dumps(value).encode(), **more)

    def head(self) -> bytes:
        headers = {"Content-Type": "application/json", **self.headers}
        if self.pieces:
            headers["Connection"] = "close"
        else:
            headers.setdefault("Content-Length", str(len(self.body)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode()


Answer = Callable[[Request], Reply]


class Server:
    """Listens on a free port of loopback until closed."""

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self._tls = tls
        self.requests: list[Request] = []
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Request(method, target, headers, body)
        self.requests.append(request)
        reply = self.answer(request)
        if reply.raw is not None:
            writer.write(reply.raw)
            await writer.drain()
            return False
        writer.write(reply.head() + reply.body)
        await writer.drain()
        for piece in reply.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(reply.pause_seconds)
        return not reply.pieces


def people(count: int) -> list[dict[str, Any]]:
    """Return simple records with keys 1 to count."""
    return [{"id": number, "name": f"Name {number}"} for number in range(1, count + 1)]


REST_FILE = """
connector: crm
kind: rest
interface: urn:townclerk:interface:crm-api
timeout_seconds: {timeout}
auth: {auth}
streams:
  customers:
    data_set: urn:townclerk:data_set:crm-customers
    get: /customers
    records: {records}
    paging: {paging}
    key: id
    {more}
    map: {{kind: "'person'", given_name: name}}
"""


def rest_source(
    base_url: str,
    *,
    paging: str = "{type: none}",
    records: str = "items",
    auth: str = "{type: none}",
    timeout: float = 20,
    more: str = "",
    **options: Any,
) -> Source:
    """Return a source of kind rest on loopback with one stream, customers."""
    text = REST_FILE.format(paging=paging, records=records, auth=auth, timeout=timeout, more=more)
    return source_of(text, base_url, **options)


def source_of(text: str, base_url: str, **options: Any) -> Source:
    """Return a source that may reach loopback."""
    spec = load_connector_file(text, name="test.yaml")
    return Source(key=spec.connector, base_url=base_url, spec=spec, **{"loopback": True, **options})


def read_all(
    source: Source,
    stream: str = "customers",
    cursor: Cursor | None = None,
    *,
    into: list[Page] | None = None,
) -> list[Page]:
    """Read a stream to its end; `into` keeps what came before an error."""
    pages: list[Page] = [] if into is None else into

    async def read() -> None:
        connector: Connector = find_connector(source.spec.kind)(source)
        try:
            async for page in connector.read(stream, cursor):
                pages.append(page)  # noqa: PERF401  # what came before an error counts
        finally:
            await connector.close()

    asyncio.run(read())
    return pages


def keys(pages: Iterable[Page], name: str = "id") -> list[Any]:
    """Return the keys of all records, in order."""
    return [record.value[name] for page in pages for record in page.records]
