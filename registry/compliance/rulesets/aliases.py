"""Aliases in `given`: names for paths, which may differ by the document's format."""

from collections.abc import Iterable
from typing import Any

from registry.compliance.formats import canonical
from registry.compliance.jsonpath.tokens import InvalidExpression
from registry.compliance.rulesets.model import Aliases, AliasTarget

ALIAS_DEPTH_MAX = 20  # public rule sets nest aliases three deep
EXPRESSIONS_MAX = 2_000  # what one rule's aliases may multiply to


def read_aliases(definition: dict[str, Any]) -> Aliases:
    """Read the `aliases` of a rule set: lists of paths, or targets by format."""
    aliases: Aliases = {}
    for name, value in definition.items():
        targets = value.get("targets") if isinstance(value, dict) else None
        if targets is None:
            given = value if isinstance(value, list) else [value]
            aliases[str(name)] = (AliasTarget(None, tuple(map(str, given))),)
            continue
        aliases[str(name)] = tuple(
            AliasTarget(
                frozenset(canonical(str(item)) for item in target.get("formats") or ()),
                tuple(map(str, target.get("given") or ())),
            )
            for target in targets
        )
    return aliases


def spelled_out(
    aliases: Aliases, given: Iterable[str], formats: frozenset[str] | None
) -> list[str]:
    """Replace aliases by what they stand for.

    Args:
        aliases: The rule set's aliases.
        given: The rule's paths.
        formats: The document's formats; None spells out the targets of every format.

    Raises:
        InvalidExpression: An alias does not exist or leads back to itself.
    """
    found: list[str] = []
    for expression in given:
        found += _spelled(aliases, expression, formats, 0)
    return list(dict.fromkeys(found))


def _spelled(
    aliases: Aliases, expression: str, formats: frozenset[str] | None, depth: int
) -> list[str]:
    if not expression.startswith("#"):
        return [expression]
    if depth > ALIAS_DEPTH_MAX:
        raise InvalidExpression(f"The alias in {expression[:80]!r} leads back to itself.")
    length = next((at for at, sign in enumerate(expression[1:]) if not _in_name(sign)), None)
    name = expression[1:] if length is None else expression[1 : 1 + length]
    if name not in aliases:
        raise InvalidExpression(f"There is no alias {name!r}.")
    found: list[str] = []
    for given in _chosen(aliases[name], formats):
        found += _spelled(aliases, given + expression[1 + len(name) :], formats, depth + 1)
        if len(found) > EXPRESSIONS_MAX:
            raise InvalidExpression(f"Aliases multiply to more than {EXPRESSIONS_MAX:,} paths.")
    return found


def _in_name(sign: str) -> bool:
    return sign.isascii() and (sign.isalnum() or sign in "_-")


def _chosen(targets: tuple[AliasTarget, ...], formats: frozenset[str] | None) -> Iterable[str]:
    if formats is None:
        return [given for target in targets for given in target.given]
    for target in reversed(targets):
        if target.formats is None or target.formats & formats:
            return target.given
    return ()
