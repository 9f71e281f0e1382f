"""Look at the records of a page as the live model does: what is compared, under which keys.

Few records are looked at in Python, one after the other. Of many, DuckDB makes the same columns and
keys as in a full run, in a fraction of the time; a test holds the two to one another.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
import orjson

from registry.customers.live.index import KEY_TURN, Live, stored_key
from registry.customers.live.page import KINDS, Clean, PageEngine
from registry.customers.live.wording import keep_words, prepare_words
from registry.customers.live.words import words_of
from registry.customers.matching.blocking import make_keys, rules_for
from registry.customers.matching.copies import content_digest
from registry.customers.matching.engine import run
from registry.customers.matching.features import Features, content_of, features_of
from registry.customers.matching.frequencies import add_bits, forget_shared
from registry.customers.matching.model import KindModel
from registry.customers.matching.standard import PLAIN_COLUMNS, standardise
from registry.customers.matching.train import keep_keys
from schemas.records import CustomerKind

# Fewer records are seen in Python before DuckDB has begun.
SEEN_AT_ONCE_MIN = 600
# The server is kept busy with one part while the next one is looked at.
SEEN_AT_ONCE = 2_500
RECORDS_AT_ONCE = 250
_SIGN, _ALL = 1 << 63, 1 << 64


class Seen(NamedTuple):
    """One record as the live model sees it.

    Attributes:
        record: Its id.
        content: Digest that records of equal content share.
        text: Its comparison columns, as JSON.
        keys: Its blocking keys, ascending, hot ones left out.
        words: Words by which it is found.
        features: Its comparison columns, where they are at hand.
    """

    record: int
    content: int
    text: str
    keys: list[int]
    words: Collection[str]
    features: Features | None = None


def look_at(records: Mapping[int, Clean], live: Live, engine: PageEngine) -> Iterator[list[Seen]]:
    """Look at the records of a page, and yield them part by part.

    Args:
        records: Clean records by id.
        live: The model in force.
        engine: The page's.
    """
    of_kind: dict[CustomerKind, list[Clean]] = {}
    for clean in records.values():
        of_kind.setdefault(KINDS[clean["kind"]], []).append(clean)
    for kind, rows in of_kind.items():
        if len(rows) < SEEN_AT_ONCE_MIN:
            for part in _parts(rows, RECORDS_AT_ONCE):
                yield [see_one(clean, kind, live) for clean in part]
            continue
        model = live.model.kinds[kind]
        for part in _parts(rows, SEEN_AT_ONCE):
            seen = see_many(engine.session(), part, kind, model)
            yield from _parts(seen, RECORDS_AT_ONCE)


def _parts(rows: list[Any], size: int) -> Iterator[list[Any]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def see_one(clean: Clean, kind: CustomerKind, live: Live) -> Seen:
    """Look at one record."""
    seer = live.weighers[kind].seer
    features = features_of(clean, kind)
    seen = seer.see(features)
    return Seen(
        clean["record_id"],
        _signed(content_of(features, kind)),
        orjson.dumps(seen).decode(),
        sorted(stored_key(key, kind) for key in seer.keys(seen)),
        words_of(features, kind),
        seen,
    )


def see_many(
    con: duckdb.DuckDBPyConnection, rows: Sequence[Clean], kind: CustomerKind, model: KindModel
) -> list[Seen]:
    """Look at many records of one kind.

    Args:
        con: A session; it gets tables of ours.
        rows: Clean records.
        kind: Their kind.
        model: The model of it.
    """
    _give(con, rows)
    standardise(con, "given_plain", kind, into="standard_record")
    prepare_words(con)
    keep_words(con, "standard_record", kind)
    digest = _SIGNED.format(content_digest(kind))
    run(
        con,
        "CREATE OR REPLACE TEMP TABLE content AS SELECT id, $digest AS digest FROM standard_record",
        digest=digest,
    )
    forget_shared(con, "standard_record", model.shared)
    add_bits(con, "standard_record", model.frequencies, is_part=True)
    make_keys(con, "standard_record", rules_for(kind, model.records), into="blocking_key")
    keep_keys(con, model.hot_keys, "kept_key")
    turned = _SIGNED.format(f"xor(key, {KEY_TURN[kind]}::UBIGINT)")
    return [Seen(*row) for row in run(con, _SEEN, turned=turned)]


# Digests have 64 bits without a sign, PostgreSQL's bigint has one.
_SIGNED = (
    "(CASE WHEN {0} > 9223372036854775807 THEN {0}::HUGEINT - 18446744073709551616"
    " ELSE {0} END)::BIGINT"
)
_SEEN = """
WITH packed AS (
    SELECT id, rid, struct_pack(*COLUMNS(* EXCLUDE (id, rid))) AS features FROM standard_record
), keyed AS (
    SELECT rid, list_sort(list($turned)) AS keys FROM kept_key GROUP BY rid
)
SELECT id, digest, to_json(features)::VARCHAR, coalesce(keys, []), words
FROM packed JOIN content USING (id) JOIN worded USING (id) LEFT JOIN keyed USING (rid)
"""


def _give(con: duckdb.DuckDBPyConnection, rows: Sequence[Clean]) -> None:
    """Make `given_plain` of clean records."""
    names = [name for name in PLAIN_COLUMNS if name in rows[0]]
    columns: dict[str, Any] = {"id": np.array([row["record_id"] for row in rows], np.int64)}
    for name in names:
        values = np.empty(len(rows), dtype=object)
        values[:] = [row[name] for row in rows]
        if name == "birth_date":
            values[:] = [None if day is None else str(day) for day in values]
        columns[name] = values
    con.register("given_rows", columns)
    # A column of nothing but NULL tells no type.
    typed = ", ".join(f"{name}::VARCHAR AS {name}" for name in names)
    run(
        con,
        "CREATE OR REPLACE TEMP TABLE given_plain AS SELECT id, $typed FROM given_rows",
        typed=typed,
    )
    con.unregister("given_rows")


def _signed(digest: int) -> int:
    return digest - _ALL if digest >= _SIGN else digest
