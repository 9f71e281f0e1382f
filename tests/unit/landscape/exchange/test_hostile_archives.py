"""Archives, tables and YAML from strangers stay inside their limits."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from registry.landscape.exchange import archive, tables
from registry.landscape.exchange.backstage import read_backstage
from registry.landscape.exchange.formats import load, load_bytes
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused


def everything(_: str) -> bool:
    return True


def zipped(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, content)
    return out.getvalue()


def tarred(*entries: tarfile.TarInfo) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as made:
        for entry in entries:
            made.addfile(entry, io.BytesIO(b"\0" * entry.size))
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["../evil.xml", "/etc/evil.xml", "a/../../evil.xml", "C:evil.xml", "a\\..\\evil.xml"]
)
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    with pytest.raises(ModelFileRefused, match="land outside"):
        archive.unpack(zipped(name), everything, file="x.zip")
    with pytest.raises(ModelFileRefused, match="land outside"):
        archive.unpack(tarred(tarfile.TarInfo(name)), everything, file="x.tar.gz")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_an_archive_are_refused(kind: bytes) -> None:
    entry = tarfile.TarInfo("model/link.xml")
    entry.type, entry.linkname = kind, "/etc/hostname"
    with pytest.raises(ModelFileRefused, match="link or device"):
        archive.unpack(tarred(entry), everything, file="x.tar.gz")


def test_a_folder_with_a_link_is_refused_also_when_it_leads_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "round").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ModelFileRefused, match="is a link"):
        load(tmp_path)


def test_a_zip_that_bursts_is_refused() -> None:
    packed = zipped("a.xml", content=b"\0" * 15_000_000)
    with pytest.raises(FileTooLarge, match="unpacked"):
        archive.unpack(packed, everything, file="x.zip")


def test_a_gzip_that_bursts_is_refused() -> None:
    import gzip

    with pytest.raises(FileTooLarge, match="unpacked"):
        load_bytes(gzip.compress(b" " * 30_000_000), file="x.xml.gz")


def test_one_file_too_large_is_refused_by_name() -> None:
    entry = tarfile.TarInfo("model/huge.xml")
    entry.size = archive.FILE_BYTES_MAX + 1
    with pytest.raises(FileTooLarge, match=r"model/huge\.xml"):
        archive.unpack(tarred(entry), everything, file="x.tar.gz")


def test_too_many_files_are_refused() -> None:
    basket = archive._Basket("x.zip", None)
    for number in range(archive.FILES_MAX):
        basket.admit(f"{number}", 1)
    with pytest.raises(FileTooLarge, match="more than 100,000 files"):
        basket.admit("one more", 1)


def test_folders_without_end_are_refused(tmp_path: Path) -> None:
    deep = "/".join("a" * (archive.DEPTH_MAX + 1))
    with pytest.raises(FileTooLarge, match="nest deeper"):
        archive.unpack(zipped(f"{deep}/x.xml"), everything, file="x.zip")
    (tmp_path / deep).mkdir(parents=True)
    with pytest.raises(FileTooLarge, match="too much lies below"):
        load(tmp_path)


def test_the_same_name_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed = zipped("a.xml", "a.xml")
    with pytest.raises(ModelFileRefused, match="twice"):
        archive.unpack(packed, everything, file="x.zip")


@pytest.mark.parametrize("data", [b"PK\x03\x04 broken", b"\x1f\x8b\x08 broken", b"neither"])
def test_a_damaged_archive_is_refused(data: bytes) -> None:
    with pytest.raises(ModelFileRefused, match="damaged"):
        archive.unpack(data, everything, file="x.zip")


def test_a_zip_without_a_model_is_refused() -> None:
    with pytest.raises(ModelFileRefused, match=r"no folder\.xml of an Archi model"):
        load_bytes(zipped("readme.xml"), file="x.zip")


def test_a_formula_is_written_as_text_and_comes_back_unchanged() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''+1", "'plain", "plain", ""]
    table = tables.Table("t", ["a"])
    for cell in hostile:
        table.add(cell)
    written = tables.write_csv(table)
    assert not [line for line in written.splitlines() if line[1:2] in b"=+-@\t\r" and line[1:2]]
    back = [row["a"] for row in tables.read_csv(written, file="t.csv").rows]
    assert back == [cell for cell in hostile if cell]


def test_a_formula_stays_text_in_a_workbook() -> None:
    table = tables.Table("t", ["a"])
    table.add('=HYPERLINK("http://evil.example")')
    written = tables.write_xlsx([table])
    with zipfile.ZipFile(io.BytesIO(written)) as package:
        assert b"<f>" not in package.read("xl/worksheets/sheet1.xml")
    back = tables.read_xlsx(written, file="t.xlsx")
    assert back["t"].rows[0]["a"] == '=HYPERLINK("http://evil.example")'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no header"),
        ("a,a\n1,2\n", "'a' stands twice"),
        ("a,b\n1,2\n1,2,3\n", "line 3: the row has 3 cells"),
        ('a,b\n"1,2\n', "broken"),
        ("a\0b", "not a text file"),
    ],
)
def test_a_broken_table_names_the_line(text: str, words: str) -> None:
    with pytest.raises(ModelFileRefused, match=words):
        tables.read_csv(text.encode(), file="x.csv")


def test_a_workbook_that_bursts_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        tables.read_xlsx(zipped("xl/workbook.xml", content=b" " * 30_000_000), file="x.xlsx")
    with pytest.raises(ModelFileRefused):
        tables.read_xlsx(zipped("xl/nothing.xml"), file="x.xlsx")


def test_yaml_aliases_are_refused_with_their_line() -> None:
    bomb = b"kind: Component\nmetadata: &a {name: x}\nspec: {a: *a}\n"
    with pytest.raises(ModelFileRefused, match=r"line 3: aliases"):
        read_backstage(bomb)


def test_yaml_without_end_is_refused() -> None:
    with pytest.raises(FileTooLarge, match="nests deeper"):
        read_backstage(b"[" * 500)


@pytest.mark.parametrize(
    "text",
    [
        "a: [1",
        "!!python/object/apply:os.system ['true']",
        "kind: Component",
        "- 1",
        "kind: X\nmetadata: {name: y}",
    ],
)
def test_yaml_that_is_no_catalogue_is_refused(text: str) -> None:
    with pytest.raises(ModelFileRefused):
        read_backstage(text.encode())
