"""Declared against observed: the landscape's words beside what the intake saw."""

from datetime import datetime

import psycopg

from registry.intake.observed import connected_interfaces, observed_flows
from registry.landscape.questions.observed import Compared, Flow, declared_against_observed
from registry.landscape.questions.stored import kept_graph


def compared_flows(db: psycopg.Connection, *, now: datetime) -> list[Compared]:
    """Return how what is declared and what was observed differ, the worst first.

    Args:
        db: Connection in a transaction.
        now: What stale counts from.
    """
    flows = [
        Flow(str(one.from_id), str(one.to_id), one.records, one.last) for one in observed_flows(db)
    ]
    connected = {str(key): trouble for key, trouble in connected_interfaces(db).items()}
    return declared_against_observed(kept_graph(db), flows, now=now, connected=connected)
