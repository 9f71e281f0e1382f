"""The library on the wire: REST described by Swagger 2.0, numbered pages, a bare JSON array."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from townclerk.sandbox.servers.answers import (
    array,
    basic_credentials,
    json_bytes,
    problem,
    same,
    whole_number,
)
from townclerk.sandbox.servers.documents import library_document
from townclerk.sandbox.servers.faults import FaultKind, fault_of
from townclerk.sandbox.sources import library
from townclerk.sandbox.store import Shelf

USERNAME = "townclerk"
PER_PAGE_DEFAULT = 20
PER_PAGE_MAX = 1000  # patrons per page
PAGE_MAX = 10_000_000  # pages; more than patrons there can be


class LibraryServer:
    """The library's answers.

    Args:
        store: The sources' store.
        password: Password of the one account that may read.
    """

    def __init__(self, store: Path, password: str) -> None:
        self._shelf = Shelf(store, "library.patrons")
        self._password = password
        self._keys = library.desk().scramble

    def app(self) -> Starlette:
        """Return the application."""
        return Starlette(
            routes=[
                Route("/swagger.json", self.document),
                Route("/api/v1/patrons", self.patrons),
                Route("/api/v1/patrons/{patron_id:int}", self.patron),
            ]
        )

    async def document(self, _request: Request) -> Response:
        """Serve the Swagger document; it needs no password."""
        return json_bytes(library_document())

    def _refusal(self, request: Request) -> Response | None:
        name, password = basic_credentials(request) or ("", "")
        known = same(name, USERNAME) and same(password, self._password)
        if known and fault_of(request) != FaultKind.LOGIN:
            return None
        challenge = {"WWW-Authenticate": 'Basic realm="library"'}
        return problem(401, "Unauthorized", "Sign in with user name and password.", challenge)

    async def patrons(self, request: Request) -> Response:
        """Serve one numbered page; the total stands in X-Total-Count."""
        if refusal := self._refusal(request):
            return refusal
        asked = request.query_params
        page = whole_number(asked.get("_page"), 1, PAGE_MAX)
        size = whole_number(asked.get("_per_page"), PER_PAGE_DEFAULT, PER_PAGE_MAX)
        if page is None or size is None:
            wrong = "_per_page" if page else "_page"
            return problem(400, "Bad Request", f"The parameter {wrong} is not valid.")
        since = asked.get("updated_on")
        if fault_of(request) == FaultKind.LOOP:
            page = 1
        rows = self._shelf.skip((page - 1) * size, size, since)
        if fault_of(request) == FaultKind.SHORT:
            rows = rows[: len(rows) // 2]
        return json_bytes(array(rows), {"X-Total-Count": str(self._shelf.count(since))})

    async def patron(self, request: Request) -> Response:
        """Serve one patron."""
        if refusal := self._refusal(request):
            return refusal
        found = self._shelf.get(self._keys.find(request.path_params["patron_id"]))
        return json_bytes(found) if found else problem(404, "Not Found", "No such patron.")
