"""Files are read whatever wrote them; what is written is whole, or what stood there before."""

import codecs
import signal
import threading
from pathlib import Path

import duckdb
import pytest

from registry.customers.matching.engine import open_engine
from registry.customers.tables.link_files import link_files
from registry.customers.tables.reading import read_table
from registry.customers.tables.writing import refuse_places
from schemas.errors import InvalidInput, StorageUnusable

PEOPLE = "id,first_name,last_name\n1,Łukasz,Bäckerström\n2,Zoë,Müller\n3,Jürgen,Þórsdóttir\n"


def read(path: Path) -> tuple[list[str], list[tuple[str | None, ...]], list[str]]:
    """Return columns, rows and what was odd."""
    with open_engine() as con:
        table = read_table(con, path, into="given")
        rows = con.execute("SELECT * EXCLUDE (row_number) FROM given ORDER BY row_number")
        return list(table.columns), rows.fetchall(), table.warnings


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE.encode("utf-16"),
        PEOPLE.encode("utf-16-le"),
        PEOPLE.encode("utf-16-be"),
        codecs.BOM_UTF8 + PEOPLE.encode(),
        PEOPLE.replace("\n", "\r").encode(),
    ],
    ids=["UTF-16", "UTF-16 little, no mark", "UTF-16 big, no mark", "UTF-8 with mark", "old Mac"],
)
def test_every_letter_arrives_whatever_the_encoding(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes(content)
    columns, rows, warnings = read(tmp_path / "people.csv")
    assert columns == ["id", "first_name", "last_name"]
    assert rows[0] == ("1", "Łukasz", "Bäckerström")
    assert not warnings


def test_one_broken_sign_does_not_turn_a_whole_file_into_another_encoding(tmp_path: Path) -> None:
    content = (PEOPLE * 2).encode() + b"7,J\xffn,Bos\n"
    (tmp_path / "people.csv").write_bytes(content)
    _, rows, warnings = read(tmp_path / "people.csv")
    assert rows[0][1] == "Łukasz"
    assert warnings == ["1 sign is broken in what else is UTF-8"]
    (tmp_path / "people.csv").write_bytes("id,first_name\n1,Zoë\n2,Jürgen\n".encode("cp1252"))
    _, rows, (warning,) = read(tmp_path / "people.csv")
    assert rows == [("1", "Zoë"), ("2", "Jürgen")]
    assert "read as Windows-1252" in warning


def test_structures_lie_flat_and_of_lists_the_first_value_counts(tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    duckdb.execute(
        f"""COPY (SELECT 12.00::DECIMAL(9, 2) AS id,
            {{'given': ['', 'Jan', 'Piet'], 'family': 'Bos'}} AS name,
            [{{'street': 'Kerkstraat', 'number': 7::BIGINT}}] AS address,
            'Jansen'::BLOB AS alias, '\\xFF\\xD8'::BLOB AS picture,
            612345678.0::DOUBLE AS phone, 'nan'::DOUBLE AS weight, MAP {{'a': 'b'}} AS more,
            TIMESTAMPTZ '1970-01-31 23:00:00+00' AS born, DATE '2020-02-01' AS since,
            'x' AS row_number, 'y' AS file_row_number) TO '{file}' (FORMAT parquet)"""
    )
    columns, rows, warnings = read(file)
    assert dict(zip(columns, rows[0], strict=True)) == {
        "id": "12",
        "name.given": "Jan",
        "name.family": "Bos",
        "address.street": "Kerkstraat",
        "address.number": "7",
        "alias": "Jansen",
        "picture": None,
        "phone": "612345678",
        "weight": None,
        "born": "1970-01-31 23:00:00Z",
        "since": "2020-02-01",
        "row_number again": "x",
        "file_row_number": "y",
    }
    assert warnings[:2] == [
        "only the first value is read in name.given of 1 row, where lists hold more",
        "1 column holds what is no text and is left out",
    ]


def test_what_a_list_holds_beyond_its_first_value_is_told_where_roles_are(tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    duckdb.execute(
        f"""COPY (SELECT i AS id, 'Jan' || i AS first_name, 'Bos' || i AS last_name,
            CASE i WHEN 1 THEN ['', 'a@x.nl'] WHEN 2 THEN ['b@x.nl', 'c@x.nl'] WHEN 3 THEN []
                   WHEN 4 THEN NULL ELSE ['d' || i || '@x.nl', NULL] END AS email,
            [{{'number': '061234560' || i, 'tags': [['home', ''], ['work']]}},
             {{'number': '061234561' || i, 'tags': NULL}}] AS phone
            FROM range(1, 8) t(i)) TO '{file}' (FORMAT parquet)"""
    )
    found = link_files([file], tmp_path / "pairs.csv")
    roles = {role.column: (role.role, role.reason) for role in found.roles["people.parquet"]}
    assert roles["email"] == ("email", "its name; the first of a list")
    assert roles["phone.number"][0] == "phone"
    assert roles["phone.number"][1].endswith("; the first of a list")
    assert roles["first_name"][1] == "its name"
    assert found.warnings[0] == (
        "people.parquet: only the first value is read in email of 1 row, phone of 7 rows,"
        " phone.tags of 7 rows, where lists hold more"
    )


@pytest.mark.parametrize("people", ["'Jan' || i AS name", "['Jan' || i, 'Piet'] AS names"])
def test_parquet_that_is_damaged_anywhere_is_refused(people: str, tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    duckdb.execute(f"COPY (SELECT {people} FROM range(5000) t(i)) TO '{file}' (FORMAT parquet)")
    whole = file.read_bytes()
    damaged = [
        whole[:place] + b"\xff" * 200 + whole[place + 200 :]
        for place in (100, len(whole) // 2, len(whole) - 300)
    ]
    for content in (*damaged, whole[:5000], whole[:-1], whole[:4], whole[:4] * 3):
        file.write_bytes(content)
        with pytest.raises(InvalidInput, match="cannot be read as Parquet"):
            read(file)


def test_parquet_without_a_column_of_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "people.parquet"
    duckdb.execute(f"COPY (SELECT MAP {{'a': 'b'}} AS only) TO '{file}' (FORMAT parquet)")
    with pytest.raises(InvalidInput, match="can be read as text"):
        read(file)


def test_places_that_cannot_be_written_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    for place, words in (
        (tmp_path, "no name of a file"),
        (Path("-"), "no name of a file"),
        (tmp_path / "none" / "pairs.csv", "cannot be written"),
    ):
        with pytest.raises(InvalidInput, match=words):
            link_files([tmp_path / "not there.csv"], place)
    refuse_places([], [tmp_path / "pairs.csv", tmp_path / "clusters.csv"])
    (tmp_path / "people.csv").write_text(PEOPLE)
    with pytest.raises(InvalidInput, match="one file was given"):
        link_files([tmp_path / "people.csv"], tmp_path / "pairs.csv", between_only=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no /dev/full")
def test_a_full_disk_leaves_what_stood_there(tmp_path: Path) -> None:
    people, out = tmp_path / "people.csv", tmp_path / "pairs.csv"
    people.write_text(PEOPLE)
    out.write_text("of yesterday")
    with pytest.raises(InvalidInput, match="full cannot be written: the disk is full"):
        link_files([people], out, clusters=Path("/dev/full"))
    assert out.read_text() == "of yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {"people.csv", "pairs.csv"}
    with pytest.raises(StorageUnusable, match="is full"), open_engine():
        raise OSError(28, "No space left on device")


def test_two_files_of_one_name_stay_apart_and_each_has_its_own_key(tmp_path: Path) -> None:
    for place, key in (("tax", "id"), ("library", "card")):
        (tmp_path / place).mkdir()
        lines = [f"{n},Jan{n},Bos{n},1970-01-{n:02}" for n in range(10, 30)]
        text = f"{key},first_name,last_name,birth_date\n" + "\n".join(lines)
        (tmp_path / place / "people.csv").write_text(text)
    files = [tmp_path / place / "people.csv" for place in ("tax", "library")]
    found = link_files(files, tmp_path / "pairs.csv", key=["id", "card"], between_only=True)
    assert found.keys == {"people.csv": "id", "people.csv (2)": "card"}
    first = (tmp_path / "pairs.csv").read_text().splitlines()[1].split(",")
    assert [name.split(":")[0] for name in first[:2]] == ["people.csv", "people.csv (2)"]


def test_ctrl_c_while_a_query_runs_is_no_fault_of_ours() -> None:
    threading.Timer(0.3, signal.raise_signal, [signal.SIGINT]).start()
    endless = (
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range"
    )
    with pytest.raises(KeyboardInterrupt), open_engine() as con:
        con.execute(endless).fetchall()
