"""What could not be used stands in quarantine once, with its reason, until it comes in well."""

import psycopg

from registry.intake import commands, queries
from registry.intake.landing import LandedPage
from registry.intake.leases import HeldLease, take_lease
from schemas.records import Cursor, RejectedRecord
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
    )


def scan(
    db: psycopg.Connection,
    lease: HeldLease,
    *rejected: RejectedRecord,
    page: int = 1,
    last: bool = True,
) -> None:
    """Do what a flow does with one page of a full scan."""
    keep(db, lease, *rejected)
    commands.move_checkpoint(
        db, lease, stream="people", cursor=Cursor(position="p"), page=page, last=last
    )
    landed = LandedPage(changed=[], unchanged=0, rejected=list(rejected), good_keys=[])
    commands.count_page(db, lease, landed)
    if last:
        commands.settle_keyless(db, lease, stream="people")


def next_run(db: psycopg.Connection, lease: HeldLease) -> HeldLease:
    return take_lease(db, lease.source_id, holder="t", lock_is_ours=True)


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


def test_a_still_bad_record_that_changed_replaces_what_an_earlier_run_kept(
    db: psycopg.Connection,
) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    keep(db, lease, bad(b"first", key="7"), bad(b"other", key="8"))

    keep(db, next_run(db, lease), bad(b"second", key="7", rule="birth_date_unreadable"))

    rows = queries.list_quarantine(db)
    assert {(row.key, row.rule) for row in rows} == {
        ("7", "birth_date_unreadable"),
        ("8", "key_missing"),
    }


def test_two_bad_records_of_one_key_in_one_run_are_both_kept(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    keep(db, lease, bad(b"first", key="7"))
    keep(db, lease, bad(b"second", key="7"))

    again = next_run(db, lease)
    keep(db, again, bad(b"first", key="7"), bad(b"second", key="7"))

    assert len(queries.list_quarantine(db)) == 2


def test_the_same_bytes_refused_by_another_rule_replace_the_earlier_row(
    db: psycopg.Connection,
) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    keep(db, lease, bad())

    keep(db, next_run(db, lease), bad(key="7", rule="birth_date_unreadable"))

    (row,) = queries.list_quarantine(db)
    assert (row.key, row.rule) == ("7", "birth_date_unreadable")


def test_a_row_tells_the_reason_of_the_newest_mapping(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    keep(db, lease, bad(key="7"))

    newer = RejectedRecord(raw=b"raw", rule="key_missing", path="nr", reason="no nr", key="n-7")
    keep(db, next_run(db, lease), newer)

    (row,) = queries.list_quarantine(db)
    assert (row.key, row.path, row.reason) == ("n-7", "nr", "no nr")


def test_a_keyless_row_that_a_full_scan_no_longer_finds_is_settled(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    scan(db, lease, bad(b"mended"), bad(b"still bad"), bad(b"with key", key="7"))

    again = next_run(db, lease)
    scan(db, again, bad(b"still bad"), last=False)
    assert len(queries.list_quarantine(db)) == 3, "nothing is settled before the end"
    scan(db, again, page=2)

    assert sorted(str(row.key) for row in queries.list_quarantine(db)) == ["7", "None"]


def test_keyless_rows_of_a_scan_that_a_later_run_ended_are_kept(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    scan(db, lease, bad(b"on page one"), last=False)

    scan(db, next_run(db, lease), bad(b"on page two"), page=2)

    assert len(queries.list_quarantine(db)) == 2


def test_keyless_rows_of_another_stream_stay(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    commands.keep_in_quarantine(db, lease, stream="permits", page=1, rejected=[bad()], good_keys=[])

    scan(db, next_run(db, lease))

    assert [row.stream for row in queries.list_quarantine(db)] == ["permits"]


def test_overlong_texts_of_a_hostile_source_fit(db: psycopg.Connection) -> None:
    lease = take_lease(db, a_source(db).id, holder="t", lock_is_ours=True)
    hostile = RejectedRecord(
        raw=b"x" * 100_000, rule="too_long", path="p" * 5000, reason="r" * 5000, key="k" * 5000
    )

    keep(db, lease, hostile)

    assert len(queries.list_quarantine(db)) == 1
