"""Read LDAP directories, Active Directory among them: the kind `ldap`, extra `townclerk[ldap]`.

A paged search cannot be gone on with over a new connection, so after a kill the search runs
again and passes over what was read. Where it stands is known by the name of the last entry; if
another entry stands there by then, the directory has changed and the scan starts anew.

Source: RFC 4511; RFC 2696 (paged results).
"""

import asyncio
import ssl
import warnings
from collections.abc import AsyncGenerator
from functools import cache
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, StringConstraints

from connectors.sdk.addresses import CONNECT_SECONDS_MAX, checked_addresses
from connectors.sdk.auth import BasicAuth
from connectors.sdk.cursors import END, is_end, read_position, write_position
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.retries import Hiccup, with_retries
from connectors.sdk.scans import PAGES_MAX
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import PageSize
from schemas.errors import GiveUp, InvalidInput, Misconfigured, RetryLater
from schemas.records import Cursor, Page

PORTS = {"ldap": 389, "ldaps": 636}

FILTER_CHARACTERS_MAX = 2_000
ATTRIBUTES_MAX = 500
BYTES_MAX = 1024 * 1024
"""Of one value; photographs are left out by naming attributes."""

Attribute = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9;-]*$", max_length=100)]


class LdapMissing(Misconfigured):
    """LDAP needs a library that is not installed."""

    code = "ldap_missing"
    remedy = "pip install 'townclerk[ldap]'"


class LdapStream(StreamSpec):
    """One search.

    Attributes:
        base: Where it begins; the registered address may name it as well.
        filter: Which entries.
        scope: The whole tree below, or one level.
        attributes: What to ask for; all that people may see if left out.
        lists: Attributes that are lists also where they have one value.
        size: Entries per page.
    """

    base: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    filter: Annotated[
        str, StringConstraints(pattern=r"^\(.*\)$", max_length=FILTER_CHARACTERS_MAX)
    ] = "(objectClass=person)"
    scope: Literal["tree", "level"] = "tree"
    attributes: (
        Annotated[list[Attribute], Field(min_length=1, max_length=ATTRIBUTES_MAX)] | None
    ) = None
    lists: list[Attribute] = Field(default_factory=list, max_length=ATTRIBUTES_MAX)
    size: Annotated[PageSize, Field(le=1000)] = 500


class LdapConnector:
    """Reads entries of a directory, page by page."""

    kind: ClassVar[str] = "ldap"
    stream_type: ClassVar[type[StreamSpec]] = LdapStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none", "basic"})

    def __init__(self, source: Source) -> None:
        self._source = source

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one search; the end is the server's own: an empty cookie."""
        spec = self._source.stream(stream, LdapStream)
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        search = _Search(self._source, spec)
        try:
            await with_retries(search.open, who=self._source.key)
            async for page in _pages(search, cursor):
                yield page
        finally:
            await search.close()

    async def close(self) -> None:
        """Do nothing: a connection ends with its scan."""


Entry = tuple[str, bytes]
"""The name of an entry, and the bytes of its record."""


async def _pages(search: "_Search", cursor: Cursor | None) -> AsyncGenerator[Page, None]:
    """Pass over what was read before, and yield the rest."""
    passing, name = read_position(cursor, "ldap", int, str) or (0, "")
    at, face = 0, (0, "", "")
    for _ in range(PAGES_MAX):
        try:
            entries, more = await search.page()
        except Hiccup as hiccup:
            raise RetryLater(f"{hiccup.what}.") from None
        before_face, face = face, _face(entries)
        if more and face == before_face:
            raise GiveUp("The directory sent the same page twice; it sends us round in circles.")
        before, at = at, at + len(entries)
        fresh = entries[max(passing - before, 0) :]
        if before < passing <= at and entries[passing - before - 1][0] != name:
            yield Page(records=[], cursor=Cursor())  # so that the next try starts anew
            raise RetryLater("The directory changed since it was last read; the scan starts again.")
        if at < passing and not more:
            yield Page(records=[], cursor=Cursor())
            raise RetryLater("The directory became smaller; the scan starts again.")
        if at >= passing:
            yield _page(fresh, at, entries[-1][0] if entries else name, last=not more)
        if not more:
            return
    raise GiveUp(f"The search still has pages after {PAGES_MAX}; it does not seem to end.")


def _face(entries: list[Entry]) -> tuple[int, str, str]:
    """Return what tells one page from another."""
    return (len(entries), entries[0][0], entries[-1][0]) if entries else (0, "", "")


def _page(entries: list[Entry], count: int, name: str, *, last: bool) -> Page:
    records, rejected = decode_records(raw for _, raw in entries)
    position = END if last else write_position("ldap", count, name)
    return Page(records=records, rejected=rejected, cursor=Cursor(position=position), last=last)


