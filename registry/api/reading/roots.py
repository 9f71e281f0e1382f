"""Where questions begin: the declared entry points, anything by its global id, a past landscape."""

import asyncio
import inspect
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import strawberry

from registry.api.reading import plain
from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.inputs import list_of
from registry.api.reading.lists import PAGE_MAX
from registry.api.reading.moments import LANDSCAPE, bind_moment
from registry.api.reading.places import read_global_id
from registry.api.reading.rows import find
from registry.api.reading.shapes import Info, Node, argument_of, entry_field, field_of, publish_type
from registry.api.reading.writing import Given, Writer
from registry.storage.readable import Readable
from schemas.errors import InvalidInput


async def _node(self: Any, info: Info, given: Mapping[str, Any]) -> Any:  # noqa: ARG001  # a resolver's signature
    return plain.shown(await find(info.context, *_readable(info, given["id"])))


async def _nodes(self: Any, info: Info, given: Mapping[str, Any]) -> Any:  # noqa: ARG001  # a resolver's signature
    ids = given["ids"]
    if len(ids) > PAGE_MAX:
        raise InvalidInput(f"`ids` has {len(ids)} entries; {PAGE_MAX} are allowed.")
    wanted = [_readable(info, each) for each in ids]  # all, before any is looked up
    found = await asyncio.gather(*(find(info.context, *each) for each in wanted))
    return [plain.shown(row) for row in found]


def _readable(info: Info, given: str) -> tuple[Readable, UUID, str]:
    """Return type, key and kind of a global id that who asks may follow."""
    kind, key = read_global_id(given)
    readable = CATALOGUE.by_id_kind.get(kind)
    if readable is None:
        raise InvalidInput("This global id is not one of ours.")
    info.context.demand(CATALOGUE.scope_of(readable))
    return readable, key, kind


async def _landscape(self: Any, info: Info, given: Mapping[str, Any]) -> Any:  # noqa: ARG001  # a resolver's signature
    info.context.demand(LANDSCAPE.scope)
    moment = plain.named(given)
    bind_moment(Writer(info.context.actor.scopes), Given(moment))
    return Landscape(moment=moment)  # type: ignore[call-arg] # strawberry makes the constructor


def _needed(name: str, kind: Any, description: str) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[kind, strawberry.argument(description=description)],
    )


class Landscape:
    """The landscape at one moment, in one scenario."""

    moment: strawberry.Private[Any]


publish_type(
    Landscape,
    "The landscape at one moment, in one scenario.",
    {e.name: entry_field(e) for e in CATALOGUE.entries.values() if e.in_landscape},
)

ENTRIES: Final = {entry.name: entry_field(entry) for entry in CATALOGUE.entries.values()}
ENTRIES["node"] = field_of(
    _node,
    "node",
    Node | None,
    "Anything by its global id; null where there is nothing.",
    [_needed("id", strawberry.ID, "Its global id.")],
)
ENTRIES["nodes"] = field_of(
    _nodes,
    "nodes",
    list_of(Node | None),
    "Several things by their global ids, in the order asked; null where there is "
    f"nothing. At most {PAGE_MAX}.",
    [_needed("ids", list[strawberry.ID], "Their global ids.")],
)
ENTRIES["landscape"] = field_of(
    _landscape,
    "landscape",
    Landscape,
    "The landscape as it was at a moment, or as it would be in a scenario; as it is now, where "
    "neither is given. Everything asked inside is of that moment and scenario; releases, "
    "change-sets and scenarios are those that had begun by then.",
    [
        argument_of("as_of", datetime, "A moment that has been; without a zone it is in UTC."),
        argument_of("scenario", strawberry.ID, "Global id of a scenario."),
    ],
)


class Query:
    """Everything that can be asked."""


publish_type(Query, "Everything that can be asked.", ENTRIES)
