"""The way in and out for everybody else: load a model from any format, save it in any format."""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path, PurePosixPath

from msgspec import Struct

from registry.landscape.exchange import archive, coarchi
from registry.landscape.exchange.archi import NAMESPACE as ARCHI_NAMESPACE
from registry.landscape.exchange.archi_csv import (
    ELEMENTS,
    PROPERTIES,
    RELATIONS,
    archi_tables,
    is_archi_tables,
    read_archi_tables,
)
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.archi_writer import write_archi
from registry.landscape.exchange.backstage import read_backstage
from registry.landscape.exchange.check import Finding, check
from registry.landscape.exchange.inventory import (
    inventory_of_model,
    inventory_table,
    is_inventory,
    model_of_inventory,
    read_inventory,
)
from registry.landscape.exchange.model import Model
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import write_exchange
from registry.landscape.exchange.plain_tables import is_guessed, read_plain_tables
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused
from registry.landscape.exchange.spellings import AS_IT_SAYS, Reading, plain
from registry.landscape.exchange.tables import (
    Table,
    read_csv,
    read_xlsx,
    write_csv,
    write_xlsx,
)
from registry.landscape.exchange.xml_in import XML_BYTES_MAX, admit, root_of
from registry.landscape.metamodel import Strictness

# No format has more; the file is not even opened.
FILE_BYTES_MAX = max(XML_BYTES_MAX, archive.ARCHIVE_BYTES_MAX)

_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_MODEL_IN_ZIP = "model.xml"
_TABLE_NAME = re.compile(r"(?P<prefix>.*?)(?P<table>elements|relations|properties)\.csv")
_PLAIN_SHEETS = (
    ("elements", "elementen", "elemente", "éléments"),
    ("relationships", "relations", "relaties", "beziehungen"),
)
# After a byte order mark and blanks, in any encoding of XML that puts a bracket first.
_XML_BEGINS = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_WORKBOOK_PART = b"xl/workbook.xml"
ZIP_INDEX_BYTES = 100_000  # the list of names stands at the end; a workbook's is short
TABLE_HEAD_BYTES = 10_000  # enough for the widest header


class Format(StrEnum):
    """The formats a model can be loaded from; those in WRITTEN it can be saved in, too."""

    EXCHANGE = "exchange"
    ARCHI = "archi"
    COARCHI = "coarchi"
    CSV = "csv"
    XLSX = "xlsx"
    BACKSTAGE = "backstage"
    INVENTORY = "sb272"


WRITTEN = tuple(known for known in Format if known is not Format.BACKSTAGE)


class Loaded(Struct, frozen=True):
    """A model with the format it came in and what is wrong with it without making it unusable."""

    model: Model
    format: Format
    findings: list[Finding]


def load(
    path: Path, *, strictness: Strictness = Strictness.WARN, reading: Reading = AS_IT_SAYS
) -> Loaded:
    """Load a model from a file or a folder, whatever its format.

    Args:
        path: A file; a coArchi folder; a folder with Archi's tables, or one of those tables.
        strictness: What to do about relationships ArchiMate does not allow.
        reading: What a person says of a plain table.

    Raises:
        ModelFileRefused: Unknown format, broken file, references that lead nowhere, or, if strict,
            a forbidden relationship; names file, line and object.
        FileTooLarge: The file passes one of the limits.
    """
    if path.is_dir():
        return _checked(*_from_files(_files_of(path), path.name), path.name, strictness)
    if not path.is_file():
        raise ModelFileRefused("there is no such file.", file=str(path), remedy="Check the path.")
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        raise FileTooLarge(
            f"it has {size:,} bytes; at most {FILE_BYTES_MAX:,} are read.", file=path.name
        )
    if sibling := _TABLE_NAME.fullmatch(path.name):
        names = (sibling["prefix"] + table + ".csv" for table in (ELEMENTS, RELATIONS, PROPERTIES))
        files = {n: (path.parent / n).read_bytes() for n in names if (path.parent / n).is_file()}
        return _checked(*_from_files(files, path.name), path.name, strictness)
    data = path.read_bytes()
    return load_bytes(data, file=path.name, strictness=strictness, reading=reading)


def load_bytes(
    data: bytes,
    *,
    file: str,
    strictness: Strictness = Strictness.WARN,
    reading: Reading = AS_IT_SAYS,
) -> Loaded:
    """Load a model from the content of one file; see load.

    Args:
        data: The content.
        file: The file's name; its ending decides where the content does not.
        strictness: As for load.
        reading: As for load.
    """
    return _checked(*_from_bytes(data, file, reading), file, strictness)


def _checked(
    model: Model, format_: Format, findings: list[Finding], file: str, strictness: Strictness
) -> Loaded:
    return Loaded(model, format_, [*findings, *check(model, file=file, strictness=strictness)])


_Found = tuple[Model, Format, list[Finding]]


