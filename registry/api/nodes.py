"""Anything by its global id, after Relay; each kind demands the scope of its own room."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import strawberry

from registry.api.customers import Customer
from registry.api.elements import Info, Relationship, element
from registry.api.intake import Source, SyncRun
from registry.api.pages import PAGE_MAX, Node, read_global_id
from registry.customers.queries import customers_by_id
from registry.intake.queries import runs_by_id, sources_by_id
from registry.landscape.queries import elements_by_id, relationships_by_id
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.landscape import ElementKind


@dataclass(frozen=True)
class Kind:
    """How things of one kind are read and shown."""

    scope: Scope
    question: Callable[..., Any]
    show: Callable[[Any], Any]


KINDS: dict[str, Kind] = {
    **{str(kind): Kind(Scope.LANDSCAPE_READ, elements_by_id, element) for kind in ElementKind},
    "relationship": Kind(Scope.LANDSCAPE_READ, relationships_by_id, Relationship.of),
    "source": Kind(Scope.SYNC_READ, sources_by_id, Source.of),
    "sync_run": Kind(Scope.SYNC_READ, runs_by_id, SyncRun.of),
    "customer": Kind(Scope.CUSTOMERS_READ, customers_by_id, Customer.of),
}


@strawberry.type
class NodesQuery:
    """Entry by global id."""

    @strawberry.field(description="Anything by its global id; null where there is nothing.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its global id.")],  # noqa: A002  # Relay's name
    ) -> Node | None:
        """Find one thing."""
        return await _find(info, *_readable(info, id))

    @strawberry.field(
        description="Several things by their global ids, in the order asked; null where there is "
        f"nothing. At most {PAGE_MAX}."
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Their global ids.")],
    ) -> list[Node | None]:
        """Find several things, those of one kind in one statement."""
        if len(ids) > PAGE_MAX:
            raise InvalidInput(f"`ids` has {len(ids)} entries; {PAGE_MAX} are allowed.")
        wanted = [_readable(info, given) for given in ids]
        info.context.spend(len(wanted))
        return await asyncio.gather(*(_find(info, name, key) for name, key in wanted))


def _readable(info: Info, given: str) -> tuple[str, UUID]:
    """Return kind and key of a global id that who asks may follow."""
    name, key = read_global_id(given)
    if name not in KINDS:
        raise InvalidInput("This global id is not one of ours.")
    info.context.demand(KINDS[name].scope)
    return name, key


async def _find(info: Info, name: str, key: UUID) -> Any:
    kind = KINDS[name]
    row = await info.context.by_id(kind.scope, kind.question).load(key)
    if row is None or (name in {*ElementKind} and row.kind != name):
        return None
    return kind.show(row)
