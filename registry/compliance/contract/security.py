"""What a consumer must show to be let in: schemes, requirements and scopes of two versions."""

from collections.abc import Iterator
from typing import Any

from registry.compliance.contract.operations import Contract, as_object

Found = tuple[str, tuple[str, ...]]
_URLS = (("authorizationUrl", "oauth-url"), ("tokenUrl", "oauth-token-url"))


def security_changes(
    old: Contract, new: Contract, operations: tuple[dict[str, Any], dict[str, Any]] | None = None
) -> Iterator[Found]:
    """Compare security of two versions of one operation, or, without one, of the documents."""
    if operations is not None:
        before, after = (_requirements(one.get("security")) for one in operations)
        yield from _required(before, after, "api-security")
        return
    yield from _required(
        _requirements(old.data.get("security")),
        _requirements(new.data.get("security")),
        "api-global-security",
    )
    yield from _components(old, new)


def _requirements(value: Any) -> dict[str, set[str]]:
    """Return scopes by the names of the schemes that are asked for together."""
    found: dict[str, set[str]] = {}
    for one in value if isinstance(value, list) else ():
        schemes = as_object(one)
        name = " and ".join(sorted(map(str, schemes)))
        scopes = found.setdefault(name, set())
        for listed in schemes.values():
            scopes |= {str(scope) for scope in listed} if isinstance(listed, list) else set()
    found.pop("", None)
    return found


def _required(
    before: dict[str, set[str]], after: dict[str, set[str]], stem: str
) -> Iterator[Found]:
    for name in sorted(before.keys() - after.keys()):
        yield f"{stem}-removed", (name,)
    for name in sorted(after.keys() - before.keys()):
        yield f"{stem}-added", (name,)
    for name in sorted(before.keys() & after.keys()):
        for scope in sorted(before[name] - after[name]):
            yield f"{stem}-scope-removed", (name, scope)
        for scope in sorted(after[name] - before[name]):
            yield f"{stem}-scope-added", (name, scope)


def _components(old: Contract, new: Contract) -> Iterator[Found]:
    stem = "api-security-component"
    before, after = old.security_schemes(), new.security_schemes()
    for name in sorted(before.keys() - after.keys()):
        yield f"{stem}-removed", (name,)
    for name in sorted(after.keys() - before.keys()):
        yield f"{stem}-added", (name,)
    for name in sorted(before.keys() & after.keys()):
        one, other = before[name], after[name]
        if one.get("type") != other.get("type"):
            yield f"{stem}-type-changed", (name, str(one.get("type")), str(other.get("type")))
            continue
        flows, others = _flows(one), _flows(other)
        for flow in sorted(flows.keys() & others.keys()):
            yield from _flow(stem, name, flows[flow], others[flow])


def _flow(stem: str, name: str, before: dict[str, Any], after: dict[str, Any]) -> Iterator[Found]:
    for key, word in _URLS:
        if before.get(key) != after.get(key):
            yield f"{stem}-{word}-changed", (name, str(before.get(key)), str(after.get(key)))
    was, now = as_object(before.get("scopes")), as_object(after.get("scopes"))
    for scope in sorted(was.keys() - now.keys()):
        yield f"{stem}-oauth-scope-removed", (name, scope)
    for scope in sorted(now.keys() - was.keys()):
        yield f"{stem}-oauth-scope-added", (name, scope)
    for scope in sorted(was.keys() & now.keys()):
        if was[scope] != now[scope]:
            yield f"{stem}-oauth-scope-changed", (name, scope)


def _flows(scheme: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return OAuth flows by name; 2.0 has one, in the scheme itself."""
    if isinstance(scheme.get("flow"), str):
        return {str(scheme["flow"]): scheme}
    return {name: as_object(flow) for name, flow in as_object(scheme.get("flows")).items()}
