"""Archi's tables: elements, relations and properties, as three CSV files or one workbook.

Views and folders do not travel this way; everything else of elements and relationships does.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Model,
    Property,
    Relationship,
    Specialisation,
    Text,
)
from registry.landscape.exchange.municipal import define
from registry.landscape.exchange.opengroup import CONCEPT_OF_TYPE, KIND_OF_TYPE
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.tables import Row, Table

ELEMENTS, RELATIONS, PROPERTIES = "elements", "relations", "properties"
_MODEL_TYPE = "ArchimateModel"
_ELEMENT_COLUMNS = ["ID", "Type", "Name", "Documentation", "Specialization"]
_RELATION_COLUMNS = ["ID", "Type", "Name", "Documentation", "Source", "Target", "Specialization"]
_PROPERTY_COLUMNS = ["ID", "Key", "Value"]
# Properties by which Archi says what its tables have no column for.
_ACCESS, _STRENGTH, _DIRECTED, _JUNCTION = (
    "Access_Type",
    "Influence_Strength",
    "Directed",
    "Junction_Type",
)


def is_archi_tables(tables: Mapping[str, Table]) -> bool:
    """Tell whether tables follow Archi's convention rather than being plain ones."""
    found = tables.get(ELEMENTS)
    return found is not None and set(_ELEMENT_COLUMNS[:4]) <= set(found.columns)


def read_archi_tables(tables: Mapping[str, Table], *, file: str = "the tables") -> Model:
    """Read Archi's tables.

    Args:
        tables: Tables called elements, relations and properties; the last two may be missing.
        file: Name for messages.

    Raises:
        ModelFileRefused: A column is missing, an id is missing or used twice, a type is unknown,
            or a property belongs to nothing; names the table and the line.
    """
    model = Model(id="model", dialect=Dialect.TABLES)
    reader = _Reader(model, file)
    for name, columns, method in (
        (ELEMENTS, _ELEMENT_COLUMNS[:4], reader.element),
        (RELATIONS, _RELATION_COLUMNS[:6], reader.relation),
        (PROPERTIES, _PROPERTY_COLUMNS, reader.property),
    ):
        table = tables.get(name)
        if table is None:
            continue
        lacking = [column for column in columns if column not in table.columns]
        if lacking:
            raise ModelFileRefused(
                f"the table {name!r} lacks the column {lacking[0]!r}.", file=file, line=1
            )
        for row in table.rows:
            method(row)
    return model


