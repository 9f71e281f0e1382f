"""The landscape: what a municipality runs, and how it hangs together.

One table of elements and one of relationships (docs/decisions/0001); what a kind may carry
in `attrs` is a matter of the metamodel, not of Python subclasses.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7


class ElementKind(StrEnum):
    """What an element is, in the words of the counter; beside it, its ArchiMate 3.2 concept."""

    DOMAIN = "domain"  # Grouping
    REFERENCE_COMPONENT = "reference_component"  # ApplicationComponent
    SYSTEM = "system"  # ApplicationComponent
    INTERFACE = "interface"  # ApplicationInterface
    DATA_SET = "data_set"  # DataObject


class RelationshipKind(StrEnum):
    """The eleven relationships of ArchiMate 3.2 (The Open Group, C226, chapter 5)."""

    COMPOSITION = "composition"
    AGGREGATION = "aggregation"
    ASSIGNMENT = "assignment"
    REALIZATION = "realization"
    SERVING = "serving"
    ACCESS = "access"
    INFLUENCE = "influence"
    ASSOCIATION = "association"
    TRIGGERING = "triggering"
    FLOW = "flow"
    SPECIALIZATION = "specialization"


class Element(Table, table=True):
    """One thing in the landscape: a system, a data set, an interface, a reference component."""

    __tablename__ = "element"
    __table_args__ = (
        UniqueConstraint("urn"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("revision > 0", name="revision_positive"),
        Index("ix_element_kind_name_id", "kind", "name", "id"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    urn: str = column("Stable name in files and connector specifications.", max_length=200)
    kind: ElementKind = column("What it is; see ElementKind.", sa_type=Text)
    name: str = column("Name as people say it.", max_length=300)
    description: str = column("What it is for, in plain words.", default="")
    attrs: dict[str, Any] = json_object("Properties that only this kind has, e.g. base_url.")
    revision: int = column("Counts changes; a writer states the one it saw.", default=1)
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)
    changed_at: datetime = moment("When it was last changed.", default_factory=utc_now)


class Relationship(Table, table=True):
    """One ArchiMate relationship between two elements, read from source to target."""

    __tablename__ = "relationship"
    __table_args__ = (
        UniqueConstraint("kind", "source_id", "target_id"),
        CheckConstraint("source_id <> target_id", name="ends_differ"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    kind: RelationshipKind = column("ArchiMate 3.2 relationship.", sa_type=Text)
    source_id: UUID = Field(foreign_key="element.id", index=True, ondelete="CASCADE")
    target_id: UUID = Field(foreign_key="element.id", index=True, ondelete="CASCADE")
    attrs: dict[str, Any] = json_object("Properties of the relationship.")
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)


class LandscapeChange(Table, table=True):
    """One transaction that changed elements or relationships, for a week."""

    __tablename__ = "landscape_change"

    xid: int = column(
        "The transaction's number.",
        primary_key=True,
        sa_type=BigInteger,
        sa_column_kwargs={"autoincrement": False},
    )
    changed_at: datetime = moment("When the transaction began.", index=True)


class ElementDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An element as somebody registers it; the URN tells whether it is new."""

    urn: Annotated[str, Meta(pattern=r"^urn:[a-z0-9][a-z0-9-]{0,31}:\S{1,160}\Z")]
    kind: ElementKind
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    description: Annotated[str, Meta(max_length=10_000)] = ""
    attrs: dict[str, Any] = {}


class RelationshipDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A relationship as somebody registers it, between URNs."""

    kind: RelationshipKind
    source: str
    target: str
    attrs: dict[str, Any] = {}


class LandscapeDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole landscape, or a part of one, to register at once."""

    elements: list[ElementDraft] = []
    relationships: list[RelationshipDraft] = []
