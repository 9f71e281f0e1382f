"""Schemas that other packages ship: OpenAPI's own and those of JSON Schema."""

import json
from importlib.resources import files
from typing import Any

from jsonschema_specifications import (  # type: ignore[import-untyped]  # it ships no types
    REGISTRY,
)


def shipped(version: str) -> Any:
    """Return a fresh copy of the OpenAPI Initiative's schema of a version, such as "v3.0"."""
    folder = files("openapi_spec_validator") / "resources" / "schemas" / version
    return json.loads((folder / "schema.json").read_text(encoding="utf-8"))


def json_schemas() -> dict[str, Any]:
    """Return the meta-schemas of JSON Schema by their address."""
    return {str(uri).removesuffix("#"): REGISTRY.contents(uri) for uri in REGISTRY}
