"""What every table shares: one metadata with named constraints, time with a zone, ids that sort."""

import os
import time
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import DateTime, Index, MetaData, event, schema, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapper
from sqlmodel import Field, SQLModel

# The same constraint must have the same name in every town, so that migrations can drop it.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)


class Table(SQLModel):
    """Base of all our tables.

    sqlmodel does not validate `table=True` classes in their constructor; write through
    `model_validate` where values come from outside.
    """

    metadata = metadata


@event.listens_for(Table, "instrument_class", propagate=True)
def describe_table(mapper: Mapper[Any], table_class: type[Table]) -> None:
    """Let the class's first line and its fields' descriptions stand in the database too."""
    table = cast("schema.Table", mapper.local_table)
    table.comment = (table_class.__doc__ or "").strip().splitlines()[0]
    for column in table.columns:
        column.comment = column.comment or table_class.model_fields[column.key].description


def utc_now() -> datetime:
    """Return the present with its zone; naive times never enter the database."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """Return an id that sorts by creation time, so that indexes grow at one end.

    Source:
        RFC 9562, section 5.7.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_bits = int.from_bytes(os.urandom(10))
    value = (milliseconds << 80) | random_bits
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def moment(description: str, **options: Any) -> Any:
    """Declare a column holding a moment with its zone."""
    options.setdefault("nullable", False)
    nullable = options.pop("nullable")
    return Field(
        description=description,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"comment": description},
        nullable=nullable,
        **options,
    )


def since(description: str) -> Any:
    """Declare a moment that the database sets to the present where the writer names none."""
    return Field(
        default_factory=utc_now,
        description=description,
        sa_type=DateTime(timezone=True),
        sa_column_kwargs={"comment": description, "server_default": text("now()")},
        nullable=False,
    )


def where_there(table: str, name: str) -> Index:
    """Declare an index of the rows that have a value there; most have none."""
    return Index(f"ix_{table}_{name}", name, postgresql_where=text(f"{name} IS NOT NULL"))


def json_object(description: str, **options: Any) -> Any:
    """Declare a jsonb column holding one JSON object, empty by default."""
    return Field(
        default_factory=dict,
        description=description,
        sa_type=JSONB,
        sa_column_kwargs={"comment": description},
        nullable=False,
        **options,
    )


def column(description: str, **options: Any) -> Any:
    """Declare a column whose description also stands in the database, for people with psql."""
    kwargs = options.pop("sa_column_kwargs", {})
    return Field(
        description=description, sa_column_kwargs={"comment": description, **kwargs}, **options
    )
