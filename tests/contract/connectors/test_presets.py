"""Presets read what their product serves: records in its shape, pages in its way, to the end."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.presets import UnknownPreset, preset, presets
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from tests.contract.connectors.servers import Reply, Request, Server, read_all

PARTY = {
    "uuid": "u", "soortPartij": "persoon", "bezoekadres": {"postcode": "1000 AA"},
    "partijIdentificatie": {"contactnaam": {"voornaam": "An", "achternaam": "Jansen"}},
}  # fmt: skip
ROLE = {
    "uuid": "u", "betrokkeneType": "natuurlijk_persoon",
    "betrokkeneIdentificatie": {"voornamen": "An", "geslachtsnaam": "Jansen"},
}  # fmt: skip
PATRON = {"patron_id": 0, "firstname": "An", "surname": "Jansen", "updated_on": "2026-01-01"}
THING = {
    "uuid": "u",
    "record": {"registrationAt": "2026-01-01", "data": {"voornaam": "An", "achternaam": "Jansen"}},
}
USER = {"id": "u", "name": {"givenName": "An", "familyName": "Jansen"}, "emails": [{"value": "a"}]}
SERVED: dict[str, dict[str, Any]] = {
    "open-klant": PARTY, "open-zaak": ROLE, "koha": PATRON, "objects-api": THING, "scim": USER,
}  # fmt: skip
COUNT, PAGE = 5, 2


def records(name: str) -> list[dict[str, Any]]:
    key = "patron_id" if name == "koha" else "id" if name == "scim" else "uuid"
    return [{**SERVED[name], key: number if name == "koha" else f"u{number}"}
            for number in range(1, COUNT + 1)]  # fmt: skip


def answer(name: str, request: Request) -> Reply:
    everything, query = records(name), request.query
    if name == "koha":
        start = (int(query["_page"]) - 1) * PAGE
        page = everything[start : start + PAGE]
        return Reply.json(page, headers={"X-Total-Count": str(COUNT)})
    if name == "scim":
        start = int(query["startIndex"]) - 1
        page = everything[start : start + PAGE]
        return Reply.json({"totalResults": COUNT, "startIndex": start + 1, "Resources": page})
    number = int(query.get("page", "1"))
    more = number * PAGE < COUNT
    link = f"http://{request.headers['host']}{request.path}?page={number + 1}" if more else None
    page = everything[(number - 1) * PAGE : number * PAGE]
    return Reply.json({"count": COUNT, "next": link, "previous": None, "results": page})


def test_every_preset_is_served_here() -> None:
    # The population register gives no list; test_documented_sources.py asks it.
    assert set(presets()) == {*SERVED, "haal-centraal-brp"}


def test_a_preset_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownPreset, match="koha"):
        preset("kohaa")


@pytest.mark.parametrize("name", SERVED)
def test_a_preset_reads_its_product_to_the_end(name: str) -> None:
    server = Server(lambda request: answer(name, request))
    spec = load_connector_file(preset(name), name=name)
    source = Source(
        key=name,
        base_url=server.url,
        spec=spec,
        loopback=True,
        internal=True,
        secret=lambda _: SecretStr("secret"),
    )
    ((name_of, stream),) = spec.streams.items()
    try:
        pages = read_all(source, name_of)
    finally:
        server.close()

    mapped = [compile_mapping(stream)(page) for page in pages]
    people = [record for page in mapped for _, record in page.customers]
    assert [page.rejected for page in mapped if page.rejected] == []
    assert len({record.key for record in people}) == COUNT
    assert {(r.given_name, r.family_name) for r in people} == {("An", "Jansen")}
    assert json.dumps([request.headers for request in server.requests]).count("authorization")
