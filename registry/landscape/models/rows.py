"""How an object of an exchange model stands in a row, and how it comes out of one again.

A row has what people ask for in columns: kind, name, description, attributes. What the file says
beyond that - languages, order, empty and doubled properties, unknown XML - stands in `detail`, word
for word. Where somebody has changed a column since, the column wins.

Ids that are a file's own numbering do not enter `detail`: properties stand under their name, and
ends of relationships under the identity of the row. So two releases of a model differ only where
their authors changed something.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from registry.landscape.exchange.model import (
    Connection,
    Element,
    Model,
    Node,
    Property,
    Relationship,
    Text,
    Thing,
    View,
)
from registry.landscape.exchange.municipal import KIND_PROPERTY
from registry.landscape.exchange.opengroup import metamodel_concept
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.metamodel import MUNICIPAL_KINDS, concept_of, kind_of

NAME_MAX = 300  # as element.name; what is longer stands in full in `detail`
# How the known reference architectures mark the counter's kinds: property, value, kind.
MARKED_KINDS: Mapping[tuple[str, str], str] = {
    ("GEMMA type", "Referentiecomponent"): "reference_component",
    ("GEMMA type", "Standaard"): "standard",
    ("GEMMA type", "Standaardversie"): "standard_version",
    ("GEMMA type", "Beleidsdomein"): "domain",
}
MARKS = {name for name, _ in MARKED_KINDS}
# Facts of a relationship that are attributes in its row.
RELATIONSHIP_FACTS = {
    "access_type": "access",
    "influence_strength": "strength",
    "directed": "directed",
}
# An odd number of backslashes before it makes it the character, not the six letters.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

AnyThing = TypeVar("AnyThing", Element, Relationship, View)


class Told(Struct, frozen=True, gc=False):
    """What a row has in its columns of one object."""

    kind: str
    name: str
    description: str
    attrs: dict[str, Any]


class Definitions:
    """The names under which a model's properties are kept, and the way back.

    A definition is known by its name; where two share one, or it has none, by its id.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        names = Counter(known.name for known in model.property_definitions.values())
        self.key_of = {
            known.id: known.name if known.name and names[known.name] == 1 else known.id
            for known in model.property_definitions.values()
        }
        self.id_of = {key: given for given, key in self.key_of.items()}

    def keyed(self, properties: tuple[Property, ...]) -> tuple[Property, ...]:
        """Return properties under the keys of their definitions."""
        return self._turned(properties, self.key_of)

    def named(self, properties: tuple[Property, ...]) -> tuple[Property, ...]:
        """Return properties under the ids of their definitions."""
        return self._turned(properties, self.id_of)

    def _turned(
        self, properties: tuple[Property, ...], names: Mapping[str, str]
    ) -> tuple[Property, ...]:
        return tuple(
            Property(names.get(item.definition, item.definition), item.values)
            for item in properties
        )


def prepare(model: Model, *, file: str) -> Definitions:
    """Make a model ready to be kept; it is no longer good for anything else.

    Lines are forgotten, properties stand under their names.

    Args:
        model: The model as read; it is changed.
        file: Its name, for messages.

    Raises:
        ModelFileRefused: A text holds a character that PostgreSQL cannot keep.
    """
    definitions = Definitions(model)
    for thing in (*model.elements.values(), *model.relationships.values(), *model.views.values()):
        _refuse_nul(thing, file)
        thing.line = 0
        thing.properties = definitions.keyed(thing.properties)
    for view in model.views.values():
        for shape in drawn(view):
            shape.line = 0
            if shape.properties:
                shape.properties = definitions.keyed(shape.properties)
    folders = (folder for _, folder in model.folders())
    frame_parts = (model.property_definitions.values(), model.specialisations.values(), folders)
    for part in (model, *chain.from_iterable(frame_parts)):
        part.line = 0
    _refuse_nul(without_objects(model), file)
    return definitions


def drawn(view: View) -> Iterator[Node | Connection]:
    """Yield all boxes and lines of a view."""
    yield from view.all_nodes()
    yield from view.connections


def _refuse_nul(thing: Thing, file: str) -> None:
    try:
        said = msgspec.json.encode(thing)
        odd = b"\\u0000" in said and _NUL.search(said) is not None
    except UnicodeEncodeError:
        odd = True
    if odd:
        raise ModelFileRefused(
            f"{thing.id!r} holds a character that cannot be kept (U+0000 or half a pair).",
            file=file,
            line=thing.line,
            thing=thing.id,
        )


