"""A steward's day by command: find, look why, decide, see it hold, take it back; link a table."""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest

from registry.customers.live.commands import absorb, rematch
from registry.storage.connecting import connect
from schemas.records import CustomerKind, CustomerRecord
from tests.factories import a_data_set, a_landed_record, a_sync_run
from tests.integration.cli.conftest import Ask, on_one_server

SOUNDS = [first + last for first in "bdfghjklmnprst" for last in "aeo"]


def fill(db: psycopg.Connection) -> list[int]:
    """Match forty people in two sources; return the records of the last one, and of a stranger."""
    chance, run_id = Random(3), a_sync_run(db).id
    data_sets = [a_data_set(db).id for _ in range(2)]
    page = []
    for number in range(41):
        person = {
            "given_name": "".join(chance.choices(SOUNDS, k=2)).capitalize(),
            "family_name": "".join(chance.choices(SOUNDS, k=3)).capitalize(),
            "birth_date": date(1950 + number, 1, 7),
            "postal_code": f"{chance.randrange(2600, 2700)} CD",
            "house_number": "7",
        }
        for data_set in data_sets[: 1 if number == 40 else 2]:
            row = a_landed_record(db, data_set_id=data_set, run_id=run_id)
            assert row.id is not None
            record = CustomerRecord(key=row.key, kind=CustomerKind.PERSON, **person)
            page.append((row.id, data_set, record))
    absorb(db, page)
    rematch(db, memory_limit_mb=512)
    return [record for record, _, _ in page[-3:]]


def desk(ask: Ask, url: str) -> Callable[..., Any]:
    """Return how a steward of one town gives commands and gets what they answer."""

    def town(*words: str) -> Any:
        code, found, _ = ask("customers", *words, DATABASE_URL=url, TOWNCLERK_PURPOSE="stewardship")
        assert code == 0
        return found

    return town


@on_one_server
def test_a_steward_decides_and_takes_back(ask: Ask, postgres_url: str) -> None:
    with connect(postgres_url) as db:
        one, _, stranger = fill(db)
    town = desk(ask, postgres_url)

    why = town("why", str(one), str(stranger))
    assert why["weight_bits"] < why["cut_bits"]
    kept = town("decide", str(one), str(stranger), "link", "--reason", "seen", "--as", "Sam")
    (decision,) = town("decisions")
    assert (decision["id"], decision["actor"]) == (kept["decision"], "Sam")
    assert town("why", str(one), str(stranger))["decided"] is True
    assert max(row["record_count"] for row in town("list")) == 3
    matched = town("rematch")
    assert matched["records"] == 81
    assert max(row["record_count"] for row in town("list")) == 3, "it holds in every later run"
    said = town("compare", str(one), str(stranger))
    assert said["because"] == "A steward decided: one customer."
    town("undo", str(kept["decision"]), "--as", "Kim")
    assert max(row["record_count"] for row in town("list")) == 2
    copy = one + 1
    assert town("why", str(one), str(copy))["decided"] is None
    for verdict in ("unlink", "postpone"):
        town("decide", str(one), str(copy), verdict, "--reason", f"{verdict} it")
        assert town("doubts")["customers"] == 42
    (parted,) = [row for row in town("decisions") if row["verdict"] == "unlink"]
    town("undo", str(parted["id"]))
    assert town("doubts")["customers"] == 41
    undone = [row for row in town("decisions") if row["undone_by"] == "Kim"]
    assert [(row["verdict"], row["reason"], row["actor"]) for row in undone] == [
        ("link", "seen", "Sam")
    ]
    assert town("compare", str(one), str(stranger))["linked"] is False
    last = town("events", "--reader", "dwh")[-1]["number"]
    assert town("acknowledge", "dwh", str(last))["behind"] == 0
    assert town("changes", "2026-01-01")


@on_one_server
def test_a_steward_finds_judges_settles_and_erases(ask: Ask, postgres_url: str) -> None:
    with connect(postgres_url) as db:
        fill(db)
    town = desk(ask, postgres_url)

    name = town("list")[0]["display_name"]
    assert town("find", str(name))[0]["display_name"] == name
    assert isinstance(town("review"), list)
    for limit in ("0", "-3", "201"):
        assert ask("customers", "review", "--limit", limit)[0] == 2
    drawn = town("sample", "--draw", "5")
    assert drawn["precision"]["waiting"] == 5
    for number, link in enumerate(drawn["waiting"]):
        measured = town("judge", link["id"], "right" if number else "wrong")
    assert (measured["judged"], measured["right"], measured["share"]) == (5, 4, 0.8)
    assert (measured["least"], measured["most"]) == (
        pytest.approx(0.376, abs=0.001),
        pytest.approx(0.964, abs=0.001),
    )
    customer = town("find", str(name))[0]["id"]
    assert town("show", customer)["name"] == name
    assert "new" not in town("around", customer, "--only", "timeline")["masked"]
    assert len(town("history", customer)) >= 1
    assert town("doubts")["customers"] >= 41
    (model,) = town("models")
    assert (model["live"], model["usable"]) == (True, True)
    kept_model = town("train")["version"]
    if kept_model != model["version"]:
        assert town("rematch", "--version", str(kept_model)[:12])["model"] == kept_model
        assert {row["version"]: row["live"] for row in town("models")}[kept_model]
        town("rematch", "--version", model["version"])
        assert town("reject", str(kept_model)[:12])["version"] == kept_model
    assert town("settle", "email", "--by", "agreement", "--reason", "x")["customers_changed"] == 0
    assert {rule["attribute"] for rule in town("survivorship")} > {"email", "address"}
    town("purpose", "count", "--name", "Count", "--basis", "GDPR 89", "--field", "city")
    assert "count" in {row["key"] for row in town("purposes")}
    assert town("erase", customer, "--reason", "request 1")["records"] == 2


def test_a_table_is_linked_by_command_without_a_database(ask: Ask, tmp_path: Path) -> None:
    table, columns = tmp_path / "people.csv", tmp_path / "columns.yaml"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("nr", "vn", "achternaam", "geboren"))
        for number in range(40):
            rows.writerow((number, f"Naam{number % 20}", f"Van{number % 20}", "1970-01-02"))
    columns.write_text("given_name: vn\nbirth_date: geboren\n")
    out = tmp_path / "pairs.csv"
    code, found, _ = ask(
        "customers", "link", str(table), "--out", str(out), "--columns", str(columns)
    )
    assert code == 0
    assert found["records"] == 40
    assert {"role": "given_name", "column": "vn", "reason": "as you said"} in found["roles"][
        "people.csv"
    ]
    assert out.read_text().startswith("id_l,id_r,match_weight_bits,probability\n")
    code, refused, _ = ask("customers", "link", str(tmp_path / "none.csv"), "--out", str(out))
    assert (code, refused["error"]["code"]) == (2, "invalid_input")
