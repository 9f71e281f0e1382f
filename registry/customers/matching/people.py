"""What is compared between two records of people."""

from registry.customers.matching.levels import (
    ADDRESS,
    IDENTIFIER,
    PHONE,
    PLACE,
    SOURCE,
    Comparison,
    Level,
    either,
)

# About three of a hundred children are born as twins; among all pairs of one household (couples,
# parents and children, siblings) that leaves a few in a thousand.
TWIN_SHARE = 0.005
# Father and son, grandmother and granddaughter of one name under one roof: no register counts
# them, and one pair in a hundred is of the right order to keep them apart.
NAMESAKE_SHARE = 0.01

# Twice what is expected before any data: one person in fourteen records under another given name
# would be a table in which given names tell nobody from anybody.
GIVEN_DIFFERS_MAX = 0.07

# The strongest levels of the two names, or both swapped.
_NO_NAMESAKES = "given_level < 5 OR (family_level > 0 AND family_level < 5)"
# Swapped, slips and second words allowed: the first of a name stands in the other's family name.
_SWAPPED = (
    "(l.given[1] = r.family[1] AND l.family[1] = r.given[1]"
    " AND jaro_winkler_similarity(l.given, r.family) >= 0.9"
    " AND jaro_winkler_similarity(l.family, r.given) >= 0.9)"
)

PERSON = (
    Comparison(
        name="given",
        missing=either("given"),
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
        differs_max=GIVEN_DIFFERS_MAX,
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
        missing=either("family") + " OR given_level = 5",
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
        missing=either("birth"),
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
        # Where a source holds the year alone.
        name="birth_year",
        missing=either("birth_year") + " OR birth_level > 0",
        levels=(
            Level("exact", "l.birth_year = r.birth_year", 0.93),
            Level(
                "next", "l.birth_year = r.birth_year + 1 OR r.birth_year = l.birth_year + 1", 0.02
            ),
        ),
        differs=0.05,
        personal=True,
        coincidence=TWIN_SHARE,
    ),
    Comparison(
        name="gender",
        missing=either("gender") + " OR given_level >= 4",
        levels=(Level("exact", "l.gender = r.gender", 0.97),),
        differs=0.03,
        personal=True,
    ),
    Comparison(
        name="national_id",
        missing=either("national_id"),
        levels=(Level("exact", "l.national_id = r.national_id", 0.99),),
        differs=0.01,
        personal=True,
        counted="national_id",
    ),
    IDENTIFIER,
    Comparison(
        # People of one name whose addresses are made of it ("jan.bos@"): that they are alike is
        # no news, so it is weighed among namesakes only.
        name="name_email",
        missing=f"{_NO_NAMESAKES} OR l.email_named + r.email_named < 2",
        levels=(
            Level("exact", "l.email = r.email", 0.8),
            Level("same_name", "l.email_name = r.email_name", 0.1),
        ),
        differs=0.1,
        personal=True,
        namesakes=True,
    ),
    Comparison(
        name="email",
        missing=either("email") + " OR name_email_level > 0",
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
    PHONE,
    ADDRESS,
    PLACE,
    SOURCE,
)
