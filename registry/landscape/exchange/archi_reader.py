"""Reads Archi's own file (.archimate) into a model."""

from sys import intern
from typing import Any, NoReturn

from registry.landscape.exchange import archi
from registry.landscape.exchange.geometry import points_of_offsets
from registry.landscape.exchange.model import (
    Connection,
    Dialect,
    Element,
    Folder,
    Model,
    Node,
    Property,
    PropertyDefinition,
    Relationship,
    Specialisation,
    Text,
    View,
)
from registry.landscape.exchange.opengroup import CONCEPT_OF_TYPE, JUNCTIONS, KIND_OF_TYPE
from registry.landscape.exchange.refusals import ModelFileRefused
from registry.landscape.exchange.xml_in import (
    XSI_TYPE,
    Document,
    Leftovers,
    admit,
    local,
    plain_text,
    raw,
    root_of,
    take,
    whole,
)

_ARCHI = Dialect.ARCHI
_OFFSETS = ("startX", "startY", "endX", "endY")


def read_archi(data: bytes, *, file: str = "the model") -> Model:
    """Read an .archimate file.

    Raises:
        ModelFileRefused: Broken XML, not Archi's format, an id missing or used twice, an unknown
            concept; names the line and the object.
        FileTooLarge: One of the limits in xml_in is passed.
    """
    data = admit(data, file=file)
    root = root_of(data, file=file)
    if root.tag != f"{{{archi.NAMESPACE}}}model":
        raise ModelFileRefused(f"its root is {root.tag!r}, not an Archi model.", file=file, line=1)
    reader = ArchiReader(file)
    document = Document(data, file=file, events=("start", "end"), tags=("folder", "element"))
    for event, xml in document:
        above = xml.getparent()
        is_folder = xml.tag == "folder"
        if above.tag != "folder" and not (is_folder and above.tag == root.tag):
            continue
        if event == "start":
            if is_folder:
                reader.open_folder(xml)
            continue
        if is_folder:
            reader.close_folder(xml)
        else:
            reader.member(xml)
        xml.clear(keep_tail=True)
    reader.whole_model(document.root)
    return reader.model


