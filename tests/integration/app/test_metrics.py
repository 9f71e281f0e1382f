"""/metrics, read back with Prometheus's own parser."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from registry.storage.database import unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from schemas.intake import RunState
from tests.factories import a_quarantined_record, a_source, a_sync_run

Start = Callable[..., httpx.Client]


def figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(sample.labels[key] for key in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.usefixtures("database")
def test_an_empty_town_has_figures_that_parse(start: Start) -> None:
    found = figures(start(demo=True))
    assert found["townclerk_database_up",] == 1
    assert any(name.startswith("process_") for name, *_ in found)


@pytest.mark.usefixtures("database")
def test_runs_records_quarantine_and_lag_are_counted_by_source(start: Start) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with unit_of_work() as db:
        spec = {"streams": {"customers": {"data_set": "urn:data:crm"}, "calls": {"data_set": "b"}}}
        crm = a_source(db, key="crm", spec=spec)
        never = {"streams": {"permits": {"data_set": "urn:data:permits"}}}
        a_source(db, key="permits", spec=never)
        done = {"state": RunState.COMPLETED, "finished_at": an_hour_ago}
        run = a_sync_run(db, source_id=crm.id, records_read=10, records_landed=7, **done)
        a_sync_run(db, source_id=crm.id, records_read=5, records_unchanged=5, **done)
        a_sync_run(db, source_id=crm.id, state=RunState.FAILED, records_quarantined=1)
        for _ in range(3):
            a_quarantined_record(db, source_id=crm.id, run_id=run.id, rule="not_a_date")
    found = figures(start(demo=True))
    assert found["townclerk_sync_runs", "crm", "completed"] == 2
    assert found["townclerk_sync_runs", "crm", "failed"] == 1
    assert found["townclerk_sync_records", "read", "crm"] == 15
    assert found["townclerk_sync_records", "landed", "crm"] == 7
    assert found["townclerk_sync_records", "unchanged", "crm"] == 5
    assert found["townclerk_sync_records", "quarantined", "crm"] == 1
    assert found["townclerk_quarantined_records", "not_a_date", "crm"] == 3
    assert found["townclerk_data_set_lag_seconds", "urn:data:crm", "crm"] == pytest.approx(
        3600, abs=60
    )
    assert ("townclerk_data_set_lag_seconds", "urn:data:permits", "permits") not in found


@pytest.mark.usefixtures("database")
def test_request_times_are_kept_by_route_template(start: Start) -> None:
    client = start(demo=True)
    for number in range(5):
        client.get(f"/customers/{number}")
    client.request("PROPFIND", "/coffee")
    found = figures(client)
    assert found["townclerk_request_seconds_count", "GET", "/customers/{path:path}", "404"] == 5
    assert found["townclerk_request_seconds_count", "other", "refused", "403"] == 1
    assert not any("/customers/1" in key for key in found)


def test_without_the_database_the_figures_still_come(
    start: Start, own_postgres: EmbeddedPostgres
) -> None:
    client = start(demo=True)
    own_postgres.stop()
    assert figures(client)["townclerk_database_up",] == 0


@pytest.mark.usefixtures("database")
def test_two_servers_in_one_process_count_apart(start: Start) -> None:
    first, second = start(demo=True), start(demo=True)
    first.get("/health")
    found = figures(second)
    assert ("townclerk_request_seconds_count", "GET", "/health", "200") not in found
