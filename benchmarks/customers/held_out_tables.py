"""Labelled tables out of lives: people marry, move, share a roof and a name, and are written down.

    python -m benchmarks.customers.held_out_tables FOLDER SEED        writes one folder per table

The other generator (strange_tables.py) copies a record and spoils it. This one tells each person's
life first, by year, and then lets clerks, scanners and web forms write down what they see in some
year, each with the faults of its own kind. It was written after the matcher, to see how that does
on tables it was not built beside. Runs in an environment with Faker. Every table has its files,
`truth.csv` (id, entity) and `case.json`.
"""

import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from faker import Faker

from benchmarks.customers.faults import latin, spoil
from benchmarks.customers.labelled import write_truth
from benchmarks.customers.lives import Seen, companies, noted, people

Cell = Callable[[Seen], Any]


@dataclass(frozen=True)
class File:
    """One file: its columns, and how many records of an entity go into it.

    Attributes:
        name: Its name.
        columns: Header and what stands below it; the first names the rows.
        copies: From a source of chance to a number of records of one entity.
        faults: Share of records with each kind of fault.
        missing: Share of cells left empty, but for the names in `kept`.
        kept: What is never left empty.
        delimiter: Between cells.
    """

    name: str
    columns: Sequence[tuple[str, Cell]]
    copies: Callable[[Random], int] = lambda chance: chance.choice((1, 1, 1, 2, 2, 3))
    faults: Mapping[str, float] = field(default_factory=dict)
    missing: float = 0.06
    kept: tuple[str, ...] = ("family",)
    delimiter: str = ","


@dataclass(frozen=True)
class Table:
    """One labelled table."""

    name: str
    locale: str
    files: Sequence[File]
    entities: int = 2000
    what: str = "people"


def of(name: str) -> Cell:
    """Return a cell that holds one thing as it is."""
    return lambda seen: seen[name]


def day(shape: str) -> Cell:
    """Return a cell that holds a birth date in one notation."""
    return lambda seen: seen["born"].strftime(shape) if seen["born"] else ""


def text(shape: str) -> Cell:
    """Return a cell that holds several things in one; blanks of absent ones vanish."""
    return lambda seen: " ".join(shape.format(**seen).split()).strip(" ,")


def pick(*values: str) -> Cell:
    """Return a cell that says nothing about anybody."""
    return lambda seen: seen["chance"].choice(values)


def once(_chance: Random) -> int:
    """Return one record each: nobody is there twice."""
    return 1


def crowd(chance: Random) -> int:
    """Return many records of few: most once or twice, some forty times."""
    return min(40, int(chance.paretovariate(0.9)))


def some(share: float) -> Callable[[Random], int]:
    """Return none or one record, for files that hold a part of the people."""
    return lambda chance: int(chance.random() < share)


CLERK = {"typing": 0.15, "phonetic": 0.06, "short": 0.05, "born": 0.04, "marks": 0.08}
SCANNER = {"scan": 0.35, "typing": 0.05, "cut": 0.04, "born_scan": 0.1}
FORM = {"typing": 0.08, "swap": 0.03, "capitals": 0.15, "marks": 0.2, "short": 0.1, "born": 0.02}
CARELESS = {"typing": 0.3, "phonetic": 0.15, "swap": 0.08, "short": 0.1, "born": 0.1, "cut": 0.05}

