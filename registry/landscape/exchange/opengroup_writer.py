"""Writes a model in the Model Exchange File Format 3, valid against its published schema.

What the format cannot say (Archi's fonts in full, sketches, specialisations) is left out; ids that
XML does not admit get `id-` before them.
"""

import re
from collections.abc import Iterable, Iterator

from registry.landscape.exchange.geometry import shift_into_view, size_of
from registry.landscape.exchange.model import (
    Colour,
    Connection,
    Dialect,
    Element,
    Folder,
    Model,
    Node,
    Property,
    Relationship,
    Style,
    Text,
    Thing,
    View,
)
from registry.landscape.exchange.opengroup import NAMESPACE_2, NAMESPACE_3, SCHEMA_3, TYPE_OF_KIND
from registry.landscape.exchange.xml_in import XSI, XSI_TYPE
from registry.landscape.exchange.xml_out import (
    attribute,
    attributes,
    complete,
    leaf,
    list_attributes,
    members,
    quoted,
)

_OWN = Dialect.EXCHANGE
_NODE_TYPES = {"element": "Element", "group": "Container", "note": "Label", "view": "Label"}
_CONNECTION_TYPES = {"relationship": "Relationship", "nesting": "NestingRelationship"}
_ID = re.compile(r"[^\W\d][\w.\-]*", re.ASCII)


def write_exchange(model: Model, *, language: str = "en") -> bytes:
    """Return the model as exchange XML.

    Args:
        model: The model.
        language: Language of words that carry none, where the format wants one.
    """
    return "\n".join(_Writer(model, language).lines()).encode()


