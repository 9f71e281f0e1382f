"""From plain columns to comparison columns, the same for a hub's records and anybody's table.

Work that DuckDB cannot do (folding, full names, phonetic codes) is done in Python once per
distinct value, so that a batch and a single record share one definition.
"""

from collections.abc import Callable, Iterable

import duckdb

from registry.customers.matching.engine import map_values, run
from registry.customers.values.names import split_prefix
from registry.customers.values.nicknames import full_names
from registry.customers.values.phonetic import phonetic
from registry.customers.values.text import fold
from schemas.records import CustomerKind

# The plain columns a table may have; absent ones count as missing everywhere.
PLAIN_COLUMNS = (
    "id",
    "source",
    "kind",
    "given_name",
    "initials",
    "name_prefix",
    "family_name",
    "birth_date",
    "gender",
    "national_id",
    "identifier",
    "organisation_name",
    "chamber_number",
    "email",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
)
# Legal forms say what an organisation is, not which one it is.
_LEGAL_FORM_WORDS = """
bv nv vof cv ua ba stichting vereniging maatschap cooperatie cooperatief holding gmbh ag kg ohg ug
ev mbh ltd limited inc incorporated llc llp plc corp corporation co company the de het b v n
og kgaa gbr sarl sas sasu sa srl spa lda sca snc eirl bvba cvba vzw asbl pty pvt oy oyj ab aps kft
zrt bt spol sro doo ood eood ad uab sia ou eg ohg
"""
LEGAL_FORMS = frozenset(_LEGAL_FORM_WORDS.split())
# More words than any name has; what follows is a description.
_WORDS_MAX = 12


# Digits within a word of letters are letters that a scanner misread.
_LOOK_ALIKES = {ord(digit): letter for digit, letter in zip("0158", "olsb", strict=True)}
# Counts up whenever functions of this module see a value otherwise than before, so that no model
# of an earlier release goes on with other features than it was trained on.
FEATURES = 2


def given_features(value: str) -> tuple[str | None, str | None, str, str | None, str]:
    """Return folded given name, first name, full names (blank-parted), phonetic code, initials."""
    words = _name_words(value)[:_WORDS_MAX]
    initials = "".join(word[0] for word in words).upper()
    if not words or all(len(word) == 1 for word in words):
        return None, None, "", None, initials
    first = next(word for word in words if len(word) > 1)
    names = full_names(first)
    return " ".join(words), first, " ".join(names), phonetic(names[0]) or first, initials


def _name_words(value: str) -> list[str]:
    """Return the folded words of a name, with letters for the digits that look like them."""
    folded = fold(value)
    if not any(sign.isdigit() for sign in folded):
        return folded.split()
    return [
        word.translate(_LOOK_ALIKES) if any(sign.isalpha() for sign in word) else word
        for word in folded.split()
    ]


def family_features(value: str) -> tuple[str | None, str | None, str | None]:
    """Return folded family name without prefix, phonetic codes of its first and last word."""
    _, family = split_prefix(value)
    words = [word for word in _name_words(family) if len(word) > 1][:_WORDS_MAX]
    if not words:
        return None, None, None
    return " ".join(words), phonetic(words[0]) or words[0], phonetic(words[-1]) or words[-1]


def organisation_features(value: str) -> tuple[str | None, str | None, str | None]:
    """Return folded name without legal form, its words sorted, phonetic code of the first."""
    words = fold(value).split()
    telling = [word for word in words if word not in LEGAL_FORMS][:_WORDS_MAX] or words
    if not telling:
        return None, None, None
    name = " ".join(telling)
    code = "".join(phonetic(word) or word for word in sorted(set(telling)))[:8]
    return name, " ".join(sorted(set(telling))), code


def street_features(value: str) -> tuple[str | None]:
    """Return the folded street or city."""
    return (fold(value) or None,)


def standardise(
    con: duckdb.DuckDBPyConnection, plain: str, kind: CustomerKind, *, into: str
) -> int:
    """Make the table of comparison columns for one kind of customer.

    Args:
        con: The session.
        plain: Name of a table or view with any of PLAIN_COLUMNS; `id` is required.
        kind: Which records to take.
        into: Name of the table to make; its `rid` counts from 0 in the order of `id`.

    Returns:
        How many records it holds.
    """
    present = {row[0] for row in run(con, "DESCRIBE $plain", plain=plain)}
    chosen = ", ".join(
        name if name in present else f"NULL::VARCHAR AS {name}" for name in PLAIN_COLUMNS
    )
    # A table that does not tell holds persons.
    whole = "true" if kind is CustomerKind.PERSON else "false"
    condition = f"kind = '{kind.value}'" if "kind" in present else whole
    run(
        con,
        "CREATE OR REPLACE TEMP VIEW plain_of_kind AS SELECT $chosen FROM $plain WHERE $condition",
        chosen=chosen,
        plain=plain,
        condition=condition,
    )
    _features(con, "street", ("street", "city"), street_features, ("folded",))
    if kind is CustomerKind.PERSON:
        _features(
            con,
            "given",
            ("given_name",),
            given_features,
            ("folded", "first_name", "full_names", "code", "initials"),
        )
        _features(con, "family", ("family_name",), family_features, ("folded", "code", "last_code"))
        run(con, PERSON_TABLE, into=into)
    else:
        _features(
            con,
            "organisation",
            ("organisation_name",),
            organisation_features,
            ("folded", "words", "code"),
        )
        run(con, ORGANISATION_TABLE, into=into)
    row = run(con, "SELECT count(*) FROM $into", into=into)[0]
    return int(row[0])


