"""Which of several values becomes the golden one, per attribute, as data.

What stands here is where every town begins; a row of `survivorship_rule` stands above it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import psycopg


class Criterion(StrEnum):
    """What may decide between values of one customer."""

    TRUSTED = "trusted"  # the data set that the town trusts most
    NEWEST = "newest"  # the record that its source changed last
    COMPLETE = "complete"  # the value with most of its parts filled in
    AGREEMENT = "agreement"  # the value that most records hold


# What provenance calls the criterion that decided.
RULE_NAMES: Final = {
    Criterion.TRUSTED: "trusted",
    Criterion.NEWEST: "newest",
    Criterion.COMPLETE: "complete",
    Criterion.AGREEMENT: "most_agree",
}


@dataclass(frozen=True)
class Survivorship:
    """How one attribute, or several that belong together, gets its golden value.

    Attributes:
        name: Name of the group, as it stands in provenance.
        columns: Columns of clean_record that are taken from one and the same record.
        newest_first: The newest value wins before the most frequent; for what people change.
        criteria: What decides instead, where the town has settled it; the first first.
        trusted: Ids of data sets, the most trusted first; others come after them.
    """

    name: str
    columns: tuple[str, ...]
    newest_first: bool = False
    criteria: tuple[Criterion, ...] = ()
    trusted: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[Criterion, ...]:
        """What decides, the first first; ties are broken the same way for ever."""
        usual = (Criterion.NEWEST, Criterion.AGREEMENT)
        if not self.criteria:
            return usual if self.newest_first else usual[::-1]
        return (*self.criteria, *(one for one in usual[::-1] if one not in self.criteria))


SURVIVORSHIP: tuple[Survivorship, ...] = (
    Survivorship("given_name", ("given_name",)),
    Survivorship("initials", ("initials",)),
    # A marriage changes prefix and name together.
    Survivorship("family_name", ("name_prefix", "family_name"), newest_first=True),
    Survivorship("birth_date", ("birth_date",)),
    Survivorship("gender", ("gender",)),
    Survivorship("national_id", ("national_id",)),
    Survivorship("organisation_name", ("organisation_name",), newest_first=True),
    Survivorship("chamber_number", ("chamber_number",)),
    Survivorship("email", ("email",), newest_first=True),
    Survivorship("phone", ("phone",), newest_first=True),
    # Street of one record and number of another would be a house nobody lives in.
    Survivorship("address", ("street", "house_number", "postal_code", "city"), newest_first=True),
)


def survivorship(db: psycopg.Connection) -> tuple[Survivorship, ...]:
    """Return how golden values are chosen in this town."""
    asked = db.execute("SELECT attribute, criteria, trusted::text[] FROM survivorship_rule")
    return survivorship_of(asked.fetchall())


def survivorship_of(rows: Iterable[Sequence[Any]]) -> tuple[Survivorship, ...]:
    """Return how golden values are chosen, what the town settled above what is shipped.

    Args:
        rows: Attribute, criteria and ids of the trusted data sets of each rule that was settled.
    """
    settled = {attribute: (criteria, trusted) for attribute, criteria, trusted in rows}
    if not settled:
        return SURVIVORSHIP
    return tuple(
        replace(
            group,
            criteria=tuple(Criterion(one) for one in settled[group.name][0]),
            trusted=tuple(settled[group.name][1]),
        )
        if group.name in settled
        else group
        for group in SURVIVORSHIP
    )
