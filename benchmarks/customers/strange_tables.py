"""Labelled tables as strangers keep them: many languages, layouts, encodings and kinds of slip.

    python strange_tables.py FOLDER SEED        writes one folder per table

Runs in an environment with Faker, so that no name, street or town comes from our own lists. Each
table has its files, `truth.csv` (id, entity) by the ids that `townclerk customers link` writes, and
`case.json` with what to call it by.
"""

import csv
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from faker import Faker

from benchmarks.customers.labelled import write_truth

Person = dict[str, Any]
Cell = Callable[[Person], Any]
LETTERS = "abcdefghijklmnopqrstuvwxyz"
HOUSEHOLD_SHARE = 0.45


@dataclass(frozen=True)
class File:
    """How one file of a table is written.

    Attributes:
        name: Its name.
        columns: Header and what stands below it; the first names the rows.
        delimiter: Between cells.
        encoding: Of the text.
        header: Whether the first line names the columns.
        share: Records of a person that go into it; more than 1 makes duplicates within it.
    """

    name: str
    columns: Sequence[tuple[str, Cell]]
    delimiter: str = ","
    encoding: str = "utf-8"
    header: bool = True
    share: float = 1.6


@dataclass(frozen=True)
class Table:
    """One labelled table: who is in it, how wrong its records are, and how it is written."""

    name: str
    locale: str
    files: Sequence[File]
    entities: int = 2500
    slips: float = 0.25
    missing: float = 0.05
    moved: float = 0.08
    business: bool = False


def field(name: str) -> Cell:
    """Return a cell that holds one thing as it is."""
    return lambda one: one[name]


def day(shape: str) -> Cell:
    """Return a cell that holds a birth date in one notation."""
    return lambda one: one["born"].strftime(shape) if one["born"] else ""


def joined(*names: str, by: str = " ") -> Cell:
    """Return a cell that holds several things in one."""
    return lambda one: by.join(str(one[name]) for name in names if one[name])


def shape(text: str) -> Cell:
    """Return a cell in which things stand between other signs."""
    return lambda one: text.format(**one) if one["street"] else ""


def upper(name: str) -> Cell:
    """Return a cell in capitals."""
    return lambda one: str(one[name] or "").upper()


