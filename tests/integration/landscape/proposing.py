"""What tests of change-sets and scenarios propose and make, in few words."""

from typing import Any
from uuid import UUID

import psycopg

from registry.landscape.changes.decide import (
    Decided,
    Verdict,
    propose,
)
from registry.landscape.changes.decide import approve as approve_by
from registry.landscape.changes.plan import ChangeDraft
from registry.landscape.changes.scenarios import (
    open_for_plans,
)

A, B = "urn:town:system:a", "urn:town:system:b"


def proposed(db: psycopg.Connection, *drafts: dict[str, Any], scenario: str | None = None) -> UUID:
    return propose(
        db,
        [ChangeDraft(**draft) for draft in drafts],
        proposer="anna",
        reason="It was wrong.",
        scenario=open_for_plans(db, scenario) if scenario else None,
    )


def approve(db: psycopg.Connection, key: UUID, **more: Any) -> Decided:
    return approve_by(db, key, Verdict(reviewer="ben"), **more)


def made(db: psycopg.Connection, *drafts: dict[str, Any], scenario: str | None = None) -> Decided:
    return approve(db, proposed(db, *drafts, scenario=scenario))


def row(db: psycopg.Connection, urn: str, scenario: UUID | None = None) -> Any:
    return db.execute(
        "SELECT name, attrs FROM element_at(NULL, %s) WHERE urn = %s", (scenario, urn)
    ).fetchone()