class _Reader:
    def __init__(self, model: Model, file: str) -> None:
        self.model, self.file = model, file
        self.profiles: dict[tuple[str, str], str] = {}

    def element(self, row: Row) -> None:
        model = self.model
        if row["Type"] == _MODEL_TYPE:
            model.id, model.line = row["ID"] or model.id, row.line
            model.names, model.documentation = _said(row["Name"]), _said(row["Documentation"])
            return
        concept = CONCEPT_OF_TYPE.get(row["Type"])
        if concept is None:
            self.refuse(row, f"ArchiMate has no element called {row['Type']!r}.")
        thing = self.identify(row)
        model.elements[thing] = Element(
            id=thing,
            concept=concept,
            names=_said(row["Name"]),
            documentation=_said(row["Documentation"]),
            specialisations=self.specialised(row, concept),
            line=row.line,
        )

    def relation(self, row: Row) -> None:
        kind = KIND_OF_TYPE.get(row["Type"])
        if kind is None:
            self.refuse(row, f"ArchiMate has no relationship called {row['Type']!r}.")
        if not (row["Source"] and row["Target"]):
            self.refuse(row, "the relationship lacks its source or its target.")
        thing = self.identify(row)
        self.model.relationships[thing] = Relationship(
            id=thing,
            kind=kind,
            source=row["Source"],
            target=row["Target"],
            names=_said(row["Name"]),
            documentation=_said(row["Documentation"]),
            specialisations=self.specialised(row, row["Type"]),
            line=row.line,
        )

    def property(self, row: Row) -> None:
        owner = self.owner(row)
        key, value = row["Key"], row["Value"]
        if isinstance(owner, Element) and key == _JUNCTION and owner.concept.endswith("Junction"):
            owner.concept = "OrJunction" if value == "Or" else "AndJunction"
        elif isinstance(owner, Relationship) and self.special(owner, key, value):
            return
        else:
            definition = define(self.model, key)
            owner.properties += (Property(definition, (Text(value),)),)

    def special(self, owner: Relationship, key: str, value: str) -> bool:
        """Take over a property that Archi means as an attribute."""
        if (
            key == _ACCESS
            and owner.kind == "access"
            and value in {"Access", "Read", "Write", "ReadWrite"}
        ):
            way: Any = value
            owner.access = way
        elif key == _STRENGTH and owner.kind == "influence":
            owner.strength = value
        elif key == _DIRECTED and owner.kind == "association" and value in {"true", "false"}:
            owner.directed = value == "true"
        else:
            return False
        return True

    def owner(self, row: Row) -> Model | Element | Relationship:
        model, thing = self.model, row["ID"]
        found: Element | Relationship | None
        found = model.elements.get(thing) or model.relationships.get(thing)
        if found is None and thing == model.id:
            return model
        if found is None:
            self.refuse(row, f"the property belongs to {thing!r}, which is in neither table.")
        return found

    def specialised(self, row: Row, concept: str) -> tuple[str, ...]:
        name = row["Specialization"]
        if not name:
            return ()
        key = concept, name
        if key not in self.profiles:
            made = Specialisation(
                id=f"profile-{len(self.profiles) + 1}", names=(Text(name),), concept=concept
            )
            self.model.specialisations[made.id] = made
            self.profiles[key] = made.id
        return (self.profiles[key],)

    def identify(self, row: Row) -> str:
        thing = row["ID"]
        if not thing:
            self.refuse(row, "the row has no ID.")
        model = self.model
        if taken := model.elements.get(thing) or model.relationships.get(thing):
            self.refuse(row, f"the ID {thing!r} is taken already, on line {taken.line}.")
        return thing

    def refuse(self, row: Row, what: str) -> NoReturn:
        raise ModelFileRefused(what, file=self.file, line=row.line, thing=row["ID"])


def archi_tables(model: Model) -> list[Table]:
    """Return a model as Archi's three tables."""
    elements = Table(ELEMENTS, list(_ELEMENT_COLUMNS))
    relations = Table(RELATIONS, list(_RELATION_COLUMNS))
    properties = Table(PROPERTIES, list(_PROPERTY_COLUMNS))
    elements.add(model.id, _MODEL_TYPE, model.name, _words(model), "")
    _add_properties(model, model, properties)
    for element in model.elements.values():
        junction = element.concept.removesuffix("Junction") if "Junction" in element.concept else ""
        kind = "Junction" if junction else element.concept
        elements.add(element.id, kind, element.name, _words(element), _special_name(model, element))
        if junction:
            properties.add(element.id, _JUNCTION, junction)
        _add_properties(model, element, properties)
    for one in model.relationships.values():
        kind = f"{one.kind.title()}Relationship"
        relations.add(
            one.id, kind, one.name, _words(one), one.source, one.target, _special_name(model, one)
        )
        directed = None if one.directed is None else str(one.directed).lower()
        for key, value in (
            (_ACCESS, one.access),
            (_STRENGTH, one.strength),
            (_DIRECTED, directed),
        ):
            if value is not None:
                properties.add(one.id, key, value)
        _add_properties(model, one, properties)
    return [elements, relations, properties]


def _add_properties(model: Model, owner: Model | Element | Relationship, properties: Table) -> None:
    for item in owner.properties:
        properties.add(owner.id, model.property_name(item.definition), item.value)


def _special_name(model: Model, concept: Element | Relationship) -> str:
    named = (model.specialisations[ref].name for ref in concept.specialisations)
    return next(named, "")


def _words(thing: Model | Element | Relationship) -> str:
    return thing.documentation[0].text if thing.documentation else ""


def _said(text: str) -> tuple[Text, ...]:
    return (Text(text),) if text else ()
