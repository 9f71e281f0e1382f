"""Our connectors read the city whole: every record once, and refused only what cannot be read."""

import asyncio
from pathlib import Path

import pytest

from connectors.sdk.connector import find_connector
from connectors.sdk.load import load_connector_file
from connectors.sdk.mapping import compile_mapping
from connectors.sdk.source import Source
from schemas.records import CustomerRecord, DealingRecord, RejectedRecord
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.running import RunningCity
from townclerk.sandbox.truth import score_pairs

SOURCES = ("crm", "library", "parking", "permits", "taxes", "waste")


async def read_all(
    city: RunningCity, name: str, text: str, stream: str = ""
) -> tuple[str, list[CustomerRecord | DealingRecord], list[RejectedRecord]]:
    """Read a stream of a source to its end; the first, of customers, unless told."""
    spec = load_connector_file(text, name=name)
    address = city.sources[spec.connector]["base_url"]
    source = Source(key=spec.connector, base_url=address, spec=spec, internal=False, loopback=True)
    stream = stream or next(iter(spec.streams))
    mapping = compile_mapping(spec.streams[stream])
    customers: list[CustomerRecord | DealingRecord] = []
    rejected: list[RejectedRecord] = []
    connector = find_connector(spec.kind)(source)
    last = False
    try:
        async for page in connector.read(stream, None):
            mapped = mapping(page)
            customers.extend(customer for _, customer in mapped.customers)
            rejected.extend(mapped.rejected)
            last = page.last
    finally:
        await connector.close()
    assert last
    return f"{spec.connector}.{stream}", customers, rejected


@pytest.mark.parametrize("source", SOURCES)
def test_a_connector_reads_every_record_of_its_source(
    city: RunningCity, city_folder: Path, source: str
) -> None:
    name = f"{source}.yaml"
    text = connector_files(city_folder)[name]
    stream, customers, rejected = asyncio.run(read_all(city, name, text))
    manifest = city.manifest
    assert len(customers) + len(rejected) == manifest.records[stream]
    assert len(rejected) == manifest.unreadable[stream]
    assert {bad.rule for bad in rejected} <= {"birth_date_unreadable"}
    alone = [(stream, customer.key, customer.key) for customer in customers]
    assert score_pairs(alone, city_folder / "truth.sqlite")["assigned"] == len(customers)


@pytest.mark.parametrize("source", SOURCES)
def test_what_a_connector_reads_has_names_and_addresses(
    city: RunningCity, city_folder: Path, source: str
) -> None:
    name = f"{source}.yaml"
    text = connector_files(city_folder)[name]
    _, customers, _ = asyncio.run(read_all(city, name, text))
    for customer in customers:
        assert isinstance(customer, CustomerRecord)
        assert customer.family_name or customer.organisation_name
        assert customer.street
        assert customer.house_number
        assert customer.postal_code
        assert customer.changed_at


@pytest.mark.parametrize("stream", ["contacts", "consents", "preferences"])
def test_what_happened_around_customers_is_read_whole_and_names_them(
    city: RunningCity, city_folder: Path, stream: str
) -> None:
    text = connector_files(city_folder)["crm.yaml"]
    _, customers, refused = asyncio.run(read_all(city, "crm.yaml", text))
    keys = {one.key for one in customers} | {bad.key for bad in refused}

    _, found, rejected = asyncio.run(read_all(city, "crm.yaml", text, stream))

    assert len(found) == city.manifest.dealings[f"crm.{stream}"] > 0
    assert not rejected
    assert {one.customer_key for one in found if isinstance(one, DealingRecord)} <= keys
