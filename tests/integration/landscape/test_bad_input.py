"""Whatever is wrong with what comes in is named, and not one row of the register is another."""

from pathlib import Path

import psycopg
import pytest

from registry.landscape.changes.decide import ChangesCollide, make
from registry.landscape.changes.plan import ChangesRefused
from registry.landscape.changes.table import drafts_of, drafts_of_rows
from registry.landscape.exchange.formats import load_bytes
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.tables import Table, read_csv, write_csv
from registry.landscape.metamodel import Strictness
from registry.landscape.models.releases import Source, take_in
from schemas.errors import TownclerkError
from tests.factories import a_relationship
from tests.integration.landscape.proposing import made

TABLES = (
    *("element", "relationship", "stored_view", "architecture_model"),
    *("element_history", "relationship_history", "alias", "change_set", "change", "model_release"),
)
MODEL = (Path(__file__).parents[2] / "unit/landscape/exchange/models/exchange-3.xml").read_text()
HEAD = '<?xml version="1.0"?>'
LAUGH = '<!DOCTYPE model [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE model [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
A_MODEL = """{head}<model xmlns="http://www.opengroup.org/xsd/archimate/3.0/"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" identifier="id-m"><name>M</name>
 <elements>
  <element identifier="id-a" xsi:type="ApplicationComponent"><name>A</name></element>
  <element identifier="{second}" xsi:type="DataObject"><name>B</name></element>
 </elements>
 <relationships>
  <relationship identifier="id-r" source="id-a" target="{target}" xsi:type="{kind}"/>
 </relationships></model>"""


def a_model(
    head: str = HEAD, second: str = "id-b", target: str = "id-b", kind: str = "Access"
) -> str:
    return A_MODEL.format(head=head, second=second, target=target, kind=kind)


def fingerprint(db: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """Return how many rows each table has, and a hash of all they say."""
    found = {}
    for table in TABLES:
        row = db.execute(
            f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
            f" FROM {table} AS t"
        ).fetchone()
        assert row is not None
        found[table] = (row[0], row[1])
    return found


def taken_in(db: psycopg.Connection, text: str) -> None:
    """Take a model in, strictly."""
    loaded = load_bytes(text.encode(), file="bad.xml", strictness=Strictness.STRICT)
    take_in(db, loaded, Source(key="bad", file="bad.xml", file_hash=b""))


def upserted(db: psycopg.Connection, text: str) -> None:
    """Bring the register up to a table."""
    drafts = drafts_of(read_csv(text.encode(), file="t.csv"))
    make(db, drafts, proposer="anna", reason="A table.")


HOSTILE = {
    "truncated": (MODEL[:1500], "line"),
    "empty": ("", "file is empty"),
    "billion laughs": (a_model(head=HEAD + LAUGH), "DOCTYPE|entit"),
    "external entity": (a_model(head=HEAD + OUTSIDE), "DOCTYPE|entit"),
    "wrong namespace": (a_model().replace("/archimate/3.0/", "/archimate/9.9/"), "9.9|format"),
    "dangling reference": (a_model(target="id-nowhere"), "id-r.*id-nowhere"),
    "duplicate id": (a_model(second="id-a", target="id-a"), "id-a"),
    "invalid relation": (a_model(kind="Composition"), "line 8.*allowed"),
    "no relation": (a_model(kind="Friendship"), "Friendship"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_bad_model_is_refused_by_its_fault_and_changes_nothing(
    db: psycopg.Connection, name: str
) -> None:
    a_relationship(db)
    text, told = HOSTILE[name]
    before = fingerprint(db)

    with pytest.raises(TownclerkError, match=f"(?s){told}") as refused:
        taken_in(db, text)

    assert isinstance(refused.value, ModelFileRefused)
    assert "bad.xml" in refused.value.what
    assert fingerprint(db) == before


BAD_TABLES = {
    "no header that says which": ("colour,size\nred,5\n", "no column urn"),
    "a kind nobody knows": ("urn,kind,name\nurn:t:a,system,A\nurn:t:b,ship,B\n", "Change 3"),
    "a name too long": (f"urn,kind,name\nurn:t:a,system,{'x' * 301}\n", "Change 2"),
    "a urn that is none": ("urn,kind,name\nno urn,system,A\n", "Change 2"),
    "an end that is not there": ("kind,source,target\nflow,urn:t:x,urn:t:y\n", "urn:t:x"),
    "a row longer than the head": ("urn,kind\nurn:t:a,system,x,y\n", "line 2"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_bad_table_names_its_row_and_changes_nothing(db: psycopg.Connection, name: str) -> None:
    text, told = BAD_TABLES[name]
    before = fingerprint(db)

    with pytest.raises(TownclerkError, match=told):
        upserted(db, text)

    assert fingerprint(db) == before


@pytest.mark.parametrize("rows", [["text"], [None], [{"urn": 5}], [{"urn": "urn:t:a", "kind": []}]])
def test_rows_of_another_shape_are_told(db: psycopg.Connection, rows: list[object]) -> None:
    with pytest.raises(ChangesRefused) as told:
        make(db, drafts_of_rows(rows), proposer="anna", reason="Rows.")
    assert [fault["line"] for fault in told.value.facts["faults"]] == [1]


def test_a_formula_stays_a_text_on_its_way_in_and_out(db: psycopg.Connection) -> None:
    formula = "=HYPERLINK(1)"
    data = f"urn,kind,name,note\nurn:t:a,system,A,{formula}\n"
    upserted(db, data)

    kept = db.execute("SELECT attrs ->> 'note' FROM element WHERE urn = 'urn:t:a'").fetchone()
    assert kept == (formula,)
    out = Table("t", ["note"])
    out.add(formula)
    assert b"'=HYPERLINK" in write_csv(out)


def test_a_table_of_which_one_row_collides_changes_nothing(db: psycopg.Connection) -> None:
    made(db, {"action": "add", "urn": "urn:t:a", "kind": "system", "name": "A"})
    made(db, {"action": "change", "urn": "urn:t:a", "name": "A2"})
    rows = [
        {"urn": "urn:t:b", "kind": "system", "name": "B"},
        {"urn": "urn:t:a", "name": "A3"},
    ]
    drafts = drafts_of_rows(rows)
    seen = [drafts[0], type(drafts[1])(action="change", urn="urn:t:a", name="A3",
                                       expected_revision=1)]  # fmt: skip
    before = fingerprint(db)

    with pytest.raises(ChangesCollide), db.transaction():
        make(db, seen, proposer="anna", reason="A table.")

    assert fingerprint(db) == before
