"""Golden values are chosen as the town has settled it, by pages as by full runs."""

from datetime import UTC, datetime

import psycopg
import pytest

from registry.customers.asking import sheet
from registry.customers.live import outbox, settling
from registry.customers.live.commands import rematch
from schemas.errors import InvalidInput, UnknownName
from tests.factories import a_data_set, a_landed_record
from tests.integration.customers.conftest import JANNA, Counter

OLD, NEW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def shown(counter: Counter, record: int, attribute: str) -> tuple[str, str]:
    found = sheet.customer_sheet(counter.db, counter.sight(), counter.customer(record))
    return next((one.value, one.rule) for one in found.values if one.attribute == attribute)


def urn(counter: Counter, number: int) -> str:
    row = counter.db.execute(
        "SELECT urn FROM element WHERE id = %s", (counter.data_sets[number],)
    ).fetchone()
    assert row is not None
    return str(row[0])


def janna_twice(counter: Counter) -> int:
    """Land her as two sources know her: the CRM of old, the library of late and less complete."""
    one, _ = counter.land(
        {**JANNA, "email": "oud@post.nl", "city": "Delft", "changed_at": OLD},
        {**JANNA, "email": "nieuw@post.nl", "changed_at": NEW},
    )
    return one


def test_what_the_town_trusts_wins_and_the_sheet_says_so(counter: Counter) -> None:
    janna = janna_twice(counter)
    assert shown(counter, janna, "email") == ("nieuw@post.nl", "newest")
    changed = settling.settle_rule(
        counter.db, "email", criteria=["trusted"], trusted=[urn(counter, 0)],
        reason="the desk asks", actor="Sam",
    )  # fmt: skip
    assert changed == 1
    assert shown(counter, janna, "email") == ("oud@post.nl", "trusted")
    settling.settle_rule(
        counter.db, "address", criteria=["complete"], reason="whole ones", actor="Sam"
    )
    assert shown(counter, janna, "city") == ("Delft", "complete")
    history = sheet.customer_history(counter.db, counter.sight(), counter.customer(janna))
    before = [one.value for one in history[-1].values if one.attribute == "email"]
    assert before == ["nieuw@post.nl"]
    assert "changed" in {one.change for one in outbox.events_for(counter.db)}


def test_pages_and_full_runs_choose_alike_under_every_rule(counter: Counter) -> None:
    trusted = [urn(counter, 1), urn(counter, 0)]
    for criteria in (["trusted", "complete"], ["complete"], ["agreement"], ["newest"]):
        for attribute in ("email", "address", "given_name"):
            settling.settle_rule(
                counter.db, attribute, criteria=criteria,
                trusted=trusted if "trusted" in criteria else (), reason="a test", actor="Sam",
            )  # fmt: skip
        janna_twice(counter)
        question = "SELECT id, attrs, provenance, display_name FROM customer ORDER BY id"
        by_pages = counter.db.execute(question).fetchall()
        rematch(counter.db, retrain=False, memory_limit_mb=512)
        assert counter.db.execute(question).fetchall() == by_pages, criteria


def test_a_rule_goes_back_to_what_is_shipped(counter: Counter) -> None:
    janna = janna_twice(counter)
    before = settling.list_rules(counter.db)
    for criteria in (["agreement", "complete"], []):
        settling.settle_rule(counter.db, "email", criteria=criteria, reason="a test", actor="Sam")
    assert settling.list_rules(counter.db) == before
    assert shown(counter, janna, "email") == ("nieuw@post.nl", "newest")


@pytest.mark.parametrize(
    ("attribute", "criteria", "trusted", "reason"),
    [
        ("shoe_size", ["newest"], [], "x"),
        ("email", ["biggest"], [], "x"),
        ("email", ["newest", "newest"], [], "x"),
        ("email", ["trusted"], [], "x"),
        ("email", ["newest"], ["urn:x"], "x"),
        ("email", ["newest"], [], " "),
    ],
)
def test_nonsense_is_refused(
    counter: Counter, attribute: str, criteria: list[str], trusted: list[str], reason: str
) -> None:
    with pytest.raises(InvalidInput):
        settling.settle_rule(
            counter.db, attribute, criteria=criteria, trusted=trusted, reason=reason, actor="Sam"
        )


def refused_for(db: psycopg.Connection, trusted: str) -> UnknownName:
    with pytest.raises(UnknownName, match="There is no data set") as refused:
        settling.settle_rule(
            db, "email", criteria=["trusted"], trusted=[trusted], reason="x", actor="Sam"
        )
    return refused.value


def test_a_data_set_that_is_none_is_answered_with_those_that_are(counter: Counter) -> None:
    counter.land(JANNA, JANNA)
    crm, library = urn(counter, 0), urn(counter, 1)
    a_data_set(counter.db, name="Without records")
    for meant, other in ((crm, library), (library, crm)):
        refused = refused_for(counter.db, meant + " ")
        assert refused.remedy == f"Data sets that have records are {meant}, {other}."
        assert refused.facts["path"] == ["trusted"]
    for number in range(9):
        data_set = a_data_set(counter.db, name=f"Many {number}").id
        a_landed_record(counter.db, data_set_id=data_set, run_id=counter.run_id)
    assert refused_for(counter.db, f"{crm} ").remedy.startswith(
        f"Data sets that have records are {crm},"
    )
    assert refused_for(counter.db, "x" * 10_000).remedy.endswith("own-keys` lists them all.")


def test_before_the_first_sync_no_data_set_can_be_meant(db: psycopg.Connection) -> None:
    a_data_set(db, name="Without records")
    assert "`townclerk sync add`" in refused_for(db, "urn:no").remedy
