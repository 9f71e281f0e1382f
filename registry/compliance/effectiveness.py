"""Rules that cannot fire: found by looking at them, before years of silence are taken for success.

Three rules of the national API design rules are of this kind, as published in 2025: one asks for a
space before the end of a path, two test only names that their own filter has fixed already.
"""

import re

from registry.compliance.rulesets.model import Rule, Then

_CLASSES = re.compile(r"\[[^\]]*\]")
_SPACE = re.compile(r"(?<!\\) ")
# A filter that lets names through that contain a literal: […?(@property.match(/literal/))] at the
# end of a path, not negated.
_FIXED_NAME = re.compile(
    r"\[\?\(\s*(?:@property\s*&&\s*)?@property\.match\(/\(?([\w|]+)\)?/i?\)\s*\)\]~?$"
)


def cannot_fire(rule: Rule) -> str:
    """Return why a rule can never find what it is for; empty when it can, or we cannot tell."""
    if all(_wants_a_space(rule, then) for then in rule.then):
        return "cannot fire: its pattern asks for a space, and no path has one"
    if rule.then and all(then.field == "@key" for then in rule.then):
        fixed = [_FIXED_NAME.search(given) for given in rule.given]
        if fixed and all(fixed):
            names = " or ".join(found[1].replace("|", " or ") for found in fixed if found)
            return f"cannot fire: it tests names, and looks only at names with {names}"
    return ""


def _wants_a_space(rule: Rule, then: Then) -> bool:
    """Say whether a rule about paths forbids only what contains a space."""
    options = then.options if isinstance(then.options, dict) else {}
    forbidden = options.get("notMatch")
    return (
        then.function == "pattern"
        and isinstance(forbidden, str)
        and "match" not in options
        and _SPACE.search(_CLASSES.sub("", forbidden)) is not None
        and all(given.startswith("$.paths") for given in rule.given)
    )
