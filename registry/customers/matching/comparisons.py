"""Which comparisons are made for which kind of customer, and which number decides by itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.customers.matching.levels import Comparison
from registry.customers.matching.organisations import ORGANISATION
from registry.customers.matching.people import PERSON
from schemas.records import CustomerKind

COMPARISONS: Mapping[CustomerKind, tuple[Comparison, ...]] = {
    CustomerKind.PERSON: PERSON,
    CustomerKind.ORGANISATION: ORGANISATION,
}


@dataclass(frozen=True)
class Identity:
    """An official number that decides by itself.

    Attributes:
        column: Comparison whose agreement makes one customer and whose difference makes two.
        contradicted_by: Comparison that can speak against an agreeing number, if any.
        contradiction_level_max: Up to this level it does.
    """

    column: str
    contradicted_by: str | None = None
    contradiction_level_max: int = 0


IDENTITIES: Mapping[CustomerKind, Identity] = {
    # A birth date of which at most the year agrees: somebody typed another person's number.
    CustomerKind.PERSON: Identity("national_id", "birth", 2),
    CustomerKind.ORGANISATION: Identity("chamber_number"),
}
