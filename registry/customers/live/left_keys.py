"""A source deletes a key and gives it to somebody later: who bore it is known by digests alone.

A decision is kept by keys and waits for a record that its source has deleted, because sources
withdraw people and bring them back. Who comes back under the key may be somebody else; so of every
record that leaves while a decision names it, or falls silent about a name or a birth, digests of
what it said are kept: of names and what sounds or looks like them, of the birth date part by part,
of the official number. They are keyed by data set and key, so that they tell nothing but whether
this key still means the same person.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from registry.customers.live.words import slips_of
from registry.customers.matching.features import Features, features_of
from registry.storage.copying import array_of
from schemas.records import CustomerKind

DIGEST_BYTES: Final = 6  # chance makes two of some thirty alike once in 10^12 records
WORDS_MAX: Final = 12  # of one name; what is pasted into it tells nobody from anybody
# Of given name, family name and birth date so many must differ wholly: one that does is a wedding,
# a correction or a slip.
DIFFERING_MIN: Final = 2

Clean = Mapping[str, Any]
Marks = Mapping[str, Sequence[str]]


class Left(NamedTuple):
    """Who bore a key, as far as digests tell."""

    kind: str
    marks: Marks


class Agreement(NamedTuple):
    """Whether two records under one key agree; None where either of them is silent."""

    given: bool | None = None  # the first initial, where a given name is missing
    family: bool | None = None
    birth: bool | None = None
    name: bool | None = None  # of an organisation
    number: bool | None = None


def somebody_else(kind: CustomerKind, agree: Agreement) -> bool:
    """Tell whether two records of one kind under one key are about two people, or organisations.

    A person is somebody else where two of given name, family name and birth date have nothing in
    common, and neither the birth date nor the official number agrees; an organisation where both
    name and number differ. Who has both records knows agreement by the levels of matching
    (`reused_keys`); of a record that left only digests are here.
    """
    if kind is CustomerKind.ORGANISATION:
        return agree.name is False and agree.number is False
    if agree.birth or agree.number:
        return False
    return (agree.given, agree.family, agree.birth).count(False) >= DIFFERING_MIN


class LeftRow(NamedTuple):
    """Who bore which key."""

    data_set_id: UUID
    key: str
    kind: str
    marks: Marks


def keep_marks(db: psycopg.Connection, left: Iterable[LeftRow]) -> None:
    """Keep what tells who bore the keys of records that leave, or that fall silent.

    Args:
        db: Connection in the transaction in which they do.
        left: One row per key.
    """
    rows = [(row.data_set_id, row.key, row.kind, Jsonb(dict(row.marks))) for row in left]
    if rows:
        db.cursor().executemany(_KEEP, rows)


def marks_of(row: Clean) -> dict[str, list[str]]:
    """Return digests of what a clean record says, by attribute; none where it says nothing.

    Args:
        row: Clean record with data_set_id and source_key.
    """
    features = features_of({**row, "source": ""}, CustomerKind(row["kind"]))
    said = _person(features) if row["kind"] == CustomerKind.PERSON else _organisation(features)
    # A text of any length may be hashed, a key of 64 bytes at most is a key.
    salt = blake2b(f"{row['data_set_id']}\x1f{row['source_key']}".encode(), digest_size=32).digest()
    return {
        name: sorted(
            blake2b(value.encode(), digest_size=DIGEST_BYTES, key=salt).hexdigest()
            for value in values
        )
        for name, values in said.items()
        if values
    }


def left_for_somebody_else(left: Left, now: Clean) -> bool:
    """Tell whether who bears a key now is somebody else than who left, as far as digests can tell.

    Args:
        left: Who bore the key before.
        now: Clean record with data_set_id and source_key.
    """
    if left.kind != now["kind"]:
        return True
    before, after = left.marks, marks_of(now)

    def agree(name: str, other: str | None = None) -> bool | None:
        mine, theirs = before.get(name), after.get(other or name)
        return bool(set(mine) & set(theirs)) if mine and theirs else None

    given, family = agree("given"), agree("family")
    if agree("given", "family") and agree("family", "given"):
        given = family = True  # a source that swaps them
    return somebody_else(
        CustomerKind(left.kind),
        Agreement(
            given=agree("initial") if given is None else given,
            family=family,
            birth=agree("birth"),
            name=agree("name"),
            number=agree("number"),
        ),
    )


def _person(features: Features) -> dict[str, set[str]]:
    birth = features["birth"]
    parts = set[str]()
    if birth:
        year, month, day = birth[:4], birth[4:6], birth[6:]
        # Two of three parts agree, or day and month are swapped.
        parts = {f"{year}{month}--", f"{year}--{day}", f"----{month}{day}"}
        parts.add("".join((year, *sorted((month, day)))))
    return {
        "given": _spellings([*(features["given_words"] or ()), *(features["full_names"] or ())]),
        "initial": {features["initials"][0]} if features["initials"] else set(),
        "family": _spellings(features["family_words"] or ()),
        "birth": parts,
        "number": {features["national_id"]} if features["national_id"] else set(),
    }


def _organisation(features: Features) -> dict[str, set[str]]:
    number = features["chamber_number"]
    return {
        "name": _spellings(features["words"] or ()),
        "number": {number} if number else set(),
    }


def _spellings(words: Iterable[str]) -> set[str]:
    """Return what words share with those that are one slip away from them, or sound alike."""
    return {slip for word in list(words)[:WORDS_MAX] for slip in slips_of(word)}


def forget_marks(db: psycopg.Connection) -> None:
    """Forget the marks of keys that no decision names any more."""
    db.execute(_FORGET_UNNAMED)


def drop_marks(db: psycopg.Connection, records: Iterable[int]) -> None:
    """Drop the marks of keys whose records are back."""
    db.execute(_DROP, (array_of(records),))


_KEEP = """
INSERT INTO left_key (data_set_id, key, kind, marks, left_at)
VALUES (%s, %s, %s, %s, clock_timestamp())
ON CONFLICT (data_set_id, key) DO UPDATE SET kind = excluded.kind, marks = excluded.marks,
    left_at = excluded.left_at
"""
_DROP = """
DELETE FROM left_key l USING landed_record r
WHERE r.id = ANY(%s::bigint[]) AND l.data_set_id = r.data_set_id AND l.key = r.key
"""
_FORGET_UNNAMED = """
DELETE FROM left_key l WHERE NOT EXISTS (
    SELECT FROM match_decision d
    WHERE d.data_set_l = l.data_set_id AND d.key_l = l.key AND d.undone_at IS NULL)
AND NOT EXISTS (
    SELECT FROM match_decision d
    WHERE d.data_set_r = l.data_set_id AND d.key_r = l.key AND d.undone_at IS NULL)
"""
