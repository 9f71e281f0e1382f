"""Lists: which rows, in which order, and which page of them; the same for compiler and executor."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from registry.api.reading.catalogue import Catalogue
from registry.api.reading.conditions import Conditions
from registry.api.reading.moments import bind_moment, past, read_scenario
from registry.api.reading.places import cursor_sql, id_of, key_reader, plain_text
from registry.api.reading.writing import Given, Writer, cast_of
from registry.storage.readable import LIST_MAX, Computed, Entry, Join, Late, Readable, Way, camel
from schemas.errors import InvalidInput

PAGE_MAX: Final = 200  # entries of one page: what a person or a client can use at once
PAGE_DEFAULT: Final = 50  # of a list at the root
SEARCH_CHARACTERS_MAX: Final = 100  # longer than any part of a name that somebody types
ORDERS_MAX: Final = 5  # more columns than a person can follow
GROUPS_MAX: Final = 200  # bars of a chart
GROUPED_BY_MAX: Final = 3


@dataclass(frozen=True)
class Term:
    """One word of an order.

    Attributes:
        name: As in the order's name.
        key: SQL of the value.
        falls: Whether the greatest comes first.
        nullable: Whether it may be null; nulls come last either way.
        cast: PostgreSQL type.
    """

    name: str
    key: str
    falls: bool
    nullable: bool
    cast: str

    def sql(self, *, backwards: bool) -> str:
        """Return the word in ORDER BY."""
        falls = self.falls != backwards
        nulls = f" NULLS {'FIRST' if backwards else 'LAST'}" if self.nullable else ""
        return f"{self.key}{' DESC' if falls else ''}{nulls}"

    def text(self) -> str:
        """Return SQL of the value as a cursor holds it."""
        if self.cast == "timestamptz":
            return f"(to_json({self.key}) #>> '{{}}')"
        return f"({self.key})::text"


@dataclass(frozen=True)
class Listed:
    """Rows of one type in SQL.

    Attributes:
        readable: The type.
        row: Alias of a row.
        source: FROM.
        where: Condition, without the page's.
        terms: Order; its last word is unique.
        tag: Name of the list and its order, as cursors hold it.
        size: Rows of the page.
        backwards: Whether the page is the last one before a place.
        places: Conditions of the page.
        after: Whether it begins after a cursor.
        before: Whether it ends before one.
    """

    readable: Readable
    row: str
    source: str
    where: str
    terms: tuple[Term, ...]
    tag: str
    size: int
    backwards: bool = False
    places: tuple[str, ...] = ()
    after: bool = False
    before: bool = False

    def page(self, columns: str, *, more: int = 0) -> str:
        """Return the SELECT of the page's rows.

        Args:
            columns: What to select.
            more: Rows beyond the page, to see whether it is the last.
        """
        where = " AND ".join((self.where, *self.places))
        order = ", ".join(term.sql(backwards=self.backwards) for term in self.terms)
        return (
            f"SELECT {columns} FROM {self.source} WHERE {where} ORDER BY {order} "
            f"LIMIT {self.size + more}"
        )

    def cursor(self) -> str:
        """Return the SQL of a row's cursor."""
        return cursor_sql(self.tag, [term.text() for term in self.terms])