class _Writer:
    def __init__(self, model: Model, language: str) -> None:
        self.model = model
        self.own = model.dialect is _OWN
        self.language = None if self.own else language
        self.ids = {} if self.own else _admitted_ids(model)

    def lines(self) -> Iterator[str]:
        model = self.model
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        known: dict[str, str | int | None] = {
            "xmlns": NAMESPACE_3,
            "xmlns:xsi": XSI,
            f"{{{XSI}}}schemaLocation": None if self.own else f"{NAMESPACE_3} {SCHEMA_3}",
            "identifier": self.id(model.id),
            "version": model.version,
        }
        yield f"<model{attributes(known.items(), model.residue, _OWN)}>"
        head = self.head(model, "  ", "name")
        views = [view for view in model.views.values() if view.kind == "archimate"]
        if model.metadata is not None and model.dialect in {_OWN, Dialect.EXCHANGE_2}:
            own_words = model.metadata.replace(f'"{NAMESPACE_2}"', f'"{NAMESPACE_3}"')
            head.append(f"  {own_words}")
        head += self.list_of("elements", (self.element(e) for e in model.elements.values()))
        head += self.list_of(
            "relationships", (self.relationship(r) for r in model.relationships.values())
        )
        for number, tree in enumerate(model.trees):
            items = (line for item in tree for line in self.item(item, "    "))
            head += self.list_of("organizations", items, place=str(number))
        head += self.list_of("propertyDefinitions", self.definitions())
        head += self.views(views)
        yield from complete(head, "  ", model.residue, _OWN)
        yield "</model>\n"

    # ---- Lists ------------------------------------------------------------------------------

    def list_of(
        self, tag: str, lines: Iterable[str], indent: str = "  ", place: str = ""
    ) -> list[str]:
        """Return a list with its members as one text, or nothing if it is empty."""
        inner = [*lines, *members(self.model.residue, tag + place, _OWN)]
        said = list_attributes(self.model.residue, tag + place, _OWN)
        if not inner and not said:
            return []
        if not inner:
            return [f"{indent}<{tag}{said}/>"]
        start = f"{indent}<{tag}{said}>"
        return ["\n".join([start, *inner, f"{indent}</{tag}>"])]

    def views(self, views: list[View]) -> list[str]:
        own_viewpoints = self.model.viewpoints if self.own else None
        return self.list_of(
            "views",
            [
                *([f"    {own_viewpoints}"] if own_viewpoints else []),
                *self.list_of("diagrams", (self.view(view) for view in views), "    "),
            ],
        )

    def definitions(self) -> Iterator[str]:
        for definition in self.model.property_definitions.values():
            known = [
                ("identifier", self.id(definition.id)),
                ("type", definition.type or (None if self.own else "string")),
            ]
            start = f"    <propertyDefinition{attributes(known, definition.residue, _OWN)}>"
            names = definition.names or (() if self.own else (Text(definition.id),))
            inner = leaf("      ", "name", names)
            inner += self.texts("      ", "documentation", definition.documentation)
            body = complete(inner, "      ", definition.residue, _OWN)
            yield "\n".join([start, *body, "    </propertyDefinition>"])

    # ---- Objects ----------------------------------------------------------------------------

    def element(self, element: Element) -> str:
        known = [("identifier", self.id(element.id)), (XSI_TYPE, element.concept)]
        named = element.names or self.own or element.concept.endswith("Junction")
        head = self.head(element, "      ", "name", None if named else Text(""))
        return self.whole("    ", "element", known, head, element)

    def relationship(self, relationship: Relationship) -> str:
        directed = relationship.directed
        known = [
            ("identifier", self.id(relationship.id)),
            ("source", self.id(relationship.source)),
            ("target", self.id(relationship.target)),
            (XSI_TYPE, TYPE_OF_KIND[relationship.kind]),
            ("accessType", relationship.access),
            ("isDirected", None if directed is None else str(directed).lower()),
            ("modifier", relationship.strength),
        ]
        head = self.head(relationship, "      ", "name")
        return self.whole("    ", "relationship", known, head, relationship)

    def view(self, view: View) -> str:
        known = [
            ("identifier", self.id(view.id)),
            (XSI_TYPE, "Diagram"),
            ("viewpoint", view.viewpoint),
            ("viewpointRef", view.viewpoint_ref if self.own else None),
        ]
        inner = self.head(view, "        ", "name", None if view.names or self.own else Text(""))
        shift = (0, 0) if self.own else shift_into_view(view)
        inner += [self.node(node, "        ", shift) for node in view.nodes]
        drawn = {connection.id for connection in view.connections}
        drawn |= {node.id for node in view.all_nodes()}
        inner += [
            self.connection(connection, shift)
            for connection in view.connections
            if self.own or (connection.source in drawn and connection.target in drawn)
        ]
        return self.whole("      ", "view", known, inner, view)

    def node(self, node: Node, indent: str, shift: tuple[int, int]) -> str:
        missing = None if self.own else 0
        width, height = (node.width, node.height) if self.own else size_of(node)
        kind = _NODE_TYPES.get(node.kind, "Container" if node.children else "Label")
        known: list[tuple[str, str | int | None]] = [
            ("identifier", self.id(node.id)),
            ("x", missing if node.x is None else node.x + shift[0]),
            ("y", missing if node.y is None else node.y + shift[1]),
            ("w", width),
            ("h", height),
            (XSI_TYPE, kind),
            ("elementRef", self.id(node.element) if node.element else None),
        ]
        inner = self.drawn(node, indent + "  ")
        inner += [self.node(child, indent + "  ", shift) for child in node.children]
        return self.whole(indent, "node", known, inner, node)

    def connection(self, connection: Connection, shift: tuple[int, int]) -> str:
        related = connection.relationship
        known = [
            ("identifier", self.id(connection.id)),
            ("relationshipRef", self.id(related) if related else None),
            (XSI_TYPE, _CONNECTION_TYPES.get(connection.kind, "Line")),
            ("source", self.id(connection.source) if connection.source else None),
            ("target", self.id(connection.target) if connection.target else None),
        ]
        inner = self.drawn(connection, "          ")
        for tag, points in (
            ("sourceAttachment", [connection.source_attachment]),
            ("bendpoint", connection.bendpoints),
            ("targetAttachment", [connection.target_attachment]),
        ):
            for point in points:
                if point is not None:
                    x, y = point[0] + shift[0], point[1] + shift[1]
                    inner.append(f'          <{tag} x="{x}" y="{y}"/>')
        return self.whole("        ", "connection", known, inner, connection)

    def item(self, item: Folder | str, indent: str) -> Iterator[str]:
        if isinstance(item, str):
            view = self.model.views.get(item)
            if view is None or view.kind == "archimate":
                yield f"{indent}<item identifierRef={quoted(self.id(item))}/>"
            return
        known = [
            ("identifier", self.id(item.id) if item.id else None),
            ("identifierRef", self.id(item.ref) if item.ref else None),
        ]
        inner = self.texts(indent + "  ", "label", item.names)
        inner += self.texts(indent + "  ", "documentation", item.documentation)
        inner += [line for child in item.items for line in self.item(child, indent + "  ")]
        yield self.whole(indent, "item", known, inner, item)

    # ---- Parts ------------------------------------------------------------------------------

    def whole(
        self,
        indent: str,
        tag: str,
        known: Iterable[tuple[str, str | int | None]],
        inner: list[str],
        thing: Thing | Node | Connection,
    ) -> str:
        start = f"{indent}<{tag}{attributes(known, thing.residue, _OWN)}"
        inner = list(complete(inner, indent + "  ", thing.residue, _OWN))
        if not inner:
            return start + "/>"
        return "\n".join([start + ">", *inner, f"{indent}</{tag}>"])

    def head(self, thing: Thing, indent: str, tag: str, default: Text | None = None) -> list[str]:
        lines = self.texts(indent, tag, thing.names or ((default,) if default else ()))
        lines += self.texts(indent, "documentation", thing.documentation)
        return lines + self.properties(indent, thing.properties)

    def texts(self, indent: str, tag: str, texts: Iterable[Text]) -> list[str]:
        if self.language:
            texts = [Text(t.text, t.language or self.language) for t in texts]
        return leaf(indent, tag, texts)

    def properties(self, indent: str, properties: tuple[Property, ...]) -> list[str]:
        if not properties:
            return []
        lines = [f"{indent}<properties>"]
        for item in properties:
            ref = attribute("propertyDefinitionRef", self.id(item.definition))
            values = self.texts(indent + "    ", "value", item.values)
            if values:
                lines += [f"{indent}  <property{ref}>", *values, f"{indent}  </property>"]
            else:
                lines.append(f"{indent}  <property{ref}/>")
        return ["\n".join([*lines, f"{indent}</properties>"])]

    def drawn(self, drawn: Node | Connection, indent: str) -> list[str]:
        lines = self.texts(indent, "label", drawn.labels)
        lines += self.texts(indent, "documentation", drawn.documentation)
        if drawn.style is not None:
            lines.append(_style(drawn.style, indent))
        known = self.model.views
        lines += [
            f"{indent}<viewRef ref={quoted(self.id(view))}/>"
            for view in drawn.views
            if self.own or (view in known and known[view].kind == "archimate")
        ]
        return lines

    def id(self, thing: str) -> str:
        return thing if self.own else self.ids.get(thing) or exchange_id(thing)