class Frame(Struct, frozen=True, omit_defaults=True):
    """What a model says besides its elements, relationships and views.

    Args:
        model: The model without them.
        order: Exchange ids of a sort in the file's order, where that is not the order of our ids.
    """

    model: Model
    order: dict[str, list[str]] = {}

    def put_in_order(self, sort: str, things: dict[str, AnyThing]) -> dict[str, AnyThing]:
        """Return things of a sort in the file's order; what came later stands last."""
        listed = {key: things[key] for key in self.order.get(sort, ()) if key in things}
        return listed | things


def without_objects(model: Model) -> Model:
    """Return a model without its elements, relationships and views."""
    return structs.replace(model, elements={}, relationships={}, views={})


def text_of(thing: Struct) -> str:
    """Return the JSON in which a thing is kept."""
    return msgspec.json.encode(thing).decode()


# ---- Out of an object ---------------------------------------------------------------------------


def attrs_of(properties: Iterable[Property]) -> dict[str, Any]:
    """Return properties as people ask for them; one given twice becomes a list."""
    attrs: dict[str, Any] = {}
    for item in properties:
        if item.definition not in attrs:
            attrs[item.definition] = item.value
        elif isinstance(attrs[item.definition], list):
            attrs[item.definition].append(item.value)
        else:
            attrs[item.definition] = [attrs[item.definition], item.value]
    return attrs


def kind_of_element(element: Element) -> str:
    """Return an element's kind: the counter's word where its model marks it so."""
    concept = metamodel_concept(element.concept)
    for item in element.properties:
        if item.definition == KIND_PROPERTY and MUNICIPAL_KINDS.get(item.value) == concept:
            return item.value
        if item.definition in MARKS:
            marked = MARKED_KINDS.get((item.definition, item.value))
            if marked and concept_of(marked) == concept:
                return marked
    return kind_of(concept)


def shown_name(thing: Thing, instead: str) -> str:
    """Return a name fit for a list: never empty, never longer than a line."""
    name = " ".join(thing.name.split())
    if not name:
        return f"({instead.replace('_', ' ')})"
    return name if len(name) <= NAME_MAX else name[: NAME_MAX - 1] + "…"


def told_of_element(element: Element) -> Told:
    """Return what stands of an element in columns."""
    kind = kind_of_element(element)
    return Told(
        kind, shown_name(element, kind), _description(element), attrs_of(element.properties)
    )


def told_of_relationship(relationship: Relationship) -> Told:
    """Return what stands of a relationship in columns; its own facts are attributes too."""
    attrs = attrs_of(relationship.properties)
    for name, field in RELATIONSHIP_FACTS.items():
        value = getattr(relationship, field)
        if value is not None:
            attrs.setdefault(name, value)
    return Told(relationship.kind, relationship.name, _description(relationship), attrs)


def told_of_view(view: View) -> Told:
    """Return what stands of a view in columns."""
    return Told(view.kind, shown_name(view, "view"), _description(view), attrs_of(view.properties))


def _description(thing: Thing) -> str:
    return thing.documentation[0].text if thing.documentation else ""


# ---- Back into an object ------------------------------------------------------------------------


def edited(thing: AnyThing, kept: Told, row: Told) -> AnyThing:
    """Lay over an object what has been changed in its row since it was taken in.

    Args:
        thing: As `detail` has it, properties under their names; it is changed.
        kept: What its row had in its columns then.
        row: What it has now.
    """
    if row.name != kept.name:
        thing.names = _first_replaced(thing.names, row.name)
    if row.description != kept.description:
        thing.documentation = _first_replaced(thing.documentation, row.description)
    if row.attrs != kept.attrs:
        thing.properties = _properties(thing.properties, kept.attrs, row.attrs)
    if isinstance(thing, Relationship):
        for name, field in RELATIONSHIP_FACTS.items():
            if row.attrs.get(name) != kept.attrs.get(name):
                setattr(thing, field, row.attrs.get(name))
    if isinstance(thing, Element) and row.kind != kept.kind:
        thing.concept = MUNICIPAL_KINDS.get(row.kind) or concept_of(row.kind)
    return thing


def _first_replaced(texts: tuple[Text, ...], new: str) -> tuple[Text, ...]:
    if not texts:
        return (Text(new),)
    return (Text(new, texts[0].language), *texts[1:])


def _properties(
    properties: tuple[Property, ...], kept: dict[str, Any], row: dict[str, Any]
) -> tuple[Property, ...]:
    same = [item for item in properties if row.get(item.definition) == kept[item.definition]]
    for name, value in row.items():
        if kept.get(name) != value and name not in RELATIONSHIP_FACTS:
            values = value if isinstance(value, list) else [value]
            same.extend(Property(name, (Text(_worded(one)),)) for one in values)
    return tuple(same)


def _worded(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