TABLES = (
    Table("Danish residents who move and marry", "da_DK", (
        File("borgere.csv", (
            ("løbenr", of("key")), ("fornavn", of("given")), ("efternavn", of("family")),
            ("fødselsdato", day("%d-%m-%Y")), ("vejnavn", of("street")), ("husnr", of("number")),
            ("postnr", of("postal")), ("by", of("city")), ("registreret", of("year")),
        ), faults=CLERK, delimiter=";"),
    )),
    Table("Bulgarian names in two alphabets", "bg_BG", (
        File("registar.csv", (
            ("nomer", of("key")), ("име", of("given")), ("фамилия", of("family")),
            ("дата на раждане", day("%d.%m.%Y")), ("град", of("city")), ("телефон", of("phone")),
        ), copies=some(0.9), faults=CLERK),
        File("library.csv", (
            ("card", of("key")), ("first_name", lambda seen: latin(seen["given"], seen["chance"])),
            ("last_name", lambda seen: latin(seen["family"], seen["chance"])),
            ("date_of_birth", day("%Y-%m-%d")),
            ("city", lambda seen: latin(seen["city"], seen["chance"])), ("phone", of("phone")),
        ), copies=some(0.7), faults=FORM),
    )),
    Table("Irish cards, scanned", "en_IE", (
        File("cards.csv", (
            ("CARD_NO", of("key")), ("SURNAME", of("family")), ("FORENAMES", of("given")),
            ("D.O.B.", day("%d/%m/%Y")), ("ADDRESS 1", text("{number} {street}")),
            ("ADDRESS 2", of("city")), ("OCCUPATION", of("trade")),
        ), faults=SCANNER),
    )),
    Table("Belgian clients, three of five cells empty", "nl_BE", (
        File("clienten.csv", (
            ("nr", of("key")), ("voornaam", of("given")), ("naam", of("family")),
            ("geboortedatum", day("%d/%m/%Y")), ("straat", text("{street} {number}")),
            ("postcode", of("postal")), ("gemeente", of("city")), ("gsm", of("phone")),
            ("e-mail", of("email")),
        ), faults=FORM, missing=0.55, kept=("family", "given"), delimiter=";"),
    )),
    Table("Hungarian complaints, some people forty times", "hu_HU", (
        File("panaszok.csv", (
            ("iktatószám", of("key")), ("név", text("{family} {given}")),
            ("születési idő", day("%Y.%m.%d")), ("irányítószám", of("postal")),
            ("település", of("city")), ("utca", text("{street} {number}")),
            ("telefonszám", of("phone")), ("tárgy", of("note")),
        ), copies=crowd, faults=FORM),
    ), entities=900),
    Table("Finnish members, nobody twice", "fi_FI", (
        File("jasenet.csv", (
            ("jäsennro", of("key")), ("etunimi", of("given")), ("sukunimi", of("family")),
            ("syntymäaika", day("%d.%m.%Y")), ("katuosoite", text("{street} {number}")),
            ("postinumero", of("postal")), ("postitoimipaikka", of("city")), ("puh", of("phone")),
        ), copies=once, faults=CLERK),
    ), entities=3500),
    Table("A Czech register against a newsletter", "cs_CZ", (
        File("evidence.csv", (
            ("cislo", of("key")), ("jmeno", of("given")), ("prijmeni", of("family")),
            ("datum_narozeni", day("%d.%m.%Y")),
            ("adresa", text("{street} {number}, {postal} {city}")),
        ), copies=some(0.95), faults=CLERK),
        File("newsletter.csv", (
            ("id", of("key")), ("your_name", text("{given} {family}")), ("email", of("email")),
            ("town", of("city")), ("signed_up", of("year")), ("born", day("%Y")),
        ), copies=some(0.6), faults=FORM),
    )),
    Table("Businesses of Brussels", "fr_BE", (
        File("entreprises.csv", (
            ("ref", of("key")), ("dénomination", of("company")),
            ("adresse", text("{street} {number}")), ("code postal", of("postal")),
            ("localité", of("city")), ("tél.", of("phone")),
            ("courriel", of("email")), ("secteur", of("trade")),
        ), faults=CLERK, kept=("company",)),
    ), what="companies", entities=1500),
    Table("Austrian creditors, people and companies in one column", "de_AT", (
        File("kreditoren.csv", (
            ("Kreditor", of("key")), ("Name", of("anybody")), ("Straße", text("{street} {number}")),
            ("PLZ", of("postal")), ("Ort", of("city")), ("Telefon", of("phone")),
            ("Umsatz", of("price")),
        ), faults=CLERK, kept=("family", "company", "given"), delimiter=";"),
    ), what="both", entities=1500),
    Table("Portuguese club of fifty rows", "pt_PT", (
        File("socios.csv", (
            ("socio", of("key")), ("nome", text("{given} {family}")),
            ("nascimento", day("%d-%m-%Y")), ("telemóvel", of("phone")), ("localidade", of("city")),
        ), faults=FORM),
    ), entities=28),
    Table("Romanian school of three hundred rows", "ro_RO", (
        File("elevi.csv", (
            ("cod", of("key")), ("nume", of("family")), ("prenume", of("given")),
            ("data nașterii", day("%d.%m.%Y")), ("strada", text("{street} {number}")),
            ("localitate", of("city")),
        ), faults=CLERK),
    ), entities=170),
    Table("Mexican subscribers, name and e-mail", "es_MX", (
        File("suscriptores.csv", (
            ("id", of("key")), ("nombre", text("{given} {family}")), ("correo", of("email")),
        ), faults=FORM, missing=0.1, kept=("family", "given")),
    )),
    Table("Croatian volunteers, name and birthday", "hr_HR", (
        File("volonteri.csv", (
            ("rb", of("key")), ("ime", of("given")), ("prezime", of("family")),
            ("datum rođenja", day("%d.%m.%Y.")),
        ), faults=CLERK),
    )),
    Table("Indian clinic, ages, codes, prices and remarks", "en_IN", (
        File("visits.csv", (
            ("visit_no", of("key")), ("ward_code", pick("WD-100234", "WD-100235", "WD-100236")),
            ("hospital", pick("District Hospital")), ("patient_name", text("{given} {family}")),
            ("age", of("age")), ("sex", of("gender")), ("village", of("city")),
            ("mobile_no", of("phone")), ("bill_amount", of("price")), ("remarks", of("note")),
            ("invoice_ref", of("reference")),
        ), faults=CARELESS, missing=0.03),
    )),
    Table("Greek patients, whole address in one cell", "el_GR", (
        File("astheneis.csv", (
            ("arithmos", of("key")), ("ονοματεπώνυμο", text("{family} {given}")),
            ("ημερομηνία γέννησης", day("%d/%m/%Y")),
            ("διεύθυνση", text("{street} {number}, {postal} {city}")), ("τηλέφωνο", of("phone")),
        ), faults=CLERK),
    )),
    Table("Careless New Zealand forms", "en_NZ", (
        File("forms.csv", (
            ("form", of("key")), ("givenName", of("given")), ("familyName", of("family")),
            ("birthDate", day("%Y-%m-%d")), ("streetAddress", text("{number} {street}")),
            ("suburb", of("city")), ("postcode", of("postal")), ("mobilePhone", of("phone")),
            ("eMail", of("email")),
        ), faults=CARELESS, missing=0.15),
    )),
)  # fmt: skip


