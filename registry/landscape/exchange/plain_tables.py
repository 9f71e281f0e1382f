"""Plain tables as people keep them: a row per element, a column per property.

Column names are recognised in four languages; others become properties. Relationships stand in a
second table, whose ends may be given by id or by name. Where no column says what the rows are,
they are systems: that is what most portfolios list.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NoReturn

from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Folder,
    Model,
    Property,
    Relationship,
    Text,
)
from registry.landscape.exchange.municipal import define, kind_of_element, kind_property
from registry.landscape.exchange.refusals import FAULTS_SHOWN_MAX, ModelFileRefused
from registry.landscape.exchange.spellings import (
    AS_IT_SAYS,
    ROLES,
    Reading,
    kind_and_concept,
    kind_told_by,
    plain,
    roles_of,
)
from registry.landscape.exchange.tables import Row, Table
from schemas.landscape_kinds import RelationshipKind

ELEMENTS, RELATIONSHIPS = "Elements", "Relationships"
ASSUMED_KIND = "system"
COLUMNS_SHOWN_MAX = 12  # of a table whose header says too little; enough to recognise it


def read_plain_tables(
    elements: Table,
    relationships: Table | None = None,
    *,
    reading: Reading = AS_IT_SAYS,
    file: str = "the tables",
) -> Model:
    """Read plain tables.

    Args:
        elements: One element per row.
        relationships: One relationship per row, or None.
        reading: What a person says of the table.
        file: Name for messages.

    Raises:
        ModelFileRefused: Rows lack a name, a kind or an end, or name an unknown or doubtful one;
            names the first and the lines of the others.
    """
    return _Reader(reading, file).read(elements, relationships)


class _Reader:
    def __init__(self, reading: Reading, file: str) -> None:
        self.reading, self.file = reading, file
        self.kind = ""
        self.model = Model(id="model", dialect=Dialect.TABLES)
        self.by_name: dict[str, list[str]] = {}
        self.faults: list[tuple[int, str, str]] = []
        self.folders: dict[tuple[str, ...], Folder] = {}

    def read(self, elements: Table, relationships: Table | None) -> Model:
        roles = self.roles(elements, ("name",))
        self.kind = assumed_kind(elements, self.reading)
        for row in elements.rows:
            self.element(row, roles)
        if relationships is not None:
            roles = self.roles(relationships, ("kind", "source", "target"))
            for row in relationships.rows:
                self.relationship(row, roles)
        if self.faults:
            self.refuse()
        return self.model

    def roles(self, table: Table, needed: tuple[str, ...]) -> dict[str, str]:
        """Return which column plays which role."""
        roles = roles_of(table.columns, self.reading.columns)
        for role in needed:
            if role not in roles:
                raise ModelFileRefused(
                    f"the table {table.name!r} has no column for the {role}.",
                    file=self.file,
                    line=1,
                    remedy=f"Call a column {role!r}, or say which one it is: "
                    f"--column {role}=COLUMN with `landscape check`, `export` and `import`. "
                    f"The columns are {_shown(table.columns)}.",
                )
        return roles

    def element(self, row: Row, roles: Mapping[str, str]) -> None:
        name = row[roles["name"]].strip()
        said = (row[roles["kind"]].strip() if "kind" in roles else "") or self.kind
        kind, concept = kind_and_concept(said)
        if not name:
            return self.fault(row, "the row has no name", name)
        if not concept:
            return self.fault(row, f"there is no kind of element called {said!r}", name)
        given = row[roles["id"]].strip() if "id" in roles else ""
        thing = given or _made_id(kind, name)
        if thing in self.model.elements:
            first = self.model.elements[thing].line
            return self.fault(row, f"{name!r} stands on line {first} already", name)
        self.by_name.setdefault(name.casefold(), []).append(thing)
        self.model.elements[thing] = Element(
            id=thing,
            concept=concept,
            names=(Text(name),),
            documentation=_said(row, roles),
            properties=(*kind_property(self.model, kind), *self.properties(row, roles)),
            line=row.line,
        )
        if "folder" in roles:
            self.into_folder(thing, row[roles["folder"]])
        return None

    def relationship(self, row: Row, roles: Mapping[str, str]) -> None:
        said = row[roles["kind"]].strip().lower().removesuffix("-relationship")
        said = said.removesuffix("relationship").strip(" _-")
        name = row[roles["name"]].strip() if "name" in roles else ""
        if said not in set(RelationshipKind):
            return self.fault(row, f"there is no relationship called {said!r}", name)
        ends = [self.end(row, roles[role], role) for role in ("source", "target")]
        if not all(ends):
            return None
        given = row[roles["id"]].strip() if "id" in roles else ""
        thing = given or _made_id(said, *ends, name)
        if thing in self.model.relationships or thing in self.model.elements:
            return self.fault(row, f"{thing!r} is taken already", thing)
        self.model.relationships[thing] = Relationship(
            id=thing,
            kind=RelationshipKind(said),
            source=ends[0],
            target=ends[1],
            names=(Text(name),) if name else (),
            documentation=_said(row, roles),
            properties=self.properties(row, roles),
            line=row.line,
        )
        return None

    def end(self, row: Row, column: str, role: str) -> str:
        said = row[column].strip()
        if said in self.model.elements:
            return said
        named = self.by_name.get(said.casefold(), [])
        if len(named) != 1:
            many = f"means {len(named)} elements" if named else "is in no row of the elements"
            self.fault(row, f"its {role} {said!r} {many}", said)
            return ""
        return named[0]

    def properties(self, row: Row, roles: Mapping[str, str]) -> tuple[Property, ...]:
        known = set(roles.values())
        return tuple(
            Property(define(self.model, column), (Text(value),))
            for column, value in row.cells.items()
            if column not in known and value
        )

    def into_folder(self, thing: str, path: str) -> None:
        names = tuple(part for part in path.split("/") if part.strip())
        if not names:
            return
        for depth in range(1, len(names) + 1):
            key = names[:depth]
            if key in self.folders:
                continue
            folder = self.folders[key] = Folder(id="", names=(Text(key[-1]),))
            if depth > 1:
                self.folders[key[:-1]].items.append(folder)
            elif self.model.trees:
                self.model.trees[0].append(folder)
            else:
                self.model.trees.append([folder])
        self.folders[names].items.append(thing)

    def fault(self, row: Row, what: str, thing: str) -> None:
        self.faults.append((row.line, what, thing))

    def refuse(self) -> NoReturn:
        line, what, thing = self.faults[0]
        others = ", ".join(str(other) for other, _, _ in self.faults[1 : FAULTS_SHOWN_MAX + 1])
        also = f" (also lines {others})" if others else ""
        raise ModelFileRefused(
            f"{what}{also}.",
            file=self.file,
            line=line,
            thing=thing,
            remedy="Mend the rows named; nothing was taken over.",
        )


def assumed_kind(table: Table, reading: Reading) -> str:
    """Return what rows are that do not say it: what a person said, what the name's column tells.

    Nothing where a column says it for each row; a row that leaves it empty is then at fault.
    """
    roles = roles_of(table.columns, reading.columns)
    told = reading.kind or kind_told_by(roles.get("name", ""))
    return told or ("" if "kind" in roles else ASSUMED_KIND)


def is_guessed(table: Table, reading: Reading) -> bool:
    """Tell whether nothing in a table, and nobody, says what its rows are."""
    roles = roles_of(table.columns, reading.columns)
    return not (reading.kind or "kind" in roles or kind_told_by(roles.get("name", "")))


def _shown(columns: list[str]) -> str:
    more = f" and {len(columns) - COLUMNS_SHOWN_MAX} more" * (len(columns) > COLUMNS_SHOWN_MAX)
    return ", ".join(repr(column) for column in columns[:COLUMNS_SHOWN_MAX]) + more


def _said(row: Row, roles: Mapping[str, str]) -> tuple[Text, ...]:
    words = row[roles["description"]] if "description" in roles else ""
    return (Text(words),) if words else ()


def _made_id(*parts: str) -> str:
    """Return the same id for the same row on every import."""
    return "id-" + blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def plain_tables(model: Model) -> list[Table]:
    """Return elements and relationships as plain tables; of a property given twice, the first."""
    names = [definition.name for definition in model.property_definitions.values()]
    taken = {spelling for spellings in ROLES.values() for spelling in spellings}
    extra = [name for name in dict.fromkeys(names) if name and plain(name) not in taken]
    elements = Table(ELEMENTS, ["id", "kind", "name", "description", *extra])
    for element in model.elements.values():
        cells = [element.id, kind_of_element(model, element), element.name, _first(element)]
        elements.add(*cells, *_cells(model, element, extra))
    columns = ["id", "kind", "name", "description", "source", "target", *extra]
    relationships = Table(RELATIONSHIPS, columns)
    for one in model.relationships.values():
        cells = [one.id, one.kind, one.name, _first(one), one.source, one.target]
        relationships.add(*cells, *_cells(model, one, extra))
    return [elements, relationships]


def _cells(model: Model, thing: Element | Relationship, names: list[str]) -> list[str]:
    values: dict[str, str] = {}
    for item in thing.properties:
        values.setdefault(model.property_name(item.definition), item.value)
    return [values.get(name, "") for name in names]


def _first(thing: Element | Relationship) -> str:
    return thing.documentation[0].text if thing.documentation else ""
