"""Which id a change of a schema has, by where the schema stands."""

from registry.compliance.contract.schemas import Delta

_READ_ONLY = frozenset(
    {"enum-value-removed", "max-decreased", "max-length-decreased", "min-increased"}
)
_PROPERTY = "property-"


def body_id(delta: Delta) -> str | None:
    """Return the id of a change in the body of a request."""
    what = delta.what
    if what == "property-removed":
        return "request-property-removed"
    if what == "property-added":
        if "required" not in delta.kinds:
            return "new-optional-request-property"
        tail = "-with-default" if "default" in delta.kinds else ""
        return f"new-required-request-property{tail}"
    if what == "property-became-required":
        tail = "-with-default" if "default" in delta.kinds else ""
        return f"request-property-became-required{tail}"
    if what == "property-became-optional":
        return "request-property-became-optional"
    if what.startswith(_PROPERTY):
        word = "required" if "required" in delta.kinds else "optional"
        return f"request-{word}-{what}"
    if what == "type-specialized":
        what = "type-changed"
    if not delta.path:
        return f"request-body-{what}"
    if "read-only" in delta.kinds and what in _READ_ONLY:
        return f"request-read-only-property-{what}"
    return f"request-property-{what}"


def response_id(delta: Delta) -> str | None:
    """Return the id of a change in the body of a response."""
    what = delta.what
    write_only = "write-only-" if "write-only" in delta.kinds else ""
    word = "required" if "required" in delta.kinds else "optional"
    if what in ("property-removed", "property-added"):
        return f"response-{word}-{write_only}{what}"
    if what in ("property-became-required", "property-became-optional"):
        return f"response-{write_only}{what}"
    if what.startswith(_PROPERTY):
        return f"response-{word}-{what}"
    if what == "enum-value-removed" and not delta.path:
        return "response-mediatype-enum-value-removed"
    if what == "enum-value-added" and write_only:
        return "response-write-only-property-enum-value-added"
    if what == "enum-value-added" and not delta.path:
        return "response-property-enum-value-added"
    if what == "pattern-generalized":
        what = "pattern-changed"
    return f"response-{'property' if delta.path else 'body'}-{what}"


def parameter_id(delta: Delta, place: str) -> str | None:
    """Return the id of a change in the schema of a parameter."""
    what = delta.what
    if not delta.path:
        return f"request-parameter-{'type-changed' if what == 'type-specialized' else what}"
    if what.startswith("type-"):
        return f"request-parameter-property-{what}"
    if place != "header":
        return None
    if what == "property-added" and "required" in delta.kinds:
        return "new-required-request-header-property"
    if what == "property-became-required":
        return "request-header-property-became-required"
    return "request-header-property-became-enum" if what == "became-enum" else None
