"""Keys, edges and components in PostgreSQL, so that a page touches only what it must.

The tables hold what a full run of the live model found; `delta` keeps them so, page by page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

from registry.customers.matching.model import MatchModel, from_parameters
from registry.customers.matching.pairwise import Weigher, weigher_of
from registry.customers.values.clean import CLEAN_COLUMNS
from registry.storage.copying import array_of, as_bigint
from schemas.records import CustomerKind

# Whoever matches holds this lock until commit: two writers on one component would each miss what
# the other one adds.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('customers.rematch'))"
PLANNED_ANEW = "set_config('plan_cache_mode', 'auto', true)"
PLAN_ANEW = f"SELECT {PLANNED_ANEW}"
# A model is trained anew when the town has grown this much since; otherwise it stays frozen, so
# that a pair weighs the same today as yesterday.
GROWTH_BEFORE_TRAINING = 2.0
# Below it a stale model costs nothing, and a full run little.
RECORDS_FREE = 1_000
# Whoever writes or deletes landed records holds this one from before the first of them until
# commit, side by side; an erasure waits for all of them, and they for it. Without it a page could
# wait for an erasure that waits for the page's rows, or bring back what was erased meanwhile.
LANDING = "SELECT pg_advisory_xact_lock_shared(hashtext('customers.landing'))"
NO_LANDING = "SELECT pg_advisory_xact_lock(hashtext('customers.landing'))"
# Keys of organisations are turned, so that one table serves both kinds.
KEY_TURN = {CustomerKind.PERSON: 0, CustomerKind.ORGANISATION: 0x9E3779B97F4A7C15}
# Stands between the data set and the key of a record; no URN holds it.
PLACE_SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Live:
    """The model in force, ready for single records."""

    model_id: UUID
    model: MatchModel
    weighers: Mapping[CustomerKind, Weigher]

    def knows(self, kind: CustomerKind) -> bool:
        """Tell whether the model was trained on customers of this kind."""
        return self.model.kinds[kind].records > 0


def stored_keys(keys: Iterable[int], kind: CustomerKind) -> list[int]:
    """Return blocking keys as PostgreSQL's signed bigint, apart for each kind, in order."""
    turn = KEY_TURN[kind]
    return sorted([as_bigint(key ^ turn) for key in keys])


def live_model(db: psycopg.Connection) -> Live | None:
    """Return the model in force; None before the first training or while a full run is due."""
    found = read_live(db, db.execute(LIVE_MODEL))
    return found.live if found else None


class InForce(NamedTuple):
    """What a page is matched by.

    Attributes:
        live: The model.
        is_decided: Whether stewards decided anything that stands; else pages need not ask.
        any_aside: Whether any copy is set aside; else pages need not ask for them.
        crowded: Keys that more records hold than are joined.
        settled: What the town settled about golden values, for `survivorship_of`.
    """

    live: Live
    is_decided: bool
    any_aside: bool
    crowded: Sequence[int]
    settled: Sequence[Any]


def read_live(db: psycopg.Connection, asked: psycopg.Cursor) -> InForce | None:
    """Return what is in force from the answer to LIVE_MODEL; None without a complete model."""
    row = asked.fetchone()
    if not row:
        _ready.clear()
        return None
    live = _prepared(db, row[0])
    return InForce(live, *row[1:]) if live else None


