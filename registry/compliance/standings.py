"""How each interface stands after its newest check: what pictures of the landscape colour by."""

from enum import StrEnum
from uuid import UUID

import psycopg


class Standing(StrEnum):
    """What the newest check of an interface came to."""

    COMPLIANT = "compliant"
    WAIVED = "waived"
    FAILING = "failing"


# Of a rule the evidence keeps severity (0 is error), and findings open, waived and known.
_NEWEST = """
    SELECT DISTINCT ON (interface_id) interface_id,
           EXISTS (SELECT FROM jsonb_each(rules) AS rule (name, told)
                   WHERE (told ->> 0)::int = 0 AND (told ->> 1)::int > 0),
           EXISTS (SELECT FROM jsonb_each(rules) AS rule (name, told)
                   WHERE (told ->> 0)::int = 0 AND (told ->> 2)::int > 0)
    FROM check_run WHERE kind = 'document' ORDER BY interface_id, number DESC"""


def standings(db: psycopg.Connection) -> dict[UUID, Standing]:
    """Return how every interface stands that was ever checked.

    Failing means open errors; waived, that none is open but some are waived.
    """
    found = {}
    for interface, failing, waived in db.execute(_NEWEST).fetchall():
        word = Standing.FAILING if failing else Standing.WAIVED if waived else Standing.COMPLIANT
        found[interface] = word
    return found
