"""Carry requests over connections that stay open: h11 has the words, asyncio the wire.

It stands where httpx's own transport would stand and stumbles in httpx's words, at a quarter of its
CPU time: a page comes in two pieces of the kernel's instead of seven, and nothing is locked, traced
or pooled for callers that a connector does not have.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

import h11
import httpx

IDLE_SECONDS_MAX = 5.0
"""Servers close what is idle; a connection that may be closing by now is not used again."""

IDLE_CONNECTIONS_MAX = 16
"""As many as pages are ever fetched at once."""

HEAD_BYTES_MAX = 100 * 1024
"""Of all header fields of an answer, as httpx has it."""

HELD_BYTES_MAX = 1024 * 1024
"""Read from the kernel and not yet taken; beyond it the sender has to wait."""


class Carrier(httpx.AsyncBaseTransport):
    """Sends requests to the address that stands in their extensions, else to that of their URL.

    Args:
        tls: How TLS is spoken; True trusts httpx's own list, False speaks none.
    """

    def __init__(self, tls: ssl.SSLContext | bool) -> None:
        self._tls = httpx.create_ssl_context(trust_env=False) if tls is True else tls or None
        if self._tls is not None:
            self._tls.set_alpn_protocols(["http/1.1"])
        self._idle: deque[_Connection] = deque()
        self._is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; return its answer as soon as its header fields are there."""
        address = request.extensions.get("address") or request.url.host
        connection = self._take_idle(address) or await self._connect(address, request)
        try:
            head = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        return httpx.Response(
            head.status_code,
            headers=head.headers.raw_items(),
            stream=_Body(self, connection, request),
            extensions={"network_stream": connection.wire, "reason_phrase": bytes(head.reason)},
        )

    async def aclose(self) -> None:
        """Close what is idle; what is in use is closed by whoever reads its answer."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def keep(self, connection: "_Connection") -> None:
        """Take back a connection whose answer was read to its end."""
        if self._is_closed or not connection.begin_anew():
            connection.close()
            return
        self._idle.append(connection)
        if len(self._idle) > IDLE_CONNECTIONS_MAX:
            self._idle.popleft().close()

    def _take_idle(self, address: str) -> "_Connection | None":
        """Return the connection that was used last, if it is still good."""
        for connection in reversed(self._idle):
            if connection.address == address:
                self._idle.remove(connection)
                if connection.is_fresh:
                    return connection
                connection.close()
                return self._take_idle(address)
        return None

    async def _connect(self, address: str, request: httpx.Request) -> "_Connection":
        url, seconds = request.url, request.extensions.get("timeout", {}).get("connect")
        name = request.extensions.get("sni_hostname") or url.host
        port = url.port or (443 if url.scheme == "https" else 80)
        tls = self._tls if url.scheme == "https" else None
        try:
            async with asyncio.timeout(seconds):
                _, wire = await asyncio.get_running_loop().create_connection(
                    _Wire, address, port, ssl=tls, server_hostname=name if tls else None
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time", request=request) from error
        except (OSError, ssl.SSLError) as error:
            raise httpx.ConnectError(type(error).__name__, request=request) from error
        return _Connection(address, wire)


class _Body(httpx.AsyncByteStream):
    """An answer's body as it comes; read to its end it gives the connection back."""

    def __init__(self, carrier: Carrier, connection: "_Connection", request: httpx.Request) -> None:
        self._carrier, self._request = carrier, request
        self._connection: _Connection | None = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        while (piece := await connection.piece(self._request)) is not None:
            yield piece
        self._connection = None
        self._carrier.keep(connection)

    async def aclose(self) -> None:
        """Close the connection, if its answer was not read to the end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _Connection:
    """One connection, and where its conversation stands."""

    def __init__(self, address: str, wire: "_Wire") -> None:
        self.address, self.wire = address, wire
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
        self._idle_since = 0.0

    @property
    def is_fresh(self) -> bool:
        """Tell whether it may be used again: nobody closed it, or said something unasked."""
        return self.wire.is_quiet and time.monotonic() - self._idle_since < IDLE_SECONDS_MAX

    async def ask(self, request: httpx.Request) -> h11.Response:
        """Send a request and wait for the head of its answer."""
        try:
            parts = await self._spoken(request)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError("the request is not valid", request=request) from error
        self.wire.write(b"".join(part for part in parts if part))
        while True:
            event = await self._event(request)
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise httpx.RemoteProtocolError("no answer came", request=request)

    async def _spoken(self, request: httpx.Request) -> list[bytes | None]:
        talk, stream = self._talk, cast("httpx.AsyncByteStream", request.stream)
        target, headers = request.url.raw_path, request.headers.raw
        parts = [talk.send(h11.Request(method=request.method, target=target, headers=headers))]
        parts += [talk.send(h11.Data(data=piece)) async for piece in stream]
        return [*parts, talk.send(h11.EndOfMessage())]

    async def piece(self, request: httpx.Request) -> bytes | None:
        """Return the next piece of a body; None at its end."""
        event = await self._event(request)
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            return None
        raise httpx.RemoteProtocolError("the answer ended early", request=request)

    async def _event(self, request: httpx.Request) -> Any:
        seconds = request.extensions.get("timeout", {}).get("read")
        try:
            while (event := self._talk.next_event()) is h11.NEED_DATA:
                self._talk.receive_data(await self.wire.read(seconds))
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError("not valid HTTP", request=request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except OSError as error:
            raise httpx.ReadError(type(error).__name__, request=request) from error
        return event

    def begin_anew(self) -> bool:
        """Make ready for another request, if both sides are done with this one and stay."""
        if self._talk.our_state is not h11.DONE or self._talk.their_state is not h11.DONE:
            return False
        if self._talk.trailing_data[0]:
            return False  # more than the answer came, and whose it is nobody knows
        self._talk.start_next_cycle()
        self._idle_since = time.monotonic()
        return True

    def close(self) -> None:
        """Close it at once."""
        self.wire.close()


class _Wire(asyncio.Protocol):
    """The bytes of one connection as they come."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._waiting: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Keep what came, and stop the sender for a while where it is too much."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held > HELD_BYTES_MAX and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The other side has said all."""
        self._ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection is gone."""
        self._ended, self._error = True, error
        self._wake()

    @property
    def is_quiet(self) -> bool:
        """Tell whether it is open and has brought nothing that nobody took."""
        return not self._ended and not self._pieces

    def get_extra_info(self, name: str) -> Any:
        """Return what is known of the connection, such as its `ssl_object`."""
        return self._transport.get_extra_info(name) if self._transport is not None else None

    def write(self, data: bytes) -> None:
        """Send; requests are small, so nobody waits until they are gone."""
        if self._transport is not None:
            self._transport.write(data)

    async def read(self, seconds: float | None) -> bytes:
        """Return all that came; nothing at the end.

        Raises:
            TimeoutError: Nothing came for so long.
            OSError: The connection broke.
        """
        if not self._pieces and not self._ended:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._waiting
            finally:
                self._waiting = None
        if not self._pieces:
            if isinstance(self._error, OSError):
                raise self._error
            return b""
        found = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        if self._held > HELD_BYTES_MAX and self._transport is not None and not self._ended:
            self._transport.resume_reading()
        self._held = 0
        return found

    def close(self) -> None:
        """Close at once; what was not sent is not sent."""
        if self._transport is not None:
            with suppress(OSError):
                self._transport.abort()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