def _admitted_ids(model: Model) -> dict[str, str]:
    """Return an id per object whose own id XML does not admit; no two get the same."""
    everything = [model.id, *model.elements, *model.relationships, *model.property_definitions]
    everything += [folder.id for _, folder in model.folders() if folder.id]
    for view in model.views.values():
        everything += [view.id, *(node.id for node in view.all_nodes())]
        everything += [connection.id for connection in view.connections]
    odd = [thing for thing in everything if not _ID.fullmatch(thing)]
    taken = set(everything)
    found = {}
    for thing in odd:
        candidate = exchange_id(thing)
        while candidate in taken:
            candidate += "_"
        taken.add(candidate)
        found[thing] = candidate
    return found


def exchange_id(thing: str) -> str:
    """Return an id that XML admits: the same, or with `id-` before it and no odd characters."""
    return thing if _ID.fullmatch(thing) else "id-" + re.sub(r"[^\w.\-]", "_", thing)


def _style(style: Style, indent: str) -> str:
    lines = [f"{indent}<style{attribute('lineWidth', style.line_width)}>"]
    lines += _colour("lineColor", style.line, indent + "  ")
    lines += _colour("fillColor", style.fill, indent + "  ")
    if font := style.font:
        known = (("name", font.name), ("size", font.size), ("style", font.style))
        start = f"{indent}  <font{''.join(attribute(k, v) for k, v in known)}"
        inner = _colour("color", font.colour, indent + "    ")
        lines += [start + ">", *inner, f"{indent}  </font>"] if inner else [start + "/>"]
    if len(lines) == 1:
        return lines[0][:-1] + "/>"
    return "\n".join([*lines, f"{indent}</style>"])


def _colour(tag: str, colour: Colour | None, indent: str) -> list[str]:
    if colour is None:
        return []
    red, green, blue, alpha = colour
    return [f'{indent}<{tag} r="{red}" g="{green}" b="{blue}"{attribute("a", alpha)}/>']
