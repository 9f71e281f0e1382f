"""The page to ask by GraphQL: GraphiQL from our own files, with questions to begin with.

Browsers get the page at the address where programs get answers. It loads nothing from another
host and keeps nothing of what is typed: questions may hold names of customers.
"""

import re
import secrets
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.web.accepting import prefers_a_page
from registry.web.assets import FOREVER, MEDIA_TYPES
from registry.web.pages import environment, trouble
from registry.web.vendored import PREFIX, vendor_files, vendor_files_by_public_name
from schemas.errors import InvalidInput, UnknownName

EXAMPLES = Path(__file__).parent / "examples"
# The API reads no longer questions (registry.api); a longer address is a mistake or an attack.
QUERY_CHARACTERS_MAX = 20_000
# GraphiQL's dialogs write one style element while they are open; the nonce lets only those pass.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PURPOSE = re.compile(r"^# .*Townclerk-Purpose: ([a-z_]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """One question to begin with.

    Attributes:
        name: Name of its file without number and suffix; also its address.
        question: What it answers, in words.
        text: The GraphQL document.
        purpose: What it is asked for, where it shows customers; goes along as a header.
    """

    name: str
    question: str
    text: str
    purpose: str = ""


class PageForBrowsers:
    """Answers browsers with the page and hands everything else to GraphQL.

    Args:
        graphql: The GraphQL application.
    """

    def __init__(self, graphql: ASGIApp) -> None:
        self._graphql = graphql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._graphql
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            request = Request(scope)
            if prefers_a_page(request.headers.get("accept", "")):
                app = graphiql_page(request)
        await app(scope, receive, send)


def graphiql_page(request: Request) -> Response:
    """Show the page; a question in the address stands in the editor, but is not asked yet."""
    query = request.query_params.get("query", "")
    if len(query) > QUERY_CHARACTERS_MAX:
        error = InvalidInput(
            f"The question has more than {QUERY_CHARACTERS_MAX} characters.",
            remedy="Paste it into the editor instead of the address.",
        )
        return trouble(request, error, HTTPStatus.BAD_REQUEST)
    nonce = secrets.token_urlsafe(16)
    text = environment.get_template("graphiql.html").render(
        place="graphql",
        actor=request.state.actor,
        examples=examples(),
        query=query,
        vendor=vendor_files(),
        nonce=nonce,
    )
    headers = {"Content-Security-Policy": POLICY.format(nonce=nonce), "Vary": "Accept"}
    return HTMLResponse(text, headers=headers)


@cache
def examples() -> list[Example]:
    """Return the questions to begin with, in the order of their numbers.

    The first comment of each file is its question, a second one may name the purpose; the file is
    shown whole.
    """
    return [
        Example(
            name=file.stem.partition("-")[2],
            question=(text := file.read_text().rstrip()).splitlines()[0].removeprefix("# "),
            text=text,
            purpose=found[1] if (found := _PURPOSE.search(text)) else "",
        )
        for file in sorted(EXAMPLES.glob("*.graphql"))
    ]


def vendor_route() -> Route:
    """Return the route of other people's scripts."""
    return Route(PREFIX + "{path:path}", _vendor_file)


async def _vendor_file(request: Request) -> Response:
    """Give a file whose name changes with its content, so it can be kept for ever."""
    file = vendor_files_by_public_name().get(request.path_params["path"])
    if file is None:
        error = UnknownName("there is no such file", remedy="Go back to the first page.")
        return trouble(request, error, HTTPStatus.NOT_FOUND)
    media_type = MEDIA_TYPES[file.path.suffix]
    return FileResponse(file.path, media_type=media_type, headers={"Cache-Control": FOREVER})
