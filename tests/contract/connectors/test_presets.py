"""Presets read what their product serves: its sign-in, its questions and its pages, to the end."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.presets import UnknownPreset, preset, presets
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.errors import GiveUp
from tests.contract.connectors.products import COUNT, FILES, ROOTS, SECRET, Product
from tests.contract.connectors.servers import Server, read_all


def read(name: str, product: Product, folder: Path, secret: str) -> list[Any]:
    """Read a product by its preset; return the pages as they were mapped."""
    text = preset(name)
    for number, (place, values) in enumerate(FILES.items()):
        (folder / f"{number}.txt").write_text("\n".join(values))
        text = text.replace(place, str(folder / f"{number}.txt"))
    spec = load_connector_file(text, name=name)
    server = Server(product.answer)
    source = Source(
        key=name,
        base_url=server.url + product.root,
        spec=spec,
        loopback=True,
        internal=True,
        secret=lambda _: SecretStr(secret),
    )
    ((stream, options),) = spec.streams.items()
    try:
        return [compile_mapping(options)(page) for page in read_all(source, stream)]
    finally:
        server.close()


def test_every_preset_is_served_here() -> None:
    assert set(presets()) == set(ROOTS)


def test_a_preset_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownPreset, match="koha"):
        preset("kohaa")


@pytest.mark.parametrize("name", ROOTS)
def test_a_preset_signs_in_and_reads_its_product_to_the_end(name: str, tmp_path: Path) -> None:
    mapped = read(name, Product(name, ROOTS[name]), tmp_path, SECRET)

    people = [record for page in mapped for _, record in page.customers]
    assert [page.rejected for page in mapped if page.rejected] == []
    assert len({record.key for record in people}) == len(people) == COUNT
    assert {(r.given_name, r.family_name) for r in people} == {("An", "Jansen")}


@pytest.mark.parametrize("name", ROOTS)
def test_a_wrong_secret_is_refused_once_and_said_without_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match=r"refuses to let us in \(status 40[13] at ") as caught:
        read(name, Product(name, ROOTS[name]), tmp_path, SECRET[::-1])

    assert "`auth`" in str(caught.value.remedy)
    assert SECRET[::-1] not in str(caught.value.as_dict())


def test_a_token_that_expires_in_the_middle_is_renewed_once(tmp_path: Path) -> None:
    product = Product("koha-oauth2", ROOTS["koha-oauth2"])
    mapped = read("koha-oauth2", product, tmp_path, SECRET)

    assert sum(len(page.customers) for page in mapped) == COUNT
    assert len(product.tokens) == 2


def test_the_word_before_a_token_may_stand_in_the_secret_already(tmp_path: Path) -> None:
    mapped = read("open-klant", Product("open-klant", ROOTS["open-klant"]), tmp_path,
                  f"Token {SECRET}")  # fmt: skip

    assert sum(len(page.customers) for page in mapped) == COUNT
