"""When sources are read and how fresh they must be; the truth that Prefect is told from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import class_row

from schemas.errors import InvalidInput

CRON_PARTS = 5
FRESH_MINUTES_MAX = 366 * 24 * 60
"""A source that may be older than a year needs no target."""


class Freshness(StrEnum):
    """How a source stands against its target."""

    FRESH = "fresh"
    LATE = "late"  # the alert: its newest complete run is older than the target
    NEVER = "never"  # it has a target and was never read to its end
    UNTARGETED = "untargeted"


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
        if self.fresh_minutes is None:
            return Freshness.UNTARGETED
        if self.age_minutes is None:
            return Freshness.NEVER
        return Freshness.FRESH if self.age_minutes <= self.fresh_minutes else Freshness.LATE


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
    if fresh_minutes is not None and not 0 < fresh_minutes <= FRESH_MINUTES_MAX:
        raise InvalidInput(
            f"A target lies between a minute and {FRESH_MINUTES_MAX} minutes.",
            remedy="Leave it out where the age does not matter.",
        )
    db.execute(
        """INSERT INTO source_schedule (source_id, cron, zone, active, fresh_minutes, changed_at)
           VALUES (%s, %s, %s, %s, %s, now())
           ON CONFLICT (source_id) DO UPDATE
           SET cron = excluded.cron, zone = excluded.zone, active = excluded.active,
               fresh_minutes = excluded.fresh_minutes, changed_at = excluded.changed_at""",
        (source_id, cron, zone, active, fresh_minutes),
    )


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
