"""Single records and pairs in Python are what batches in DuckDB are, to the last bit."""

from itertools import pairwise
from random import Random
from uuid import uuid4

import duckdb
import msgspec
import numpy as np
import orjson
import pytest

from registry.customers.live.link import link_table
from registry.customers.matching import frequencies
from registry.customers.matching import pairwise as weighing
from registry.customers.matching.blocking import make_keys, rules_for
from registry.customers.matching.copies import content_digest, set_copies_aside
from registry.customers.matching.engine import open_engine, run
from registry.customers.matching.expressions import UnknownExpression, python_of
from registry.customers.matching.features import Features, content_of, features_of
from registry.customers.matching.kept_features import features_from, features_sql, line_of, line_sql
from registry.customers.matching.pairwise import weigher_of
from registry.customers.matching.standard import PLAIN_COLUMNS, standardise
from registry.customers.values.clean import CLEAN_COLUMNS, clean
from schemas.records import CustomerKind, CustomerRecord
from tests.unit.customers.conftest import Row, a_name, a_town, load


def strange_rows() -> list[Row]:
    """Return people and companies with slips, swaps, prefixes, accents and gaps."""
    chance = Random(9)
    rows = a_town(120, seed=5)
    for row in rows:
        if chance.random() < 0.3:
            row["family_name"] = chance.choice(("van der ", "Ö", "d'")) + row["family_name"]
        if chance.random() < 0.2:
            row["given_name"], row["initials"] = None, row["given_name"][0] + chance.choice("ABC")
        if chance.random() < 0.1:
            row["given_name"], row["family_name"] = row["family_name"], row["given_name"]
        for name in ("birth_date", "street", "postal_code", "house_number", "gender"):
            if chance.random() < 0.1:
                row[name] = None
        if chance.random() < 0.2 and row["birth_date"]:
            row["birth_date"] = row["birth_date"][:-1] + chance.choice("0123456789")
        if chance.random() < 0.1:
            row["email"] = "Jörg@post.nl"
        if chance.random() < 0.1:
            row["given_name"] = "J. K."  # initials, where a name was asked for
        if chance.random() < 0.1 and row["birth_date"]:
            row["birth_date"] = row["birth_date"][:4]
        row["national_id"] = chance.choice((None, None, "111222333", "123456782"))
    for number in range(80):
        words = [a_name(chance, 2), chance.choice(("B.V.", "Stichting", "Zorg", "& Zn"))]
        rows.append(
            {
                "id": 5_000_000 + number,
                "kind": "organisation",
                "source": "trade",
                "organisation_name": " ".join(chance.sample(words, 2)),
                "chamber_number": chance.choice((None, "12345678", "87654321")),
                "email": chance.choice((None, "info@zorg.nl", "x@zorg.nl")),
                "street": "Kerkstraat",
                "house_number": chance.choice(("1", "12-A", "no")),
                "city": "Testdam",
            }
        )
    return rows


def _as_json(con: duckdb.DuckDBPyConnection, question: str) -> dict[int, Features]:
    """Return comparison columns by record."""
    rows = run(
        con,
        "SELECT id, to_json(columns)::VARCHAR FROM (SELECT id,"
        " struct_pack(*COLUMNS(* EXCLUDE (id))) AS columns FROM ($question))",
        question=question,
    )
    return {record: _as_compared(orjson.loads(text)) for record, text in rows}


def _as_compared(features: Features) -> Features:
    """Return features with their bits as a batch holds them."""
    return {
        name: float(np.float32(value)) if name.endswith("_bits") else value
        for name, value in features.items()
    }


@pytest.mark.parametrize("kind", list(CustomerKind))
def test_how_rare_a_value_is_does_not_depend_on_who_else_is_in_the_batch(
    kind: CustomerKind,
) -> None:
    rows = strange_rows()
    with open_engine() as con:
        load(con, rows)
        model = link_table(con, "plain").model.kinds[kind]
    common = [found for found in model.frequencies.values() if len(found.keys)]
    assert common  # a town has names that many bear
    seer = weigher_of(model, kind).seer
    alone = [row for row in rows if CustomerKind(row.get("kind", "person")) is kind][::40]
    for row in alone:  # nobody else of that name is left in the town
        single = seer.see(features_of(dict.fromkeys(PLAIN_COLUMNS) | row, kind))
        with open_engine() as con:
            load(con, [row])
            standardise(con, "plain", kind, into="standard_record")
            frequencies.forget_shared(con, "standard_record", model.shared)
            frequencies.add_bits(con, "standard_record", model.frequencies)
            batch = _as_json(con, "SELECT * EXCLUDE (rid) FROM standard_record")
        assert batch == {row["id"]: _as_compared(single)}


