"""Looks at what runs: what a worker was asked to look at, and what one may see of it, briefly."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from schemas.base import Table, column, json_object, moment, utc_now, uuid7, where_there
from schemas.intake import RequestState


class LookKind(StrEnum):
    """What a worker is asked to look at; it reads a little, and changes nothing."""

    PROBE = "probe"  # does the running interface do what its document says
    TRIAL = "trial"  # one page of each stream, through a connector


class LookRequest(Table, table=True):
    """A look at what runs, which somebody asked for and the next free worker takes."""

    __tablename__ = "look_request"
    __table_args__ = (
        Index("ix_look_request_state_id", "state", "id"),
        where_there("look_request", "check_number"),
    )

    id: UUID = column("Identity; never reused.", default_factory=uuid7, primary_key=True)
    interface_id: UUID = Field(
        foreign_key="element.id", index=True, ondelete="CASCADE", description="Which interface."
    )
    kind: LookKind = column("What to look at.", sa_type=Text)
    given: dict[str, Any] = json_object(
        "Of a trial: the connector file, which streams, how many records, for which purpose."
    )
    state: RequestState = column("Where it stands.", default=RequestState.ASKED, sa_type=Text)
    asked_by: str = column("Who asked.", max_length=200)
    asked_at: datetime = moment("When somebody asked.", default_factory=utc_now)
    taken_at: datetime | None = moment("When a worker took it.", default=None, nullable=True)
    finished_at: datetime | None = moment("When it was done.", default=None, nullable=True)
    answer: dict[str, Any] | None = column(
        "What was found: places, rules and counts, never a value of a customer.",
        default=None,
        sa_type=JSONB,
    )
    error: dict[str, Any] | None = column(
        "Why it failed: code, what, remedy.", default=None, sa_type=JSONB
    )
    check_number: int | None = Field(
        foreign_key="check_run.number",
        default=None,
        sa_type=BigInteger,
        description="The evidence of a probe.",
    )


class TrialSample(Table, table=True):
    """What one who tries a connector may see of its records, as its purpose shows them."""

    __tablename__ = "trial_sample"
    __table_args__ = (Index("ix_trial_sample_until", "until"),)

    request_id: UUID = Field(
        foreign_key="look_request.id",
        primary_key=True,
        ondelete="CASCADE",
        description="The trial.",
    )
    streams: dict[str, Any] = json_object("By stream: records raw beside mapped, and refused ones.")
    until: datetime = moment("When it is deleted.")
