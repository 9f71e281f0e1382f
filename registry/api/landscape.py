"""The landscape's entry points: lists by name, one element by URN, all relationships."""

from typing import Annotated, Any

import strawberry

from registry.api.elements import (
    DataSet,
    Domain,
    Element,
    Info,
    Interface,
    ReferenceComponent,
    Relationship,
    System,
    element,
)
from registry.api.pages import (
    PAGE_DEFAULT,
    After,
    Connection,
    First,
    Search,
    connection,
    id_place,
    name_place,
    page_size,
    plain_text,
    search_text,
)
from registry.landscape import queries
from schemas.access import Scope
from schemas.errors import UnknownName
from schemas.landscape import ElementKind

RELATIONSHIPS = "relationship:id"


@strawberry.type
class LandscapeQuery:
    """The landscape's entry points."""

    @strawberry.field(description="Systems by name.")
    async def systems(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[System]:
        """List systems."""
        return await _page(info, ElementKind.SYSTEM, first, after, search)

    @strawberry.field(description="Interfaces by name.")
    async def interfaces(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[Interface]:
        """List interfaces."""
        return await _page(info, ElementKind.INTERFACE, first, after, search)

    @strawberry.field(description="Data sets by name.")
    async def data_sets(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[DataSet]:
        """List data sets."""
        return await _page(info, ElementKind.DATA_SET, first, after, search)

    @strawberry.field(description="Reference components by name.")
    async def reference_components(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[ReferenceComponent]:
        """List reference components."""
        return await _page(info, ElementKind.REFERENCE_COMPONENT, first, after, search)

    @strawberry.field(description="Domains by name.")
    async def domains(
        self,
        info: Info,
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[Domain]:
        """List domains."""
        return await _page(info, ElementKind.DOMAIN, first, after, search)

    @strawberry.field(description="One element by its URN; null where nothing is registered.")
    async def element(
        self,
        info: Info,
        urn: Annotated[str, strawberry.argument(description="For example urn:town:system:crm.")],
    ) -> Element | None:
        """Find one element."""
        info.context.demand(Scope.LANDSCAPE_READ)
        try:
            row = await info.context.read(
                Scope.LANDSCAPE_READ, queries.find_element, plain_text(urn, "urn")
            )
        except UnknownName:
            return None
        return element(row)

    @strawberry.field(description="All relationships, oldest first.")
    async def relationships(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[Relationship]:
        """List relationships."""
        context = info.context
        context.demand(Scope.LANDSCAPE_READ)
        size = page_size(first)
        rows = await context.read(
            Scope.LANDSCAPE_READ,
            queries.list_relationships,
            after=id_place(after, RELATIONSHIPS),
            limit=size + 1,
        )
        return connection(
            context,
            rows,
            first=size,
            after=after,
            order=RELATIONSHIPS,
            key=lambda row: (row.id,),
            node=Relationship.of,
            total=lambda: context.read(Scope.LANDSCAPE_READ, queries.count_relationships),
        )


async def _page(
    info: Info, kind: ElementKind, first: int | None, after: str | None, search: str | None
) -> Connection[Any]:
    context = info.context
    context.demand(Scope.LANDSCAPE_READ)
    size, order, wanted = page_size(first), f"{kind}:name", search_text(search)
    rows = await context.read(
        Scope.LANDSCAPE_READ,
        queries.list_elements,
        kind,
        after=name_place(after, order),
        limit=size + 1,
        search=wanted,
    )
    return connection(
        context,
        rows,
        first=size,
        after=after,
        order=order,
        key=lambda row: (row.name, row.id),
        node=element,
        total=lambda: context.read(
            Scope.LANDSCAPE_READ, queries.count_elements, kind, search=wanted
        ),
    )
