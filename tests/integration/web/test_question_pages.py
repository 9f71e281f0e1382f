"""The architect's pages over a real database: views with our systems, gaps, roadmap, flows."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from lxml import etree

from registry.api.pages import global_id
from registry.landscape.exchange.formats import Format, load_bytes, save
from registry.landscape.models import releases
from registry.storage.database import Database, unit_of_work
from registry.web.flows import compared_flows
from tests.compliance_factories import a_check_run
from tests.factories import (
    a_data_set,
    a_lineage_edge,
    a_relationship,
    a_source,
    a_sync_run,
    an_element,
    an_interface,
)
from tests.unit.landscape.questions.town import a_reference
from tests.unit.web.town import Client, demo_app


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    """Asks the real application as the local architect, through its gate."""
    return Client(demo_app(tmp_path))


def a_town_with_a_reference() -> str:
    """Take in the small reference and let one system of ours fill in one of its components."""
    data = save(a_reference().model, Format.EXCHANGE)
    with unit_of_work() as db:
        releases.take_in(
            db,
            load_bytes(data, file="reference.xml"),
            releases.Source(key="small", file="reference.xml", file_hash=releases.hash_of(data)),
        )
        ours = an_element(
            db,
            name="CaseFlow <b>",
            attrs={"lifecycle": "phase out", "end_date": "2020-01-31", "owner": "Information"},
        )
        [row] = db.execute("SELECT id FROM element WHERE name = 'Case handling'").fetchall()
        a_relationship(db, kind="specialization", source_id=ours.id, target_id=row[0])
        return ours.urn


def test_an_empty_hub_says_what_to_do_next(client: Client) -> None:
    for page in ("/views", "/gaps", "/roadmap", "/flows"):
        answer = client.get(page)
        assert answer.status_code == 200, page
    assert "landscape import" in client.get("/views").text


def test_a_view_shows_our_systems_in_their_components(client: Client) -> None:
    urn = a_town_with_a_reference()
    listed = client.get("/views").text
    assert "All components" in listed
    address = listed.split('href="/views/', 1)[1].split('"', 1)[0]
    for by, word in (("lifecycle", "Being phased out"), ("owner", "Information")):
        shown = client.get(f"/views/{address}?by={by}").text
        assert word in shown
        assert "CaseFlow &lt;b&gt;" in shown
        assert f'href="/systems/{urn}"' in shown
        assert "<b>" not in shown
        assert "<script" not in shown
        assert "style=" not in shown
    assert client.get(f"/views/{address}?by=nonsense").status_code == 200
    text = "query ($id: ID!) { viewPicture(view: $id, by: OWNER) { name svg } }"
    given = {"id": global_id("stored_view", UUID(address))}
    answer = client.post("/graphql", json={"query": text, "variables": given}).json()
    picture = answer["data"]["viewPicture"]
    assert picture["name"] == "All components"
    assert etree.fromstring(picture["svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert "Information" in picture["svg"]
    missing = client.get("/views/00000000-0000-7000-8000-000000000000")
    assert missing.status_code == 404


def test_a_systems_colour_says_what_the_newest_checks_of_its_interfaces_found(
    client: Client,
) -> None:
    urn = a_town_with_a_reference()
    listed = client.get("/views").text
    address = listed.split('href="/views/', 1)[1].split('"', 1)[0]
    page = f"/views/{address}?by=compliance"
    assert "No evidence" in client.get(page).text
    with unit_of_work() as db:
        [system] = db.execute("SELECT id FROM element WHERE urn = %s", [urn]).fetchone() or ()
        interface = an_interface(db, name="Case query")
        a_relationship(db, kind="composition", source_id=system, target_id=interface.id)
        # Of each rule: severity, findings open, waived, known.
        told = {"interface_id": interface.id, "interface_urn": interface.urn}
        a_check_run(db, rules={"paths-kebab": [0, 2, 0, 0]}, **told)
    assert "Fails" in client.get(page).text
    with unit_of_work() as db:
        a_check_run(db, rules={"paths-kebab": [0, 0, 2, 0], "info": [1, 3, 0, 0]}, **told)
    assert "Waived" in client.get(page).text
    with unit_of_work() as db:
        a_check_run(db, rules={"info": [1, 3, 0, 0]}, **told)
    assert "Complies" in client.get(page).text


def test_gaps_roadmap_and_a_systems_own_page_tell_the_same_story(client: Client) -> None:
    urn = a_town_with_a_reference()
    gaps = client.get("/gaps?cover=ending").text
    assert "Case handling" in gaps
    assert "Archive keeping" not in gaps
    assert "Archive keeping" in client.get("/gaps").text
    roadmap = client.get("/roadmap").text
    assert "overdue" in roadmap
    assert "Case handling" in roadmap, "nothing else fills it in"
    system = client.get(f"/systems/{urn}").text
    assert "<dt>fills in</dt><dd>Case handling</dd>" in system
    assert "Case API" in system
    assert "mandatory" in system
    assert "of 100" in system


def test_a_page_shows_a_day_that_has_been_and_refuses_what_is_none(client: Client) -> None:
    a_town_with_a_reference()
    past = client.get("/gaps?as_of=2020-01-01").text
    assert "0 reference components" in past
    assert "as of the end of 2020-01-01" in past
    assert 'href="/roadmap?as_of=2020-01-01"' in past
    for page in ("/gaps", "/roadmap"):
        assert client.get(f"{page}?as_of=2020-01-01").status_code == 200
        for wrong in ("as_of=yesterday", "as_of=2999-01-01", "scenario=%3Cb%3E"):
            answer = client.get(f"{page}?{wrong}")
            assert answer.status_code == 400, wrong
            assert "<b>" not in answer.text


def test_what_flows_without_a_word_is_told(client: Client) -> None:
    with unit_of_work() as db:
        interface, data = an_interface(db, name="Feed"), a_data_set(db, name="Trees")
        run = a_sync_run(db, source_id=a_source(db, interface_id=interface.id).id)
        a_lineage_edge(db, run_id=run.id, from_id=data.id, to_id=interface.id, records=7)
    shown = client.get("/flows").text
    assert "undeclared" in shown
    assert "the interface declares no data set" in shown
    with unit_of_work() as db:
        [row] = compared_flows(db, now=datetime.now(UTC))
        assert (row.records, row.source) == (7, "Trees")


def test_a_source_that_failed_has_drifted(database: Database) -> None:
    with unit_of_work() as db:
        source = a_source(db, key="trees")
        a_sync_run(db, source_id=source.id, state="failed")
        [row] = compared_flows(db, now=datetime.now(UTC))
    assert (row.verdict, row.reason) == ("drifted", "the last run of trees failed")
