"""Take the looks that somebody asked for: probe an interface, or try a connector on one page.

Both read a little from what runs and change nothing there. Addresses and trust come from the
register, as everywhere; so a text that somebody sends cannot lead a worker elsewhere.
"""

import asyncio
import logging
from typing import Any, Final

import psycopg

from connectors.sdk.load import parse_connector_file
from connectors.sdk.source import Source
from flows.edges import without_values
from flows.probe import probe_interface
from flows.steps import secret_of
from flows.trial import Trial, masked, try_stream
from flows.trial import without_values as in_counts
from registry import customers, intake, landscape
from registry.intake.looks import Look
from registry.storage.database import unit_of_work
from schemas.compliance import CheckedDocument
from schemas.errors import GiveUp, InvalidInput, TownclerkError
from schemas.looks import LookKind

TRIAL_SECONDS_MAX: Final = 60.0
"""Of one stream; somebody waits for the answer, and other looks wait behind it."""

FINDINGS_TOLD_MAX: Final = 500
"""Of one probe; each of its dozen requests can find some ten things."""

logger = logging.getLogger("townclerk.flows")


def carry_out_next_look() -> bool:
    """Take one look, and write down what came of it; delete what was kept too long.

    Returns:
        Whether there was one.
    """
    with unit_of_work() as db:
        intake.looks.sweep(db)
        look = intake.looks.take_next(db)
    if look is None:
        return False
    try:
        with without_values():
            _take(look)
    except TownclerkError as trouble:
        logger.warning("a look failed", extra={"code": trouble.code})
        with unit_of_work() as db:
            intake.looks.finish(db, look.id, error=trouble.as_dict())
    return True


def _take(look: Look) -> None:
    if look.kind == LookKind.PROBE:
        one, number = probe_interface(look.urn, actor=look.asked_by)
        with unit_of_work() as db:
            intake.looks.finish(db, look.id, answer=_findings(one), check_number=number)
    else:
        _try_connector(look)


def _findings(one: CheckedDocument) -> dict[str, Any]:
    return {
        "counts": one.counts(),
        "findings": [
            {
                "code": judged.finding.code,
                "severity": judged.finding.severity.word,
                "path": list(judged.finding.path),
                "message": judged.finding.message,
                "standing": judged.standing.value,
            }
            for judged in one.judged[:FINDINGS_TOLD_MAX]
        ],
    }


def _try_connector(look: Look) -> None:
    source, streams = _opened(look)
    trials = [asyncio.run(_try_stream(source, name, look.given["shown"])) for name in streams]
    answer = {"streams": [in_counts(trial) for trial in trials]}
    with unit_of_work() as db:
        if look.given.get("purpose"):
            _keep_samples(db, look, source, trials)
        intake.looks.finish(db, look.id, answer=answer)


def _opened(look: Look) -> tuple[Source, list[str]]:
    """Open the connector file of a trial at the address that is registered."""
    spec = parse_connector_file(look.given["spec"], name="file")
    with unit_of_work() as db:
        attrs = landscape.queries.find_element(db, look.urn).attrs
    if not attrs.get("base_url"):
        raise InvalidInput(
            f"{look.urn} is registered without an address.",
            remedy="Set `base_url` among the properties of the interface.",
        )
    source = Source(
        key=spec.connector,
        base_url=str(attrs["base_url"]),
        internal=bool(attrs.get("internal", False)),
        loopback=bool(attrs.get("sandbox", False)),
        spec=spec,
        secret=secret_of,
    )
    return source, look.given["streams"] or list(spec.streams)


async def _try_stream(source: Source, stream: str, shown: int) -> Trial:
    try:
        async with asyncio.timeout(TRIAL_SECONDS_MAX):
            return await try_stream(source, stream, shown=shown)
    except TimeoutError:
        raise GiveUp(
            f"{source.key} gave no page of {stream} within {TRIAL_SECONDS_MAX:.0f} seconds.",
            remedy="Ask for smaller pages, or try it with `townclerk connector try`.",
        ) from None


def _keep_samples(db: psycopg.Connection, look: Look, source: Source, trials: list[Trial]) -> None:
    """Keep what the purpose shows; what it does not show is never written down."""
    sight = customers.purposes.open_sight(db, look.given["purpose"], actor=look.asked_by)
    streams = source.spec.streams
    kept = {trial.stream: masked(trial, streams[trial.stream], sight.may) for trial in trials}
    intake.looks.keep_samples(db, look.id, kept)
