"""The auditor's pages over a real database: how interfaces stand, and one with all known of it."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from psycopg.types.json import Jsonb

from flows.fleet import check_one
from flows.requests import carry_out_next
from registry.compliance import commands
from registry.compliance.rulesets import load
from registry.storage.database import Database, unit_of_work
from schemas.evidence import StandardStatus
from tests.factories import an_interface
from tests.unit.web.town import Client, demo_app

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "http://localhost"}
URN = "urn:town:interface:a/b permits"
DOCUMENT = b"""openapi: 3.0.3
info: {title: "<script>alert(1)</script>", version: "1"}
paths:
  /permits: {get: {operationId: "<b>", responses: {"200": {description: ok}}}}
"""


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    """Asks the real application as the local architect, through its gate."""
    return Client(demo_app(tmp_path))


def a_checked_interface(today: date) -> None:
    """Check an interface against the municipal profile, with one waiver in force."""
    profile = load("townclerk:municipal")
    with unit_of_work() as db:
        an_interface(db, urn=URN, name="Permits <api>")
        commands.keep_rule_set(
            db, profile, name="municipal", entry="townclerk:municipal", actor="Ann"
        )
        commands.set_standard(
            db, key="profile", version="1", title="t", status=StandardStatus.MANDATORY,
            valid_from=today, rule_set_sha256=profile.digest,
        )  # fmt: skip
        commands.register_document(db, URN, DOCUMENT, "permits.yaml", actor="Ann")
        asked = commands.ask_waiver(
            db, rule="municipal-version", reason="The supplier numbers by year.", asked_by="Ann",
            expires_on=today + timedelta(days=9), interface_urn=URN, today=today,
        )  # fmt: skip
        commands.approve_waiver(db, asked, approved_by="Bob")
    check_one(URN, actor="Ann", today=today)


def test_the_pages_show_how_interfaces_stand_and_why(client: Client) -> None:
    today = date.today()  # noqa: DTZ011  # waivers end on civil days
    assert "No interface is registered" in client.get("/interfaces").text
    assert client.get("/interfaces/urn:town:interface:absent").status_code == 404
    with unit_of_work() as db:
        an_interface(db, urn="urn:town:interface:new", name="Unchecked")
    assert "has not been checked yet" in client.get("/interfaces/urn:town:interface:new").text

    a_checked_interface(today)
    overview = client.get("/interfaces").text
    assert "Permits &lt;api&gt;" in overview
    assert "/interfaces/urn:town:interface:a%2Fb%20permits" in overview
    assert "municipal-version" in overview  # its waiver ends within a month

    one = client.get("/interfaces/urn:town:interface:a%2Fb%20permits").text
    assert "<script>" not in one
    assert "municipal-owner" in one
    assert "This page as GraphQL" in one
    waived = client.get("/interfaces/urn:town:interface:a%2Fb%20permits?show=waived").text
    assert "approved by Bob" in waived
    only = client.get(
        "/interfaces/urn:town:interface:a%2Fb%20permits?rule=municipal-owner&show=nonsense"
    ).text
    assert "<code>municipal-owner</code>" in only


def test_a_probe_is_asked_for_by_a_button_where_the_register_allows_it(client: Client) -> None:
    page = "/interfaces/urn:town:interface:a%2Fb%20permits"
    today = date.today()  # noqa: DTZ011  # waivers end on civil days
    a_checked_interface(today)
    assert "Probe it now" not in client.get(page).text
    assert (
        client.post(page, headers=FORM).status_code == 403
    )  # the register says nothing of a probe
    with unit_of_work() as db:
        allowed = {"probe": True, "sandbox": True, "base_url": "http://127.0.0.1:9"}
        db.execute("UPDATE element SET attrs = %s WHERE urn = %s", (Jsonb(allowed), URN))

    assert "Probe it now" in client.get(page).text
    asked = client.post(page, headers=FORM)
    assert (asked.status_code, asked.headers["location"]) == (303, f"{page}#probes")
    assert "<td>asked</td>" in client.get(page).text
    assert carry_out_next()

    shown = client.get(page).text
    assert "<td>done</td>" in shown
    assert "probe-no-answer" in shown
    assert "municipal-owner" in shown  # findings are still those of the document
    nowhere = "/interfaces/urn:town:interface:none"
    assert client.post(nowhere, headers=FORM).status_code == 404
