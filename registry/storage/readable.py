"""How a room says what can be read of it: one declaration per type, and everything is made from it.

A declaration names the rows (`Table`), their columns and joins, and for each field who may see it
(`Policy`). registry.api makes of it the GraphQL type, its lists, filters, orders and groups, the
one-statement compiler, the plain executor, the reference and the access matrix. How to write one:
docs/how-to/add-a-readable-type.md.

SQL in a declaration is a constant of ours, never a text of a user. `{row}` stands for the row's
alias; in joins `{here}` and `{there}` for the two ends, `{link}` for the table between them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

import psycopg

from schemas.access import Scope

ROWS_PER_LIST = 20  # of a list within a list, unless asked for otherwise
LIST_MAX = 200  # rows of a list that has no pages
HERE_COLUMN: Final = re.compile(r"\{here\}\.(\w+)")


def camel(name: str) -> str:
    """Return a name in snake case as GraphQL shows it."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


class Value(Enum):
    """What a column holds, in the words of GraphQL; an enum of schemas stands for itself."""

    TEXT = "String"
    INTEGER = "Int"
    NUMBER = "Float"
    TRUTH = "Boolean"
    MOMENT = "DateTime"
    JSON = "JSON"


class Otherwise(Enum):
    """What those get who lack a field's scope."""

    REFUSED = "an error that names the scope"
    NULL = "null"
    MASKED = "a mask"


@dataclass(frozen=True)
class Policy:
    """Who may see a field.

    Attributes:
        scope: What a token needs.
        otherwise: What everybody else gets.
        mask: SQL over `{row}` for `MASKED`, of the column's own type.
        when: SQL over `{row}` that must hold besides, e.g. of the purpose that the transaction
            names (registry.storage.guarding.PURPOSE_SQL); where it does not hold, null or the mask
            is all there is: to be shown, compared, sorted by and counted. For columns alone.
    """

    scope: Scope
    otherwise: Otherwise = Otherwise.REFUSED
    mask: str = ""
    when: str = ""


@dataclass(frozen=True)
class Table:
    """Where rows come from.

    Attributes:
        rows: A table, a view, or a SELECT in brackets.
        at: Function of a moment and a scenario that gives the same columns; or a SELECT in
            brackets over `{as_of}`, which may be null; empty where the past is not kept.
    """

    rows: str
    at: str = ""


@dataclass(frozen=True)
class Column:
    """One value of a row.

    Attributes:
        name: As the field is called, in snake case; GraphQL shows it in camel case.
        kind: What it holds.
        description: What it means, in plain English.
        policy: Who may see it; without one the program does not start.
        sql: Expression over `{row}`; the column of the same name where empty.
        nullable: Whether it may be absent.
        can_filter: Whether lists can be narrowed by it.
        can_order: Whether lists can be sorted by it.
        can_group: Whether rows can be counted per value.
    """

    name: str
    kind: Value | type[Enum]
    description: str
    policy: Policy | None
    sql: str = ""
    nullable: bool = False
    can_filter: bool = True
    can_order: bool = True
    can_group: bool = False

    @property
    def expression(self) -> str:
        """Return the SQL over `{row}`."""
        return self.sql or f"{{row}}.{self.name}"


@dataclass(frozen=True)
class Join:
    """A way from one row to others.

    Attributes:
        name: As the field is called, in snake case.
        target: Name of the type it leads to.
        description: What it means, in plain English.
        policy: Who may go that way, besides needing the scope of the target's own fields.
        on: SQL over `{here}`, `{there}` and `{link}`; `{here}` only as `{here}.column`.
        link: The table between the two, if any.
        many: Whether it leads to a list.
        paged: Whether the list comes in pages.
        nullable: For a single row: whether there may be none.
        order: As in `Readable`; the target's own where empty. A single row is the first of these.
        rows: Rows of the list unless asked for otherwise; for cost, of a list without pages.
        can_filter: Whether lists can be narrowed by what lies at the end.
    """

    name: str
    target: str
    description: str
    policy: Policy | None
    on: str
    link: Table | None = None
    many: bool = False
    paged: bool = True
    nullable: bool = False
    order: Sequence[str] = ()
    rows: int = ROWS_PER_LIST
    can_filter: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the columns of this end that the way hangs on."""
        return tuple(dict.fromkeys(HERE_COLUMN.findall(self.on)))


@dataclass(frozen=True)
class Readable:
    """One type that can be read.

    Attributes:
        name: Name of the GraphQL type.
        description: What one of them is.
        table: Where its rows come from.
        fields: Columns and joins.
        where: SQL over `{row}` that picks this type's rows; all where empty.
        key: Column that tells rows apart; the last word in every order.
        id_kind: What its global ids are called; SQL over `{row}` where rows differ in that; empty
            where it has no global id.
        id_kinds: The words that such SQL can give; none in an interface.
        order: Columns the list is sorted by, `-` before those that fall; the key comes last.
        search: Column that `search` looks into; no such argument where empty.
        extends: The interface it implements: its columns, joins and table are inherited.
        is_interface: Whether others extend it; it then has no rows of its own.
    """

    name: str
    description: str
    table: Table
    fields: tuple[Column | Join, ...]
    where: str = ""
    key: str = "id"
    id_kind: str = ""
    id_kinds: tuple[str, ...] = ()
    order: Sequence[str] = ()
    search: str = ""
    extends: "Readable | None" = None
    is_interface: bool = False
    _by_name: dict[str, Column | Join] = field(init=False, repr=False, compare=False)
    _as_shown: dict[str, Column | Join] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Gather inherited fields."""
        inherited = self.extends.all_fields if self.extends else {}
        every = {**inherited, **{each.name: each for each in self.fields}}
        object.__setattr__(self, "_by_name", every)
        shown = {camel(name): each for name, each in every.items()}
        object.__setattr__(self, "_as_shown", shown)

    def __hash__(self) -> int:
        """Return a hash by name, which no two share."""
        return hash(self.name)

    @property
    def all_fields(self) -> dict[str, Column | Join]:
        """Return columns and joins by name, inherited ones first."""
        return self._by_name

    @property
    def shown_fields(self) -> dict[str, Column | Join]:
        """Return columns and joins by the names that GraphQL shows."""
        return self._as_shown

    @property
    def columns(self) -> list[Column]:
        """Return the columns, inherited ones first."""
        return [each for each in self._by_name.values() if isinstance(each, Column)]

    @property
    def joins(self) -> list[Join]:
        """Return the joins, inherited ones first."""
        return [each for each in self._by_name.values() if isinstance(each, Join)]

    def id_kind_sql(self, row: str) -> str:
        """Return SQL of what a row's global id is called."""
        return self.id_kind.format(row=row) if "{row}" in self.id_kind else f"'{self.id_kind}'"

    def column(self, name: str) -> Column:
        """Return a column by name."""
        found = self._by_name[name]
        assert isinstance(found, Column)
        return found


