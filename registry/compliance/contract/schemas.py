"""Compares two schemas: what a value may be now that it could not be before, and the reverse.

A pair of schemas is compared once for requests and once for responses, however many operations
use it; the result is a list of changes relative to the schema, which operations then place.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from registry.compliance.contract.operations import Contract, as_object

DEPTH_MAX = 60  # properties within properties; deeper ones are not told apart by anybody
CHANGES_MAX = 5_000  # of one pair of schemas; more means that everything changed
_LIMITS = {
    "maximum": "max", "minimum": "min", "maxLength": "max-length", "minLength": "min-length",
    "maxItems": "max-items", "minItems": "min-items", "exclusiveMaximum": "exclusive-max",
    "exclusiveMinimum": "exclusive-min", "multipleOf": "multiple-of",
    "maxProperties": "max-properties", "minProperties": "min-properties",
    "minContains": "min-contains", "maxContains": "max-contains",
}  # fmt: skip
_LISTS = {"allOf": "all-of", "anyOf": "any-of", "oneOf": "one-of"}
_GONE = object()


class Delta(NamedTuple):
    """One change of a schema.

    Attributes:
        what: Last part of the id, for instance `max-length-decreased`; a whole id for changes of
            properties as such.
        path: Names from the compared schema to the one that changed.
        facts: What was, and what is.
        kinds: Words about the property that choose between ids: required, read-only, write-only.
    """

    what: str
    path: tuple[str, ...]
    facts: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()


class SchemaComparer:
    """Compares schemas of two versions of one document."""

    def __init__(self, old: Contract, new: Contract) -> None:
        self.old = old
        self.new = new
        self._known: dict[tuple[int, int, bool], list[Delta]] = {}
        self._kept: list[Any] = []  # compared values stay alive, so that ids stay unique

    def compare(self, old: Any, new: Any, *, request: bool, depth: int = 0) -> list[Delta]:
        """Return how the new schema differs from the old one."""
        old, new = self.old.resolved(old), self.new.resolved(new)
        if not isinstance(old, dict) or not isinstance(new, dict) or depth > DEPTH_MAX:
            return []
        key = (id(old), id(new), request)
        if key not in self._known:
            self._known[key] = []  # a schema within itself adds nothing to itself
            self._kept += [old, new]
            changes = list(self._changes(old, new, request, depth))
            self._known[key] = changes[:CHANGES_MAX]
        return self._known[key]

    def _changes(
        self, old: dict[str, Any], new: dict[str, Any], request: bool, depth: int
    ) -> Iterator[Delta]:
        if ("allOf" in old) != ("allOf" in new):
            # Taking a schema apart into allOf, or putting it together, changes no value by itself.
            old, new = flattened(self.old, old), flattened(self.new, new)
            self._kept += [old, new]
        kinds = _kinds(new)
        yield from _types(old, new, request, kinds)
        yield from _nullable(old, new)
        yield from _enums(old, new, kinds)
        yield from _constants(old, new)
        yield from _limits(old, new, kinds)
        yield from _patterns(old, new)
        yield from _defaults(old, new)
        yield from _discriminators(old, new)
        yield from self._lists(old, new, request, depth)
        yield from self._properties(old, new, request, depth)
        for keyword in ("items", "additionalProperties"):
            if isinstance(old.get(keyword), dict) and isinstance(new.get(keyword), dict):
                inner = self.compare(old[keyword], new[keyword], request=request, depth=depth + 1)
                yield from _below(keyword, inner)

    def _lists(
        self, old: dict[str, Any], new: dict[str, Any], request: bool, depth: int
    ) -> Iterator[Delta]:
        for keyword, word in _LISTS.items():
            before, after = _listed(old.get(keyword)), _listed(new.get(keyword))
            if not before and not after:
                continue
            removed = [name for name in before if name not in after]
            added = [name for name in after if name not in before]
            if removed:
                yield Delta(f"{word}-removed", (), (", ".join(removed),))
            if added:
                yield Delta(f"{word}-added", (), (", ".join(added),))
            for name in before.keys() & after.keys():
                inner = self.compare(before[name], after[name], request=request, depth=depth + 1)
                yield from _below(f"{keyword}[{name}]", inner)

    def _properties(
        self, old: dict[str, Any], new: dict[str, Any], request: bool, depth: int
    ) -> Iterator[Delta]:
        before, after = as_object(old.get("properties")), as_object(new.get("properties"))
        was, now = _names(old.get("required")), _names(new.get("required"))
        for name in [name for name in before if name not in after]:
            kinds = _kinds(as_object(self.old.resolved(before[name])), required=name in was)
            yield Delta("property-removed", (name,), (), kinds)
        for name in [name for name in after if name not in before]:
            schema = as_object(self.new.resolved(after[name]))
            kinds = _kinds(schema, required=name in now)
            yield Delta("property-added", (name,), (), kinds)
        for name in [name for name in before if name in after]:
            one = as_object(self.old.resolved(before[name]))
            other = as_object(self.new.resolved(after[name]))
            yield from _marks(name, one, other, was, now)
            inner = self.compare(before[name], after[name], request=request, depth=depth + 1)
            yield from _below(name, inner)


def flattened(contract: Contract, schema: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a schema with the parts of its allOf put together; the schema itself comes first."""
    merged = {key: value for key, value in schema.items() if key != "allOf"}
    parts = schema.get("allOf")
    properties = dict(as_object(merged.get("properties")))
    required = set(_names(merged.get("required")))
    for part in parts if isinstance(parts, list) and depth < DEPTH_MAX else ():
        inner = contract.resolved(part)
        if not isinstance(inner, dict) or inner is schema:
            continue
        whole = flattened(contract, inner, depth + 1)
        properties = {**as_object(whole.get("properties")), **properties}
        required |= _names(whole.get("required"))
        merged = {**whole, **merged}
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = sorted(required)
    return merged


