"""Two versions of a GraphQL schema; graphql-core knows what breaks a query."""

import re
from enum import Enum
from typing import Any

from graphql import GraphQLSchema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from registry.compliance.contract.compare import Change, Comparison
from registry.compliance.contract.levels import Level

# A scalar that nothing uses any more breaks no query; the fields that used it are told anyway.
_NOT_A_CHANGE = "Standard scalar "


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> Comparison:
    """Compare two GraphQL schemas.

    Returns:
        Breaking changes as ERR and dangerous ones as WARN; GraphQL has no versions to declare.
    """
    found: list[tuple[Level, Any]] = [
        (Level.ERR, change) for change in find_breaking_changes(old, new)
    ]
    found += [(Level.WARN, change) for change in find_dangerous_changes(old, new)]
    changes = [
        Change(_code(kind), level, "", "", _where(description), description)
        for level, (kind, description) in found
        if not description.startswith(_NOT_A_CHANGE)
    ]
    return Comparison("", "", changes)


def _code(kind: Enum) -> str:
    return f"graphql-{kind.name.lower().replace('_', '-')}"


def _where(description: str) -> tuple[str, ...]:
    """Return the field or type that a sentence of graphql-core names first."""
    named = re.search(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|'([^']+)'", description)
    if named is None:
        first = description.split(" ", 1)[0]
        return (first,)
    return tuple((named[1] or named[0]).split("."))
