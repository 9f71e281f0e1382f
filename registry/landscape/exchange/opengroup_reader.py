"""Reads the Model Exchange File Format, versions 3.x and 2.x, into a model.

ArchiMate 2 models become ArchiMate 3 models on the way: concepts and relationships that were
renamed get their new names.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any, NoReturn

from registry.landscape.exchange.model import (
    Connection,
    Dialect,
    Element,
    Folder,
    Model,
    Node,
    PropertyDefinition,
    Relationship,
    Text,
    View,
)
from registry.landscape.exchange.opengroup import (
    ACCESS_TYPES,
    CONCEPT_OF_TYPE,
    CONNECTION_KINDS,
    KIND_OF_TYPE,
    NAMESPACE_2,
    NAMESPACE_3,
    NODE_KINDS,
    WORDS_2,
    WORDS_3,
)
from registry.landscape.exchange.opengroup_parts import Parts, PartsReader, point
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.xml_in import XSI_TYPE, Document, admit, raw, root_of, take, whole

_VOCABULARIES = {
    NAMESPACE_3: (Dialect.EXCHANGE, WORDS_3),
    NAMESPACE_2: (Dialect.EXCHANGE_2, WORDS_2),
}
_NOTHING: frozenset[str] = frozenset()
_NODE_PARTS = frozenset({"style", "viewRef", "node"})
_CONNECTION_PARTS = frozenset(
    {"style", "viewRef", "sourceAttachment", "bendpoint", "targetAttachment"}
)
_MODEL_PARTS = frozenset({"metadata", "elements", "relationships", "views"})


def read_exchange(data: bytes, *, file: str = "the model") -> Model:
    """Read exchange XML.

    Args:
        data: The document.
        file: Its name, for messages.

    Raises:
        ModelFileRefused: Broken XML, another namespace, an id missing or used twice, an unknown
            concept; names the line and the object.
        FileTooLarge: One of the limits in xml_in is passed.
    """
    data = admit(data, file=file)
    namespace, _, root = root_of(data, file=file).tag.rpartition("}")
    if root != "model" or namespace[1:] not in _VOCABULARIES:
        raise ModelFileRefused(
            f"its root is {root!r} in namespace {namespace[1:]!r}, which is not the Model Exchange "
            "File Format.",
            file=file,
            line=1,
            remedy=f"Export it as Model Exchange File Format 3 ({NAMESPACE_3}).",
        )
    dialect, words = _VOCABULARIES[namespace[1:]]
    return _Reader(file, dialect, words).read(data)


class _Reader:
    def __init__(self, file: str, dialect: Dialect, words: Any) -> None:
        self.file, self.dialect, self.words = file, dialect, words
        self.prefix = f"{{{words.namespace}}}"
        self.small = PartsReader(words)
        self.seen: dict[str, int] = {}
        self.model = Model(id="", dialect=dialect)

    def read(self, data: bytes) -> Model:
        take = {
            self.prefix + "element": ("elements", self.element),
            self.prefix + "relationship": ("relationships", self.relationship),
            self.prefix + "view": ("diagrams" if self.words is WORDS_3 else "views", self.view),
        }
        document = Document(data, file=self.file, events=("end",), tags=take)
        for _, element in document:
            container, method = take[element.tag]
            parent = element.getparent()
            if parent is not None and parent.tag == self.prefix + container:
                method(element)
                element.clear(keep_tail=True)
        self.whole_model(document.root)
        return self.model

    # ---- Objects ----------------------------------------------------------------------------

    def element(self, xml: Any) -> None:
        attributes = dict(xml.items())
        found = attributes.get(XSI_TYPE, "")
        spelled = found.rpartition(":")[2]
        concept = CONCEPT_OF_TYPE.get(spelled)
        thing = self.identify(xml, attributes)
        if concept is None:
            self.refuse(xml, f"ArchiMate has no element called {spelled!r}.", thing)
        if concept == spelled or self.dialect is Dialect.EXCHANGE_2:
            del attributes[XSI_TYPE]
        parts = self.parts(xml, attributes)
        self.model.elements[thing] = Element(
            id=thing,
            concept=concept,
            names=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            residue=parts.left.residue(self.dialect),
            line=xml.sourceline,
        )

    def relationship(self, xml: Any) -> None:
        attributes = dict(xml.items())
        spelled = attributes.get(XSI_TYPE, "").rpartition(":")[2]
        kind = KIND_OF_TYPE.get(spelled)
        thing = self.identify(xml, attributes)
        if kind is None:
            self.refuse(xml, f"ArchiMate has no relationship called {spelled!r}.", thing)
        if kind.title() == spelled or self.dialect is Dialect.EXCHANGE_2:
            del attributes[XSI_TYPE]
        ends = attributes.pop("source", None), attributes.pop("target", None)
        if not (ends[0] and ends[1]):
            self.refuse(xml, "the relationship lacks its source or its target.", thing)
        access = attributes.get("accessType")
        if access in ACCESS_TYPES:
            del attributes["accessType"]
        directed = attributes.get("isDirected")
        if directed in {"true", "false"}:
            del attributes["isDirected"]
        strength = attributes.pop("modifier", None)
        parts = self.parts(xml, attributes)
        self.model.relationships[thing] = Relationship(
            id=thing,
            kind=kind,
            source=intern(ends[0]),
            target=intern(ends[1]),
            access=access if access in ACCESS_TYPES else None,
            directed={"true": True, "1": True, "false": False, "0": False}.get(directed or ""),
            strength=strength,
            names=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            residue=parts.left.residue(self.dialect),
            line=xml.sourceline,
        )

    def view(self, xml: Any) -> None:
        attributes = dict(xml.items())
        thing = self.identify(xml, attributes)
        if attributes.get(XSI_TYPE) == "Diagram":
            del attributes[XSI_TYPE]
        viewpoint = attributes.pop("viewpoint", None)
        viewpoint_ref = attributes.pop("viewpointRef", None)
        parts = self.parts(xml, attributes, frozenset({"node", "connection"}))
        view = View(
            id=thing,
            viewpoint=viewpoint,
            viewpoint_ref=viewpoint_ref,
            names=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            residue=parts.left.residue(self.dialect),
            line=xml.sourceline,
        )
        for tag, child in parts.others:
            if tag == "node":
                view.nodes.append(self.node(child))
            else:
                view.connections.append(self.connection(child))
        self.model.views[thing] = view

    def node(self, xml: Any) -> Node:
        attributes = dict(xml.items())
        thing = self.identify(xml, attributes)
        element = take(attributes, self.words.element_ref)
        kind = self.kind_of(attributes, NODE_KINDS, "element" if element else "note")
        sizes = {}
        for key in "xywh":
            sizes[key] = whole(attributes.get(key))
            if sizes[key] is not None:
                del attributes[key]
        parts = self.parts(xml, attributes, _NODE_PARTS, name_tag="label")
        node = Node(
            id=thing,
            kind=kind,
            element=intern(element) if element else None,
            x=sizes["x"],
            y=sizes["y"],
            width=sizes["w"],
            height=sizes["h"],
            labels=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            line=xml.sourceline,
        )
        for tag, child in parts.others:
            if tag == "node":
                node.children.append(self.node(child))
            else:
                self.looks(node, tag, child, parts, xml)
        if node.kind == "note" and node.views:
            node.kind = "view"
        node.residue = parts.left.residue(self.dialect)
        return node

    def connection(self, xml: Any) -> Connection:
        attributes = dict(xml.items())
        thing = self.identify(xml, attributes)
        relationship = take(attributes, self.words.relationship_ref)
        kind = self.kind_of(
            attributes, CONNECTION_KINDS, "relationship" if relationship else "line"
        )
        source, target = take(attributes, "source"), take(attributes, "target")
        parts = self.parts(xml, attributes, _CONNECTION_PARTS, name_tag="label")
        connection = Connection(
            id=thing,
            kind=kind,
            relationship=intern(relationship) if relationship else None,
            source=source,
            target=target,
            labels=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            line=xml.sourceline,
        )
        for tag, child in parts.others:
            if tag in {"style", "viewRef"}:
                self.looks(connection, tag, child, parts, xml)
                continue
            place = point(child)
            twice = tag == "sourceAttachment" and connection.source_attachment is not None
            twice |= tag == "targetAttachment" and connection.target_attachment is not None
            if place is None or twice:
                self.small.keep(parts, xml, tag)
            elif tag == "bendpoint":
                connection.bendpoints += (place,)
            elif tag == "sourceAttachment":
                connection.source_attachment = place
            else:
                connection.target_attachment = place
        connection.residue = parts.left.residue(self.dialect)
        return connection

    def looks(self, drawn: Node | Connection, tag: str, xml: Any, parts: Parts, owner: Any) -> None:
        """Take over a style or a link to a view."""
        if tag == "style":
            twice, drawn.style = drawn.style is not None, self.small.style(xml)
            if drawn.style is None or twice:
                self.small.keep(parts, owner, tag)
        elif xml.keys() == ["ref"] and not len(xml):
            drawn.views += (xml.get("ref"),)
        else:
            self.small.keep(parts, owner, tag)

    # ---- The rest of the model ----------------------------------------------------------------

    def whole_model(self, root: Any) -> None:
        model, words = self.model, self.words
        attributes = dict(root.items())
        model.id, model.line = self.identify(root, attributes), root.sourceline
        model.version = attributes.pop("version", None)
        parts = self.parts(
            root,
            attributes,
            _MODEL_PARTS | {words.organizations, words.definitions},
            name_tag="name",
        )
        model.names, model.documentation = parts.names, parts.documentation
        model.properties = parts.properties
        for tag, child in parts.others:
            if tag == "metadata":
                model.metadata = raw(child)
            elif tag == words.organizations:
                self.leftovers(parts, child, f"organizations{len(model.trees)}", {"item"})
                model.trees.append([self.item(i) for i in child if i.tag == self.prefix + "item"])
            elif tag == words.definitions:
                self.definitions(child, parts)
            elif tag == "views":
                self.views(child, parts)
            else:
                self.leftovers(parts, child, tag, {tag.removesuffix("s")})
        model.residue = parts.left.residue(self.dialect)

    def views(self, xml: Any, parts: Parts) -> None:
        known = {"viewpoints", "diagrams"} if self.words is WORDS_3 else {"view"}
        self.leftovers(parts, xml, "views", known)
        for child in xml:
            if child.tag == self.prefix + "viewpoints":
                self.model.viewpoints = raw(child)
            elif child.tag == self.prefix + "diagrams":
                self.leftovers(parts, child, "diagrams", {"view"})

    def leftovers(self, parts: Parts, xml: Any, container: str, known: set[str]) -> None:
        """Keep what stands in a list besides its known members."""
        for key, value in xml.items():
            parts.left.attributes.append((f"{container}@{key}", value))
        tags = {self.prefix + tag for tag in known}
        for child in xml:
            if child.tag not in tags:
                parts.left.keep(f"{container}/", child)

    def definitions(self, xml: Any, model_parts: Parts) -> None:
        self.leftovers(model_parts, xml, "propertyDefinitions", {self.words.definition})
        for child in xml.findall(self.prefix + self.words.definition):
            attributes = dict(child.items())
            thing = self.identify(child, attributes)
            kind = take(attributes, "type") or ""
            named = () if self.words is WORDS_3 else (Text(attributes.pop("name", "")),)
            parts = self.parts(child, attributes, name_tag="name")
            self.model.property_definitions[thing] = PropertyDefinition(
                id=intern(thing),
                names=parts.names or named,
                documentation=parts.documentation,
                properties=parts.properties,
                type=kind,
                residue=parts.left.residue(self.dialect),
                line=child.sourceline,
            )

    def item(self, xml: Any) -> Folder | str:
        attributes = dict(xml.items())
        ref = take(attributes, self.words.item_ref)
        if ref and not attributes and not len(xml):
            return str(ref)
        folder_id = attributes.get("identifier", "")
        if folder_id:
            self.identify(xml, attributes)
        parts = self.parts(xml, attributes, frozenset({"item"}), name_tag="label")
        return Folder(
            id=folder_id,
            ref=ref,
            names=parts.names,
            documentation=parts.documentation,
            properties=parts.properties,
            items=[self.item(child) for _, child in parts.others],
            residue=parts.left.residue(self.dialect),
            line=xml.sourceline,
        )

    # ---- Help -----------------------------------------------------------------------------------

    def parts(
        self,
        xml: Any,
        attributes: Mapping[str, str],
        others: frozenset[str] = _NOTHING,
        *,
        name_tag: str | None = None,
    ) -> Parts:
        parts = self.small.parts(xml, name_tag or self.words.name, others)
        parts.left.attributes.extend(attributes.items())
        return parts

    def kind_of(self, attributes: dict[str, str], known: Mapping[str, str], else_: str) -> str:
        kind = known.get(attributes.get(XSI_TYPE, ""))
        if kind is not None:
            del attributes[XSI_TYPE]
        elif self.dialect is Dialect.EXCHANGE_2 and attributes.pop("type", None) == "group":
            return "group"
        return kind or else_

    def identify(self, xml: Any, attributes: dict[str, str]) -> str:
        """Take the id out of the attributes, and see that nothing else has it."""
        thing = attributes.pop("identifier", "")
        if not thing:
            self.refuse(xml, f"the {xml.tag.rpartition('}')[2]} has no identifier.", "")
        if thing in self.seen:
            first = self.seen[thing]
            self.refuse(xml, f"the identifier {thing!r} is taken already, on line {first}.", thing)
        self.seen[thing] = xml.sourceline
        return thing

    def refuse(self, xml: Any, what: str, thing: str) -> NoReturn:
        raise ModelFileRefused(what, file=self.file, line=xml.sourceline or 0, thing=thing)
