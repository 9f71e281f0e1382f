"""One clean record in comparable form: the same columns, keys and bits that a batch has.

What DuckDB makes by the hundred thousand in `standard`, this makes one at a time; a test holds
the two to one another. Everything here depends on the record and the frozen model alone.
"""

import hashlib
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.customers.matching.blocking import rules_for
from registry.customers.matching.copies import CONTENT_COLUMNS
from registry.customers.matching.expressions import Texts, texts_of
from registry.customers.matching.model import Frequencies, KindModel
from registry.customers.matching.standard import (
    family_features,
    given_features,
    organisation_features,
    street_features,
)
from registry.customers.values.text import RECENT_VALUES_MAX
from schemas.records import CustomerKind

Features = dict[str, Any]

_NOT_LETTERS = re.compile(r"[^A-Za-z]")
_NOT_ALNUM = re.compile(r"[^0-9A-Za-z]")
_NOT_DIGITS = re.compile(r"[^0-9]")
_FIRST_DIGITS = re.compile(r"[0-9]+")
_PHONE_DIGITS = 9
_BIRTH_DIGITS = 8
_YEAR_DIGITS = 4
# Shorter names stand in any address by chance.
_NAME_LETTERS_MIN = 3
# Stands between and for values when a record's content is digested; no value holds it.
_SEPARATOR, _ABSENT = "\x1f", "\x1e"

# Names, streets and cities repeat within a page and from page to page.
_given = lru_cache(RECENT_VALUES_MAX)(given_features)
_family = lru_cache(RECENT_VALUES_MAX)(family_features)
_organisation_name = lru_cache(RECENT_VALUES_MAX)(organisation_features)
_street = lru_cache(RECENT_VALUES_MAX)(street_features)


def _plain_md5() -> Callable[[bytes], Any]:
    """Return Python's own md5 where it was built in: OpenSSL's costs short texts twice as much."""
    try:
        found: Callable[[bytes], Any] = import_module("_md5").md5
    except ImportError:
        found = partial(hashlib.md5, usedforsecurity=False)
    return found


_md5 = _plain_md5()
_second_half = struct.Struct("<8xQ").unpack


def digest(text: str) -> int:
    """Return what DuckDB's md5_number_lower returns: the second half of md5, lowest byte first."""
    found: int = _second_half(_md5(text.encode()).digest())[0]
    return found


# Of values that may repeat; a key seldom does.
_value_digest = lru_cache(RECENT_VALUES_MAX)(digest)


def features_of(row: Mapping[str, Any], kind: CustomerKind) -> Features:
    """Return the comparison columns of one clean record, before a model has seen it."""
    found = _person(row) if kind is CustomerKind.PERSON else _organisation(row)
    email = (row["email"] or "").lower() or None
    street = _street(row["street"])[0] if row["street"] else None
    city = _street(row["city"])[0] if row["city"] else None
    postal = _NOT_ALNUM.sub("", row["postal_code"] or "").upper() or None
    digits = _FIRST_DIGITS.search(row["house_number"] or "")
    number = (digits.group().lstrip("0") if digits else "") or None
    seen = found | {
        "source": row["source"],
        "postal": postal,
        "number": number,
        "street": street,
        "city": city,
        "email": email,
        "email_name": (email or "").partition("@")[0] or None,
        "phone": _NOT_DIGITS.sub("", row["phone"] or "")[-_PHONE_DIGITS:] or None,
        "identifier": None,
    }
    seen["door"] = door_of(seen)
    if kind is CustomerKind.PERSON:
        seen["email_named"] = int(_is_named(seen))
    return seen


def door_of(features: Features) -> str | None:
    """Return the place of a record with its house number, as DOOR in `standard` does."""
    street, number = features["street"], features["number"]
    place = features["postal"] or (f"{street} {features['city'] or ''}" if street else None)
    return f"{place} {number}" if place and number else None


def _is_named(seen: Features) -> bool:
    """Tell whether an e-mail address is made of its owner's name."""
    name, first, family = seen["email_name"] or "", seen["first_name"], seen["family"]
    return bool(
        (first and len(first) >= _NAME_LETTERS_MIN and first in name)
        or (family and len(family) >= _NAME_LETTERS_MIN and seen["family_words"][-1] in name)
    )


