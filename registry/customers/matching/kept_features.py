"""Comparison columns as they are kept: one line of text a record, a fifth of what JSON takes.

A large page reads the columns of seven times as many records as it brings, so their size decides
how long it takes. What other columns tell is left out, and the source, which a record's place
tells. Python reads and writes single records, DuckDB whole towns; a test holds the two to one
another.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Final

from registry.customers.matching.features import Features, door_of
from registry.customers.matching.frequencies import frequency_columns
from registry.customers.matching.standard import DOOR
from schemas.records import CustomerKind

PERSON = CustomerKind.PERSON
# Stands between columns. Nothing holds it: values are folded, checked, or letters and digits alone.
_SEPARATOR: Final = "\t"
# Stands for a list of one empty word; nothing is left of a list that is absent.
_EMPTY_WORD: Final = " "
_ADDRESS: Final = ("postal", "number", "street", "city", "email", "phone", "identifier")
# Columns that are kept as they are, in the order in which a line begins with them.
_PLAIN: Final[Mapping[CustomerKind, tuple[str, ...]]] = {
    PERSON: (
        "given",
        "given_code",
        "initials",
        "family",
        "family_code",
        "family_last_code",
        "gender",
        "national_id",
        "birth",
        *_ADDRESS,
    ),
    CustomerKind.ORGANISATION: (
        "name",
        "sorted_words",
        "name_code",
        "chamber_number",
        "email_domain",
        *_ADDRESS,
    ),
}
# Then those that mostly follow from others, and of these only what does not; at last the bits.
_BITS: Final = {kind: [f"{name}_bits" for name in frequency_columns(kind)] for kind in CustomerKind}

_plain_of = {kind: itemgetter(*names) for kind, names in _PLAIN.items()}
_bits_of = {kind: itemgetter(*names) for kind, names in _BITS.items()}


def line_of(features: Features, kind: CustomerKind) -> str:
    """Return what is kept of a record's comparison columns."""
    values = [value or "" for value in _plain_of[kind](features)]
    # The parts of a shared value still count where the value itself no longer does.
    values.append("" if features["email"] else features["email_name"] or "")
    if kind is PERSON:
        first, names, birth = (features[name] for name in ("first_name", "full_names", "birth"))
        parts = (features[name] for name in ("birth_year", "birth_month", "birth_day"))
        values += ["" if first == features["given"] else first or ""]
        values += ["" if names is None or names == [first] else " ".join(names) or _EMPTY_WORD]
        values += ["" if birth or part is None else str(part) for part in parts]
        values.append(str(features["email_named"]))
    values += map(str, _bits_of[kind](features))
    return _SEPARATOR.join(values)


def features_from(line: str, source: str, kind: CustomerKind) -> Features:
    """Return the comparison columns of a record.

    Args:
        line: What was kept of them.
        source: Where the record comes from.
        kind: Kind of customer.
    """
    values, plain = line.split(_SEPARATOR), _PLAIN[kind]
    known = [value or None for value in values[: len(plain)]]
    found: Features = dict(zip(plain, known, strict=True))
    email_name, *rest = values[len(plain) :]
    email = found["email"]
    found["source"] = source
    found["email_name"] = email.partition("@")[0] if email else email_name or None
    found["door"] = door_of(found)
    if kind is PERSON:
        first, names, year, month, day, named, *rest = rest
        given, family, birth = found["given"], found["family"], found["birth"]
        found["first_name"] = first = first or given
        found["full_names"] = names.rstrip().split(" ") if names else [first] if first else None
        found["given_words"] = given.split(" ") if given else None
        found["family_words"] = family.split(" ") if family else None
        if birth:
            year, month, day = birth[:4], birth[4:6], birth[6:]
        found["birth_year"] = int(year) if year else None
        found["birth_month"] = int(month) if month else None
        found["birth_day"] = int(day) if day else None
        found["email_named"] = int(named)
    else:
        words = found["sorted_words"]
        found["words"] = words.split(" ") if words else None
    found.update(zip(_BITS[kind], map(float, rest), strict=True))
    return found


def line_sql(kind: CustomerKind) -> str:
    """Return SQL over comparison columns that gives what is kept of them."""
    values = [*_PLAIN[kind], "CASE WHEN email IS NULL THEN email_name END"]
    if kind is PERSON:
        names = "array_to_string(full_names, ' ')"
        differ = f"full_names IS NOT NULL AND {names} IS DISTINCT FROM first_name"
        values += [
            "CASE WHEN first_name IS DISTINCT FROM given THEN first_name END",
            f"CASE WHEN {differ} THEN coalesce(nullif({names}, ''), '{_EMPTY_WORD}') END",
            *(
                f"CASE WHEN birth IS NULL THEN {part} END"
                for part in ("birth_year", "birth_month", "birth_day")
            ),
            "email_named",
        ]
    values += _BITS[kind]
    written = ", ".join(f"coalesce(({value})::VARCHAR, '')" for value in values)
    return f"concat_ws(chr({ord(_SEPARATOR)}), {written})"


def features_sql(kind: CustomerKind, given: str) -> str:
    """Return SQL that selects comparison columns from a table with `rid`, `line` and `source`."""
    plain, bits = _PLAIN[kind], _BITS[kind]
    kept = (f"nullif(f[{place}], '')" for place in range(1, 100))
    chosen = [f"{next(kept)} AS {name}" for name in plain]
    chosen.append(f"coalesce({next(kept)}, nullif(split_part(email, '@', 1), '')) AS email_name")
    if kind is PERSON:
        chosen += [
            f"coalesce({next(kept)}, given) AS first_name",
            f"string_split(rtrim(coalesce({next(kept)}, first_name)), ' ') AS full_names",
            "string_split(given, ' ') AS given_words",
            "string_split(family, ' ') AS family_words",
            f"coalesce({next(kept)}, birth[1:4])::SMALLINT AS birth_year",
            f"coalesce({next(kept)}, birth[5:6])::SMALLINT AS birth_month",
            f"coalesce({next(kept)}, birth[7:8])::SMALLINT AS birth_day",
            f"{next(kept)}::SMALLINT AS email_named",
        ]
    else:
        chosen.append("string_split(sorted_words, ' ') AS words")
    chosen += [f"{next(kept)}::FLOAT AS {name}" for name in bits]
    split = f"SELECT rid, source, string_split(line, chr({ord(_SEPARATOR)})) AS f FROM {given}"
    return f"SELECT rid, source, {', '.join(chosen)}, {DOOR} AS door FROM ({split})"
