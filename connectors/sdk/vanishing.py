"""How many records a source may lose at once before a person is asked."""

VANISHED_FREE_MAX = 50
"""Fewer records than this may vanish from any stream, up to half of it: people do move away."""


def may_vanish(known: int, share_max: float) -> int:
    """Return how many of the known records of a stream may be missing from a complete scan.

    Args:
        known: Records that stand.
        share_max: Share of them that may be missing, 0 to 1.
    """
    return max(int(known * share_max), min(VANISHED_FREE_MAX, known // 2))