def _features(
    con: duckdb.DuckDBPyConnection,
    name: str,
    sources: Iterable[str],
    feature: Callable[[str], tuple[str | None, ...]],
    made: tuple[str, ...],
) -> None:
    """Make the temporary table `<name>_feature(value, ...)` over the distinct values."""
    union = " UNION ALL ".join(
        f"SELECT {source}::VARCHAR AS value FROM plain_of_kind WHERE {source} IS NOT NULL"
        for source in sources
    )
    values = [row[0] for row in run(con, "SELECT DISTINCT value FROM ($union)", union=union)]
    map_values(con, values, feature, made, into=f"{name}_feature")


# A place with its house number; where no postal code is known, street and city say the place.
DOOR = "coalesce(postal, street || ' ' || coalesce(city, '')) || ' ' || number"
_ADDRESS_COLUMNS = """
    nullif(upper(regexp_replace(p.postal_code, '[^0-9A-Za-z]', '', 'g')), '') AS postal,
    nullif(ltrim(regexp_extract(p.house_number, '[0-9]+'), '0'), '') AS number,
    s.folded AS street,
    c.folded AS city,
    lower(p.email) AS email,
    nullif(split_part(lower(p.email), '@', 1), '') AS email_name,
    nullif(right(regexp_replace(p.phone, '[^0-9]', '', 'g'), 9), '') AS phone
"""

PERSON_TABLE = (
    """
CREATE OR REPLACE TABLE $into AS
WITH named AS (
    SELECT (row_number() OVER (ORDER BY p.id) - 1)::INTEGER AS rid, p.id,
        p.source::VARCHAR AS source,
        g.folded AS given, g.first_name, string_split(g.full_names, ' ') AS full_names,
        string_split(g.folded, ' ') AS given_words, g.code AS given_code,
        coalesce(nullif(upper(regexp_replace(p.initials, '[^A-Za-z]', '', 'g')), ''), g.initials)
            AS initials,
        f.folded AS family, string_split(f.folded, ' ') AS family_words,
        f.code AS family_code, f.last_code AS family_last_code,
        nullif(regexp_replace(p.birth_date::VARCHAR, '[^0-9]', '', 'g'), '') AS birth_digits,
        lower(p.gender::VARCHAR)[1] AS gender,
        p.national_id::VARCHAR AS national_id,
        nullif(upper(regexp_replace(p.identifier::VARCHAR, '[^0-9A-Za-z]', '', 'g')), '')
            AS identifier,
"""
    + _ADDRESS_COLUMNS
    + """
    FROM plain_of_kind p
    LEFT JOIN given_feature g ON g.value = p.given_name::VARCHAR
    LEFT JOIN family_feature f ON f.value = p.family_name::VARCHAR
    LEFT JOIN street_feature s ON s.value = p.street::VARCHAR
    LEFT JOIN street_feature c ON c.value = p.city::VARCHAR
), dated AS (
    SELECT * EXCLUDE (birth_digits),
        CASE WHEN length(birth_digits) = 8 THEN birth_digits END AS birth,
        CASE WHEN length(birth_digits) IN (4, 8) THEN birth_digits[:4]::SMALLINT END AS birth_year,
        CASE WHEN (length(first_name) >= 3 AND contains(email_name, first_name))
            OR (length(family) >= 3 AND contains(email_name, family_words[-1])) THEN 1 ELSE 0
        END::SMALLINT AS email_named
    FROM named
)
SELECT *, birth[5:6]::SMALLINT AS birth_month,
    birth[7:8]::SMALLINT AS birth_day,
    """
    + DOOR
    + """ AS door
FROM dated
"""
)

ORGANISATION_TABLE = (
    """
CREATE OR REPLACE TABLE $into AS
WITH named AS (
    SELECT (row_number() OVER (ORDER BY p.id) - 1)::INTEGER AS rid, p.id,
        p.source::VARCHAR AS source,
        o.folded AS name, o.words AS sorted_words, string_split(o.words, ' ') AS words,
        o.code AS name_code,
        p.chamber_number::VARCHAR AS chamber_number,
        nullif(upper(regexp_replace(p.identifier::VARCHAR, '[^0-9A-Za-z]', '', 'g')), '')
            AS identifier,
        nullif(split_part(lower(p.email), '@', 2), '') AS email_domain,
"""
    + _ADDRESS_COLUMNS
    + """
    FROM plain_of_kind p
    LEFT JOIN organisation_feature o ON o.value = p.organisation_name::VARCHAR
    LEFT JOIN street_feature s ON s.value = p.street::VARCHAR
    LEFT JOIN street_feature c ON c.value = p.city::VARCHAR
)
SELECT *, """
    + DOOR
    + """ AS door
FROM named
"""
)
