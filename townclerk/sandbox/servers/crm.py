"""The CRM on the wire: REST described by OpenAPI 3.1, cursor paging, OAuth 2 client credentials."""

import json
import secrets
import time
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from townclerk.sandbox.servers.answers import (
    array,
    basic_credentials,
    json_bytes,
    problem,
    read_cursor,
    same,
    whole_number,
    write_cursor,
)
from townclerk.sandbox.servers.documents import crm_document
from townclerk.sandbox.servers.faults import FaultKind, fault_of
from townclerk.sandbox.sources import contacts, crm
from townclerk.sandbox.store import Shelf

CLIENT_ID = "townclerk"
SCOPE = "customers.read"
LIMIT_DEFAULT = 100
LIMIT_MAX = 1000  # records per page
TOKEN_SECONDS = 900
TOKENS_MAX = 1000  # remembered; the oldest are forgotten first
TOKEN_BODY_MAX = 10_000  # bytes of a token request
_BEFORE_ALL = ""  # sorts before every moment


class CrmServer:
    """The CRM's answers.

    Args:
        store: The sources' store.
        secret: Secret of the one client.
        token_seconds: Lifetime of a token.
    """

    def __init__(self, store: Path, secret: str, token_seconds: float = TOKEN_SECONDS) -> None:
        self._shelf = Shelf(store, "crm.customers")
        self._around = {stream: Shelf(store, stream) for stream in contacts.STREAMS}
        self._secret = secret
        self._token_seconds = token_seconds
        self._tokens: dict[str, float] = {}
        self._keys = crm.desk().scramble

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/openapi.json", self.document),
                Route("/oauth/token", self.token, methods=["POST"]),
                Route("/customers", self.customers),
                Route("/customers/{id}", self.customer),
                Route("/contacts", self.contacts),
                Route("/consents", self.consents),
                Route("/preferences", self.preferences),
            ]
        )

    async def document(self, _request: Request) -> Response:
        """Serve the OpenAPI document; it needs no token."""
        return json_bytes(crm_document())

    async def token(self, request: Request) -> Response:
        """Give a token for the client's credentials, in the header or in the form.

        Source:
            RFC 6749, sections 2.3.1, 4.4 and 5.
        """
        body = await request.body()
        form = dict(parse_qsl(body[:TOKEN_BODY_MAX].decode("ascii", "replace")))
        name, password = basic_credentials(request) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if form.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type")
        if not (same(name, CLIENT_ID) and same(password, self._secret)):
            return _token_error(401, "invalid_client")
        if form.get("scope", SCOPE) != SCOPE:
            return _token_error(400, "invalid_scope")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + self._token_seconds
        while len(self._tokens) > TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        given = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self._token_seconds),
            "scope": SCOPE,
        }
        return json_bytes(json.dumps(given).encode(), {"Cache-Control": "no-store"})

    def _refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expires = self._tokens.get(token, 0.0) if scheme.lower() == "bearer" else 0.0
        if time.monotonic() < expires and fault_of(request) != FaultKind.LOGIN:
            return None
        challenge = {"WWW-Authenticate": 'Bearer realm="crm", error="invalid_token"'}
        return problem(401, "Unauthorized", "A valid access token is needed.", challenge)

    async def customers(self, request: Request) -> Response:
        """Serve one page of customers and the cursor of the next."""
        return self._page(request, self._shelf)

    async def contacts(self, request: Request) -> Response:
        """Serve one page of contacts: who asked what, and what came of it."""
        return self._page(request, self._around[contacts.CONTACTS])

    async def consents(self, request: Request) -> Response:
        """Serve one page of consents."""
        return self._page(request, self._around[contacts.CONSENTS])

    async def preferences(self, request: Request) -> Response:
        """Serve one page of wishes how to be reached."""
        return self._page(request, self._around[contacts.PREFERENCES])

    def _page(self, request: Request, shelf: Shelf) -> Response:
        if refusal := self._refusal(request):
            return refusal
        asked = request.query_params
        limit = whole_number(asked.get("limit"), LIMIT_DEFAULT, LIMIT_MAX)
        since = asked.get("updated_since")
        cursor = asked.get("cursor")
        place = read_cursor(cursor) if cursor else (since or _BEFORE_ALL, 0)
        if limit is None or place is None:
            wrong = "cursor" if limit else "limit"
            return problem(400, "Bad Request", f"The parameter {wrong} is not valid.")
        if fault_of(request) == FaultKind.SHORT:
            limit = max(1, limit // 2)
        changed, number = place
        if since is None:
            rows = shelf.after(number, limit + 1)
        else:
            rows = shelf.changed_after(changed, number, limit + 1)
        following = None
        if len(rows) > limit:
            rows.pop()
            following = write_cursor(rows[-1].changed if since else _BEFORE_ALL, rows[-1].number)
        if fault_of(request) == FaultKind.LOOP and cursor:
            following = cursor
        page = array(row.body for row in rows)
        return json_bytes(b'{"items":%b,"next_cursor":%b}' % (page, json.dumps(following).encode()))

    async def customer(self, request: Request) -> Response:
        """Serve one customer."""
        if refusal := self._refusal(request):
            return refusal
        key = request.path_params["id"]
        digits = key.removeprefix("K-")
        if len(key) == 9 and digits.isascii() and digits.isdigit():
            found = self._shelf.get(self._keys.find(int(digits)))
            if found:
                return json_bytes(found)
        return problem(404, "Not Found", "No customer has this id.")


def _token_error(status: int, code: str) -> Response:
    challenge = {"WWW-Authenticate": 'Basic realm="crm"'} if status == 401 else None
    return Response(
        json.dumps({"error": code}), status, media_type="application/json", headers=challenge
    )
