"""Which questions a steward is asked: few, about groups, those first where an answer mends most."""

from itertools import combinations

import pytest

from registry.customers.matching.model import Habit, KindModel
from registry.customers.matching.own_keys import distinct_sources, repeat_bits
from registry.customers.stewarding.doubts import Doubt, Evidence, asked_most, weigh_questions


def a_pair(left: int, right: int, bits: float, **more: bool) -> Evidence:
    flags = {"by_identity": False, "apart": False, "settled": False} | more
    return Evidence(left, right, bits, **flags)


def asked(
    homes: dict[int, str], *pairs: Evidence, sources: dict[int, str] | None = None, bits: float = 0
) -> list[Doubt]:
    named = sources or {record: str(record) for record in homes}
    found = weigh_questions(homes, named, pairs, dict.fromkeys(named.values(), bits))
    return [question.doubt for question in found]


def test_two_customers_are_asked_about_once_however_many_pairs_they_have() -> None:
    homes = {1: "a", 2: "a", 3: "b", 4: "b"}
    cross = [a_pair(left, right, 0.5) for left in (1, 2) for right in (3, 4)]
    (doubt,) = asked(homes, a_pair(1, 2, 12), a_pair(3, 4, 12), *cross)
    assert (doubt.left_id, doubt.right_id, doubt.linked, doubt.records) == (1, 3, False, 4)
    assert doubt.chance == pytest.approx(0.586, abs=0.001)
    assert doubt.benefit == pytest.approx(4 * doubt.chance, abs=1e-5)


def test_one_likely_pair_among_unlikely_ones_is_little_evidence() -> None:
    lone = {1: "a", 2: "b"}
    many = {1: "a", 2: "b", 3: "b"}
    (alone,) = asked(lone, a_pair(1, 2, 0.5))
    (among,) = asked(many, a_pair(2, 3, 12), a_pair(1, 2, 0.5))
    assert alone.chance > 0.5
    assert among.chance < 0.2
    crowd = dict.fromkeys(range(2, 40), "b") | {1: "a"}
    held = [a_pair(2, other, 12) for other in range(3, 40)]
    assert not asked(crowd, *held, a_pair(1, 2, 5.5)), "a crowd makes no question of a relative"


def test_a_weak_pair_is_not_asked_about_where_a_third_record_holds_both() -> None:
    homes = {1: "a", 2: "a", 3: "a"}
    assert not asked(homes, a_pair(1, 2, 9), a_pair(2, 3, 9), a_pair(1, 3, -0.5))
    (doubt,) = asked(homes, a_pair(1, 2, 9), a_pair(2, 3, 1.2), a_pair(1, 3, -0.5))
    assert (doubt.left_id, doubt.right_id, doubt.linked, doubt.records) == (2, 3, True, 3)


def test_both_in_a_source_that_has_nobody_twice_are_hardly_one() -> None:
    homes = {1: "a", 2: "b"}
    one_source = {1: "tax", 2: "tax"}
    assert asked(homes, a_pair(1, 2, 0.5), sources=one_source, bits=0)
    assert not asked(homes, a_pair(1, 2, 0.5), sources=one_source, bits=-5)
    assert asked(homes, a_pair(1, 2, 0.5), sources={1: "tax", 2: "crm"}, bits=-5)


def test_what_a_steward_has_looked_at_is_not_asked_again() -> None:
    homes = {1: "a", 2: "a", 3: "b", 4: "b"}
    held = [a_pair(1, 2, 12), a_pair(3, 4, 12)]
    assert asked(homes, *held, a_pair(1, 3, 1.0), a_pair(2, 4, 0.0))
    assert not asked(homes, *held, a_pair(1, 3, 1.0), a_pair(2, 4, 0.0, settled=True))
    assert asked({1: "a", 2: "a"}, a_pair(1, 2, 1.5))
    assert not asked({1: "a", 2: "a"}, a_pair(1, 2, 1.5, settled=True))


def test_two_official_numbers_leave_nothing_to_ask() -> None:
    homes = {1: "a", 2: "b", 3: "b"}
    assert not asked(homes, a_pair(1, 2, 1.0), a_pair(1, 3, 1.0, apart=True), a_pair(2, 3, 9))


def test_the_order_hangs_on_nothing_but_benefit_and_numbers() -> None:
    homes = {record: str(record) for record in range(40)}
    pairs = [a_pair(one, one + 1, one % 5 - 0.5) for one in range(0, 40, 2)]
    forth, back = asked(homes, *pairs), asked(homes, *reversed(pairs))
    assert forth == back
    assert [doubt.benefit for doubt in forth] == sorted(
        (doubt.benefit for doubt in forth), reverse=True
    )
    assert len({doubt.place for doubt in forth}) == len(forth)


def test_two_hundred_records_of_one_person_are_one_question_at_most() -> None:
    homes = dict.fromkeys(range(200), "a")
    pairs = [a_pair(one, other, 1.5) for one, other in combinations(range(200), 2)]
    assert len(asked(homes, *pairs)) <= 1


def test_at_most_two_of_a_hundred_records_are_asked_about() -> None:
    assert [asked_most(records) for records in (0, 10, 100, 2_034)] == [0, 1, 2, 40]


def test_a_source_says_the_more_against_one_customer_the_fewer_it_has_twice() -> None:
    part = KindModel(
        records=100, same=(), household=(), stranger=(), same_pairs=0, household_pairs=0, pairs=0,
        frequencies={}, shared={}, hot_keys=None,  # type: ignore[arg-type]  # not looked at
        sources={"kept": Habit(80, 0), "messy": Habit(80, 40), "all": Habit(200, 400)},
        customers=100,
    )  # fmt: skip
    assert repeat_bits(part, "kept") < -6
    assert -1 < repeat_bits(part, "messy") < 0
    assert repeat_bits(part, "all") == 0
    assert repeat_bits(part, "unheard of") == 0


def test_a_source_keeps_people_apart_where_the_data_say_so_and_where_somebody_does() -> None:
    found = {
        "kept": Habit(5_000, 5, 2),
        "seldom": Habit(5_000, 40, 1),
        "sure": Habit(5_000, 8, 8),
        "small": Habit(200, 0, 0),
    }
    assert distinct_sources(found, None) == {"kept"}
    assert distinct_sources(found, {"kept": False, "small": True}) == {"small"}
    assert distinct_sources(found, True) == found.keys()
    assert distinct_sources(found, False) == frozenset()
    alone = {"kept": found["kept"]}
    assert distinct_sources(alone, None) == frozenset(), "one table is linked to find repeats"
    assert distinct_sources(alone, True) == {"kept"}
