"""The functions that rules call, by the names that rule sets use."""

from registry.compliance.functions.call import Call, Function, Result
from registry.compliance.functions.registered import FUNCTIONS


def known_functions() -> frozenset[str]:
    """Return the names of all functions we have."""
    return frozenset(FUNCTIONS)


__all__ = ["FUNCTIONS", "Call", "Function", "Result", "known_functions"]
