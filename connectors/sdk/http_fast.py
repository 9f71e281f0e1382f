"""The network below the HTTP client: httpx's own, or a faster one inside our own walls.

With the extra `townclerk[fast]` and TOWNCLERK_FAST_HTTP=1, plain http: is spoken by pyreqwest, at
a fraction of the CPU time. It gets requests whose address is already checked and pinned, follows
nothing, keeps nothing and unpacks nothing, so every guard and limit above it stays what it is.
https: stays with httpx, whose certificates we control.
"""

import os
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx

from connectors.sdk.addresses import CONNECT_SECONDS_MAX
from schemas.errors import Misconfigured

SILENCE_SECONDS_MAX = 30.0
"""Longest pause between two pieces of an answer, as everywhere."""


class FastHttpMissing(Misconfigured):
    """The faster network is asked for and not installed."""

    code = "fast_http_missing"
    remedy = "pip install 'townclerk[fast]', or unset TOWNCLERK_FAST_HTTP."


def open_network(tls: ssl.SSLContext | bool) -> httpx.AsyncBaseTransport:
    """Return what carries requests; `tls` is False where the address is plain http."""
    if tls is False and os.environ.get("TOWNCLERK_FAST_HTTP") == "1":
        return _FastNetwork()
    return httpx.AsyncHTTPTransport(verify=tls, trust_env=False)


class _FastNetwork(httpx.AsyncBaseTransport):
    """Speaks plain HTTP by pyreqwest, and stumbles in httpx's words."""

    def __init__(self) -> None:
        try:
            from pyreqwest.client import ClientBuilder
            from pyreqwest.compatibility.httpx import HttpxTransport
        except ModuleNotFoundError:
            raise FastHttpMissing("TOWNCLERK_FAST_HTTP needs a package that is missing.") from None
        plain = ClientBuilder().no_proxy().follow_redirects(False).referer(False)
        plain = plain.default_cookie_store(False).gzip(False).brotli(False).zstd(False)
        timed = plain.deflate(False).connect_timeout(timedelta(seconds=CONNECT_SECONDS_MAX))
        client = timed.read_timeout(timedelta(seconds=SILENCE_SECONDS_MAX)).build()
        self._inner: Any = HttpxTransport(client)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is."""
        try:
            response: httpx.Response = await self._inner.handle_async_request(request)
        except httpx.TransportError:
            raise
        except Exception as error:  # noqa: BLE001  # another language's errors have no common name
            raise httpx.ReadError(type(error).__name__, request=request) from None
        response.stream = _Pieces(response.stream)
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _Pieces(httpx.AsyncByteStream):
    """An answer's bytes as they come."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._inner:
                yield bytes(piece)
        except httpx.TransportError:
            raise
        except Exception as error:  # noqa: BLE001  # see above
            raise httpx.ReadError(type(error).__name__) from None

    async def aclose(self) -> None:
        await self._inner.aclose()