def _from_bytes(data: bytes, file: str, reading: Reading) -> _Found:
    """Read one file by what it holds; its ending decides only between kinds of text."""
    if data[:2] == _GZIP:
        data, file = archive.gunzip(data, file=file), file.removesuffix(".gz")
    if not data.strip():
        raise ModelFileRefused("the file is empty.", file=file, remedy="Export it again.")
    if data[:4] == _ZIP and (file.lower().endswith((".xlsx", ".xlsm")) or _is_workbook(data)):
        return _from_tables(read_xlsx(data, file=file), file, Format.XLSX, reading)
    if data[:4] == _ZIP or data[_TAR_MARK_AT : _TAR_MARK_AT + 5] == _TAR_MARK:
        return _from_files(archive.unpack(data, _wanted, file=file), file)
    if _XML_BEGINS.match(data):
        return _from_xml(data, file)
    if file.lower().endswith((".yaml", ".yml")):
        model, findings = read_backstage(data, file=file)
        return model, Format.BACKSTAGE, findings
    if file.lower().endswith((".csv", ".tsv", ".txt")) or _looks_like_table(data):
        return _from_tables({ELEMENTS: read_csv(data, file=file)}, file, Format.CSV, reading)
    return _from_xml(data, file)


def _is_workbook(data: bytes) -> bool:
    return _WORKBOOK_PART in data[-ZIP_INDEX_BYTES:]


def _looks_like_table(data: bytes) -> bool:
    """Tell a table without its ending: its first line has cells, and is neither YAML nor code."""
    head = data[:TABLE_HEAD_BYTES].splitlines()[0]
    return any(sign in head for sign in (b",", b";", b"\t")) and head[:1] not in b"{[@#<%"


def _from_xml(data: bytes, file: str) -> _Found:
    root = str(root_of(admit(data, file=file), file=file).tag)
    if root.startswith(f"{{{ARCHI_NAMESPACE}}}"):
        return read_archi(data, file=file), Format.ARCHI, []
    return read_exchange(data, file=file), Format.EXCHANGE, []


def _wanted(path: str) -> bool:
    return path.endswith(".csv") or coarchi.wanted(path)


def _files_of(folder: Path) -> dict[str, bytes]:
    return archive.unpack_folder(folder, _wanted)


def _from_files(files: Mapping[str, bytes], file: str) -> _Found:
    """Read Archi's tables, Archi's own zip (a model with pictures), or a coArchi folder."""
    tables = {
        found["table"]: read_csv(data, file=name)
        for name, data in files.items()
        if (found := _TABLE_NAME.fullmatch(PurePosixPath(name).name))
    }
    if ELEMENTS in tables:
        return read_archi_tables(tables, file=file), Format.CSV, []
    if _MODEL_IN_ZIP in files:
        model = read_archi(files[_MODEL_IN_ZIP], file=file)
        model.attachments = {n: data for n, data in files.items() if n != _MODEL_IN_ZIP}
        return model, Format.ARCHI, []
    return coarchi.read_coarchi(files, file=file), Format.COARCHI, []


def _from_tables(
    tables: Mapping[str, Table], file: str, format_: Format, reading: Reading
) -> _Found:
    if is_archi_tables(tables):
        return read_archi_tables(tables, file=file), format_, []
    named = {plain(name): table for name, table in tables.items()}
    first = next(iter(named.values()))
    if reading == AS_IT_SAYS and is_inventory(first):
        return model_of_inventory(read_inventory(first, file=file)), Format.INVENTORY, []
    elements, relationships = (
        next((named[name] for name in names if name in named), None) for names in _PLAIN_SHEETS
    )
    chosen = elements or first
    model = read_plain_tables(
        chosen, None if relationships is chosen else relationships, reading=reading, file=file
    )
    what = "no column says what the rows are; each is taken as a system (--kind says otherwise)."
    guessed = [Finding("kind_assumed", what, 1, file)] if is_guessed(chosen, reading) else []
    return model, format_, guessed


def save(model: Model, format_: Format, *, language: str = "en") -> bytes:
    """Return a model in a format; several files come as one zip file.

    Args:
        model: The model.
        format_: One of WRITTEN.
        language: Language of words that carry none, where the format wants one.

    Raises:
        ModelFileRefused: The format cannot be written.
    """
    if format_ is Format.EXCHANGE:
        return write_exchange(model, language=language)
    if format_ is Format.ARCHI:
        data = write_archi(model)
        pictures = model.attachments
        return archive.pack_zip({_MODEL_IN_ZIP: data, **pictures}) if pictures else data
    if format_ is Format.COARCHI:
        return archive.pack_zip(coarchi.write_coarchi(model))
    if format_ is Format.CSV:
        return archive.pack_zip(csv_files(model))
    if format_ is Format.XLSX:
        return write_xlsx(archi_tables(model))
    if format_ is Format.INVENTORY:
        return write_csv(inventory_table(inventory_of_model(model)))
    raise ModelFileRefused(
        f"{format_} is read, not written.",
        file="the export",
        remedy=f"Choose one of {', '.join(WRITTEN)}.",
    )


def csv_files(model: Model) -> dict[str, bytes]:
    """Return a model as the three CSV files that Archi reads, by name."""
    return {f"{table.name}.csv": write_csv(table) for table in archi_tables(model)}


def save_folder(model: Model, folder: Path) -> int:
    """Write a model as a coArchi folder and return how many files changed.

    Files that already say the same are left alone, so that git shows real changes; files of
    objects that are gone are removed.
    """
    files = coarchi.write_coarchi(model)
    changed = 0
    for name, data in files.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == data:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        changed += 1
    for path in sorted((folder / "model").rglob("*.xml"), reverse=True):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
            changed += 1
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
    return changed
