"""Take over what another system knew: which records it held for one customer, by which id.

A cross-reference table becomes links that stand above every model, as a steward's do, and can be
undone one by one. The ids it used lead to our customers from then on. What a person decided here
about a pair, or undid, is never overruled by a file.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

import psycopg

from registry.customers.live.commands import rematch
from registry.customers.live.delta import match_records
from registry.customers.live.index import LANDING
from registry.customers.values.reasons import stated
from registry.storage.copying import copy_into
from schemas.base import uuid7
from schemas.errors import InvalidInput

# The largest table of a city with ten sources; it is read at once.
FILE_BYTES_MAX = 256 * 1024 * 1024
# More records under one id are a placeholder of the old system, not a customer.
GOLDEN_RECORDS_MAX = 200
# Keys and ids longer than this are not ours to keep.
TEXT_CHARACTERS_MAX = 400
# A page of this size is cheaper to match by itself than in a full run.
PAGE_RECORDS_MAX = 5_000
# Names shown of what could not be placed.
SHOWN_MAX = 20
# Ids that are no UUID become one in this namespace, so that they need no table of their own.
_NAMESPACE: Final = UUID("6f6b4c1e-6a0b-5d0e-9a51-2f1f7c3b8d40")
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "source": ("source", "datasource", "dataset", "system", "sourcesystem", "bron"),
    "key": ("key", "recordid", "sourcekey", "sourceid", "localid", "id", "sleutel"),
    "golden": ("golden", "goldenid", "masterid", "clusterid", "cluster", "zinggid", "mdmid"),
}


@dataclass(frozen=True)
class Named:
    """One line of a cross-reference table."""

    source: str
    key: str
    golden: str


@dataclass(frozen=True)
class TruthReport:
    """What became of a table; counts, and names of sources only.

    Attributes:
        rows: Lines of the table.
        records: Lines whose record is here.
        unknown_records: Lines whose source is here and whose record is not.
        unknown_sources: Sources that no data set is called like, at most SHOWN_MAX.
        contradictions: Records that the table gives two ids; their lines count for nothing.
        placeholders: Ids with more than GOLDEN_RECORDS_MAX records; they count for nothing.
        links: Pairs that are linked from now on.
        kept: Pairs that somebody had decided on before; that decision stays.
        ids: Earlier ids that lead to a customer now.
        divided: Earlier ids whose records are several customers still; they lead to the largest.
    """

    rows: int
    records: int
    unknown_records: int
    unknown_sources: list[str]
    contradictions: int
    placeholders: int
    links: int
    kept: int
    ids: int
    divided: int


def alias_of(golden: str) -> UUID:
    """Return the id under which an earlier golden id is kept: itself where it is a UUID."""
    try:
        return UUID(golden)
    except ValueError:
        # What no text can hold is nobody's id.
        return uuid5(_NAMESPACE, golden.encode(errors="replace").decode())


def read_table(text: str, *, roles: Mapping[str, str], source: str | None = None) -> list[Named]:
    """Read a cross-reference table.

    Args:
        text: CSV with a line of column names; comma, semicolon, tab or bar between values.
        roles: Column by role (source, key, golden), where its name does not tell.
        source: Source of all lines, where no column says it.

    Raises:
        InvalidInput: A column is missing or named twice, or a line cannot be read.
    """
    head = text.split("\n", 1)[0]
    mark = max(",;\t|", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        columns = [name.strip() for name in next(lines, [])]
        places = _places(columns, roles, source)
        return list(_read(lines, len(columns), places, source))
    except csv.Error as error:
        raise InvalidInput(f"Line {lines.line_num} is no CSV: {error}.") from error


def _places(columns: Sequence[str], roles: Mapping[str, str], source: str | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for role, usual in _USUAL.items():
        if role == "source" and source is not None:
            continue
        named = roles.get(role)
        fits = [
            place
            for place, column in enumerate(columns)
            if (column == named if named else _plain(column) in usual)
        ]
        if len(fits) != 1:
            which = f"called {named}" if named else f"that tell the {role}"
            raise InvalidInput(
                f"The table has {len(fits)} columns {which}; it needs one.",
                remedy=f"Name it with --{role} COLUMN; there are: {', '.join(columns) or 'none'}.",
            )
        found[role] = fits[0]
    if len(set(found.values())) < len(found):
        raise InvalidInput("One column cannot be two things; name three different ones.")
    return found


def _read(
    lines: Iterator[list[str]], width: int, places: Mapping[str, int], source: str | None
) -> Iterator[Named]:
    for number, line in enumerate(lines, start=2):
        if not any(value.strip() for value in line):
            continue
        if len(line) != width:
            raise InvalidInput(f"Line {number} has {len(line)} values, the first line {width}.")
        values = {role: line[place].strip() for role, place in places.items()}
        named = Named(
            source if source is not None else values["source"], values["key"], values["golden"]
        )
        for value in (named.source, named.key, named.golden):
            if not value or len(value) > TEXT_CHARACTERS_MAX or "\0" in value:
                raise InvalidInput(
                    f"Line {number} has a value that is empty or longer than"
                    f" {TEXT_CHARACTERS_MAX} characters."
                )
        yield named


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def import_truth(
    db: psycopg.Connection, rows: Sequence[Named], *, actor: str, reason: str
) -> TruthReport:
    """Link what a table says is one customer, and let its ids lead there.

    Args:
        db: Connection in the caller's transaction.
        rows: The table.
        actor: Who takes it over.
        reason: Why, kept with every link.

    Raises:
        InvalidInput: Reason or actor is empty, or two data sets go by one name of the table.
    """
    reason, actor = stated(reason, actor, what="A table of links")
    db.execute(LANDING)  # an erasure that is under way ends first
    data_sets = _data_sets(db, {row.source for row in rows})
    placed = _records(db, [row for row in rows if row.source in data_sets], data_sets)
    golden, contradictions = _goldens(rows, placed)
    large = [name for name, records in golden.items() if len(records) > GOLDEN_RECORDS_MAX]
    for name in large:
        del golden[name]
    pairs = [(records[0], other) for records in golden.values() for other in records[1:]]
    links, kept = _keep_links(db, pairs, actor=actor, reason=reason)
    touched = sorted({record for pair in links for record in pair})
    if touched and (len(touched) > PAGE_RECORDS_MAX or not match_records(db, changed=touched)):
        rematch(db)
    ids, divided = _lead_on(db, golden)
    known = {row.source for row in rows if row.source in data_sets}
    return TruthReport(
        rows=len(rows),
        records=len(placed),
        unknown_records=len({(r.source, r.key) for r in rows if r.source in known} - placed.keys()),
        unknown_sources=sorted({row.source for row in rows} - known)[:SHOWN_MAX],
        contradictions=contradictions,
        placeholders=len(large),
        links=len(links),
        kept=kept,
        ids=ids,
        divided=divided,
    )


def _data_sets(db: psycopg.Connection, names: Iterable[str]) -> dict[str, UUID]:
    """Return data sets by what the table calls them: their id, urn, its last part, or name."""
    called: dict[str, set[UUID]] = {}
    for data_set, urn, name in db.execute(
        "SELECT id, urn, name FROM element WHERE kind = 'data_set'"
    ):
        for text in (str(data_set), urn, urn.rsplit(":", 1)[-1], name):
            called.setdefault(text.casefold(), set()).add(data_set)
    found = {}
    for name in names:
        meant = called.get(name.casefold(), set())
        if len(meant) > 1:
            raise InvalidInput(
                f"{len(meant)} data sets are called {name}.",
                remedy="Write the urn of the one you mean in the table.",
            )
        if meant:
            (found[name],) = meant
    return found


def _records(
    db: psycopg.Connection, rows: Sequence[Named], data_sets: Mapping[str, UUID]
) -> dict[tuple[str, str], int]:
    names = list({(row.source, row.key) for row in rows})
    found = db.execute(
        """SELECT given.place, r.id
           FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS given(data_set_id, key, place)
           JOIN landed_record r USING (data_set_id, key)
           JOIN clean_record c ON c.record_id = r.id""",
        ([data_sets[source] for source, _ in names], [key for _, key in names]),
    ).fetchall()
    return {names[place - 1]: record for place, record in found}


def _goldens(
    rows: Sequence[Named], placed: Mapping[tuple[str, str], int]
) -> tuple[dict[str, list[int]], int]:
    """Return records by earlier id, and how many records had two ids."""
    given: dict[int, set[str]] = {}
    for row in rows:
        record = placed.get((row.source, row.key))
        if record is not None:
            given.setdefault(record, set()).add(row.golden)
    golden: dict[str, list[int]] = {}
    for record, names in sorted(given.items()):
        if len(names) == 1:
            golden.setdefault(min(names), []).append(record)
    return golden, sum(len(names) > 1 for names in given.values())


def _keep_links(
    db: psycopg.Connection, pairs: Sequence[tuple[int, int]], *, actor: str, reason: str
) -> tuple[list[tuple[int, int]], int]:
    """Keep a link for every pair nobody has decided on; return those, and how many others."""
    db.execute("CREATE TEMPORARY TABLE given_pair (id uuid, l bigint, r bigint) ON COMMIT DROP")
    copy_into(db, "given_pair", ("id", "l", "r"), ((uuid7(), *pair) for pair in pairs))
    rows = db.execute(_KEEP, {"actor": actor, "reason": reason}).fetchall()
    db.execute("DROP TABLE given_pair")
    return [(left, right) for left, right in rows], len(pairs) - len(rows)


_KEEP = """
WITH given AS (
    SELECT g.id, g.l, g.r, a.data_set_id AS data_set_l, a.key AS key_l,
        b.data_set_id AS data_set_r, b.key AS key_r
    FROM given_pair g JOIN landed_record a ON a.id = g.l JOIN landed_record b ON b.id = g.r
), fresh AS (
    SELECT * FROM given g WHERE NOT EXISTS (
        SELECT FROM match_decision d
        WHERE (d.data_set_l, d.key_l, d.data_set_r, d.key_r)
            = (g.data_set_l, g.key_l, g.data_set_r, g.key_r)
    ) AND NOT EXISTS (
        SELECT FROM match_decision d
        WHERE (d.data_set_l, d.key_l, d.data_set_r, d.key_r)
            = (g.data_set_r, g.key_r, g.data_set_l, g.key_l))
), kept AS (
    INSERT INTO match_decision (id, data_set_l, key_l, data_set_r, key_r, verdict, reason, actor,
        decided_at)
    SELECT id, data_set_l, key_l, data_set_r, key_r, 'link', %(reason)s, %(actor)s,
        clock_timestamp() FROM fresh
)
SELECT l, r FROM fresh ORDER BY l, r
"""


def _lead_on(db: psycopg.Connection, golden: Mapping[str, Sequence[int]]) -> tuple[int, int]:
    """Let earlier ids lead to the customers that hold their records now."""
    customer_of: dict[int, UUID] = dict(
        db.execute(
            "SELECT record_id, customer_id FROM customer_link WHERE record_id = ANY(%s)",
            ([record for records in golden.values() for record in records],),
        ).fetchall()
    )
    ids, heirs, divided = [], [], 0
    for name, records in golden.items():
        shares = Counter(customer_of[record] for record in records if record in customer_of)
        if shares:
            ids.append(alias_of(name))
            heirs.append(min(shares, key=lambda one: (-shares[one], one)))
            divided += len(shares) > 1
    led = db.execute(
        """INSERT INTO customer_redirect (id, successor_id, retired_at)
           SELECT DISTINCT ON (id) id, heir, now()
           FROM unnest(%s::uuid[], %s::uuid[]) AS g(id, heir)
           WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = g.id) ORDER BY id, heir
           ON CONFLICT (id) DO UPDATE SET successor_id = excluded.successor_id
           WHERE customer_redirect.successor_id IS NOT NULL""",
        (ids, heirs),
    )
    return led.rowcount, divided
