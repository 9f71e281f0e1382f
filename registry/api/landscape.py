"""The landscape as a graph: systems, data sets, interfaces, reference components, relationships."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from registry.api.context import Context
from registry.api.pages import (
    Connection,
    Node,
    connection,
    global_id,
    page_size,
    read_cursor,
)
from registry.landscape import queries
from registry.landscape.queries import ElementRow, Hop, RelationshipRow
from schemas.access import Scope
from schemas.errors import UnknownName
from schemas.landscape import ElementKind, RelationshipKind

Info = strawberry.Info[Context, None]

strawberry.enum(ElementKind, name="ElementKind", description="What an element of the landscape is.")
strawberry.enum(
    RelationshipKind,
    name="RelationshipKind",
    description="The eleven relationships of ArchiMate 3.2.",
)


async def _neighbours(info: Info, row: ElementRow, hop: Hop) -> list[Any]:
    """Load the elements one hop away, for all asked elements in one statement."""

    async def load(ids: Sequence[UUID]) -> list[list[ElementRow]]:
        found = await info.context.read(queries.neighbours, ids, hop)
        return [found.get(key, []) for key in ids]

    rows = await info.context.loader(hop, load).load(row.id)
    return [element(neighbour) for neighbour in rows]


@strawberry.interface(description="One thing in the landscape.")
class Element(Node):
    """One thing in the landscape."""

    row: strawberry.Private[ElementRow]
    urn: str = strawberry.field(description="Stable name in files and connector specifications.")
    name: str = strawberry.field(description="Name as people say it.")
    description: str = strawberry.field(description="What it is for.")
    kind: ElementKind = strawberry.field(description="What it is.")
    attributes: JSON = strawberry.field(description="Properties that only this kind has.")
    revision: int = strawberry.field(description="Counts changes.")
    changed_at: datetime = strawberry.field(description="When it was last changed.")

    @strawberry.field(description="Relationships that leave it.")
    async def relationships(self, info: Info) -> list["Relationship"]:
        """Load outgoing relationships, for all asked elements in one statement."""

        async def load(ids: Sequence[UUID]) -> list[list[RelationshipRow]]:
            rows = await info.context.read(queries.relationships_of, ids, end="source")
            grouped: dict[UUID, list[RelationshipRow]] = {key: [] for key in ids}
            for row in rows:
                grouped[row.source_id].append(row)
            return [grouped[key] for key in ids]

        rows = await info.context.loader("relationships", load).load(self.row.id)
        return [Relationship.of(row) for row in rows]


@strawberry.type(description="One application the municipality runs or rents.")
class System(Element):
    """One application the municipality runs or rents."""

    @strawberry.field(description="Who answers for it.")
    def owner(self) -> str | None:
        """Return who answers for it."""
        return self.row.attrs.get("owner")

    @strawberry.field(description="Where it is in its life: plan, phase in, active, phase out.")
    def lifecycle(self) -> str | None:
        """Return where it is in its life."""
        return self.row.attrs.get("lifecycle")

    @strawberry.field(description="Interfaces it offers.")
    async def interfaces(self, info: Info) -> list["Interface"]:
        """Load the interfaces it is composed of."""
        return await _neighbours(info, self.row, queries.INTERFACES_OF_SYSTEM)

    @strawberry.field(description="Data sets it reads or writes.")
    async def data_sets(self, info: Info) -> list["DataSet"]:
        """Load the data sets it has access to."""
        return await _neighbours(info, self.row, queries.DATA_SETS_OF)

    @strawberry.field(description="Reference components it fills in.")
    async def reference_components(self, info: Info) -> list["ReferenceComponent"]:
        """Load the reference components it specialises."""
        return await _neighbours(info, self.row, queries.REFERENCES_OF_SYSTEM)

    @strawberry.field(description="Interfaces of other systems that serve it.")
    async def uses(self, info: Info) -> list["Interface"]:
        """Load the interfaces that serve it."""
        return await _neighbours(info, self.row, queries.USED_BY_SYSTEM)


@strawberry.type(description="Where a system can be reached by other systems.")
class Interface(Element):
    """Where a system can be reached by other systems."""

    @strawberry.field(description="How it is spoken to, e.g. REST, GraphQL, SQL, files.")
    def protocol(self) -> str | None:
        """Return how it is spoken to."""
        return self.row.attrs.get("protocol")

    @strawberry.field(description="Systems that offer it.")
    async def providers(self, info: Info) -> list[System]:
        """Load the systems it is part of."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_INTERFACE)

    @strawberry.field(description="Systems that it serves.")
    async def consumers(self, info: Info) -> list[System]:
        """Load the systems it serves."""
        return await _neighbours(info, self.row, queries.CONSUMERS_OF_INTERFACE)

    @strawberry.field(description="Data sets that can be read or written through it.")
    async def data_sets(self, info: Info) -> list["DataSet"]:
        """Load the data sets it gives access to."""
        return await _neighbours(info, self.row, queries.DATA_SETS_OF)


