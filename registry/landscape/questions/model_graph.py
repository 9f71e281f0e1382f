"""The graph of a model that came from a file."""

import sys
from collections.abc import Iterable, Mapping

import numpy as np

from registry.landscape.exchange.model import Model, Property, Relationship, Text
from registry.landscape.exchange.municipal import kind_of_element
from registry.landscape.questions.graph import (
    CODE_OF,
    RELATIONSHIP_NODE,
    Columns,
    Facts,
    LandscapeGraph,
    folded,
)
from schemas.landscape_kinds import RelationshipKind

OBJECT_ID = "Object ID"  # what architecture tools keep when a model is exported again
_MODES: Mapping[str | None, int] = {"Read": 1, "Write": 2, "ReadWrite": 3, "Access": 0, None: 0}


def graph_of_model(model: Model) -> LandscapeGraph:
    """Return a model as a graph.

    A relationship that is itself an end also becomes a node: reached from its source, leading to
    its target, by relationships of its own kind.

    Args:
        model: A checked model: no relationship leads nowhere.
    """
    elements = list(model.elements.values())
    things = list(model.relationships.values())
    ends = {end for one in things for end in (one.source, one.target)}
    ends -= model.elements.keys()
    nodes = [*elements, *(model.relationships[key] for key in sorted(ends))]
    place = {thing.id: number for number, thing in enumerate(nodes)}
    edges = [*_edges(things, place)]
    kinds = [sys.intern(kind_of_element(model, element)) for element in elements]
    names = {d.id: folded(model.property_name(d.id)) for d in model.property_definitions.values()}
    object_ids = {key for key, name in names.items() if name == folded(OBJECT_ID)}

    def description(node: int) -> str:
        said = nodes[node].documentation
        return said[0].text if said else ""

    return LandscapeGraph(
        Columns(
            keys=[thing.id for thing in nodes],
            aliases=[_alias(thing.properties, object_ids) for thing in nodes],
            kinds=kinds + [RELATIONSHIP_NODE] * len(ends),
            names=[thing.name for thing in nodes],
            facts=lambda node: _facts(nodes[node].properties, names),
            properties=lambda node: [
                (model.property_name(item.definition), value.text)
                for item in nodes[node].properties
                for value in item.values or (Text(""),)
            ],
            descriptions=description,
            sources=np.array([edge[1] for edge in edges], np.int32),
            targets=np.array([edge[2] for edge in edges], np.int32),
            codes=np.array([CODE_OF[edge[0].kind] for edge in edges], np.int8),
            modes=np.array([_mode(edge[0]) for edge in edges], np.int8),
            edge_keys=lambda edge: edges[edge][0].id,
            edge_names=lambda edge: edges[edge][0].name,
            edge_facts=lambda edge: _facts(edges[edge][0].properties, names),
        )
    )


def _edges(
    relationships: Iterable[Relationship], place: Mapping[str, int]
) -> Iterable[tuple[Relationship, int, int]]:
    for one in relationships:
        source, target = place[one.source], place[one.target]
        yield one, source, target
        if one.id in place:
            yield one, source, place[one.id]
            yield one, place[one.id], target


def _mode(relationship: Relationship) -> int:
    return _MODES[relationship.access] if relationship.kind is RelationshipKind.ACCESS else 0


def _alias(properties: tuple[Property, ...], object_ids: set[str]) -> str:
    return next((p.value for p in properties if p.definition in object_ids), "")


def _facts(properties: tuple[Property, ...], names: Mapping[str, str]) -> Facts:
    found: dict[str, tuple[str, ...]] = {}
    for item in properties:
        name = names.get(item.definition, folded(item.definition))
        found[name] = (*found.get(name, ()), *(value.text for value in item.values))
    return found
