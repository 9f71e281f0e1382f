"""Pages on which stewards settle how records are matched: which model decides, and own keys.

What matches all records anew is asked of a worker, however small the town: a page never waits for
it, the steward sees how far it is, and who else looks sees the same.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import anyio.to_thread
import psycopg
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from registry.customers import keeping, requests, versions
from registry.storage.database import unit_of_work
from registry.web import pages
from registry.web.forms import read_form
from schemas.access import Scope
from schemas.errors import InvalidInput, TownclerkError, UnknownName

ASKED_SHOWN: Final = 20
_ASKED: Final = (
    "matchRequests { work version dataSet state askedBy recordsRead keysMade pairsScored "
    "customersWritten merges splits unchanged error remedy }"
)
MODELS_QUERY: Final = f"{{ modelVersions {{ version trainedAt trainedOn live usable }} {_ASKED} }}"
KEYS_QUERY: Final = (
    "{ ownKeys { dataSet name records repeats sure keepsApart settled reason actor change } "
    f"{_ASKED} }}"
)
# What a worker is asked for, in words of people.
WORK: Final = {
    "train": "Train a model",
    "compare": "Compare a model",
    "approve": "Put a model in force",
    "settle_keys": "Settle own keys",
    "undo_keys": "Undo a settlement of own keys",
}
STATE: Final = {
    "asked": "waits for a worker",
    "running": "is being done",
    "done": "done",
    "failed": "failed",
}
KEYS: Final = {"distinct": True, "repeats": False, "rule": None}


def routes() -> list[BaseRoute]:
    """Return the pages."""
    return [
        Route("/customers/models", models),
        Route("/customers/models", ask_about_model, methods=["POST"]),
        Route("/customers/keys", own_keys),
        Route("/customers/keys", settle_keys, methods=["POST"]),
        Route("/customers/keys/undo", undo_keys, methods=["POST"]),
    ]


async def models(request: Request) -> Response:
    """Show which models there are, what each would change, and what workers are at."""

    def ask(db: psycopg.Connection) -> tuple[Any, Any, Any]:
        return (
            versions.list_versions(db),
            requests.last_comparisons(db),
            requests.newest(db, limit=ASKED_SHOWN),
        )

    listed, compared, asked = await pages.ask(ask)
    return _page(
        request, "models.html", query=MODELS_QUERY, models=listed, compared=compared, asked=asked
    )


async def ask_about_model(request: Request) -> Response:
    """Ask a worker to train, compare or approve a model; forget one at once."""
    by = request.state.actor.name

    def do(db: psycopg.Connection, given: dict[str, str]) -> None:
        work, version = given.get("work"), given.get("version", "")
        if work == "train":
            requests.ask_training(db, by=by)
        elif work == "compare":
            requests.ask_comparison(db, version, by=by)
        elif work == "approve":
            requests.ask_approval(db, version, by=by)
        elif work == "reject":
            versions.reject_version(db, version)
        else:
            raise InvalidInput("A model is trained, compared, approved or rejected.")

    return await _changed(request, do, "/customers/models")


async def own_keys(request: Request) -> Response:
    """Show what each data set's own keys tell, and who settled it."""

    def ask(db: psycopg.Connection) -> tuple[Any, Any]:
        return keeping.list_own_keys(db), requests.newest(db, limit=ASKED_SHOWN)

    listed, asked = await pages.ask(ask)
    return _page(request, "own_keys.html", query=KEYS_QUERY, sets=listed, asked=asked)


async def settle_keys(request: Request) -> Response:
    """Ask a worker to settle what a data set's own keys tell."""

    def do(db: psycopg.Connection, given: dict[str, str]) -> None:
        if given.get("keys") not in KEYS:
            raise InvalidInput("Own keys are distinct, repeat people, or follow the rule.")
        requests.ask_own_keys(
            db, given.get("data_set", ""), keeps_apart=KEYS[given["keys"]],
            reason=given.get("reason", ""), by=request.state.actor.name,
        )  # fmt: skip

    return await _changed(request, do, "/customers/keys")


async def undo_keys(request: Request) -> Response:
    """Ask a worker to take back how own keys were settled last."""

    def do(db: psycopg.Connection, given: dict[str, str]) -> None:
        try:
            change = UUID(given.get("change", ""))
        except ValueError as error:
            raise InvalidInput("This is no id of a settlement.") from error
        requests.ask_undo_of_keys(db, change, by=request.state.actor.name)

    return await _changed(request, do, "/customers/keys")


def _page(request: Request, template: str, *, query: str, **values: Any) -> Response:
    return pages.page(
        request, template, "customers", query=query, work=WORK, states=STATE,
        may_decide=request.state.actor.may(Scope.CUSTOMERS_STEWARD), **values,
    )  # fmt: skip


async def _changed(
    request: Request, do: Callable[[psycopg.Connection, dict[str, str]], None], back: str
) -> Response:
    """Do what a form asks for in one transaction, and go back to its page."""
    try:
        given = await read_form(request)

        def in_one_transaction() -> None:
            with unit_of_work() as db:
                do(db, given)

        await anyio.to_thread.run_sync(in_one_transaction)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return RedirectResponse(f"{back}#asked", HTTPStatus.SEE_OTHER)
