"""A web server in a process of its own, for test_serving to start and stop.

Prints one JSON line when ready and one when it has cleaned up; notes every address it speaks to.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Any

from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from registry.settings import Settings
from registry.storage.database import close_database, open_database
from townclerk.app import create_app
from townclerk.logs import set_up_logs
from townclerk.serving import Address, serve

spoken_to: set[str] = set()


def note_calls(event: str, arguments: tuple[Any, ...]) -> None:
    """Remember every name that is looked up and every address that is called."""
    if event == "socket.getaddrinfo":
        spoken_to.add(str(arguments[0]))
    elif event in {"socket.connect", "socket.sendto"}:
        address = arguments[-1]
        spoken_to.add(str(address[0] if isinstance(address, tuple) else address))


class Nothing:
    """Stands where GraphQL stands."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("nothing")(scope, receive, send)


async def slow(_: object) -> PlainTextResponse:
    """Take longer than any stop may."""
    await asyncio.sleep(60)
    return PlainTextResponse("late")


def say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def ready(address: Address) -> None:
    say(**asdict(address))


def main() -> None:
    given = json.loads(sys.argv[1])
    sys.addaudithook(note_calls)
    settings = Settings(
        data_dir=given["data_dir"], port=0, token_secret=SecretStr("k" * 32), log_format="json"
    )
    set_up_logs(settings.model_copy(update={"log_level": "warning"}))
    open_database(given["database"], pool_size=2)
    make_app = partial(create_app, graphql=Nothing(), pages=[Route("/systems/slow", slow)])
    serve(settings, demo=given["demo"], on_ready=ready, make_app=make_app)
    close_database()
    say(cleaned_up=True, spoken_to=sorted(spoken_to))


if __name__ == "__main__":
    main()
