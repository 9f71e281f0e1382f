"""Plays a folder of files for the conformance kit."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lxml import etree

from connectors.files import FilesConnector, FilesStream
from connectors.sdk.auth import NoAuth
from connectors.sdk.conformance.rigs import Played, Rig, Show, person
from connectors.sdk.spec import ConnectorFile

PER_FILE = 11
"""Records in one file, so that a show of twenty-three has three of them."""


class FilesRig(Rig):
    """Plays the files of one pattern."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, FilesStream)  # the kind was looked up by the file's own word
        self._stream = found
        super().__init__(connector=FilesConnector, spec=spec, stream=stream, pages_ten_fold=False)

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Write the files, for as long as the block lasts."""
        with tempfile.TemporaryDirectory(prefix="townclerk-") as place:
            numbers = show.numbers()
            for start in range(0, len(numbers), PER_FILE):
                people = [
                    self._filled(person(self._stream, number))
                    for number in numbers[start : start + PER_FILE]
                ]
                name = self._stream.files.replace("*", f"{start:06d}").replace("?", "0")
                _WRITERS[self._stream.format](Path(place) / name, people, self._stream)
            source = self.source(f"file://{place}", size=show.size)
            here = source.spec.model_copy(update={"auth": NoAuth()})  # wherever the real ones lie
            yield Played(source=self.with_spec(source, here))

    def _filled(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return a record with every column that the mapping asks for."""
        return {**dict.fromkeys(sorted(self._stream.used_columns()), "x"), **record}


def _write_csv(path: Path, people: list[dict[str, Any]], stream: FilesStream) -> None:
    names = stream.columns or sorted(people[0])
    lines = [] if stream.columns else [stream.delimiter.join(names)]
    lines += [stream.delimiter.join(str(one.get(name, "")) for name in names) for one in people]
    path.write_text("\n".join(lines) + "\n", encoding=stream.encoding)


def _write_lines(path: Path, people: list[dict[str, Any]], stream: FilesStream) -> None:
    del stream  # JSON Lines have no options
    path.write_text("".join(json.dumps(one) + "\n" for one in people))


def _write_xml(path: Path, people: list[dict[str, Any]], stream: FilesStream) -> None:
    top = etree.Element("delivery")
    for one in people:
        record = etree.SubElement(top, str(stream.element))
        for name, value in one.items():
            etree.SubElement(record, name).text = json.dumps(value).strip('"')
    path.write_bytes(etree.tostring(top))


def _write_parquet(path: Path, people: list[dict[str, Any]], stream: FilesStream) -> None:
    import duckdb

    lines = path.with_suffix(".lines")
    _write_lines(lines, people, stream)
    with duckdb.connect() as database:
        table = database.read_json(str(lines), format="newline_delimited")
        table.write_parquet(str(path))
    lines.unlink()


def _write_sheet(path: Path, people: list[dict[str, Any]], stream: FilesStream) -> None:
    import xlsxwriter

    names = sorted(people[0])
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet(stream.sheet or "people")
        for row, values in enumerate([names, *([one[name] for name in names] for one in people)]):
            for column, value in enumerate(values):
                sheet.write_string(stream.header_row - 1 + row, column, str(value))


_WRITERS = {
    "csv": _write_csv,
    "jsonl": _write_lines,
    "xml": _write_xml,
    "parquet": _write_parquet,
    "xlsx": _write_sheet,
}