def _below(name: str, inner: list[Delta]) -> Iterator[Delta]:
    return (delta._replace(path=(name, *delta.path)) for delta in inner)


def _kinds(schema: dict[str, Any], *, required: bool = False) -> frozenset[str]:
    found = {"required"} if required else set()
    for key, word in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        if schema.get(key) is True:
            found.add(word)
    if "default" in schema:
        found.add("default")
    return frozenset(found)


def _names(value: Any) -> set[str]:
    return {str(name) for name in value} if isinstance(value, list) else set()


def _marks(
    name: str, old: dict[str, Any], new: dict[str, Any], was: set[str], now: set[str]
) -> Iterator[Delta]:
    """Compare what the parent says of a property: required, read-only, write-only."""
    kinds = _kinds(new, required=name in now)
    if (name in was) != (name in now):
        yield Delta(
            "property-became-required" if name in now else "property-became-optional",
            (name,), (), kinds,
        )  # fmt: skip
    if (old.get("deprecated") is True) != (new.get("deprecated") is True):
        word = "deprecated" if new.get("deprecated") is True else "reactivated"
        yield Delta(word, (name,))
    for key, word in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        before, after = old.get(key) is True, new.get(key) is True
        if before != after:
            yield Delta(f"property-became-{'' if after else 'not-'}{word}", (name,), (), kinds)


def types_of(schema: dict[str, Any]) -> frozenset[str]:
    """Return the types a value may have, null left out; none means any."""
    given = schema.get("type")
    listed = given if isinstance(given, list) else [given] if isinstance(given, str) else []
    return frozenset(str(one) for one in listed if one != "null")


def _nulls(schema: dict[str, Any]) -> bool:
    given = schema.get("type")
    marked = schema.get("nullable", schema.get("x-nullable"))
    return marked is True or (isinstance(given, list) and "null" in given)


