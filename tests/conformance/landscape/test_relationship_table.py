"""Our rules give exactly the table of relationships that Archi publishes for ArchiMate 3.2."""

from collections.abc import Callable
from pathlib import Path

from lxml import etree

from registry.landscape.metamodel import CONCEPTS, allowed, letter_of
from schemas.landscape_kinds import RelationshipKind


def published(path: Path) -> dict[tuple[str, str], frozenset[str]]:
    return {
        (source.get("concept"), target.get("concept")): frozenset(target.get("relations"))
        for source in etree.parse(path).getroot().iter("source")
        for target in source
    }


def test_our_rules_equal_the_published_table(reference_data: Callable[[str], Path]) -> None:
    table = published(reference_data("archimate/relationships.xml"))
    ours = {
        (source, target): frozenset(map(letter_of, allowed(source, target)))
        for source in CONCEPTS
        for target in CONCEPTS
    }
    assert (len(CONCEPTS), len(ours)) == (62, 3_844)
    assert sum(map(len, ours.values())) == 11_569
    assert {ends: (ours[ends], table[ends]) for ends in table if ours[ends] != table[ends]} == {}
    assert ours.keys() == table.keys()


def test_our_letters_are_the_published_ones(reference_data: Callable[[str], Path]) -> None:
    keys = etree.parse(reference_data("archimate/relationships-keys.xml")).getroot()
    theirs = {key.get("relationship"): key.get("char") for key in keys}
    assert {f"{kind.title()}Relationship": letter_of(kind) for kind in RelationshipKind} == theirs
