"""What is compared between two records, and the levels of agreement, in one place.

Levels are data: DuckDB scores batches from the SQL below, and anything that scores a single pair
must read the same tables. A comparison's levels run from the strongest down; what fits none is
"differs". Level numbers in patterns: 0 is missing on either side, 1 is "differs", 2 and up are
the levels from weakest to strongest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.records import CustomerKind


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
            never explain agreement on who somebody is (facts measured on towns without
            households lose recall otherwise).
        coincidence: Share of household pairs that agree at the strongest level all the same:
            twins share a birth date, fathers and sons a name.
        frequency: Record column whose rarity scales the strongest level, if any.
        counted: Record column whose equal values make the strongest level, if any; how often
            strangers agree on it is then counted instead of sampled.
    """

    name: str
    missing: str
    levels: tuple[Level, ...]
    differs: float
    personal: bool = False
    coincidence: float = 0.0
    frequency: str | None = None
    counted: str | None = None

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


# About three of a hundred children are born as twins; among all pairs of one household (couples,
# parents and children, siblings) that leaves a few in a thousand.
TWIN_SHARE = 0.005
# Father and son, grandmother and granddaughter of one name under one roof: no register counts
# them, and one pair in a hundred is of the right order to keep them apart.
NAMESAKE_SHARE = 0.01

_EITHER = "(l.{0} IS NULL OR r.{0} IS NULL)"


def _either(column: str) -> str:
    return _EITHER.format(column)


def _slip(column: str) -> str:
    # levenshtein is six times faster and bounds damerau_levenshtein from above
    left, right = f"l.{column}", f"r.{column}"
    return f"(levenshtein({left}, {right}) <= 2 AND damerau_levenshtein({left}, {right}) = 1)"


_SWAPPED = "l.given = r.family AND l.family = r.given"
_SAME_NUMBER = "l.number = r.number"
_SAME_STREET = "l.street = r.street"
_NEAR_STREET = "jaro_winkler_similarity(l.street, r.street) >= 0.9"

_PHONE = Comparison(
    name="phone",
    missing=_either("phone"),
    levels=(
        Level("exact", "l.phone = r.phone", 0.6),
        Level("slip", _slip("phone"), 0.03),
    ),
    differs=0.37,
    frequency="phone",
    counted="phone",
)

_ADDRESS = Comparison(
    name="address",
    missing=f"{_either('postal')} AND {_either('street')}",
    levels=(
        Level(
            "door",
            f"{_SAME_NUMBER} AND (({_SAME_STREET} AND"
            " (l.postal = r.postal OR l.city = r.city)) OR (l.postal = r.postal AND"
            f" ({_either('street')} OR {_NEAR_STREET})))",
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
            f" OR (length(l.postal) >= 4 AND {_slip('postal')})",
            0.05,
        ),
    ),
    differs=0.17,
    frequency="door",
    counted="door",
)

_PLACE = Comparison(
    name="place",
    missing=_either("city") + " OR address_level > 2",
    levels=(
        Level("exact", "l.city = r.city", 0.6),
        Level("close", "jaro_winkler_similarity(l.city, r.city) >= 0.9", 0.1),
    ),
    differs=0.3,
    frequency="city",
)

_SOURCE = Comparison(
    name="source",
    missing=_either("source"),
    levels=(Level("same", "l.source = r.source", 0.3),),
    differs=0.7,
)

