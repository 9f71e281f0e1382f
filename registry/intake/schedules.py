"""When sources are read and how fresh they must be; the truth that Prefect is told from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import class_row

from schemas.errors import InvalidInput, UnknownName
from schemas.intake import Freshness

CRON_PARTS = 5
FRESH_MINUTES_MAX = 366 * 24 * 60
"""A source that may be older than a year needs no target."""


# A data set is as old as the oldest newest run of its sources; one that has none has no age.
DATA_SETS = """(
    SELECT element.id AS data_set_id, element.urn AS data_set, element.name,
           coalesce(filled.sources, '{}') AS sources, target.fresh_minutes, filled.completed_at,
           (extract(epoch FROM now() - filled.completed_at) / 60)::int AS age_minutes,
           CASE WHEN target.fresh_minutes IS NULL THEN 'untargeted'
                WHEN filled.completed_at IS NULL THEN 'never'
                WHEN (extract(epoch FROM now() - filled.completed_at) / 60)::int
                    <= target.fresh_minutes THEN 'fresh'
                ELSE 'late' END AS freshness
    FROM element
    LEFT JOIN freshness_target AS target ON target.data_set_id = element.id
    LEFT JOIN (
        SELECT stream.value ->> 'data_set' AS urn,
               array_agg(DISTINCT source.key) AS sources,
               CASE WHEN bool_and(newest.at IS NOT NULL) THEN min(newest.at) END AS completed_at
        FROM source
        CROSS JOIN LATERAL jsonb_each(source.spec -> 'streams') AS stream
        LEFT JOIN LATERAL (
            SELECT finished_at AS at FROM sync_run
            WHERE sync_run.source_id = source.id AND state = 'completed'
            ORDER BY id DESC LIMIT 1) AS newest ON true
        GROUP BY 1) AS filled ON filled.urn = element.urn
    WHERE element.kind = 'data_set' AND (filled.urn IS NOT NULL OR target.data_set_id IS NOT NULL)
)"""


@dataclass(frozen=True)
class ScheduleRow:
    """One source with its schedule and how fresh it is."""

    source_key: str
    cron: str | None
    zone: str
    active: bool
    fresh_minutes: int | None
    completed_at: datetime | None
    age_minutes: int | None

    @property
    def freshness(self) -> Freshness:
        """How it stands against its target."""
        return _freshness(self.fresh_minutes, self.age_minutes)


@dataclass(frozen=True)
class DataSetRow:
    """One data set that sources fill, and how old it is: as old as the oldest of its sources."""

    data_set: str
    name: str
    sources: list[str]
    fresh_minutes: int | None
    completed_at: datetime | None
    age_minutes: int | None

    @property
    def freshness(self) -> Freshness:
        """How it stands against its target."""
        return _freshness(self.fresh_minutes, self.age_minutes)


def _freshness(target: int | None, age: int | None) -> Freshness:
    if target is None:
        return Freshness.UNTARGETED
    if age is None:
        return Freshness.NEVER
    return Freshness.FRESH if age <= target else Freshness.LATE


def set_schedule(
    db: psycopg.Connection,
    source_id: UUID,
    *,
    cron: str | None,
    zone: str = "UTC",
    active: bool = True,
    fresh_minutes: int | None = None,
) -> None:
    """Say when a source is read and how old it may become; replaces what was said before.

    Raises:
        InvalidInput: The cron line or the zone is none.
    """
    if cron is not None and len(cron.split()) != CRON_PARTS:
        raise InvalidInput(
            "A cron line has five parts: minute, hour, day, month, day of the week.",
            remedy="Write for example `0 3 * * *` for each night at three.",
        )
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InvalidInput(
            f"No time zone is called {zone[:40]!r}.", remedy="Write for example Europe/Amsterdam."
        ) from None
    _refuse_odd(fresh_minutes)
    db.execute(
        """INSERT INTO source_schedule (source_id, cron, zone, active, fresh_minutes, changed_at)
           VALUES (%s, %s, %s, %s, %s, now())
           ON CONFLICT (source_id) DO UPDATE
           SET cron = excluded.cron, zone = excluded.zone, active = excluded.active,
               fresh_minutes = excluded.fresh_minutes, changed_at = excluded.changed_at""",
        (source_id, cron, zone, active, fresh_minutes),
    )


def _refuse_odd(minutes: int | None) -> None:
    if minutes is not None and not 0 < minutes <= FRESH_MINUTES_MAX:
        raise InvalidInput(
            f"A target lies between a minute and {FRESH_MINUTES_MAX} minutes.",
            remedy="Leave it out where the age does not matter.",
        )


def pause_schedule(db: psycopg.Connection, source_id: UUID, *, paused: bool) -> None:
    """Stop reading a source by the clock, or go on; the cron line and the target stay.

    Raises:
        InvalidInput: It is not read by the clock.
    """
    changed = db.execute(
        """UPDATE source_schedule SET active = %s, changed_at = now()
           WHERE source_id = %s AND cron IS NOT NULL""",
        (not paused, source_id),
    )
    if not changed.rowcount:
        raise InvalidInput(
            "This source is not read by the clock.", remedy="Give it a schedule first."
        )


def set_target(db: psycopg.Connection, data_set: str, minutes: int | None) -> None:
    """Say how old a data set may become, whichever sources fill it; None takes the target away.

    Raises:
        UnknownName: No data set is registered under the URN.
        InvalidInput: No such age can be a target.
    """
    _refuse_odd(minutes)
    found = db.execute(
        "SELECT id FROM element WHERE urn = %s AND kind = 'data_set'", (data_set,)
    ).fetchone()
    if found is None:
        raise UnknownName(f"No data set is registered as {data_set[:200]}.")
    if minutes is None:
        db.execute("DELETE FROM freshness_target WHERE data_set_id = %s", found)
        return
    db.execute(
        """INSERT INTO freshness_target (data_set_id, fresh_minutes, changed_at)
           VALUES (%s, %s, now())
           ON CONFLICT (data_set_id) DO UPDATE
           SET fresh_minutes = excluded.fresh_minutes, changed_at = excluded.changed_at""",
        (found[0], minutes),
    )


def list_data_sets(db: psycopg.Connection) -> list[DataSetRow]:
    """Return the data sets that sources fill or that have a target, by their URN."""
    with db.cursor(row_factory=class_row(DataSetRow)) as cursor:
        return cursor.execute(
            f"""SELECT data_set, name, sources, fresh_minutes, completed_at, age_minutes
                FROM {DATA_SETS} AS found ORDER BY data_set"""
        ).fetchall()


def list_schedules(db: psycopg.Connection) -> list[ScheduleRow]:
    """Return all sources with their schedule and the age of their newest complete run."""
    with db.cursor(row_factory=class_row(ScheduleRow)) as cursor:
        return cursor.execute(
            """SELECT source.key AS source_key, cron, coalesce(zone, 'UTC') AS zone,
                      coalesce(active, true) AS active, fresh_minutes, completed_at,
                      (extract(epoch FROM now() - completed_at) / 60)::int AS age_minutes
               FROM source LEFT JOIN source_schedule ON source_schedule.source_id = source.id
               LEFT JOIN LATERAL (
                   SELECT finished_at AS completed_at FROM sync_run
                   WHERE sync_run.source_id = source.id AND state = 'completed'
                   ORDER BY id DESC LIMIT 1) AS newest ON true
               ORDER BY source.key"""
        ).fetchall()