TABLES = (
    Table("Dutch residents, semicolons, Windows-1252", "nl_NL", (
        File("inwoners.csv", (
            ("A-nummer", field("key")), ("Voorletters", field("initials")),
            ("Roepnaam", field("given")), ("Geslachtsnaam", field("family")),
            ("Geb.datum", day("%d-%m-%Y")), ("M/V", field("gender")),
            ("Straat + nr", joined("street", "number")), ("PC", field("postal")),
            ("Woonplaats", field("city")), ("Telefoon", field("phone")),
        ), ";", "cp1252"),
    )),
    Table("German members, UTF-16, name and address in one cell each", "de_DE", (
        File("mitglieder.txt", (
            ("Mitgl.-Nr.", field("key")), ("Name, Vorname", joined("family", "given", by=", ")),
            ("Anschrift", shape("{street} {number}, {postal} {city}")),
            ("geb. am", day("%d.%m.%y")), ("E-Mail", field("email")),
        ), "\t", "utf-16"),
    )),
    Table("French patients, UTF-8 mark, family names in capitals", "fr_FR", (
        File("patients.csv", (
            ("N° dossier", field("key")), ("NOM", upper("family")), ("PRÉNOM", field("given")),
            ("Né(e) le", day("%d/%m/%Y")), ("Adresse", joined("number", "street")),
            ("CP", field("postal")), ("Commune", field("city")), ("Tél. portable", field("phone")),
        ), ";", "utf-8-sig"),
    )),
    Table("American customers, full name and address lines", "en_US", (
        File("customers.csv", (
            ("CustID", field("key")), ("Full Name", joined("given", "family")),
            ("DOB", day("%m/%d/%Y")),
            ("Address", shape("{number} {street}, {city} {postal}")),
            ("Home Phone", field("phone")), ("Email Address", field("email")),
        )),
    )),
    Table("British library patrons, few fields", "en_GB", (
        File("patrons.csv", (
            ("card", field("key")), ("patron", joined("given", "family")),
            ("postcode", field("postal")), ("year of birth", day("%Y")),
        )),
    ), slips=0.15),
    Table("Polish citizens, diacritics lost in places", "pl_PL", (
        File("mieszkancy.csv", (
            ("lp", field("key")), ("imię", field("given")), ("nazwisko", field("family")),
            ("data urodzenia", day("%Y-%m-%d")), ("ulica", joined("street", "number")),
            ("kod pocztowy", field("postal")), ("miejscowość", field("city")),
        ), ";"),
    )),
    Table("Turkish members, Turkish words", "tr_TR", (
        File("uyeler.csv", (
            ("no", field("key")), ("ad", field("given")), ("soyad", field("family")),
            ("doğum tarihi", day("%d.%m.%Y")), ("telefon", field("phone")),
            ("e-posta", field("email")), ("şehir", field("city")),
        )),
    )),
    Table("A shop's list against its invoices, different columns", "en_US", (
        File("shop.csv", (
            ("ref", field("key")), ("first", field("given")), ("last", field("family")),
            ("mail", field("email")), ("mobile", field("phone")), ("zip", field("postal")),
        ), share=1.0),
        File("invoices.csv", (
            ("invoice_party", field("key")), ("bill_to_name", joined("given", "family")),
            ("bill_to_address", shape("{number} {street}")), ("bill_to_city", field("city")),
            ("bill_to_zip", field("postal")), ("contact_email", field("email")),
            ("contact_phone", field("phone")),
        ), share=0.8),
    )),
    Table("Businesses of a German town", "de_DE", (
        File("betriebe.csv", (
            ("Betriebsnr", field("key")), ("Firma", field("company")),
            ("Straße", joined("street", "number")), ("PLZ", field("postal")),
            ("Ort", field("city")), ("Telefon", field("phone")),
        ), ";", "cp1252"),
    ), business=True),
    Table("Australian records without a line of names", "en_AU", (
        File("dsgen.csv", (
            ("", field("key")), ("", field("given")), ("", field("family")),
            ("", field("number")), ("", field("street")), ("", field("city")),
            ("", field("postal")), ("", day("%Y%m%d")),
        ), header=False),
    ), slips=0.5),
    Table("Spanish voters, two family names", "es_ES", (
        File("censo.csv", (
            ("id_elector", field("key")), ("nombre", field("given")),
            ("apellidos", joined("family", "family2")), ("fecha_nac", day("%d/%m/%Y")),
            ("domicilio", joined("street", "number", by=", ")), ("cod_postal", field("postal")),
            ("municipio", field("city")),
        ), "|"),
    )),
    Table("Swedish tenants, month names, quoted line breaks", "sv_SE", (
        File("hyresgaster.csv", (
            ("kundnr", field("key")), ("förnamn", field("given")), ("efternamn", field("family")),
            ("född", day("%d %b %Y")),
            ("postadress", shape("{street} {number}\n{postal} {city}")),
            ("mobil", field("phone")),
        )),
    )),
    Table("Italian clinic and pharmacy, three files", "it_IT", (
        File("clinica.csv", (
            ("codice", field("key")), ("cognome", field("family")), ("nome", field("given")),
            ("data di nascita", day("%d-%m-%Y")), ("sesso", field("gender")),
            ("telefono", field("phone")),
        ), share=0.8),
        File("farmacia.csv", (
            ("tessera", field("key")), ("cliente", joined("family", "given")),
            ("nato il", day("%d.%m.%Y")), ("indirizzo", joined("street", "number")),
            ("cap", field("postal")), ("città", field("city")),
        ), ";", "cp1252", share=0.7),
        File("assistenza.csv", (
            ("pratica", field("key")), ("nominativo", joined("given", "family")),
            ("email", field("email")), ("cell.", field("phone")), ("comune", field("city")),
        ), "\t", share=0.5),
    )),
    Table("American businesses against a licence list", "en_US", (
        File("directory.csv", (
            ("listing", field("key")), ("business_name", field("company")),
            ("street_address", joined("number", "street")), ("city", field("city")),
            ("zip_code", field("postal")), ("phone_number", field("phone")),
        ), share=1.0),
        File("licences.csv", (
            ("licence_no", field("key")), ("dba", field("company")),
            ("premises", shape("{number} {street}, {city} {postal}")),
        ), share=0.7),
    ), business=True),
    Table("Brazilian members, name, birth and telephone", "pt_BR", (
        File("socios.csv", (
            ("matricula", field("key")), ("nome completo", joined("given", "family")),
            ("nascimento", day("%d/%m/%y")), ("celular", field("phone")),
        ), ";"),
    )),
)  # fmt: skip


