"""Pages of customers: find one, show one, review doubtful pairs side by side.

What people type stands in the body of a request, never in its address, because addresses end up
in logs; an address names a customer by id and a purpose by key.
"""

import re
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import anyio.to_thread
import psycopg
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from registry.customers import around, compare, find, purposes, sampling, sheet, stewardship
from registry.customers import review as reviewing
from registry.storage.database import unit_of_work
from registry.web import pages
from registry.web.draw.waterfall import draw_waterfall
from registry.web.forms import read_form
from schemas.access import Scope
from schemas.customers import Verdict
from schemas.errors import Conflict, InvalidInput, TownclerkError, UnknownName

QUEUE_SHOWN: Final = 50
SAMPLE_SHOWN: Final = 10
SAMPLE_DRAWN: Final = 20  # at a time; what a steward looks through in ten minutes
PAIR: Final = 2
DIGITS_MAX: Final = 18  # of a record's number
_PLACE: Final = re.compile(r"\d{1,12}\.\d{1,9}/\d{1,18}/\d{1,18}", re.ASCII)  # in the queue
STEWARDSHIP: Final = "stewardship"
QUERY: Final = "{ reviewQueue { leftId rightId weightBits chance linked records benefit place } }"


def routes() -> list[BaseRoute]:
    """Return the pages."""
    return [
        Route("/customers", desk),
        Route("/customers", search, methods=["POST"]),
        Route("/customers/review", review),
        Route("/customers/review/{left:int}/{right:int}", side_by_side),
        Route("/customers/review/{left:int}/{right:int}", decide, methods=["POST"]),
        Route("/customers/review/{left:int}/{right:int}/undo", undo, methods=["POST"]),
        Route("/customers/review/{left:int}/{right:int}/judge", judge, methods=["POST"]),
        Route("/customers/review/sample", draw, methods=["POST"]),
        Route("/customers/{key:uuid}", customer),
    ]


async def desk(request: Request) -> Response:
    """Show where one begins: a question, the purposes, what waits for a steward."""
    return await _desk(request, words="", purpose="service", found=None)


async def search(request: Request) -> Response:
    """Find customers for a purpose."""
    try:
        given = await read_form(request)
        words, purpose = given.get("words", ""), given.get("purpose", "")

        def ask(db: psycopg.Connection) -> list[find.Found]:
            return find.search_customers(db, _sight(db, request, purpose), words)

        found = await pages.ask(ask)
    except InvalidInput as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return await _desk(request, words=words, purpose=purpose, found=found)


async def _desk(
    request: Request, *, words: str, purpose: str, found: list[find.Found] | None
) -> Response:
    def ask(db: psycopg.Connection) -> tuple[Any, Any, Any]:
        rows = [row for row in purposes.list_purposes(db) if row.active]
        doubts = reviewing.count_doubts(db, kept=reviewing.keep_up(db))
        return rows, doubts, sampling.measured_precision(db)

    listed, doubts, precision = await pages.ask(ask)
    return pages.page(
        request, "customers.html", "customers", query=QUERY, words=words, purpose=purpose,
        purposes=listed, doubts=doubts, precision=precision, found=found, found_max=find.FOUND_MAX,
    )  # fmt: skip


async def customer(request: Request) -> Response:
    """Show one customer, as far as the purpose in the address shows it."""
    key: UUID = request.path_params["key"]
    purpose = request.query_params.get("purpose", "")

    def ask(db: psycopg.Connection) -> tuple[Any, Any, Any]:
        sight = _sight(db, request, purpose)
        shown = sheet.customer_sheet(db, sight, key)
        return shown, around.customer_around(db, sight, key), sheet.customer_history(db, sight, key)

    try:
        shown, near, history = await pages.ask(ask)
    except purposes.PurposeNeeded as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    return pages.page(
        request, "customer.html", "customers", query=QUERY, shown=shown, near=near,
        history=history, purpose=purpose,
    )  # fmt: skip


async def review(request: Request) -> Response:
    """Show the doubtful pairs, the most useful first, and how good automatic links are."""
    after = request.query_params.get("after")

    def ask(db: psycopg.Connection) -> tuple[Any, Any, Any]:
        kept = reviewing.keep_up(db)
        queue = reviewing.read_queue(db, limit=QUEUE_SHOWN, after=after, kept=kept)
        return (
            queue,
            sampling.measured_precision(db),
            sampling.waiting_sample(db, limit=SAMPLE_SHOWN),
        )

    try:
        queue, precision, waiting = await pages.ask(ask)
    except InvalidInput as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return pages.page(
        request, "review.html", "customers", query=QUERY, queue=queue.pairs, count=queue.count,
        after=after, done=_done(request.query_params.get("done")),
        more=queue.before + len(queue.pairs) < queue.count.asked, before=queue.before,
        previous=queue.previous, precision=precision, waiting=waiting,
        drawn=SAMPLE_DRAWN, may_decide=request.state.actor.may(Scope.CUSTOMERS_STEWARD),
    )  # fmt: skip


