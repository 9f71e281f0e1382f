"""Rows as the plain executor reads them: those of many parents in one statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from registry.api.context import Context
from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.groups import grouped
from registry.api.reading.lists import Listed, Lists
from registry.api.reading.moments import bind_moment
from registry.api.reading.places import global_id, global_id_sql
from registry.api.reading.writing import Given, Writer, numbered
from registry.storage.readable import Join, Policy, Readable, Value, reckoned
from schemas.errors import AccessDenied, UnknownName

Arguments = Mapping[str, Any]
NOW: Final[Arguments] = {}
ROWS_AT_ONCE: Final = 200  # as they come from the database; a page has no more


@dataclass(frozen=True)
class Row:
    """One row as it was read.

    Attributes:
        readable: What it is.
        values: Its columns, its global id as `id`, and its place in a list as `cursor`.
        keys: The columns that its joins hang on.
        moment: Arguments of the `landscape` it was read within.
        is_read: False where only the key is known yet.
        given: The row as JSON, where a change has just made it what it is, or has only tried to;
            then its columns are read of this, policies and masks as ever.
    """

    readable: Readable
    values: dict[str, Any]
    keys: dict[str, Any]
    moment: Arguments
    is_read: bool = True
    given: bytes = b""

    def global_id(self) -> str:
        """Return the global id, also of a row that has not been read."""
        made = self.values.get("id")
        return made or global_id(self.readable.id_kind, self.keys[self.readable.key])


@dataclass(frozen=True)
class Page:
    """One page of a list, and how to count the whole.

    Attributes:
        listed: The list it is of.
        rows: Its rows, in order.
        more: Whether there are others beyond it.
        count: Counts the whole list.
        group: Counts it per value.
    """

    listed: Listed
    rows: list[Row]
    more: bool
    count: Callable[[], Any] = field(repr=False)
    group: Callable[[Any], Any] = field(repr=False)


async def read(row: Row, context: Context) -> Row:
    """Return a row with its values.

    Raises:
        UnknownName: It is gone.
    """
    if row.is_read:
        return row
    if row.given:
        return await _read_given(row, context)
    found = await find(context, row.readable, row.keys[row.readable.key])
    if found is None:
        raise UnknownName(f"This {row.readable.name} is not registered any more.")
    return found


async def _read_given(row: Row, context: Context) -> Row:
    """Return a row with the values that a change left in it."""
    policy = next(iter(row.readable.all_fields.values())).policy

    async def load(rows: Sequence[bytes]) -> list[Row]:
        writer = Writer(context.actor.scopes)
        record = writer.bind(Given(rows[0].decode()), _same, "jsonb")
        source = f"jsonb_populate_record(NULL::{row.readable.table.rows}, {record}) AS t"
        columns = columns_of(writer, Listed(row.readable, "t", source, "", (), "", 0))
        found = await ask(context, policy, f"SELECT {columns} FROM {source}", writer.values)
        return [row_of(row.readable, found[0], NOW)]

    return await context.loader(("given", row.given), load).load(row.given)


async def find(context: Context, readable: Readable, key: UUID, kind: str = "") -> Row | None:
    """Return one row by its key; None where there is none.

    Several are looked up in one statement. Where `kind` is given, the row's id must be called so.

    Raises:
        AccessDenied: Who asks may not see this type.
    """
    policy = next(iter(readable.all_fields.values())).policy
    demand(context, policy)

    async def load(keys: Sequence[UUID]) -> list[Any]:
        writer = Writer(context.actor.scopes)
        place = writer.bind(Given(list(keys)), _same, "uuid[]")
        listed = Listed(readable, "t", writer.source(readable, "t"), "", (), "", 0)
        where = [f"t.{readable.key} = ANY({place})"]
        if readable.where:
            where.append(readable.where.format(row="t"))
        columns = columns_of(writer, listed)
        named = f"t.{readable.key} AS _key, {readable.id_kind_sql('t')} AS _kind"
        sql = f"SELECT {named}, {columns} FROM {listed.source}"
        rows = await ask(context, policy, f"{sql} WHERE {' AND '.join(where)}", writer.values)
        found = {row["_key"]: row for row in rows}
        return [found.get(each) for each in keys]

    row = await context.loader(("by id", readable.name), load).load(key)
    if row is None or (kind and row["_kind"] != kind):
        return None
    return row_of(readable, row, NOW)


async def ask(
    context: Context, policy: Policy | None, sql: str, values: Sequence[Any]
) -> list[dict[str, Any]]:
    """Run one statement on the request's snapshot."""
    text, used = numbered(sql)

    def question(db: psycopg.Connection) -> list[dict[str, Any]]:
        with psycopg.RawCursor(db, row_factory=dict_row) as cursor:
            given = reckoned(db, [values[at] for at in used])
            rows = []
            for row in cursor.stream(text, given, size=ROWS_AT_ONCE):
                context.spend(sum(len(part) for part in row.values() if isinstance(part, str)))
                rows.append(row)
            return rows

    return await context.read(policy_of(policy).scope, question)


