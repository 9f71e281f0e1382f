"""Contract diff: what changed between two versions of an interface, and whom it breaks."""

from registry.compliance.contract.compare import Comparison, compare_documents
from registry.compliance.contract.levels import LEVELS, Level
from registry.compliance.contract.verdict import Bump, Verdict, verdict_of

__all__ = [
    "LEVELS", "Bump", "Comparison", "Level", "Verdict", "compare_documents", "verdict_of",
]  # fmt: skip
