"""The gate: finds out who asks and opens only what the route table says they may."""

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from anyio.to_thread import run_sync
from starlette.types import ASGIApp, Receive, Scope, Send

from flows.runtime import PREFECT_PATH
from registry.access.authorise import authorise, demo_actor, presented_token
from registry.access.tokens import Actor
from registry.settings import Settings
from registry.storage.database import unit_of_work
from schemas.access import Scope as Permission
from schemas.errors import AccessDenied, TownclerkError
from townclerk.answers import header, refuse
from townclerk.routes import RouteTable

RULE: Final = "townclerk.rule"

# Our own flows, which report to Prefect with the token derived from the key file.
CLOCK: Final = Actor("clock", frozenset({Permission.SYNC_READ, Permission.SYNC_RUN}))
NOBODY: Final = Actor("nobody", frozenset())

Finder = Callable[[str | None], Actor]


class Gate:
    """Refuses what the table does not open; what it lets through finds `request.state.actor`.

    Args:
        app: What answers.
        table: What can be asked.
        find_actor: From an Authorization header to who asks; may block, may refuse.
        clock_token: Token of our own flows, good for Prefect alone; None where Prefect is
            somebody else's.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        table: RouteTable,
        find_actor: Finder,
        clock_token: str | None,
    ) -> None:
        self._app = app
        self._table = table
        self._find_actor = find_actor
        self._clock_token = clock_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        method = "WEBSOCKET" if scope["type"] == "websocket" else scope["method"]
        rule = self._table.rule_for(method, scope["path"])
        try:
            if rule is None:
                raise AccessDenied(
                    "There is nothing here that could be opened.",
                    remedy="Start at the first page, and check the address.",
                )
            scope[RULE] = rule
            state = scope.setdefault("state", {})
            if rule.asks_itself:
                state["find_actor"] = self._find_actor
            nobody_yet = rule.is_open or rule.asks_itself
            state["actor"] = actor = NOBODY if nobody_yet else await self._who(scope)
            if rule.scope is not None:
                actor.demand(rule.scope)
        except TownclerkError as error:
            await refuse(error, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _who(self, scope: Scope) -> Actor:
        given = header(scope, "authorization")
        if self._clock_token and scope["path"].startswith(f"{PREFECT_PATH}/") and given:
            token = presented_token(given)
            if compare_digest(token.encode(), self._clock_token.encode()):
                return CLOCK
        return await run_sync(self._find_actor, given)


def local_architect(_: str | None) -> Actor:
    """Find the demonstration's actor, whoever asks; for a server on loopback alone."""
    return demo_actor()


def token_holder(settings: Settings) -> Finder:
    """Return the finder that asks the database whose token it is."""

    def find(given: str | None) -> Actor:
        presented_token(given)  # refuses without a token before a connection is taken
        with unit_of_work() as db:
            return authorise(db, given, settings)

    return find
