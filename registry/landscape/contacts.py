"""People in records of the landscape: whom to call; masked for whoever needs not call them."""

from typing import Final

from registry.storage.readable import Column, Otherwise, Policy, Value
from schemas.access import Scope

MASK: Final = "***"
# Properties that tools and towns keep people in, in English and Dutch.
_OF_PEOPLE: Final = "contact|mail|phone|telefoon|mobiel|mobile"
_MAIL_ADDRESS: Final = "[[:alnum:]._%+-]+@[[:alnum:]-]+[.]"


def _without_people(attrs: str) -> str:
    """Return SQL of properties in which people's names and addresses are masked.

    Which those are is told by the property's name, or by a mail address in its value.
    """
    return (
        "(SELECT coalesce(jsonb_object_agg(held.key, CASE WHEN"
        f" held.key ~* '{_OF_PEOPLE}' OR held.value::text ~ '{_MAIL_ADDRESS}'"
        f" THEN '\"{MASK}\"' ELSE held.value END), '{{{{}}}}') FROM jsonb_each({attrs}) AS held)"
    )


# What the properties of an element say of people.
IN_PROPERTIES: Final = Policy(
    Scope.CONTACTS_READ, Otherwise.MASKED, mask=_without_people("{row}.attrs")
)
_CONTACT: Final = (
    "CASE WHEN jsonb_typeof({row}.attrs -> 'contact') = 'string' THEN {row}.attrs ->> 'contact' END"
)
CONTACT: Final = Column(
    "contact",
    Value.TEXT,
    "Whom to call about it: a person, with a mail address or a number. Masked without the scope "
    "contacts:read.",
    Policy(
        Scope.CONTACTS_READ,
        Otherwise.MASKED,
        mask=f"CASE WHEN {_CONTACT} IS NOT NULL THEN '{MASK}' END",
    ),
    sql=_CONTACT,
    nullable=True,
)
