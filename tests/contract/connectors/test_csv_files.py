"""CSV as it is really delivered: many encodings, half-written, and one bad row costs one row."""

import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.source import Source
from schemas.errors import GiveUp, InvalidInput, RetryLater
from schemas.records import Page
from tests.contract.connectors.servers import keys, read_all, source_of

FILE = """
connector: waste
kind: files
interface: urn:townclerk:interface:waste-files
streams:
  passes:
    data_set: urn:townclerk:data_set:waste-passes
    files: "{files}"
    delimiter: ";"
    {more}
    key: Pas
    map: {{kind: "'person'", family_name: Naam}}
"""
LONG_AGO = time.time() - 3600


def passes(folder: Path, files: str = "waste_*.csv", more: str = "size: 3") -> Source:
    return source_of(FILE.format(files=files, more=more), f"file://{folder}")


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def lines(start: int, count: int) -> str:
    return "".join(f"{number};Name {number}\n" for number in range(start, start + count))


def read(folder: Path, **options: Any) -> list[Page]:
    return read_all(passes(folder, **options), "passes")


def refused(pages: list[Page]) -> list[tuple[str, str]]:
    return [(bad.rule, bad.path) for page in pages for bad in page.rejected]


@pytest.mark.parametrize("size", [1, 7, 23, 1000])
def test_every_page_size_gives_the_same_rows_of_all_files_by_name(
    tmp_path: Path, size: int
) -> None:
    write(tmp_path, "waste_2.csv", "Pas;Naam\n" + lines(11, 5))
    write(tmp_path, "waste_1.csv", "Pas;Naam\r\n" + lines(1, 10).replace("\n", "\r\n"))
    write(tmp_path, "waste_3.csv", "Pas;Naam\n")
    write(tmp_path, "other.csv", "Pas;Naam\n" + lines(90, 5))

    pages = read(tmp_path, more=f"size: {size}")

    assert keys(pages, "Pas") == [str(number) for number in range(1, 16)]
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_a_read_from_any_pages_cursor_gives_exactly_the_rest(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam\n" + lines(1, 7) + '8;"two\nlines"\n' + lines(9, 3))
    write(tmp_path, "waste_2.csv", "Pas;Naam\n" + lines(20, 6))
    source = passes(tmp_path)
    pages = read_all(source, "passes")

    for number, page in enumerate(pages):
        rest = read_all(source, "passes", page.cursor)

        assert keys(rest, "Pas") == keys(pages[number + 1 :], "Pas")
        assert rest[-1].last


def test_bytes_that_are_not_the_declared_encoding_cost_only_their_row(tmp_path: Path) -> None:
    windows = "Pas;Naam\n1;Anna\n2;Zoë\n3;Bob\n".encode("cp1252")
    write(tmp_path, "waste_1.csv", windows)

    pages = read(tmp_path)

    assert keys(pages, "Pas") == ["1", "3"]
    assert refused(pages) == [("undecodable", "waste_1.csv:3")]
    assert pages[0].rejected[0].raw == "2;Zoë".encode("cp1252")


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("cp1252", "cp1252"),
        ("windows-1252", "cp1252"),
        ("iso-8859-1", "iso-8859-1"),
        ("latin1", "iso-8859-1"),
        ("iso-8859-15", "iso-8859-15"),
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("UTF8", "utf-8"),
    ],
)
def test_a_declared_encoding_is_read(tmp_path: Path, declared: str, written: str) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam\n1;Zoë\n".encode(written))

    [page] = read(tmp_path, more=f"encoding: {declared}")

    assert page.records[0].value == {"Pas": "1", "Naam": "Zoë"}


@pytest.mark.parametrize("written", ["utf-8-sig", "utf-16"])
def test_a_file_that_says_it_is_unicode_is_not_read_as_something_else(
    tmp_path: Path, written: str
) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam\n1;Zoë\n".encode(written))

    with pytest.raises(GiveUp, match="written in utf"):
        read(tmp_path, more="encoding: cp1252")


