"""The documents that describe the sandbox's web sources, kept as files beside this module."""

import json
from functools import cache
from importlib.resources import files

import yaml


def _as_json(name: str) -> bytes:
    text = files("townclerk.sandbox.servers").joinpath(name).read_text(encoding="utf-8")
    return json.dumps(yaml.safe_load(text), ensure_ascii=False).encode()


@cache
def crm_document() -> bytes:
    """Return the CRM's OpenAPI 3.1 document as JSON."""
    return _as_json("crm.openapi.yaml")


@cache
def library_document() -> bytes:
    """Return the library's Swagger 2.0 document as JSON."""
    return _as_json("library.swagger.yaml")
