"""The own portfolio as a model file that other architects can open.

Each system becomes an application component with a specialization to each reference component it
fills in; components keep the ids of their reference architecture, so that the file can be laid
beside it. The same portfolio gives the same file, byte for byte.
"""

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from msgspec import structs

from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Folder,
    Model,
    Property,
    Relationship,
    Text,
    View,
)
from registry.landscape.exchange.municipal import KIND_PROPERTY, define, kind_property
from registry.landscape.metamodel import KINDS as CONCEPT_OF_KIND
from registry.landscape.questions.graph import KINDS, LandscapeGraph
from registry.landscape.questions.plotted import plotted_views
from registry.landscape.questions.portfolio import SYSTEM, Portfolio
from schemas.landscape_kinds import RelationshipKind

_XML_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
# What of our own belongs to a portfolio besides its systems.
BESIDE_SYSTEMS = ("interface", "application_interface", "data_set", "data_object")


def portfolio_model(
    found: Portfolio,
    *,
    title: str = "Portfolio",
    views_of: Model | None = None,
) -> Model:
    """Return a portfolio as a model.

    Args:
        found: Systems beside their reference architecture.
        title: Name of the model.
        views_of: The reference's own model, to take along its views of what we fill in, with our
            systems plotted on them.
    """
    writer = _Writer(found, title)
    writer.write()
    if views_of is not None:
        writer.model.dialect = views_of.dialect  # whose ids and residues the views carry
        for view in plotted_views(views_of, found, writer.own):
            writer.take_view(view, views_of)
    writer.file_away()
    return writer.model


class _Writer:
    def __init__(self, found: Portfolio, title: str) -> None:
        self.found = found
        self.model = Model(
            id=_made("portfolio", title, *(found.own.keys[n] for n in found.systems)),
            names=(Text(title),),
            dialect=Dialect.EXCHANGE,
        )
        self.own: dict[int, str] = {}
        self.components: dict[int, str] = {}

    def write(self) -> None:
        found = self.found
        beside = found.own.of_kinds(*BESIDE_SYSTEMS).tolist()
        touched = {n for s in found.systems for n in self.near(s)}
        for node in found.systems:
            self.own[node] = self.element(found.own, node, SYSTEM)
        for node in beside:
            if node in touched:
                self.own[node] = self.element(found.own, node, found.own.kinds[node])
        for system, components in found.fills.items():
            for component in components:
                self.specialize(system, component)
        self.relate()

    def near(self, node: int) -> Iterable[int]:
        for ways in (self.found.own.forward, self.found.own.reverse):
            yield from ways.row(node)[0].tolist()

    def element(self, graph: LandscapeGraph, node: int, kind: str) -> str:
        key = _id(graph.keys[node])
        said = graph.description(node)
        properties = [(n, v) for n, v in graph.columns.properties(node) if n != KIND_PROPERTY]
        self.model.elements[key] = Element(
            id=key,
            concept=CONCEPT_OF_KIND[kind],
            names=(Text(graph.names[node]),),
            documentation=(Text(said),) if said else (),
            properties=(
                *kind_property(self.model, kind),
                *(Property(define(self.model, n), (Text(v),)) for n, v in properties),
            ),
        )
        return key

    def specialize(self, system: int, component: int) -> None:
        reference = self.found.reference
        if component not in self.components:
            kind = reference.kinds[component]
            self.components[component] = self.element(reference, component, kind)
        self.relationship(
            RelationshipKind.SPECIALIZATION, self.own[system], self.components[component]
        )

    def relate(self) -> None:
        graph = self.found.own
        for edge in range(len(graph.sources)):
            source = self.own.get(int(graph.sources[edge]))
            target = self.own.get(int(graph.targets[edge]))
            if source and target:
                kind = KINDS[graph.codes[edge]]
                self.relationship(kind, source, target, graph.edge_name(edge))

    def relationship(
        self, kind: RelationshipKind, source: str, target: str, name: str = ""
    ) -> None:
        key = _made(kind, source, target, name)
        self.model.relationships[key] = Relationship(
            id=key, kind=kind, source=source, target=target, names=(Text(name),) if name else ()
        )

    def take_view(self, view: View, source: Model) -> None:
        """Take a view along, with every element and relationship of the reference it shows."""
        for node in view.all_nodes():
            if node.element and node.element not in self.model.elements:
                self.copy(source.elements[node.element], source)
        for line in view.connections:
            if line.relationship and line.relationship not in self.model.relationships:
                self.copy_relationship(line.relationship, source)
        self.model.views[view.id] = structs.replace(
            view, properties=self.translated(view.properties, source)
        )

    def copy_relationship(self, key: str, source: Model) -> None:
        one = source.relationships[key]
        for end in (one.source, one.target):
            if end in source.relationships and end not in self.model.relationships:
                self.copy_relationship(end, source)
            elif end in source.elements and end not in self.model.elements:
                self.copy(source.elements[end], source)
        self.model.relationships[key] = Relationship(
            id=one.id,
            kind=one.kind,
            source=one.source,
            target=one.target,
            access=one.access,
            strength=one.strength,
            directed=one.directed,
            names=one.names,
            documentation=one.documentation,
            properties=self.translated(one.properties, source),
        )

    def copy(self, element: Element, source: Model) -> None:
        self.model.elements[element.id] = Element(
            id=element.id,
            concept=element.concept,
            names=element.names,
            documentation=element.documentation,
            properties=self.translated(element.properties, source),
        )

    def translated(self, properties: Iterable[Property], source: Model) -> tuple[Property, ...]:
        """Return properties under this model's definitions of the same names."""
        return tuple(
            Property(define(self.model, source.property_name(item.definition)), item.values)
            for item in properties
        )

    def file_away(self) -> None:
        """Lay everything into folders, as tools expect."""
        own = set(self.own.values())
        filed: dict[str, list[str]] = {
            "Portfolio": sorted(own),
            "Reference": [key for key in self.model.elements if key not in own],
            "Relations": list(self.model.relationships),
            "Views": list(self.model.views),
        }
        self.model.trees = [
            [
                Folder(id="", names=(Text(name),), items=[*keys])
                for name, keys in filed.items()
                if keys
            ]
        ]


def _id(key: str) -> str:
    """Return an id that XML admits: tables may have any words as ids."""
    own = key if key.startswith("id-") else f"id-{key}"
    return own if _XML_ID.fullmatch(own) else _made("own", key)


def _made(*parts: str) -> str:
    return "id-" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
