"""Words from other people's systems stay words: no page lets them become markup, script or address."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from registry import landscape
from registry.storage.database import Database, unit_of_work
from registry.web.assets import STATIC
from schemas.intake import RunState
from schemas.landscape import RelationshipKind
from tests.factories import (
    a_data_set,
    a_quarantined_record,
    a_relationship,
    a_source,
    a_sync_run,
    an_element,
    an_interface,
)
from tests.unit.web.town import Client, demo_app

WEB = STATIC.parent
ALERT = "alert(1)"
TAGS = ("script", "img", "svg", "iframe", "style", "a", "input", "body", "math", "details")
PAYLOADS = [
    # Markup, however it is spelt.
    *(f"<{tag} onload={ALERT} onerror={ALERT}>" for tag in TAGS),
    *(f'"><{tag} src=x onerror={ALERT}>' for tag in TAGS),
    *(f"'><{tag}/onmouseover={ALERT}//" for tag in TAGS),
    *(f"</{tag}><script>{ALERT}</script>" for tag in ("title", "text", "a", "td", "svg", "pre")),
    *(f"]]><{tag}>" for tag in TAGS[:4]),
    *(f"<!--><{tag} {ALERT}>-->" for tag in TAGS[:4]),
    *(f"<{tag.upper()}\t\n>" for tag in TAGS[:6]),
    # Attributes, templates, entities, other encodings.
    *(f'{mark} onfocus={ALERT} autofocus x={mark}' for mark in ('"', "'", "`", "&quot;", "&#34;")),
    *("{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}", "{{ ''.__class__ }}", "<%= 7*7 %>"),
    *("&lt;script&gt;", "&#60;script&#62;", "&#x3c;b&#x3e;", "&amp;lt;", "\\u003cscript\\u003e"),
    *("%3Cscript%3E", "+ADw-script+AD4-", "\uff1cscript\uff1e", "‹script›", "<scr\u200bipt>"),
    # Addresses.
    *(f"{scheme}:{ALERT}" for scheme in ("javascript", "JaVaScRiPt", "java\tscript", "vbscript")),
    *("data:text/html,<script>", "//evil.example/x", "https://evil.example", "\\\\evil.example\\x"),
    *("../../../etc/passwd", "..%2f..%2f", "?colour=<b>", "#<b>", "/systems/\"onclick=" + ALERT),
    # Letters that pictures and terminals obey.
    *("\u202egnp.exe", "\u2066hidden\u2069", "a" + "\u0301" * 60, "\ufeffx", "x\u2028y\u2029z"),
    *("W" * 300, "😀" * 60, "\x1b[31mred", "\x07\x08\x7f", "a\r\nSet-Cookie: a=b"),
]
ELEMENTS = set(
    "a body caption circle code dd defs div dl dt em footer g h1 h2 h3 head header html li link "
    "main meta nav p path rect section span strong svg table tbody td text th thead title tr ul "
    "use br".split()
)
ATTRIBUTES = set(
    "aria-current aria-hidden aria-label aria-labelledby charset class colspan content cx cy d "
    "height href id lang name r rel role rx scope tabindex type viewbox width x xmlns y".split()
)


class Shape(HTMLParser):
    """Reads a page as a browser would and keeps its elements, attributes, addresses and words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def shape_of(page: str) -> Shape:
    """Read a page and check that it is made of nothing but what our templates are made of."""
    shape = Shape(page)
    assert shape.elements <= ELEMENTS, shape.elements - ELEMENTS
    assert shape.attributes <= ATTRIBUTES, shape.attributes - ATTRIBUTES
    assert all(re.match(r"/(?!/)|#", address) for address in shape.addresses)
    return shape


def in_database(payload: str) -> str:
    """Return the payload as PostgreSQL can hold it."""
    return payload.replace("\x00", "")


def urn_of(number: int) -> str:
    return f"urn:hostile:{number}:{in_database(PAYLOADS[number])}"[:200]


