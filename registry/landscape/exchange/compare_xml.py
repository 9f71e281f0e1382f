"""Compares two XML documents by what they say, not by how they are laid out.

It reads the documents itself, so that what a reader of ours overlooks is found all the same.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from registry.landscape.exchange.xml_in import XSI_TYPE, local, parse_small

# A list of differences is read by a person.
DIFFERENCES_MAX = 1_000
# Where blanks are words.
TEXT_TAGS = frozenset(
    {"name", "label", "documentation", "value", "content", "notes", "hintContent", "purpose"}
)


class Difference(Struct, frozen=True):
    """One place where two models differ: where, what the left says, what the right says."""

    where: str
    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.where}: {self.left!r} became {self.right!r}"


def xml_differences(
    left: bytes,
    right: bytes,
    *,
    lists: frozenset[str] = frozenset(),
    defaults: Mapping[str, str] | None = None,
    grouped: bool = False,
) -> list[Difference]:
    """Return where two documents say different things, at most DIFFERENCES_MAX places.

    Not compared, because it says nothing: layout between tags, order of attributes, prefixes of
    namespaces, comments. Everything else is, with the order of children.

    Args:
        left: The one document.
        right: The other.
        lists: Tags whose absence means the same as their being there empty.
        defaults: Attributes whose absence means this value, as `tag@attribute`.
        grouped: The format keeps children of each name in a list of their own, so that only the
            order within a name counts; so does Archi's.
    """
    both = (parse_small(left, file="left"), parse_small(right, file="right"))
    rules = _Rules(lists, defaults or {}, grouped)
    found: list[Difference] = []
    for difference in _compare(*both, "", rules):
        found.append(difference)
        if len(found) == DIFFERENCES_MAX:
            break
    return found


class _Rules(Struct, frozen=True):
    lists: frozenset[str]
    defaults: Mapping[str, str]
    grouped: bool


def _compare(left: Any, right: Any, path: str, rules: _Rules) -> Iterator[Difference]:
    where = f"{path}/{_label(left)}"
    if left.tag != right.tag:
        yield Difference(where, left.tag, right.tag)
        return
    mine, theirs = _attributes(left, rules), _attributes(right, rules)
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            yield Difference(f"{where}@{name}", mine.get(name, ""), theirs.get(name, ""))
    children, others = _children(left, rules), _children(right, rules)
    if _text(left, children) != _text(right, others):
        yield Difference(f"{where}/text()", _text(left, children), _text(right, others))
    if len(children) != len(others):
        yield Difference(f"{where}/count()", _list(children), _list(others))
    for child, other in zip(children, others, strict=False):
        yield from _compare(child, other, where, rules)


def _attributes(element: Any, rules: _Rules) -> dict[str, str]:
    tag = local(element.tag)
    said = {
        name: value.rpartition(":")[2] if name == XSI_TYPE else value
        for name, value in element.items()
    }
    return {
        name: value for name, value in said.items() if rules.defaults.get(f"{tag}@{name}") != value
    }


def _children(element: Any, rules: _Rules) -> list[Any]:
    children = [
        child
        for child in element
        if len(child) or child.keys() or local(child.tag) not in rules.lists
    ]
    return sorted(children, key=lambda child: str(child.tag)) if rules.grouped else children


def _text(element: Any, children: list[Any]) -> str:
    """Return the words in an element; blanks are layout where no words are expected."""
    if not children and local(element.tag) in TEXT_TAGS:
        return element.text or ""
    parts = [element.text, *(child.tail for child in children)]
    return "".join(part for part in parts if part and part.strip())


def _label(element: Any) -> str:
    name = element.get("identifier") or element.get("id")
    return f"{local(element.tag)}[{name}]" if name else local(element.tag)


def _list(children: list[Any]) -> str:
    return f"{len(children)}: {' '.join(_label(child) for child in children[:20])}"