PERSON = (
    Comparison(
        name="given",
        missing=_either("given"),
        levels=(
            Level("exact", "l.given = r.given", 0.75),
            Level("swapped", _SWAPPED, 0.005),
            Level("related", "list_has_any(l.full_names, r.full_names)", 0.1),
            Level("close", "jaro_winkler_similarity(l.given, r.given) >= 0.9", 0.08),
            Level(
                "similar",
                "jaro_winkler_similarity(l.first_name, r.first_name) >= 0.8"
                " OR list_contains(l.given_words, r.first_name)"
                " OR list_contains(r.given_words, l.first_name)",
                0.03,
            ),
        ),
        differs=0.035,
        personal=True,
        coincidence=NAMESAKE_SHARE,
        frequency="first_name",
        counted="given",
    ),
    Comparison(
        name="initials",
        missing="given_level > 0 OR l.initials IS NULL OR r.initials IS NULL",
        levels=(
            Level("exact", "l.initials = r.initials AND length(l.initials) > 1", 0.5),
            Level(
                "compatible",
                "starts_with(l.initials, r.initials) OR starts_with(r.initials, l.initials)",
                0.4,
            ),
            Level("first", "l.initials[1] = r.initials[1]", 0.05),
        ),
        differs=0.05,
        personal=True,
        coincidence=NAMESAKE_SHARE,
    ),
    Comparison(
        name="second_initials",
        missing="given_level = 0 OR length(l.initials) < 2 OR length(r.initials) < 2"
        " OR l.initials IS NULL OR r.initials IS NULL",
        levels=(
            Level("exact", "l.initials[2:] = r.initials[2:]", 0.7),
            Level(
                "compatible",
                "starts_with(l.initials[2:], r.initials[2:])"
                " OR starts_with(r.initials[2:], l.initials[2:])",
                0.2,
            ),
        ),
        differs=0.1,
        personal=True,
    ),
    Comparison(
        name="family",
        missing=_either("family") + " OR given_level = 5",
        levels=(
            Level("exact", "l.family = r.family", 0.85),
            Level("part", "list_has_any(l.family_words, r.family_words)", 0.04),
            Level("close", "jaro_winkler_similarity(l.family, r.family) >= 0.92", 0.06),
            Level("similar", "jaro_winkler_similarity(l.family, r.family) >= 0.8", 0.02),
        ),
        differs=0.03,
        frequency="family",
        counted="family",
    ),
    Comparison(
        name="birth",
        missing=_either("birth"),
        levels=(
            Level("exact", "l.birth = r.birth", 0.9),
            Level(
                "slip",
                "hamming(l.birth, r.birth) = 1 OR (l.birth_year = r.birth_year"
                " AND l.birth_month = r.birth_day AND l.birth_day = r.birth_month)"
                " OR (hamming(l.birth, r.birth) = 2 AND damerau_levenshtein(l.birth, r.birth) = 1)",
                0.06,
            ),
            Level(
                "two_parts",
                "(l.birth_year = r.birth_year)::INT + (l.birth_month = r.birth_month)::INT"
                " + (l.birth_day = r.birth_day)::INT = 2",
                0.02,
            ),
            Level("year", "l.birth_year = r.birth_year", 0.005),
        ),
        differs=0.015,
        personal=True,
        coincidence=TWIN_SHARE,
        frequency="birth",
        counted="birth",
    ),
    Comparison(
        name="gender",
        missing=_either("gender") + " OR given_level >= 4",
        levels=(Level("exact", "l.gender = r.gender", 0.97),),
        differs=0.03,
        personal=True,
    ),
    Comparison(
        name="national_id",
        missing=_either("national_id"),
        levels=(Level("exact", "l.national_id = r.national_id", 0.99),),
        differs=0.01,
        personal=True,
        counted="national_id",
    ),
    Comparison(
        name="identifier",
        missing=_either("identifier"),
        levels=(
            Level("exact", "l.identifier = r.identifier", 0.93),
            Level("slip", _slip("identifier"), 0.05),
        ),
        differs=0.02,
        personal=True,
        frequency="identifier",
        counted="identifier",
    ),
    Comparison(
        name="email",
        missing=_either("email"),
        levels=(
            Level("exact", "l.email = r.email", 0.6),
            Level(
                "close",
                "l.email_name = r.email_name OR jaro_winkler_similarity(l.email, r.email) >= 0.95",
                0.1,
            ),
        ),
        differs=0.3,
        frequency="email",
        counted="email",
    ),
    _PHONE,
    _ADDRESS,
    _PLACE,
    _SOURCE,
)


ORGANISATION = (
    Comparison(
        name="name",
        missing=_either("name"),
        levels=(
            Level("exact", "l.name = r.name", 0.6),
            Level("same_words", "l.sorted_words = r.sorted_words", 0.05),
            Level(
                "contained",
                "length(least(l.name, r.name)) >= 3 AND"
                " (list_has_all(l.words, r.words) OR list_has_all(r.words, l.words))",
                0.1,
            ),
            Level("close", "jaro_winkler_similarity(l.sorted_words, r.sorted_words) >= 0.92", 0.1),
            Level("shared_words", "len(list_intersect(l.words, r.words)) >= 2", 0.05),
            Level(
                "similar",
                "jaro_winkler_similarity(l.name, r.name) >= 0.8 OR l.words[1] = r.words[1]",
                0.05,
            ),
        ),
        differs=0.05,
        personal=True,
        frequency="name",
        counted="name",
    ),
    Comparison(
        name="chamber_number",
        missing=_either("chamber_number"),
        levels=(Level("exact", "l.chamber_number = r.chamber_number", 0.97),),
        differs=0.03,
        personal=True,
        counted="chamber_number",
    ),
    Comparison(
        name="identifier",
        missing=_either("identifier"),
        levels=(
            Level("exact", "l.identifier = r.identifier", 0.93),
            Level("slip", _slip("identifier"), 0.05),
        ),
        differs=0.02,
        personal=True,
        frequency="identifier",
        counted="identifier",
    ),
    Comparison(
        name="email",
        missing=_either("email"),
        levels=(
            Level("exact", "l.email = r.email", 0.5),
            Level("domain", "l.email_domain = r.email_domain", 0.2),
        ),
        differs=0.3,
        frequency="email",
        counted="email",
    ),
    _PHONE,
    _ADDRESS,
    _PLACE,
    _SOURCE,
)

COMPARISONS: Mapping[CustomerKind, tuple[Comparison, ...]] = {
    CustomerKind.PERSON: PERSON,
    CustomerKind.ORGANISATION: ORGANISATION,
}


@dataclass(frozen=True)
class Identity:
    """An official number that decides by itself.

    Attributes:
        column: Comparison whose agreement makes one customer and whose difference makes two.
        contradicted_by: Comparison that can speak against an agreeing number, if any.
        contradiction_level_max: Up to this level it does.
    """

    column: str
    contradicted_by: str | None = None
    contradiction_level_max: int = 0


IDENTITIES: Mapping[CustomerKind, Identity] = {
    # A birth date of which at most the year agrees: somebody typed another person's number.
    CustomerKind.PERSON: Identity("national_id", "birth", 2),
    CustomerKind.ORGANISATION: Identity("chamber_number"),
}
