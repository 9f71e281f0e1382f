"""The network below the HTTP client: httpx's own, or a faster one inside our own walls.

With the extra `townclerk[fast]` and TOWNCLERK_FAST_HTTP=1, requests are carried by pyreqwest, at a
fraction of the CPU time. It gets requests whose address is already checked and pinned, follows
nothing, keeps nothing and unpacks nothing, so every guard and limit above it stays what it is.

https: is spoken so as well where trust is what this machine trusts: the name that was registered is
bound to the address that was checked, and shown and judged as the name. Its rules for certificates
are stricter than OpenSSL's, so one that it refuses is shown to httpx, whose word counts. A source
that wants a certificate of ours, or trusts an authority of its own, stays with httpx altogether.
"""

import os
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx

from connectors.sdk.addresses import CONNECT_SECONDS_MAX
from connectors.sdk.http_carrier import Carrier
from schemas.errors import Misconfigured

SILENCE_SECONDS_MAX = 30.0
"""Longest pause between two pieces of an answer, as everywhere."""

HTTPS_PORT = 443
DISTRUST = "invalid peer certificate"
"""What rustls says of a certificate that it does not take; nothing has been sent by then."""


class FastHttpMissing(Misconfigured):
    """The faster network is asked for and not installed."""

    code = "fast_http_missing"
    remedy = "pip install 'townclerk[fast]', or unset TOWNCLERK_FAST_HTTP."


def open_network(
    tls: ssl.SSLContext | bool, *, machine_trust: bool = False
) -> httpx.AsyncBaseTransport:
    """Return what carries requests.

    Args:
        tls: How TLS is spoken; False where the address is plain http.
        machine_trust: The context trusts what this machine trusts, and shows nothing of ours.
    """
    if os.environ.get("TOWNCLERK_FAST_HTTP") == "1":
        if tls is False:
            return _FastNetwork()
        if machine_trust and isinstance(tls, ssl.SSLContext):
            return _FastTls(tls)
    return Carrier(tls)


class _FastNetwork(httpx.AsyncBaseTransport):
    """Speaks HTTP by pyreqwest, and stumbles in httpx's words.

    Args:
        bound: Name, address and port, where the name is to be found at that address alone.
    """

    def __init__(self, bound: tuple[str, str, int] | None = None) -> None:
        try:
            from pyreqwest.client import ClientBuilder
            from pyreqwest.compatibility.httpx import HttpxTransport
        except ModuleNotFoundError:
            raise FastHttpMissing("TOWNCLERK_FAST_HTTP needs a package that is missing.") from None
        plain = ClientBuilder().no_proxy().follow_redirects(False).referer(False).http1_only()
        plain = plain.default_cookie_store(False).gzip(False).brotli(False).zstd(False)
        timed = plain.deflate(False).connect_timeout(timedelta(seconds=CONNECT_SECONDS_MAX))
        timed = timed.read_timeout(timedelta(seconds=SILENCE_SECONDS_MAX))
        if bound is not None:
            timed = timed.https_only(True).resolve(*bound)
        self._bound = bound is not None
        self._inner: Any = HttpxTransport(timed.build())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address in its extensions, or bound to one, under its name."""
        if not self._bound:
            request = _under(request.url.copy_with(host=request.extensions["address"]), request)
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


class _FastTls(httpx.AsyncBaseTransport):
    """Speaks HTTP over TLS: one client per checked address, each bound to the registered name."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._by_address: dict[str, httpx.AsyncBaseTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address in its extensions, under the name in its URL."""
        address = request.extensions["address"]
        network = self._by_address.get(address)
        if network is None:
            name, port = request.url.raw_host.decode("ascii"), request.url.port or HTTPS_PORT
            network = self._by_address[address] = _FastNetwork((name, address, port))
        try:
            return await network.handle_async_request(request)
        except httpx.ConnectError as error:
            if not isinstance(network, _FastNetwork) or not _is_distrust(error):
                raise
        await network.aclose()
        judge = Carrier(self._tls)
        self._by_address[address] = judge
        return await judge.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        for network in self._by_address.values():
            await network.aclose()


def _under(url: httpx.URL, request: httpx.Request) -> httpx.Request:
    """Return a request under another URL; its Host stays what it is."""
    return httpx.Request(
        request.method,
        url,
        headers=request.headers,
        stream=request.stream,
        extensions=request.extensions,
    )


def _is_distrust(error: httpx.ConnectError) -> bool:
    """Tell a certificate that is refused from an address that takes no connection."""
    return DISTRUST in str(getattr(error.__cause__ or error.__context__, "details", ""))


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
