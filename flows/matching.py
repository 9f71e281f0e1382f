"""Match as stewards ask: models that are trained, compared or approved, and keys that are settled.

A worker does it beside all else, in a thread of its own, because in a large town it takes minutes
for which no look and no sync should wait.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from flows.edges import without_values
from registry import customers
from registry.customers.stewarding.carrying_out import Lifeline, MatchTask
from registry.storage.database import current_database, unit_of_work
from schemas.errors import TownclerkError

LOOK_SECONDS: Final = 1.0
"""How long a request waits for an idle worker at most; looking costs one indexed question."""

STOP_SECONDS_MAX: Final = 5.0
"""A run that is told to stop does so within a step; then the server takes back what it wrote."""

logger = logging.getLogger("townclerk.flows")


def carry_out_next_matching(stopped: threading.Event | None = None) -> bool:
    """Take one request, do it, and write down what came of it.

    Args:
        stopped: Set when this worker ends; a run that fails by that waits for the next worker.

    Returns:
        Whether there was one that no other worker is at.
    """
    with unit_of_work() as db:
        if not customers.carrying_out.is_any_waiting(db):
            return False
    with customers.carrying_out.lifeline(current_database().url) as ours:
        task = ours.take_next() if ours else None
        if ours is None or task is None:
            return False
        try:
            with without_values():
                _do(ours, task)
        except TownclerkError as trouble:
            if stopped is not None and stopped.is_set():
                ours.give_back(task)
                return False
            logger.warning("matching failed", extra={"code": trouble.code})
            ours.fail(task, trouble)
    return True


def _do(ours: Lifeline, task: MatchTask) -> None:
    with unit_of_work() as db:
        answer = customers.carrying_out.do(db, task, ours.told(task))
        customers.carrying_out.finish(db, task, answer)


@contextmanager
def match_as_asked() -> Iterator[None]:
    """Match as asked until the end of the block; what is not done by then waits."""
    stopped = threading.Event()
    thread = threading.Thread(target=_work_off, args=[stopped], daemon=True, name="matching")
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        customers.commands.stop_rematching()
        thread.join(STOP_SECONDS_MAX)


def weigh_questions_when_quiet() -> None:
    """Weigh a steward's questions after a sync or a full run, so that the first look is quick."""
    with without_values(), unit_of_work() as db:
        if customers.review.waits_quietly(db):
            customers.review.keep_up(db)


def _work_off(stopped: threading.Event) -> None:
    while not stopped.wait(LOOK_SECONDS):
        try:
            while carry_out_next_matching(stopped) and not stopped.is_set():
                pass
            weigh_questions_when_quiet()
        except TownclerkError as error:
            logger.warning("matching waits", extra={"code": error.code})
