"""What could not be used stands in quarantine once, with its reason, until it comes in well."""

import psycopg

from registry.intake import commands, queries
from registry.intake.leases import HeldLease, take_lease
from schemas.records import RejectedRecord
from tests.factories import a_source


def bad(raw: bytes = b"raw", key: str | None = None, rule: str = "key_missing") -> RejectedRecord:
    return RejectedRecord(raw=raw, rule=rule, path="id", reason="the key is missing", key=key)


def keep(
    db: psycopg.Connection,
    lease: HeldLease,
    *rejected: RejectedRecord,
    good_keys: tuple[str, ...] = (),
) -> None:
    commands.keep_in_quarantine(
        db,
        lease,
        stream="people",
        page=1,
        rejected=rejected,
        good_keys=good_keys,
        mapping_hash=b"m",
    )


def test_a_refused_record_keeps_rule_path_and_reason(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)

    keep(db, lease, bad(key="7"))

    (row,) = queries.list_quarantine(db)
    assert (row.rule, row.path, row.reason, row.key) == (
        "key_missing",
        "id",
        "the key is missing",
        "7",
    )


def test_the_same_bad_record_again_counts_once(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)

    keep(db, lease, bad(), bad())
    keep(db, lease, bad())

    assert len(queries.list_quarantine(db)) == 1


def test_a_record_that_comes_in_well_leaves_quarantine(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    keep(db, lease, bad(key="7"), bad(b"other", key="8"))

    keep(db, lease, good_keys=("7",))

    assert [row.key for row in queries.list_quarantine(db)] == ["8"]


def test_overlong_texts_of_a_hostile_source_fit(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    hostile = RejectedRecord(
        raw=b"x" * 100_000, rule="too_long", path="p" * 5000, reason="r" * 5000, key="k" * 5000
    )

    keep(db, lease, hostile)

    assert len(queries.list_quarantine(db)) == 1
