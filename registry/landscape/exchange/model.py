"""An architecture model in memory: what every exchange format is read into and written from.

What a format says and this model has no field for stays with its object as `Residue`, so that a
file read and written again says the same as before. Objects are slim, because a reference
architecture has 70,000 of them; what an object does not say is left out where it is stored as JSON.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Literal

from msgspec import Struct, field

from schemas.landscape_kinds import RelationshipKind


class Dialect(StrEnum):
    """Which format a model, or a residue, comes from; only its own writer understands a residue."""

    EXCHANGE = "exchange"  # Model Exchange XML 3.x
    EXCHANGE_2 = "exchange-2"  # Model Exchange XML 2.x, read only
    ARCHI = "archi"  # Archi's own file, and coArchi's folder of the same objects
    TABLES = "tables"  # CSV and XLSX
    BACKSTAGE = "backstage"
    INVENTORY = "inventory"  # SB 272


class Text(Struct, frozen=True, gc=False, omit_defaults=True):
    """Words in one language; `language` is None where the format names none."""

    text: str
    language: str | None = None


class Property(Struct, frozen=True, gc=False, omit_defaults=True):
    """A value under a property definition; the same definition may come twice, or with no value."""

    definition: str
    values: tuple[Text, ...] = ()

    @property
    def value(self) -> str:
        """The first value, or nothing."""
        return self.values[0].text if self.values else ""


class Residue(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a file says about an object beyond the object's own fields, word for word.

    Args:
        dialect: The format that understands it.
        attributes: Unknown attributes, and known ones whose spelling ours would change; they win.
        children: Unknown XML elements, each with the name of the known sibling it came after.
        verbatim: Known XML elements with something unknown inside; they win over our own words.
    """

    dialect: Dialect
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[tuple[str, str], ...] = ()
    verbatim: tuple[tuple[str, str], ...] = ()


class Thing(Struct, kw_only=True, omit_defaults=True):
    """What elements, relationships, views and folders have in common.

    `line` is where the file speaks of it; errors name it, comparisons leave it out.
    """

    id: str
    names: tuple[Text, ...] = ()
    documentation: tuple[Text, ...] = ()
    properties: tuple[Property, ...] = ()
    residue: Residue | None = None
    line: int = 0

    @property
    def name(self) -> str:
        """The first name, or nothing."""
        return self.names[0].text if self.names else ""


class Element(Thing, kw_only=True, gc=False):
    """One element; `concept` is an ArchiMate 3.2 concept, with AndJunction and OrJunction."""

    concept: str
    specialisations: tuple[str, ...] = ()


class Relationship(Thing, kw_only=True, gc=False):
    """One relationship; its ends are ids of elements or of relationships."""

    kind: RelationshipKind
    source: str
    target: str
    access: Literal["Access", "Read", "Write", "ReadWrite"] | None = None
    strength: str | None = None
    directed: bool | None = None
    specialisations: tuple[str, ...] = ()


# Red, green, blue from 0 to 255, and opacity from 0 to 100 where it is stated.
Colour = tuple[int, int, int, int | None]


class Font(Struct, frozen=True, gc=False, omit_defaults=True):
    """A font: `size` in points as written, `style` as words (bold italic underline)."""

    name: str | None = None
    size: str | None = None
    style: str | None = None
    colour: Colour | None = None


class Style(Struct, frozen=True, gc=False, omit_defaults=True):
    """How a node or a connection is drawn; None leaves it to whoever draws."""

    line: Colour | None = None
    fill: Colour | None = None
    font: Font | None = None
    line_width: int | None = None


