"""EM without labels: parameters that were planted are found again."""

import numpy as np
import pytest

from registry.customers.matching.em import (
    ITERATIONS_MAX,
    ClassPrior,
    Evidence,
    Likelihoods,
    estimate,
    log_likelihood,
)

# Three personal comparisons and two that households share; level 0 of each row is "differs".
SAME = [[0.1, 0.9], [0.05, 0.15, 0.8], [0.08, 0.92], [0.2, 0.8], [0.3, 0.7]]
STRANGER = [[0.98, 0.02], [0.97, 0.02, 0.01], [0.999, 0.001], [0.99, 0.01], [0.99995, 0.00005]]
PERSONAL = [True, True, True, False, False]
# Two people at one door who share nothing else look the same in either class that is no match,
# so a household here nearly always shares its name.
HOUSEHOLD = [*STRANGER[:3], [0.03, 0.97], [0.02, 0.98]]
PAIRS = {"same": 6_000, "household": 9_000, "stranger": 1_500_000}


def drawn(chance: np.random.Generator, likelihoods: list[list[float]], pairs: int) -> np.ndarray:
    columns = [1 + chance.choice(len(row), size=pairs, p=row) for row in likelihoods]
    levels = np.stack(columns, axis=1)
    levels[chance.random(levels.shape) < 0.1] = 0  # one value in ten is missing
    return levels


def evidence(classes: dict[str, list[list[float]]]) -> Evidence:
    chance = np.random.default_rng(11)
    levels = np.concatenate([drawn(chance, rows, PAIRS[name]) for name, rows in classes.items()])
    everybody, comparable = [], []
    for index, row in enumerate(STRANGER):
        counts = np.bincount(levels[:, index], minlength=len(row) + 1).astype(float)
        everybody.append(counts[1:] / counts[1:].sum())
        comparable.append(counts[1:].sum() / counts.sum())
    # Blocking shows only pairs that agree somewhere.
    strongest = np.array([len(row) for row in STRANGER])
    found, counts = np.unique(levels[(levels == strongest).any(axis=1)], axis=0, return_counts=True)
    return Evidence(
        found, counts.astype(float), tuple(everybody), tuple(comparable), float(len(levels))
    )


def priors() -> list[ClassPrior]:
    return [
        ClassPrior(np.linspace(0.2, 0.8, len(row)), personal, 0.0)
        for row, personal in zip(SAME, PERSONAL, strict=True)
    ]


@pytest.fixture(scope="module")
def found() -> Likelihoods:
    seen = evidence({"same": SAME, "household": HOUSEHOLD, "stranger": STRANGER})
    return estimate(seen, priors(), classes=3, same_pairs=2_000.0)


def test_the_number_of_pairs_of_each_class_is_found(found: Likelihoods) -> None:
    assert found.same_pairs == pytest.approx(PAIRS["same"], rel=0.05)
    assert found.household_pairs == pytest.approx(PAIRS["household"], rel=0.1)


def test_the_likelihoods_of_matching_pairs_are_found(found: Likelihoods) -> None:
    for likelihood, planted in zip(found.same, SAME, strict=True):
        assert likelihood == pytest.approx(planted, abs=0.03)


def test_what_households_share_is_found_and_what_is_personal_stays_pinned(
    found: Likelihoods,
) -> None:
    for index in (3, 4):
        assert found.household[index] == pytest.approx(HOUSEHOLD[index], abs=0.05)
    for index in (0, 1, 2):
        assert found.household[index] == pytest.approx(found.stranger[index], rel=1e-6)


def test_strangers_are_all_pairs_less_those_that_are_none(found: Likelihoods) -> None:
    for likelihood, planted in zip(found.stranger, STRANGER, strict=True):
        assert likelihood == pytest.approx(planted, rel=0.3, abs=0.001)


def test_likelihoods_lie_between_nought_and_one_and_add_up(found: Likelihoods) -> None:
    for row in (*found.same, *found.household, *found.stranger):
        assert (row > 0.0).all()
        assert row.sum() == pytest.approx(1.0)


def test_without_a_household_class_its_pairs_spoil_the_others() -> None:
    seen = evidence({"same": SAME, "household": HOUSEHOLD, "stranger": STRANGER})
    two = estimate(seen, priors(), classes=2, same_pairs=2_000.0)
    assert two.household_pairs == 0.0
    assert two.same_pairs > 1.5 * PAIRS["same"]


def test_a_town_without_households_does_not_lose_its_matches_to_them() -> None:
    seen = evidence({"same": SAME, "stranger": STRANGER})
    three = estimate(seen, priors(), classes=3, same_pairs=2_000.0)
    assert three.same_pairs == pytest.approx(PAIRS["same"], rel=0.05)
    assert three.household_pairs < 0.02 * PAIRS["same"]


def test_no_evidence_at_all_leaves_the_prior() -> None:
    empty = Evidence(
        np.empty((0, len(SAME)), dtype=np.int64),
        np.empty(0),
        tuple(np.array(row) for row in STRANGER),
        tuple(1.0 for _ in STRANGER),
        1.0,
    )
    found = estimate(empty, priors(), classes=3, same_pairs=1.0)
    for likelihood, prior in zip(found.same, priors(), strict=True):
        assert likelihood == pytest.approx(prior.same / prior.same.sum())
    assert ITERATIONS_MAX > 1


def test_a_missing_level_says_nothing() -> None:
    likelihoods = [np.array([0.25, 0.75]), np.array([0.5, 0.5])]
    levels = np.array([[0, 0], [2, 0], [2, 1]])
    assert np.exp(log_likelihood(levels, likelihoods)) == pytest.approx([1.0, 0.75, 0.375])


def test_a_bound_on_how_many_of_one_customer_differ_is_kept() -> None:
    seen = evidence({"same": SAME, "household": HOUSEHOLD, "stranger": STRANGER})
    held = [ClassPrior(item.same, item.personal, 0.0, differs_max=0.04) for item in priors()]
    found = estimate(seen, held, classes=3, same_pairs=2_000.0)
    for row in found.same:
        assert row[0] <= 0.04
        assert row.sum() == pytest.approx(1.0)
