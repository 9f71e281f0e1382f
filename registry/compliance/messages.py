"""Finding messages: templates with {{names}} and the small #{{…}} expressions of rule sets."""

import re
from typing import Any

from registry.compliance.jsonpath.values import printed, text

_PLACE = re.compile(r"#?\{\{([^}\n]+)\}\}")
_PRINT = re.compile(r"""print\(\s*["'](\w+)["']\s*\)""")
_UPPER = re.compile(r"(\w+)\.toUpperCase\(\)")
_QUOTED = re.compile(r"""["']([^"']*)["']""")


def filled(template: str, facts: dict[str, Any]) -> str:
    """Fill a message template.

    Args:
        template: Text with `{{property}}`, `{{error}}`, `{{path}}`, `{{value}}`, `{{description}}`
            or `#{{print("property")}}`.
        facts: Values by name; a name that is missing gives nothing.
    """
    if "{{" not in template:
        return template

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if match[0].startswith("#"):
            return "".join(_evaluated(part.strip(), facts) for part in name.split("+"))
        return text(facts[name]) if name in facts else ""

    return _PLACE.sub(fill, template)


def _evaluated(expression: str, facts: dict[str, Any]) -> str:
    if match := _PRINT.fullmatch(expression):
        return _print(match[1], facts)
    if match := _UPPER.fullmatch(expression):
        return text(facts.get(match[1], "")).upper()
    if match := _QUOTED.fullmatch(expression):
        return match[1]
    return text(facts[expression]) if expression in facts else ""


def _print(what: str, facts: dict[str, Any]) -> str:
    if what == "property":
        name = facts.get("property")
        return f'"{text(name)}" property ' if name not in (None, "") else "The document "
    if what == "value":
        return printed(facts.get("value"))
    value = facts.get(what)
    return "" if value is None else text(value)


_NUMERIC = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*\Z")


def dotted(path: tuple[str, ...]) -> str:
    """Return a path with dots and brackets, as `{{property}}` shows missing members."""
    out = ""
    for at, name in enumerate(path):
        if not name:
            out += "['']"
        elif re.search(r"\s", name):
            out += f"['{name}']"
        elif _NUMERIC.match(name):
            out += f"[{name}]"
        else:
            out += f"{'.' if at else ''}{name}"
    return out.replace("~1", "/").replace("~0", "~")