def test_rows_with_too_few_or_too_many_columns_are_rejected(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam\n1;a\n2\n3;b;c\n\n4;d\n")

    pages = read(tmp_path)

    assert keys(pages, "Pas") == ["1", "4"]
    assert refused(pages) == [
        ("columns_wrong", "waste_1.csv:3"),
        ("columns_wrong", "waste_1.csv:4"),
    ]


def test_quotes_hold_delimiters_line_ends_and_quotes(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", 'Pas;Naam\n"1";"a;b"\n2;"two\r\nlines"\n3;"say ""hi"""\n4;5"\n')

    pages = read(tmp_path)

    names = [record.value["Naam"] for page in pages for record in page.records]
    assert names == ["a;b", "two\r\nlines", 'say "hi"', '5"']


def test_a_quote_that_is_never_closed_costs_only_its_row(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", 'Pas;Naam\n1;"open\n' + lines(2, 400))

    pages = read(tmp_path, more="size: 1000")

    assert keys(pages, "Pas") == [str(number) for number in range(2, 402)]
    assert refused(pages) == [("quote_unclosed", "waste_1.csv:2")]


def test_text_after_a_closing_quote_is_rejected_not_guessed(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", 'Pas;Naam\n1;"De "Hoek" bv"\n2;x\n')

    pages = read(tmp_path)

    assert keys(pages, "Pas") == ["2"]
    assert refused(pages) == [("row_malformed", "waste_1.csv:2")]


def test_a_row_without_end_is_rejected_without_reading_it_into_memory(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", b"Pas;Naam\n1;" + b"x" * 30_000_000 + b"\n2;b\n")

    tracemalloc.start()
    pages = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert keys(pages, "Pas") == ["2"]
    assert refused(pages) == [("row_too_long", "waste_1.csv:2")]
    assert len(pages[0].rejected[0].raw) <= 1024 * 1024
    assert peak < 12_000_000


def test_a_half_written_last_row_is_rejected(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam\n1;a\n2")

    pages = read(tmp_path)

    assert keys(pages, "Pas") == ["1"]
    assert refused(pages) == [("half_written", "waste_1.csv:3")]


def test_a_last_row_without_line_end_counts_once_the_file_has_settled(tmp_path: Path) -> None:
    path = write(tmp_path, "waste_1.csv", "Pas;Naam\n1;a\n2;b")
    assert keys(read(tmp_path), "Pas") == ["1", "2"]

    os.utime(path)

    with pytest.raises(RetryLater, match="written to just now"):
        read(tmp_path)


def test_empty_cells_are_null_and_unnamed_columns_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", "Pas;Naam;;Plaats\n1;;x;\n")

    [page] = read(tmp_path)

    assert page.records[0].value == {"Pas": "1", "Naam": None, "Plaats": None}
    assert page.records[0].raw == b'{"Pas":"1","Naam":null,"Plaats":null}'


def test_a_file_without_header_takes_its_names_from_the_connector_file(tmp_path: Path) -> None:
    write(tmp_path, "waste_1.csv", lines(1, 2))

    assert keys(read(tmp_path, more="columns: [Pas, Naam]"), "Pas") == ["1", "2"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Pas;Name\n1;a\n", "no column `Naam`; did you mean `Name`"),
        ("Pas;Naam;Naam\n1;a;b\n", "`Naam` twice"),
        ("", "is empty"),
        ("\xe9\xff;\n", "cannot be read as names"),
        ("Pas,Naam\n1,a\n", "`Naam`, `Pas`: its line of names is one column with `,` in it"),
        ("7;Ilse\n8;Bo\n", "none of the columns .* has 2 other ones"),
        (";".join(f"c{n}" for n in range(5000)) + "\n", "columns"),
    ],
)
def test_a_header_that_does_not_fit_stops_before_columns_turn_into_nulls(
    tmp_path: Path, header: str, words: str
) -> None:
    write(tmp_path, "waste_1.csv", header.encode("latin-1"))

    with pytest.raises(GiveUp, match=words) as refused:
        read(tmp_path)
    assert "Ilse" not in refused.value.what, "a line of names that is none is somebody's record"


def test_no_file_is_never_an_empty_delivery(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="No file"):
        read(tmp_path)
    with pytest.raises(GiveUp, match="no folder"):
        read(tmp_path / "gone")


def test_pipes_folders_and_links_that_lead_out_are_passed_over(tmp_path: Path) -> None:
    folder, outside = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    outside.mkdir()
    write(outside, "secret.csv", "Pas;Naam\n9;secret\n")
    os.mkfifo(folder / "waste_1.csv")
    (folder / "waste_2.csv").mkdir()
    (folder / "waste_3.csv").symlink_to(outside / "secret.csv")
    (folder / "waste_4.csv").symlink_to(folder / "nowhere")
    write(folder, "waste_5.csv", "Pas;Naam\n5;a\n")

    assert keys(read(folder), "Pas") == ["5"]


@pytest.mark.parametrize("name", [b"waste_\xff.csv", b"waste_\n.csv"])
def test_a_name_that_cannot_be_written_down_is_refused(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_text("Pas;Naam\n1;a\n")

    with pytest.raises(GiveUp, match="cannot be written down"):
        read(tmp_path)


def test_a_file_that_changed_since_is_read_again_from_its_start(tmp_path: Path) -> None:
    path = write(tmp_path, "waste_1.csv", "Pas;Naam\n" + lines(1, 7))
    source = passes(tmp_path)
    first = read_all(source, "passes")[0]
    path.write_text("Pas;Naam\n" + lines(100, 4))

    assert keys(read_all(source, "passes", first.cursor), "Pas") == ["100", "101", "102", "103"]


def test_a_file_that_is_gone_starts_the_scan_again(tmp_path: Path) -> None:
    path = write(tmp_path, "waste_1.csv", "Pas;Naam\n" + lines(1, 7))
    write(tmp_path, "waste_0.csv", "Pas;Naam\n" + lines(50, 2))
    source = passes(tmp_path)
    second = read_all(source, "passes")[1]
    path.unlink()

    assert keys(read_all(source, "passes", second.cursor), "Pas") == ["50", "51"]


@pytest.mark.parametrize(
    "address",
    ["/srv/x", "file://elsewhere/srv", "http://127.0.0.1/", "file:", "file:///x?y=1", "file:x"],
)
def test_an_address_that_is_no_folder_here_is_refused(address: str) -> None:
    text = FILE.format(files="*.csv", more="")

    with pytest.raises(InvalidInput, match="registered"):
        read_all(source_of(text, address), "passes")


def test_a_large_file_takes_no_more_memory_than_a_small_one(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 20_000):
        write(tmp_path, "waste_1.csv", "Pas;Naam\n" + lines(1, count))
        tracemalloc.start()
        seen = 0

        class Counting(list[Page]):
            def append(self, page: Page) -> None:
                nonlocal seen
                seen += len(page.records)

        read_all(passes(tmp_path, more="size: 500"), "passes", into=Counting())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seen == count

    assert peaks[1] < peaks[0] * 1.3