@strawberry.type(description="Data kept together for one purpose.")
class DataSet(Element):
    """Data kept together for one purpose."""

    @strawberry.field(description="Whether it holds data about people.")
    def personal_data(self) -> bool | None:
        """Return whether it holds data about people."""
        return self.row.attrs.get("personal_data")

    @strawberry.field(description="Systems that read or write it.")
    async def systems(self, info: Info) -> list[System]:
        """Load the systems with access to it."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_DATA_SET)


@strawberry.type(description="What the reference architecture asks for.")
class ReferenceComponent(Element):
    """What the reference architecture asks for."""

    @strawberry.field(description="Systems that fill it in.")
    async def systems(self, info: Info) -> list[System]:
        """Load the systems that specialise it."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_REFERENCE)

    @strawberry.field(description="Domains it belongs to.")
    async def domains(self, info: Info) -> list["Domain"]:
        """Load the domains it is part of."""
        return await _neighbours(info, self.row, queries.DOMAINS_OF_REFERENCE)


@strawberry.type(description="A field of work of the municipality.")
class Domain(Element):
    """A field of work of the municipality."""

    @strawberry.field(description="Reference components in it.")
    async def reference_components(self, info: Info) -> list[ReferenceComponent]:
        """Load the reference components it is composed of."""
        return await _neighbours(info, self.row, queries.REFERENCES_OF_DOMAIN)


TYPES: dict[ElementKind, type[Element]] = {
    ElementKind.SYSTEM: System,
    ElementKind.INTERFACE: Interface,
    ElementKind.DATA_SET: DataSet,
    ElementKind.REFERENCE_COMPONENT: ReferenceComponent,
    ElementKind.DOMAIN: Domain,
}


def element(row: ElementRow) -> Any:
    """Return the GraphQL object of a row, of the type its kind asks for."""
    kind = ElementKind(row.kind)
    return TYPES[kind](
        row=row,
        id=global_id(kind, row.id),
        urn=row.urn,
        name=row.name,
        description=row.description,
        kind=kind,
        attributes=cast("JSON", row.attrs),
        revision=row.revision,
        changed_at=row.changed_at,
    )


@strawberry.type(description="One ArchiMate relationship, read from source to target.")
class Relationship(Node):
    """One ArchiMate relationship, read from source to target."""

    row: strawberry.Private[RelationshipRow]
    kind: RelationshipKind = strawberry.field(description="ArchiMate 3.2 relationship.")

    @classmethod
    def of(cls, row: RelationshipRow) -> "Relationship":
        """Return the GraphQL object of a row."""
        return cls(row=row, id=global_id("relationship", row.id), kind=RelationshipKind(row.kind))

    @strawberry.field(description="The element it leaves.")
    async def source(self, info: Info) -> Element:
        """Load the element it leaves."""
        return await _element_by_id(info, self.row.source_id)

    @strawberry.field(description="The element it reaches.")
    async def target(self, info: Info) -> Element:
        """Load the element it reaches."""
        return await _element_by_id(info, self.row.target_id)


async def _element_by_id(info: Info, key: UUID) -> Any:
    return element(await info.context.by_id("element", queries.elements_by_id).load(key))


async def _page(
    info: Info, kind: ElementKind, first: int | None, after: str | None, search: str | None
) -> Connection[Any]:
    info.context.demand(Scope.LANDSCAPE_READ)
    size = page_size(first)
    order = f"{kind}:name"
    key = read_cursor(after, order)
    rows = await info.context.read(
        queries.list_elements,
        kind,
        after=(key[0], UUID(key[1])) if key else None,
        limit=size + 1,
        search=search,
    )
    return connection(
        rows, first=size, order=order, key=lambda row: (row.name, row.id), node=element
    )


@strawberry.type
class LandscapeQuery:
    """The landscape's entry points."""

    @strawberry.field(description="Systems by name.")
    async def systems(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[System]:
        """List systems."""
        return await _page(info, ElementKind.SYSTEM, first, after, search)

    @strawberry.field(description="Interfaces by name.")
    async def interfaces(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[Interface]:
        """List interfaces."""
        return await _page(info, ElementKind.INTERFACE, first, after, search)

    @strawberry.field(description="Data sets by name.")
    async def data_sets(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[DataSet]:
        """List data sets."""
        return await _page(info, ElementKind.DATA_SET, first, after, search)

    @strawberry.field(description="Reference components by name.")
    async def reference_components(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[ReferenceComponent]:
        """List reference components."""
        return await _page(info, ElementKind.REFERENCE_COMPONENT, first, after, search)

    @strawberry.field(description="Domains by name.")
    async def domains(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[Domain]:
        """List domains."""
        return await _page(info, ElementKind.DOMAIN, first, after, search)

    @strawberry.field(description="One element by its URN; null where nothing is registered.")
    async def element(self, info: Info, urn: str) -> Element | None:
        """Find one element."""
        info.context.demand(Scope.LANDSCAPE_READ)
        try:
            return element(await info.context.read(queries.find_element, urn))
        except UnknownName:
            return None

    @strawberry.field(description="All relationships, in a stable order.")
    async def relationships(
        self, info: Info, first: int | None = None, after: str | None = None
    ) -> Connection[Relationship]:
        """List relationships."""
        info.context.demand(Scope.LANDSCAPE_READ)
        size = page_size(first)
        key = read_cursor(after, "relationship:id")
        rows = await info.context.read(
            queries.list_relationships, after=UUID(key[0]) if key else None, limit=size + 1
        )
        return connection(
            rows,
            first=size,
            order="relationship:id",
            key=lambda row: (row.id,),
            node=Relationship.of,
        )
