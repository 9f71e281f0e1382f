"""A small town with a row of everything that can be asked for, some of it odd."""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg

from schemas.landscape import Element, ElementKind, RelationshipKind
from tests import factories
from tests import landscape_factories as plans

NAMES = ("Burgerzaken", 'O\'Neill "CRM"', "100% zaken_systeem", "Ænima €", "zaken", "Zaken", "\\")
OWNERS = ("team a", "team b", None, 7, {"team": 1}, "")
KINDS = (
    ElementKind.SYSTEM,
    ElementKind.SYSTEM,
    ElementKind.INTERFACE,
    ElementKind.DATA_SET,
    ElementKind.REFERENCE_COMPONENT,
    ElementKind.DOMAIN,
    ElementKind.GOAL,
)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def settle(db: psycopg.Connection, seed: int = 1) -> None:
    """Fill an empty database; the same seed gives the same shape."""
    dice = random.Random(seed)
    elements = [_element(db, dice, number).id for number in range(40)]
    pairs = set()
    for _ in range(150):
        source, target = dice.sample(elements, 2)
        kind = dice.choice(list(RelationshipKind)[:6])
        if (kind, source, target) not in pairs:
            pairs.add((kind, source, target))
            attrs = {"via": dice.choice(["file", None, 1.50]), "email": "a@example.org"}
            factories.a_relationship(db, kind=kind, source_id=source, target_id=target, attrs=attrs)
    _models(db, elements)
    data_set = factories.a_data_set(db, name="Customers of the CRM", attrs={"personal_data": True})
    for number in range(4):
        source = factories.a_source(db)
        _asked_of(db, source.id, number)
        for state in ("completed", "failed", "running")[: number + 1]:
            started = BEGIN + timedelta(hours=number, microseconds=dice.choice([0, 500_000, 1]))
            error = {"code": "source_give_up", "what": "It said 'no'.", "remedy": "Ask it."}
            factories.a_sync_run(
                db,
                source_id=source.id,
                state=state,
                started_at=started,
                finished_at=None if state == "running" else started + timedelta(seconds=90),
                records_read=dice.randrange(5),
                error=error if state == "failed" else None,
            )
    for number in range(6):
        origin = {"data_set_id": str(data_set.id), "rule": "newest", "changed_at": str(BEGIN)}
        customer = factories.a_customer(
            db,
            display_name=dice.choice(NAMES),
            attrs={"city": "Waterdorp", "email": f"x{number}@example.org"},
            provenance={
                "sources": [
                    {**origin, "values": ["address"]},
                    {**origin, "changed_at": None, "values": ["email"]},
                ]
            },
            record_count=number % 3 + 1,
        )
        landed = factories.a_landed_record(db, data_set_id=data_set.id)
        factories.a_customer_link(
            db,
            record_id=landed.id,
            customer_id=customer.id,
            weight_bits=dice.choice([None, 12.5, 1e21]),
        )


def _asked_of(db: psycopg.Connection, source: UUID, number: int) -> None:
    factories.a_source_schedule(db, source_id=source, fresh_minutes=60 * number or None)
    factories.a_sync_request(db, source_id=source, kind="replay", answer={"read": number})
    factories.a_withdrawal(db, source_id=source, known=number)
    factories.a_quarantined_record(db, source_id=source)
    factories.a_freshness_target(db)
    factories.a_look_request(db, kind="probe" if number % 2 else "trial")


def _element(db: psycopg.Connection, dice: random.Random, number: int) -> Element:
    attrs = {
        "owner": dice.choice(OWNERS),
        "lifecycle": dice.choice(["active", "plan", None]),
        "protocol": dice.choice(["REST", "SQL"]),
        "personal_data": dice.choice([True, False, "perhaps"]),
        "number": 12345678901234567890,
        "contact": dice.choice(["J. de Vries", None, 7]),
        "helpdesk": dice.choice(["ask j.devries@example.org", "room 3"]),
    }
    return factories.an_element(
        db,
        kind=KINDS[number % len(KINDS)],
        name=dice.choice(NAMES),
        attrs={name: value for name, value in attrs.items() if value is not None},
        changed_at=BEGIN + timedelta(days=number, microseconds=dice.choice([0, 120_000])),
    )


def _models(db: psycopg.Connection, elements: list[UUID]) -> None:
    """Keep a model with a view, and a release of it that left work; plan something."""
    model = plans.an_architecture_model(db)
    plans.a_stored_view(db, model_id=model.id, shows=elements[:3], name=NAMES[0])
    plan = plans.a_change(db).change_set_id
    release = plans.a_model_release(db, model_id=model.id, change_set_id=plan)
    plans.a_work_item(db, release_id=release.id, own_id=elements[0])
    scenario = plans.a_scenario(db).id
    plans.a_change_set(db, scenario_id=scenario, state="applied", reviewer="ben")
    plans.a_scenario_change(db, scenario_id=scenario, object_id=elements[1])
