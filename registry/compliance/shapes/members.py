"""Keywords about the members of objects and the items of arrays."""

from typing import TYPE_CHECKING, Any

from registry.compliance.jsonpath.values import keys, number_text
from registry.compliance.regexes import InvalidRegex, Regex, regex_of
from registry.compliance.shapes.node import Check, Out, Seen
from registry.compliance.shapes.problem import At, InvalidSchema, Problem

if TYPE_CHECKING:
    from registry.compliance.shapes.compiler import Compiler


def required(compiler: "Compiler", names: Any, schema: Any, where: str) -> Check | None:
    """Objects must have certain members."""
    names = compiler.relaxed(names, schema)
    if not names:
        return None
    all_errors = compiler.all_errors

    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        start = len(out)
        for name in names:
            if name not in value:
                words = f"must have required property '{name}'"
                out.append(Problem("required", at, words, where, {"missingProperty": name}))
                if not all_errors:
                    return False
        return len(out) == start

    return check


def property_names(compiler: "Compiler", rule: Any, _schema: Any, where: str) -> Check:
    """Names of members must fit a schema."""
    inner = compiler.check(rule, where)

    def check(value: Any, at: At, out: Out, _composite: bool, _seen: Seen) -> bool:
        start = len(out)
        for name in keys(value):
            if not inner(name, at, out, True, None):
                out.append(Problem("propertyNames", at, "property name must be valid", where))
                if not compiler.all_errors:
                    return False
        return len(out) == start

    return check


def _patterns(schema: dict[str, Any]) -> list[Regex]:
    try:
        return [regex_of(source) for source in schema.get("patternProperties") or {}]
    except InvalidRegex as wrong:
        raise InvalidSchema(wrong.what) from wrong


def additional_properties(compiler: "Compiler", rule: Any, schema: Any, where: str) -> Check | None:
    """Members that no other keyword names must fit a schema, or must not be there."""
    known = frozenset(schema.get("properties") or {})
    patterns = _patterns(schema)
    inner = None if rule is False else compiler.check(rule, where)
    words = "must NOT have additional properties"

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        start = len(out)
        for name in keys(value):
            if name in known or any(pattern.test(name) for pattern in patterns):
                continue
            if seen is not None:
                seen.add(name)
            if inner is None:
                params = {"additionalProperty": name}
                out.append(Problem("additionalProperties", at, words, where, params))
            else:
                inner(value[name], (at, name), out, composite, None)
            if len(out) != start and not compiler.all_errors:
                return False
        return len(out) == start

    return check