class Node(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A box on a view; x and y count from the view's upper left corner, also when nested.

    Args:
        kind: element, group, note, view (a link to another view) or a format's own word.
        element: Id of the element shown, where kind is element.
        views: Ids of the views it leads to.
    """

    id: str
    kind: str
    element: str | None = None
    x: int | None = None
    y: int | None = None
    width: int | None = None
    height: int | None = None
    labels: tuple[Text, ...] = ()
    documentation: tuple[Text, ...] = ()
    properties: tuple[Property, ...] = ()
    style: Style | None = None
    views: tuple[str, ...] = ()
    children: list["Node"] = field(default_factory=list)
    residue: Residue | None = None
    line: int = 0


class Connection(Struct, kw_only=True, gc=False, omit_defaults=True):
    """A line on a view between nodes or connections.

    Args:
        kind: relationship, nesting or line (a mere drawing).
        bendpoints: x and y from the view's upper left corner.
        offsets: The same points as Archi keeps them, from the middle of source and target.
    """

    id: str
    kind: str
    relationship: str | None = None
    source: str | None = None
    target: str | None = None
    labels: tuple[Text, ...] = ()
    documentation: tuple[Text, ...] = ()
    properties: tuple[Property, ...] = ()
    style: Style | None = None
    views: tuple[str, ...] = ()
    source_attachment: tuple[int, int] | None = None
    target_attachment: tuple[int, int] | None = None
    bendpoints: tuple[tuple[int, int], ...] = ()
    offsets: tuple[tuple[int, int, int, int], ...] = ()
    residue: Residue | None = None
    line: int = 0


class View(Thing, kw_only=True):
    """A drawing; `kind` is archimate, sketch or canvas; the last two are Archi's own."""

    kind: str = "archimate"
    viewpoint: str | None = None
    viewpoint_ref: str | None = None
    nodes: list[Node] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)

    def all_nodes(self) -> Iterator[Node]:
        """Yield every node, outer before inner, in drawing order."""
        stack = self.nodes[::-1]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


class Folder(Thing, kw_only=True):
    """A folder of the model tree; `items` are folders and ids of what lies in it, in order.

    Args:
        id: Empty where the file gives folders no id.
        kind: Archi's kind of a top folder, e.g. application; elsewhere None.
        ref: Id of an object that itself stands as a folder; seldom used.
    """

    kind: str | None = None
    ref: str | None = None
    items: list["Folder | str"] = field(default_factory=list)


class PropertyDefinition(Thing, kw_only=True, gc=False):
    """A property's name and type: string, boolean, currency, date, time or number."""

    type: str = "string"


class Specialisation(Thing, kw_only=True, gc=False):
    """A named specialisation of a concept, which elements may carry; Archi's profile."""

    concept: str | None = None


class Model(Thing, kw_only=True):
    """A whole architecture model.

    Args:
        version: The model's own version, as its authors count.
        metadata: The format's metadata element, word for word.
        viewpoints: Viewpoint definitions of the exchange format, word for word.
        trees: Folder trees; all known tools write one.
        attachments: Pictures that came with the model, by path.
    """

    dialect: Dialect
    version: str | None = None
    metadata: str | None = None
    viewpoints: str | None = None
    elements: dict[str, Element] = field(default_factory=dict)
    relationships: dict[str, Relationship] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    trees: list[list[Folder | str]] = field(default_factory=list)
    property_definitions: dict[str, PropertyDefinition] = field(default_factory=dict)
    specialisations: dict[str, Specialisation] = field(default_factory=dict)
    attachments: dict[str, bytes] = field(default_factory=dict)

    def property_name(self, definition: str) -> str:
        """Return the name people know a property by; its id where the file names none."""
        found = self.property_definitions.get(definition)
        return found.name if found and found.names else definition

    def values(self, thing: Thing | Node, name: str) -> list[str]:
        """Return all values a thing has under a property's name, empty ones included."""
        return [p.value for p in thing.properties if self.property_name(p.definition) == name]

    def folders(self) -> Iterator[tuple[tuple[str, ...], Folder]]:
        """Yield every folder with the names on the way to it, outer before inner."""
        stack: list[tuple[tuple[str, ...], Folder]] = [
            ((), item)
            for tree in reversed(self.trees)
            for item in reversed(tree)
            if isinstance(item, Folder)
        ]
        while stack:
            above, folder = stack.pop()
            path = (*above, folder.name)
            yield path, folder
            stack.extend(
                (path, item) for item in reversed(folder.items) if isinstance(item, Folder)
            )

    def counts(self) -> dict[str, int]:
        """Return how much of each sort the model holds."""
        return {
            "elements": len(self.elements),
            "relationships": len(self.relationships),
            "views": len(self.views),
            "nodes": sum(1 for view in self.views.values() for _ in view.all_nodes()),
            "connections": sum(len(view.connections) for view in self.views.values()),
            "folders": sum(1 for _ in self.folders()),
            "property_definitions": len(self.property_definitions),
        }
