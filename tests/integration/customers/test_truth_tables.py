"""Cross-reference tables as other systems write them: read rightly, or refused with what to say."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from registry.customers.live.cross_reference import TruthReport, import_truth
from registry.customers.tables import truth_tables
from registry.customers.tables.truth_shapes import ShapeName
from registry.customers.tables.truth_tables import TruthTable, UnclearTable, read_truth
from schemas.errors import InvalidInput
from tests.integration.customers.conftest import JANNA, PIET, Counter

EMMA = {"given_name": "Emma", "family_name": "Kok", "postal_code": "2633 EF"}
Take = Callable[..., tuple[TruthTable, TruthReport]]


@pytest.fixture
def keys(counter: Counter) -> list[str]:
    """Three people who are not alike: in CRM, in Library, and in CRM again."""
    return [counter.key(record) for record in counter.land(JANNA, PIET, EMMA)]


@pytest.fixture
def take(counter: Counter, keys: list[str], tmp_path: Path) -> Take:
    """Write a table, naming keys {0}, {1} and {2}; read it and take it over."""

    def taken(text: str, *, encoding: str = "utf-8", **options: object) -> object:
        file = tmp_path / "table.csv"
        file.write_text(text.format(*keys), encoding=encoding)
        table = read_truth(counter.db, file, **options)  # type: ignore[arg-type]
        report = import_truth(
            counter.db, table.rows, pairs=table.pairs, actor="Sam", reason="old hub"
        )
        return table, report

    return taken  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # A line per record.
        ("source,key,golden\nCRM,{0},G1\nLibrary,{1},G1\n", 1),
        ("TEST;CLUSTER_ID;DATA_SOURCE;RECORD_ID\n;G1;CRM;{0}\n;G1;Library;{1}\n", 1),
        ("id,cluster\n{0},7\n{1},7\n", 1),
        ("id,cluster\nCRM:{0},7\nLibrary/{1},7\n", 1),
        ("CRM,{0},G1\nLibrary,{1},G1\n", 1),
        ("klant|kaart|bij\nG1|{0}|crm\nG1|{1}|LIBRARY\n", 1),
        ("{0}\tG1\n{1}\tG1\n", 1),
        # A line per pair.
        ("key_l,key_r,source_l,source_r\n{0},{1},CRM,Library\n", 0),
        ("unique_id_l,unique_id_r\n{0},{1}\n", 0),
        ("left_id;left_source;right_id;right_source\n{0};CRM;{1};Library\n", 0),
        ("source1,id1,source2,id2\nCRM,{0},Library,{1}\n", 0),
        ("{0},{1}\n", 0),
        ("CRM,{0},Library,{1}\n", 0),
        # A line per customer.
        ("crm,library\n{0},{1}\n", 0),
        ("master id,CRM key,Library key\n7,{0},{1}\n8,,\n", 1),
        ("GoldenID;CRM_ID;LIBRARY_ID;tax\nG1;{0};{1};99\n", 1),
    ],
)  # fmt: skip
def test_each_shape_ties_the_same_two_records(
    counter: Counter, take: Take, keys: list[str], text: str, ids: int
) -> None:
    _, report = take(text)
    assert (report.links, report.ids, report.contradictions) == (1, ids, 0)
    rows = counter.db.execute(
        """SELECT r.key, l.customer_id FROM landed_record r
           JOIN customer_link l ON l.record_id = r.id WHERE r.key = ANY(%s)""",
        (keys,),
    ).fetchall()
    home = dict(rows)
    assert home[keys[0]] == home[keys[1]] != home[keys[2]]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("bron;sleutel;cluster\r\nCRM;{0};Café\r\nLibrary;{1};Café\r\n", "utf-8-sig"),
        ("bron;sleutel;cluster\r\nCRM;{0};Café\r\nLibrary;{1};Café\r\n", "cp1252"),
        ("bron\tsleutel\tcluster\r\nCRM\t{0}\tCafé\r\nLibrary\t{1}\tCafé\r\n", "utf-16"),
        ("sep=;\r\nbron;sleutel;cluster\r\nCRM;{0};1\r\nLibrary;{1};1\r\n", "utf-8"),
        ("Our customers\n\nbron,sleutel,cluster\n CRM , {0} ,1\nLibrary,{1},1,,\n\n,,\n", "utf-8"),
        ('"bron","sleutel","cluster"\n"CRM","{0}","1"\n"Library","{1}","1"\n', "utf-8"),
        ("bron,sleutel,cluster\rCRM,{0},1\rLibrary,{1},1\r", "utf-8"),
    ],
)
def test_a_table_is_read_however_it_was_saved(take: Take, text: str, encoding: str) -> None:
    assert take(text, encoding=encoding)[1].links == 1


def test_a_table_is_read_in_the_encoding_that_is_said(
    counter: Counter, keys: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "table.csv"
    file.write_text(f"klíč,číslo\n{keys[0]},Žižka\n{keys[1]},Žižka\n", encoding="cp1250")
    (guessed,) = read_truth(counter.db, file).warnings
    assert guessed.endswith("--encoding cp1250")
    table = read_truth(counter.db, file, encoding="windows-1250")
    assert "klíč" in table.told
    assert {row.golden for row in table.rows} == {"Žižka"}
    assert not table.warnings


def test_a_parquet_file_of_pairs_is_read(counter: Counter, keys: list[str], tmp_path: Path) -> None:
    file = tmp_path / "pairs"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT .99 AS match_probability, '{keys[0]}' AS unique_id_l,"
            f" '{keys[1]}' AS unique_id_r) TO '{file}' (FORMAT parquet)"
        ).fetchall()
    assert len(read_truth(counter.db, file, at_least=0.9).pairs) == 1


def test_lines_that_come_twice_or_run_round_tie_once(take: Take) -> None:
    _, report = take("key_l,key_r\n{0},{1}\n{1},{0}\n{0},{1}\n{1},{2}\n{0},{0}\n")
    assert (report.links, report.records) == (2, 3)


def test_customers_without_an_id_are_tied_across_lines_and_with_one_are_not(take: Take) -> None:
    _, without = take("CRM,Library\n{0},{1}\n{2},{1}\n")
    assert (without.links, without.contradictions) == (2, 0)
    _, with_ids = take("golden,CRM,Library\nG1,{0},{1}\nG2,{2},{1}\n")
    assert (with_ids.contradictions, with_ids.kept) == (1, 0)


def test_only_pairs_that_score_enough_are_tied(take: Take) -> None:
    text = (
        "match_weight,match_probability,id_l,id_r\n9,0.99,{0},{1}\n-2,0.1,{1},{2}\n1,much,{0},{2}\n"
    )
    with pytest.raises(UnclearTable, match="scored"):
        take(text)
    table, report = take(text, at_least=0.95)
    assert report.links == 1
    assert "1 line without a key, or with what is none, left out (line 4)" in table.warnings
    assert "1 pair scores less than 0.95; no link comes of that" in table.warnings


def test_what_a_line_lacks_is_told_by_its_number(take: Take) -> None:
    table, report = take(
        "source,key,golden\nCRM,{0},G1\nCRM,,G1\nLibrary,{1}\nLibrary,{1},G1,x\n,{1},G1\nLibrary,{1},G1"
    )
    assert report.links == 1
    assert table.warnings == [
        "1 line has fewer cells than the first; the rest is empty",
        "1 line has more cells than the first and is left out (line 5)",
        "3 lines without a key, or with what is none, left out (line 3, 4, 6)",
    ]


def test_a_key_of_two_data_sets_is_nobody_until_its_data_set_is_said(
    counter: Counter, take: Take, keys: list[str]
) -> None:
    counter.db.execute("UPDATE landed_record SET key = %s WHERE key = %s", (keys[0], keys[1]))
    _, report = take("id,cluster\n{0},7\n{2},7\n")
    assert (report.unclear_records, report.links) == (1, 0)
    _, told = take("id,cluster\n{0},7\n{2},7\n", source="CRM")
    assert (told.unclear_records, told.links) == (0, 1)


@pytest.mark.parametrize(
    ("text", "options", "error", "says"),
    [
        ("", {}, InvalidInput, "is empty"),
        ("a,b\nc,d\n", {}, UnclearTable, "Neither names nor values"),
        ("source,key,key,golden\n", {}, InvalidInput, "2 columns"),
        ("source,key,golden\n", {"roles": {"key": "nope"}}, InvalidInput, "0 columns called nope"),
        ("source,key,golden\n", {"roles": {"key": "golden"}}, InvalidInput, "One column"),
        ("id,cluster\n{0},1\n", {"shape": ShapeName.WIDE}, UnclearTable, "Neither"),
    ],
)
def test_a_table_that_says_nothing_is_refused(
    take: Take, text: str, options: dict[str, object], error: type[InvalidInput], says: str
) -> None:
    with pytest.raises(error, match=says):
        take(text, **options)


def test_two_columns_of_numbers_that_are_keys_are_not_guessed(
    counter: Counter, take: Take, keys: list[str]
) -> None:
    for place, key in enumerate(keys):
        counter.db.execute("UPDATE landed_record SET key = %s WHERE key = %s", (str(place), key))
    with pytest.raises(UnclearTable):
        take("1,2\n0,1\n")
    assert take("1,2\n0,1\n", shape=ShapeName.PAIRS)[1].links == 2
    assert take("1,2\n0,2\n", roles={"key": "1", "golden": "2"})[0].rows[0].golden == "2"


def test_a_person_and_an_organisation_are_not_linked_and_that_is_told(
    counter: Counter, take: Take
) -> None:
    (shop,) = counter.land({"organisation_name": "Kok Fietsen BV"}, into=1, kind="organisation")
    _, report = take("key_l,key_r\n{0}," + counter.key(shop) + "\n{0},{1}\n")
    assert (report.mixed, report.links) == (1, 1)


@pytest.mark.parametrize("start", [b"PK\x03\x04\x14\x00\x06", bytes(range(128, 250)) + b"\x01"])
def test_a_workbook_or_a_picture_is_no_table(
    counter: Counter, tmp_path: Path, start: bytes
) -> None:
    file = tmp_path / "table.xlsx"
    file.write_bytes(start * 20)
    with pytest.raises(InvalidInput, match=r"no text|not CSV"):
        read_truth(counter.db, file)


def test_a_large_table_is_refused_before_it_is_read(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(truth_tables, "FILE_BYTES_MAX", 10)
    with pytest.raises(InvalidInput, match="larger than 10 bytes"):
        take("id,cluster\n{0},1\n")