class Lists:
    """Makes lists for one statement.

    Args:
        catalogue: What can be read.
        writer: The statement.
    """

    def __init__(self, catalogue: Catalogue, writer: Writer) -> None:
        self.catalogue = catalogue
        self.writer = writer

    def at_entry(self, entry: Entry, given: Given) -> Listed:
        """Return the rows of an entry point.

        Raises:
            InvalidInput: An argument makes no sense.
            AccessDenied: Who asks may not begin here.
        """
        self.writer.demand(entry.policy)
        if entry.sets_moment:
            bind_moment(self.writer, given)
        target = self.catalogue.target(entry)
        row = self.writer.alias("t")
        conditions = [target.where.format(row=row)] if target.where else []
        for argument in entry.arguments:
            value = given.get(argument.name)
            if value and argument.on:
                read = (
                    id_of(target.id_kind, entry.target.lower())
                    if argument.is_id
                    else partial(plain_text, name=argument.name)
                )
                cast = "uuid" if argument.is_id else "text"
                place = self.writer.bind(value, read, cast)
                conditions.append(argument.on.format(row=row, value=place))
        source = self._computed(entry.computed, row, given) or self.writer.source(target, row)
        listed = self._listed(target, row, source, conditions, given, name=entry.name, order=())
        if entry.way is Way.PAGES:
            return self._paged(listed, given, PAGE_DEFAULT)
        return replace(listed, size=entry.rows if entry.way is Way.LIST else 1)

    def _computed(self, computed: Computed | None, row: str, given: Given) -> str:
        """Return the FROM of rows that are reckoned when the statement runs."""
        if computed is None:
            return ""
        arrays = [
            self.writer.bind(given, partial(_late, computed, at), f"{kind}[]")
            for at, kind in enumerate(computed.columns.values())
        ]
        return f"unnest({', '.join(arrays)}) AS {row} ({', '.join(computed.columns)})"

    def at_join(self, join: Join, here: str, given: Given) -> Listed:
        """Return the rows at the end of a join.

        Raises:
            InvalidInput: An argument makes no sense.
            AccessDenied: Who asks may not go there.
        """
        self.writer.demand(join.policy)
        target = self.catalogue.target(join)
        row = self.writer.alias("t")
        source, on = self.writer.joined(join, target, here, row)
        conditions = [on, *([target.where.format(row=row)] if target.where else [])]
        name = f"{join.name}>{join.target}"
        listed = self._listed(target, row, source, conditions, given, name=name, order=join.order)
        if join.many and join.paged:
            return self._paged(listed, given, join.rows)
        return replace(listed, size=LIST_MAX if join.many else 1)

    def _listed(
        self,
        target: Readable,
        row: str,
        source: str,
        conditions: list[str],
        given: Given,
        *,
        name: str,
        order: Any,
    ) -> Listed:
        if search := self._search(given.get("search")):
            column = self.writer.compared(target.column(target.search), row)
            conditions.append(f"strpos(lower({column}), lower({search})) > 0")
        if wanted := given.get("filter"):
            conditions.append(
                f"({Conditions(self.catalogue, self.writer).of(target, row, wanted)})"
            )
        words = orders_of(target, given.get("orderBy")) or list(order or target.order)
        terms = tuple(self._term(target, row, word) for word in _unique(words, target.key))
        spelled = ",".join(("-" if term.falls else "") + term.name for term in terms)
        where = " AND ".join(conditions) or "TRUE"
        return Listed(target, row, source, where, terms, f"{name}:{spelled}", 0)

    def _search(self, given: Given) -> str:
        """Return the parameter of a search; blanks alone mean everything."""
        if not given:
            return ""
        return self.writer.bind(given, search_text, "text")

    def _term(self, target: Readable, row: str, word: str) -> Term:
        name, falls = word.lstrip("-"), word.startswith("-")
        if name == target.key:
            cast = "uuid" if target.id_kind else "text"
            key = f"{row}.{name}" if target.id_kind else f"{row}.{name}::text"
            return Term("id", key, falls, nullable=False, cast=cast)
        column = target.column(name)
        key = self.writer.compared(column, row)
        return Term(name, key, falls, column.nullable, cast_of(column))

    def _paged(self, listed: Listed, given: Given, size: int) -> Listed:
        """Narrow a list to the page asked for."""
        first, last = given.get("first"), given.get("last")
        after, before = given.get("after"), given.get("before")
        if first and last:
            raise InvalidInput(
                "`first` and `last` are both given.",
                remedy="Ask for the first entries after a place, or for the last before one.",
            )
        backwards = bool(last)
        asked = last if backwards else first
        if asked and not 1 <= asked.value <= PAGE_MAX:
            said = "last" if backwards else "first"
            raise InvalidInput(
                f"`{said}` is {asked.value}, but a page has 1 to {PAGE_MAX} entries."
            )
        places = []
        if after:
            places.append(self._beyond(listed, after, backwards=False))
        if before:
            places.append(self._beyond(listed, before, backwards=True))
        return replace(
            listed,
            size=asked.value if asked else size,
            backwards=backwards,
            places=tuple(places),
            after=bool(after),
            before=bool(before),
        )

    def _beyond(self, listed: Listed, cursor: Given, *, backwards: bool) -> str:
        """Return the condition of rows beyond a cursor's place."""
        terms = listed.terms
        marks = [
            self.writer.bind(cursor, key_reader(listed.tag, len(terms), at, term.cast), term.cast)
            for at, term in enumerate(terms)
        ]
        signs = ["<" if term.falls != backwards else ">" for term in terms]
        if len(set(signs)) == 1 and not any(term.nullable for term in terms):
            keys = ", ".join(term.key for term in terms)
            return f"({keys}) {signs[0]} ({', '.join(marks)})"
        ways = []
        for at, (term, mark, sign) in enumerate(zip(terms, marks, signs, strict=True)):
            same = [f"{terms[n].key} IS NOT DISTINCT FROM {marks[n]}" for n in range(at)]
            ways.append(" AND ".join([*same, _strictly(term, mark, sign, backwards=backwards)]))
        return "(" + " OR ".join(f"({way})" for way in ways) + ")"


