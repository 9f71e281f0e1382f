"""Anybody's package can bring a kind of connector, and it is treated like our own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sdk.connector import ConnectorBroken, connector_kinds, find_connector
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.errors import InvalidConnectorFile
from schemas.records import CustomerKind, CustomerRecord

MODULE = """
from connectors.sdk.cursors import END, is_end
from connectors.sdk.json_pages import decode_records, encode_record
from connectors.sdk.spec import StreamSpec
from schemas.records import Cursor, Page


class KoalaStream(StreamSpec):
    shelf: str


class KoalaLibrary:
    kind = "koala"
    stream_type = KoalaStream
    auth_types = frozenset({"none"})

    def __init__(self, source):
        self.source = source

    async def read(self, stream, cursor):
        shelf = self.source.stream(stream, KoalaStream).shelf
        rows = [] if cursor and is_end(cursor) else [{"id": 1, "name": shelf}]
        records, rejected = decode_records(map(encode_record, rows))
        yield Page(records=records, rejected=rejected, cursor=Cursor(position=END), last=True)

    async def close(self):
        pass
"""
FILE = """
connector: library
kind: koala
interface: urn:x:interface:koala
streams:
  patrons:
    data_set: urn:x:data_set:patrons
    shelf: Novels
    key: id
    map: {kind: "'person'", family_name: name}
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    monkeypatch.syspath_prepend(tmp_path)
    find_connector.cache_clear()
    connector_kinds.cache_clear()
    yield tmp_path
    find_connector.cache_clear()
    connector_kinds.cache_clear()


def install(packages: Path, name: str, kind: str, value: str, module: str = "") -> None:
    facts = packages / f"{name}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[townclerk.connectors]\n{kind} = {value}\n")
    if module:
        (packages / f"{value.partition(':')[0]}.py").write_text(module)


def test_a_kind_from_another_package_is_read_like_our_own(packages: Path) -> None:
    install(packages, "koala-connector", "koala", "koala_kind:KoalaLibrary", MODULE)
    spec = load_connector_file(FILE, name="library.yaml")
    connector = find_connector("koala")(Source(key="library", base_url="x:", spec=spec))

    async def read() -> list[CustomerRecord]:
        mapping = compile_mapping(spec.streams["patrons"])
        return [
            record
            async for page in connector.read("patrons", None)
            for _, record in mapping(page).customers
        ]

    assert asyncio.run(read()) == [
        CustomerRecord(key="1", kind=CustomerKind.PERSON, family_name="Novels")
    ]


def test_its_options_are_checked_like_our_own(packages: Path) -> None:
    install(packages, "koala-connector", "koala", "koala_kind2:KoalaLibrary", MODULE)

    with pytest.raises(InvalidConnectorFile, match=r"line 8 .*did you mean `shelf`"):
        load_connector_file(FILE.replace("shelf:", "shelv:"), name="library.yaml")


def test_a_package_that_does_not_load_is_named(packages: Path) -> None:
    install(packages, "broken-connector", "broken", "broken_kind:Nothing", "import nowhere_at_all")

    with pytest.raises(ConnectorBroken, match="broken_kind:Nothing"):
        find_connector("broken")


def test_nobody_can_take_a_kind_over(packages: Path) -> None:
    install(packages, "sly-connector", "rest", "sly_kind:Rest", MODULE)

    with pytest.raises(ConnectorBroken, match="Several packages"):
        find_connector("rest")
