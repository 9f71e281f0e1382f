"""The city's landscape: complete, allowed by ArchiMate, and its connector files belong to it."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from connectors.sdk.load import load_connector_file
from registry.landscape.commands import OWN_SYSTEM_URN, read_landscape
from registry.landscape.metamodel import allowed, concept_of
from schemas.errors import InvalidInput
from schemas.landscape import ElementKind, LandscapeDraft, RelationshipKind
from schemas.records import RecordKind
from townclerk.sandbox.city import desks
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.landscape import landscape_of

ADDRESSES = {
    name: {"base_url": f"http://{name}.example.nl"}
    for name in ("crm", "permits", "library", "taxes", "waste", "parking")
}


@pytest.fixture(scope="module")
def draft() -> LandscapeDraft:
    return read_landscape(landscape_of(ADDRESSES))


def test_it_holds_what_a_small_town_has(draft: LandscapeDraft) -> None:
    kinds = Counter(element.kind for element in draft.elements)
    assert kinds[ElementKind.DOMAIN] == 8
    assert kinds[ElementKind.REFERENCE_COMPONENT] == 30
    assert kinds[ElementKind.SYSTEM] == 15
    assert kinds[ElementKind.INTERFACE] == 12
    assert kinds[ElementKind.DATA_SET] == 18


def test_urns_are_unique_and_say_the_kind(draft: LandscapeDraft) -> None:
    urns = [element.urn for element in draft.elements]
    assert len(set(urns)) == len(urns)
    for element in draft.elements:
        assert element.urn.startswith(f"urn:townclerk:{element.kind}:")
        assert element.description.endswith(".")


def test_relationships_join_registered_elements_as_archimate_allows(draft: LandscapeDraft) -> None:
    kinds = {element.urn: element.kind for element in draft.elements}
    kinds[OWN_SYSTEM_URN] = ElementKind.SYSTEM  # registered by the product itself
    for one in draft.relationships:
        source, target = concept_of(kinds[one.source]), concept_of(kinds[one.target])
        assert one.kind in allowed(source, target), one
    pairs = [(one.kind, one.source, one.target) for one in draft.relationships]
    assert len(set(pairs)) == len(pairs)


def test_nothing_stands_alone(draft: LandscapeDraft) -> None:
    ends = {urn for one in draft.relationships for urn in (one.source, one.target)}
    assert {element.urn for element in draft.elements} <= ends


def test_the_architect_finds_a_gap_and_an_overlap(draft: LandscapeDraft) -> None:
    filled = Counter(
        one.target for one in draft.relationships if one.kind == RelationshipKind.SPECIALIZATION
    )
    components = {e.urn for e in draft.elements if e.kind == ElementKind.REFERENCE_COMPONENT}
    assert components - set(filled)
    assert max(filled.values()) >= 2


def test_running_interfaces_get_their_address(draft: LandscapeDraft) -> None:
    running = [element for element in draft.elements if element.attrs.get("sandbox")]
    assert {element.attrs["base_url"] for element in running} == {
        facts["base_url"] for facts in ADDRESSES.values()
    }
    assert all("source" not in element.attrs for element in draft.elements)
    assert all(
        element.attrs.get("protocol") and element.attrs.get("owner") and element.attrs["purpose"]
        for element in draft.elements
        if element.kind == ElementKind.INTERFACE
    )


def test_a_source_without_address_is_refused() -> None:
    with pytest.raises(InvalidInput, match="crm"):
        landscape_of({})


def test_addresses_are_filled_in_anew_each_time() -> None:
    first = landscape_of(ADDRESSES)
    second = landscape_of({name: {"base_url": "http://other.example.nl"} for name in ADDRESSES})
    assert first != second


def test_every_connector_file_is_valid_and_registered(draft: LandscapeDraft) -> None:
    urns = {element.urn: element for element in draft.elements}
    files = connector_files(Path("/srv/city"))
    streams = {}
    for name, text in files.items():
        spec = load_connector_file(text, name=name)
        assert name == f"{spec.connector}.yaml"
        assert urns[spec.interface].attrs["sandbox"] is True
        assert urns[spec.interface].kind == ElementKind.INTERFACE
        for stream, found in spec.streams.items():
            assert urns[found.data_set].kind == ElementKind.DATA_SET
            if found.becomes is RecordKind.CUSTOMER:
                streams[f"{spec.connector}.{stream}"] = found.data_set
            else:
                assert found.customers in streams.values()
    assert streams == {desk.stream: desk.data_set for desk in desks()}


def test_secrets_stand_in_connector_files_as_references_only() -> None:
    for text in connector_files(Path("/srv/city")).values():
        secret = yaml.safe_load(text).get("auth", {}).get("secret", "file:/srv/city/secrets/x")
        assert secret.startswith("file:/srv/city/secrets/")
        assert "{secrets}" not in text
