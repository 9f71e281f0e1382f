"""The HTTP client of every connector, and the only module that knows httpx.

A client belongs to one registered interface: scheme, host and port are fixed when it is made,
its name is resolved and checked once, and a link or redirect to anywhere else is refused before
a byte is sent. So neither a hostile page nor a changed name server can carry a secret away.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import BinaryIO, TypeVar

import httpx

from connectors.sdk.addresses import CONNECT_SECONDS_MAX, checked_addresses
from connectors.sdk.answers import Answer, ForeignAddress, Read
from connectors.sdk.bodies import BODY_BYTES_MAX, Into, read_body, too_large
from connectors.sdk.http_fast import open_network
from connectors.sdk.looking import Look, secured_by
from connectors.sdk.pace import Pace
from connectors.sdk.remedies import remedy_for
from connectors.sdk.retries import Hiccup, retry_after_seconds, with_retries
from connectors.sdk.signing_in import SignIn
from schemas.errors import GiveUp, InvalidInput, RetryLater

__all__ = ["Answer", "ForeignAddress", "HttpClient"]

SILENCE_SECONDS_MAX = 30.0
"""Longest pause between two pieces of an answer; the file's timeout_seconds bounds the whole."""

URL_CHARACTERS_MAX = 8_000
"""Servers refuse longer addresses; a longer `next` is a fault of the source."""

PARTIAL_STATUS = 206  # a part of an answer, which we never asked for
_REFUSALS = (401, 403)
BUSY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})  # another try may mend them

_HEADERS = {"User-Agent": "townclerk", "Accept": "application/json", "Accept-Encoding": "gzip"}
_TIMEOUT = httpx.Timeout(SILENCE_SECONDS_MAX, connect=CONNECT_SECONDS_MAX).as_dict()

T = TypeVar("T")


