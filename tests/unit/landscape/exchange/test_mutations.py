"""Thousands of damaged files: each is read or refused in our words, and what is read survives."""

import random
import re

import pytest

from registry.landscape.exchange.archi import DEFAULTS
from registry.landscape.exchange.archi_reader import read_archi
from registry.landscape.exchange.archi_writer import write_archi
from registry.landscape.exchange.compare_xml import xml_differences
from registry.landscape.exchange.formats import WRITTEN, Format, load_bytes, save
from registry.landscape.exchange.opengroup_reader import read_exchange
from registry.landscape.exchange.opengroup_writer import write_exchange
from schemas.errors import TownclerkError
from tests.unit.landscape.exchange.samples import ARCHI, EXCHANGE, EXCHANGE_2
from tests.unit.landscape.exchange.test_backstage import CATALOGUE

MODEL = read_archi(ARCHI.encode())
FILES = [
    (EXCHANGE.encode(), "town.xml"),
    (EXCHANGE_2.encode(), "old.xml"),
    (ARCHI.encode(), "town.archimate"),
    (CATALOGUE, "catalog-info.yaml"),
    (save(MODEL, Format.CSV), "town.zip"),
    (save(MODEL, Format.XLSX), "town.xlsx"),
    (save(MODEL, Format.COARCHI), "town.zip"),
    (b"id,kind,name,folder\n1,system,A,/x/y\n2,node,B,\n", "town.csv"),
]
TOKENS = [
    *(b"<", b">", b'"', b"&", b"=", b"\0", b"\xff", b"-1", b"9" * 20, b"<!DOCTYPE", b"..", b""),
    *(b"xsi:type", b"identifier", b"id-permits", b"650", b"*a", b"&a ", b"[", b"{", b"nan"),
]
LISTS = frozenset(
    {"properties", "elements", "relationships", "organizations", "propertyDefinitions"}
    | {"views", "diagrams", "viewpoints"}
)
# Both are mended on the way; docs/reference/exchange-formats.md says so.
MENDED = re.compile(r"@targetConnections|XMLSchema-instance}type")
VALUES = ["", "0", "-5", "007", "x", "true", "#FFFFFF", "#00ff00", "1.5", "Layered", "255", "300"]
ADDED = ['odd="1"', 'x="3"', 'type="2"', 'name="n"', 'a="0"']


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return a file with some bytes changed, added, doubled or lost."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        place, way = chance.randrange(len(changed) + 1), chance.random()
        if way < 0.3 and changed:
            changed[place % len(changed)] = chance.randrange(256)
        elif way < 0.6:
            changed[place : place + chance.randint(0, 30)] = chance.choice(TOKENS)
        elif way < 0.8:
            start = chance.randrange(len(changed) + 1)
            changed[place:place] = changed[start : start + chance.randint(1, 200)]
        else:
            del changed[place : place + chance.randint(1, 300)]
    return bytes(changed)


def rearranged(text: str, chance: random.Random) -> str:
    """Return a well-formed document with parts removed, copied elsewhere or changed."""
    for _ in range(chance.randint(1, 3)):
        parts = list(re.finditer(r"<[^>?]*/>|<(\w+)[^>]*>[^<]*</\1>", text))
        named = list(re.finditer(r' [\w:]+="[^"]*"', text))
        part, said, way = chance.choice(parts), chance.choice(named), chance.random()
        if way < 0.3:
            text = text[: part.start()] + text[part.end() :]
        elif way < 0.6:
            fresh = f'="z{chance.randrange(10**6)}"'
            copy = re.sub(r'(?<= id)="[^"]*"|(?<= identifier)="[^"]*"', fresh, part[0])
            place = chance.choice(parts).start()
            text = text[:place] + copy + text[place:]
        elif way < 0.8:
            value = f'{said[0].partition("=")[0]}="{chance.choice(VALUES)}"'
            text = text[: said.start()] + value + text[said.end() :]
        else:
            text = text[: said.start()] + f" {chance.choice(ADDED)}" + text[said.start() :]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_file_is_read_or_refused_in_our_words(seed: int) -> None:
    chance = random.Random(seed)
    refusals = []
    for _ in range(400):
        data, file = chance.choice(FILES)
        try:
            model = load_bytes(damaged(data, chance), file=file).model
            for format_ in WRITTEN:
                save(model, format_)
        except TownclerkError as refusal:
            refusals.append(refusal)
    assert len(refusals) > 100
    assert all(refusal.what and refusal.remedy for refusal in refusals)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_exchange_xml_is_read_survives(seed: int) -> None:
    chance = random.Random(seed)
    survived = 0
    for _ in range(150):
        data = rearranged(EXCHANGE, chance).encode()
        try:
            written = write_exchange(read_exchange(data))
        except TownclerkError:
            continue
        found = xml_differences(data, written, lists=LISTS, grouped=True)
        assert [str(one) for one in found if not MENDED.search(one.where)] == []
        survived += 1
    assert survived > 30


@pytest.mark.parametrize("seed", range(4))
def test_whatever_archi_file_is_read_survives(seed: int) -> None:
    chance = random.Random(seed)
    survived = 0
    for _ in range(150):
        data = rearranged(ARCHI, chance).encode()
        try:
            written = write_archi(read_archi(data))
        except TownclerkError:
            continue
        found = xml_differences(data, written, defaults=DEFAULTS, grouped=True)
        assert [str(one) for one in found if not MENDED.search(one.where)] == []
        survived += 1
    assert survived > 30
