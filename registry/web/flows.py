"""Declared against observed: the landscape's words beside what the intake saw."""

from datetime import datetime

import psycopg

from registry import intake
from registry.intake.observed import observed_flows
from registry.landscape.questions.observed import Compared, Flow, declared_against_observed
from registry.landscape.questions.stored import kept_graph
from schemas.intake import RunState

FAILED = frozenset({RunState.FAILED, RunState.CRASHED})


def compared_flows(db: psycopg.Connection, *, now: datetime) -> list[Compared]:
    """Return how what is declared and what was observed differ, the worst first.

    Args:
        db: Connection in a transaction.
        now: What stale counts from.
    """
    sources = intake.queries.list_sources(db)
    newest = intake.queries.newest_runs(db, [source.id for source in sources])
    connected = {}
    for source in sources:
        run = newest.get(source.id)
        failed = run is not None and run.state in FAILED
        connected[str(source.interface_id)] = (
            f"the last run of {source.key} failed" if failed else ""
        )
    flows = [
        Flow(str(one.from_id), str(one.to_id), one.records, one.last) for one in observed_flows(db)
    ]
    return declared_against_observed(kept_graph(db), flows, now=now, connected=connected)