def _person(row: Mapping[str, Any]) -> Features:
    given: tuple[Any, ...] = (None, None, None, None, None)
    family: tuple[Any, ...] = (None, None, None)
    if row["given_name"]:
        given = _given(row["given_name"])
    if row["family_name"]:
        family = _family(row["family_name"])
    initials = _NOT_LETTERS.sub("", row["initials"] or "").upper() or None
    digits = _NOT_DIGITS.sub("", str(row["birth_date"] or ""))
    birth = digits if len(digits) == _BIRTH_DIGITS else None
    return {
        "given": given[0],
        "first_name": given[1],
        "full_names": None if given[2] is None else given[2].split(" "),
        "given_words": None if given[0] is None else given[0].split(" "),
        "given_code": given[3],
        "initials": initials if initials is not None else given[4],
        "family": family[0],
        "family_words": None if family[0] is None else family[0].split(" "),
        "family_code": family[1],
        "family_last_code": family[2],
        "gender": row["gender"].lower()[:1] if row["gender"] else None,
        "national_id": row["national_id"],
        "birth": birth,
        "birth_year": int(digits[:4]) if birth or len(digits) == _YEAR_DIGITS else None,
        "birth_month": int(birth[4:6]) if birth else None,
        "birth_day": int(birth[6:8]) if birth else None,
    }


def _organisation(row: Mapping[str, Any]) -> Features:
    made: tuple[Any, ...] = (None, None, None)
    if row["organisation_name"]:
        made = _organisation_name(row["organisation_name"])
    domain = (row["email"] or "").lower().split("@")
    return {
        "name": made[0],
        "sorted_words": made[1],
        "words": None if made[1] is None else made[1].split(" "),
        "name_code": made[2],
        "chamber_number": row["chamber_number"],
        "email_domain": (domain[1] if len(domain) > 1 else "") or None,
    }


def content_of(features: Features, kind: CustomerKind) -> int:
    """Return the digest that records with the same content share."""
    values = (features[name] for name in CONTENT_COLUMNS[kind])
    return digest(_SEPARATOR.join(_ABSENT if value is None else value for value in values))


@dataclass(frozen=True)
class Seer:
    """A frozen model's view on single records: what it forgets, how rare values are, which keys."""

    shared: Mapping[str, frozenset[int]]
    rarity: Sequence[tuple[str, str, Mapping[int, float], float]]
    texts: Texts
    hot_keys: frozenset[int]

    def see(self, features: Features) -> Features:
        """Return features without shared values and with the bits of the others."""
        seen = dict(features)
        for column, keys in self.shared.items():
            if keys and seen[column] is not None and _value_digest(seen[column]) in keys:
                seen[column] = None
        for column, name, bits, rest in self.rarity:
            value = seen[column]
            seen[name] = bits.get(_value_digest(value), rest) if bits and value else rest
        return seen

    def keys(self, seen: Features) -> list[int]:
        """Return the record's blocking keys, hot ones left out."""
        return sorted({digest(text) for text in self.texts(seen) if text} - self.hot_keys)


def seer_of(model: KindModel, kind: CustomerKind) -> Seer:
    """Prepare a model for single records; costs some milliseconds, so keep the outcome."""
    return Seer(
        shared={column: _numbers(keys) for column, keys in model.shared.items()},
        rarity=[_rarity(column, found) for column, found in model.frequencies.items()],
        texts=texts_of([(rule.name, rule.sql) for rule in rules_for(kind, model.records)]),
        hot_keys=_numbers(model.hot_keys),
    )


def _numbers(keys: NDArray[np.uint64]) -> frozenset[int]:
    return frozenset(keys.tolist())


def _rarity(column: str, found: Frequencies) -> tuple[str, str, Mapping[int, float], float]:
    bits = dict(zip(found.keys.tolist(), found.bits.tolist(), strict=True))
    return column, f"{column}_bits", bits, found.rest_bits
