"""The plain executor's resolvers: field by field, children of all parents in one statement.

It answers what the compiler leaves: whatever is refused, in part or whole, and what mutations
return. It reads the same declarations, and is the compiler's judge in the differential test.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import orjson

from registry.api.context import Context
from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.groups import grouped
from registry.api.reading.inputs import as_given
from registry.api.reading.lists import Listed, Lists
from registry.api.reading.moments import bind_moment
from registry.api.reading.pages import Group, PageInfo
from registry.api.reading.rows import (
    NOW,
    Arguments,
    Batch,
    Page,
    Row,
    ask,
    columns_of,
    demand,
    policy_of,
    read,
    row_of,
)
from registry.api.reading.writing import Given, Writer
from registry.storage.readable import Column, Entry, Join, Otherwise, Readable, Value, Way, camel

Resolve = Callable[[Any, Any, dict[str, Any]], Any]
# The classes that registry.api.reading.shapes makes, by the names of the types they are of.
CLASSES: Final[dict[str, Any]] = {}
EDGES: Final[dict[str, Any]] = {}
CONNECTIONS: Final[dict[str, Any]] = {}


def shown(row: Row | None) -> Any:
    """Return the GraphQL object of a row."""
    return CLASSES[row.readable.name](row=row) if row else None


def refer(readable: Readable, key: UUID) -> Any:
    """Return the GraphQL object of a row that is read only when a field of it is asked for.

    Mutations answer with it: what they changed is then read back in one statement.
    """
    return shown(Row(readable, {}, {readable.key: key}, NOW, is_read=False))


def column(declared: Column) -> Resolve:
    """Return the resolver of a column; it waits only where the row has not been read."""

    def resolve(self: Any, info: Any, given: dict[str, Any]) -> Any:  # noqa: ARG001  # no arguments
        row: Row = self.row
        if declared.name in row.values:
            return _value(declared, row.values[declared.name])
        return _read_value(declared, row, info.context)

    return resolve


def changed(readable: Readable, key: UUID, given: Any) -> Row:
    """Return a row as a change left it; what of it may be seen is found out when it is asked for.

    Args:
        readable: Its type; of a table, not of a SELECT.
        key: Its key.
        given: Its columns as attributes.
    """
    return Row(readable, {}, {readable.key: key}, NOW, is_read=False, given=_json(given))


async def value_of(row: Row, name: str, context: Context) -> Any:
    """Return the value of one column, masked where it has to be."""
    declared = row.readable.column(name)
    return await _read_value(declared, row, context)


def _json(given: Any) -> bytes:
    return msgspec.json.encode(vars(given))


async def _read_value(declared: Column, row: Row, context: Context) -> Any:
    """Return a value of a row that was not read, or refuse one that was left out."""
    actual = await read(row, context)
    if declared.name not in actual.values:
        context.demand(policy_of(declared.policy).scope)
    return _value(declared, actual.values[declared.name])


def _value(declared: Column, value: Any) -> Any:
    if value is None:
        return None
    if declared.kind is Value.JSON:
        return orjson.Fragment(value)
    return declared.kind(value) if isinstance(declared.kind, type) else value


def join_one(join: Join) -> Resolve:
    """Return the resolver of a join to a single row."""

    async def resolve(self: Any, info: Any, given: dict[str, Any]) -> Any:
        rows = await _beyond(join, self.row, info.context, given)
        return shown(rows[0]) if rows else None

    return resolve


def join_rows(join: Join) -> Resolve:
    """Return the resolver of a join to a list without pages."""

    async def resolve(self: Any, info: Any, given: dict[str, Any]) -> Any:
        return [shown(row) for row in await _beyond(join, self.row, info.context, given)]

    return resolve


def join_page(join: Join) -> Resolve:
    """Return the resolver of a join to a list that comes in pages."""

    async def resolve(self: Any, info: Any, given: dict[str, Any]) -> Any:
        context: Context = info.context
        demand(context, join.policy)
        row = await read(self.row, context)
        arguments = named(given)
        batch = Batch(context, join, row.moment, arguments)
        listed = batch.listed
        found = await batch.loader("page", batch.pages).load(batch.place(row))
        rows, more = _cut(listed, found)

        async def count() -> int:
            return int(await batch.loader("count", batch.counts, int).load(batch.place(row)))

        async def group(by: Any) -> Any:
            work = batch.grouped(by)
            return await batch.loader(f"group {by}", work).load(batch.place(row))

        return CONNECTIONS[join.target](page=Page(listed, rows, more, count, group))

    return resolve


async def _beyond(join: Join, row: Row, context: Context, given: dict[str, Any]) -> list[Row]:
    """Return the rows at the end of a join without pages."""
    policy = policy_of(join.policy)
    if policy.otherwise is Otherwise.NULL and not context.actor.may(policy.scope):
        return []
    demand(context, policy)
    row = await read(row, context)
    batch = Batch(context, join, row.moment, named(given))
    found: list[Row] = await batch.loader("rows", batch.pages).load(batch.place(row))
    return found


def entry(declared: Entry) -> Resolve:
    """Return the resolver of an entry point, in Query or Landscape."""

    async def resolve(self: Any, info: Any, given: dict[str, Any]) -> Any:
        context: Context = info.context
        demand(context, declared.policy)
        arguments = named(given)
        moment: Arguments = getattr(self, "moment", NOW)
        if declared.sets_moment:
            moment = {name: arguments.get(name) for name in ("asOf", "scenario")}

        def written() -> tuple[Writer, Listed]:
            writer = Writer(context.actor.scopes)
            bind_moment(writer, Given(moment))
            return writer, Lists(CATALOGUE, writer).at_entry(declared, Given(arguments))

        writer, listed = written()
        paged = declared.way is Way.PAGES
        sql = listed.page(columns_of(writer, listed), more=int(paged))
        found = [
            row_of(listed.readable, each, moment)
            for each in await ask(context, declared.policy, sql, writer.values)
        ]
        if not paged:
            rows = [shown(row) for row in found]
            return rows if declared.way is Way.LIST else (rows or [None])[0]

        async def count() -> int:
            again, whole = written()
            sql = f"SELECT count(*) AS made FROM {whole.source} WHERE {whole.where}"
            return int((await ask(context, declared.policy, sql, again.values))[0]["made"])

        async def group(by: Any) -> Any:
            again, whole = written()
            counts = grouped(again, whole, Given({"by": by}))
            sql = f"SELECT coalesce(json_agg(g), '[]') AS made FROM ({counts}) AS g"
            return (await ask(context, declared.policy, sql, again.values))[0]["made"]

        rows, more = _cut(listed, found)
        return CONNECTIONS[declared.target](page=Page(listed, rows, more, count, group))

    return resolve


def edge_cursor(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # a resolver's signature
    """Resolve an edge's cursor."""
    return self.row.values["cursor"]


