"""What personal data may be looked at for: purposes as data, and the sight that one gives.

Nothing of a customer is read without a `Sight`, and a sight is had only by naming a purpose.
What lies outside it comes back masked, so that an answer has the same shape for everybody.
"""

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import psycopg
from psycopg.rows import class_row

import schemas
from registry.customers.live.survivorship import SURVIVORSHIP
from registry.storage.guarding import PURPOSE_NAME
from schemas.errors import InvalidInput, UnknownName

MASK: Final = "***"
# Parts of a customer that a purpose opens as a whole, beside golden attributes.
PARTS: Final = (
    "name",
    "sources",
    "timeline",
    "household",
    "consents",
    "preferences",
    "roles",
    "contact_points",
    "addresses",
    "identifiers",
)
ATTRIBUTES: Final = tuple(name for group in SURVIVORSHIP for name in group.columns)
FIELDS: Final = frozenset((*ATTRIBUTES, *PARTS))
# People type a key; the register of processing has room for more.
PURPOSE_CHARACTERS_MAX: Final = 60


class PurposeNeeded(InvalidInput):
    """Personal data was asked for without saying what for."""

    code = "purpose_needed"
    remedy = (
        "Name a purpose: `--purpose service` on the command line, the header Townclerk-Purpose in "
        "GraphQL. `townclerk customers purposes` lists them."
    )


@dataclass(frozen=True)
class PurposeRow:
    """One purpose that may be named.

    Attributes:
        key: Short name people type.
        name: What it is called in the register of processing.
        lawful_basis: Article of law or of the GDPR it rests on.
        fields: What may be seen; all else comes back masked.
        active: Whether it may still be named.
    """

    key: str
    name: str
    lawful_basis: str
    fields: list[str]
    active: bool


@dataclass(frozen=True)
class Sight:
    """What one who asks may see, and what for.

    Attributes:
        purpose: Key of the purpose.
        lawful_basis: What the purpose rests on.
        fields: Golden attributes and parts that are shown.
        actor: Who asks.
    """

    purpose: str
    lawful_basis: str
    fields: frozenset[str]
    actor: str

    def may(self, field: str) -> bool:
        """Tell whether a field is shown."""
        return field in self.fields

    def shown(self, field: str, value: str) -> str:
        """Return a value, or the mask where the purpose does not cover it."""
        return value if field in self.fields else MASK


@lru_cache(maxsize=1)
def shipped_purposes() -> tuple[PurposeRow, ...]:
    """Return the purposes that every town begins with."""
    file = Path(schemas.__file__).parent / "reference" / "purposes.toml"
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(PurposeRow(key=key, active=True, **said) for key, said in read.items())


def list_purposes(db: psycopg.Connection) -> list[PurposeRow]:
    """Return all purposes by key; the town's own stand above the shipped ones."""
    with db.cursor(row_factory=class_row(PurposeRow)) as cursor:
        own = cursor.execute("SELECT key, name, lawful_basis, fields, active FROM purpose")
        found = {row.key: row for row in (*shipped_purposes(), *own.fetchall())}
    return [found[key] for key in sorted(found)]


def open_sight(db: psycopg.Connection, purpose: str | None, *, actor: str) -> Sight:
    """Return what may be seen for a purpose.

    Args:
        db: Connection in a transaction.
        purpose: Key of a purpose.
        actor: Who asks.

    Raises:
        PurposeNeeded: None was named.
        UnknownName: There is none of this name, or it is no longer in use.
    """
    if purpose is None or not purpose.strip():
        raise PurposeNeeded("Personal data is shown only for a purpose, and none was named.")
    wished = purpose.strip()
    for row in list_purposes(db):
        if row.key == wished and row.active:
            return Sight(row.key, row.lawful_basis, frozenset(row.fields), actor)
    raise UnknownName(
        f"There is no purpose {wished[:PURPOSE_CHARACTERS_MAX]!r}.",
        remedy="`townclerk customers purposes` lists those that may be named.",
    )


def set_purpose(
    db: psycopg.Connection,
    key: str,
    *,
    name: str,
    lawful_basis: str,
    fields: Collection[str],
    active: bool = True,
    actor: str,
) -> PurposeRow:
    """Settle a purpose; one of the same key is replaced.

    Args:
        db: Connection in the caller's transaction.
        key: Short name people type.
        name: What it is called in the register of processing.
        lawful_basis: What it rests on; never empty.
        fields: Golden attributes and parts that are shown.
        active: Whether it may be named.
        actor: Who settles it.

    Raises:
        InvalidInput: The key or a field is not one, or a name or basis is missing.
    """
    key = key.strip()
    if not PURPOSE_NAME.fullmatch(key):
        raise InvalidInput(
            f"A purpose's key is at most {PURPOSE_CHARACTERS_MAX} small letters, digits, - and _,"
            " a letter first.",
            path=["key"],
        )
    if not name.strip() or not lawful_basis.strip():
        raise InvalidInput("A purpose needs a name and a lawful basis.", path=["lawfulBasis"])
    strange = sorted(set(fields) - FIELDS)
    if strange:
        raise InvalidInput(
            f"Customers have no {', '.join(strange)}.",
            remedy=f"Fields are {', '.join(_ordered(FIELDS))}.",
            path=["fields"],
        )
    row = PurposeRow(key, name.strip(), lawful_basis.strip(), _ordered(fields), active)
    db.execute(
        """INSERT INTO purpose (key, name, lawful_basis, fields, active, changed_by, changed_at)
           VALUES (%s, %s, %s, %s, %s, %s, now())
           ON CONFLICT (key) DO UPDATE SET name = excluded.name,
               lawful_basis = excluded.lawful_basis, fields = excluded.fields,
               active = excluded.active, changed_by = excluded.changed_by, changed_at = now()""",
        (row.key, row.name, row.lawful_basis, row.fields, row.active, actor),
    )
    return row


def _ordered(fields: Collection[str]) -> list[str]:
    known: Sequence[str] = (*PARTS[:1], *ATTRIBUTES, *PARTS[1:])
    return [name for name in known if name in fields]
