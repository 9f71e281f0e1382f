"""Infer how to sign in from what a document declares under security."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.shapes import Shapes
from connectors.sdk.auth import Auth

SECRET = "env:{name}_SECRET"  # noqa: S105  # a place, not a secret
"""Where a generated file looks for the secret; `{name}` is filled when it is written."""


_KEY_HEADER = re.compile(r"(?i)(?:[a-z0-9]+[-_])*[a-z0-9]*(?:key|token|apikey)")
_PREFIX = re.compile(r"[Pp]refix\W{1,3}([A-Za-z]{3,20})\b|\b([A-Z][a-z]{3,20}) prefix")


@cache
def auth_types() -> frozenset[str]:
    """Return the ways to sign in that a connector file knows."""
    models = get_args(get_args(Auth)[0])
    return frozenset(get_args(model.model_fields["type"].annotation)[0] for model in models)


def is_sign_in(header: str) -> bool:
    """Tell whether a header that a document requires is a key by its name."""
    return _KEY_HEADER.fullmatch(header) is not None


def find_auth(
    document: Mapping[str, Any], shapes: Shapes, *, old: bool, header: str | None = None
) -> Guess[dict[str, Any]]:
    """Return the options under `auth`; the first declared scheme that we know wins.

    Args:
        document: All of it.
        shapes: The same, to follow references.
        old: It is Swagger 2.0.
        header: A header that lists require and that is a key by its name, where nothing is
            declared.
    """
    found = _declared(document, shapes, old=old)
    if header is None or found.value["type"] != "none":
        return found
    options = {"type": "api_key", "header": header, "secret": SECRET}
    return Guess(options, LIKELY, f"lists require the header `{header}`")


def _declared(document: Mapping[str, Any], shapes: Shapes, *, old: bool) -> Guess[dict[str, Any]]:
    schemes = document.get("securityDefinitions") if old else None
    if not old:
        components = document.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
    if not isinstance(schemes, Mapping) or not schemes:
        return Guess({"type": "none"}, LIKELY, "the document declares no way to sign in")
    wanted = _wanted(document)
    names = [name for name in schemes if name in wanted] + [n for n in schemes if n not in wanted]
    for name in names:
        found = _scheme(str(name), shapes.follow(schemes[name]))
        if found is not None:
            return found
    kinds = ", ".join(sorted({str(shapes.follow(schemes[n]).get("type")) for n in names}))
    return Guess({"type": "none"}, WEAK, f"declared are only ways we do not know: {kinds}")


def _wanted(document: Mapping[str, Any]) -> set[str]:
    """Return the names under the document's own `security`."""
    listed = document.get("security")
    return {
        str(name)
        for entry in (listed if isinstance(listed, list) else ())
        if isinstance(entry, Mapping)
        for name in entry
    }


def _scheme(name: str, scheme: Mapping[str, Any]) -> Guess[dict[str, Any]] | None:
    kind, words = scheme.get("type"), str(scheme.get("scheme", "")).lower()
    why = f"security scheme `{name}`"
    if kind == "basic" or (kind == "http" and words == "basic"):
        return Guess({"type": "basic", "username": "townclerk", "secret": SECRET}, SURE, why)
    if kind == "http" and words == "bearer":
        if "zgw_jwt" in auth_types() and "claim" in name.lower():
            options = {"type": "zgw_jwt", "client_id": "townclerk", "secret": SECRET}
            return Guess(
                options, LIKELY, f"{why}: a token of claims, as the ZGW interfaces ask for"
            )
        return Guess({"type": "bearer", "secret": SECRET}, SURE, why)
    if kind == "apiKey" and scheme.get("in") == "header" and isinstance(scheme.get("name"), str):
        told = f"{scheme.get('description', '')}"
        options = {"type": "api_key", "header": scheme["name"], "secret": SECRET}
        word = _PREFIX.search(told) if scheme["name"].lower() == "authorization" else None
        if word is not None:
            options["prefix"] = word[1] or word[2]
            return Guess(options, SURE, f"{why}: {told[:80]}")
        note = f"; its secret begins with a word: {told[:80]}" if "prefix" in told.lower() else ""
        return Guess(options, SURE, why + note)
    if kind == "apiKey" and scheme.get("in") == "query" and isinstance(scheme.get("name"), str):
        options = {"type": "api_key", "parameter": scheme["name"], "secret": SECRET}
        return Guess(options, SURE, why)
    if kind == "oauth2":
        return _oauth(scheme, why)
    return None


def _oauth(scheme: Mapping[str, Any], why: str) -> Guess[dict[str, Any]] | None:
    flows = scheme.get("flows")
    flow: Any = scheme if scheme.get("flow") == "application" else None
    if isinstance(flows, Mapping):
        flow = flows.get("clientCredentials")
    if not isinstance(flow, Mapping) or not isinstance(flow.get("tokenUrl"), str):
        return None
    address = flow["tokenUrl"]
    options = {
        "type": "oauth2_client_credentials",
        "client_id": "townclerk",
        "secret": SECRET,
        **({"token_url": address} if "://" in address else {"token_path": address}),
    }
    scopes = flow.get("scopes")
    if isinstance(scopes, Mapping) and scopes:
        options["scope"] = " ".join(str(scope) for scope in list(scopes)[:5])
    return Guess(options, SURE, f"{why}, client credentials")
