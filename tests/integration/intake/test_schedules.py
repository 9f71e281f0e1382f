"""When sources are read, and the alert where one has grown too old."""

from datetime import timedelta

import psycopg
import pytest

from registry.intake.schedules import Freshness, ScheduleRow, list_schedules, set_schedule
from schemas.base import utc_now
from schemas.errors import InvalidInput
from schemas.intake import RunState
from tests.factories import a_source, a_sync_run


def the_row(db: psycopg.Connection) -> ScheduleRow:
    (row,) = list_schedules(db)
    return row


@pytest.mark.parametrize(
    ("minutes_ago", "target", "expected"),
    [
        (None, None, Freshness.UNTARGETED),
        (None, 60, Freshness.NEVER),
        (30, 60, Freshness.FRESH),
        (90, 60, Freshness.LATE),
    ],
)
def test_a_source_older_than_its_target_is_late(
    db: psycopg.Connection, minutes_ago: int | None, target: int | None, expected: Freshness
) -> None:
    source = a_source(db)
    if minutes_ago is not None:
        ended = utc_now() - timedelta(minutes=minutes_ago)
        a_sync_run(db, source_id=source.id, state=RunState.COMPLETED, finished_at=ended)
        a_sync_run(db, source_id=source.id, state=RunState.FAILED, finished_at=utc_now())
    set_schedule(db, source.id, cron="0 3 * * *", zone="Europe/Amsterdam", fresh_minutes=target)

    assert the_row(db).freshness == expected
    assert the_row(db).cron == "0 3 * * *"


def test_a_schedule_is_replaced_as_a_whole(db: psycopg.Connection) -> None:
    source = a_source(db)
    set_schedule(db, source.id, cron="0 3 * * *", fresh_minutes=60)
    set_schedule(db, source.id, cron=None, active=False)

    row = the_row(db)
    assert (row.cron, row.active, row.fresh_minutes) == (None, False, None)


@pytest.mark.parametrize(
    "wrong", [{"cron": "at night"}, {"zone": "Middle/Earth"}, {"fresh_minutes": 0}]
)
def test_nonsense_is_refused(db: psycopg.Connection, wrong: dict[str, object]) -> None:
    source = a_source(db)
    with pytest.raises(InvalidInput):
        set_schedule(db, source.id, **{"cron": "0 3 * * *", **wrong})  # type: ignore[arg-type]
