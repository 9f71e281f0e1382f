"""Expectation-maximisation over counts of agreement patterns, without labels.

Three latent classes explain why two records agree as they do: they describe the same person, two
people of one household, or strangers. Strangers are measured, not learnt: random pairs show how
often they agree. Learnt are the other two classes' likelihoods and how many pairs each holds.

Source:
    Fellegi and Sunter (1969), JASA 64(328), 1183-1210; Winkler (1988) for EM over patterns.
    The household class and its pinning are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Likelihoods move less than this at the end; weights are then stable to about 0.01 bit.
TOLERANCE = 1e-5
# EM on a million records settles in under 100 rounds; data without matches may wander.
ITERATIONS_MAX = 400
# The prior shares count as this many pairs, so that a level nobody has seen stays possible.
PRIOR_PAIRS = 10.0
# A likelihood below this would let a single attribute outvote all others together.
LIKELIHOOD_MIN = 1e-7
# At least this share of the agreements counted among all pairs is left to chance, however many
# of them matching and household pairs explain.
CHANCE_SHARE_MIN = 0.01


@dataclass(frozen=True)
class Evidence:
    """What EM sees.

    Attributes:
        patterns: Level numbers, one row per distinct pattern, one column per comparison.
        counts: Candidate pairs with that pattern.
        everybody: Per comparison the share of each level from "differs" up among all comparable
            pairs, whatever they describe; measured on random pairs and value counts.
        comparable: Per comparison the share of all pairs that can be compared at all.
        pairs: All pairs there are, candidates or not.
    """

    patterns: NDArray[np.int64]
    counts: Floats
    everybody: tuple[Floats, ...]
    comparable: tuple[float, ...]
    pairs: float


@dataclass(frozen=True)
class ClassPrior:
    """What is believed about one comparison before data is seen.

    Attributes:
        same: Shares of levels from "differs" up among matching pairs.
        personal: The household class is pinned to strangers plus `coincidence`.
        coincidence: Share of household pairs at the strongest level beyond chance.
    """

    same: Floats
    personal: bool
    coincidence: float


@dataclass(frozen=True)
class Likelihoods:
    """What EM found: likelihoods by comparison and level, and expected pairs per class."""

    same: tuple[Floats, ...]
    household: tuple[Floats, ...]
    stranger: tuple[Floats, ...]
    same_pairs: float
    household_pairs: float
    pairs: float
    iterations: int


def estimate(
    evidence: Evidence, priors: Sequence[ClassPrior], *, classes: int, same_pairs: float
) -> Likelihoods:
    """Estimate the classes' likelihoods.

    Args:
        evidence: Pattern counts and strangers' likelihoods.
        priors: One per comparison.
        classes: 3, or 2 to do without households (for measuring what they bring).
        same_pairs: First guess of how many pairs describe one person.

    Returns:
        Likelihoods in the open interval (0, 1).
    """
    stranger = tuple(_bounded(row) for row in evidence.everybody)
    same = tuple(prior.same / prior.same.sum() for prior in priors)
    household = tuple(
        _pinned(row, prior) if prior.personal else prior.same / prior.same.sum()
        for row, prior in zip(stranger, priors, strict=True)
    )
    same_count, household_count = same_pairs, same_pairs if classes == 3 else 0.0
    for iteration in range(1, ITERATIONS_MAX + 1):
        chance = max(evidence.pairs - same_count - household_count, 1.0)
        weight = np.vstack(
            [
                np.log(max(same_count, 1e-9)) + log_likelihood(evidence.patterns, same),
                np.log(max(household_count, 1e-300))
                + log_likelihood(evidence.patterns, household),
                np.log(chance) + log_likelihood(evidence.patterns, stranger),
            ]
        )
        weight -= weight.max(axis=0)
        share = np.exp(weight)
        share *= evidence.counts / share.sum(axis=0)
        new_same = tuple(
            _shares(evidence.patterns[:, index], share[0], prior.same)
            for index, prior in enumerate(priors)
        )
        stranger = tuple(
            _without(evidence, index, share[0] + share[1]) for index in range(len(priors))
        )
        new_household = tuple(
            _pinned(stranger[index], prior)
            if prior.personal
            else _shares(evidence.patterns[:, index], share[1], prior.same)
            for index, prior in enumerate(priors)
        )
        moved = max(
            float(np.abs(new - old).max())
            for new, old in zip(new_same + new_household, same + household, strict=True)
        )
        same, household = new_same, new_household
        same_count = float(share[0].sum())
        household_count = float(share[1].sum()) if classes == 3 else 0.0
        if moved < TOLERANCE:
            break
    return Likelihoods(
        same, household, stranger, same_count, household_count, evidence.pairs, iteration
    )


def _without(evidence: Evidence, index: int, known: Floats) -> Floats:
    """Return how often strangers agree: all pairs less those that are no strangers."""
    everybody = evidence.everybody[index]
    all_pairs = everybody * evidence.comparable[index] * evidence.pairs
    taken = np.bincount(evidence.patterns[:, index], weights=known, minlength=len(everybody) + 1)[
        1:
    ]
    left = np.maximum(all_pairs - taken, CHANCE_SHARE_MIN * all_pairs)
    total = left.sum()
    return _bounded(left / total) if total > 0.0 else everybody


def _pinned(stranger: Floats, prior: ClassPrior) -> Floats:
    pinned = stranger * (1.0 - prior.coincidence)
    pinned[-1] += prior.coincidence
    return pinned


def _bounded(likelihood: Floats) -> Floats:
    bounded = np.maximum(likelihood, LIKELIHOOD_MIN)
    total: Floats = bounded / bounded.sum()
    return total


def _shares(levels: NDArray[np.int64], weight: Floats, prior: Floats) -> Floats:
    found = np.bincount(levels, weights=weight, minlength=len(prior) + 1)[1:]
    found = found + PRIOR_PAIRS * prior / prior.sum()
    return _bounded(found / found.sum())


def log_likelihood(patterns: NDArray[np.int64], likelihoods: Sequence[Floats]) -> Floats:
    """Return the natural logarithm of each pattern's likelihood; missing levels say nothing."""
    total = np.zeros(len(patterns))
    for index, likelihood in enumerate(likelihoods):
        total += np.concatenate(([0.0], np.log(likelihood)))[patterns[:, index]]
    return total
