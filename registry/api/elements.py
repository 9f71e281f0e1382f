"""The elements of the landscape and what hangs on them: systems, interfaces, data sets, domains."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from registry.api import enums as _enums  # noqa: F401  # types below need the enums published
from registry.api.context import ENTRIES_PER_LIST, Context
from registry.api.pages import (
    PAGE_DEFAULT,
    After,
    Connection,
    First,
    Node,
    connection,
    global_id,
    id_place,
    name_place,
    page_size,
)
from registry.landscape import queries
from registry.landscape.queries import ElementRow, Hop, RelationshipRow
from schemas.access import Scope
from schemas.landscape import ElementKind, RelationshipKind

Info = strawberry.Info[Context, None]


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

    @strawberry.field(description="Relationships that leave it, oldest first.")
    async def relationships(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[Relationship]":
        """Load outgoing relationships, for all asked elements in one statement."""
        return await _leaving(info.context, self.row, first, after)


@strawberry.type(description="One application the municipality runs or rents.")
class System(Element):
    """One application the municipality runs or rents."""

    @strawberry.field(description="Who answers for it.")
    def owner(self) -> str | None:
        """Return who answers for it."""
        return _text(self.row, "owner")

    @strawberry.field(description="Where it is in its life: plan, phase in, active, phase out.")
    def lifecycle(self) -> str | None:
        """Return where it is in its life."""
        return _text(self.row, "lifecycle")

    @strawberry.field(description="Interfaces it offers, by name.")
    async def interfaces(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[Interface]":
        """Load the interfaces it is composed of."""
        return await _neighbours(info, self.row, queries.INTERFACES_OF_SYSTEM, first, after)

    @strawberry.field(description="Data sets it reads or writes, by name.")
    async def data_sets(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[DataSet]":
        """Load the data sets it has access to."""
        return await _neighbours(info, self.row, queries.DATA_SETS_OF, first, after)

    @strawberry.field(description="Reference components it fills in, by name.")
    async def reference_components(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[ReferenceComponent]":
        """Load the reference components it specialises."""
        return await _neighbours(info, self.row, queries.REFERENCES_OF_SYSTEM, first, after)

    @strawberry.field(description="Interfaces of other systems that serve it, by name.")
    async def uses(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[Interface]":
        """Load the interfaces that serve it."""
        return await _neighbours(info, self.row, queries.USED_BY_SYSTEM, first, after)


@strawberry.type(description="Where a system can be reached by other systems.")
class Interface(Element):
    """Where a system can be reached by other systems."""

    @strawberry.field(description="How it is spoken to, e.g. REST, GraphQL, SQL, files.")
    def protocol(self) -> str | None:
        """Return how it is spoken to."""
        return _text(self.row, "protocol")

    @strawberry.field(description="Systems that offer it, by name.")
    async def providers(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[System]:
        """Load the systems it is part of."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_INTERFACE, first, after)

    @strawberry.field(description="Systems that it serves, by name.")
    async def consumers(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[System]:
        """Load the systems it serves."""
        return await _neighbours(info, self.row, queries.CONSUMERS_OF_INTERFACE, first, after)

    @strawberry.field(description="Data sets that can be read or written through it, by name.")
    async def data_sets(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[DataSet]":
        """Load the data sets it gives access to."""
        return await _neighbours(info, self.row, queries.DATA_SETS_OF, first, after)


@strawberry.type(description="Data kept together for one purpose.")
class DataSet(Element):
    """Data kept together for one purpose."""

    @strawberry.field(description="Whether it holds data about people; null where nobody said.")
    def personal_data(self) -> bool | None:
        """Return whether it holds data about people."""
        value = self.row.attrs.get("personal_data")
        return value if isinstance(value, bool) else None

    @strawberry.field(description="Systems that read or write it, by name.")
    async def systems(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[System]:
        """Load the systems with access to it."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_DATA_SET, first, after)


@strawberry.type(description="What the reference architecture asks for.")
class ReferenceComponent(Element):
    """What the reference architecture asks for."""

    @strawberry.field(description="Systems that fill it in, by name.")
    async def systems(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[System]:
        """Load the systems that specialise it."""
        return await _neighbours(info, self.row, queries.SYSTEMS_OF_REFERENCE, first, after)

    @strawberry.field(description="Domains it belongs to, by name.")
    async def domains(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> "Connection[Domain]":
        """Load the domains it is part of."""
        return await _neighbours(info, self.row, queries.DOMAINS_OF_REFERENCE, first, after)


@strawberry.type(description="A field of work of the municipality.")
class Domain(Element):
    """A field of work of the municipality."""

    @strawberry.field(description="Reference components in it, by name.")
    async def reference_components(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[ReferenceComponent]:
        """Load the reference components it is composed of."""
        return await _neighbours(info, self.row, queries.REFERENCES_OF_DOMAIN, first, after)


@strawberry.type(description="One ArchiMate relationship, read from source to target.")
class Relationship(Node):
    """One ArchiMate relationship, read from source to target."""

    row: strawberry.Private[RelationshipRow]
    kind: RelationshipKind = strawberry.field(description="ArchiMate 3.2 relationship.")
    attributes: JSON = strawberry.field(description="Properties of the relationship.")

    @classmethod
    def of(cls, row: RelationshipRow) -> "Relationship":
        """Return the GraphQL object of a row."""
        return cls(
            row=row,
            id=global_id("relationship", row.id),
            kind=RelationshipKind(row.kind),
            attributes=cast("JSON", row.attrs),
        )

    @strawberry.field(description="The element it leaves.")
    async def source(self, info: Info) -> Element:
        """Load the element it leaves."""
        return element(await element_loader(info.context).load(self.row.source_id))

    @strawberry.field(description="The element it reaches.")
    async def target(self, info: Info) -> Element:
        """Load the element it reaches."""
        return element(await element_loader(info.context).load(self.row.target_id))


@strawberry.type(description="One thing of any other kind; `kind` says which.")
class OtherElement(Element):
    """One thing of a kind that has no type of its own."""


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
    return TYPES.get(kind, OtherElement)(
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


def element_loader(context: Context) -> Any:
    """Return the request's loader of elements by id."""
    return context.by_id(Scope.LANDSCAPE_READ, queries.elements_by_id)


async def _neighbours(
    info: Info, row: ElementRow, hop: Hop, first: int | None, after: str | None
) -> Connection[Any]:
    """Load the elements one hop away, for all asked elements in one statement."""
    context, size = info.context, page_size(first)
    context.spend(ENTRIES_PER_LIST)
    way = "to" if hop.outgoing else "from"
    order = f"{row.id}:{hop.relationship}:{way}:{hop.kind}"
    place = name_place(after, order)

    async def load(ids: Sequence[UUID]) -> list[list[ElementRow]]:
        found = await context.read(
            Scope.LANDSCAPE_READ, queries.neighbour_pages, ids, hop, after=place, limit=size + 1
        )
        return [found.get(key, []) for key in ids]

    async def count(ids: Sequence[UUID]) -> list[int]:
        found = await context.read(Scope.LANDSCAPE_READ, queries.count_neighbours, ids, hop)
        return [found.get(key, 0) for key in ids]

    return connection(
        context,
        await context.loader((hop, size, after), load).load(row.id),
        first=size,
        after=after,
        order=order,
        key=lambda found: (found.name, found.id),
        node=element,
        total=lambda: _awaited(context.loader((hop, "count"), count).load(row.id)),
    )


async def _leaving(
    context: Context, row: ElementRow, first: int | None, after: str | None
) -> Connection[Relationship]:
    """Load the relationships that leave an element, for all asked elements in one statement."""
    size, order = page_size(first), f"{row.id}:relationships"
    context.spend(ENTRIES_PER_LIST)
    place = id_place(after, order)

    async def load(ids: Sequence[UUID]) -> list[list[RelationshipRow]]:
        found = await context.read(
            Scope.LANDSCAPE_READ, queries.relationship_pages, ids, after=place, limit=size + 1
        )
        return [found.get(key, []) for key in ids]

    async def count(ids: Sequence[UUID]) -> list[int]:
        found = await context.read(Scope.LANDSCAPE_READ, queries.count_relationships_of, ids)
        return [found.get(key, 0) for key in ids]

    return connection(
        context,
        await context.loader(("leaving", size, after), load).load(row.id),
        first=size,
        after=after,
        order=order,
        key=lambda found: (found.id,),
        node=Relationship.of,
        total=lambda: _awaited(context.loader(("leaving", "count"), count).load(row.id)),
    )


async def _awaited(count: Any) -> int:
    return int(await count)


def _text(row: ElementRow, name: str) -> str | None:
    """Return an attribute that should be text; what people wrote otherwise is in `attributes`."""
    value = row.attrs.get(name)
    return value if isinstance(value, str) else None
