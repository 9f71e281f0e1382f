"""How interfaces stand and how that moves: scores by interface, system, supplier and standard.

Also which rules earn their place: rules that never found anything, and rules that cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import psycopg
from psycopg.rows import class_row

from registry.compliance.contract.consumers import Consumer
from registry.compliance.effectiveness import cannot_fire
from registry.compliance.rulesets.model import RuleSet

DAYS_MAX = 3_660  # of one trend
ROWS_MAX = 5_000  # of one answer


class Grouping(StrEnum):
    """By what scores are put together."""

    INTERFACE = "interface"
    SYSTEM = "system"
    SUPPLIER = "supplier"
    STANDARD = "standard"


@dataclass(frozen=True)
class ScoreRow:
    """The score of one group on one day: the mean of the last checks of its interfaces.

    Attributes:
        group: The interface, system, supplier or standard.
        day: The day.
        score: 0 to 100.
        interfaces: How many interfaces it is the mean of.
        errors: Their open errors.
    """

    group: str
    day: date
    score: float
    interfaces: int
    errors: int


_GROUPS = {
    Grouping.INTERFACE: "c.interface_urn",
    Grouping.SYSTEM: "coalesce(s.name, 'no system')",
    Grouping.SUPPLIER: "coalesce(s.attrs ->> 'supplier', 'no supplier')",
    Grouping.STANDARD: "coalesce(t.key || ' ' || t.version, 'no standard')",
}
_SYSTEMS = """LEFT JOIN LATERAL (
    SELECT e.name, e.attrs FROM relationship r
    JOIN element e ON e.id = CASE WHEN r.source_id = c.interface_id THEN r.target_id
                                  ELSE r.source_id END
    WHERE (r.target_id = c.interface_id OR r.source_id = c.interface_id)
      AND r.kind IN ('composition', 'aggregation', 'assignment', 'realization')
      AND e.kind = 'system'
    ORDER BY e.name LIMIT 1) s ON true"""
_STANDARDS = """LEFT JOIN LATERAL (
    SELECT t.key, t.version FROM standard t JOIN rule_set k ON k.id = t.rule_set_id
    WHERE c.record -> 'rule_sets' @> jsonb_build_array(jsonb_build_object('sha256', k.sha256))
    ) t ON true"""


def scores(db: psycopg.Connection, by: Grouping, *, since: date | None = None) -> list[ScoreRow]:
    """Return scores by group and day, oldest day first.

    Args:
        db: Connection in a transaction.
        by: What to put together.
        since: First day; None means all.
    """
    joins = {Grouping.INTERFACE: "", Grouping.STANDARD: _STANDARDS}.get(by, _SYSTEMS)
    with db.cursor(row_factory=class_row(ScoreRow)) as cursor:
        return cursor.execute(
            f"""WITH last AS (
                    SELECT DISTINCT ON (interface_urn, (checked_at AT TIME ZONE 'UTC')::date) *
                    FROM check_run
                    WHERE kind = 'document'
                      AND (%(since)s::date IS NULL OR checked_at >= %(since)s::date)
                    ORDER BY interface_urn, (checked_at AT TIME ZONE 'UTC')::date, number DESC)
                SELECT {_GROUPS[by]} AS group, (c.checked_at AT TIME ZONE 'UTC')::date AS day,
                       round(avg(c.score), 1)::float AS score, count(*)::int AS interfaces,
                       sum((c.record -> 'counts' ->> 'error')::int)::int AS errors
                FROM last c {joins}
                GROUP BY 1, 2 ORDER BY 2, 1 LIMIT {ROWS_MAX}""",
            {"since": since},
        ).fetchall()


@dataclass(frozen=True)
class RuleUse:
    """How often a rule fired.

    Attributes:
        rule: Its name.
        rule_set: Where it is from.
        checks: Checks that it took part in.
        fired: Checks in which it found something.
        findings: How many findings in all.
        verdict: What that means: `useful`, `never fired`, or `cannot fire` with the reason.
    """

    rule: str
    rule_set: str
    checks: int
    fired: int
    findings: int
    verdict: str


def effectiveness(db: psycopg.Connection, rule_sets: Sequence[RuleSet]) -> list[RuleUse]:
    """Return how often each enabled rule fired in the last check of every interface.

    Args:
        db: Connection in a transaction.
        rule_sets: Rule sets whose rules to look at.
    """
    found: list[RuleUse] = []
    for rule_set in rule_sets:
        rows = db.execute(
            """SELECT DISTINCT ON (interface_urn) rules FROM check_run
               WHERE record -> 'rule_sets' @> jsonb_build_array(
                   jsonb_build_object('sha256', %s::text))
               ORDER BY interface_urn, number DESC""",
            [rule_set.digest],
        ).fetchall()
        for rule in rule_set.rules.values():
            if not rule.enabled:
                continue
            hits = [sum(row[0][rule.name][1:]) for row in rows if rule.name in row[0]]
            reason = cannot_fire(rule)
            verdict = "useful" if hits else reason or "never fired"
            found.append(
                RuleUse(rule.name, rule_set.name, len(rows), len(hits), sum(hits), verdict)
            )
    return sorted(found, key=lambda use: (use.fired, use.rule))


def consumers_of(db: psycopg.Connection, interface_urn: str) -> list[Consumer]:
    """Return who uses an interface, as relationships of the landscape tell.

    A relationship may name what it uses: `operations: ["GET /zaken", …]` in its properties.
    """
    rows = db.execute(
        """SELECT e.name, e.urn, r.attrs -> 'operations'
           FROM element i JOIN relationship r ON r.source_id = i.id OR r.target_id = i.id
           JOIN element e ON e.id = CASE WHEN r.source_id = i.id THEN r.target_id
                                         ELSE r.source_id END
           WHERE i.urn = %s AND i.kind = 'interface' AND e.kind IN ('system', 'interface')
             AND (r.kind IN ('access', 'association')
                  OR (r.source_id = i.id AND r.kind IN ('serving', 'flow', 'triggering')))
           ORDER BY e.name, e.urn""",
        [interface_urn],
    ).fetchall()
    found: dict[str, Consumer] = {}
    for name, urn, operations in rows:
        listed = frozenset(map(str, operations)) if isinstance(operations, list) else frozenset()
        before = found.get(urn)
        if before is not None:
            # One relationship that names nothing may mean everything.
            both = before.operations and listed
            listed = before.operations | listed if both else frozenset()
        found[urn] = Consumer(name, urn, listed)
    return list(found.values())
