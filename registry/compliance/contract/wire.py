"""How a parameter is written on the wire, and whether that changed.

Source: OpenAPI 3.1, Parameter Object: style, explode and allowReserved with their defaults.
"""

from collections.abc import Iterator

from registry.compliance.contract.operations import Parameter, as_object

_SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
_COMBINED = ("oneOf", "anyOf", "allOf", "$ref")


def wire_changes(old: Parameter, new: Parameter) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield ids and facts of changes in how one parameter is written.

    Args:
        old: As consumers know it.
        new: As it shall be.
    """
    if "schema" in old.raw and "schema" in new.raw:
        (was, spread), (now, spreads) = _way(old), _way(new)
        if was != now:
            yield "request-parameter-style-changed", (was, now)
        elif spread != spreads and not (_is_single(old) and _is_single(new)):
            yield "request-parameter-explode-changed", (str(spread).lower(), str(spreads).lower())
    if old.place == "query":
        before, after = (one.raw.get("allowReserved") is True for one in (old, new))
        if before != after:
            yield f"request-parameter-became-{'' if after else 'not-'}allow-reserved", ()


def _way(one: Parameter) -> tuple[str, bool]:
    """Return style and explode as they hold, written out or not."""
    style = one.raw.get("style") or ("form" if one.place in {"query", "cookie"} else "simple")
    return str(style), bool(one.raw.get("explode", style == "form"))


def _is_single(one: Parameter) -> bool:
    """Say whether every value is a single one, for which explode changes nothing."""
    schema = as_object(one.schema)
    given = schema.get("type")
    types = given if isinstance(given, list) else [given]
    return not any(key in schema for key in _COMBINED) and all(kind in _SCALARS for kind in types)