def fill_with_payloads(db: psycopg.Connection) -> None:
    """Put a payload into every text that a page can show."""
    landscape.commands.ensure_own_elements(db)
    specialization, composition = RelationshipKind.SPECIALIZATION, RelationshipKind.COMPOSITION
    for number, raw in enumerate(PAYLOADS):
        words = in_database(raw)[:300]
        named = {"name": words, "description": words}
        attrs = dict.fromkeys(("owner", "supplier", "lifecycle", "hosting", "protocol"), words)
        domain, component = (
            an_element(db, kind=kind, urn=f"urn:{kind}:{number}:{words}"[:200], **named)
            for kind in ("domain", "reference_component")
        )
        system = an_element(db, urn=urn_of(number), attrs=attrs, **named)
        interface = an_interface(db, urn=f"urn:i:{number}:{words}"[:200], attrs=attrs, **named)
        data_set = a_data_set(
            db, urn=f"urn:d:{number}:{words}"[:200], attrs={"personal_data": words}, **named
        )
        for kind, source, target in (
            (composition, domain, component),
            (specialization, system, component),
            (composition, system, interface),
            (RelationshipKind.SERVING, interface, system),
            (RelationshipKind.ACCESS, system, data_set),
        ):
            a_relationship(db, kind=kind, source_id=source.id, target_id=target.id)
        source = a_source(db, key=f"{number} {words}"[:60], interface_id=interface.id)
        error = {"code": words, "what": words, "remedy": words}
        run = a_sync_run(db, source_id=source.id, state=RunState.FAILED, error=error)
        a_quarantined_record(
            db,
            source_id=source.id,
            run_id=run.id,
            stream=words[:60],
            key=words,
            rule=words[:60],
            path=words,
            reason=words,
        )


@pytest.fixture
def hostile(database: Database, tmp_path: Path) -> Client:
    with unit_of_work() as db:
        fill_with_payloads(db)
    return Client(demo_app(tmp_path))


def shown(words: str) -> str:
    """Return words as a reader compares them: blanks are all the same."""
    return " ".join(words.split())


def test_there_are_a_hundred_of_them_and_no_two_are_equal() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 100


def test_no_page_lets_them_out(hostile: Client) -> None:
    for address in ("/", "/landscape", "/landscape?colour=sync", "/quarantine"):
        answer = hostile.get(address)
        assert answer.status_code == 200, address
        text = shown("".join(shape_of(answer.text).words))
        expected = [p for p in PAYLOADS if address != "/" and p.isprintable()]
        missing = [payload for payload in expected if shown(payload) not in text]
        assert not missing, "names are shown as they are, not taken away"


def test_no_page_of_a_system_lets_them_out(hostile: Client) -> None:
    for number in range(len(PAYLOADS)):
        answer = hostile.get("/systems/" + quote(urn_of(number)))
        assert answer.status_code == 200, number
        shape_of(answer.text)


def test_every_system_on_the_map_can_be_opened_by_its_link(hostile: Client) -> None:
    page = Shape(hostile.get("/landscape").text)
    links = [address for address in page.addresses if address.startswith("/systems/")]
    assert len(links) >= len(PAYLOADS)
    for link in links:
        assert hostile.get(link).status_code == 200, link


def test_no_address_lets_them_out(client: Client) -> None:
    for payload in PAYLOADS:
        words = quote(payload)
        for address in (
            f"/systems/{words}",
            f"/landscape?colour={words}",
            f"/landscape?domain={words}",
            f"/quarantine?source={words}",
            f"/{words}",
            f"/static/{words}",
        ):
            answer = client.get(address)
            assert answer.status_code < 500, address
            if "html" in answer.headers["content-type"]:
                shape_of(answer.text)
                assert "\n" not in answer.headers["content-security-policy"]


def test_the_picture_to_take_away_is_harmless_too(hostile: Client) -> None:
    answer = hostile.get("/landscape.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    shape = Shape(answer.text)
    assert not shape.elements & {"script", "foreignobject", "image", "iframe", "animate"}
    assert not [name for name in shape.attributes if name.startswith("on")]


def test_nothing_we_ship_names_another_host() -> None:
    ours = [*WEB.glob("templates/*"), *WEB.glob("examples/*"), *STATIC.glob("*.*")]
    assert len(ours) > 15
    for file in ours:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|wss?:|[\"'(]//\w|@import|\bimport\(", text), file.name