class _Search:
    """One paged search over one connection, in threads."""

    def __init__(self, source: Source, spec: LdapStream) -> None:
        self._source, self._spec = source, spec
        self._connection: Any = None
        self._cookie: bytes | None = None
        self._base = ""

    async def open(self) -> None:
        """Connect to the checked address, under the registered name, and sign in."""
        parts = urlsplit(self._source.base_url)
        walls = self._source.internal or self._source.loopback
        if parts.scheme not in PORTS or not parts.hostname or parts.username or parts.query:
            raise InvalidInput("The registered address must be ldaps://HOST/BASE, without a user.")
        if parts.scheme == "ldap" and not walls:
            raise InvalidInput("A directory outside our own walls is read over ldaps: only.")
        self._base = self._spec.base or unquote(parts.path.lstrip("/"))
        if not self._base:
            raise InvalidInput("Neither the address nor `base` says where the search begins.")
        port = parts.port or PORTS[parts.scheme]
        found = await checked_addresses(
            parts.hostname, port, internal=self._source.internal, loopback=self._source.loopback
        )
        account = self._account()
        secure = parts.scheme == "ldaps"
        await self._in_thread(lambda: self._bind(found[0], port, parts.hostname, secure, account))

    def _account(self) -> tuple[str, str] | None:
        auth = self._source.spec.auth
        if not isinstance(auth, BasicAuth):
            return None
        return auth.username, self._source.secret(auth.secret).get_secret_value()

    def _bind(self, address: str, port: int, host: str | None, secure: bool, account: Any) -> None:
        ldap3 = ldap_library()
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, valid_names=[host]) if secure else None
        server = ldap3.Server(
            address, port, use_ssl=secure, tls=tls, connect_timeout=int(CONNECT_SECONDS_MAX)
        )
        user, password = account or (None, None)
        self._connection = ldap3.Connection(
            server,
            user,
            password,
            read_only=True,
            auto_referrals=False,  # a referral names another host
            receive_timeout=max(1, int(self._source.spec.timeout_seconds)),
            check_names=False,
        )
        try:
            welcome = self._connection.bind()
        except BaseException:
            if self._connection.socket is not None:
                self._connection.socket.close()  # ldap3 leaves it open
            self._connection = None
            raise
        if not welcome:
            raise GiveUp(
                f"{self._source.key}: the directory refuses to let us in.",
                remedy="Check the `auth` part; its username is a whole name (DN) as a rule.",
            )

    async def page(self) -> tuple[list[Entry], bool]:
        """Return the next page, and whether there are more."""
        found: tuple[list[Entry], bool] = await self._in_thread(self._search)
        return found

    def _search(self) -> tuple[list[Entry], bool]:
        ldap3 = ldap_library()
        spec, connection = self._spec, self._connection
        connection.search(
            self._base,
            spec.filter,
            search_scope=ldap3.SUBTREE if spec.scope == "tree" else ldap3.LEVEL,
            attributes=spec.attributes or ldap3.ALL_ATTRIBUTES,
            paged_size=spec.size,
            paged_cookie=self._cookie,
        )
        result = connection.result
        if result["result"] != 0:
            raise GiveUp(
                f"{self._source.key}: the directory could not search "
                f"({result['description']}); a part of a list is never used.",
                remedy="Check `base` and `filter`, and the account's right and size limit.",
            )
        control = result.get("controls", {}).get("1.2.840.113556.1.4.319", {})
        self._cookie = control.get("value", {}).get("cookie") or None
        found = [one for one in connection.response if one["type"] == "searchResEntry"]
        return [(one["dn"], encode_record(self._plain(one))) for one in found], bool(self._cookie)

    def _plain(self, entry: Any) -> dict[str, Any]:
        """Return an entry with text where it is text; one value alone is no list."""
        record: dict[str, Any] = {"dn": entry["dn"]}
        for name, values in sorted(entry["raw_attributes"].items()):
            texts = [_text(value) for value in values]
            if name in self._spec.lists or len(texts) > 1:
                record[name] = texts
            else:
                record[name] = texts[0] if texts else None
        return record

    async def close(self) -> None:
        """Leave the directory."""
        if self._connection is not None:
            await asyncio.to_thread(self._connection.unbind)
            self._connection = None

    async def _in_thread(self, work: Any) -> Any:
        troubles = ldap_library().core.exceptions
        try:
            return await asyncio.to_thread(work)
        except troubles.LDAPInvalidFilterError:
            raise GiveUp(f"{self._source.key}: the `filter` is no LDAP filter.") from None
        except troubles.LDAPCommunicationError:
            raise Hiccup("the directory takes no connection or broke it off") from None
        except troubles.LDAPException as error:
            raise GiveUp(
                f"{self._source.key}: the directory refuses ({type(error).__name__})."
            ) from None


@cache
def ldap_library() -> Any:
    """Return ldap3, which imports names that pyasn1 calls deprecated; our users need not hear it.

    Raises:
        LdapMissing: It is not installed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import ldap3
            import ldap3.protocol.rfc4511
        except ModuleNotFoundError:
            raise LdapMissing("The kind `ldap` needs the library ldap3.") from None
    return ldap3


def _text(value: bytes) -> str | None:
    """Return a value as text; what is no text is written in hexadecimal."""
    if len(value) > BYTES_MAX:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()
