"""Levels of agreement, and the comparisons that people and organisations share.

Levels are data: DuckDB scores batches from the SQL below, and anything that scores a single pair
must read the same tables. A comparison's levels run from the strongest down; what fits none is
"differs". Level numbers in patterns: 0 is missing on either side, 1 is "differs", 2 and up are
the levels from weakest to strongest.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Level:
    """One degree of agreement.

    Attributes:
        name: For people and for stored models.
        sql: Condition over the records `l` and `r` and over earlier `<comparison>_level` columns.
        prior: Share of truly matching pairs expected here before any data is seen.
    """

    name: str
    sql: str
    prior: float


@dataclass(frozen=True)
class Comparison:
    """One attribute, compared.

    Attributes:
        name: Its name in patterns and models.
        missing: Condition under which the two records cannot be compared.
        levels: Strongest first.
        differs: Prior share of truly matching pairs that differ.
        personal: True where members of one household agree no more than strangers do. Their
            likelihood in the household class is pinned to the strangers', so that this class can
            never explain agreement on who somebody is; left free, it did in tables without
            households, and true pairs were lost.
        differs_max: Largest share of truly matching pairs that can differ. Where nothing but a
            given name tells two people of a household apart, training would else take households
            for customers who often change their name.
        coincidence: Share of household pairs that agree at the strongest level all the same:
            twins share a birth date, fathers and sons a name.
        frequency: Record column whose rarity scales the strongest level, if any.
        counted: Record column whose equal values make the strongest level, if any; how often
            strangers agree on it is then counted instead of sampled.
        namesakes: True where only people of one name are compared. How often strangers agree is
            then measured on pairs of one name whose birth dates differ wholly, not on random
            pairs, which would take agreement that the name explains for evidence.
    """

    name: str
    missing: str
    levels: tuple[Level, ...]
    differs: float
    personal: bool = False
    differs_max: float = 1.0
    coincidence: float = 0.0
    frequency: str | None = None
    counted: str | None = None
    namesakes: bool = False

    @property
    def size(self) -> int:
        """Return the number of level numbers, missing and "differs" included."""
        return len(self.levels) + 2

    @property
    def column(self) -> str:
        """Return the column that holds the level number of a pair."""
        return f"{self.name}_level"

    def case(self) -> str:
        """Return the SQL expression of the level number."""
        lines = [f"WHEN {self.missing} THEN 0"]
        strongest = len(self.levels) + 1
        lines += [
            f"WHEN {level.sql} THEN {strongest - step}" for step, level in enumerate(self.levels)
        ]
        return "CASE " + " ".join(lines) + " ELSE 1 END"

    def priors(self) -> list[float]:
        """Return prior shares by level number, from "differs" up."""
        return [self.differs, *(level.prior for level in reversed(self.levels))]


def either(column: str) -> str:
    """Return the condition under which a column cannot be compared."""
    return f"(l.{column} IS NULL OR r.{column} IS NULL)"


def slip(column: str) -> str:
    """Return the condition under which one keystroke or one swap parts two texts."""
    # levenshtein is six times faster and bounds damerau_levenshtein from above
    left, right = f"l.{column}", f"r.{column}"
    return f"(levenshtein({left}, {right}) <= 2 AND damerau_levenshtein({left}, {right}) = 1)"


_SAME_NUMBER = "l.number = r.number"
_SAME_STREET = "l.street = r.street"
_NEAR_STREET = "jaro_winkler_similarity(l.street, r.street) >= 0.9"

PHONE = Comparison(
    name="phone",
    missing=either("phone"),
    levels=(
        Level("exact", "l.phone = r.phone", 0.6),
        Level("slip", slip("phone"), 0.03),
    ),
    differs=0.37,
    frequency="phone",
    counted="phone",
)

ADDRESS = Comparison(
    name="address",
    missing=f"{either('postal')} AND {either('street')}",
    levels=(
        Level(
            "door",
            f"{_SAME_NUMBER} AND (({_SAME_STREET} AND"
            " (l.postal = r.postal OR l.city = r.city)) OR (l.postal = r.postal AND"
            f" ({either('street')} OR {_NEAR_STREET})))",
            0.6,
        ),
        Level(
            "near_door",
            f"{_SAME_NUMBER} AND (l.street = r.street OR l.postal = r.postal OR {_NEAR_STREET})",
            0.1,
        ),
        Level(
            "street",
            "(l.street = r.street AND (l.postal = r.postal OR l.city = r.city))"
            " OR (length(l.postal) >= 5 AND l.postal = r.postal)",
            0.08,
        ),
        Level(
            "near",
            f"l.postal = r.postal OR {_NEAR_STREET}"
            f" OR (length(l.postal) >= 4 AND {slip('postal')})",
            0.05,
        ),
    ),
    differs=0.17,
    frequency="door",
    counted="door",
)

IDENTIFIER = Comparison(
    name="identifier",
    missing=either("identifier"),
    levels=(
        Level("exact", "l.identifier = r.identifier", 0.93),
        Level("slip", slip("identifier"), 0.05),
    ),
    differs=0.02,
    personal=True,
    frequency="identifier",
    counted="identifier",
)

PLACE = Comparison(
    name="place",
    missing=either("city") + " OR address_level > 2",
    levels=(
        Level("exact", "l.city = r.city", 0.6),
        Level("close", "jaro_winkler_similarity(l.city, r.city) >= 0.9", 0.1),
    ),
    differs=0.3,
    frequency="city",
)

SOURCE = Comparison(
    name="source",
    missing=either("source"),
    levels=(Level("same", "l.source = r.source", 0.3),),
    differs=0.7,
)
