"""Model versions: frozen, hashed, kept until a steward rejects them; one is live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from registry.customers.live.news import note_all_matched
from registry.customers.matching.model import MatchModel, definitions_hash, from_parameters
from schemas.base import uuid7
from schemas.errors import Conflict, UnknownName

VERSIONS_SHOWN_MAX = 100  # of one answer; a town trains a few a year


class ModelInUse(Conflict):
    """A model version that decides, or that decided links somebody measured, is not rejected."""

    code = "model_in_use"
    remedy = "Approve another version first; one whose links were sampled is kept as their proof."


@dataclass(frozen=True)
class ModelVersion:
    """A model that was trained and kept.

    Attributes:
        version: Its hash.
        trained_at: When it was trained.
        trained_on: Records it was trained on.
        live: Whether it decides now.
        usable: Whether this release compares the same fields, so that it can decide.
        unread: Sources that had not been read to their end when it trained itself. Once all are,
            the next sync trains a new one; none where it is not live, or somebody chose it.
    """

    version: str
    trained_at: datetime
    trained_on: int
    live: bool
    usable: bool
    unread: list[str]


def list_versions(db: psycopg.Connection) -> list[ModelVersion]:
    """Return kept models, the newest first."""
    with db.cursor(row_factory=class_row(ModelVersion)) as cursor:
        return cursor.execute(
            """SELECT content_hash AS version, trained_at, match_model.records AS trained_on,
                   live_model.id IS NOT NULL AS live,
                   coalesce(parameters->>'definitions' = %s, false) AS usable,
                   coalesce(live_model.unread, '{}') AS unread
               FROM match_model LEFT JOIN live_model ON model_id = match_model.id
               ORDER BY trained_at DESC, match_model.id DESC LIMIT %s""",
            (definitions_hash(), VERSIONS_SHOWN_MAX),
        ).fetchall()


def reject_version(db: psycopg.Connection, version: str) -> str:
    """Forget a kept model that nobody wants; trained again on the same records it comes back.

    Args:
        db: Connection in the caller's transaction.
        version: Its hash or the beginning of it.

    Returns:
        The whole hash.

    Raises:
        UnknownName: None, or more than one, begins so.
        ModelInUse: It is live, or samples of its links are kept.
    """
    rows = db.execute(
        "SELECT id, content_hash FROM match_model WHERE starts_with(content_hash, %s) LIMIT 2",
        (version,),
    ).fetchall()
    if len(rows) != 1 or not version:
        raise _unknown()
    model_id, found = rows[0]
    gone = db.execute(
        """DELETE FROM match_model WHERE id = %(id)s
           AND NOT EXISTS (SELECT FROM live_model WHERE model_id = %(id)s)
           AND NOT EXISTS (SELECT FROM link_sample WHERE model_id = %(id)s)""",
        {"id": model_id},
    ).rowcount
    if not gone:
        raise ModelInUse(f"Model {found[:12]} decides, or decided links that were sampled.")
    return str(found)


def _unknown() -> UnknownName:
    return UnknownName(
        "No model that this release can use has this version.",
        remedy="`townclerk customers train` keeps a new one and prints its version.",
    )


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
    model = from_parameters(rows[0][0]) if len(rows) == 1 and version else None
    if model is None:
        raise _unknown()
    return model


def make_live(
    db: psycopg.Connection, model_id: UUID, records: int, *, unread: Sequence[str] | None
) -> None:
    """Put a model in force whose keys, edges and clusters have just been written.

    Args:
        db: Connection in the caller's transaction.
        model_id: The model.
        records: How many are matched with it.
        unread: Sources that it could not learn from; None leaves what is noted.
    """
    db.execute(
        """INSERT INTO live_model (id, model_id, complete, records, changed_at, unread)
           VALUES (1, %(model)s, true, %(records)s, now(), coalesce(%(unread)s::text[], '{}'))
           ON CONFLICT (id) DO UPDATE SET model_id = excluded.model_id, complete = true,
               records = excluded.records, changed_at = now(),
               unread = coalesce(%(unread)s::text[], live_model.unread)""",
        {"model": model_id, "records": records, "unread": unread and list(unread)},
    )
    note_all_matched(db)


def unread_sources(db: psycopg.Connection) -> list[str]:
    """Return the sources of customers that have not been read to their end, or are being read.

    What sends by itself has no end.
    """
    return [key for (key,) in db.execute(_UNREAD)]


_UNREAD = """
SELECT source.key FROM source WHERE spec->>'kind' <> 'webhook' AND EXISTS (
    SELECT FROM jsonb_each(spec->'streams') AS stream(name, said)
    WHERE coalesce(said->>'becomes', 'customer') = 'customer' AND NOT EXISTS (
        SELECT FROM checkpoint c
        WHERE c.source_id = source.id AND c.stream = stream.name AND c.complete))
ORDER BY source.key
"""


def learned_too_soon(db: psycopg.Connection) -> bool:
    """Tell whether the live model trained itself before sources were read that now all are.

    Who is whom must not hang on the moment at which a worker or a source failed.
    """
    row = db.execute("SELECT FROM live_model WHERE unread <> '{}'").fetchone()
    return row is not None and not unread_sources(db)