class ArchiReader:
    """Reads Archi's objects one by one; a coArchi folder feeds it the same objects from files."""

    def __init__(self, file: str, *, many_files: bool = False) -> None:
        self.file = file
        self.many_files = many_files
        self.model = Model(id="", dialect=_ARCHI, trees=[[]])
        self._seen: dict[str, str] = {}
        self._open: list[Folder] = []
        self._definitions: dict[str, str] = {}
        self._targets: dict[str, str] = {}

    # ---- Folders ------------------------------------------------------------------------------

    def open_folder(self, xml: Any) -> Folder:
        """Begin a folder inside the one open now."""
        attributes = dict(xml.items())
        name = attributes.pop("name", None)
        folder = Folder(
            id=self._identify(xml, attributes),
            kind=attributes.pop("type", None),
            names=() if name is None else (Text(name),),
            line=self._line(xml),
        )
        left = Leftovers()
        left.attributes.extend(attributes.items())
        folder.residue = left.residue(_ARCHI)
        inside = self._open[-1].items if self._open else self.model.trees[0]
        inside.append(folder)
        self._open.append(folder)
        return folder

    def close_folder(self, xml: Any) -> None:
        """End the open folder; by now the XML says all about it."""
        folder = self._open.pop()
        left = Leftovers()
        if folder.residue is not None:
            left.attributes.extend(folder.residue.attributes)
        self._head(xml, folder, left, {"folder", "element"})
        folder.residue = left.residue(_ARCHI)

    def member(self, xml: Any) -> None:
        """Read an element, a relationship or a view, and put it into the open folder."""
        attributes = dict(xml.items())
        thing = self._identify(xml, attributes)
        spelled = attributes.get(XSI_TYPE, "").rpartition(":")[2]
        if spelled in archi.VIEW_KINDS:
            self._view(xml, attributes, thing, spelled)
        elif spelled in KIND_OF_TYPE:
            self._relationship(xml, attributes, thing, spelled)
        elif spelled in CONCEPT_OF_TYPE:
            self._element(xml, attributes, thing, spelled)
        else:
            self._refuse(xml, f"Archi has no object called {spelled!r}.", thing)
        self._open[-1].items.append(thing)

    def whole_model(self, xml: Any) -> None:
        """Read what a model says about itself; to be called last."""
        model = self.model
        attributes = dict(xml.items())
        model.id, model.line = self._identify(xml, attributes), self._line(xml)
        left = Leftovers()
        name = attributes.pop("name", None)
        left.attributes.extend(attributes.items())
        for child in xml.findall("profile"):
            said = dict(child.items())
            profile = Specialisation(
                id=self._identify(child, said),
                concept=said.pop("conceptType", None),
                names=_named(said.pop("name", None)),
                line=self._line(child),
            )
            rest = Leftovers()
            rest.attributes.extend(said.items())
            rest.children.extend(("", raw(inner)) for inner in child)
            profile.residue = rest.residue(_ARCHI)
            model.specialisations[profile.id] = profile
        self._head(xml, model, left, {"folder", "profile"}, words="purpose")
        model.names = _named(name)
        model.residue = left.residue(_ARCHI)

    # ---- Concepts -----------------------------------------------------------------------------

    def _element(self, xml: Any, attributes: dict[str, str], thing: str, spelled: str) -> None:
        concept = CONCEPT_OF_TYPE[spelled]
        if concept in JUNCTIONS:
            if spelled == "Junction" and attributes.get("type") in {None, "or"}:
                del attributes[XSI_TYPE]
                concept = "OrJunction" if attributes.pop("type", None) else concept
        elif concept == spelled:
            del attributes[XSI_TYPE]
        element = Element(id=thing, concept=concept, line=self._line(xml))
        self._concept(xml, attributes, element)
        self.model.elements[thing] = element

    def _relationship(self, xml: Any, attributes: dict[str, str], thing: str, spelled: str) -> None:
        kind = KIND_OF_TYPE[spelled]
        if spelled == f"{kind.title()}Relationship":
            del attributes[XSI_TYPE]
        ends = attributes.pop("source", None), attributes.pop("target", None)
        if not (ends[0] and ends[1]):
            self._refuse(xml, "the relationship lacks its source or its target.", thing)
        relationship = Relationship(
            id=thing,
            kind=kind,
            source=intern(ends[0]),
            target=intern(ends[1]),
            strength=attributes.pop("strength", None),
            line=self._line(xml),
        )
        if kind == "access":
            way: Any = archi.ACCESS_OF_CODE.get(attributes.get("accessType"))
            relationship.access = way
            if way is not None:
                attributes.pop("accessType", None)
        if attributes.get("directed") in {"true", "false"}:
            relationship.directed = attributes.pop("directed") == "true"
        self._concept(xml, attributes, relationship)
        self.model.relationships[thing] = relationship

    def _concept(
        self, xml: Any, attributes: dict[str, str], concept: Element | Relationship
    ) -> None:
        concept.names = _named(attributes.pop("name", None))
        concept.specialisations = tuple((take(attributes, "profiles") or "").split())
        left = Leftovers()
        left.attributes.extend(attributes.items())
        self._head(xml, concept, left, set())
        concept.residue = left.residue(_ARCHI)

    # ---- Views --------------------------------------------------------------------------------

    def _view(self, xml: Any, attributes: dict[str, str], thing: str, spelled: str) -> None:
        del attributes[XSI_TYPE]
        viewpoint = take(attributes, "viewpoint")
        view = View(
            id=thing,
            kind=archi.VIEW_KINDS[spelled],
            viewpoint=None if viewpoint is None else archi.VIEWPOINTS.get(viewpoint, viewpoint),
            names=_named(attributes.pop("name", None)),
            line=self._line(xml),
        )
        left = Leftovers()
        left.attributes.extend(attributes.items())
        self._targets = {}
        for child in self._head(xml, view, left, {"child"}):
            view.nodes.append(self._node(child, view, 0, 0))
        view.residue = left.residue(_ARCHI)
        points_of_offsets(view)
        self._keep_unusual_order(view)
        self.model.views[thing] = view

    def _node(self, xml: Any, view: View, left_edge: int, top: int) -> Node:
        attributes = dict(xml.items())
        thing = self._identify(xml, attributes)
        kind = self._node_kind(attributes)
        element = take(attributes, "archimateElement")
        linked = take(attributes, "model")
        label = None if kind == "note" else attributes.pop("name", None)
        node = Node(
            id=thing,
            kind=kind,
            element=intern(element) if element else None,
            labels=_named(label),
            views=(linked,) if linked else (),
            style=archi.style_of(attributes),
            line=self._line(xml),
        )
        self._note_targets(thing, attributes)
        left = Leftovers()
        left.attributes.extend(attributes.items())
        inner = []
        taken = {"bounds", "sourceConnection", "child"} | ({"content"} if kind == "note" else set())
        for child in self._head(xml, node, left, taken):
            tag = child.tag
            if tag == "bounds":
                self._bounds(child, node, left, left_edge, top)
            elif tag == "content":
                text = plain_text(child)
                node.labels = (text or Text("".join(child.itertext())),)
                if text is None:
                    left.keep_once("content", raw(child))
            elif tag == "child":
                inner.append(child)
            else:
                self._connection(child, view)
        node.children = [self._node(child, view, node.x or 0, node.y or 0) for child in inner]
        node.residue = left.residue(_ARCHI)
        return node

    def _node_kind(self, attributes: dict[str, str]) -> str:
        spelled = attributes.get(XSI_TYPE, "").rpartition(":")[2]
        kind = archi.NODE_KINDS.get(spelled, spelled)
        if archi.NODE_TYPES.get(kind, kind) == spelled:
            attributes.pop(XSI_TYPE, None)
        return kind

    def _bounds(self, xml: Any, node: Node, left: Leftovers, left_edge: int, top: int) -> None:
        said = {key: whole(value) for key, value in xml.items()}
        if None in said.values() or not said.keys() <= {"x", "y", "width", "height"} or len(xml):
            left.keep_once("bounds", raw(xml))
        node.x = left_edge + (said.get("x") or 0)
        node.y = top + (said.get("y") or 0)
        node.width, node.height = said.get("width"), said.get("height")

    def _connection(self, xml: Any, view: View) -> None:
        attributes = dict(xml.items())
        thing = self._identify(xml, attributes)
        relationship = take(attributes, "archimateRelationship")
        source, target = attributes.pop("source", None), attributes.pop("target", None)
        if source != xml.getparent().get("id"):
            self._refuse(xml, f"the connection lies in another object than {source!r}.", thing)
        if relationship and attributes.get(XSI_TYPE) == archi.PREFIX + archi.CONNECTION_TYPE:
            del attributes[XSI_TYPE]
        connection = Connection(
            id=thing,
            kind="relationship" if relationship else "line",
            relationship=intern(relationship) if relationship else None,
            source=source,
            target=target,
            labels=_named(attributes.pop("name", None)),
            style=archi.style_of(attributes),
            line=self._line(xml),
        )
        view.connections.append(connection)
        self._note_targets(thing, attributes)
        left = Leftovers()
        left.attributes.extend(attributes.items())
        offsets = []
        for child in self._head(xml, connection, left, {"bendpoint", "sourceConnection"}):
            if child.tag == "sourceConnection":
                self._connection(child, view)
                continue
            said = {key: whole(value) for key, value in child.items()}
            if None in said.values() or not said.keys() <= set(_OFFSETS) or len(child):
                self._refuse(child, "a bendpoint says more than four whole numbers.", thing)
            offsets.append([said.get(key) or 0 for key in _OFFSETS])
        connection.offsets = tuple((a, b, c, d) for a, b, c, d in offsets)
        connection.residue = left.residue(_ARCHI)

    def _note_targets(self, thing: str, attributes: dict[str, str]) -> None:
        targets = attributes.pop("targetConnections", None)
        if targets is not None:
            self._targets[thing] = targets

    def _keep_unusual_order(self, view: View) -> None:
        """Keep an object's list of arriving connections where ours would be in another order."""
        arriving: dict[str, list[str]] = {}
        for connection in view.connections:
            arriving.setdefault(connection.target or "", []).append(connection.id)
        everything: list[Node | Connection] = [*view.all_nodes(), *view.connections]
        for drawn in everything:
            said = self._targets.get(drawn.id)
            if said is None or said.split() == arriving.get(drawn.id):
                continue
            left = Leftovers()
            if drawn.residue is not None:
                left.attributes.extend(drawn.residue.attributes)
                left.children.extend(drawn.residue.children)
                left.verbatim.extend(drawn.residue.verbatim)
            left.attributes.append(("@targetConnections", said))
            drawn.residue = left.residue(_ARCHI)

    # ---- Parts --------------------------------------------------------------------------------

    def _head(
        self, xml: Any, thing: Any, left: Leftovers, others: set[str], words: str = "documentation"
    ) -> list[Any]:
        """Read documentation and properties; return the children called `others`."""
        documentation: list[Text] = []
        properties: list[Property] = []
        rest: list[Any] = []
        odd: set[str] = set()
        for child in xml:
            tag = child.tag
            if tag == words:
                text = plain_text(child)
                odd |= {tag} if text is None or documentation else set()
                documentation.append(text or Text("".join(child.itertext())))
            elif tag == "property":
                odd |= {tag} if len(child) or set(child.keys()) - {"key", "value"} else set()
                definition = self._definition(child.get("key", ""))
                properties.append(Property(definition, (Text(child.get("value", "")),)))
            elif tag in others:
                rest.append(child)
            else:
                left.keep("", child)
        for tag in ("bounds", "content"):
            odd |= {tag} if sum(child.tag == tag for child in rest) > 1 else set()
        for tag in sorted(odd):
            group = [raw(child) for child in xml if child.tag == tag]
            left.verbatim.append((tag, "\n".join(group)))
        thing.documentation, thing.properties = tuple(documentation), tuple(properties)
        return rest

    def _definition(self, key: str) -> str:
        found = self._definitions.get(key)
        if found is None:
            found = self._definitions[key] = f"propid-{len(self._definitions) + 1}"
            self.model.property_definitions[found] = PropertyDefinition(
                id=found, names=(Text(key),)
            )
        return found

    def _identify(self, xml: Any, attributes: dict[str, str]) -> str:
        thing = attributes.pop("id", "")
        if not thing:
            self._refuse(xml, f"the {local(xml.tag)} has no id.", "")
        if thing in self._seen:
            first = self._seen[thing]
            self._refuse(xml, f"the id {thing!r} is taken already, in {first}.", thing)
        self._seen[thing] = self.file if self.many_files else f"line {xml.sourceline}"
        return thing

    def _line(self, xml: Any) -> int:
        """Return the line to remember; where every object is a file, its id says enough."""
        return 0 if self.many_files else xml.sourceline or 0

    def _refuse(self, xml: Any, what: str, thing: str) -> NoReturn:
        raise ModelFileRefused(what, file=self.file, line=xml.sourceline or 0, thing=thing)


def _named(name: str | None) -> tuple[Text, ...]:
    return () if name is None else (Text(name),)
