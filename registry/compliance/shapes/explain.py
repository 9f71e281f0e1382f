"""From problems of a JSON Schema check to finding messages, as better-ajv-errors words them.

Problems become a tree by place; enumerations beside other problems, and anyOf above others, are
left out; what remains is told parents first.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from registry.compliance.jsonpath.values import UNDEFINED, json_text, type_name
from registry.compliance.pointers import escape, unescape
from registry.compliance.shapes.problem import Problem

_PLACES = re.compile(r"/[A-Za-z0-9_$-]+(?:/[0-9]+)?")
_INDEX = re.compile(r"[0-9]+\Z")


@dataclass(frozen=True, slots=True)
class Explained:
    """One message and the names from the checked value to its place."""

    message: str
    path: tuple[str, ...]


@dataclass(slots=True)
class _Branch:
    problems: list[Problem] | None = None
    children: dict[str, "_Branch"] = field(default_factory=dict)


def explained(problems: list[Problem], value: Any, last_name: str | None) -> list[Explained]:
    """Word the problems of one check.

    Args:
        problems: What the check said, in its order.
        value: The checked value.
        last_name: Name of the value in its parent; None for the document itself.
    """
    unmatched = {
        _pointer(problem): problem.keyword
        for problem in problems
        if problem.keyword in ("oneOf", "anyOf") and not problem.params.get("passingSchemas")
    }
    root = _tree(problems)
    _thin_out(root)
    told: list[Explained] = []
    for problem, allowed in _in_order(root):
        pointer = _pointer(problem)
        words = _for_array_item(_words(problem, allowed, value, last_name), pointer)
        keyword = unmatched.get(pointer)
        if keyword is not None and words.endswith(f" in {keyword}"):
            words += ". None of the schemas matched, see the other errors reported for this value"
        told.append(Explained(words, tuple(pointer[1:].split("/")) if pointer else ()))
    return told


def _pointer(problem: Problem) -> str:
    return "".join("/" + escape(name) for name in problem.names)


def _tree(problems: list[Problem]) -> _Branch:
    root = _Branch()
    for problem in problems:
        pointer = _pointer(problem)
        places = _PLACES.findall(pointer) if pointer else [""]
        branch = root
        for at, place in enumerate(places):
            branch = branch.children.setdefault(place, _Branch([]))
            if at == len(places) - 1 and branch.problems is not None:
                branch.problems.append(problem)
    return root


def _thin_out(root: _Branch) -> None:
    todo: list[tuple[_Branch, _Branch | None, str]] = [(root, None, "")]
    while todo:
        branch, parent, place = todo.pop()
        said = branch.problems or []
        if branch.children and any(problem.keyword == "anyOf" for problem in said):
            branch.problems = None
        only_enums = branch.problems and all(p.keyword == "enum" for p in branch.problems)
        if only_enums and parent is not None and len(parent.children) > 1:
            parent.children.pop(place, None)
        todo.extend(
            (child, branch, name) for name, child in reversed(list(branch.children.items()))
        )


def _in_order(root: _Branch) -> list[tuple[Problem, list[Any] | None]]:
    found: list[tuple[Problem, list[Any] | None]] = []
    todo = [root]
    while todo:
        branch = todo.pop()
        said = branch.problems or []
        if said and all(problem.keyword == "enum" for problem in said):
            allowed: list[Any] = []
            for problem in said:
                allowed += [v for v in problem.params["allowedValues"] if v not in allowed]
            found.append((said[0], allowed))
        else:
            found += [(problem, None) for problem in said]
            todo.extend(reversed(branch.children.values()))
    return found


def _words(problem: Problem, allowed: list[Any] | None, value: Any, last_name: str | None) -> str:
    names = problem.names
    name = escape(names[-1]) if names else last_name
    if problem.keyword == "additionalProperties":
        return f'Property "{problem.params["additionalProperty"]}" is not expected to be here'
    if problem.keyword == "errorMessage":
        return problem.message
    if allowed is not None:
        return _enumeration(problem, allowed, _value_at(value, names), name)
    message = _cleaned(problem.message)
    if problem.keyword == "type":
        return f"Value type {message}" if name is None else f'"{name}" property type {message}'
    return f"{_subject(name, _value_at(value, names))} {message}"


def _subject(name: str | None, value: Any) -> str:
    return type_name(value).capitalize() if name is None else f'"{name}" property'


def _enumeration(problem: Problem, allowed: list[Any], value: Any, name: str | None) -> str:
    shown = ", ".join(json_text(item) for item in allowed)
    words = f"{_subject(name, value)} {problem.message}: {shown}"
    best = best_match(value, allowed) if isinstance(value, str) else None
    return f'{words}. Did you mean "{best}"?' if best is not None else words


def best_match(value: str, allowed: list[Any]) -> str | None:
    """Return the allowed text that is closest to the value, if it is close."""
    texts = [item for item in allowed if isinstance(item, str)]
    if not texts:
        return None
    weights = [_distance(item, value) for item in texts]
    best = min(range(len(texts)), key=weights.__getitem__)
    if len(allowed) == 1 or weights[best] < len(texts[best]):
        return texts[best]
    return None


def _distance(left: str, right: str) -> int:
    """Return the number of insertions, deletions and replacements from one text to the other."""
    row = list(range(len(right) + 1))
    for at, sign in enumerate(left, 1):
        before, row[0] = row[0], at
        for column, other in enumerate(right, 1):
            before, row[column] = (
                row[column],
                min(before + (sign != other), row[column] + 1, row[column - 1] + 1),
            )
    return row[-1]


def _value_at(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if isinstance(value, dict):
            value = value.get(unescape(name), UNDEFINED)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return UNDEFINED
    return value


def _cleaned(message: str) -> str:
    return message.replace("'", '"').replace("NOT", "not")


def _for_array_item(message: str, pointer: str) -> str:
    index = pointer.rpartition("/")[2]
    if not _INDEX.match(index):
        return message
    for prefix in (f'"{index}" property type', f'"{index}" property'):
        if message.startswith(prefix):
            return f"Item at index {index}{message[len(prefix) :]}"
    return message
