"""The common ground of compiler and executor: arguments with their origin, and SQL being written.

SQL is made of constants from the declarations. Whatever a person sends becomes a numbered
parameter, and the writer keeps where each came from, so that the same statement can be filled in
again for the next request.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from registry.storage.readable import Column, Join, Otherwise, Policy, Readable, Table, Value
from schemas.access import Scope
from schemas.errors import AccessDenied

PARAMETER: Final = re.compile(r"\$(\d+)::")
Path = tuple[str | int, ...]
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Given:
    """An argument's value, and where in which field's arguments it stands."""

    value: Any
    site: int = 0
    path: Path = ()

    def __bool__(self) -> bool:
        """Tell whether anything was given; null is nothing."""
        return self.value is not None

    def get(self, name: str) -> "Given":
        """Return one part of an object; absent ones are nothing."""
        return Given((self.value or {}).get(name), self.site, (*self.path, name))

    def items(self) -> Iterator[tuple[str, "Given"]]:
        """Yield the parts of an object."""
        for name, value in self.value.items():
            yield name, Given(value, self.site, (*self.path, name))

    def each(self) -> Iterator["Given"]:
        """Yield the members of a list."""
        for place, value in enumerate(self.value):
            yield Given(value, self.site, (*self.path, place))


@dataclass(frozen=True, slots=True)
class Parameter:
    """How one parameter is found in the arguments of a request."""

    site: int
    path: Path
    read: Read

    def value(self, arguments: Sequence[Mapping[str, Any]]) -> Any:
        """Return its value; raises InvalidInput where the value makes no sense."""
        found: Any = arguments[self.site]
        for step in self.path:
            found = found[step]
        return self.read(found)


@dataclass
class Writer:
    """One statement being written for somebody with these scopes.

    Attributes:
        scopes: What who asks may do.
        values: The parameters' values for this request.
        parameters: How to find them for the next one.
        needed: Scopes without which this statement would be another one.
        moment: SQL of the moment and the scenario that are asked about, else None.
    """

    scopes: frozenset[Scope]
    values: list[Any] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    needed: set[Scope] = field(default_factory=set)
    moment: tuple[str, str] | None = None
    _aliases: int = 0

    def bind(self, given: Given, read: Read, cast: str) -> str:
        """Take a value in as a parameter and return its place in the SQL.

        Raises:
            InvalidInput: `read` refuses the value.
        """
        self.values.append(read(given.value))
        self.parameters.append(Parameter(given.site, given.path, read))
        return f"${len(self.values)}::{cast}"

    def alias(self, letter: str) -> str:
        """Return a name for a row that is not taken yet."""
        self._aliases += 1
        return f"{letter}{self._aliases}"

    def rows(self, table: Table) -> str:
        """Return where rows come from at the moment that is asked about."""
        if self.moment and table.at:
            if "{as_of}" in table.at:
                return table.at.format(as_of=self.moment[0])
            return f"{table.at}({', '.join(self.moment)})"
        return table.rows

    def demand(self, policy: Policy | None) -> None:
        """Refuse whoever may not see what the policy guards.

        Raises:
            AccessDenied: Names the scope that is missing.
        """
        assert policy is not None  # the catalogue has checked
        if policy.scope not in self.scopes:
            scope = policy.scope
            raise AccessDenied(f"This needs a token with the scope {scope}.", scope=str(scope))
        self.needed.add(policy.scope)

    def column(self, column: Column, row: str) -> str:
        """Return a column's SQL: its value, null or mask, as the policy has it.

        Raises:
            AccessDenied: The policy refuses.
        """
        policy = column.policy
        assert policy is not None  # the catalogue has checked
        if policy.scope in self.scopes:
            self.needed.add(policy.scope)
            value = column.expression.format(row=row)
            if not policy.when:
                return value
            met, hidden = policy.when.format(row=row), _hidden(column, row)
            return f"CASE WHEN {met} THEN {value} ELSE {hidden} END"
        if policy.otherwise is Otherwise.REFUSED:
            self.demand(policy)
        return _hidden(column, row)

    def compared(self, column: Column, row: str) -> str:
        """Return SQL of a column's value to filter, sort, search or count by.

        Whoever is shown a mask for want of a scope may not ask by the value behind it; where the
        purpose hides the value, the mask itself is compared. So no question gives it away.

        Raises:
            AccessDenied: Who asks lacks the scope.
        """
        self.demand(column.policy)
        return f"({self.column(column, row)})"

    def source(self, readable: Readable, row: str) -> str:
        """Return `table AS row` of a type."""
        return f"{self.rows(readable.table)} AS {row}"

    def joined(self, join: Join, target: Readable, here: str, there: str) -> tuple[str, str]:
        """Return the FROM and the condition of the rows at the end of a join."""
        source = self.source(target, there)
        link = ""
        if join.link:
            link = self.alias("l")
            source = f"{self.rows(join.link)} AS {link} CROSS JOIN {source}"
        return source, join.on.format(here=here, there=there, link=link)


def _hidden(column: Column, row: str) -> str:
    """Return SQL of what is shown instead of a value: null or a mask."""
    assert column.policy is not None  # the catalogue has checked
    if column.policy.otherwise is Otherwise.NULL:
        return f"NULL::{cast_of(column)}"
    return f"({column.policy.mask.format(row=row)})"


def numbered(sql: str) -> tuple[str, list[int]]:
    """Number the parameters that a statement uses anew, and return which those are.

    A page's cursors are read and checked also where only its total is asked for; PostgreSQL
    refuses parameters that a statement does not mention.
    """
    used = sorted({int(found) for found in PARAMETER.findall(sql)})
    if not used or used[-1] == len(used):
        return sql, [number - 1 for number in used]
    places = {number: place for place, number in enumerate(used, 1)}
    renumbered = PARAMETER.sub(lambda found: f"${places[int(found[1])]}::", sql)
    return renumbered, [number - 1 for number in used]


def cast_of(column: Column) -> str:
    """Return the PostgreSQL type of a column's values."""
    if isinstance(column.kind, Value):
        return _CASTS[column.kind]
    return "text"


_CASTS = {
    Value.TEXT: "text",
    Value.INTEGER: "int8",
    Value.NUMBER: "float8",
    Value.TRUTH: "bool",
    Value.MOMENT: "timestamptz",
    Value.JSON: "jsonb",
}


def enum_name_sql(kind: type[Enum], value: str) -> str:
    """Return SQL that turns a stored value of an enum into its name in GraphQL."""
    if all(member.name == str(member.value).upper() for member in kind):
        return f"upper({value})"
    cases = " ".join(f"WHEN '{member.value}' THEN '{member.name}'" for member in kind)
    return f"CASE {value} {cases} END"
