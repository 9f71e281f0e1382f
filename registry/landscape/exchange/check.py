"""Checks a model as a whole.

References that lead nowhere, folders within themselves, relationships ArchiMate does not allow.
"""

from collections.abc import Iterator

from msgspec import Struct

from registry.landscape.exchange.model import (
    Connection,
    Element,
    Folder,
    Model,
    Node,
    Property,
    Relationship,
)
from registry.landscape.exchange.opengroup import metamodel_concept
from registry.landscape.exchange.refusals import FAULTS_SHOWN_MAX, ModelFileRefused
from registry.landscape.metamodel import RELATIONSHIP, Strictness, allowed, refusal


class Finding(Struct, frozen=True):
    """One thing wrong with a model, with the line of the file that says it."""

    rule: str
    what: str
    line: int
    thing: str


def check(
    model: Model, *, file: str = "the model", strictness: Strictness = Strictness.WARN
) -> list[Finding]:
    """Check a model; what makes it unusable is refused, the rest comes back as findings.

    Args:
        model: The model as read.
        file: Its name, for messages.
        strictness: What to do about relationships ArchiMate does not allow.

    Returns:
        One finding per forbidden relationship, if strictness is warn.

    Raises:
        ModelFileRefused: A reference leads nowhere, folders contain each other, or strictness is
            strict and a relationship is forbidden; names the first and counts the rest.
    """
    _refuse([*dangling(model), *folder_cycles(model)], file)
    if strictness is Strictness.OFF:
        return []
    found = list(forbidden(model))
    if strictness is Strictness.STRICT:
        _refuse(found, file)
    return found


def _refuse(findings: list[Finding], file: str) -> None:
    if not findings:
        return
    first, more = findings[0], len(findings) - 1
    also = f" ({more} more of this sort, on lines {_lines(findings[1:])})" if more else ""
    raise ModelFileRefused(first.what + also, file=file, line=first.line, thing=first.thing)


def _lines(findings: list[Finding]) -> str:
    shown = ", ".join(str(finding.line) for finding in findings[:FAULTS_SHOWN_MAX])
    return shown + (" …" if len(findings) > FAULTS_SHOWN_MAX else "")


def forbidden(model: Model) -> Iterator[Finding]:
    """Yield the relationships that ArchiMate 3.2 does not allow."""
    concepts = {e.id: metamodel_concept(e.concept) for e in model.elements.values()}
    concepts.update(dict.fromkeys(model.relationships, RELATIONSHIP))
    for relationship in model.relationships.values():
        source, target = concepts.get(relationship.source), concepts.get(relationship.target)
        if source is None or target is None:
            continue
        if relationship.kind not in allowed(source, target):
            yield Finding(
                "relationship_not_allowed",
                f"relationship {relationship.id!r}: {refusal(relationship.kind, source, target)}",
                relationship.line,
                relationship.id,
            )


def dangling(model: Model) -> Iterator[Finding]:
    """Yield references to objects the model does not have."""
    concepts = model.elements.keys() | model.relationships.keys()
    for relationship in model.relationships.values():
        for end, ref in (("source", relationship.source), ("target", relationship.target)):
            if ref not in concepts:
                yield _nowhere("relationship", relationship.id, end, ref, relationship.line)
    concepts_of_all: list[Element | Relationship] = [
        *model.elements.values(),
        *model.relationships.values(),
    ]
    for concept in concepts_of_all:
        for ref in concept.specialisations:
            if ref not in model.specialisations:
                yield _nowhere("object", concept.id, "specialisation", ref, concept.line)
    for thing in (
        model,
        *model.elements.values(),
        *model.relationships.values(),
        *model.views.values(),
    ):
        yield from _properties(model, thing.id, thing.properties, thing.line)
    for view in model.views.values():
        nodes = list(view.all_nodes())
        drawn = {node.id for node in nodes} | {line.id for line in view.connections}
        for node in nodes:
            yield from _node(model, node)
        for connection in view.connections:
            yield from _connection(model, connection, drawn)
    yield from _folder_references(model)


def _nowhere(sort: str, thing: str, role: str, ref: str, line: int) -> Finding:
    what = f"{sort} {thing!r} names as its {role} {ref!r}, which is not in the model."
    return Finding("dangling_reference", what, line, thing)


def _properties(
    model: Model, thing: str, properties: tuple[Property, ...], line: int
) -> Iterator[Finding]:
    for item in properties:
        if item.definition not in model.property_definitions:
            yield _nowhere("object", thing, "property definition", item.definition, line)


def _node(model: Model, node: Node) -> Iterator[Finding]:
    if node.element is not None and node.element not in model.elements:
        yield _nowhere("node", node.id, "element", node.element, node.line)
    for view in node.views:
        if view not in model.views:
            yield _nowhere("node", node.id, "view", view, node.line)
    yield from _properties(model, node.id, node.properties, node.line)


def _connection(model: Model, line: Connection, drawn: set[str]) -> Iterator[Finding]:
    if line.relationship is not None and line.relationship not in model.relationships:
        yield _nowhere("connection", line.id, "relationship", line.relationship, line.line)
    for end, ref in (("source", line.source), ("target", line.target)):
        if ref is not None and ref not in drawn:
            yield _nowhere("connection", line.id, end, ref, line.line)
    yield from _properties(model, line.id, line.properties, line.line)


def _folder_references(model: Model) -> Iterator[Finding]:
    folders = {folder.id for _, folder in model.folders() if folder.id}
    known = model.elements.keys() | model.relationships.keys() | model.views.keys() | folders
    for _, folder in model.folders():
        refs = [item for item in folder.items if isinstance(item, str)]
        for ref in [*refs, *([folder.ref] if folder.ref else [])]:
            if ref not in known:
                yield _nowhere("folder", folder.id or folder.name, "member", ref, folder.line)


def folder_cycles(model: Model) -> Iterator[Finding]:
    """Yield folders that lie within themselves by way of references."""
    by_id = {folder.id: folder for _, folder in model.folders() if folder.id}
    inside = {key: {_folder_key(i) for i in f.items} & by_id.keys() for key, f in by_id.items()}
    done: set[str] = set()
    for start in by_id:
        trail: list[str] = []
        stack = [(start, False)]
        while stack:
            key, leaving = stack.pop()
            if leaving:
                trail.pop()
                done.add(key)
            elif key in trail:
                what = f"folder {key!r} lies within itself: {' > '.join([*trail, key])}."
                yield Finding("folder_cycle", what, by_id[key].line, key)
                return
            elif key not in done:
                trail.append(key)
                stack.append((key, True))
                stack.extend((child, False) for child in sorted(inside[key]))


def _folder_key(item: Folder | str) -> str:
    return item if isinstance(item, str) else (item.ref or item.id)
