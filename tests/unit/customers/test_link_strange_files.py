"""What strangers' spreadsheets do: days as numbers, dates that are none, outputs over inputs."""

import csv
from datetime import date
from pathlib import Path

import pytest

from registry.customers.matching.engine import open_engine
from registry.customers.tables.link_files import FileLinked, link_files
from registry.customers.tables.plain import make_plain
from registry.customers.tables.reading import read_table
from registry.customers.tables.roles import Role
from schemas.errors import InvalidInput
from tests.unit.customers.conftest import a_town

SERIAL_ZERO = date(1899, 12, 30)


def a_table(path: Path, born: list[str]) -> Path:
    """Write a table of people with these dates of birth."""
    people = a_town(25, seed=9)[: len(born)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "voornaam", "achternaam", "geboortedatum"))
        for number, (row, text) in enumerate(zip(people, born, strict=True)):
            writer.writerow((number, row["given_name"], row["family_name"], text))
    return path


def linked(path: Path) -> tuple[FileLinked, str]:
    out = path.with_name("pairs.csv")
    found = link_files([path], out, all_pairs=True)
    return found, out.read_text()


def test_dates_that_a_spreadsheet_keeps_as_numbers_of_days_are_dates(tmp_path: Path) -> None:
    born = [date.fromisoformat(row["birth_date"]) for row in a_town(25, seed=9)][:40]
    days = a_table(tmp_path / "days.csv", [str((day - SERIAL_ZERO).days) for day in born])
    dates = a_table(tmp_path / "dates.csv", [f"{day:%d-%m-%Y}" for day in born])
    found, pairs = linked(days)
    assert pairs == linked(dates)[1]
    assert not found.warnings


def test_dates_that_cannot_be_read_are_told_with_their_number(tmp_path: Path) -> None:
    found, _ = linked(a_table(tmp_path / "odd.csv", ["ask 7 again", "01-02-1980", "x9"]))
    (warning,) = found.warnings
    assert "geboortedatum: 2 of 3 values are no date" in warning


@pytest.mark.parametrize("clusters", [False, True])
def test_what_is_read_is_never_written_over(tmp_path: Path, clusters: bool) -> None:
    table = a_table(tmp_path / "people.csv", ["01-02-1980", "02-03-1990"])
    (tmp_path / "link.csv").symlink_to(table)
    before = table.read_bytes()
    for place in (table, tmp_path / "link.csv", tmp_path / "." / "people.csv"):
        out, other = (tmp_path / "pairs.csv", place) if clusters else (place, None)
        with pytest.raises(InvalidInput, match="would be written over"):
            link_files([table], out, clusters=other)
    assert table.read_bytes() == before


def test_pairs_and_clusters_do_not_share_a_file(tmp_path: Path) -> None:
    table = a_table(tmp_path / "people.csv", ["01-02-1980"])
    with pytest.raises(InvalidInput, match="both pairs and clusters"):
        link_files([table], tmp_path / "out.csv", clusters=tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel", "CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old Excel", "CSV"),
        (b"\x1f\x8b\x08\x00people", "gzip", "Unpack"),
        (b"%PDF-1.7\n", "PDF", "CSV"),
        (b"\xef\xbb\xbf\n<table><tr>", "HTML", "CSV"),
        (b'[\n  {"name": "Jan"}]', "JSON", "CSV"),
    ],
)
def test_what_is_no_table_is_refused_by_what_it_is(
    content: bytes, words: str, remedy: str, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=words) as refused:
        link_files([path], tmp_path / "pairs.csv")
    assert remedy in refused.value.remedy


def test_a_table_that_cannot_tell_a_couple_from_one_person_says_so(tmp_path: Path) -> None:
    path = tmp_path / "homes.csv"
    lines = [f"{n},Bakker{n % 20},1234AB,{n % 20},06123400{n % 20:02}" for n in range(60)]
    path.write_text("id,achternaam,postcode,huisnummer,telefoon\n" + "\n".join(lines))
    found, _ = linked(path)
    assert found.pairs
    found = link_files([path], tmp_path / "pairs.csv")
    assert found.links == 0
    assert any("of a household from another" in warning for warning in found.warnings)


def test_names_of_initials_are_not_taken_for_family_names_first(tmp_path: Path) -> None:
    # "Ernst" and "Willem" are given names, and family names too.
    path = tmp_path / "people.csv"
    lines = [f"{n},{sign}. {name}" for n, (sign, name) in enumerate(
        [(sign, name) for sign in "ABCDEFGH" for name in ("Ernst", "Willem", "Jansen")]
    )]  # fmt: skip
    path.write_text("id,naam\n" + "\n".join(lines))
    with open_engine() as con:
        read_table(con, path, into="given")
        make_plain(con, "given", [Role("full_name", "naam", "")], into="plain")
        rows = con.execute("SELECT DISTINCT family_name FROM plain ORDER BY ALL").fetchall()
    assert rows == [("Ernst",), ("Jansen",), ("Willem",)]


def test_a_table_in_which_nothing_is_linked_says_what_the_best_pair_has(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    lines = [f"{n},Jan,Jansen,Dorpsstraat" for n in range(40)]
    path.write_text("id,voornaam,achternaam,straat\n" + "\n".join(lines))
    found = link_files([path], tmp_path / "pairs.csv")
    assert found.links == 0
    assert any("nothing is linked, for" in warning for warning in found.warnings)
