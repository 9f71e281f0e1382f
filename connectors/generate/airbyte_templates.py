"""Read the templates in low-code manifests: ways through a response, conditions, computed fields.

They are written in Jinja and parsed by it, never run. What is more than a way through an object, a
comparison or a call we know is not translated: the caller lists it.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jinja2 import Environment, TemplateError, nodes

from connectors.generate.lists import dotted

CHARACTERS_MAX = 2_000
"""Longer than any condition a person writes."""

DEPTH_MAX = 20

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_JINJA = Environment(autoescape=True)  # it only parses here
_COMPARISONS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<="}
_CALLS = {"lower": "lower", "upper": "upper", "strip": "trim", "trim": "trim", "string": "text"}
_TESTS = {"none": "{} == null", "defined": "{} != null", "undefined": "{} == null"}


class Way(NamedTuple):
    """A way through something the manifest knows by a name.

    Attributes:
        root: `response`, `record`, `config` and the like.
        steps: The names to follow.
    """

    root: str
    steps: tuple[str, ...]

    @property
    def path(self) -> str:
        """The way as a connector file writes it."""
        return dotted(self.steps)


def computed(text: object) -> bool:
    """Tell whether a text is more than itself."""
    return isinstance(text, str) and bool(_TEMPLATE.search(text))


def way(text: object) -> Way | None:
    """Return the way that a text consists of, or None where it is anything else."""
    found = _only(text)
    return None if found is None else _way(found)


def ways(text: str) -> list[tuple[str, Way | None]]:
    """Return the templates inside a text, each as it is written and what way it is."""
    return [(one[0], way(one[0])) for one in _TEMPLATE.finditer(text[:CHARACTERS_MAX])]


def negated(text: object) -> Way | None:
    """Return the way whose opposite a text is, as in `{{ not response.more }}`."""
    found = _only(text)
    return _way(found.node) if isinstance(found, nodes.Not) else None


def expression(text: object, roots: Sequence[str] = ("record",)) -> str | None:
    """Return a text as an expression of ours, or None where it says more than we know.

    Args:
        text: A text with or without templates.
        roots: What its ways may begin with; they become paths of the record.
    """
    if not isinstance(text, str) or not computed(text):
        return None if isinstance(text, list | dict) else _literal(text)
    if (found := _only(text)) is not None:
        return _expression(found, roots, 0)
    parts, at = list[str](), 0
    for match in _TEMPLATE.finditer(text):
        inner = _only(match[0])
        said = None if inner is None else _expression(inner, roots, 0)
        literal = _literal(text[at : match.start()])
        if said is None or literal is None:
            return None
        parts += [literal, said]
        at = match.end()
    last = _literal(text[at:])
    kept = [part for part in [*parts, last] if part != "''"]
    return None if last is None else f"concat({', '.join(str(part) for part in kept)})"


def _only(text: object) -> nodes.Expr | None:
    """Return the one expression that a text consists of."""
    if not isinstance(text, str) or len(text) > CHARACTERS_MAX:
        return None
    try:
        body = _JINJA.parse(text.strip()).body
    except (TemplateError, RecursionError):
        return None
    if len(body) == 1 and isinstance(body[0], nodes.Output) and len(body[0].nodes) == 1:
        found = body[0].nodes[0]
        return None if isinstance(found, nodes.TemplateData) else found
    return None


def _way(node: nodes.Node, depth: int = 0) -> Way | None:
    """Return the way a node is: names, brackets and `.get('x')`, whose other value is nothing."""
    if depth > DEPTH_MAX:
        return None
    match node:
        case nodes.Name():
            return Way(node.name, ())
        case nodes.Getattr():
            inner, step = _way(node.node, depth + 1), node.attr
        case nodes.Getitem(arg=nodes.Const(value=str() as step)):
            inner = _way(node.node, depth + 1)
        case nodes.Getitem(arg=nodes.Neg(node=nodes.Const(value=1))):
            found = _way(node.node, depth + 1)
            last = found is not None and found.root == "last_records" and not found.steps
            return Way("last_record", ()) if last else None
        case nodes.Call(node=nodes.Getattr(attr="get") as got):
            first = node.args[0] if node.args else None
            if not isinstance(first, nodes.Const) or not isinstance(first.value, str):
                return None
            inner, step = _way(got.node, depth + 1), first.value
        case nodes.Or(right=nodes.Const(value="" | None)):
            return _way(node.left, depth + 1)
        case nodes.Filter(name="default", args=[nodes.Const(value="" | None), *_]):
            return None if node.node is None else _way(node.node, depth + 1)
        case _:
            return None
    return None if inner is None else Way(inner.root, (*inner.steps, step))


def _expression(node: nodes.Node, roots: Sequence[str], depth: int) -> str | None:
    if depth > DEPTH_MAX:
        return None

    def inner(child: nodes.Node | None) -> str | None:
        return None if child is None else _expression(child, roots, depth + 1)

    if (found := _way(node)) is not None:
        return found.path if found.root in roots and found.steps else None
    match node:
        case nodes.Const():
            return _literal(node.value)
        case nodes.Not():
            return _filled("not ({})", [inner(node.node)])
        case nodes.And() | nodes.Or():
            word = "and" if isinstance(node, nodes.And) else "or"
            return _filled(f"({{}} {word} {{}})", [inner(node.left), inner(node.right)])
        case nodes.Compare(ops=[only]):
            return _compared(inner(node.expr), only, inner)
        case nodes.Test(name=name) if name in _TESTS:
            return _filled(_TESTS[name], [inner(node.node)])
        case nodes.CondExpr():
            parts = [inner(node.test), inner(node.expr1), inner(node.expr2)]
            return _filled("when({}, {}, {})", parts)
        case nodes.Filter(name=name) if name in _CALLS and not node.args:
            return _filled(f"{_CALLS[name]}({{}})", [inner(node.node)])
        case nodes.Call(node=nodes.Getattr(attr=name) as got, args=[]) if name in _CALLS:
            return _filled(f"{_CALLS[name]}({{}})", [inner(got.node)])
        case nodes.Concat():
            return _joined([inner(one) for one in node.nodes])
        case nodes.Add():
            sides = [inner(node.left), inner(node.right)]
            texts = any(
                side is not None and (side[:1] in "'\"" or side.startswith("concat("))
                for side in sides
            )
            return _joined(sides) if texts else None
    return None


def _compared(
    left: str | None, operand: nodes.Operand, inner: Callable[[nodes.Node], str | None]
) -> str | None:
    right = operand.expr
    if operand.op in ("in", "notin") and isinstance(right, nodes.List | nodes.Tuple):
        each = [_filled("{} == {}", [left, inner(one)]) for one in right.items]
        if not each or None in each:
            return None
        found = f"({' or '.join(str(one) for one in each)})"
        return found if operand.op == "in" else f"not {found}"
    if operand.op not in _COMPARISONS:
        return None  # `in` a value: a list there, or a text?
    return _filled(f"{{}} {_COMPARISONS[operand.op]} {{}}", [left, inner(right)])


def _joined(parts: Sequence[str | None]) -> str | None:
    return None if None in parts else f"concat({', '.join(str(part) for part in parts)})"


def _filled(form: str, parts: Sequence[str | None]) -> str | None:
    return None if None in parts else form.format(*parts)


def _literal(value: object) -> str | None:
    """Write a value as our expressions do, or return None where they cannot."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if "'" not in text:
        return f"'{text}'"
    return f'"{text}"' if '"' not in text else None
