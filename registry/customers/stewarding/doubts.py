"""Which questions are worth a steward's look, and in what order.

A question is about two groups of records, never about two records alone: two customers that may be
one, or one customer that its weakest tie holds together. What all pairs between the groups say is
weighed, and whether both stand in a source that seldom has anybody twice. The benefit of a look is
what the present answer costs where it is wrong, as often as it is wrong.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from registry.customers.matching.model import KEPT_BITS_MIN, WRONG_LINK_COST

# A pair of two customers is looked at from here on: one in three is one person. Below, it is more
# likely that they live in one household, or are strangers.
APART_BITS_MIN: Final = -1.0
# Up to here a tie inside a customer is looked at: above it, 19 of 20 are right.
TIE_BITS_MAX: Final = 4.25
# Above it the model is all but sure; the index on match_edge ends here.
DOUBT_BITS_MAX: Final = 6.0
# Pairs that are too weak to be kept are taken to weigh this: somewhat less than the weakest kept.
UNKEPT_BITS: Final = KEPT_BITS_MIN - 2
# Where the present answer is wrong in fewer cases nobody is asked, whatever records it concerns:
# looking at ten plain pairs for one slip is how stewards stop looking.
WRONG_CHANCE_MIN: Final = 0.1
# A look is worth while where it mends a quarter of a pair: four looks for one that mends one.
BENEFIT_MIN: Final = 0.25
# Of the records, at most so many are asked about at a time; the rest waits its turn.
ASKED_SHARE_MAX: Final = 0.02
_SURE: Final = 60.0
_BENEFIT_DIGITS: Final = 6


class Evidence(NamedTuple):
    """What is known of one pair of records.

    Attributes:
        left: A record.
        right: Another one.
        weight_bits: Log2 odds of one customer.
        by_identity: One official number and nothing against it.
        apart: Something says that they are two, whatever they weigh.
        settled: A steward has looked at it.
    """

    left: int
    right: int
    weight_bits: float
    by_identity: bool
    apart: bool
    settled: bool


@dataclass(frozen=True)
class Doubt:
    """One question: are these two groups of records one customer?

    Attributes:
        left_id: Landed record; with the other the strongest pair between the groups.
        right_id: Landed record.
        weight_bits: Log2 odds of one customer of these two records alone.
        linked: Whether both stand behind one customer now.
        records: Records of both groups together, whom the answer concerns.
        chance: Probability that the groups are one customer, by all that is known of them.
        benefit: Pairs of records that an answer mends, as expected; a wrong link counts twice.
        place: Where it stands in the queue; ask for what comes after it.
    """

    left_id: int
    right_id: int
    weight_bits: float
    linked: bool
    records: int
    chance: float
    benefit: float
    place: str


class Question(NamedTuple):
    """A doubt, and the two groups of records that it is about."""

    doubt: Doubt
    first: Sequence[int]
    second: Sequence[int]


def weigh_questions(
    homes: Mapping[int, Hashable],
    sources: Mapping[int, str],
    evidence: Iterable[Evidence],
    repeat_bits: Mapping[str, float],
) -> list[Question]:
    """Return the questions that are worth a look, those of most benefit first.

    Args:
        homes: Customer of each record; all records of a customer that any evidence is about.
        sources: Source of each record.
        evidence: All kept pairs within and between these customers, in a fixed order.
        repeat_bits: For each source, what it tells of two customers that both stand in it.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for record, home in homes.items():
        members[home].append(record)
    found = []
    for (one, other), pairs in _by_customers(homes, evidence).items():
        if not _doubtful(pairs, linked=one == other):
            continue
        if one == other:
            sides = _weakest_tie(members[one], pairs)
            if sides is None:
                continue
            first, second, between = sides
        else:
            first, second, between = members[one], members[other], pairs
        shared = {sources[record] for record in first} & {sources[record] for record in second}
        against = sum(repeat_bits.get(source, 0.0) for source in shared)
        doubt = _question(first, second, between, against, linked=one == other)
        wrong = 1 - doubt.chance if doubt.linked else doubt.chance
        if doubt.benefit >= BENEFIT_MIN and wrong >= WRONG_CHANCE_MIN:
            found.append(Question(doubt, first, second))
    return sorted(found, key=lambda question: rank(question.doubt))


