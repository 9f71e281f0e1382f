"""Is the document valid at all? One question for every kind of interface document."""

from registry.compliance.structure.judge import KIND_UNKNOWN, describe, operations_of, structure_of

__all__ = ["KIND_UNKNOWN", "describe", "operations_of", "structure_of"]
