"""Changes of the landscape: change-sets, scenarios, releases, and the past that triggers keep."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Index, Text, UniqueConstraint, inspect
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from schemas.base import Table, column, json_object, metadata, moment, utc_now, uuid7, where_there
from schemas.landscape import ArchitectureModel, Element, Relationship, StoredView


class ChangeState(StrEnum):
    """Where a change-set stands."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REJECTED = "rejected"
    UNDONE = "undone"


class Scenario(Table, table=True):
    """A landscape as it might become: change-sets over the base."""

    __tablename__ = "scenario"
    __table_args__ = (UniqueConstraint("key"),)

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    key: str = column("Short name people type.", max_length=60)
    name: str = column("Name as people say it.", max_length=300)
    description: str = column("What it is for.", default="")
    created_by: str = column("Who opened it.", max_length=120)
    created_at: datetime = moment("When it was opened.", default_factory=utc_now)
    merged_at: datetime | None = moment("When it became the base.", default=None, nullable=True)
    discarded_at: datetime | None = moment("When it was given up.", default=None, nullable=True)


class ChangeSet(Table, table=True):
    """Changes that belong together: who proposed them, who approved them, and why."""

    __tablename__ = "change_set"

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    purpose: str = column("edit, table, release, scenario or undo.", sa_type=Text)
    reason: str = column("Why, in the proposer's words.")
    proposer: str = column("Who proposed it.", max_length=120)
    reviewer: str | None = column("Who decided about it.", default=None, max_length=120)
    state: ChangeState = column("Where it stands.", default=ChangeState.PROPOSED, sa_type=Text)
    scenario_id: UUID | None = Field(
        default=None, foreign_key="scenario.id", index=True, description="Seen only in it, if any."
    )
    undoes_id: UUID | None = Field(
        default=None, foreign_key="change_set.id", index=True, description="What it takes back."
    )
    counts: dict[str, Any] = json_object("How many objects it adds, changes and removes.")
    created_at: datetime = moment("When it was proposed.", default_factory=utc_now)
    decided_at: datetime | None = moment("When it was decided.", default=None, nullable=True)
    valid_from: datetime | None = moment(
        "Since when it holds in the world; none means since it was applied.",
        default=None,
        nullable=True,
    )
    decision: str = column(
        "Why, in the reviewer's words.", default="", sa_column_kwargs={"server_default": ""}
    )


class Change(Table, table=True):
    """One change of a change-set to one object, field by field."""

    __tablename__ = "change"
    __table_args__ = (Index("ix_change_object_id", "object_id"),)

    change_set_id: UUID = Field(foreign_key="change_set.id", primary_key=True, ondelete="CASCADE")
    position: int = column("Order within the change-set, from 0.", primary_key=True)
    table_name: str = column("element or relationship.", sa_type=Text)
    object_id: UUID = column("The object; its own id also when it is still to be made.")
    action: str = column("add, change or remove.", sa_type=Text)
    fields: dict[str, Any] = json_object("By field: the value before and the value after.")


class ScenarioChange(Table, table=True):
    """What a scenario makes of one object, all its change-sets taken together."""

    __tablename__ = "scenario_change"
    __table_args__ = (Index("ix_scenario_change_object_id", "object_id"),)

    scenario_id: UUID = Field(foreign_key="scenario.id", primary_key=True, ondelete="CASCADE")
    object_id: UUID = column("The object.", primary_key=True)
    table_name: str = column("element or relationship.", sa_type=Text)
    action: str = column("add, change or remove.", sa_type=Text)
    patch: dict[str, Any] = json_object("New values by column; for add, the whole row.")
    attrs: dict[str, Any] = json_object("New values by attribute.")
    unset: list[str] = column(
        "Attributes taken away.", sa_type=ARRAY(Text), sa_column_kwargs={"nullable": False}
    )
    fields: dict[str, Any] = json_object("By field: the base's value when it was first changed.")


