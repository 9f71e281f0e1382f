"""Writes a model as Archi's own file (.archimate).

Archi keeps one language per text: the first is written.
"""

from collections.abc import Iterable, Iterator, Mapping

from registry.landscape.exchange import archi
from registry.landscape.exchange.archi_folders import archi_tree
from registry.landscape.exchange.geometry import middles, offsets_of_points
from registry.landscape.exchange.model import (
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
from registry.landscape.exchange.xml_in import XSI, XSI_TYPE
from registry.landscape.exchange.xml_out import attribute, attributes, complete, content

_OWN = Dialect.ARCHI
# The version of Archi's format these files follow; Archi 5 reads it.
FORMAT_VERSION = "5.0.0"
_OFFSETS = ("startX", "startY", "endX", "endY")
_Known = Iterable[tuple[str, str | int | None]]


def write_archi(model: Model) -> bytes:
    """Return the model as an .archimate file."""
    return "\n".join(ArchiWriter(model).lines()).encode()


class ArchiWriter:
    """Writes Archi's objects one by one; coArchi's folder is made of the same objects."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.tree = archi_tree(model)

    def lines(self) -> Iterator[str]:
        """Yield the whole file."""
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield f"<archimate:model{self.root_attributes()}>"
        folders = [self.folder(folder, "  ") for folder in self.tree]
        yield from complete([*folders, *self.about_model("  ")], "  ", self.model.residue, _OWN)
        yield "</archimate:model>\n"

    def root_attributes(self) -> str:
        """Return the attributes of the model itself."""
        known: dict[str, str | int | None] = {
            "xmlns:xsi": XSI,
            "xmlns:archimate": archi.NAMESPACE,
            "name": first(self.model.names),
            "id": self.model.id,
            "version": None if self.model.dialect is _OWN else FORMAT_VERSION,
        }
        return attributes(known.items(), self.model.residue, _OWN)

    def about_model(self, indent: str) -> list[str]:
        """Return purpose, properties and specialisations of the model."""
        lines = self.texts(indent, "purpose", self.model.documentation)
        lines += self.properties(indent, self.model.properties)
        for profile in self.model.specialisations.values():
            known: _Known = [
                ("name", first(profile.names)),
                ("id", profile.id),
                ("conceptType", profile.concept),
            ]
            lines.append(self.whole(indent, "profile", known, [], profile))
        return lines

    def folder(self, folder: Folder, indent: str) -> str:
        """Return a folder with all that is in it."""
        inner = []
        for item in folder.items:
            if isinstance(item, Folder):
                inner.append(self.folder(item, indent + "  "))
            else:
                inner.append(self.member(item, indent + "  "))
        inner += self.head(folder, indent + "  ")
        return self.whole(indent, "folder", folder_attributes(folder), inner, folder)

    def member(self, thing: str, indent: str) -> str:
        """Return an element, a relationship or a view."""
        if element := self.model.elements.get(thing):
            return self._element(element, indent)
        if relationship := self.model.relationships.get(thing):
            return self._relationship(relationship, indent)
        return _ViewWriter(self, self.model.views[thing]).view(indent)

    def _element(self, element: Element, indent: str) -> str:
        junction = element.concept in {"AndJunction", "OrJunction"}
        known: _Known = [
            (XSI_TYPE, archi.PREFIX + ("Junction" if junction else element.concept)),
            ("name", first(element.names)),
            ("id", element.id),
            ("type", "or" if element.concept == "OrJunction" else None),
            ("profiles", " ".join(element.specialisations) or None),
        ]
        return self.whole(indent, "element", known, self.head(element, indent + "  "), element)

    def _relationship(self, relationship: Relationship, indent: str) -> str:
        directed = relationship.directed
        access = relationship.kind == "access"
        known: _Known = [
            (XSI_TYPE, f"{archi.PREFIX}{relationship.kind.title()}Relationship"),
            ("name", first(relationship.names)),
            ("id", relationship.id),
            ("accessType", archi.CODE_OF_ACCESS[relationship.access] if access else None),
            ("strength", relationship.strength),
            ("directed", None if directed is None else str(directed).lower()),
            ("profiles", " ".join(relationship.specialisations) or None),
            ("source", relationship.source),
            ("target", relationship.target),
        ]
        head = self.head(relationship, indent + "  ")
        return self.whole(indent, "element", known, head, relationship)

    # ---- Parts --------------------------------------------------------------------------------

    def whole(
        self,
        indent: str,
        tag: str,
        known: _Known,
        inner: list[str],
        thing: Thing | Node | Connection,
    ) -> str:
        """Return an object with its attributes and children."""
        start = f"{indent}<{tag}{attributes(known, thing.residue, _OWN)}"
        inner = list(complete(inner, indent + "  ", thing.residue, _OWN))
        if not inner:
            return start + "/>"
        return "\n".join([start + ">", *inner, f"{indent}</{tag}>"])

    def head(self, thing: Thing | Node | Connection, indent: str) -> list[str]:
        """Return documentation and properties."""
        lines = self.texts(indent, "documentation", thing.documentation)
        return lines + self.properties(indent, thing.properties)

    def texts(self, indent: str, tag: str, texts: tuple[Text, ...]) -> list[str]:
        """Return the first of some texts."""
        return [f"{indent}<{tag}>{content(text.text)}</{tag}>" for text in texts[:1]]

    def properties(self, indent: str, properties: tuple[Property, ...]) -> list[str]:
        """Return properties; Archi leaves out empty keys and values."""
        lines = []
        for item in properties:
            key = attribute("key", self.model.property_name(item.definition) or None)
            lines.append(f"{indent}<property{key}{attribute('value', item.value or None)}/>")
        return lines


class _ViewWriter:
    """Writes one view; knows which connections leave and reach each of its objects."""

    def __init__(self, writer: ArchiWriter, view: View) -> None:
        self.writer, self.shown = writer, view
        self.leaving: dict[str, list[Connection]] = {}
        self.arriving: dict[str, list[str]] = {}
        for connection in view.connections:
            self.leaving.setdefault(connection.source or "", []).append(connection)
            self.arriving.setdefault(connection.target or "", []).append(connection.id)
        foreign = any(c.bendpoints and not c.offsets for c in view.connections)
        self.middles = middles(view) if foreign else {}

    def view(self, indent: str) -> str:
        view = self.shown
        viewpoint = view.viewpoint
        known: _Known = [
            (XSI_TYPE, archi.PREFIX + archi.VIEW_TYPES[view.kind]),
            ("name", first(view.names)),
            ("id", view.id),
            ("viewpoint", archi.VIEWPOINT_IDS.get(viewpoint, viewpoint) if viewpoint else None),
        ]
        inner = [self.node(node, indent + "  ", 0, 0) for node in view.nodes]
        inner += self.writer.head(view, indent + "  ")
        return self.writer.whole(indent, "element", known, inner, view)

    def node(self, node: Node, indent: str, left: int, top: int) -> str:
        own = self.writer.model.dialect is _OWN
        label = None if node.kind == "note" else first(node.labels)
        known: _Known = [
            (XSI_TYPE, archi.PREFIX + archi.NODE_TYPES.get(node.kind, node.kind)),
            ("name", label),
            ("id", node.id),
            ("targetConnections", self.targets(node)),
            *style_attributes(node.style),
            ("archimateElement", node.element),
            ("model", node.views[0] if node.views and (own or node.kind == "view") else None),
        ]
        inner = [self.bounds(node, indent + "  ", left, top)] if node.x is not None else []
        inner += self.connections(node.id, indent + "  ")
        if node.kind == "note":
            inner += self.writer.texts(indent + "  ", "content", node.labels)
        inner += self.writer.head(node, indent + "  ")
        for child in node.children:
            inner.append(self.node(child, indent + "  ", node.x or 0, node.y or 0))
        return self.writer.whole(indent, "child", known, inner, node)

    def bounds(self, node: Node, indent: str, left: int, top: int) -> str:
        numbers = {
            "x": ((node.x or 0) - left) or None,
            "y": ((node.y or 0) - top) or None,
            "width": node.width,
            "height": node.height,
        }
        return f"{indent}<bounds{''.join(attribute(k, v) for k, v in numbers.items())}/>"

    def connections(self, source: str, indent: str) -> list[str]:
        return [self.connection(line, indent) for line in self.leaving.get(source, ())]

    def connection(self, line: Connection, indent: str) -> str:
        known: _Known = [
            (XSI_TYPE, archi.PREFIX + archi.CONNECTION_TYPE if line.relationship else None),
            ("name", first(line.labels)),
            ("id", line.id),
            ("targetConnections", self.targets(line)),
            *style_attributes(line.style),
            ("source", line.source),
            ("target", line.target),
            ("archimateRelationship", line.relationship),
        ]
        inner = self.connections(line.id, indent + "  ")
        for offsets in offsets_of_points(line, self.middles):
            numbers = zip(_OFFSETS, offsets, strict=True)
            spelled = "".join(attribute(key, number or None) for key, number in numbers)
            inner.append(f"{indent}  <bendpoint{spelled}/>")
        inner += self.writer.head(line, indent + "  ")
        return self.writer.whole(indent, "sourceConnection", known, inner, line)

    def targets(self, drawn: Node | Connection) -> str | None:
        """Return the connections that arrive, in the order the file had them."""
        arriving = self.arriving.get(drawn.id, [])
        if drawn.residue is not None and drawn.residue.dialect is _OWN:
            said: Mapping[str, str] = dict(drawn.residue.attributes)
            order = said.get("@targetConnections", "").split()
            arriving = [key for key in order if key in arriving] + [
                key for key in arriving if key not in order
            ]
        return " ".join(arriving) or None


def folder_attributes(folder: Folder) -> _Known:
    """Return what Archi says about a folder in attributes."""
    return [("name", first(folder.names)), ("id", folder.id), ("type", folder.kind)]


def first(texts: tuple[Text, ...]) -> str | None:
    """Return the first text, or None."""
    return texts[0].text if texts else None


def style_attributes(style: Style | None) -> list[tuple[str, str | int | None]]:
    """Return a style as Archi's attributes."""
    if style is None:
        return []
    return [
        ("font", archi.font_text(style.font)),
        ("fontColor", archi.hex_colour(style.font.colour if style.font else None)),
        ("lineColor", archi.hex_colour(style.line)),
        ("lineWidth", style.line_width),
        ("fillColor", archi.hex_colour(style.fill)),
        ("alpha", archi.opacity(style.fill)),
    ]
