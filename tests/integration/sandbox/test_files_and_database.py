"""The sources without a web address: the tax database, the CSV export, the spreadsheet."""

import csv
import datetime
import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from python_calamine import CalamineWorkbook

from townclerk.sandbox.running import RunningCity
from townclerk.sandbox.sources import parking, waste


def folder_of(city: RunningCity, name: str) -> Path:
    return Path(unquote(urlsplit(city.sources[name]["base_url"]).path))


def keys_in_truth(folder: Path, stream: str) -> set[str]:
    db = sqlite3.connect(folder / "truth.sqlite")
    rows = db.execute(
        "SELECT key FROM truth JOIN stream ON stream.id = stream WHERE name = ?", [stream]
    ).fetchall()
    db.close()
    return {row[0] for row in rows}


@pytest.fixture
def taxes(city: RunningCity, city_folder: Path) -> psycopg.Connection:
    password = (city_folder / "secrets" / "taxes.secret").read_text()
    with psycopg.connect(city.sources["taxes"]["base_url"], password=password) as db:
        yield db


def test_the_tax_database_holds_every_subject(
    taxes: psycopg.Connection, city: RunningCity, city_folder: Path
) -> None:
    rows = taxes.execute("SELECT subject_number::text FROM subject").fetchall()
    assert len(rows) == city.manifest.records["taxes.subjects"]
    assert {row[0] for row in rows} == keys_in_truth(city_folder, "taxes.subjects")


def test_the_tax_database_writes_capitals_without_accents(taxes: psycopg.Connection) -> None:
    wrong = taxes.execute(
        "SELECT count(*) FROM subject WHERE name <> upper(name) OR name ~ '[^ -~]'"
        " OR length(name) > 28"
    ).fetchone()
    assert wrong == (0,)


def test_the_reader_may_only_read(taxes: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        taxes.execute("DELETE FROM subject")
    taxes.rollback()
    taxes.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
    taxes.commit()
    for statement in (
        "DELETE FROM subject",
        "CREATE TABLE mine (n int)",
        "SELECT * FROM pg_authid",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            taxes.execute(statement)
        taxes.rollback()


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_refused(city: RunningCity, password: str) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(city.sources["taxes"]["base_url"], password=password)


def test_the_address_holds_no_password(city: RunningCity) -> None:
    assert urlsplit(city.sources["taxes"]["base_url"]).password is None
    assert urlsplit(city.sources["taxes"]["base_url"]).username == "tax_reader"


def test_the_csv_holds_every_pass_as_a_dutch_spreadsheet_writes_it(
    city: RunningCity, city_folder: Path
) -> None:
    files = sorted(folder_of(city, "waste").glob("afvalpassen_*.csv"))
    rows: list[dict[str, str]] = []
    for file in files:
        with file.open(encoding="cp1252", newline="") as lines:
            reader = csv.DictReader(lines, delimiter=";", strict=True)
            assert tuple(reader.fieldnames or ()) == waste.HEADERS
            rows.extend(reader)
    assert len(rows) == city.manifest.records["waste.passes"]
    assert {row["Pasnummer"] for row in rows} == keys_in_truth(city_folder, "waste.passes")
    for row in rows:
        datetime.datetime.strptime(row["Gewijzigd op"], "%d-%m-%Y")  # noqa: DTZ007  # a day
        euros, comma, cents = row["Tarief"].partition(",")
        assert euros.isdigit()
        assert comma
        assert len(cents) == 2


def test_the_spreadsheet_holds_every_permit_with_real_dates(
    city: RunningCity, city_folder: Path
) -> None:
    book = CalamineWorkbook.from_path(folder_of(city, "parking") / "parkeervergunningen.xlsx")
    header, *rows = book.get_sheet_by_name("Vergunningen").to_python()
    assert tuple(header) == parking.HEADERS
    assert len(rows) == city.manifest.records["parking.permits"]
    assert {row[0] for row in rows} == keys_in_truth(city_folder, "parking.permits")
    changed = [row[parking.HEADERS.index("Laatst gewijzigd")] for row in rows]
    assert all(isinstance(day, datetime.date) for day in changed)


def test_secrets_are_for_their_owner_only(city: RunningCity, city_folder: Path) -> None:
    shelf = city_folder / "secrets"
    assert shelf.stat().st_mode & 0o777 == 0o700
    files = list(shelf.iterdir())
    assert {file.stem for file in files} == {"crm", "library", "permits", "taxes"}
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    assert len({file.read_text() for file in files}) == len(files)
    assert city.manifest.people == 300