def main() -> None:
    """Write every table into a folder of its own."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    for number, table in enumerate(TABLES):
        place = folder / f"{number:02}"
        place.mkdir(parents=True, exist_ok=True)
        write(table, place, Random(seed * 1000 + number))


def write(table: Table, place: Path, chance: Random) -> None:
    """Write one table with its truth."""
    faker = Faker(table.locale)
    faker.seed_instance(chance.randrange(2**32))
    if table.what == "people":
        lives = people(table.entities, faker, chance)
    else:
        lives = companies(table.entities, faker, chance)
        if table.what == "both":
            lives[: table.entities // 2] = people(table.entities // 2, faker, chance)
    truth: list[tuple[int | str, int]] = []
    key = chance.randrange(10_000, 50_000)
    for file in table.files:
        rows = []
        for entity, life in enumerate(lives):
            for _ in range(file.copies(chance)):
                key += 1
                seen = {**noted(life, faker, chance), "key": key, "chance": chance}
                spoil(seen, file.faults, file.missing, file.kept, chance)
                rows.append((entity, key, [cell(seen) for _, cell in file.columns]))
        chance.shuffle(rows)
        with (place / file.name).open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, delimiter=file.delimiter)
            writer.writerow([name for name, _ in file.columns])
            writer.writerows(cells for _, _, cells in rows)
        truth += [(name, entity) for entity, name, _ in rows]
    write_truth(place, table.name, [file.name for file in table.files], truth)


if __name__ == "__main__":
    main()
