"""Taking over another system's links by command, and looking at a Splink model."""

import json
from pathlib import Path

import psycopg
import pytest

from registry.storage.connecting import connect
from tests.integration.cli.conftest import Ask, on_one_server
from tests.integration.cli.test_stewarding import fill
from townclerk.cli import run


def keys_of(db: psycopg.Connection, records: list[int]) -> list[tuple[str, str]]:
    return db.execute(
        """SELECT e.urn, r.key FROM landed_record r JOIN element e ON e.id = r.data_set_id
           WHERE r.id = ANY(%s) ORDER BY r.id""",
        (records,),
    ).fetchall()


@on_one_server
def test_a_table_links_and_a_model_is_listed(
    ask: Ask, postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with connect(postgres_url) as db:
        records = fill(db)
        lines = [f"{urn},{key},old-17" for urn, key in keys_of(db, records)]
    table, model = tmp_path / "crossref.csv", tmp_path / "model.json"
    table.write_text("\n".join(["Bron,Sleutel,Klant", *lines]))
    columns = ("--key", "Sleutel", "--golden", "Klant")

    def take(*words: str) -> tuple[int, dict[str, object], str]:
        return ask("customers", "import-truth", *words, DATABASE_URL=postgres_url)

    code, found, _ = take(str(table), *columns)
    assert (code, found["links"], found["ids"]) == (0, 2, 1)
    code, (customer,), _ = ask("customers", "find", "old-17", "--purpose", "service")
    assert (code, customer["record_count"]) == (0, 3)
    level = {"sql_condition": "ELSE", "m_probability": 0.1, "u_probability": 0.9}
    model.write_text(
        json.dumps({"comparisons": [{"output_column_name": "dob", "comparison_levels": [level]}]})
    )
    code, listed, _ = take(str(model))
    assert (code, listed["mapped"][0]["ours"]) == (0, "birth: differs")
    assert isinstance(listed["mapped"][0]["our_bits"], float)
    assert run(["customers", "import-truth", str(model)]) == 0
    assert run(["customers", "import-truth", str(table), *columns]) == 0
    assert "were decided on before" in capsys.readouterr().err
    code, again, _ = take(str(table), "--dry-run")  # the keys tell what the columns are
    assert (code, again["links"], again["kept"]) == (0, 0, 2)
    table.write_text("a,b\nc,d\n")
    assert take(str(table))[0] == 2
    assert take(str(tmp_path / "absent.csv"))[0] == 2
