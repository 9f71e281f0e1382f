"""The `field` of a rule: which parts of the selected value its function looks at."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from registry.compliance.jsonpath.parse import Step, read_path
from registry.compliance.jsonpath.run import Scope, compiled
from registry.compliance.jsonpath.values import UNDEFINED, is_object, keys, truthy

VALUES_MAX = 100_000  # what one `$…` field may select below one place

_PIECES = re.compile(r"""[^.\[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]""")
Target = tuple[tuple[str, ...], Any]


def targets_of(value: Any, field: str | None) -> list[Target]:
    """Return what a function shall look at.

    Args:
        value: The selected value.
        field: A member's dotted path, `@key` for the names of all members, or a `$…` path.

    Returns:
        Names from the value down, and the value there; UNDEFINED where nothing is.
    """
    if field is None or not is_object(value):
        return [((), value)]
    if field == "@key":
        names = keys(value) if isinstance(value, dict) else [str(i) for i in range(len(value))]
        found: list[Target] = [((name,), name) for name in names]
    elif field.startswith("$"):
        found = list(_selected(value, field))
    else:
        return [_member(value, field)]
    return found or [((), UNDEFINED)]


def _member(value: Any, field: str) -> Target:
    names = field_names(field)
    if isinstance(value, dict) and field in value:
        return names, value[field]
    for name in names:
        value = _step(value, name)
        if value is UNDEFINED:
            break
    return names, value


def _step(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return value.get(name, UNDEFINED)
    if isinstance(value, list):
        if name.isdigit():
            return value[int(name)] if int(name) < len(value) else UNDEFINED
        return len(value) if name == "length" else UNDEFINED
    return len(value) if isinstance(value, str) and name == "length" else UNDEFINED


@lru_cache(maxsize=1024)
def field_names(field: str) -> tuple[str, ...]:
    """Return the names that a dotted field such as `a.b[0]` passes through."""
    names: list[str] = []
    for match in _PIECES.finditer(field):
        if match[1] is not None:
            names.append(match[1])
        else:
            names.append(match[3] if match[3] is not None else match[0])
    return tuple(names)


def _selected(value: Any, field: str) -> Iterator[Target]:
    found: list[Target] = [((), value)]
    # `$ref` is the name of a member, not a path from the root
    path = field if field[1:2] in ("", ".", "[") else f"$.{field}"
    for step in read_path(path).steps:
        if step.kind == "key":
            found = [(path, path[-1] if path else None) for path, _ in found]
        elif step.kind == "parent":
            found = [(path[:-1], _follow(value, path[:-1])) for path, _ in found]
        else:
            found = [below for target in found for below in _below(target, step)]
        if len(found) > VALUES_MAX:
            break
    yield from found


def _follow(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = _step(value, name)
    return value


def _below(target: Target, step: Step) -> Iterator[Target]:
    path, value = target
    if not is_object(value):
        return
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in members:
        if _fits(step, name, inner, value):
            yield (*path, str(name)), inner
        if step.deep:
            yield from _below(((*path, str(name)), inner), step)


def _fits(step: Step, name: Any, inner: Any, parent: Any) -> bool:
    if step.kind == "any":
        return True
    if step.kind == "name":
        return str(name) in step.names
    if step.kind == "slice":
        return isinstance(name, int) and name in range(*slice(*step.cut).indices(len(parent)))
    assert step.test is not None
    return truthy(compiled(step.test)(Scope(value=inner, property=name, parent=parent)))
