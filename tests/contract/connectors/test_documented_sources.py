"""What is generated from a document reads a source that was made from the same document."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, write_connector
from connectors.presets import preset
from connectors.sdk.auth import NoAuth
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from tests.contract.connectors.documented import Documented, Truth
from tests.contract.connectors.servers import Reply, Request, Server, keys, read_all

ROOT = Path(__file__).parents[3]
CORPUS = ROOT / "../shared/data/interfaces/corpus"
SERVERS = ROOT / "townclerk/sandbox/servers"
TRUTH = ROOT / "tests/unit/connectors/generate/truth.yaml"
COUNT = 23
LONG = {"openzaak-zaken.yaml", "openzaak-catalogi.yaml"}  # a second each, and all alike

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared documents are absent")


@cache
def truths() -> dict[str, dict[str, Truth]]:
    found = yaml.safe_load(TRUTH.read_text())
    return {name: {path: Truth(*told) for path, told in lists.items()}
            for name, lists in found.items()}  # fmt: skip


def text_of(name: str) -> bytes:
    folder = SERVERS if (SERVERS / name).exists() else CORPUS
    return (folder / name).read_bytes()


def source(text: str, address: str) -> Source:
    spec = load_connector_file(text, name="made.yaml")
    # How to sign in is not what is asked here.
    spec = spec.model_copy(update={"auth": NoAuth()})
    return Source(key="made", base_url=address, spec=spec, loopback=True, internal=True,
                  secret=lambda _: SecretStr("x"))  # fmt: skip


@needs_corpus
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.heavy] if n in LONG else []) for n in truths()]
)
def test_a_generated_connector_reads_every_paged_list_to_its_end(name: str) -> None:
    content = text_of(name)
    found = infer_interface(content, name=name)
    paged = [stream for stream in found.streams if stream.paged]
    text = write_connector(found, Place("made", address="http://127.0.0.1:1"), paged)
    made = Documented(yaml.load(content, yaml.CSafeLoader), truths()[name], COUNT)
    server = Server(made.answer)
    try:
        for stream in paged:
            pages = read_all(source(text, server.url), stream.name)
            found_keys = {record.value[made.truths[stream.place].key]
                          for page in pages for record in page.records}  # fmt: skip
            assert len(found_keys) == COUNT, stream.place
    finally:
        server.close()


@needs_corpus
def test_the_population_register_is_asked_twenty_at_a_time_and_no_number_leaks(
    tmp_path: Path,
) -> None:
    numbers = [f"{999990000 + number}" for number in range(45)]
    (tmp_path / "numbers.txt").write_text("\n".join([*numbers, numbers[0], ""]))
    document = yaml.load(text_of("brp-bevragen-resolved.yaml"), yaml.CSafeLoader)
    shapes, asked = Documented(document, {}, 0), list[list[str]]()

    def answer(request: Request) -> Reply:
        body = json.loads(request.body)
        assert (request.method, request.target) == ("POST", "/personen")
        assert set(body) == {"type", "fields", "burgerservicenummer"}
        assert body["type"] in document["components"]["schemas"]["PersonenQuery"][
            "discriminator"
        ]["mapping"]  # fmt: skip
        asked.append(body["burgerservicenummer"])
        people = [
            shapes.sample({"$ref": "#/components/schemas/Persoon"}, int(number) % 6)
            | {"burgerservicenummer": number, "geslacht": {"code": "V"}}
            for number in asked[-1]
        ]
        return Reply.json({"type": body["type"], "personen": people})

    text = preset("haal-centraal-brp").replace(
        "/etc/townclerk/brp-numbers.txt", str(tmp_path / "numbers.txt")
    )
    server = Server(answer)
    try:
        played = source(text, server.url)
        pages = read_all(played, "personen")
        rest = read_all(played, "personen", cursor=pages[0].cursor)
    finally:
        server.close()

    spec = played.spec.streams["personen"]
    records = [record for page in pages for _, record in compile_mapping(spec)(page).customers]
    assert [len(group) for group in asked[:3]] == [20, 20, 5]
    assert [record.national_id for record in records] == numbers
    assert keys(rest, "burgerservicenummer") == numbers[20:]
    assert {f for f in spec.map if not any(getattr(record, f) for record in records)} == set()
    assert not any(number in repr(page.cursor) for page in pages for number in numbers)


PRESETS: dict[str, tuple[str, Any]] = {
    "open-klant": ("openklant-klantinteracties.yaml", "/partijen"),
    "open-zaak": ("openzaak-zaken.yaml", "/rollen"),
}


@needs_corpus
@pytest.mark.parametrize("name", PRESETS)
def test_every_field_of_a_preset_is_filled_from_its_products_own_shapes(name: str) -> None:
    document, path = PRESETS[name]
    made = Documented(yaml.load(text_of(document), yaml.CSafeLoader), truths()[document], COUNT)
    server = Server(made.answer)
    try:
        played = source(preset(name), server.url)
        ((stream, spec),) = played.spec.streams.items()
        pages = read_all(played, stream)
    finally:
        server.close()

    assert path == spec.get  # type: ignore[attr-defined]  # presets of kind rest
    mapped = [compile_mapping(spec)(page) for page in pages]
    records = [record for page in mapped for _, record in page.customers]
    assert [page.rejected for page in mapped if page.rejected] == []
    assert len({record.key for record in records}) == COUNT
    unfilled = {field for field in spec.map if not any(getattr(r, field) for r in records)}
    assert unfilled == set()
