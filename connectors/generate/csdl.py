"""Read the metadata of OData services (`$metadata`): which entity sets there are.

Version 4 becomes a connector of kind `odata`; version 2, which SAP and others still serve, one of
kind `rest`. Source: OASIS, OData 4.01 CSDL XML representation; Microsoft, [MC-CSDL] for version 2.
"""

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from connectors.generate.guesses import (
    SURE,
    WEAK,
    Guess,
    InferredInterface,
    InferredStream,
    InterfaceUnreadable,
)
from connectors.generate.lists import dotted, find_changed, find_key
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.sdk.retries import Hiccup
from connectors.sdk.xml_values import local_name, parse_xml
from schemas.errors import GiveUp

SETS_MAX = 2_000
"""The largest public service has 900 entity sets."""

BASES_MAX = 20
"""Types that build on each other; a longer chain is a circle."""

COMPLEX_DEPTH_MAX = 3
"""Complex types inside each other; a customer's address is one deep."""

_TYPES = {
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTime": {"type": "string", "format": "date-time"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Stream": {"type": "array"},
    **{f"Edm.{name}": {"type": "integer"} for name in ("Byte", "SByte", "Int16", "Int32", "Int64")},
    **{f"Edm.{name}": {"type": "number"} for name in ("Decimal", "Double", "Single")},
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


def read_metadata(content: bytes, *, name: str) -> InferredInterface:
    """Infer what a service lets a connector read.

    Raises:
        InterfaceUnreadable: It is no such document, or of a version we cannot read.
    """
    top = _parsed(content, name)
    version = _version(top)
    if version not in ("2", "4"):
        raise InterfaceUnreadable(f"{name} describes OData {version}; we read versions 2 and 4.")
    model = _Model(top, old=version == "2")
    streams, passed = list[InferredStream](), list[tuple[str, str]]()
    for entry in list(_each(top, "EntitySet"))[:SETS_MAX]:
        found = model.stream(entry)
        if isinstance(found, InferredStream):
            streams.append(found)
        else:
            passed.append((entry.get("Name", "?")[:100], found))
    return InferredInterface(
        kind="rest" if model.old else "odata",
        dialect=f"OData {version}",
        title=next((s.get("Namespace", "") for s in _each(top, "Schema")), "")[:200],
        address=None,
        auth=Guess({"type": "none"}, WEAK, "metadata does not say how to sign in"),
        streams=tuple(streams),
        passed_over=tuple(passed),
    )


def _parsed(content: bytes, name: str) -> etree._Element:
    try:
        top = parse_xml(content)
    except (GiveUp, Hiccup):
        raise InterfaceUnreadable(f"{name} is not XML, or damaged XML.") from None
    if local_name(top) == "Edmx":
        return top
    what = local_name(top)[:40]
    if what == "definitions":
        raise InterfaceUnreadable(
            f"{name} is a WSDL.",
            remedy="Write a file of kind `soap`: docs/reference/connector-file.md.",
        )
    raise InterfaceUnreadable(
        f"{name} is XML, but no metadata of OData: its first element is `{what}`."
    )


def _version(top: etree._Element) -> str:
    """Return the main number of the version of OData."""
    if top.get("Version", "").startswith("4"):
        return "4"
    services = next(_each(top, "DataServices"), None)
    told = [] if services is None else [
        value for name, value in services.attrib.items() if str(name).endswith("ServiceVersion")
    ]  # fmt: skip
    return "3" if any(str(value).startswith("3") for value in told) else "2"


def _each(top: etree._Element, name: str) -> Any:
    return (one for one in top.iter(etree.Element) if local_name(one) == name)


class _Model:
    """The types of a service, by their full names."""

    def __init__(self, top: etree._Element, *, old: bool) -> None:
        self.old = old
        self._types: dict[str, etree._Element] = {}
        for schema in _each(top, "Schema"):
            for prefix in {schema.get("Namespace"), schema.get("Alias")} - {None}:
                for kind in schema.iterchildren(etree.Element):
                    if local_name(kind) in ("EntityType", "ComplexType"):
                        self._types[f"{prefix}.{kind.get('Name')}"] = kind

    def stream(self, entry: etree._Element) -> InferredStream | str:
        """Return an entity set as a stream, or the reason why it is none."""
        name, kind = entry.get("Name", ""), entry.get("EntityType", "")
        if not _NAME.fullmatch(name) or kind not in self._types:
            return "its type is not described here"
        record, shapes = self._schema(kind, 0), Shapes({})
        keys = [
            ref.get("Name", "") for one in self._line(kind) for ref in _each(one, "PropertyRef")
        ]
        key = find_key(shapes, record, in_path=keys, owner=name)
        if len(keys) == 1:
            key = Guess(dotted(keys), SURE, f"`{keys[0]}` is the entity's key")
        elif keys:
            parts = ", ".join(f"text({dotted([one])})" for one in keys)
            key = Guess(f"join('|', {parts})", SURE, "the entity's key has several parts")
        place = f"/{name}"
        options: dict[str, Any] = {"set": place}
        paging: dict[str, Any] = {}
        if self.old:
            options = {"get": place, "parameters": {"$format": "json", "$inlinecount": "allpages"}}
            paging = {"type": "link", "next": "d.__next", "absent_means_end": True,
                      "total": "d.__count"}  # fmt: skip
        return InferredStream(
            name=name[:60],
            place=place,
            options=options,
            records=Guess("d.results" if self.old else "value", SURE, "as OData has it"),
            paging=Guess(paging, SURE, "as OData has it"),
            key=key,
            changed=find_changed(shapes, record),
            map=propose_map(shapes, record, owner=name),
            open_points=() if key else ("nothing looks like a key: write `key`",),
        )

    def _line(self, kind: str) -> list[etree._Element]:
        """Return a type and those it builds on, the oldest first."""
        line: list[etree._Element] = []
        for _ in range(BASES_MAX):
            found = self._types.get(kind)
            if found is None:
                break
            line.insert(0, found)
            kind = found.get("BaseType", "")
        return line

    def _schema(self, kind: str, depth: int) -> Mapping[str, Any]:
        """Write a type as JSON Schema, so that one set of rules judges all documents."""
        properties: dict[str, Any] = {}
        for one in self._line(kind):
            for found in one.iterchildren(etree.Element):
                if local_name(found) == "Property":
                    properties[found.get("Name", "")] = self._value(found.get("Type", ""), depth)
        return {"type": "object", "properties": properties}

    def _value(self, kind: str, depth: int) -> Mapping[str, Any]:
        if kind.startswith("Collection("):
            return {"type": "array", "items": self._value(kind[len("Collection(") : -1], depth)}
        if kind in self._types and depth < COMPLEX_DEPTH_MAX:
            return self._schema(kind, depth + 1)
        return _TYPES.get(kind, {"type": "string"})
