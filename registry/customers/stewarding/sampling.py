"""How many automatic links are right: draw some at random, let a steward look, tell the share.

The sample belongs to the model that linked: a new model begins a new one.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from schemas.base import uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName

# Automatic links drawn for a sample; enough to tell 95 from 98 per cent.
SAMPLE_MAX: Final = 1_000
# Waiting links shown at a time; what a steward looks through in a quarter of an hour.
WAITING_MAX: Final = 200


@dataclass(frozen=True)
class SampledLink:
    """One automatic link that waits for a look.

    Attributes:
        id: Id of the sample, by which it is judged.
        left_id: Number of a record.
        right_id: Number of the other.
        weight_bits: Log2 odds of one customer when it was drawn.
    """

    id: UUID
    left_id: int
    right_id: int
    weight_bits: float


@dataclass(frozen=True)
class Precision:
    """Share of automatic links that are right, as measured.

    Attributes:
        judged: Links that somebody has looked at.
        right: Those of them that are right.
        waiting: Links that were drawn and wait for a look.
        share: Right ones among the judged; 0 before the first look.
        least: Lower end of the 95 % interval.
        most: Upper end of the 95 % interval.
    """

    judged: int
    right: int
    waiting: int
    share: float
    least: float
    most: float


def draw_sample(db: psycopg.Connection, size: int) -> list[SampledLink]:
    """Draw automatic links of the live model at random, none of them twice.

    Args:
        db: Connection in the caller's transaction.
        size: Links to draw, 1 to SAMPLE_MAX.

    Raises:
        InvalidInput: The size is none.
        Conflict: No model is live.
    """
    if not 1 <= size <= SAMPLE_MAX:
        raise InvalidInput(f"A sample has 1 to {SAMPLE_MAX} links.", path=["size"])
    live = db.execute("SELECT model_id FROM live_model").fetchone()
    if live is None:
        raise Conflict(
            "No model is live, so nothing was linked by one.",
            remedy="Run `townclerk customers rematch`.",
        )
    rows = db.execute(
        """SELECT e.left_id, e.right_id, e.weight_bits FROM match_edge e
           JOIN customer_link l ON l.record_id = e.left_id
           JOIN customer_link r ON r.record_id = e.right_id AND r.customer_id = l.customer_id
           WHERE NOT e.apart AND 'steward' NOT IN (l.rule, r.rule)
             AND NOT EXISTS (SELECT FROM link_sample s WHERE s.model_id = %s
                 AND (s.left_id, s.right_id) = (e.left_id, e.right_id))
           ORDER BY random() LIMIT %s""",
        (live[0], size),
    ).fetchall()
    with db.cursor() as cursor:
        cursor.executemany(
            """INSERT INTO link_sample (id, model_id, left_id, right_id, weight_bits, drawn_at)
               VALUES (%s, %s, %s, %s, %s, now())""",
            [(uuid7(), live[0], *row) for row in rows],
        )
    return waiting_sample(db)


def waiting_sample(db: psycopg.Connection, *, limit: int = WAITING_MAX) -> list[SampledLink]:
    """Return the links of the live model's sample that nobody has looked at."""
    with db.cursor(row_factory=class_row(SampledLink)) as cursor:
        return cursor.execute(
            """SELECT s.id, s.left_id, s.right_id, s.weight_bits
               FROM link_sample s JOIN live_model USING (model_id)
               WHERE s.judged_at IS NULL ORDER BY s.id LIMIT %s""",
            (min(max(limit, 0), WAITING_MAX),),
        ).fetchall()


def judge_link(db: psycopg.Connection, sample: UUID, *, right: bool, actor: str) -> Precision:
    """Note whether a sampled link is right; it measures, and changes no customer.

    Args:
        db: Connection in the caller's transaction.
        sample: Id of a sampled link.
        right: Whether both records are one customer.
        actor: Who looked.

    Raises:
        UnknownName: There is no such sampled link.
    """
    noted = db.execute(
        "UPDATE link_sample SET is_right = %s, judged_by = %s, judged_at = now() WHERE id = %s",
        (right, actor, sample),
    ).rowcount
    if not noted:
        raise UnknownName(
            f"There is no sampled link {sample}.",
            remedy="`townclerk customers sample` lists those that wait.",
        )
    return measured_precision(db)


def measured_precision(db: psycopg.Connection) -> Precision:
    """Return what the sample of the live model says."""
    row = db.execute(
        """SELECT count(s.judged_at), count(*) FILTER (WHERE s.is_right),
               count(s.id) FILTER (WHERE s.judged_at IS NULL)
           FROM live_model JOIN link_sample s USING (model_id)"""
    ).fetchone()
    judged, right, waiting = row or (0, 0, 0)
    share, least, most = precision_interval(right, judged)
    return Precision(judged, right, waiting, round(share, 4), round(least, 4), round(most, 4))


def precision_interval(right: int, judged: int) -> tuple[float, float, float]:
    """Return measured precision with its 95 % interval.

    Source:
        Wilson (1927), JASA 22(158), 209-212.
    """
    if judged <= 0:
        return 0.0, 0.0, 1.0
    share, z = right / judged, 1.96
    middle = (share + z * z / (2 * judged)) / (1 + z * z / judged)
    spread = z / (1 + z * z / judged)
    spread *= (share * (1 - share) / judged + z * z / (4 * judged * judged)) ** 0.5
    return share, max(middle - spread, 0.0), min(middle + spread, 1.0)