def main() -> None:
    """Write every table into a folder of its own."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    for number, table in enumerate(TABLES):
        place = folder / f"{number:02}"
        place.mkdir(parents=True, exist_ok=True)
        write(table, place, Random(seed * 100 + number))


def write(table: Table, place: Path, chance: Random) -> None:
    """Write one table with its truth."""
    faker = Faker(table.locale)
    faker.seed_instance(chance.randrange(2**32))
    town = people(table, faker, chance)
    truth: list[tuple[int | str, int]] = []
    key = chance.randrange(1000, 5000)
    for file in table.files:
        rows: list[tuple[Any, ...]] = []
        for entity, one in enumerate(town):
            for copy in range(int(file.share + chance.random())):
                key += chance.randrange(1, 4)
                seen = slipped({**one, "key": key}, table, chance, faker, first=copy == 0)
                rows.append((entity, key, tuple(cell(seen) for _, cell in file.columns)))
        chance.shuffle(rows)
        with (place / file.name).open(
            "w", encoding=file.encoding, errors="replace", newline=""
        ) as out:
            writer = csv.writer(out, delimiter=file.delimiter)
            if file.header:
                writer.writerow([name for name, _ in file.columns])
            writer.writerows(cells for _, _, cells in rows)
        truth += [(str(name), entity) for entity, name, _ in rows]
    write_truth(place, table.name, [file.name for file in table.files], truth)


def people(table: Table, faker: Faker, chance: Random) -> list[Person]:
    """Return the entities of a town; people of one household share address and family name."""
    found: list[Person] = []
    while len(found) < table.entities:
        home = address(faker)
        family, phone = surname(faker), faker.phone_number()
        company = faker.company() if table.business else None
        size = chance.choice((2, 3, 4)) if chance.random() < HOUSEHOLD_SHARE else 1
        for _ in range(1 if table.business else size):
            gender = chance.choice("MF")
            given = faker.first_name_male() if gender == "M" else faker.first_name_female()
            own = family if chance.random() < 0.8 else surname(faker)
            mail = (
                f"{plain(given)[:1]}{plain(own)}{chance.randrange(999)}@{faker.free_email_domain()}"
            )
            found.append({
                **home, "given": given, "family": own, "family2": surname(faker),
                "initials": ".".join(word[0] for word in given.split()) + ".", "gender": gender,
                "born": date(1935, 1, 1) + timedelta(days=chance.randrange(28_000)),
                "phone": phone if chance.random() < 0.3 else faker.phone_number(),
                "email": f"{mail}@{faker.free_email_domain()}".lower().replace(" ", ""),
                "company": company,
            })  # fmt: skip
    return found


def surname(faker: Faker) -> str:
    """Return a family name without titles."""
    return str(faker.last_name())


def address(faker: Faker) -> Person:
    """Return the parts of an address."""
    return {
        "street": faker.street_name(),
        "number": str(faker.building_number()),
        "postal": faker.postcode(),
        "city": faker.city(),
    }


def slipped(one: Person, table: Table, chance: Random, faker: Faker, *, first: bool) -> Person:
    """Return one record of somebody, with what happens to records: slips, gaps, moves."""
    if first and chance.random() < 0.5:
        return one
    if chance.random() < table.moved:
        one |= address(faker)
    for name in ("given", "family", "street", "city", "email", "company"):
        if one[name] and chance.random() < table.slips / 3:
            one[name] = typing_error(str(one[name]), chance)
    renamed(one, chance)
    if chance.random() < table.slips / 4:
        one["born"] = misdated(one["born"], chance)
    if chance.random() < table.slips / 4:
        one["postal"] = typing_error(one["postal"], chance)
    if chance.random() < 0.15:
        one["phone"] = "".join(sign for sign in one["phone"] if sign.isdigit() or sign == "+")
    if chance.random() < 0.1:
        one["phone"] = faker.phone_number()
    for name in ("given", "street", "postal", "city", "phone", "email", "initials"):
        if chance.random() < table.missing:
            one[name] = ""
    if chance.random() < table.missing:
        one["born"] = None
    return one


def renamed(one: Person, chance: Random) -> None:
    """Write names otherwise: without marks, in capitals, as an initial, swapped, shortened."""
    for name in ("given", "family", "street", "city"):
        if chance.random() < 0.08:
            one[name] = plain(str(one[name])) if chance.random() < 0.5 else str(one[name]).upper()
    if chance.random() < 0.04:
        one["given"] = f"{one['given'][0]}."
    if chance.random() < 0.02:
        one["given"], one["family"] = one["family"], one["given"]
    if one["company"] and chance.random() < 0.3:
        words = one["company"].split()
        one["company"] = " ".join(words[:-1]) if len(words) > 1 else one["company"].upper()


def typing_error(text: str, chance: Random) -> str:
    """Return a text with one keystroke wrong."""
    if len(text) < 2:
        return text
    place = chance.randrange(len(text) - 1)
    new = chance.choice("0123456789" if text[place].isdigit() else LETTERS)
    return chance.choice((
        text[:place] + new + text[place + 1 :], text[:place] + text[place + 1 :],
        text[:place] + new + text[place:],
        text[:place] + text[place + 1] + text[place] + text[place + 2 :],
    ))  # fmt: skip


def misdated(born: date | None, chance: Random) -> date | None:
    """Return a date with day and month swapped, or one part wrong."""
    if born is None:
        return None
    if born.day <= 12 and chance.random() < 0.4:
        return born.replace(month=born.day, day=born.month)
    return chance.choice((
        born.replace(day=chance.randrange(1, 29)),
        born.replace(month=chance.randrange(1, 13), day=min(born.day, 28)),
        born.replace(year=born.year + chance.choice((-10, -1, 1, 10)), day=min(born.day, 28)),
    ))  # fmt: skip


def plain(text: str) -> str:
    """Return a text without the marks on its letters."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign)
    )


if __name__ == "__main__":
    main()
