"""Clusters: connected records, parted where the evidence speaks against, the same in any order."""

import time
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from registry.customers.matching.cluster import connected, part

NEVER = -(10**12)
DECIDED = 10**15


def groups(
    pairs: list[tuple[int, int, int]], numbers: dict[int, str] | None = None
) -> set[tuple[int, ...]]:
    left, right, weights = zip(*pairs, strict=True)
    return {tuple(group) for group in part(left, right, weights, numbers or {})}


def test_connected_records_share_the_smallest_of_them() -> None:
    labels = connected(8, np.array([1, 6, 3]), np.array([3, 7, 5]))
    assert labels.tolist() == [0, 1, 2, 1, 4, 1, 6, 6]


def test_a_chain_of_a_hundred_thousand_records_is_connected_quickly() -> None:
    begun = time.perf_counter()
    labels = connected(100_000, np.arange(99_999), np.arange(1, 100_000))
    assert not labels.any()
    assert time.perf_counter() - begun < 10


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60))
def test_connection_agrees_with_walking_the_links(links: list[tuple[int, int]]) -> None:
    near: dict[int, set[int]] = {node: {node} for node in range(30)}
    for one, other in links:
        near[one].add(other)
        near[other].add(one)
    expected = []
    for node in range(30):
        seen, todo = {node}, [node]
        while todo:
            fresh = near[todo.pop()] - seen
            seen |= fresh
            todo.extend(fresh)
        expected.append(min(seen))
    array = np.array(links, dtype=np.int64).reshape(-1, 2)
    assert connected(30, array[:, 0], array[:, 1]).tolist() == expected


def test_a_weak_link_between_two_people_who_differ_is_dropped() -> None:
    pairs = [(1, 2, 9000), (3, 4, 9000), (2, 3, 2000), (1, 3, -8000), (1, 4, -8000), (2, 4, -8000)]
    assert groups(pairs) == {(1, 2), (3, 4)}


def test_a_record_with_only_an_initial_joins_one_twin_and_does_not_tie_both() -> None:
    pairs = [(1, 3, 4000), (2, 3, 3000), (1, 2, -9000)]
    assert groups(pairs) == {(1, 3), (2,)}


def test_the_evidence_that_two_groups_have_against_and_for_each_other_is_summed() -> None:
    for for_it, against, expected in (
        (3000, -2000, {(1, 2, 3)}),
        (2000, -3000, {(1, 2), (3,)}),
    ):
        for one, other in ((for_it, against), (against, for_it)):
            assert groups([(1, 2, 9000), (1, 3, one), (2, 3, other)]) == expected
    weak_but_many = [(1, 2, 9000), (3, 4, 9000), (1, 3, 100), (1, 4, 100), (2, 3, 100)]
    assert groups([*weak_but_many, (2, 4, -290)]) == {(1, 2, 3, 4)}
    assert groups([*weak_but_many, (2, 4, -310)]) == {(1, 2), (3, 4)}


def test_of_two_records_that_a_steward_linked_the_likelier_one_speaks_for_both() -> None:
    for one, other in ((1000, -2000), (-2000, 1000)):
        assert groups([(1, 2, DECIDED), (1, 3, one), (2, 3, other)]) == {(1, 2, 3)}
        assert groups([(1, 2, 9000), (1, 3, one), (2, 3, other)]) == {(1, 2), (3,)}
    for one, other in ((1000, NEVER), (NEVER, 1000)):
        assert groups([(1, 2, DECIDED), (1, 3, one), (2, 3, other)]) == {(1, 2), (3,)}


def test_records_with_two_official_numbers_never_share_a_group() -> None:
    pairs = [(1, 2, 9000), (2, 3, 8000), (3, 4, 9000)]
    assert groups(pairs, {1: "A", 4: "B"}) == {(1, 2), (3, 4)}
    assert groups(pairs, {1: "A", 4: "A"}) == {(1, 2, 3, 4)}
    assert groups([(1, 2, 9000)], {1: "A", 2: "B"}) == {(1,), (2,)}


def test_a_ban_outweighs_any_evidence() -> None:
    pairs = [(1, 2, NEVER), (1, 3, 10**9), (2, 3, 10**9 - 1)]
    assert groups(pairs) == {(1, 3), (2,)}


@given(st.integers(0, 10_000))
def test_the_order_of_pairs_and_of_their_ends_changes_nothing(seed: int) -> None:
    chance = Random(seed)
    pairs = [
        (one, other, chance.randrange(-9000, 9000))
        for one in range(8)
        for other in range(one + 1, 8)
        if chance.random() < 0.7
    ] or [(0, 1, 5)]
    shuffled = [(b, a, w) if chance.random() < 0.5 else (a, b, w) for a, b, w in pairs]
    chance.shuffle(shuffled)
    assert groups(pairs) == groups(shuffled)


def test_every_record_ends_in_exactly_one_group() -> None:
    chance = Random(5)
    pairs = [
        (chance.randrange(40), 40 + chance.randrange(40), chance.randrange(-5, 6))
        for _ in range(200)
    ]
    pairs = list({(one, other): (one, other, weight) for one, other, weight in pairs}.values())
    left, right, weights = zip(*pairs, strict=True)
    members = sorted(member for group in part(left, right, weights, {}) for member in group)
    assert members == sorted(set(left) | set(right))