async def side_by_side(request: Request) -> Response:
    """Show two records side by side, with the evidence as a waterfall and a form to decide.

    An address with `sample` asks, of a link drawn at random, whether it is right.
    """
    sample = request.query_params.get("sample")
    left, right = request.path_params["left"], request.path_params["right"]

    def ask(db: psycopg.Connection) -> tuple[Any, Any]:
        found = compare.compare_records(db, _sight(db, request, STEWARDSHIP), left, right)
        return found, stewardship.standing_decision(db, left, right)

    try:
        found, standing = await pages.ask(ask)
        asked = _id(sample) if sample else None
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except (InvalidInput, Conflict) as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    names = [compare.field_name(step.field) for step in found.steps]
    drawn = draw_waterfall(found.steps, names, cut_bits=found.cut_bits)
    return pages.page(
        request, "compare.html", "customers", query=QUERY, found=found, standing=standing,
        sample=asked, here=_here(request, "?"),
        evidence=list(zip(names, found.steps, strict=True)),
        picture=Markup(drawn),  # noqa: S704  # every word in it is escaped
        may_decide=request.state.actor.may(Scope.CUSTOMERS_STEWARD),
    )  # fmt: skip


async def decide(request: Request) -> Response:
    """Keep a decision and go on to the next pair."""
    left, right = request.path_params["left"], request.path_params["right"]
    try:
        given = await read_form(request)
        verdict = _verdict(given.get("verdict", ""))

        def do() -> None:
            with unit_of_work() as db:
                stewardship.decide(
                    db, left, right, verdict, reason=given.get("reason", ""),
                    actor=request.state.actor.name,
                )  # fmt: skip

        await anyio.to_thread.run_sync(do)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    following = f"/customers/review?done={left}-{right}{_here(request, '&')}"
    return RedirectResponse(following, HTTPStatus.SEE_OTHER)


async def undo(request: Request) -> Response:
    """Take a decision back and show the pair as it is then."""
    left, right = request.path_params["left"], request.path_params["right"]
    try:
        key = _id((await read_form(request)).get("decision", ""))

        def do() -> None:
            with unit_of_work() as db:
                stewardship.undo(db, key, actor=request.state.actor.name)

        await anyio.to_thread.run_sync(do)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    back = f"/customers/review/{left}/{right}{_here(request, '?')}"
    return RedirectResponse(back, HTTPStatus.SEE_OTHER)


async def draw(request: Request) -> Response:
    """Draw automatic links at random, so that a steward can tell how many are right."""

    def do() -> None:
        with unit_of_work() as db:
            sampling.draw_sample(db, SAMPLE_DRAWN)

    try:
        await anyio.to_thread.run_sync(do)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    return RedirectResponse("/customers/review#sample", HTTPStatus.SEE_OTHER)


async def judge(request: Request) -> Response:
    """Note whether a sampled link is right, and go on to the next one that waits."""
    try:
        given = await read_form(request)
        key, said = _id(given.get("sample", "")), given.get("judgement", "")
        if said not in {"right", "wrong"}:
            raise InvalidInput("A sampled link is right or wrong.")

        def do() -> list[sampling.SampledLink]:
            with unit_of_work() as db:
                sampling.judge_link(db, key, right=said == "right", actor=request.state.actor.name)
                return sampling.waiting_sample(db, limit=1)

        waiting = await anyio.to_thread.run_sync(do)
    except UnknownName as error:
        return pages.trouble(request, error, HTTPStatus.NOT_FOUND)
    except TownclerkError as error:
        return pages.trouble(request, error, HTTPStatus.BAD_REQUEST)
    if not waiting:
        return RedirectResponse("/customers/review#sample", HTTPStatus.SEE_OTHER)
    one = waiting[0]
    following = f"/customers/review/{one.left_id}/{one.right_id}?sample={one.id}"
    return RedirectResponse(following, HTTPStatus.SEE_OTHER)


def _here(request: Request, before: str) -> str:
    """Return the part of the queue that a steward came from, to go back to; none is the first."""
    after = request.query_params.get("after", "")
    return f"{before}after={quote(after, safe='')}" if _PLACE.fullmatch(after) else ""


def _sight(db: psycopg.Connection, request: Request, purpose: str) -> purposes.Sight:
    return purposes.open_sight(db, purpose, actor=request.state.actor.name)


def _id(said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError as error:
        raise InvalidInput("This is no id.") from error


def _done(said: str | None) -> list[int] | None:
    """Return the pair that was decided on last, where the address names one."""
    parts = (said or "").split("-")
    few = len(parts) == PAIR and all(
        part.isascii() and part.isdigit() and len(part) <= DIGITS_MAX for part in parts
    )
    return [int(part) for part in parts] if few else None


def _verdict(said: str) -> Verdict:
    if said not in set(Verdict):
        raise InvalidInput("A decision is link, unlink or postpone.")
    return Verdict(said)
