"""Model versions: frozen, hashed, kept for ever; one is live."""

from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from registry.customers.model import MatchModel, from_parameters
from schemas.base import uuid7
from schemas.errors import UnknownName


def keep_model(db: psycopg.Connection, model: MatchModel, records: int) -> UUID:
    """Keep a model; the same content is kept once.

    Args:
        db: Connection in the caller's transaction.
        model: The model.
        records: Records it was trained on.

    Returns:
        Its id.
    """
    db.execute(
        """INSERT INTO match_model (id, content_hash, parameters, records, trained_at)
           VALUES (%s, %s, %s, %s, now()) ON CONFLICT (content_hash) DO NOTHING""",
        (uuid7(), model.content_hash, Jsonb(model.as_parameters()), records),
    )
    row = db.execute(
        "SELECT id FROM match_model WHERE content_hash = %s", (model.content_hash,)
    ).fetchone()
    assert row is not None  # it was there or has just been written
    found: UUID = row[0]
    return found


def find_model(db: psycopg.Connection, version: str) -> MatchModel:
    """Return a kept model by its hash or the beginning of it.

    Raises:
        UnknownName: None, or more than one, begins so, or it was trained by another release.
    """
    rows = db.execute(
        "SELECT parameters FROM match_model WHERE starts_with(content_hash, %s) LIMIT 2", (version,)
    ).fetchall()
    model = from_parameters(rows[0][0]) if len(rows) == 1 else None
    if model is None:
        raise UnknownName(
            "No model that this release can use has this version.",
            remedy="`townclerk customers train` keeps a new one and prints its version.",
        )
    return model


def make_live(db: psycopg.Connection, model_id: UUID, records: int) -> None:
    """Put a model in force whose keys, edges and clusters have just been written."""
    db.execute(
        """INSERT INTO live_model (id, model_id, complete, records, changed_at)
           VALUES (1, %s, true, %s, now())
           ON CONFLICT (id) DO UPDATE SET model_id = excluded.model_id, complete = true,
               records = excluded.records, changed_at = now()""",
        (model_id, records),
    )