@dataclass(frozen=True)
class Recalled:
    """What a function reckoned before, and how the statement that uses it sees whether it holds.

    Attributes:
        columns: One array per column, as `Computed.reckon` writes them.
        stale: SQL that is true where it holds no more, over `{stamp}`.
        stamp: What `{stamp}` stands for, as text.
    """

    columns: Sequence[str]
    stale: str
    stamp: str


@dataclass(frozen=True)
class Computed:
    """Rows that a function reckons, e.g. what a walk through the landscape reaches.

    Attributes:
        reckon: From the request's connection and the arguments to one array per column, written
            as PostgreSQL writes arrays: `{1,2}`.
        columns: PostgreSQL type of each column by its name.
        recall: The same from memory alone; None where it has to be reckoned. The connection only
            tells which database is meant.
    """

    reckon: Callable[[psycopg.Connection, Mapping[str, Any]], Sequence[str]]
    columns: Mapping[str, str]
    recall: Callable[[psycopg.Connection, Mapping[str, Any]], "Recalled | None"]

    def __hash__(self) -> int:
        """Return a hash by the function."""
        return hash(self.reckon)


@dataclass(frozen=True)
class Late:
    """A parameter that is reckoned on the request's connection, just before its statement runs."""

    computed: Computed
    arguments: tuple[tuple[str, Any], ...]
    at: int


def recalled(
    db: psycopg.Connection, values: Sequence[Any]
) -> tuple[list[Any], Recalled | None] | None:
    """Return parameters with the late ones from memory; None where one has to be reckoned.

    Args:
        db: Tells which database is meant; it is asked nothing.
        values: The parameters.

    Returns:
        The parameters, and by what the statement sees whether those of memory hold.
    """
    done: list[Any] = []
    found: Recalled | None = None
    for value in values:
        if isinstance(value, Late):
            before, found = found, value.computed.recall(db, dict(value.arguments))
            if found is None or (before and before.stamp != found.stamp):
                return None
            done.append(found.columns[value.at])
        else:
            done.append(value)
    return done, found


def reckoned(db: psycopg.Connection, values: Sequence[Any]) -> list[Any]:
    """Return parameters with the late ones reckoned, each function once."""
    found: dict[Any, Sequence[str]] = {}
    done = []
    for value in values:
        if isinstance(value, Late):
            key = (value.computed, value.arguments)
            if key not in found:
                found[key] = value.computed.reckon(db, dict(value.arguments))
            done.append(found[key][value.at])
        else:
            done.append(value)
    return done


class Way(Enum):
    """How an entry point gives its rows."""

    PAGES = "pages"
    LIST = "list"
    ONE = "one"


@dataclass(frozen=True)
class Argument:
    """What an entry point can be asked for, besides pages, filters and orders.

    Attributes:
        name: As people write it.
        description: What it means.
        on: SQL over `{row}` and `{value}`; empty where the rows are computed.
        kind: What it holds; an enum stands for itself.
        many: Whether it is a list of them.
        is_id: A global id, instead of `kind`; of the target where `on` compares it.
        required: Whether it must be given.
    """

    name: str
    description: str
    on: str = ""
    kind: Value | type[Enum] = Value.TEXT
    many: bool = False
    is_id: bool = False
    required: bool = False


@dataclass(frozen=True)
class Entry:
    """A place where a question can begin.

    Attributes:
        name: As the field of Query is called, in snake case.
        target: Name of the type it gives.
        description: What it gives, in plain English.
        policy: Who may begin here.
        way: Pages, a short list, or one row.
        arguments: What else can be asked for.
        rows: The most a list without pages gives.
        computed: Reckons the rows, where they stand in no table.
        in_landscape: Whether it also stands in `landscape(asOf:, scenario:)`.
        sets_moment: Whether its own arguments `as_of` and `scenario` hold for everything in it.
    """

    name: str
    target: str
    description: str
    policy: Policy | None
    way: Way = Way.PAGES
    arguments: tuple[Argument, ...] = ()
    rows: int = LIST_MAX
    computed: Computed | None = None
    in_landscape: bool = False
    sets_moment: bool = False
