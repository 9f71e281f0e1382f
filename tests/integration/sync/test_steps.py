"""Reading sources into the rooms: all of it, once, and with one clear word where it fails."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows.steps import ChunkReport, open_source, run_chunk
from registry import intake
from registry.intake.leases import HeldLease, take_lease
from registry.storage.connecting import connect
from registry.storage.database import Database, unit_of_work
from schemas.errors import DatabaseUnreachable, GiveUp, RetryLater, SourceTrouble, StaleLease
from tests.integration.sync.town import register
from townclerk.sandbox.running import running_city
from townclerk.sandbox.servers.faults import parse_fault

PEOPLE = 200
LONG = 600.0


@contextmanager
def a_town(folder: Path, faults: Sequence[str] = ()) -> Iterator[dict[str, int]]:
    """A city with trouble of the given kinds, registered; yields its counts by stream."""
    with running_city(
        folder, people=PEOPLE, seed=5, faults=[parse_fault(text) for text in faults]
    ) as city:
        with unit_of_work() as db:
            register(db, folder, city.sources)
        yield city.manifest.records | city.manifest.dealings


def of_crm(records: dict[str, int]) -> int:
    """How many records the CRM has in all its streams."""
    return sum(count for stream, count in records.items() if stream.startswith("crm."))


def take(key: str) -> HeldLease:
    with unit_of_work() as db:
        source = intake.queries.find_source(db, key)
        return take_lease(db, source.id, holder="test", lock_is_ours=True)


def sync(key: str, lease: HeldLease | None = None, seconds_max: float = LONG) -> ChunkReport:
    with unit_of_work() as db:
        opened = open_source(db, key)
    return asyncio.run(run_chunk(opened, lease or take(key), seconds_max=seconds_max))


def count(question: str) -> int:
    with unit_of_work() as db:
        row = db.execute(question).fetchone()  # type: ignore[arg-type]
    assert row
    return int(row[0])


def test_every_record_of_every_source_lands_or_stands_in_quarantine(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city") as records:
        for key in ("crm", "library", "permits", "taxes", "waste", "parking"):
            assert sync(key).done

    read = count("SELECT sum(records_read) FROM sync_run")
    landed = count("SELECT count(*) FROM landed_record")
    refused = count("SELECT sum(records_quarantined) FROM sync_run")
    assert read == sum(records.values())
    assert landed + refused == read


def test_a_second_sync_writes_nothing(database: Database, reachable_dir: Path) -> None:
    with a_town(reachable_dir / "city"):
        sync("crm")
        before = count("SELECT max(id) FROM landed_record")
        sync("crm")

    assert count("SELECT max(id) FROM landed_record") == before
    with unit_of_work() as db:
        second = intake.queries.list_runs(db)[0]
    assert (second.records_landed, second.records_quarantined) == (0, 0)


def test_a_chunk_ends_in_time_and_the_next_goes_on_where_it_was(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city") as records:
        lease = take("crm")
        chunks = 0
        while not sync("crm", lease, seconds_max=0).done:
            chunks += 1

    assert chunks >= 2
    assert count("SELECT records_read FROM sync_run") == of_crm(records)


def test_a_run_that_a_person_cancels_stops_after_its_page(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city"):
        lease = take("crm")
        with unit_of_work() as db:
            assert intake.commands.request_cancel(db, "crm")
        report = sync("crm", lease)

    assert report.cancelled
    assert report.pages == 1


def test_a_worker_that_lost_its_source_writes_nothing_more(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city"):
        old = take("crm")
        take("crm")
        with pytest.raises(StaleLease):
            sync("crm", old)

    assert count("SELECT count(*) FROM landed_record") == 0


@pytest.mark.parametrize("fault", ["crm:429:2", "crm:500:3", "crm:cut:3"])
def test_trouble_that_passes_loses_nothing(
    database: Database, reachable_dir: Path, fault: str
) -> None:
    with a_town(reachable_dir / "city", [fault]) as records:
        lease = take("crm")
        for _ in range(20):
            try:
                if sync("crm", lease).done:
                    break
            except RetryLater:
                continue

    landed = count("SELECT count(*) FROM landed_record")
    refused = count("SELECT count(*) FROM quarantined_record")
    assert landed + refused == of_crm(records)


def test_a_scan_with_short_pages_never_counts_as_complete(
    database: Database, reachable_dir: Path
) -> None:
    with (
        a_town(reachable_dir / "city", ["library:short:2"]),
        pytest.raises(RetryLater, match="starts again"),
    ):
        sync("library")

    assert count("SELECT count(*) FROM checkpoint WHERE complete") == 0


def test_a_source_that_refuses_us_gives_one_clear_error(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city", ["library:login:1"]), pytest.raises(GiveUp) as raised:
        sync("library")

    assert "refuses to let us in" in raised.value.what
    assert raised.value.remedy


def test_a_source_out_of_reach_keeps_its_place(database: Database, reachable_dir: Path) -> None:
    with a_town(reachable_dir / "city"):
        lease = take("crm")
        sync("crm", lease, seconds_max=0)
        pages = count("SELECT page FROM checkpoint")

    with pytest.raises(SourceTrouble):
        sync("crm", lease)

    assert count("SELECT page FROM checkpoint") == pages


def test_a_folder_with_broken_files_costs_only_the_broken_rows(
    database: Database, reachable_dir: Path
) -> None:
    folder = reachable_dir / "city"
    with a_town(folder) as records:
        (waste,) = list((folder / "city" / "waste").glob("*.csv"))[:1]
        text = waste.read_bytes()
        waste.write_bytes(text + b";only;three\r\n" + b"\x81\x8d;" * 3 + b"\r\n")
        sync("waste")

    assert count("SELECT count(*) FROM landed_record") >= records["waste.passes"] - 1
    assert count("SELECT count(*) FROM quarantined_record") >= 2


def test_a_file_that_is_no_excel_file_is_named(database: Database, reachable_dir: Path) -> None:
    folder = reachable_dir / "city"
    with a_town(folder):
        (sheet,) = (folder / "city" / "parking").glob("*.xlsx")
        sheet.write_bytes(b"this was meant to be a sheet")
        with pytest.raises(GiveUp, match=sheet.name):
            sync("parking")


def test_a_connection_killed_in_the_middle_of_a_page_keeps_nothing_of_it(
    database: Database, reachable_dir: Path
) -> None:
    """The server drops us at the checkpoint, when the page's records have been written."""
    with a_town(reachable_dir / "city"):
        lease = take("crm")
        with connect(database.url, autocommit=True) as admin:
            admin.execute(
                """CREATE FUNCTION drop_us() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
                   CREATE TRIGGER drop_us BEFORE INSERT ON checkpoint
                   FOR EACH ROW EXECUTE FUNCTION drop_us()"""
            )
            with pytest.raises(DatabaseUnreachable):
                sync("crm", lease)
            admin.execute("DROP TRIGGER drop_us ON checkpoint")

        assert count("SELECT count(*) FROM landed_record") == 0
        assert sync("crm", lease).done


