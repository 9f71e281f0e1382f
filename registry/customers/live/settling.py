"""Settle how golden values are chosen, and choose them anew in the same transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg

from registry.customers.live.data_sets import data_set_named
from registry.customers.live.golden import golden_of
from registry.customers.live.history import keep_customers
from registry.customers.live.index import LOCK, clean_rows
from registry.customers.live.survivorship import SURVIVORSHIP, Criterion, survivorship
from registry.customers.values.reasons import stated
from schemas.errors import InvalidInput

# Customers whose values are chosen at a time; bounds memory, not the work.
CUSTOMERS_AT_ONCE: Final = 2_000
TRUSTED_MAX: Final = 100  # data sets of one town that hold people


@dataclass(frozen=True)
class SettledRule:
    """How one attribute, or several that belong together, gets its golden value.

    Attributes:
        attribute: Name of the group, as in provenance.
        columns: Attributes that come from one and the same record.
        criteria: What decides, in this order: trusted, newest, complete, agreement.
        trusted: URNs of data sets, the most trusted first.
        settled: Whether the town settled it; else it is as shipped.
        reason: Why, where the town settled it.
        actor: Who settled it.
        revision: Counts changes; 0 as shipped.
    """

    attribute: str
    columns: list[str]
    criteria: list[str]
    trusted: list[str]
    settled: bool
    reason: str | None
    actor: str | None
    revision: int


def list_rules(db: psycopg.Connection) -> list[SettledRule]:
    """Return how every attribute gets its golden value."""
    said = {
        row[0]: row[1:]
        for row in db.execute("SELECT attribute, reason, actor, revision FROM survivorship_rule")
    }
    urns: dict[str, str] = dict(
        db.execute("SELECT id::text, urn FROM element WHERE kind = 'data_set'").fetchall()
    )
    found = []
    for group in survivorship(db):
        reason, actor, revision = said.get(group.name, (None, None, 0))
        found.append(
            SettledRule(
                attribute=group.name,
                columns=list(group.columns),
                criteria=[one.value for one in group.order],
                trusted=[urns.get(one, one) for one in group.trusted],
                settled=group.name in said,
                reason=reason,
                actor=actor,
                revision=revision,
            )
        )
    return found


def settle_rule(
    db: psycopg.Connection,
    attribute: str,
    *,
    criteria: Sequence[str],
    trusted: Sequence[str] = (),
    reason: str,
    actor: str,
) -> int:
    """Settle how an attribute gets its golden value, and choose it anew for all customers.

    Args:
        db: Connection in the caller's transaction.
        attribute: Name of the group, e.g. address.
        criteria: What decides, in this order; none goes back to what is shipped.
        trusted: URNs of data sets, the most trusted first; needed for `trusted`.
        reason: Why, for those who ask later.
        actor: Who settles it.

    Returns:
        How many customers have changed by it.

    Raises:
        InvalidInput: An attribute or criterion is none, stands twice, or a reason is missing.
        UnknownName: There is no such data set.
    """
    _refuse_nonsense(attribute, criteria, trusted, reason, actor)
    ids = [data_set_named(db, urn, path="trusted") for urn in trusted]
    db.execute(LOCK)
    if criteria:
        db.execute(
            """INSERT INTO survivorship_rule
                   (attribute, criteria, trusted, reason, actor, changed_at, revision)
               VALUES (%s, %s, %s, %s, %s, now(), 1)
               ON CONFLICT (attribute) DO UPDATE SET criteria = excluded.criteria,
                   trusted = excluded.trusted, reason = excluded.reason, actor = excluded.actor,
                   changed_at = now(), revision = survivorship_rule.revision + 1""",
            (attribute, list(criteria), ids, *stated(reason, actor, what="A rule")),
        )
    else:
        db.execute("DELETE FROM survivorship_rule WHERE attribute = %s", (attribute,))
    return choose_anew(db)


def choose_anew(db: psycopg.Connection) -> int:
    """Choose the golden values of all customers with several records; return how many changed."""
    rules, last, changed = survivorship(db), UUID(int=0), 0
    while True:
        page = db.execute(
            """SELECT c.id, array_agg(l.record_id ORDER BY e.urn || chr(31) || r.key COLLATE "C")
               FROM (SELECT id FROM customer WHERE record_count > 1 AND id > %s
                     ORDER BY id LIMIT %s) AS c
               JOIN customer_link l ON l.customer_id = c.id
               JOIN landed_record r ON r.id = l.record_id JOIN element e ON e.id = r.data_set_id
               GROUP BY c.id ORDER BY c.id""",
            (last, CUSTOMERS_AT_ONCE),
        ).fetchall()
        if not page:
            return changed
        clean = clean_rows(db, [record for _, records in page for record in records])
        found = [
            (customer, golden_of([clean[record] for record in records if record in clean], rules))
            for customer, records in page
            if any(record in clean for record in records)
        ]
        before = _changed_now(db)
        keep_customers(db, found)
        changed += _changed_now(db) - before
        last = page[-1][0]


def _changed_now(db: psycopg.Connection) -> int:
    row = db.execute(
        "SELECT count(*) FROM customer_event WHERE happened_at = now() AND change = 'changed'"
    ).fetchone()
    assert row is not None  # an aggregate always gives one row
    return int(row[0])


def _refuse_nonsense(
    attribute: str, criteria: Sequence[str], trusted: Collection[str], reason: str, actor: str
) -> None:
    names = [group.name for group in SURVIVORSHIP]
    if attribute not in names:
        raise InvalidInput(
            f"There is no attribute {attribute[:60]!r}.",
            remedy=f"Attributes are {', '.join(names)}.",
            path=["attribute"],
        )
    strange = sorted(set(criteria) - set(Criterion))
    if strange or len(set(criteria)) < len(criteria):
        raise InvalidInput(
            "Criteria are trusted, newest, complete and agreement, each once at most.",
            path=["criteria"],
        )
    if (Criterion.TRUSTED in criteria) != bool(trusted) or len(trusted) > TRUSTED_MAX:
        raise InvalidInput("`trusted` and the data sets it trusts go together.", path=["trusted"])
    stated(reason, actor, what="A rule")
