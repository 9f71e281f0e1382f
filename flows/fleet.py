"""What checking the fleet does, without Prefect: every interface, what it owes, with evidence.

An interface whose document, rule sets, release and exceptions are those of its last check is
passed over: one question to the database finds all others.
"""

import logging
import time
from dataclasses import dataclass
from datetime import date

from registry.compliance import checks
from registry.storage.database import unit_of_work
from schemas.compliance import CheckedDocument
from schemas.errors import TownclerkError

ACTOR = "flow check-interfaces"
INTERFACES_MAX = 100_000  # of one run; a country has fewer

logger = logging.getLogger("townclerk.flows")


@dataclass(frozen=True)
class FleetReport:
    """What one look at the fleet did, in counts only."""

    interfaces: int
    checked: int
    failed: int
    seconds: float


def check_one(urn: str, *, actor: str, today: date | None = None) -> tuple[CheckedDocument, int]:
    """Check one interface and write its evidence; return the result and its number.

    Raises:
        UnknownName: No such interface, or it has no document.
    """
    day = today or date.today()  # noqa: DTZ011  # waivers end on civil days
    with unit_of_work() as db:
        task = checks.prepare(db, urn, day)
    one = checks.carry_out(task)
    with unit_of_work() as db:
        number, _ = checks.write_down(db, task, one, actor=actor)
    return one, number


def check_fleet(*, actor: str = ACTOR, today: date | None = None) -> FleetReport:
    """Check every interface whose last check no longer holds.

    One interface that cannot be checked does not stop the others.
    """
    began = time.monotonic()
    day = today or date.today()  # noqa: DTZ011  # waivers end on civil days
    with unit_of_work() as db:
        rows = checks.fleet(db, day)
    failed = 0
    stale = checks.again(rows)[:INTERFACES_MAX]
    for urn in stale:
        try:
            check_one(urn, actor=actor, today=day)
        except TownclerkError as error:
            failed += 1
            logger.warning("interface %s could not be checked: %s", urn, error.code)
    return FleetReport(len(rows), len(stale) - failed, failed, round(time.monotonic() - began, 3))
