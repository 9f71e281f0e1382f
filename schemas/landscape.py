"""The landscape: what a municipality runs, and how it hangs together.

One table of elements and one of relationships (docs/decisions/0001); what a kind may carry
in `attrs` is a matter of the metamodel, not of Python subclasses. Their past, and what is planned,
stand in schemas/changes.py.
"""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import BigInteger, CheckConstraint, Index, Text, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from schemas.base import (
    Table,
    column,
    json_object,
    moment,
    since,
    utc_now,
    uuid7,
    where_there,
)
from schemas.landscape_kinds import ElementKind, RelationshipKind

__all__ = [
    "ArchitectureModel",
    "Element",
    "ElementDraft",
    "ElementKind",
    "LandscapeChange",
    "LandscapeDraft",
    "Relationship",
    "RelationshipDraft",
    "RelationshipKind",
    "StoredView",
]


class ArchitectureModel(Table, table=True):
    """One architecture model taken in as a whole: a reference architecture or our own."""

    __tablename__ = "architecture_model"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("revision > 0", name="revision_positive"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    key: str = column("Short name people type.", max_length=60)
    name: str = column("Name as people say it.", max_length=300)
    strictness: str = column("What forbidden relationships meet: strict, warn, off.", sa_type=Text)
    detail: dict[str, Any] = json_object("What its file says beyond elements, lines and views.")
    revision: int = column("Counts changes; a writer states the one it saw.", default=1)
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)
    changed_at: datetime = moment("When it was last changed.", default_factory=utc_now)
    valid_from: datetime = since("Since when this holds in the world.")
    change_set_id: UUID | None = column("The change-set that made it so.", default=None)


class Element(Table, table=True):
    """One thing in the landscape: a system, a data set, an interface, a reference component."""

    __tablename__ = "element"
    __table_args__ = (
        UniqueConstraint("urn"),
        CheckConstraint("name <> ''", name="name_not_empty"),
        CheckConstraint("revision > 0", name="revision_positive"),
        Index("ix_element_kind_name_id", "kind", "name", "id"),
        Index("ix_element_name_id", "name", "id"),
        where_there("element", "model_id"),
        where_there("element", "change_set_id"),
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
    model_id: UUID | None = column(
        "The model it belongs to; none for what we registered ourselves.",
        default=None,
        foreign_key="architecture_model.id",
    )
    detail: dict[str, Any] | None = column(
        "What the model's file says, word for word.", default=None, sa_type=JSONB
    )
    valid_from: datetime = since("Since when this holds in the world.")
    change_set_id: UUID | None = column("The change-set that made it so.", default=None)


class Relationship(Table, table=True):
    """One ArchiMate relationship between two elements, read from source to target.

    An end may also be another relationship. Our own stand only once between the same two ends.
    """

    __tablename__ = "relationship"
    __table_args__ = (
        CheckConstraint("revision > 0", name="revision_positive"),
        CheckConstraint("num_nonnulls(source_id, source_relationship_id) = 1", name="one_source"),
        CheckConstraint("num_nonnulls(target_id, target_relationship_id) = 1", name="one_target"),
        Index(
            "uq_relationship_own_ends",
            *("kind", "source_id", "target_id"),
            unique=True,
            postgresql_where=text("model_id IS NULL"),
        ),
        *(
            where_there("relationship", name)
            for name in (
                *("source_relationship_id", "target_relationship_id"),
                *("model_id", "change_set_id"),
            )
        ),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    kind: RelationshipKind = column("ArchiMate 3.2 relationship.", sa_type=Text)
    source_id: UUID | None = Field(
        default=None, foreign_key="element.id", index=True, ondelete="CASCADE"
    )
    target_id: UUID | None = Field(
        default=None, foreign_key="element.id", index=True, ondelete="CASCADE"
    )
    attrs: dict[str, Any] = json_object("Properties of the relationship.")
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)
    source_relationship_id: UUID | None = column(
        "The relationship it leaves, where its source is no element.",
        default=None,
        foreign_key="relationship.id",
        ondelete="CASCADE",
    )
    target_relationship_id: UUID | None = column(
        "The relationship it reaches, where its target is no element.",
        default=None,
        foreign_key="relationship.id",
        ondelete="CASCADE",
    )
    name: str = column("Name, often none.", sa_column_kwargs={"server_default": ""}, default="")
    description: str = column(
        "What it means here.", sa_column_kwargs={"server_default": ""}, default=""
    )
    model_id: UUID | None = column(
        "The model it belongs to; none for what we registered ourselves.",
        default=None,
        foreign_key="architecture_model.id",
    )
    detail: dict[str, Any] | None = column(
        "What the model's file says, word for word.", default=None, sa_type=JSONB
    )
    revision: int = column(
        "Counts changes; a writer states the one it saw.",
        sa_column_kwargs={"server_default": "1"},
        default=1,
    )
    changed_at: datetime = since("When it was last changed.")
    valid_from: datetime = since("Since when this holds in the world.")
    change_set_id: UUID | None = column("The change-set that made it so.", default=None)


class StoredView(Table, table=True):
    """One drawing of a model: boxes, lines and their looks, as data."""

    __tablename__ = "stored_view"
    __table_args__ = (
        CheckConstraint("revision > 0", name="revision_positive"),
        Index("ix_stored_view_shows", "shows", postgresql_using="gin"),
        where_there("stored_view", "change_set_id"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    model_id: UUID = Field(foreign_key="architecture_model.id", index=True)
    kind: str = column("archimate, sketch or canvas.", sa_type=Text)
    name: str = column("Name as people say it.", max_length=300)
    description: str = column("What it shows.", default="")
    viewpoint: str | None = column("ArchiMate viewpoint, if any.", default=None)
    attrs: dict[str, Any] = json_object("Properties of the view.")
    shows: list[UUID] = column(
        "Elements it shows.", sa_type=ARRAY(Uuid), sa_column_kwargs={"nullable": False}
    )
    detail: dict[str, Any] = json_object("Nodes, connections and styles; see exchange/model.py.")
    revision: int = column("Counts changes; a writer states the one it saw.", default=1)
    created_at: datetime = moment("When it was registered.", default_factory=utc_now)
    changed_at: datetime = moment("When it was last changed.", default_factory=utc_now)
    valid_from: datetime = since("Since when this holds in the world.")
    change_set_id: UUID | None = column("The change-set that made it so.", default=None)


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
