"""Which of several values becomes the golden one, per attribute, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Survivorship:
    """How one attribute, or several that belong together, gets its golden value.

    Attributes:
        name: Name of the group, as it stands in provenance.
        columns: Columns of clean_record that are taken from one and the same record.
        newest_first: The newest value wins before the most frequent; for what people change.
    """

    name: str
    columns: tuple[str, ...]
    newest_first: bool = False


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
