"""What stewards decide holds: in pages, in full runs, against models and numbers."""

from datetime import date
from uuid import uuid4

import pytest

from registry.customers.asking.find import find_customers
from registry.customers.live.commands import propose, rematch, settle
from registry.customers.stewarding import review, sampling, stewardship
from registry.customers.stewarding.explain import explain
from schemas.customers import Verdict
from schemas.errors import Conflict, InvalidInput, UnknownName
from tests.integration.customers.conftest import JANNA, PIET, Counter

NAMES = ("Aart", "Bram", "Cees", "Dirk", "Evert", "Frits")


def set_edge(desk: Counter, one: int, other: int, *, bits: float) -> None:
    """Let the model have found that two records weigh so much, and are two customers."""
    left, right = min(one, other), max(one, other)
    desk.db.execute("DELETE FROM match_edge WHERE left_id = %s OR right_id = %s", (left, left))
    desk.db.execute("DELETE FROM match_edge WHERE left_id = %s OR right_id = %s", (right, right))
    desk.db.execute("INSERT INTO match_edge VALUES (%s, %s, %s, false, false)", (left, right, bits))


@pytest.fixture
def desk(counter: Counter) -> Counter:
    """A town with one steward at the desk."""
    return counter


def test_a_link_holds_against_the_model_and_can_be_undone(desk: Counter) -> None:
    janna, piet = desk.land(JANNA, PIET)
    assert not desk.together(janna, piet)
    decision = desk.decide(janna, piet, Verdict.LINK)
    assert desk.together(janna, piet)
    assert desk.rules(janna, piet) == {"steward"}
    rematch(desk.db, retrain=False, memory_limit_mb=512)
    assert desk.together(janna, piet)
    assert desk.rules(janna, piet) == {"steward"}
    stewardship.undo(desk.db, decision, actor="Sam")
    assert not desk.together(janna, piet)
    (kept,) = stewardship.decisions(desk.db)
    assert (kept.verdict, kept.reason, kept.actor, kept.undone_by) == (
        "link",
        "seen at the counter",
        "Sam",
        "Sam",
    )
    with pytest.raises(Conflict, match="undone before"):
        stewardship.undo(desk.db, decision, actor="Sam")


def test_a_person_and_an_organisation_cannot_be_linked(desk: Counter) -> None:
    (janna,) = desk.land(JANNA)
    (bakery,) = desk.land({"organisation_name": "Bakkerij Janna"}, kind="organisation")
    with pytest.raises(InvalidInput, match="never one customer"):
        desk.decide(janna, bakery, Verdict.LINK)
    assert desk.decide(janna, bakery, Verdict.UNLINK), "that they are not may be said"


def test_an_unlink_holds_against_equal_numbers_through_a_new_model(desk: Counter) -> None:
    one, other = desk.land(*[{**JANNA, "national_id": "999990019"}] * 2)
    assert desk.rules(one, other) == {"identifier"}
    desk.decide(one, other, Verdict.UNLINK)
    assert not desk.together(one, other)
    assert explain(desk.db, one, other).decided is False
    rematch(desk.db, retrain=True, memory_limit_mb=512)
    assert not desk.together(one, other)


def test_a_link_holds_against_two_different_numbers_and_shows_them(desk: Counter) -> None:
    one, other = desk.land(
        {**JANNA, "national_id": "999990019"}, {**JANNA, "national_id": "111222333"}
    )
    assert not desk.together(one, other)
    desk.decide(one, other, Verdict.LINK)
    assert desk.together(one, other)
    found = explain(desk.db, one, other)
    assert found.decided is True
    assert ("national_id", "differs") in {(step.field, step.level) for step in found.steps}
    rematch(desk.db, retrain=False, memory_limit_mb=512)
    assert desk.together(one, other)


def test_a_record_that_comes_later_joins_those_a_steward_linked(desk: Counter) -> None:
    janna, piet = desk.land(JANNA, PIET)
    desk.decide(janna, piet, Verdict.LINK)
    (late,) = desk.land(PIET)
    assert desk.together(janna, piet, late)


def test_the_last_of_two_decisions_counts_and_postponing_changes_nothing(desk: Counter) -> None:
    janna, piet = desk.land(JANNA, PIET)
    desk.decide(janna, piet, Verdict.LINK)
    desk.decide(piet, janna, Verdict.UNLINK)
    assert not desk.together(janna, piet)
    desk.decide(janna, piet, Verdict.POSTPONE)
    assert not desk.together(janna, piet)


def test_the_steps_of_an_explanation_add_up_to_the_weight(desk: Counter) -> None:
    one, other = desk.land(JANNA, {**JANNA, "given_name": "Jana", "email": None})
    found = explain(desk.db, one, other)
    assert sum(step.bits for step in found.steps) == pytest.approx(found.weight_bits, abs=0.01)
    assert found.steps[0].field == "before"
    assert {step.field: step.level for step in found.steps}["given"] == "close"
    assert found.probability > 0.95
    with pytest.raises(InvalidInput, match="itself"):
        explain(desk.db, one, one)
    with pytest.raises(UnknownName):
        explain(desk.db, one, 10**12)


