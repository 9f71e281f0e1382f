"""The two functions of the OWASP rule set: security on operations, and admin paths that differ."""

from collections.abc import Iterator
from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.run import member
from registry.compliance.jsonpath.values import (
    UNDEFINED,
    ScriptError,
    is_object,
    json_text,
    keys,
    text,
)

_METHODS = frozenset({"get", "head", "post", "put", "patch", "delete", "options", "trace"})


def _operations(paths: Any) -> Iterator[tuple[str, str, Any]]:
    if paths is None:
        raise ScriptError("Cannot convert undefined or null to object")
    if not is_object(paths):
        return
    for path in keys(paths) if isinstance(paths, dict) else map(str, range(len(paths))):
        item = member(paths, path)
        if item is None:
            raise ScriptError("Cannot convert undefined or null to object")
        if not isinstance(item, dict):
            continue
        for method in keys(item):
            if method in _METHODS and (is_object(item[method]) or item[method] is None):
                yield path, method, item[method]


def check_security(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain about operations without a security requirement of their own or of the document."""
    options = options or {}
    methods = options.get("methods")
    place = text(options.get("schemesPath", UNDEFINED))
    everywhere = member(value, "security")
    results: list[Result] = []
    for path, method, operation in _operations(member(value, "paths")):
        if isinstance(methods, list) and method not in methods:
            continue
        security, where = member(operation, "security"), f"{path},{method}"
        if security is UNDEFINED:
            security, where = everywhere, "$.security"
        at = ("paths", path, method, "security")
        if security is UNDEFINED or not security:
            words = f"Operation has undefined security scheme in {where}."
            results.append(Result(words, absolute=(*at, place)))
        if isinstance(security, list) and options.get("nullable") is False:
            words = f"Operation referencing empty security scheme in {where}."
            results += [
                Result(words, absolute=(*at, str(index)))
                for index, entry in enumerate(security)
                if is_object(entry) and not entry
            ]
    return results


def different_security_schemes(value: Any, options: Any, _call: Call) -> list[Result] | None:
    """Complain about admin operations that ask for no more than ordinary ones."""
    admin_url = (options or {}).get("adminUrl", "/admin")
    ordinary: set[str] = set()
    admin: list[tuple[str, str, tuple[str, ...]]] = []
    for path, method, operation in _operations(member(value, "paths")):
        security = member(operation, "security")
        for index, entry in enumerate(security if isinstance(security, list) else ()):
            if not is_object(entry) and entry is not None:
                continue
            if admin_url in path:
                at = ("paths", path, method, "security", str(index))
                admin.append((path, json_text(entry), at))
            else:
                ordinary.add(json_text(entry))
    words = "Admin endpoint {} has the same security requirement as a non-admin endpoint."
    return [
        Result(words.format(path), absolute=at) for path, asked, at in admin if asked in ordinary
    ]