class ModelRelease(Table, table=True):
    """One release of a model as it was taken in."""

    __tablename__ = "model_release"

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    model_id: UUID = Field(foreign_key="architecture_model.id", index=True)
    name: str = column("As people call it, e.g. 2026-06-30.", max_length=120)
    file: str = column("Name of the file it came in.", max_length=300)
    file_hash: bytes = column("sha256 of the file.")
    change_set_id: UUID = Field(foreign_key="change_set.id", index=True)
    counts: dict[str, Any] = json_object("Kept, moved, changed, removed, ambiguous and more.")
    applied_at: datetime = moment("When it was applied.", default_factory=utc_now)
    rolled_back_at: datetime | None = moment("When it was taken back.", default=None, nullable=True)


class Alias(Table, table=True):
    """One name under which files know an object: exchange id, Object ID, kind and name."""

    __tablename__ = "alias"
    __table_args__ = (Index("ix_alias_object_id", "object_id"),)

    model_id: UUID = Field(foreign_key="architecture_model.id", primary_key=True)
    scheme: str = column("exchange, object or name.", primary_key=True, sa_type=Text)
    value: str = column("The name in that scheme.", primary_key=True)
    object_id: UUID = column("The element, relationship or view.", primary_key=True)
    table_name: str = column("element, relationship or stored_view.", sa_type=Text)


class WorkItem(Table, table=True):
    """Something a release left to the architect: one of ours hangs on what is gone."""

    __tablename__ = "work_item"

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    release_id: UUID = Field(foreign_key="model_release.id", index=True)
    gone_id: UUID = column("The element the release removed; kept until this is done.")
    gone_name: str = column("Its name.", max_length=300)
    relationship_id: UUID = column("Our relationship to it.")
    own_id: UUID = column("Our element at the other end.")
    suggested_id: UUID | None = column("What may take its place, if anything.", default=None)
    created_at: datetime = moment("When it came up.", default_factory=utc_now)
    done_at: datetime | None = moment("When it was settled.", default=None, nullable=True)
    outcome: str | None = column("mapped, kept or dropped.", default=None, sa_type=Text)
    postponed_until: datetime | None = moment(
        "Until when nobody wants to hear of it.", default=None, nullable=True
    )
    note: str = column(
        "Why it was settled so, or postponed.", default="", sa_column_kwargs={"server_default": ""}
    )
    settled_by: str | None = column("Who settled or postponed it.", default=None, max_length=120)
    change_set_id: UUID | None = Field(
        default=None, foreign_key="change_set.id", index=True, description="What settled it."
    )


def _history_of(current: type[Table]) -> sa.Table:
    """Declare the table of a table's past: its columns, and until when they held and were known.

    Triggers fill it (migration 0002), so nobody can change a row and leave no trace.
    """
    table = cast("sa.Table", inspect(current).local_table)
    name = f"{table.name}_history"
    return sa.Table(
        name,
        metadata,
        sa.Column(
            "version_id",
            sa.BigInteger,
            sa.Identity(always=True),
            primary_key=True,
            comment="Order.",
        ),
        *(
            sa.Column(own.name, own.type, nullable=own.nullable, comment=own.comment)
            for own in table.columns
        ),
        sa.Column(
            "valid_to",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="Until when this held in the world.",
        ),
        sa.Column(
            "recorded_to",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When we learnt that it no longer did.",
        ),
        sa.Column("ended_by", sa.Uuid, nullable=True, comment="The change-set that ended it."),
        sa.Column(
            "withdrawn_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When we learnt that it never held so.",
        ),
        Index(f"ix_{name}_id_valid_from", "id", "valid_from"),
        where_there(name, "ended_by"),
        *(
            Index(f"ix_{name}_{end}", end)
            for end in ("source_id", "target_id")
            if end in table.columns
        ),
        comment=f"The past of {table.name}: versions that no longer hold.",
    )


element_history = _history_of(Element)
relationship_history = _history_of(Relationship)
stored_view_history = _history_of(StoredView)
architecture_model_history = _history_of(ArchitectureModel)