def properties(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """Named members must fit their schemas."""
    order = keys(rules)
    inner = [(name, compiler.check(rules[name], f"{where}/{name}")) for name in order]
    all_errors = compiler.all_errors

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        if seen is not None:
            seen.update(order)
        for name, member in inner:
            if name in value and not member(value[name], (at, name), out, composite, None):
                good = False
                if not all_errors:
                    return False
        return good

    return check


def pattern_properties(compiler: "Compiler", rules: Any, schema: Any, where: str) -> Check:
    """Members whose names match a pattern must fit its schema."""
    patterns = _patterns(schema)
    inner = [
        (pattern, compiler.check(rule, f"{where}/{pattern.source}"))
        for pattern, rule in zip(patterns, rules.values(), strict=True)
    ]

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        for pattern, member in inner:
            for name in keys(value):
                if not pattern.test(name):
                    continue
                if seen is not None:
                    seen.add(name)
                if not member(value[name], (at, name), out, composite, None):
                    good = False
                    if not compiler.all_errors:
                        return False
        return good

    return check


def dependencies(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """A member may ask for other members, or put the whole object under a schema."""
    lists = {name: rule for name, rule in rules.items() if isinstance(rule, list)}
    inner = {
        name: compiler.check(rule, f"{where}/{name}")
        for name, rule in rules.items()
        if not isinstance(rule, list)
    }
    keyword = where.rpartition("/")[2]

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        start = len(out)
        for name, wanted in lists.items():
            missing = [other for other in wanted if other not in value]
            if name in value and missing:
                shown = f"{'property' if len(wanted) == 1 else 'properties'} {', '.join(wanted)}"
                words = f"must have {shown} when property {name} is present"
                out.append(Problem(keyword, at, words, where, {"property": name}))
                if not compiler.all_errors:
                    return False
        for name, whole in inner.items():
            fits = name not in value or whole(value, at, out, composite, seen)
            if not fits and not compiler.all_errors:
                return False
        return len(out) == start

    return check


def items(compiler: "Compiler", rule: Any, schema: Any, where: str) -> Check:
    """Items must fit a schema; before draft 2020-12 a list gives one schema per position."""
    if isinstance(rule, list):
        return prefix_items(compiler, rule, schema, where)
    inner = compiler.check(rule, where)
    skip = len(schema.get("prefixItems") or ()) if compiler.is_2020 else 0

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        if seen is not None:
            seen.update(range(len(value)))
        for index in range(skip, len(value)):
            if not inner(value[index], (at, index), out, composite, None):
                good = False
                if not compiler.all_errors:
                    return False
        return good

    return check


def prefix_items(compiler: "Compiler", rules: Any, _schema: Any, where: str) -> Check:
    """The first items must fit one schema each."""
    inner = [compiler.check(rule, f"{where}/{index}") for index, rule in enumerate(rules)]

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        for index, member in enumerate(inner[: len(value)]):
            if seen is not None:
                seen.add(index)
            if not member(value[index], (at, index), out, composite, None):
                good = False
                if not compiler.all_errors:
                    return False
        return good

    return check


def additional_items(compiler: "Compiler", rule: Any, schema: Any, where: str) -> Check | None:
    """Items after the listed positions must fit a schema, or must not be there."""
    listed = schema.get("items")
    if not isinstance(listed, list):
        return None
    first = len(listed)
    inner = None if rule is False else compiler.check(rule, where)
    words = f"must NOT have more than {first} items"

    def check(value: Any, at: At, out: Out, composite: bool, _seen: Seen) -> bool:
        if inner is None:
            if len(value) <= first:
                return True
            out.append(Problem("additionalItems", at, words, where))
            return False
        results = [
            inner(item, (at, first + index), out, composite, None)
            for index, item in enumerate(value[first:])
        ]
        return all(results)

    return check


def contains(compiler: "Compiler", rule: Any, schema: Any, where: str) -> Check:
    """Enough items, and not too many, must fit a schema."""
    inner = compiler.check(rule, where)
    least = schema.get("minContains", 1) if compiler.is_2020 else 1
    most = schema.get("maxContains") if compiler.is_2020 else None
    words = f"must contain at least {number_text(least)} valid item(s)"
    if most is not None:
        words = f"must contain at least {least} and no more than {most} valid item(s)"

    def check(value: Any, at: At, out: Out, _composite: bool, seen: Seen) -> bool:
        scratch: Out = []
        fitting = 0
        for index, item in enumerate(value):
            if inner(item, (at, index), scratch, True, None):
                fitting += 1
                if seen is not None:
                    seen.add(index)
        if fitting >= least and (most is None or fitting <= most):
            return True
        out.extend(scratch)
        out.append(Problem("contains", at, words, where))
        return False

    return check


def unevaluated_properties(compiler: "Compiler", rule: Any, _schema: Any, where: str) -> Check:
    """Members that nothing else has looked at must fit a schema, or must not be there."""
    inner = None if rule is False else compiler.check(rule, where)
    words = "must NOT have unevaluated properties"

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        good = True
        for name in keys(value):
            if seen is not None and name in seen:
                continue
            if inner is None:
                params = {"unevaluatedProperty": name}
                out.append(Problem("unevaluatedProperties", at, words, where, params))
                good = False
            elif not inner(value[name], (at, name), out, composite, None):
                good = False
        if seen is not None:
            seen.update(value)
        return good

    return check


def unevaluated_items(compiler: "Compiler", rule: Any, _schema: Any, where: str) -> Check:
    """Items that nothing else has looked at must fit a schema, or must not be there."""
    inner = None if rule is False else compiler.check(rule, where)

    def check(value: Any, at: At, out: Out, composite: bool, seen: Seen) -> bool:
        rest = [index for index in range(len(value)) if seen is None or index not in seen]
        if inner is not None:
            fits = [inner(value[index], (at, index), out, composite, None) for index in rest]
            return all(fits)
        if not rest:
            return True
        words = f"must NOT have more than {rest[0]} items"
        out.append(Problem("unevaluatedItems", at, words, where))
        return False

    return check
