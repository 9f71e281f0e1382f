"""What all kinds over HTTP share: one client, one scan, the same ways to sign in."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import ClassVar, Generic, NamedTuple, TypeVar

from connectors.sdk.auth import ApiKeyAuth
from connectors.sdk.cursors import lower_bound
from connectors.sdk.expressions import Compiled, compile_expression
from connectors.sdk.http import HttpClient
from connectors.sdk.json_pages import Envelope
from connectors.sdk.known_pages import Opener
from connectors.sdk.scans import Fetch, Guess, scan_pages
from connectors.sdk.sessions import open_http
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import LookBack, Strict
from schemas.records import Cursor, Page

HTTP_AUTH_TYPES = frozenset(
    {"none", "basic", "api_key", "bearer", "oauth2_client_credentials", "oauth2_refresh_token"}
    | {"session_token", "jwt", "zgw_jwt"}
)
"""The ways to sign in that need no more than headers and a query."""

Spec = TypeVar("Spec", bound=StreamSpec)


class Increments(Strict):
    """Ask only for what changed; each kind adds where the mark goes.

    Attributes:
        lookback_seconds: How far before the last mark to ask again.
    """

    lookback_seconds: LookBack = 300.0

    def bound(self, cursor: Cursor | None) -> str | None:
        """Return the lowest change mark to ask for; None asks for everything."""
        if cursor is None or cursor.since is None:
            return None
        return lower_bound(cursor.since, self.lookback_seconds)


class Plan(NamedTuple):
    """How one scan is made.

    Attributes:
        tag: Names the way of paging in stored positions.
        fetch: Fetches one page.
        guess: Foretells where the page after a page will be, for kinds that can.
        parallel: How many pages are fetched at once.
    """

    tag: str
    fetch: Fetch
    guess: Guess | None = None
    parallel: int = 1


class HttpConnector(ABC, Generic[Spec]):
    """Reads an interface over HTTP, one page after the other."""

    kind: ClassVar[str]
    stream_type: ClassVar[type[StreamSpec]]
    auth_types: ClassVar[frozenset[str]] = HTTP_AUTH_TYPES

    def __init__(self, source: Source) -> None:
        self._source = source
        self._http: HttpClient | None = None

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from where the cursor stands."""
        spec: Spec = self._source.stream(stream, self.stream_type)  # type: ignore[assignment]  # Spec is stream_type, which a class variable cannot say
        if self._http is None:
            self._http = open_http(self._source)
        async for page in self.scan(self._http, spec, cursor):
            yield page

    def scan(
        self, http: HttpClient, spec: Spec, cursor: Cursor | None
    ) -> AsyncGenerator[Page, None]:
        """Walk the pages of a stream; a kind whose streams have parts overrides this."""
        return self.walk(self.plan(http, spec, cursor), spec, cursor)

    def walk(self, plan: Plan, spec: Spec, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Walk the pages of one plan."""
        return scan_pages(
            cursor,
            plan.fetch,
            tag=plan.tag,
            changed=change_mark(spec),
            undecoded=self._source.undecoded,
            where=_condition(spec),
            guess=plan.guess,
            parallel=plan.parallel,
        )

    def opener(self, envelope: Envelope, spec: Spec) -> Opener:
        """Return what opens this stream's answers.

        A list of changes is never a known page, and a source that is asked with a secret in the
        address may write it into its links, which must be kept nowhere.
        """
        auth = self._source.spec.auth
        changes = getattr(spec, "incremental", None) is not None
        shown = isinstance(auth, ApiKeyAuth) and auth.parameter is not None
        return Opener(envelope, None if changes or shown else self._source.known_pages, spec)

    @abstractmethod
    def plan(self, http: HttpClient, spec: Spec, cursor: Cursor | None) -> Plan:
        """Return how one scan is made."""

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None


def change_mark(spec: StreamSpec) -> Compiled | None:
    """Return what finds a record's change mark, for a stream that asks only for what changed."""
    if getattr(spec, "incremental", None) is None or spec.changed is None:
        return None
    return compile_expression(spec.changed)


def _condition(spec: StreamSpec) -> Compiled | None:
    """Return what tells which records are wanted, for a stream that says so."""
    text = getattr(spec, "where", None)
    return None if text is None else compile_expression(text)