def contains(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Say whether every value of the narrow types is one of the wide types too."""
    if not wide:
        return True
    if not narrow:
        return False
    return all(one in wide or (one == "integer" and "number" in wide) for one in narrow)


def _types(
    old: dict[str, Any], new: dict[str, Any], request: bool, kinds: frozenset[str]
) -> Iterator[Delta]:
    before, after = types_of(old), types_of(new)
    old_format, new_format = old.get("format"), new.get("format")
    if before == after and old_format == new_format:
        return
    facts = (_type_words(before, old_format), _type_words(after, new_format))
    wider = contains(after, before) and new_format in (None, old_format)
    narrower = contains(before, after) and old_format in (None, new_format)
    if request:
        what = "type-generalized" if wider else "type-specialized" if narrower else "type-changed"
        yield Delta(what, (), facts, kinds)
    elif not narrower:
        yield Delta("type-changed", (), facts, kinds)


def _type_words(types: frozenset[str], form: Any) -> str:
    words = " or ".join(sorted(types)) or "any type"
    return f"{words} ({form})" if form else words


def _nullable(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Delta]:
    if _nulls(old) != _nulls(new):
        yield Delta("became-nullable" if _nulls(new) else "became-not-nullable", ())


def _enums(old: dict[str, Any], new: dict[str, Any], kinds: frozenset[str]) -> Iterator[Delta]:
    before, after = old.get("enum"), new.get("enum")
    if isinstance(after, list) and before is None:
        yield Delta("became-enum", (), (_values(after),), kinds)
    elif isinstance(before, list) and after is None:
        yield Delta("became-not-enum", (), (_values(before),), kinds)
    elif isinstance(before, list) and isinstance(after, list):
        yield from (
            Delta("enum-value-removed", (), (_value(one),), kinds)
            for one in before if one not in after
        )  # fmt: skip
        yield from (
            Delta("enum-value-added", (), (_value(one),), kinds)
            for one in after if one not in before
        )  # fmt: skip
    open_before, open_after = old.get("x-extensible-enum"), new.get("x-extensible-enum")
    if isinstance(open_before, list) and isinstance(open_after, list):
        for one in open_before:
            if one not in open_after:
                yield Delta("x-extensible-enum-value-removed", (), (_value(one),), kinds)


def _constants(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Delta]:
    before, after = old.get("const", _GONE), new.get("const", _GONE)
    if before is _GONE and after is not _GONE:
        yield Delta("const-added", (), (_value(after),))
    elif after is _GONE and before is not _GONE:
        yield Delta("const-removed", (), (_value(before),))
    elif before != after:
        yield Delta("const-changed", (), (_value(before), _value(after)))


def _limits(old: dict[str, Any], new: dict[str, Any], kinds: frozenset[str]) -> Iterator[Delta]:
    for keyword, word in _LIMITS.items():
        before, after = _number(old.get(keyword)), _number(new.get(keyword))
        if before == after:
            continue
        facts = (_value(before), _value(after))
        if before is None:
            yield Delta(f"{word}-set", (), facts, kinds)
        elif after is None:
            yield Delta(f"{word}-unset", (), facts, kinds)
        else:
            yield Delta(
                f"{word}-increased" if after > before else f"{word}-decreased", (), facts, kinds
            )


def _number(value: Any) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _patterns(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Delta]:
    before, after = old.get("pattern"), new.get("pattern")
    if before == after:
        return
    facts = (_value(before), _value(after))
    if before is None:
        yield Delta("pattern-added", (), facts)
    elif after is None:
        yield Delta("pattern-removed", (), facts)
    else:
        every = after in (".*", "^.*$", "^.*", ".*$")
        yield Delta("pattern-generalized" if every else "pattern-changed", (), facts)


def _defaults(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Delta]:
    before, after = old.get("default", _GONE), new.get("default", _GONE)
    if before is _GONE and after is not _GONE:
        yield Delta("default-value-added", (), (_value(after),))
    elif after is _GONE and before is not _GONE:
        yield Delta("default-value-removed", (), (_value(before),))
    elif before != after:
        yield Delta("default-value-changed", (), (_value(before), _value(after)))


def _discriminators(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Delta]:
    before, after = _discriminator(old), _discriminator(new)
    if before is None or after is None:
        if after is not None:
            yield Delta("discriminator-added", ())
        elif before is not None:
            yield Delta("discriminator-removed", ())
        return
    if before.get("propertyName") != after.get("propertyName"):
        facts = (_value(before.get("propertyName")), _value(after.get("propertyName")))
        yield Delta("discriminator-property-name-changed", (), facts)
    was, now = as_object(before.get("mapping")), as_object(after.get("mapping"))
    for name in now.keys() - was.keys():
        yield Delta("discriminator-mapping-added", (), (name,))
    for name in was.keys() - now.keys():
        yield Delta("discriminator-mapping-deleted", (), (name,))
    for name in sorted(was.keys() & now.keys()):
        if was[name] != now[name]:
            moved = (name, _value(was[name]), _value(now[name]))
            yield Delta("discriminator-mapping-changed", (), moved)


def _discriminator(schema: dict[str, Any]) -> dict[str, Any] | None:
    given = schema.get("discriminator")
    if isinstance(given, str):  # OpenAPI 2.0 writes the name of the property only
        return {"propertyName": given}
    return given if isinstance(given, dict) else None


def _listed(value: Any) -> dict[str, Any]:
    """Return alternatives by a name that stays the same while they are the same."""
    found: dict[str, Any] = {}
    for at, one in enumerate(value if isinstance(value, list) else ()):
        reference = one.get("$ref") if isinstance(one, dict) else None
        title = one.get("title") if isinstance(one, dict) else None
        name = str(reference or title or f"subschema {at + 1}").rpartition("/")[2]
        found[name] = one
    return found


def _value(value: Any) -> str:
    return "none" if value is None else repr(value)[:80]


def _values(values: list[Any]) -> str:
    return ", ".join(_value(one) for one in values[:10])
