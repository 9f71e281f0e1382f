"""Functions about reusable parts that nothing refers to."""

from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import keys
from registry.compliance.pointers import names_of

_WORDS = "Potential orphaned reusable object has been detected"
_COMPONENT_KINDS = (
    "schemas", "responses", "parameters", "examples", "requestBodies", "headers", "links",
    "callbacks",
)  # fmt: skip


def unreferenced_reusable_object(value: Any, options: Any, call: Call) -> list[Result] | None:
    """Complain about members of the object that no reference in the document leads to."""
    if not isinstance(value, dict):
        return None
    location = str(options["reusableObjectsLocation"])
    return _orphans(value, location, names_of(location), call)


def _orphans(
    value: dict[str, Any], location: str, names: tuple[str, ...], call: Call
) -> list[Result]:
    used = call.run.references.used
    return [
        Result(_WORDS, absolute=_pointed(location, name))
        for name in keys(value)
        if (*names, *name.split("/")) not in used and (*names, name) not in used
    ]


def _pointed(location: str, name: str) -> tuple[str, ...]:
    """Return the path as Spectral reads it back from a pointer, slashes in names included."""
    return names_of(f"{location}/{name}")


def unused_component(value: Any, _options: Any, call: Call) -> list[Result] | None:
    """Complain about components of any kind that no reference leads to."""
    components = value.get("components") if isinstance(value, dict) else None
    if not isinstance(components, dict):
        return None
    results: list[Result] = []
    for kind in _COMPONENT_KINDS:
        if isinstance(components.get(kind), dict):
            location = f"#/components/{kind}"
            results += _orphans(components[kind], location, ("components", kind), call)
    return results
