"""Two keys of a source that has nobody twice are two people, page by page as in a full run."""

from collections.abc import Iterator

import psycopg
import pytest

from registry.customers.live import keeping
from registry.customers.live.commands import rematch
from registry.customers.stewarding.compare import compare_records
from registry.customers.stewarding.explain import explain
from schemas.customers import Verdict
from schemas.errors import InvalidInput, UnknownName
from tests.integration.customers.conftest import JANNA, PIET, Counter

CRM, LIBRARY = 0, 1


def urn(counter: Counter, data_set: int) -> str:
    row = counter.db.execute(
        "SELECT urn FROM element WHERE id = %s", (counter.data_sets[data_set],)
    ).fetchone()
    assert row is not None
    return str(row[0])


@pytest.fixture(scope="module")
def settled(filled: Counter) -> Iterator[Counter]:
    """A town whose CRM has nobody twice."""
    with filled.db.transaction(force_rollback=True):
        keeping.settle_own_keys(
            filled.db, urn(filled, CRM), keeps_apart=True, reason="one desk, one card", actor="Sam"
        )
        yield filled


@pytest.fixture
def kept(settled: Counter) -> Iterator[Counter]:
    with settled.db.transaction(force_rollback=True):
        yield settled


def grouping(db: psycopg.Connection) -> set[frozenset[int]]:
    rows = db.execute("SELECT array_agg(record_id) FROM customer_link GROUP BY customer_id")
    return {frozenset(records) for (records,) in rows.fetchall()}


def edges(db: psycopg.Connection) -> set[tuple[int, int, bool, bool]]:
    rows = db.execute("SELECT left_id, right_id, by_identity, apart FROM match_edge").fetchall()
    return {(left, right, same, apart) for left, right, same, apart in rows}


def test_two_keys_of_a_kept_source_are_two_people_and_the_reason_is_told(kept: Counter) -> None:
    one, other = kept.land(JANNA, JANNA, into=CRM)
    assert not kept.together(one, other)
    found = explain(kept.db, one, other)
    assert (found.own_keys, found.apart) == (True, True)
    assert "Two keys of one source" in compare_records(kept.db, kept.sight(), one, other).because
    elsewhere = kept.land(PIET, PIET, into=LIBRARY)
    assert kept.together(*elsewhere)


def test_a_third_record_does_not_tie_what_a_source_keeps_apart(kept: Counter) -> None:
    one, other = kept.land(JANNA, JANNA, into=CRM)
    (third,) = kept.land(JANNA, into=LIBRARY)
    assert kept.together(one, third) != kept.together(other, third)
    assert not kept.together(one, other)


def test_one_number_and_a_steward_stand_above_the_keys(kept: Counter) -> None:
    numbered = kept.land(*[{**JANNA, "national_id": "999990019"}] * 2, into=CRM)
    assert kept.rules(*numbered) == {"identifier"}
    one, other = kept.land(PIET, PIET, into=CRM)
    kept.decide(one, other, Verdict.LINK)
    assert kept.together(one, other)


def test_pages_and_a_full_run_keep_the_same_people_apart(kept: Counter) -> None:
    slips = ({}, {"given_name": "Jana"}, {"email": None}, {"house_number": None})
    for slip in slips:
        kept.land({**JANNA, **slip}, {**PIET, **slip}, into=CRM)
        kept.land({**JANNA, **slip}, {**PIET, **slip}, into=LIBRARY)
    paged, kept_edges = grouping(kept.db), edges(kept.db)
    assert any(apart for *_, apart in kept_edges)
    rematch(kept.db, retrain=False, memory_limit_mb=512)
    assert (grouping(kept.db), edges(kept.db)) == (paged, kept_edges)


def test_what_a_steward_settles_outlives_a_new_model_and_can_be_taken_back(kept: Counter) -> None:
    one, other = kept.land(JANNA, JANNA, into=CRM)
    rematch(kept.db, retrain=True, memory_limit_mb=512)
    assert not kept.together(one, other)
    (crm, library) = sorted(keeping.list_own_keys(kept.db), key=lambda each: not each.settled)
    assert (crm.data_set, crm.keeps_apart, crm.reason) == (
        urn(kept, CRM), True, "one desk, one card",
    )  # fmt: skip
    assert (library.keeps_apart, library.settled, library.actor) == (False, False, None)
    report = keeping.settle_own_keys(
        kept.db, crm.data_set, keeps_apart=None, reason="no longer", actor="Sam"
    )
    assert report is not None
    assert kept.together(one, other)


def test_nonsense_is_refused(counter: Counter) -> None:
    for name, reason, wrong in (("urn:nobody", "why", UnknownName), ("x", " ", InvalidInput)):
        with pytest.raises(wrong):
            keeping.settle_own_keys(counter.db, name, keeps_apart=True, reason=reason, actor="Sam")
