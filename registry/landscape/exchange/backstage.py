"""Reads Backstage's catalog-info.yaml into a model.

Components, APIs, resources, systems, domains and groups become elements; what they say about each
other becomes relationships. Users, templates and locations stay out: people are not landscape.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from msgspec import Struct

from registry.landscape.exchange.check import Finding
from registry.landscape.exchange.model import (
    Dialect,
    Element,
    Model,
    Property,
    Relationship,
    Text,
)
from registry.landscape.exchange.municipal import define, kind_property
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused
from registry.landscape.metamodel import concept_of
from schemas.landscape_kinds import RelationshipKind

YAML_BYTES_MAX = 5_000_000  # a catalogue of 10,000 entities
ENTITIES_MAX = 50_000
YAML_DEPTH_MAX = 50  # entities nest five deep

# What an entity is in our words.
_KINDS: Mapping[str, str] = {
    "api": "interface",
    "component": "system",
    "domain": "domain",
    "group": "organisation",
    "resource": "node",
    "system": "grouping",
}
_IGNORED = {"user", "template", "location"}
_DATA_RESOURCES = {"database", "dataset", "data-set", "data"}


class _Tie(Struct, frozen=True):
    """What a field of spec means: a relationship, which way round, and the kind it leads to."""

    kind: RelationshipKind
    default_kind: str
    reverse: bool
    name: str = ""


_TIES: Mapping[str, _Tie] = {
    "consumesApis": _Tie(RelationshipKind.SERVING, "api", reverse=True),
    "dependsOn": _Tie(RelationshipKind.ASSOCIATION, "component", reverse=False, name="depends on"),
    "domain": _Tie(RelationshipKind.AGGREGATION, "domain", reverse=True),
    "owner": _Tie(RelationshipKind.ASSOCIATION, "group", reverse=True, name="owns"),
    "parent": _Tie(RelationshipKind.COMPOSITION, "group", reverse=True),
    "providesApis": _Tie(RelationshipKind.COMPOSITION, "api", reverse=False),
    "subcomponentOf": _Tie(RelationshipKind.COMPOSITION, "component", reverse=True),
    "subdomainOf": _Tie(RelationshipKind.AGGREGATION, "domain", reverse=True),
    "system": _Tie(RelationshipKind.AGGREGATION, "system", reverse=True),
}


# The C parser is ten times faster; a Python built without it has only the other.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_backstage(data: bytes, *, file: str = "catalog-info.yaml") -> tuple[Model, list[Finding]]:
    """Read one file of entities.

    Returns:
        The model, and a finding for each reference that leads out of the file and each entity of
        a kind nobody knows.

    Raises:
        ModelFileRefused: Broken YAML, an alias, an entity without kind or name, one twice, or
            none that is known.
        FileTooLarge: One of the limits above is passed.
    """
    if len(data) > YAML_BYTES_MAX:
        raise FileTooLarge(f"it has {len(data):,} bytes.", file=file)
    reader = _Reader(file)
    for line, entity in _documents(data, file):
        reader.entity(line, entity)
    if reader.findings and not reader.model.elements:
        first = reader.findings[0]
        what = f"no entity is of a kind of Backstage's own; {first.thing} is the first."
        raise ModelFileRefused(what, file=file, line=first.line, thing=first.thing)
    return reader.model, [*reader.findings, *reader.ties()]


def _documents(data: bytes, file: str) -> Iterator[tuple[int, Any]]:
    """Yield every document with its first line."""
    try:
        _admit(data, file)
        nodes = yaml.compose_all(data, Loader=_LOADER)
        values = yaml.load_all(data, Loader=_LOADER)
        for count, (node, value) in enumerate(zip(nodes, values, strict=True), 1):
            if count > ENTITIES_MAX:
                raise FileTooLarge(f"it has more than {ENTITIES_MAX:,} entities.", file=file)
            yield node.start_mark.line + 1, value
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ModelFileRefused(
            f"the YAML is broken: {error.problem}.", file=file, line=mark.line + 1 if mark else 0
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ModelFileRefused(f"the YAML is broken: {error}.", file=file) from error


def _admit(data: bytes, file: str) -> None:
    """Refuse aliases, by which ten lines can mean a billion values, and deep nesting."""
    depth = 0
    for event in yaml.parse(data, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise ModelFileRefused("aliases (*name) are not read.", file=file, line=line)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > YAML_DEPTH_MAX:
            raise FileTooLarge(f"it nests deeper than {YAML_DEPTH_MAX}.", file=file, line=line)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.model = Model(id="backstage", dialect=Dialect.BACKSTAGE)
        self.findings: list[Finding] = []
        self.specs: dict[str, tuple[int, str, dict[str, Any]]] = {}

    def entity(self, line: int, entity: Any) -> None:
        if entity is None:
            return
        entity = entity if isinstance(entity, dict) else {}
        said = entity.get("metadata")
        metadata: dict[str, Any] = said if isinstance(said, dict) else {}
        kind, name = str(entity.get("kind") or "").lower(), metadata.get("name")
        if not kind or not isinstance(name, str) or not name:
            raise ModelFileRefused(
                "an entity lacks its kind or its name.", file=self.file, line=line
            )
        if kind in _IGNORED:
            return
        if kind not in _KINDS:
            what = f"{name} is a {kind}, which is no kind of Backstage's own; it is left out."
            self.findings.append(Finding("unknown_kind", what, line, name))
            return
        namespace = str(metadata.get("namespace") or "default").lower()
        ref = f"{kind}:{namespace}/{name.lower()}"
        if ref in self.model.elements:
            first = self.model.elements[ref].line
            raise ModelFileRefused(
                f"{ref} stands on line {first} already.", file=self.file, line=line, thing=ref
            )
        spec = entity.get("spec")
        spec = spec if isinstance(spec, dict) else {}
        self.specs[ref] = (line, namespace, spec)
        self.model.elements[ref] = self.element(ref, kind, metadata, spec, line)

    def element(
        self, ref: str, kind: str, metadata: dict[str, Any], spec: dict[str, Any], line: int
    ) -> Element:
        ours = _KINDS[kind]
        if kind == "resource" and str(spec.get("type", "")).lower() in _DATA_RESOURCES:
            ours = "data_set"
        told = [("type", spec.get("type")), ("lifecycle", spec.get("lifecycle"))]
        tags = metadata.get("tags")
        told += [("tag", tag) for tag in tags] if isinstance(tags, list) else []
        for group in ("labels", "annotations"):
            values = metadata.get(group)
            told += sorted(values.items()) if isinstance(values, dict) else []
        name = metadata.get("title") or metadata["name"]
        description = metadata.get("description")
        return Element(
            id=ref,
            concept=concept_of(ours),
            names=(Text(str(name)),),
            documentation=(Text(str(description)),) if description else (),
            properties=(
                *kind_property(self.model, ours),
                *(
                    Property(define(self.model, str(key)), (Text(str(value)),))
                    for key, value in told
                    if value is not None
                ),
            ),
            line=line,
        )

    def ties(self) -> Iterator[Finding]:
        """Turn what entities say about each other into relationships."""
        for ref, (line, namespace, spec) in self.specs.items():
            for key, tie in _TIES.items():
                said = spec.get(key)
                for other in said if isinstance(said, list) else [said]:
                    if other is None:
                        continue
                    target = _reference(str(other), tie.default_kind, namespace)
                    if target in self.model.elements:
                        self.relate(key, tie, ref, target, line)
                    elif target.partition(":")[0] not in _IGNORED:
                        what = f"{ref} names {target} as its {key}, which is not in this file."
                        yield Finding("outside_reference", what, line, ref)

    def relate(self, key: str, tie: _Tie, ref: str, target: str, line: int) -> None:
        source, end = (target, ref) if tie.reverse else (ref, target)
        relationship = f"{ref}#{key}#{target}"
        self.model.relationships[relationship] = Relationship(
            id=relationship,
            kind=tie.kind,
            source=source,
            target=end,
            names=(Text(tie.name),) if tie.name else (),
            line=line,
        )


def _reference(text: str, default_kind: str, namespace: str) -> str:
    """Return an entity reference in full: kind:namespace/name."""
    kind, colon, rest = text.rpartition(":")
    space, slash, name = rest.rpartition("/")
    full_kind = kind.lower() if colon else default_kind
    full_space = space.lower() if slash else namespace
    return f"{full_kind}:{full_space}/{name.lower()}"
