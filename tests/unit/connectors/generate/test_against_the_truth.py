"""Lists of real interfaces are inferred as a person reads them, and every document is answered."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from connectors.generate.guesses import InferredInterface, InterfaceUnreadable
from connectors.generate.interface import infer_interface
from connectors.generate.writing import Place, chosen, write_connector
from connectors.sdk.load import load_connector_file

ROOT = Path(__file__).parents[4]
CORPUS = ROOT / "../shared/data/interfaces/corpus"
SERVERS = ROOT / "townclerk/sandbox/servers"
TRUTH = yaml.safe_load(Path(__file__).with_name("truth.yaml").read_text())
RIGHT_MIN = 0.95
BYTES_MAX = 300_000  # larger ones say the same, and take a second each
DOCUMENTS = sorted(
    path.name
    for path in CORPUS.glob("*")
    if path.suffix != ".md" and path.stat().st_size < BYTES_MAX and "stripe" not in path.name
)

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared documents are absent")


@cache
def inferred(name: str) -> InferredInterface:
    place = next(folder / name for folder in (SERVERS, CORPUS) if (folder / name).exists())
    return infer_interface(place.read_bytes(), name=name)


def judged_lists() -> tuple[int, list[tuple[object, ...]]]:
    """Return how many lists were judged, and those that were inferred wrongly."""
    wrong, count = list[tuple[object, ...]](), 0
    for name, lists in TRUTH.items():
        streams = {stream.place: stream for stream in inferred(name).streams}
        for path, (records, paging, way, key) in lists.items():
            count += 1
            found = streams[path]
            options = found.paging.value
            ways = {options.get("next"), options.get("parameter")}
            right = (found.records.value, options["type"]) == (records, paging) and way in ways
            if not right or found.key is None or found.key.value != key:
                wrong.append((name, path, found.records.value, options, found.key))
    return count, wrong


@needs_corpus
def test_nineteen_of_twenty_lists_with_paging_are_right_without_an_edit() -> None:
    count, wrong = judged_lists()
    assert count >= 38
    assert len(wrong) <= count * (1 - RIGHT_MIN), wrong


@needs_corpus
def test_every_list_that_declares_paging_is_in_the_truth() -> None:
    """So that the share above is one of all lists, and not of those that came out well."""
    for name, lists in TRUTH.items():
        paged = {stream.place for stream in inferred(name).streams if stream.paged}
        assert paged == set(lists), name


@needs_corpus
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_gives_a_file_that_loads_or_a_clear_reason(name: str) -> None:
    try:
        found = inferred(name)
    except InterfaceUnreadable:
        return  # which says why, as the tests of hostile documents ask
    streams = chosen(found, everything=True)
    if not streams:
        assert all(why for _, why in found.passed_over)
        return
    place = Place(name="made", address="https://made.example")
    spec = load_connector_file(write_connector(found, place, streams), name=name)
    assert set(spec.streams) == {stream.name for stream in streams}


@needs_corpus
def test_the_mapping_of_open_klant_needs_no_edit() -> None:
    streams = {
        stream.name: stream for stream in inferred("openklant-klantinteracties.yaml").streams
    }
    names = "partijIdentificatie.contactnaam"
    proposed = {field: guess.value for field, guess in streams["partijen"].map.items()}

    assert proposed["kind"].startswith("case(soortPartij, ")
    assert proposed["given_name"] == f"{names}.voornaam"
    assert proposed["name_prefix"] == f"{names}.voorvoegselAchternaam"
    assert proposed["family_name"] == f"{names}.achternaam"
    assert proposed["postal_code"] == "bezoekadres.postcode"


def test_the_sandbox_crm_is_mapped_as_its_own_connector_file_does() -> None:
    hand = yaml.safe_load((ROOT / "townclerk/sandbox/connectors/crm.yaml").read_text())
    stream, *_ = (
        stream for stream in inferred("crm.openapi.yaml").streams if stream.name == "customers"
    )
    by_hand = hand["streams"]["customers"]["map"]
    same = {f for f, guess in stream.map.items() if by_hand[f] == guess.value}

    assert set(stream.map) == set(by_hand)
    # The addition to a house number, and the order of codes, are for a person to see.
    assert set(by_hand) - same <= {"house_number", "kind"}