def test_a_mended_connector_file_reaches_records_that_have_not_changed(
    database: Database, reachable_dir: Path
) -> None:
    with a_town(reachable_dir / "city") as records:
        sync("crm")
        with unit_of_work() as db:
            source = intake.queries.find_source(db, "crm")
            source.spec["streams"]["customers"]["map"]["city"] = "upper('elsewhere')"
            urn = source.spec["interface"]
            intake.commands.register_source(db, key="crm", interface_urn=urn, spec=source.spec)
        sync("crm")

    with unit_of_work() as db:
        second = intake.queries.list_runs(db)[0]
    assert second.records_read == of_crm(records)
    assert second.records_landed == count("SELECT count(*) FROM clean_record")
    assert count("SELECT count(*) FROM clean_record WHERE lower(city) <> 'elsewhere'") == 0


def test_a_broken_row_that_was_mended_leaves_quarantine_with_the_next_full_scan(
    database: Database, reachable_dir: Path
) -> None:
    folder = reachable_dir / "city"
    with a_town(folder):
        (waste,) = list((folder / "city" / "waste").glob("*.csv"))[:1]
        whole = waste.read_bytes()
        waste.write_bytes(whole + b";only;three\r\n")
        sync("waste")
        before = count("SELECT count(*) FROM quarantined_record WHERE key IS NULL")
        waste.write_bytes(whole)
        sync("waste")

    assert count("SELECT count(*) FROM quarantined_record WHERE key IS NULL") == before - 1