class HttpClient:
    """Talks to one origin only, patiently and within limits.

    Args:
        base_url: Registered address; may end in a path that every request begins with.
        internal: Private addresses are allowed.
        loopback: Loopback addresses are allowed.
        timeout_seconds: Longest time for one request with its whole answer.
        sign_in: Signs the requests; None sends them unsigned.
        tls: How TLS is spoken; False where the address is plain http.
        machine_trust: It is spoken by what this machine trusts, and nothing of ours is shown.
        pace: How fast requests may follow each other.
        transport: Replaces the network.

    Raises:
        InvalidInput: The address is no usable URL.
    """

    def __init__(
        self,
        base_url: str,
        *,
        internal: bool,
        loopback: bool,
        timeout_seconds: float,
        sign_in: SignIn | None = None,
        tls: ssl.SSLContext | bool = True,
        machine_trust: bool = False,
        pace: Pace | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = _base_url(base_url)
        self._root = self._base.path.rstrip("/")
        self._who = f"{self._base.scheme}://{self._base.netloc.decode('ascii')}"
        self._timeout_seconds = timeout_seconds
        self._sign_in = sign_in
        self._pace = pace or Pace()
        # The transport is used without httpx's own client around it: that one would keep
        # cookies, follow redirects and log addresses, none of which we want.
        network = transport or open_network(tls, machine_trust=machine_trust)
        self._transport = transport or _PinnedTransport(
            self._base, network, internal=internal, loopback=loopback
        )

    def below(self, path: str) -> str:
        """Return the target of a path below the registered address."""
        return f"{self._root}{path}" or "/"

    def address(self, path: str) -> str:
        """Return the whole address of a path below the registered one."""
        return str(self._url(self.below(path)))

    async def get(
        self,
        target: str,
        parameters: Mapping[str, str],
        read: Read[T],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Ask for a target, and read the answer.

        Args:
            target: From `below` or `same_origin`.
            parameters: Added to the query.
            read: Turns the answer into what is wanted.
            headers: Header fields beside our own.

        Raises:
            RetryLater: Busy, or out of reach.
            GiveUp: A person has to look.
        """
        url = self._url(target)
        if parameters:
            url = url.copy_merge_params(dict(parameters))
        fields = {**_HEADERS, **(headers or {})}
        return await self._patiently(lambda: httpx.Request("GET", url, headers=fields), read)

    async def post(
        self,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
        read: Read[T],
        *,
        also: frozenset[int] = frozenset(),
        method: str = "POST",
    ) -> T:
        """Post a body that only asks (a query, a token form), and read the answer.

        Args:
            target: From `below` or `same_origin`.
            body: What to post.
            headers: Header fields beside our own.
            read: Turns the answer into what is wanted.
            also: Statuses whose answer is read as if it were a success.
            method: Another method that only asks, such as PROPFIND.
        """
        url, fields = self._url(target), {**_HEADERS, **headers}
        return await self._patiently(
            lambda: httpx.Request(
                method, url, headers=fields, content=body, extensions={"also": also}
            ),
            read,
        )

    async def download(
        self, target: str, into: BinaryIO, *, limit: int, headers: Mapping[str, str]
    ) -> None:
        """Write the answer's body into a file as it comes; a failed attempt begins anew."""
        fields = {**_HEADERS, "Accept": "*/*", "Accept-Encoding": "identity", **headers}
        there = Into(into, limit)
        await self._patiently(
            lambda: httpx.Request(
                "GET", self._url(target), headers=fields, extensions={"into": there}
            ),
            lambda _: None,
        )

    async def look(self, target: str, headers: Mapping[str, str], *, limit: int) -> Look:
        """Get once, unsigned, at most `limit` bytes; every status is an answer."""
        request = httpx.Request("GET", self._url(target), headers={**_HEADERS, **headers})
        request.extensions = {**request.extensions, "timeout": _TIMEOUT}
        try:
            async with asyncio.timeout(self._timeout_seconds):
                response = await self._transport.handle_async_request(request)
                try:
                    body = await _body(response, limit)
                finally:
                    await response.aclose()
        except (TimeoutError, Hiccup, httpx.HTTPError) as error:
            broken = _broken(error, self._who) if isinstance(error, httpx.TransportError) else error
            later = RetryLater(f"{self._who} does not answer.")
            raise (broken if isinstance(broken, GiveUp) else later) from None
        return Look(response.status_code, response.headers, body, *secured_by(response.extensions))

    def same_origin(self, link: str, target: str) -> str:
        """Return a link out of an answer as a target, or refuse it.

        Args:
            link: URL as the source wrote it, absolute or relative.
            target: The target whose answer held it.

        Raises:
            ForeignAddress: It leads to another scheme, host or port.
            GiveUp: It is no URL.
        """
        try:
            url = self._url(target).join(link[: URL_CHARACTERS_MAX + 1])
        except (httpx.InvalidURL, ValueError, TypeError):
            raise GiveUp(f"{self._who} sent a link that is no address.") from None
        if len(link) > URL_CHARACTERS_MAX:
            raise GiveUp(f"{self._who} sent a link of more than {URL_CHARACTERS_MAX} characters.")
        if _origin(url) != _origin(self._base) or url.userinfo:
            raise ForeignAddress(
                f"{self._who} sent a link to {url.scheme}://{url.host[:100]}, "
                "which is not its registered address."
            )
        if self._sign_in is not None and self._sign_in.parameter is not None:
            url = url.copy_remove_param(self._sign_in.parameter)  # some sources echo it
        return url.raw_path.decode("ascii")

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
        if self._sign_in is not None:
            await self._sign_in.close()

    def _url(self, target: str) -> httpx.URL:
        return self._base.copy_with(raw_path=target.encode("ascii", "replace"))

    async def _patiently(self, build: Callable[[], httpx.Request], read: Read[T]) -> T:
        """Send until an answer can be read; a refused token is renewed once."""
        try:
            return await with_retries(lambda: self._attempt(build, read), who=self._who)
        except _SignInRefused as refused:
            if self._sign_in is None or not self._sign_in.renew():
                raise refused.final from None
        try:
            return await with_retries(lambda: self._attempt(build, read), who=self._who)
        except _SignInRefused as refused:
            raise refused.final from None

    async def _attempt(self, build: Callable[[], httpx.Request], read: Read[T]) -> T:
        request = build()
        target = request.url.raw_path.decode("ascii")
        if self._sign_in is not None:
            await _signed(request, self._sign_in)
        await asyncio.sleep(self._pace.turn())
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._exchange(request, target)
        except TimeoutError:
            raise Hiccup(f"no whole answer within {self._timeout_seconds:g} seconds") from None
        except httpx.TimeoutException:
            raise Hiccup("it does not answer in time") from None
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            raise _broken(error, self._who) from None
        except httpx.HTTPError:
            raise GiveUp(f"{self._who} cannot be asked: the request is not valid HTTP.") from None
        return read(answer)

    async def _exchange(self, request: httpx.Request, target: str) -> Answer:
        request.extensions = {**request.extensions, "timeout": _TIMEOUT}
        response = await self._transport.handle_async_request(request)
        try:
            self._pace.answered(response.status_code, response.headers)
            self._judge(response, request)
            into: Into | None = request.extensions.get("into")
            limit = into.limit if into else BODY_BYTES_MAX
            length = response.headers.get("content-length", "")
            if length.isdigit() and int(length[:19]) > limit:
                raise too_large(limit)
            body = await _body(response, limit, into)
        finally:
            await response.aclose()
        return Answer(body, response.headers, target, response.status_code)

    def _judge(self, response: httpx.Response, request: httpx.Request) -> None:
        """Raise what an answer other than success means."""
        status, path = response.status_code, request.url.path[:200]
        if status in request.extensions.get("also", ()):
            return
        if status in BUSY_STATUSES:
            wait = retry_after_seconds(response.headers.get("retry-after"))
            raise Hiccup(f"it answered {path} with status {status}", wait_seconds=wait)
        if 300 <= status < 400:
            raise self._redirect(response, request)
        if status in _REFUSALS:  # some answer 403 where a token has expired
            what = f"{self._who} refuses to let us in (status {status} at {path})."
            raise _SignInRefused(GiveUp(what, remedy=remedy_for(status, path), status=status))
        if not 200 <= status < 300 or status == PARTIAL_STATUS:
            what = f"{self._who} answered {path} with status {status}."
            raise GiveUp(what, remedy=remedy_for(status, path), status=status)

    def _redirect(self, response: httpx.Response, request: httpx.Request) -> GiveUp:
        target = request.url.raw_path.decode("ascii")
        try:
            self.same_origin(response.headers.get("location", ""), target)
        except ForeignAddress as foreign:
            return foreign
        return GiveUp(
            f"{self._who} redirects {request.url.path[:200]} to another path (status "
            f"{response.status_code}); we follow no redirects.",
            remedy="Write the final path into the connector file or the register.",
            status=response.status_code,
        )


async def _body(response: httpx.Response, limit: int, into: Into | None = None) -> bytes:
    encoding = response.headers.get("content-encoding", "").strip().lower()
    return await read_body(response.aiter_raw(), encoding=encoding, limit=limit, into=into)


async def _signed(request: httpx.Request, sign_in: SignIn) -> None:
    """Sign a request; what goes into the query never becomes part of a position or a message."""
    signs = await sign_in.headers()
    if sign_in.parameter is None:
        request.headers.update(signs)
    else:
        request.url = request.url.copy_merge_params(dict(signs))


class _SignInRefused(Exception):
    """The source does not accept who we say we are."""

    def __init__(self, final: GiveUp) -> None:
        super().__init__(final.what)
        self.final = final


class _PinnedTransport(httpx.AsyncBaseTransport):
    """Connects to the addresses that were checked, under the name that was registered."""

    def __init__(self, base: httpx.URL, network: httpx.AsyncBaseTransport, **allowed: bool) -> None:
        self._base, self._network, self._allowed = base, network, allowed
        self._addresses: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first checked address that takes a connection."""
        if _origin(request.url) != _origin(self._base):
            raise ForeignAddress("A request to another than the registered address was stopped.")
        if not self._addresses:
            self._addresses = await checked_addresses(
                self._base.host, _port(self._base), **self._allowed
            )
        for address in self._addresses[:-1]:
            try:
                return await self._send(request, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(request, self._addresses[-1])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._network.aclose()

    async def _send(self, request: httpx.Request, address: str) -> httpx.Response:
        # Host and the name that a certificate must have are still those of the registered server.
        pinned = {"address": address, "sni_hostname": self._base.host}
        request.extensions = {**request.extensions, **pinned}
        return await self._network.handle_async_request(request)


def _base_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise InvalidInput("The registered address is no URL.") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidInput("The registered address must begin with http:// or https://.")
    if url.userinfo or url.query or url.fragment:
        raise InvalidInput(
            "The registered address must hold no user, query or fragment; sign in with `auth`."
        )
    return url


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, _port(url)


def _broken(error: httpx.TransportError, who: str) -> Exception:
    """Tell a certificate nobody trusts, which stays so, from a network that stumbles."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return GiveUp(
                f"{who} shows a certificate we do not trust: {cause.verify_message}.",
                remedy="Install the authority's certificate on this machine.",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return Hiccup("it takes no connection")
    return Hiccup("the connection broke off")
