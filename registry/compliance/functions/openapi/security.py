"""The OpenAPI function about security requirements: schemes and scopes must be declared."""

from typing import Any

from registry.compliance.functions.call import Call, Result
from registry.compliance.jsonpath.values import keys


def defined_security(value: Any, options: Any, call: Call) -> list[Result] | None:
    """Complain about security schemes and scopes that the document does not declare."""
    if not isinstance(value, dict) or not value:
        return None
    for scopes in value.values():
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            return None
    data = call.run.document.data
    if not isinstance(data, dict):
        return None
    version = options["oasVersion"]
    declared = _declared(data, version)
    depth = 2 if call.run.tree.path(call.place)[:1] == ("security",) else 5
    results: list[Result] = []
    for name in keys(value):
        if not isinstance(declared, dict) or name not in declared:
            what = "API" if depth == 2 else "Operation"
            where = "securityDefinitions" if version == 2 else "components.securitySchemes"
            words = f'{what} "security" values must match a scheme defined in the "{where}" object.'
            results.append(Result(words, (name,)))
            continue
        results += [
            Result(f'"{scope}" must be listed among scopes.', (name, str(index)))
            for index, scope in enumerate(value[name])
            if not _has_scope(declared[name], scope, version)
        ]
    return results


def _declared(data: dict[str, Any], version: int) -> Any:
    if version == 2:
        return data.get("securityDefinitions")
    components = data.get("components")
    return components.get("securitySchemes") if isinstance(components, dict) else None


def _has_scope(scheme: Any, scope: str, version: int) -> bool:
    if not isinstance(scheme, dict):
        return False
    if version == 2:
        return isinstance(scheme.get("scopes"), dict) and scope in scheme["scopes"]
    flows = scheme.get("flows")
    return isinstance(flows, dict) and any(
        isinstance(flow, dict) and isinstance(flow.get("scopes"), dict) and scope in flow["scopes"]
        for flow in flows.values()
    )
