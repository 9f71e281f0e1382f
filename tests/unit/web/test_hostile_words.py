"""Words from other people's systems stay words: no page makes markup or addresses of them."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from registry import landscape
from registry.storage.embedded import EmbeddedPostgres
from registry.web.assets import STATIC
from registry.web.pages import system_address
from schemas.intake import RunState
from schemas.landscape_kinds import RelationshipKind
from tests.factories import (
    a_data_set,
    a_quarantined_record,
    a_relationship,
    a_source,
    a_sync_run,
    an_element,
    an_interface,
)
from tests.unit.web.conftest import client_of
from tests.unit.web.hostile import PAYLOADS, Shape, shape_of
from tests.unit.web.town import Client

WEB = STATIC.parent


def in_database(payload: str) -> str:
    """Return the payload as PostgreSQL can hold it."""
    return payload.replace("\x00", "")


def urn_of(number: int, kind: str = "system") -> str:
    """Return a URN as wild as schemas.landscape lets one be."""
    wild = re.sub(r"\s", "", in_database(PAYLOADS[number]))
    return f"urn:hostile:{kind}:{number}:{wild}"[:160]


def fill_with_payloads(db: psycopg.Connection) -> None:
    """Put a payload into every text that a page can show."""
    landscape.commands.ensure_own_elements(db)
    specialization, composition = RelationshipKind.SPECIALIZATION, RelationshipKind.COMPOSITION
    for number, raw in enumerate(PAYLOADS):
        words = in_database(raw)[:300]
        named = {"name": words, "description": words}
        attrs = dict.fromkeys(("owner", "supplier", "lifecycle", "hosting", "protocol"), words)
        domain, component = (
            an_element(db, kind=kind, urn=urn_of(number, kind), **named)
            for kind in ("domain", "reference_component")
        )
        system = an_element(db, urn=urn_of(number), attrs=attrs, **named)
        interface = an_interface(db, urn=urn_of(number, "i"), attrs=attrs, **named)
        data_set = a_data_set(db, urn=urn_of(number, "d"), attrs={"personal_data": words}, **named)
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


@pytest.fixture(scope="module")
def hostile(
    postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    with client_of(postgres_server, tmp_path_factory.mktemp("hostile"), fill_with_payloads) as all_:
        yield all_


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
        answer = hostile.get(system_address(urn_of(number)))
        assert answer.status_code == 200, number
        shape_of(answer.text)


def test_every_system_on_the_map_can_be_opened_by_its_link(hostile: Client) -> None:
    page = Shape(hostile.get("/landscape").text)
    links = [address for address in page.addresses if address.startswith("/systems/")]
    assert len(links) >= len(PAYLOADS)
    for link in links:
        assert hostile.get(link).status_code == 200, link


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