def asked_most(records: int) -> int:
    """Return how many questions are asked at a time in a town of so many records."""
    return max(1, int(records * ASKED_SHARE_MAX)) if records else 0


def _by_customers(
    homes: Mapping[int, Hashable], evidence: Iterable[Evidence]
) -> dict[tuple[Hashable, Hashable], list[Evidence]]:
    """Sort evidence by the customers that it is about, whichever stands on the left."""
    found: dict[tuple[Hashable, Hashable], list[Evidence]] = {}
    for pair in evidence:
        one, other = homes[pair.left], homes[pair.right]
        if (other, one) in found:
            one, other = other, one
        found.setdefault((one, other), []).append(pair)
    return found


def _doubtful(pairs: Sequence[Evidence], *, linked: bool) -> bool:
    """Tell whether a look is due: a pair is doubtful, and nothing has settled the matter."""
    most = TIE_BITS_MAX if linked else DOUBT_BITS_MAX
    if not linked and any(pair.apart or pair.settled for pair in pairs):
        return False
    return any(
        APART_BITS_MIN <= pair.weight_bits <= most and not (pair.by_identity or pair.apart)
        for pair in pairs
    )


def _question(
    first: Sequence[int],
    second: Sequence[int],
    between: Sequence[Evidence],
    against: float,
    *,
    linked: bool,
) -> Doubt:
    """Weigh one question: the mean of all pairs between two groups, and what sources say."""
    pairs = len(first) * len(second)
    kept = sum(_bits(pair) for pair in between)
    bits = (kept + UNKEPT_BITS * (pairs - len(between))) / pairs + against
    chance = 1 / (1 + 2.0 ** -max(min(bits, _SURE), -_SURE))
    wrong = WRONG_LINK_COST * (1 - chance) if linked else chance
    benefit = round(wrong * pairs, _BENEFIT_DIGITS)
    best = max(between, key=lambda pair: (_bits(pair), -pair.left, -pair.right))
    return Doubt(
        best.left,
        best.right,
        best.weight_bits,
        linked,
        len(first) + len(second),
        round(chance, _BENEFIT_DIGITS),
        benefit,
        place_of(benefit, best.left, best.right),
    )


def _weakest_tie(
    records: Sequence[int], pairs: Sequence[Evidence]
) -> tuple[list[int], list[int], list[Evidence]] | None:
    """Find where a customer would fall apart first, and what is known across that place.

    Records are tied from the strongest pair down until one tie is missing; what holds the two
    groups that are left is the weakest tie. Where a steward looked at it, or it is sure, there
    is nothing to ask.
    """
    heads = {record: record for record in records}

    def find(record: int) -> int:
        while heads[record] != record:
            heads[record] = heads[heads[record]]
            record = heads[record]
        return record

    groups = len(records)
    ties = [pair for pair in pairs if not pair.apart]
    for pair in sorted(ties, key=lambda pair: (-_bits(pair), pair.left, pair.right)):
        one, other = find(pair.left), find(pair.right)
        if one == other:
            continue
        if groups > 2:
            heads[other] = one
            groups -= 1
            continue
        if _bits(pair) > TIE_BITS_MAX:
            return None
        sides: tuple[list[int], list[int]] = ([], [])
        for record in records:
            sides[find(record) != one].append(record)
        across = [each for each in pairs if find(each.left) != find(each.right)]
        return *sides, across
    return None


def _bits(pair: Evidence) -> float:
    """Return what a pair weighs where numbers and stewards have their say."""
    return _SURE if pair.by_identity or pair.settled else pair.weight_bits


def place_of(benefit: float, left: int, right: int) -> str:
    """Return how people name a place in the queue."""
    return f"{benefit:.{_BENEFIT_DIGITS}f}/{left}/{right}"


def rank(doubt: Doubt) -> tuple[float, int, int]:
    """Return the order of the queue: most benefit first, then the records' numbers."""
    return -doubt.benefit, doubt.left_id, doubt.right_id