@pytest.mark.parametrize("kind", list(CustomerKind))
def test_features_keys_and_weights_of_single_records_are_those_of_the_batch(
    kind: CustomerKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = strange_rows()
    with open_engine() as con:
        load(con, rows)
        model = link_table(con, "plain").model.kinds[kind]
        standardise(con, "plain", kind, into="standard_record")
        contents = dict(
            run(con, "SELECT id, $digest FROM standard_record", digest=content_digest(kind))
        )
        set_copies_aside(con, "standard_record", kind, into="aside")
        frequencies.forget_shared(con, "standard_record", model.shared)
        frequencies.add_bits(con, "standard_record", model.frequencies)
        make_keys(con, "standard_record", rules_for(kind, model.records), into="blocking_key")
        weigher = weigher_of(model, kind)
        batch = _as_json(con, "SELECT * EXCLUDE (rid) FROM standard_record")
        question = f"SELECT id AS rid, source, {line_sql(kind)} AS line FROM standard_record"
        run(con, "CREATE TABLE kept_line AS $question", question=question)
        kept = run(con, "SELECT rid, source, line FROM kept_line")
        read = _as_json(
            con, f"SELECT * RENAME (rid AS id) FROM ({features_sql(kind, 'kept_line')})"
        )
        keys = dict(
            run(
                con,
                "SELECT id, list_sort(list_distinct(list(key))) FROM blocking_key"
                " JOIN standard_record USING (rid) GROUP BY id",
            )
        )
    single = {}
    for row in rows:
        if CustomerKind(row.get("kind", "person")) is not kind:
            continue
        plain = dict.fromkeys(PLAIN_COLUMNS) | row
        features = features_of(plain, kind)
        assert content_of(features, kind) == contents[row["id"]]
        single[row["id"]] = weigher.seer.see(features)
    assert {record: _as_compared(single[record]) for record in batch} == batch
    assert read == batch  # as SQL keeps it
    for record, source, line in kept:
        assert _as_compared(features_from(line, source, kind)) == batch[record]
        assert features_from(line_of(single[record], kind), source, kind) == single[record]
    hot = set(model.hot_keys.tolist())
    for record in batch:
        found = [key for key in keys.get(record, ()) if key not in hot]
        assert weigher.seer.keys(single[record]) == found
    chance = Random(2)
    records = sorted(single)
    pairs = [*pairwise(records), *(sorted(chance.sample(records, 2)) for _ in range(4_000))]
    chosen = sorted({(left, right) for left, right in pairs})
    monkeypatch.setattr(weighing, "BATCH_PAIRS_MIN", 1)
    many = weigher.weigh(single, chosen)
    monkeypatch.setattr(weighing, "BATCH_PAIRS_MIN", 10**9)
    one = weigher.weigh(single, chosen)
    assert sorted(many) == sorted(one)
    assert len({pair.weight_bits for pair in one}) > 10


def test_sql_without_a_python_twin_is_refused_at_once() -> None:
    with pytest.raises(UnknownExpression):
        python_of("regexp_matches(l.given, 'x')")
    with pytest.raises(UnknownExpression):
        python_of("soundslike(l.given, r.given)")
    with pytest.raises(UnknownExpression):
        python_of("l.given IS TRUE")


def test_null_is_neither_true_nor_false() -> None:
    both = python_of("l.a = 1 AND l.b = 1")
    either = python_of("l.a = 1 OR l.b = 1")
    assert both({"a": None, "b": 0}, {}, {}) is False
    assert both({"a": None, "b": 1}, {}, {}) is None
    assert either({"a": None, "b": 1}, {}, {}) is True
    assert either({"a": None, "b": 0}, {}, {}) is None


HOSTILE = (
    "a\tb",
    "\tJan",
    "Jan\t",
    "\t",
    "x\ty@post.nl",
    '"a\tb"@post.nl',
    "1\t2",
    "1234\tAB",
    "\x1f",
)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("kind", list(CustomerKind))
def test_what_parts_kept_columns_stands_in_no_column(kind: CustomerKind, value: str) -> None:
    said = {
        field.name: value
        for field in msgspec.structs.fields(CustomerRecord)
        if field.type == str | None
    }
    assert len(said) > len(PLAIN_COLUMNS) / 2
    record = CustomerRecord(key=value, kind=kind, **said)
    row = dict(zip(CLEAN_COLUMNS, clean(1, uuid4(), record), strict=True)) | {"source": value}
    features = features_of(row, kind)
    features |= {f"{name}_bits": -0.219 for name in frequencies.frequency_columns(kind)}

    assert features_from(line_of(features, kind), value, kind) == features