class Batch:
    """What many rows of one type are asked for at once, at the end of one join."""

    def __init__(
        self, context: Context, join: Join, moment: Arguments, arguments: Arguments
    ) -> None:
        self._context = context
        self._join = join
        self._moment = moment
        self._arguments = arguments
        self.listed, _ = self._listed(Writer(context.actor.scopes))

    def loader(self, what: str, load: Any, nothing: Callable[[], Any] = list) -> Any:
        """Return the request's loader for this join with these arguments.

        Rows that refer to nothing are answered without a statement: nothing would tell it the
        type of what they refer by.
        """

        async def load_some(places: Sequence[tuple[Any, ...]]) -> list[Any]:
            if any(part is not None for place in places for part in place) or not any(places):
                return list(await load(places))
            return [nothing() for _ in places]

        key = (what, self._join, repr(self._moment), repr(self._arguments))
        return self._context.loader(key, load_some)

    def place(self, row: Row) -> tuple[Any, ...]:
        """Return what of a row the join hangs on."""
        return tuple(row.keys[name] for name in self._join.keys)

    async def pages(self, places: Sequence[tuple[Any, ...]]) -> list[list[Row]]:
        """Load a page, and one row more, for each place."""
        writer = Writer(self._context.actor.scopes)
        listed, here = self._listed(writer, places)
        target = listed.readable
        inner = listed.page(columns_of(writer, listed), more=int(self._join.paged))
        sql = (
            f"SELECT h._place, numbered.* FROM {here} CROSS JOIN LATERAL (SELECT page.*,"
            f" row_number() OVER () AS _number FROM ({inner}) AS page) AS numbered"
            " ORDER BY h._place, _number"
        )
        found: list[list[Row]] = [[] for _ in places]
        for each in await ask(self._context, self._join.policy, sql, writer.values):
            found[each["_place"] - 1].append(row_of(target, each, self._moment))
        return found

    async def counts(self, places: Sequence[tuple[Any, ...]]) -> list[int]:
        """Count the whole list for each place."""
        writer = Writer(self._context.actor.scopes)
        listed, here = self._listed(writer, places)
        count = f"(SELECT count(*) FROM {listed.source} WHERE {listed.where})"
        return await self._each(f"SELECT {count} AS made FROM {here} ORDER BY h._place", writer)

    def grouped(self, by: Any) -> Any:
        """Return what counts the whole list per value for each place."""

        async def load(places: Sequence[tuple[Any, ...]]) -> list[Any]:
            writer = Writer(self._context.actor.scopes)
            listed, here = self._listed(writer, places)
            counts = grouped(writer, listed, Given({"by": by}))
            made = f"(SELECT coalesce(json_agg(g), '[]') FROM ({counts}) AS g)"
            return await self._each(f"SELECT {made} AS made FROM {here} ORDER BY h._place", writer)

        return load

    async def _each(self, sql: str, writer: Writer) -> list[Any]:
        rows = await ask(self._context, self._join.policy, sql, writer.values)
        return [row["made"] for row in rows]

    def _listed(self, writer: Writer, places: Sequence[tuple[Any, ...]] = ()) -> tuple[Listed, str]:
        """Return the list, and the FROM of the places it is asked for."""
        names = self._join.keys
        arrays = [
            writer.bind(Given([place[at] for place in places]), _same, _array_of(places, at))
            for at in range(len(names))
        ]
        here = f"unnest({', '.join(arrays)}) WITH ORDINALITY AS h ({', '.join(names)}, _place)"
        bind_moment(writer, Given(self._moment))
        lists = Lists(CATALOGUE, writer)
        return lists.at_join(self._join, "h", Given(self._arguments)), here


def columns_of(writer: Writer, listed: Listed) -> str:
    """Return everything that may be asked of a row, for every type that it may turn out to be."""
    readable, row = listed.readable, listed.row
    selected = []
    for member in CATALOGUE.members(readable):
        for declared in member.columns:
            try:
                value = writer.column(declared, row)
            except AccessDenied:
                continue  # told to whoever asks for this field
            value = f"({value})::text" if declared.kind is Value.JSON else value
            selected.append(f'{value} AS "{member.name}.{declared.name}"')
        keys = dict.fromkeys(key for join in member.joins for key in join.keys)
        selected += [f'{row}.{key} AS "{member.name}:{key}"' for key in keys]
        if readable.is_interface:
            selected.append(f'({member.where.format(row=row)}) AS "{member.name}?"')
    if readable.id_kind:
        made = global_id_sql(readable.id_kind_sql(row), f"{row}.{readable.key}")
        selected.append(f"{made} AS id")
    if listed.tag:
        selected.append(f"{listed.cursor()} AS cursor")
    return ", ".join(selected)


def row_of(readable: Readable, found: dict[str, Any], moment: Arguments) -> Row:
    """Return a row as the type that it turned out to be."""
    member = next(
        each
        for each in CATALOGUE.members(readable)
        if not readable.is_interface or found[f"{each.name}?"]
    )
    values: dict[str, Any] = {name: found[name] for name in ("id", "cursor") if name in found}
    for declared in member.columns:
        if (name := f"{member.name}.{declared.name}") in found:
            values[declared.name] = found[name]
    keys = {key: found[f"{member.name}:{key}"] for join in member.joins for key in join.keys}
    return Row(member, values, keys, moment)


def demand(context: Context, policy: Policy | None) -> None:
    """Refuse whoever may not see what the policy guards, and names of customers in a URL."""
    scope = policy_of(policy).scope
    context.demand(scope)
    context.note_reading((scope,))


def policy_of(policy: Policy | None) -> Policy:
    """Return a policy that the catalogue has checked to be there."""
    assert policy is not None  # the catalogue has checked
    return policy


def _same(value: Any) -> Any:
    return value


def _array_of(places: Sequence[tuple[Any, ...]], at: int) -> str:
    """Return the PostgreSQL type of one part of the places."""
    first = next((place[at] for place in places if place[at] is not None), None)
    if isinstance(first, UUID):
        return "uuid[]"
    return "int8[]" if isinstance(first, int) else "text[]" if isinstance(first, str) else "uuid[]"