# An order makes the planner take the index of those set aside, also where nobody counted them yet.
LIVE_MODEL = """
SELECT model_id,
    EXISTS (SELECT FROM match_decision WHERE undone_at IS NULL AND verdict <> 'postpone'),
    (SELECT true FROM match_record WHERE aside ORDER BY content LIMIT 1) IS NOT NULL,
    ARRAY(SELECT key FROM crowded_key),
    ARRAY(SELECT json_build_array(attribute, criteria, trusted) FROM survivorship_rule)
FROM live_model WHERE complete
"""
# Takes the matching lock, shared with other pages where no complete model is live, and answers
# whether one was. It stands before all other questions of a page: a full run that has the lock
# empties the tables they are about, and would wait for a page that waits for it. The answer is
# what stood before the lock was had, so the model must be read again.
# Statements of a page are the same every time, only how many records they are about differs; a plan
# made anew for each would take longer than what it is for. So plans are kept until PLAN_ANEW.
LOCK_LIVE = """
SELECT true, pg_advisory_xact_lock(hashtext('customers.rematch'))::text,
    set_config('plan_cache_mode', 'force_generic_plan', true)
FROM live_model WHERE complete
UNION ALL
SELECT false, pg_advisory_xact_lock_shared(hashtext('customers.rematch'))::text,
    set_config('plan_cache_mode', 'force_generic_plan', true)
WHERE NOT EXISTS (SELECT FROM live_model WHERE complete)
"""
_ready: dict[UUID, Live | None] = {}


def _prepared(db: psycopg.Connection, model_id: UUID) -> Live | None:
    """Return the model with its weighers; it never changes, so one reading per process will do."""
    if model_id not in _ready:
        row = db.execute("SELECT parameters FROM match_model WHERE id = %s", (model_id,)).fetchone()
        model = from_parameters(row[0]) if row else None
        _ready.clear()
        _ready[model_id] = None
        if model is not None:
            weighers = {kind: weigher_of(part, kind) for kind, part in model.kinds.items()}
            _ready[model_id] = Live(model_id, model, weighers)
    return _ready[model_id]


def last_live() -> Live | None:
    """Return the model that this process matched by last, where it was complete."""
    return next(iter(_ready.values()), None)


def mark_incomplete(db: psycopg.Connection) -> None:
    """Say that records wait for a full run; pages are then only cleaned."""
    db.execute("UPDATE live_model SET complete = false, changed_at = now() WHERE complete")


@lru_cache(maxsize=1)
def _clean_question() -> str:
    columns = ", ".join(f"clean_record.{name}" for name in CLEAN_COLUMNS)
    return f"""SELECT {columns}, element.urn AS source, landed_record.key AS source_key,
                   element.urn || chr(31) || landed_record.key AS place
               FROM clean_record JOIN landed_record ON landed_record.id = record_id
               JOIN element ON element.id = clean_record.data_set_id
               WHERE record_id = ANY(%s::bigint[])"""


class KeptClean:
    """Clean records of a page: those that are new or differ from what was kept are kept."""

    def __init__(self, db: psycopg.Connection, rows: Iterable[Sequence[Any]]) -> None:
        """Ask; inside a pipeline this does not wait.

        Args:
            db: Connection in the page's transaction.
            rows: Values in the order of CLEAN_COLUMNS, each record once.
        """
        rows = list(rows)
        self.given = {row[0]: dict(zip(CLEAN_COLUMNS, row, strict=True)) for row in rows}
        document = orjson.dumps(rows).decode()
        self._answer = db.execute(_keep_question(), (document,))

    def changed(self) -> dict[int, dict[str, Any]]:
        """Return what was new or different, by id, as `clean_rows` gives it."""
        return {
            record: placed(self.given[record], urn, key)
            for record, urn, key in self._answer.fetchall()
        }


def placed(row: Mapping[str, Any], urn: str, key: str) -> dict[str, Any]:
    """Return a clean record with its data set, the source's key, and its place."""
    return {**row, "source": urn, "source_key": key, "place": f"{urn}{PLACE_SEPARATOR}{key}"}


@lru_cache(maxsize=1)
def _keep_question() -> str:
    columns = ", ".join(CLEAN_COLUMNS)
    types = {"record_id": "bigint", "data_set_id": "uuid", "birth_date": "date"}
    types |= {"source_changed_at": "timestamptz"}
    typed = ", ".join(
        f"(one ->> {place})::{types.get(name, 'text')} AS {name}"
        for place, name in enumerate(CLEAN_COLUMNS)
    )
    names = CLEAN_COLUMNS[1:]
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    before = ", ".join(f"clean_record.{name}" for name in names)
    after = ", ".join(f"excluded.{name}" for name in names)
    return f"""WITH kept AS (
                   INSERT INTO clean_record ({columns})
                   SELECT {typed} FROM jsonb_array_elements(%s::jsonb) AS given(one)
                   ORDER BY record_id  -- two pages that share records wait in one order
                   ON CONFLICT (record_id) DO UPDATE SET {changes}
                   WHERE ({before}) IS DISTINCT FROM ({after})
                   RETURNING record_id, data_set_id)
               SELECT record_id, element.urn, landed_record.key FROM kept
               JOIN landed_record ON landed_record.id = record_id
               JOIN element ON element.id = kept.data_set_id"""


