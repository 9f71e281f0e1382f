"""One number for an interface, so that a hundred of them can be compared and followed.

100 is no open finding. Each rule that found something costs once, by how bad it is, and more the
larger the share of operations it concerns; so ten operations with one mistake each are not ten
times as bad as one, and a large interface is not worse for being large.
"""

from collections.abc import Iterable, Mapping

from schemas.compliance import Finding, Severity

COSTS = {
    Severity.ERROR: 10.0,
    Severity.WARNING: 3.0,
    Severity.INFORMATION: 0.5,
    Severity.HINT: 0.1,
}
_FIRST_SHARE = 0.5  # what the first finding of a rule costs of the whole


def score(findings: Iterable[Finding], operations: int) -> int:
    """Return 0 to 100.

    Args:
        findings: Open findings only.
        operations: How many operations the interface offers.
    """
    rules: dict[tuple[str, Severity], int] = {}
    for finding in findings:
        key = (finding.code, finding.severity)
        rules[key] = rules.get(key, 0) + 1
    return score_of_counts(rules, operations)


def score_of_counts(rules: Mapping[tuple[str, Severity], int], operations: int) -> int:
    """Return the score of counts by rule and severity."""
    cost = 0.0
    for (_, severity), count in rules.items():
        share = min(count / max(operations, 1), 1.0)
        cost += COSTS[severity] * (_FIRST_SHARE + (1 - _FIRST_SHARE) * share)
    return max(0, round(100 - cost))
