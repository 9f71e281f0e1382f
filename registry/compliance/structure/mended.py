"""A document without the references that lead outside or nowhere.

The judge would fetch the first and stop at the second. Both are findings already; in their place
comes something that is never wrong, so that the judge goes on with the rest.
"""

from dataclasses import dataclass
from typing import Any

from registry.compliance.subject import Subject


@dataclass(frozen=True)
class Mended:
    """A document's value with bad references replaced.

    Attributes:
        data: The value; parts without bad references are those of the document itself.
        unsure: Addresses of paths of whose parameters we know only some.
    """

    data: Any
    unsure: frozenset[str]


def without_bad_references(subject: Subject) -> Mended:
    """Return the document's value with references replaced that cannot be followed."""
    data = subject.document.data
    references = subject.references
    bad = sorted(references.outside | set(references.dangling))
    if not bad:
        return Mended(data, frozenset())
    copies: dict[int, Any] = {}
    root = _copy(data, copies)
    unsure: set[str] = set()
    for number, site in enumerate(bad):
        keys = _keys(subject, site)
        if not keys:
            continue
        inside = root
        for key in keys[:-1]:
            inside[key] = inside = _copy(inside[key], copies)
        is_parameter = len(keys) > 1 and keys[-2] == "parameters"
        inside[keys[-1]] = {"name": f"unknown-{number}", "in": "query"} if is_parameter else {}
        if is_parameter:
            paths = data.get("paths")
            every = paths if isinstance(paths, dict) else ()
            unsure |= {str(keys[1])} if keys[0] == "paths" else set(every)
    return Mended(root, frozenset(unsure))


def _keys(subject: Subject, row: int) -> list[Any]:
    tree = subject.tree
    keys: list[Any] = []
    while row > 0:
        keys.append(tree.keys[row])
        row = tree.parents[row]
    return keys[::-1]


def _copy(value: Any, copies: dict[int, Any]) -> Any:
    """Return the one shallow copy of a container; a copy of a copy is itself."""
    known = copies.get(id(value))
    if known is None:
        known = dict(value) if isinstance(value, dict) else list(value)
        copies[id(value)] = copies[id(known)] = known
    return known