def source_of(place: str) -> str:
    """Return the data set that a place begins with."""
    return place.partition(PLACE_SEPARATOR)[0]


def clean_rows(db: psycopg.Connection, records: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return clean records by id, with source, the source's key, and place."""
    asked = db.cursor(row_factory=dict_row).execute(_clean_question(), (array_of(records),))
    return {row["record_id"]: row for row in asked.fetchall()}


def ask_decisions(
    db: psycopg.Connection, records: Iterable[int], components: Iterable[int] = ()
) -> psycopg.Cursor:
    """Ask what stewards decided about pairs with any of these; a pipeline does not wait.

    Args:
        db: The caller's connection.
        records: Records.
        components: Components, for all their records.
    """
    return db.execute(_DECISIONS_ON, (array_of(records), array_of(components)))


def read_decisions(asked: psycopg.Cursor) -> dict[tuple[int, int], bool]:
    """Return decisions by pair of records, the smaller id first: True links."""
    return {(min(one, other), max(one, other)): link for one, other, link in asked.fetchall()}


def decisions_on(db: psycopg.Connection, records: Iterable[int]) -> dict[tuple[int, int], bool]:
    """Return what stewards decided about pairs with any of these records, as `read_decisions`."""
    return read_decisions(ask_decisions(db, records))


# The last decision on a pair counts; undone and postponed ones do not.
STANDING_DECISIONS = """
SELECT DISTINCT ON (least(l.id, r.id), greatest(l.id, r.id)) l.id, r.id, d.verdict = 'link'
FROM match_decision d
JOIN landed_record l ON l.data_set_id = d.data_set_l AND l.key = d.key_l
JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
WHERE d.undone_at IS NULL AND d.verdict <> 'postpone'
ORDER BY least(l.id, r.id), greatest(l.id, r.id), d.decided_at DESC, d.id DESC
"""
# Whom a decision names, whether or not the record it pairs it with is there.
DECIDED_ABOUT = """
SELECT r.id FROM match_decision d
JOIN landed_record r ON r.data_set_id = d.data_set_l AND r.key = d.key_l
WHERE d.undone_at IS NULL AND d.verdict <> 'postpone'
UNION
SELECT r.id FROM match_decision d
JOIN landed_record r ON r.data_set_id = d.data_set_r AND r.key = d.key_r
WHERE d.undone_at IS NULL AND d.verdict <> 'postpone'
"""
_DECISIONS_ON = """
WITH given AS (
    SELECT data_set_id, key FROM landed_record WHERE id = ANY(%s::bigint[])
    UNION ALL
    SELECT data_set_id, key FROM match_record JOIN landed_record ON id = record_id
    WHERE component = ANY(%s::bigint[])
), standing AS (
    SELECT d.* FROM match_decision d JOIN given g
        ON d.data_set_l = g.data_set_id AND d.key_l = g.key
    UNION
    SELECT d.* FROM match_decision d JOIN given g
        ON d.data_set_r = g.data_set_id AND d.key_r = g.key
)
SELECT l.id, r.id, s.verdict = 'link' FROM standing s
JOIN landed_record l ON l.data_set_id = s.data_set_l AND l.key = s.key_l
JOIN landed_record r ON r.data_set_id = s.data_set_r AND r.key = s.key_r
WHERE s.undone_at IS NULL AND s.verdict <> 'postpone'
ORDER BY s.decided_at, s.id
"""