def _late(computed: Computed, at: int, arguments: Mapping[str, Any]) -> Late:
    said: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in arguments.items()}
    if said.get("asOf") is not None:
        said["asOf"] = past(said["asOf"])
    if said.get("scenario") is not None:
        said["scenario"] = read_scenario(said["scenario"])
    return Late(computed, tuple(said.items()), at)


def orders_of(target: Readable, given: Given) -> list[str]:
    """Return the words of `orderBy`.

    Raises:
        InvalidInput: An entry names none or several columns, or there are too many.
    """
    if not given:
        return []
    if len(given.value) > ORDERS_MAX:
        raise InvalidInput(f"A list is sorted by at most {ORDERS_MAX} columns.")
    words = []
    names = {camel(each.name): each.name for each in target.columns}
    names["id"] = target.key
    for entry in given.value:
        named = [(name, way) for name, way in entry.items() if way is not None]
        if len(named) != 1:
            raise InvalidInput(
                "Each entry of `orderBy` names one column.",
                remedy="Write [{name: ASC}, {changedAt: DESC}].",
            )
        name, way = named[0]
        words.append(("-" if way.value == "desc" else "") + names[name])
    return words


def search_text(text: str) -> str:
    """Return what to search for.

    Raises:
        InvalidInput: See `plain_text`.
    """
    return plain_text(text, "search", characters_max=SEARCH_CHARACTERS_MAX).strip()


def _strictly(term: Term, mark: str, sign: str, *, backwards: bool) -> str:
    """Return the condition of values strictly beyond one that may be null; nulls come last."""
    if not term.nullable:
        return f"{term.key} {sign} {mark}"
    if backwards:
        beyond = f"{term.key} {sign} {mark}"
        return f"(CASE WHEN {mark} IS NULL THEN {term.key} IS NOT NULL ELSE {beyond} END)"
    return f"({mark} IS NOT NULL AND ({term.key} {sign} {mark} OR {term.key} IS NULL))"


def _unique(words: list[str], key: str) -> list[str]:
    """Drop repeated columns and end with the key."""
    seen: dict[str, str] = {}
    for word in words:
        seen.setdefault(word.lstrip("-"), word)
    if key not in seen:
        seen[key] = key
        return list(seen.values())
    kept = list(seen.values())
    return kept[: list(seen).index(key) + 1]
