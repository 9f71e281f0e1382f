"""Take a model in: the first time whole, later as a release that keeps every identity.

A release is one change-set: it can be previewed, holds from its own day, and can be taken back.
What our own elements hang on is never deleted under them; see work.py.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from registry.landscape.changes.sets import ChangeSetDraft, open_change_set, scoped_writing
from registry.landscape.changes.undo import undo
from registry.landscape.exchange.formats import Loaded
from registry.landscape.metamodel import Strictness
from registry.landscape.models import rows, staging, work
from registry.landscape.models.incoming import Incoming, Seen
from registry.landscape.models.report import Listed, Report, Tally
from schemas.base import utc_now, uuid7
from schemas.errors import Conflict, InvalidInput, UnknownName

KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # it stands in URNs
OBJECTS_LISTED_MAX = 1_000  # of one sort in a report; the counts are always whole


class ReleaseRefused(InvalidInput):
    """A release cannot be taken in as it is."""

    code = "release_refused"
    remedy = "Look at it first with `townclerk landscape import FILE --preview`."


class Source(Struct, frozen=True, kw_only=True):
    """Where a model comes from and how it is to be taken in.

    Args:
        key: Short name of the model in the register, e.g. gemma.
        file: Name of the file.
        file_hash: sha256 of its content.
        release: As people call the release; none takes the day.
        valid_from: Since when it holds in the world; none means now.
        strictness: What forbidden relationships met when it was read.
        proposer: Who takes it in.
        reason: Why.
    """

    key: str
    file: str
    file_hash: bytes
    release: str | None = None
    valid_from: datetime | None = None
    strictness: Strictness = Strictness.WARN
    proposer: str = "unknown"
    reason: str = ""


def take_in(
    db: psycopg.Connection, loaded: Loaded, source: Source, *, preview: bool = False
) -> Report:
    """Bring the register to what a file says; all of it or nothing.

    Args:
        db: Connection in a transaction.
        loaded: The model as read; it is used up.
        source: Where it comes from.
        preview: Tell what would be done, and do nothing.

    Raises:
        ReleaseRefused: Bad key, a day in the future or before the release that is there.
        ModelFileRefused: A text holds a character that cannot be kept.
        Conflict: Something outside the landscape still uses an element that would be deleted.
    """
    if not KEY.fullmatch(source.key):
        raise ReleaseRefused(
            f"{source.key!r} cannot be a model's key.",
            remedy="Use up to 32 small letters, digits and hyphens.",
        )
    with db.transaction(force_rollback=preview):
        return _taken_in(db, loaded, source, preview=preview)


def _taken_in(db: psycopg.Connection, loaded: Loaded, source: Source, *, preview: bool) -> Report:
    model, change_set_id = loaded.model, uuid7()
    rows.prepare(model, file=source.file)
    model_id, is_new = _model(db, source, rows.shown_name(model, "model"))
    since = _since(db, source, model_id)
    report = Report(
        model_id=model_id,
        key=source.key,
        release=source.release or f"{since:%Y-%m-%d}",
        valid_from=since,
        preview=preview,
        change_set_id=change_set_id,
    )
    with scoped_writing(db, change_set_id, since):
        incoming = Incoming.match(db, model, model_id, key=source.key)
        incoming.stage(db)
        frame = staging.keep_frame(
            db,
            model_id,
            name=rows.shown_name(model, "model"),
            detail=rows.text_of(incoming.frame(model)),
        )
        _merge(db, incoming, report)
        staging.remember_names(db, incoming.aliases())
    report.rows_changed += frame or is_new
    if not report.rows_changed:
        report.change_set_id = None
    elif not preview:
        _write_down(db, source, report, change_set_id)
    return report


def _model(db: psycopg.Connection, source: Source, name: str) -> tuple[UUID, bool]:
    """Return the model of that key, made where there is none, and held until we are done."""
    made = db.execute(
        """INSERT INTO architecture_model
               (id, key, name, strictness, detail, revision, created_at, changed_at, valid_from)
           VALUES (%s, %s, %s, %s, '{}', 1, now(), now(), coalesce(%s, now()))
           ON CONFLICT (key) DO NOTHING RETURNING id""",
        (uuid7(), source.key, name, source.strictness, source.valid_from),
    ).fetchone()
    if made:
        return made[0], True
    found = db.execute(
        "SELECT id FROM architecture_model WHERE key = %s FOR UPDATE", (source.key,)
    ).fetchone()
    assert found is not None  # nobody deletes models
    return found[0], False


def _since(db: psycopg.Connection, source: Source, model_id: UUID) -> datetime:
    now = utc_now()
    since = source.valid_from or now
    if since > now:
        raise ReleaseRefused(
            f"{since:%Y-%m-%d} has not come yet.",
            remedy="Take the release in when it holds, or plan it as a scenario.",
        )
    row = db.execute(
        """SELECT max(change_set.valid_from) FROM model_release
           JOIN change_set ON change_set.id = model_release.change_set_id
           WHERE model_id = %s AND rolled_back_at IS NULL""",
        (model_id,),
    ).fetchone()
    latest = row[0] if row else None
    if latest and since < latest:
        raise ReleaseRefused(
            f"The register has this model as of {latest:%Y-%m-%d}; a release of "
            f"{since:%Y-%m-%d} would change what came before it.",
            remedy="Take in releases in the order of their days; take newer ones back first with "
            "`townclerk landscape releases rollback`.",
        )
    return since


def _merge(db: psycopg.Connection, incoming: Incoming, report: Report) -> None:
    """Remove, add and change rows, relationships never without their ends."""
    elements, relationships, views = incoming.elements, incoming.relationships, incoming.views
    seen = ((elements, report.elements), (relationships, report.relationships))
    for one, tally in (*seen, (views, report.views)):
        _list_names(one, tally, report)
    retired = work.retire(db, report.model_id, elements.matches.gone, relationships.matches.gone)
    _remove(db, relationships, report.relationships, retired, report)
    _remove(db, views, report.views, set(), report)
    for one, tally in (*seen, (views, report.views)):
        tally.added = staging.add(db, one.table, report.model_id, report.change_set_id or uuid7())
        changed = staging.change(db, one.table)
        moved = one.moved()
        tally.moved = len(moved)
        tally.changed = len(changed - moved)
        tally.kept = len(one.matches.known) - tally.moved - tally.changed
        report.rows_changed += tally.added + len(changed)
        _list(report, "moved", one, moved)
        _list(report, "changed", one, changed - moved)
    _remove(db, elements, report.elements, retired, report)
    report.listed.extend(incoming.conflicts)


def _list_names(seen: Seen, tally: Tally, report: Report) -> None:
    tally.ambiguous = len(seen.matches.ambiguous)
    for key in list(seen.matches.ambiguous)[:OBJECTS_LISTED_MAX]:
        report.listed.append(Listed("ambiguous", seen.table, seen.name_of(key), seen.ids[key]))


def _remove(
    db: psycopg.Connection, seen: Seen, tally: Tally, retired: set[UUID], report: Report
) -> None:
    gone = seen.matches.gone - retired
    tally.retired = len(seen.matches.gone & retired)
    _list(report, "removed", seen, gone)
    _list(report, "retired", seen, seen.matches.gone & retired)
    try:
        tally.removed = staging.remove(db, seen.table, gone)
    except psycopg.errors.ForeignKeyViolation as error:
        raise Conflict(
            f"The release removes an element that {error.diag.table_name} still uses.",
            remedy="Register the element as your own, or let go of it there first.",
        ) from error
    report.rows_changed += tally.removed + tally.retired


def _list(report: Report, what: str, seen: Seen, keys: set[UUID]) -> None:
    for key in sorted(keys)[:OBJECTS_LISTED_MAX]:
        report.listed.append(Listed(what, seen.table, seen.known_name(key), key))


def _write_down(
    db: psycopg.Connection, source: Source, report: Report, change_set_id: UUID
) -> None:
    counts = {
        name: {key: getattr(tally, key) for key in tally.__struct_fields__}
        for name, tally in (
            ("elements", report.elements),
            ("relationships", report.relationships),
            ("views", report.views),
        )
    }
    open_change_set(
        db,
        ChangeSetDraft(
            id=change_set_id,
            purpose="release",
            reason=source.reason or f"Release {report.release} of {source.key}.",
            proposer=source.proposer,
            valid_from=report.valid_from,
            counts=counts,
        ),
        applied=True,
    )
    release_id = uuid7()
    db.execute(
        """INSERT INTO model_release
               (id, model_id, name, file, file_hash, change_set_id, counts, applied_at)
           VALUES (%s, %s, %s, %s, %s, %s, %s, now())""",
        (
            *(release_id, report.model_id, report.release[:120], source.file[:300]),
            *(source.file_hash, change_set_id, counts),
        ),
    )
    report.work_items = work.write_down(db, release_id, change_set_id)


# ---- What was taken in --------------------------------------------------------------------------


class Release(Struct, frozen=True):
    """One release as it was taken in."""

    id: UUID
    model: str
    name: str
    valid_from: datetime
    applied_at: datetime
    rolled_back_at: datetime | None
    file: str
    counts: dict[str, dict[str, int]]
    change_set_id: UUID
    proposer: str


def list_releases(db: psycopg.Connection, key: str | None = None) -> Sequence[Release]:
    """Return the releases of one model or of all, newest first."""
    with db.cursor(row_factory=class_row(Release)) as cursor:
        return cursor.execute(
            """SELECT model_release.id, key AS model, model_release.name, change_set.valid_from,
                      applied_at, rolled_back_at, file, model_release.counts,
                      model_release.change_set_id,
                      proposer
               FROM model_release JOIN architecture_model ON architecture_model.id = model_id
               JOIN change_set ON change_set.id = model_release.change_set_id
               WHERE %(key)s::text IS NULL OR key = %(key)s
               ORDER BY applied_at DESC, model_release.id DESC""",
            {"key": key},
        ).fetchall()


def latest_release(db: psycopg.Connection, key: str) -> Release:
    """Return the newest release of a model that has not been taken back.

    Raises:
        UnknownName: There is none.
    """
    for release in list_releases(db, key):
        if release.rolled_back_at is None:
            return release
    raise UnknownName(
        f"No release of {key!r} is in the register.",
        remedy="`townclerk landscape releases list` shows what was taken in.",
    )


def roll_back(db: psycopg.Connection, key: str, *, proposer: str, reason: str = "") -> Release:
    """Take back the newest release of a model: every row as it was, mappings included.

    Raises:
        UnknownName: There is no release to take back.
        Conflict: Somebody has changed since what the release brought.
    """
    release = latest_release(db, key)
    undo(
        db,
        release.change_set_id,
        proposer=proposer,
        reason=reason or f"Release {release.name} of {key} is taken back.",
    )
    return release


def hash_of(data: bytes) -> bytes:
    """Return by what a file is recognised."""
    return sha256(data).digest()
