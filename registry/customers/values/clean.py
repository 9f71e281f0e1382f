"""One canonical record to one row of clean_record: folded, split, checked; junk is NULL.

This runs for every record of every page, so each step has a short way for the common value.
Only what is certain to be junk falls here. Values that many different people share (reception
numbers, counters' e-mail addresses, a favourite placeholder date) are found from the data when a
model is trained.
"""

from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from registry.customers.values.address import postal_code, street_and_number
from registry.customers.values.contact import email_address, phone_number
from registry.customers.values.identifiers import chamber_number, citizen_service_number
from registry.customers.values.names import family_parts, given_parts
from registry.customers.values.text import named
from schemas.records import CustomerKind, CustomerRecord

CLEAN_COLUMNS = (
    "record_id",
    "data_set_id",
    "kind",
    "given_name",
    "initials",
    "name_prefix",
    "family_name",
    "birth_date",
    "gender",
    "national_id",
    "organisation_name",
    "chamber_number",
    "email",
    "phone",
    "street",
    "house_number",
    "postal_code",
    "city",
    "source_changed_at",
    "unused",
)

CleanRow: TypeAlias = tuple[Any, ...]

# The oldest person on record lived 122 years; registers also keep people for decades after death.
BIRTH_AGE_YEARS_MAX = 150
# Before 1900 nobody kept a computer; a year of change beyond 2200 is a placeholder or a fault.
YEARS_OF_CHANGE = (1900, 2200)
# Days that programs write where there is none: the zero days of Excel, SQL Server and forms.
PLACEHOLDER_DATES = frozenset(
    {date(1899, 12, 30), date(1899, 12, 31), date(1900, 1, 1), date(1901, 1, 1), date(1911, 11, 11)}
)

# What is said of a value that was given and cannot be one; never the value itself.
_COMPLAINTS = (
    ("given_name", "is no name"),
    ("family_name", "is no name"),
    ("national_id", "fails its check"),
    ("organisation_name", "is no name"),
    ("chamber_number", "is no such number"),
    ("email", "is no address"),
    ("phone", "is no number"),
    ("postal_code", "is no such code"),
    ("city", "is no place"),
)


def clean(
    record_id: int, data_set_id: UUID, record: CustomerRecord, *, today: date | None = None
) -> CleanRow:
    """Clean one record.

    Args:
        record_id: Its landed record.
        data_set_id: The data set it came from.
        record: What the mapping made of it; any field may hold anything.
        today: The day after which births lie in the future; default is today in UTC.

    Returns:
        Values in the order of CLEAN_COLUMNS, ready for COPY.
    """
    person = record.kind == CustomerKind.PERSON
    now = today or datetime.now(UTC).date()
    given, initials = given_parts(record.given_name, record.initials) if person else (None, None)
    prefix, family = (
        family_parts(record.name_prefix, record.family_name) if person else (None, None)
    )
    birth = record.birth_date if person else None
    wrong_birth = None if birth is None else _wrong_birth(birth, now)
    national_id = citizen_service_number(record.national_id) if person else None
    organisation, chamber = named(record.organisation_name), chamber_number(record.chamber_number)
    email, phone = email_address(record.email), phone_number(record.phone)
    street, number = street_and_number(record.street, record.house_number)
    postal, city = postal_code(record.postal_code), named(record.city)
    names = (given or initials, family, national_id) if person else (True, True, True)
    return (
        record_id,
        data_set_id,
        str(record.kind),
        given,
        initials,
        prefix,
        family,
        birth if wrong_birth is None else None,
        record.gender.value if person and record.gender is not None else None,
        national_id,
        organisation,
        chamber,
        email,
        phone,
        street,
        number,
        postal,
        city,
        _moment(record.changed_at),
        _unused(record, (*names, organisation, chamber, email, phone, postal, city), wrong_birth),
    )


def _unused(record: CustomerRecord, used: CleanRow, wrong_birth: str | None) -> str | None:
    """Say of which values nothing was left, in the order of _COMPLAINTS, and why."""
    found = [] if wrong_birth is None else [f"birth date {wrong_birth}"]
    for (name, complaint), value in zip(_COMPLAINTS, used, strict=True):
        if value is None and (getattr(record, name) or "").strip():
            found.append(f"{name.replace('_', ' ')} {complaint}")
    return "; ".join(found) or None


def _moment(value: datetime | None) -> datetime | None:
    """Return a change mark that can be one; programs write year 1 or 9999 where they have none."""
    if value is None or not YEARS_OF_CHANGE[0] <= value.year <= YEARS_OF_CHANGE[1]:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _wrong_birth(value: date, today: date) -> str | None:
    """Say why nobody was born on a day; None where somebody may have been."""
    if value > today:
        return "lies in the future"
    if value.year < today.year - BIRTH_AGE_YEARS_MAX:
        return f"lies more than {BIRTH_AGE_YEARS_MAX} years back"
    return "is a placeholder" if value in PLACEHOLDER_DATES else None
