"""Compares two models fact by fact; used to prove that a way out and in again loses nothing.

Between two files of one format everything counts. Between formats only what both can hold does:
`SHARED` names it.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from msgspec import Struct, structs

from registry.landscape.exchange.compare_xml import DIFFERENCES_MAX, Difference
from registry.landscape.exchange.geometry import shift_into_view, size_of
from registry.landscape.exchange.model import (
    Connection,
    Dialect,
    Folder,
    Model,
    Node,
    Property,
    PropertyDefinition,
    Text,
    Thing,
    View,
)

_Facts = Iterator[tuple[str, Any]]


class Scope(Struct, frozen=True, kw_only=True):
    """What a comparison looks at.

    Args:
        same_dialect: Residues, specialisations, version, definition ids, how bendpoints are kept.
        languages: The language of each text; otherwise only the first text of several counts.
        order: Order of objects and within folders.
        styles: How things are drawn.
        folders: The folder tree; members count in any case with the names on their way.
        positions: Where things stand on views.
        identity: Turns an id into what is compared; formats differ in which ids they admit.
    """

    same_dialect: bool = True
    languages: bool = True
    order: bool = True
    styles: bool = True
    folders: bool = True
    positions: bool = True
    identity: Callable[[str], str] = str


EVERYTHING = Scope()


def differences(left: Model, right: Model, scope: Scope = EVERYTHING) -> list[Difference]:
    """Return where two models differ, at most DIFFERENCES_MAX places.

    Args:
        left: The one model.
        right: The other.
        scope: What to look at.
    """
    mine, theirs = dict(facts(left, scope)), dict(facts(right, scope))
    return list(islice(_apart(mine, theirs), DIFFERENCES_MAX))


def _apart(mine: dict[str, Any], theirs: dict[str, Any]) -> Iterator[Difference]:
    for where, value in mine.items():
        if where not in theirs:
            yield Difference(where, _short(value), "(missing)")
        elif theirs[where] != value:
            yield Difference(where, _short(value), _short(theirs[where]))
    for where, value in theirs.items():
        if where not in mine:
            yield Difference(where, "(missing)", _short(value))


def _short(value: Any) -> str:
    return repr(value)[:200]


def facts(model: Model, scope: Scope = EVERYTHING) -> _Facts:
    """Yield everything a model says, each with the place that says it."""
    return _Teller(model, scope).all()


class _Teller:
    def __init__(self, model: Model, scope: Scope) -> None:
        self.model, self.scope = model, scope
        self.id = scope.identity
        # Elsewhere a property is its name, and its definition's id is of our making.
        self.defined = scope.same_dialect and model.dialect is Dialect.EXCHANGE

    def definitions(self) -> Iterable[PropertyDefinition]:
        return self.model.property_definitions.values() if self.defined else ()

    def all(self) -> _Facts:
        model, scope = self.model, self.scope
        yield "model.id", self.id(model.id)
        yield from self.thing("model", model)
        if scope.same_dialect:
            yield "model.dialect", model.dialect
            yield "model.version", model.version
            yield "model.metadata", model.metadata
            yield "model.viewpoints", model.viewpoints
            yield "model.attachments", model.attachments
            for definition in self.definitions():
                yield f"definition[{definition.id}].type", definition.type
                yield from self.thing(f"definition[{definition.id}]", definition)
            for special in model.specialisations.values():
                yield f"specialisation[{special.id}].concept", special.concept
                yield from self.thing(f"specialisation[{special.id}]", special)
        yield from self.concepts()
        views = [view for view in model.views.values() if self.holds(view.id)]
        for view in views:
            yield from self.view(view)
        if scope.order:
            yield "model.elements", [self.id(key) for key in model.elements]
            yield "model.relationships", [self.id(key) for key in model.relationships]
            yield "model.views", [self.id(view.id) for view in views]
        if scope.folders:
            yield from self.folders()

    def holds(self, view: str) -> bool:
        """Tell whether both formats can hold a view; sketches are Archi's alone."""
        found = self.model.views.get(view)
        return self.scope.same_dialect or (found is not None and found.kind == "archimate")

    def concepts(self) -> _Facts:
        for element in self.model.elements.values():
            where = f"element[{self.id(element.id)}]"
            yield f"{where}.concept", element.concept
            if self.scope.same_dialect:
                yield f"{where}.specialisations", element.specialisations
            yield from self.thing(where, element)
        for one in self.model.relationships.values():
            where = f"relationship[{self.id(one.id)}]"
            yield f"{where}.kind", one.kind
            yield f"{where}.ends", (self.id(one.source), self.id(one.target))
            access = one.access if self.scope.same_dialect else one.access or "Access"
            yield f"{where}.access", access if one.kind == "access" else one.access
            yield f"{where}.strength", one.strength
            directed = one.directed if self.scope.same_dialect else bool(one.directed)
            yield f"{where}.directed", directed
            if self.scope.same_dialect:
                yield f"{where}.specialisations", one.specialisations
            yield from self.thing(where, one)

    def thing(self, where: str, thing: Thing | Node | Connection) -> _Facts:
        names = thing.names if isinstance(thing, Thing) else thing.labels
        yield f"{where}.names", self.texts(names)
        yield f"{where}.documentation", self.texts(thing.documentation)
        yield f"{where}.properties", self.properties(thing.properties)
        if self.scope.same_dialect:
            yield f"{where}.residue", thing.residue and structs.astuple(thing.residue)

    def texts(self, texts: Iterable[Text]) -> Any:
        if self.scope.languages:
            return [(text.text, text.language) for text in texts]
        return next((text.text for text in texts), "")

    def properties(self, properties: Iterable[Property]) -> list[Any]:
        return [
            (
                item.definition if self.defined else self.model.property_name(item.definition),
                self.texts(item.values),
            )
            for item in properties
        ]

    # ---- Views and folders ----------------------------------------------------------------------

    def view(self, view: View) -> _Facts:
        where = f"view[{self.id(view.id)}]"
        yield f"{where}.kind", view.kind
        yield f"{where}.viewpoint", view.viewpoint
        yield from self.thing(where, view)
        moved = (0, 0) if self.scope.same_dialect else shift_into_view(view)
        yield from self.nodes(where, view.nodes, moved)
        if self.scope.order:
            yield f"{where}.connections", [self.id(line.id) for line in view.connections]
        for line in view.connections:
            yield from self.connection(line, moved)

    def nodes(self, parent: str, nodes: list[Node], moved: tuple[int, int]) -> _Facts:
        yield f"{parent}.nodes", [self.id(node.id) for node in nodes]
        for node in nodes:
            where = f"node[{self.id(node.id)}]"
            views = [view for view in node.views if self.holds(view)]
            lost = node.kind == "view" and not views
            yield f"{where}.kind", "note" if lost else node.kind
            yield f"{where}.views", [self.id(view) for view in views]
            yield f"{where}.element", node.element and self.id(node.element)
            if self.scope.positions:
                x, y = (node.x or 0) + moved[0], (node.y or 0) + moved[1]
                exact = self.scope.same_dialect
                size = (node.width, node.height) if exact else size_of(node)
                yield f"{where}.place", (x, y, *size)
            yield from self.drawn(where, node)
            yield from self.nodes(where, node.children, moved)

    def connection(self, line: Connection, moved: tuple[int, int]) -> _Facts:
        where = f"connection[{self.id(line.id)}]"
        yield f"{where}.kind", line.kind
        yield f"{where}.relationship", line.relationship and self.id(line.relationship)
        yield f"{where}.ends", (self.id(line.source or ""), self.id(line.target or ""))
        if self.scope.positions:
            points = [(x + moved[0], y + moved[1]) for x, y in line.bendpoints]
            yield f"{where}.bendpoints", points
        if self.scope.same_dialect:
            yield f"{where}.offsets", line.offsets
            yield f"{where}.attachments", (line.source_attachment, line.target_attachment)
            yield f"{where}.views", line.views
        yield from self.drawn(where, line)

    def drawn(self, where: str, drawn: Node | Connection) -> _Facts:
        if self.scope.styles:
            yield f"{where}.style", drawn.style and structs.astuple(drawn.style)
        if self.scope.same_dialect:
            yield from self.thing(where, drawn)
        else:
            yield f"{where}.labels", self.texts(drawn.labels)
            yield f"{where}.documentation", self.texts(drawn.documentation)

    def folders(self) -> _Facts:
        hidden = {view for view in self.model.views if not self.holds(view)}
        if self.scope.same_dialect:
            yield "model.trees", [self.members(tree) for tree in self.model.trees]
            return
        for number, (path, folder) in enumerate(self.model.folders()):
            members = [self.id(i) for i in folder.items if isinstance(i, str) and i not in hidden]
            place = f"{number}: " if self.scope.order else f"{sorted(members)[:1]} "
            yield (
                f"folder[{place}{' / '.join(path)}]",
                members if self.scope.order else sorted(members),
            )

    def folder(self, item: Folder | str) -> Any:
        if isinstance(item, str):
            return item
        head = list(self.thing("folder", item))
        return (item.id, item.kind, item.ref, head, self.members(item.items))

    def members(self, items: list[Folder | str]) -> list[Any]:
        members = [self.folder(item) for item in items]
        return members if self.scope.order else sorted(members, key=repr)


def shared_scope(identity: Callable[[str], str], **changes: Any) -> Scope:
    """Return the scope of what Archi's formats and the exchange format can both hold."""
    scope = Scope(same_dialect=False, languages=False, identity=identity)
    return structs.replace(scope, **changes)


__all__ = ["EVERYTHING", "Scope", "differences", "facts", "shared_scope"]