def test_doubtful_pairs_wait_until_somebody_decides(desk: Counter) -> None:
    one, other = desk.land(JANNA, PIET)
    set_edge(desk, one, other, bits=0.4)
    found = review.read_queue(desk.db)
    (doubt,) = [each for each in found.pairs if {each.left_id, each.right_id} == {one, other}]
    assert (doubt.linked, doubt.records) == (False, 2)
    assert found.count.asked == len(found.pairs) <= 2
    assert found.count.concerned >= 2
    assert (
        review.review_queue(desk.db, after=doubt.place)
        == found.pairs[found.pairs.index(doubt) + 1 :]
    )
    desk.decide(one, other, Verdict.POSTPONE)
    after = {(doubt.left_id, doubt.right_id) for doubt in review.review_queue(desk.db)}
    assert not {(one, other), (other, one)} & after


def test_the_rest_waits_below_the_line_and_moves_up(desk: Counter) -> None:
    people = desk.land(
        *[
            {"given_name": name, "family_name": name * 2, "birth_date": date(1950 + 3 * born, 1, 2)}
            for born, name in enumerate(NAMES)
        ]
    )
    for one, other in zip(people[::2], people[1::2], strict=True):
        set_edge(desk, one, other, bits=0.4)
    seen = []
    while queue := review.read_queue(desk.db):
        if not queue.pairs:
            break
        assert queue.count.asked == len(queue.pairs) <= 2
        assert queue.count.pairs == queue.count.asked + queue.count.below
        first = queue.pairs[0]
        seen.append((first.left_id, first.right_id))
        assert len(seen) < 60
        desk.decide(*seen[-1], Verdict.POSTPONE)
    assert len(set(seen)) == len(seen) >= len(NAMES) // 2


@pytest.mark.parametrize("place", ["", "nowhere", "1/2", "nan/1/2", "inf/1/2", "1/2/x", "1/2/3/4"])
def test_a_place_that_is_none_is_refused(desk: Counter, place: str) -> None:
    with pytest.raises(InvalidInput, match="no place"):
        review.review_queue(desk.db, after=place)


def test_a_decision_needs_a_reason_and_two_records_that_exist(desk: Counter) -> None:
    (janna,) = desk.land(JANNA)
    with pytest.raises(InvalidInput, match="needs a reason"):
        stewardship.decide(desk.db, janna, janna + 1, Verdict.LINK, reason=" ", actor="Sam")
    with pytest.raises(InvalidInput, match="two records"):
        desk.decide(janna, janna, Verdict.LINK)
    with pytest.raises(UnknownName, match="no record"):
        desk.decide(janna, 10**12, Verdict.LINK)
    with pytest.raises(UnknownName, match="no decision"):
        stewardship.undo(desk.db, uuid4(), actor="Sam")


@pytest.mark.parametrize(
    "question",
    ["Jana van de Woude 06-05-1971", "janna@post.nl", "wouden janna 2611AB 4", "Wouden, Janna"],
)
def test_a_customer_is_found_by_whatever_is_known(desk: Counter, question: str) -> None:
    desk.land(JANNA)
    found = find_customers(desk.db, question)
    assert found[0].display_name == "Janna van der Wouden"


def test_nobody_is_found_by_nothing(desk: Counter) -> None:
    assert find_customers(desk.db, "") == []
    assert find_customers(desk.db, "%'; DROP TABLE customer --") == []


def test_a_new_model_runs_beside_the_live_one_until_it_is_approved(desk: Counter) -> None:
    ask = desk.db.execute
    before = ask("SELECT record_id, customer_id FROM customer_link ORDER BY 1").fetchall()
    live = ask("SELECT model_id FROM live_model").fetchone()
    desk.land(JANNA, {**JANNA, "given_name": "J."}, PIET)
    proposal = propose(desk.db, memory_limit_mb=512)
    assert ask("SELECT model_id FROM live_model").fetchone() == live
    assert proposal.merges == proposal.splits == 0
    report = rematch(desk.db, version=proposal.version[:12], memory_limit_mb=512)
    assert report.model == proposal.version
    assert ask("SELECT model_id FROM live_model").fetchone() != live
    after = dict(ask("SELECT record_id, customer_id FROM customer_link").fetchall())
    assert all(after[record] == customer for record, customer in before)
    with pytest.raises(UnknownName, match="No model"):
        rematch(desk.db, version="nothing")


def test_a_settled_town_is_not_matched_again(desk: Counter) -> None:
    desk.land(JANNA)
    report = settle(desk.db)
    assert (report.pairs, report.records, report.customers) == (0, 101, 51)


def test_precision_is_told_with_its_interval() -> None:
    share, least, most = sampling.precision_interval(98, 100)
    assert share == 0.98
    assert 0.92 < least < 0.94
    assert 0.99 < most < 1.0
    assert sampling.precision_interval(0, 0) == (0.0, 0.0, 1.0)