def edge_node(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # a resolver's signature
    """Resolve an edge's node."""
    return shown(self.row)


def page_edges(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # a resolver's signature
    """Resolve a page's edges."""
    made = EDGES[self.page.listed.readable.name]
    return [made(row=row) for row in self.page.rows]


def page_nodes(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # a resolver's signature
    """Resolve a page's nodes."""
    return [shown(row) for row in self.page.rows]


async def total_count(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # as above
    """Resolve the size of the whole list."""
    return await self.page.count()


async def groups(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # as above
    """Resolve counts per value."""
    return [Group(**each) for each in await self.page.group(given["by"])]


def page_info(self: Any, info: Any, given: Any) -> Any:  # noqa: ARG001  # as above
    """Resolve where a page stands."""
    page: Page = self.page
    listed, cursors = page.listed, [row.values["cursor"] for row in page.rows]
    return PageInfo(
        has_next_page=listed.before if listed.backwards else page.more,
        has_previous_page=page.more if listed.backwards else listed.after,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )


def named(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resolver's arguments as GraphQL names and coerces them."""
    return {camel(name): as_given(value) for name, value in given.items()}


def _cut(listed: Listed, found: list[Row]) -> tuple[list[Row], bool]:
    """Return the rows of a page in their order, and whether there are more."""
    rows = found[: listed.size]
    return (rows[::-1] if listed.backwards else rows), len(found) > listed.size
