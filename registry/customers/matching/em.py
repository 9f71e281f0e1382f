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
# Stands for an empty class where a logarithm is taken.
NOTHING = 1e-300


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
        differs_max: Largest share of matching pairs that differ.
    """

    same: Floats
    personal: bool
    coincidence: float
    differs_max: float = 1.0


@dataclass(frozen=True)
class Likelihoods:
    """Likelihoods by comparison and level, and how many pairs each class holds."""

    same: tuple[Floats, ...]
    household: tuple[Floats, ...]
    stranger: tuple[Floats, ...]
    same_pairs: float
    household_pairs: float
    pairs: float

    @property
    def stranger_pairs(self) -> float:
        """Return the pairs that are left for strangers, at least one."""
        return max(self.pairs - self.same_pairs - self.household_pairs, 1.0)


def estimate(
    evidence: Evidence, priors: Sequence[ClassPrior], *, classes: int, same_pairs: float
) -> Likelihoods:
    """Estimate the classes' likelihoods.

    Args:
        evidence: Pattern counts, and how often any two records agree.
        priors: One per comparison.
        classes: 3, or 2 to do without households (for measuring what they bring).
        same_pairs: First guess of how many pairs describe one customer.

    Returns:
        Likelihoods in the open interval (0, 1).
    """
    stranger = tuple(_bounded(row) for row in evidence.everybody)
    guess = Likelihoods(
        same=tuple(prior.same / prior.same.sum() for prior in priors),
        household=tuple(
            _pinned(row, prior) if prior.personal else prior.same / prior.same.sum()
            for row, prior in zip(stranger, priors, strict=True)
        ),
        stranger=stranger,
        same_pairs=same_pairs,
        household_pairs=same_pairs if classes == 3 else 0.0,
        pairs=evidence.pairs,
    )
    for _ in range(ITERATIONS_MAX):
        better = _better(guess, evidence, priors)
        moved = _moved(guess, better)
        guess = better
        if moved < TOLERANCE:
            break
    return guess


def _better(guess: Likelihoods, evidence: Evidence, priors: Sequence[ClassPrior]) -> Likelihoods:
    """Do one round: share the pairs out by the guess, then count likelihoods anew."""
    same, household = _share_out(guess, evidence)
    stranger = tuple(_strangers(evidence, index, same + household) for index in range(len(priors)))
    return Likelihoods(
        same=tuple(
            _held(_counted(evidence.patterns[:, index], same, prior.same), prior.differs_max)
            for index, prior in enumerate(priors)
        ),
        household=tuple(
            _pinned(stranger[index], prior)
            if prior.personal
            else _counted(evidence.patterns[:, index], household, prior.same)
            for index, prior in enumerate(priors)
        ),
        stranger=stranger,
        same_pairs=float(same.sum()),
        household_pairs=float(household.sum()) if guess.household_pairs > 0.0 else 0.0,
        pairs=evidence.pairs,
    )


def _share_out(guess: Likelihoods, evidence: Evidence) -> tuple[Floats, Floats]:
    """Return the expected pairs of one customer and of one household, by pattern."""
    weight = np.vstack(
        [
            np.log(max(pairs, NOTHING)) + log_likelihood(evidence.patterns, likelihoods)
            for pairs, likelihoods in (
                (guess.same_pairs, guess.same),
                (guess.household_pairs, guess.household),
                (guess.stranger_pairs, guess.stranger),
            )
        ]
    )
    if weight.size == 0:
        return weight[0], weight[1]
    share = np.exp(weight - weight.max(axis=0))
    share *= evidence.counts / share.sum(axis=0)
    return share[0], share[1]


def _strangers(evidence: Evidence, index: int, known: Floats) -> Floats:
    """Return how often strangers agree: all pairs less those that are no strangers."""
    everybody = evidence.everybody[index]
    all_pairs = everybody * evidence.comparable[index] * evidence.pairs
    taken = np.bincount(evidence.patterns[:, index], weights=known, minlength=len(everybody) + 1)
    left = np.maximum(all_pairs - taken[1:], CHANCE_SHARE_MIN * all_pairs)
    total = left.sum()
    return _bounded(left / total if total > 0.0 else everybody)


def _pinned(stranger: Floats, prior: ClassPrior) -> Floats:
    pinned = stranger * (1.0 - prior.coincidence)
    pinned[-1] += prior.coincidence
    return pinned


def _counted(levels: NDArray[np.int64], weight: Floats, prior: Floats) -> Floats:
    found = np.bincount(levels, weights=weight, minlength=len(prior) + 1)[1:]
    return _bounded(found + PRIOR_PAIRS * prior / prior.sum())


def _held(likelihood: Floats, differs_max: float) -> Floats:
    """Return the likelihood with "differs" held at its bound, the rest in proportion."""
    if likelihood[0] <= differs_max:
        return likelihood
    held: Floats = likelihood * (1.0 - differs_max) / (1.0 - likelihood[0])
    held[0] = differs_max
    return held


def _bounded(likelihood: Floats) -> Floats:
    bounded = np.maximum(likelihood / likelihood.sum(), LIKELIHOOD_MIN)
    total: Floats = bounded / bounded.sum()
    return total


def _moved(before: Likelihoods, after: Likelihoods) -> float:
    return max(
        float(np.abs(new - old).max())
        for new, old in zip(
            after.same + after.household, before.same + before.household, strict=True
        )
    )


def log_likelihood(patterns: NDArray[np.int64], likelihoods: Sequence[Floats]) -> Floats:
    """Return the natural logarithm of each pattern's likelihood; missing levels say nothing."""
    total = np.zeros(len(patterns))
    for index, likelihood in enumerate(likelihoods):
        total += np.concatenate(([0.0], np.log(likelihood)))[patterns[:, index]]
    return total
