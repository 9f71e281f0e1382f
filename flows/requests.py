"""Do what somebody asked a worker to do: one request after the other, each said how it ended."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flows.edges import without_values
from flows.looks import carry_out_next_look
from flows.rehearse import rehearse
from flows.replay import replay_quarantine
from registry import intake
from registry.intake.requests import Request
from registry.storage.database import unit_of_work
from schemas.errors import TownclerkError, Unreachable
from schemas.intake import RequestKind

LOOK_SECONDS = 1.0
"""How long a request waits for an idle worker at most; looking costs one indexed question."""

logger = logging.getLogger("townclerk.flows")


class NoDeployment(Unreachable):
    """Prefect knows no deployment of this source, so it cannot be asked to read it."""

    code = "no_deployment"
    remedy = "Restart the worker: it serves the sources that were registered when it started."


Do = Callable[[Request], dict[str, Any]]


def carry_out_next(do: Do | None = None) -> bool:
    """Take one request, do it, and write down what came of it.

    A look comes first: it is short, and somebody waits for it.

    Args:
        do: Does what was asked about a source and returns the answer, keys and counts only; ours
            unless something else is given, for a worker that reads without Prefect.

    Returns:
        Whether there was one.
    """
    if carry_out_next_look():
        return True
    with unit_of_work() as db:
        request = intake.requests.take_next(db)
    if request is None:
        return False
    answer, error = None, None
    try:
        with without_values():
            answer = (do or carry_out)(request)
    except TownclerkError as trouble:
        error = trouble.as_dict()
        logger.warning("a request failed", extra={"code": trouble.code})
    with unit_of_work() as db:
        intake.requests.finish(db, request.id, answer=answer, error=error)
    return True


def carry_out(request: Request) -> dict[str, Any]:
    """Do one request; a sync is only handed to Prefect, which says when it runs.

    Raises:
        TownclerkError: It cannot be done, and why.
    """
    if request.kind == RequestKind.REHEARSAL:
        found = asyncio.run(rehearse(request.source_key))
        return {"streams": [asdict(stream) for stream in found]}
    if request.kind == RequestKind.REPLAY:
        return asdict(replay_quarantine(request.source_key, stream=request.stream))
    from flows.deploy import apply_schedule, start_sync

    if request.kind == RequestKind.SCHEDULE:
        with unit_of_work() as db:
            rows = intake.schedules.list_schedules(db)
        row = next(row for row in rows if row.source_key == request.source_key)
        told = asyncio.run(apply_schedule(row))
    else:
        told = asyncio.run(start_sync(request.source_key))
    if not told:
        raise NoDeployment(f"Prefect has no deployment of {request.source_key}.")
    return {"told": True}


def work_off(stopped: threading.Event) -> None:
    """Do requests until told to stop; a database that is away is waited for."""
    while not stopped.wait(LOOK_SECONDS):
        try:
            while carry_out_next() and not stopped.is_set():
                pass
        except TownclerkError as error:
            logger.warning("requests wait", extra={"code": error.code})
