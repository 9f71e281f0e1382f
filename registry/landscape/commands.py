"""Changes of the landscape: register elements and relationships, all or nothing."""

from dataclasses import dataclass

import msgspec
import psycopg

from registry.landscape.changes.sets import ChangeSetDraft, recorded
from schemas.base import uuid7
from schemas.errors import InvalidInput, UnknownName
from schemas.landscape import (
    ElementDraft,
    ElementKind,
    LandscapeDraft,
    RelationshipDraft,
    RelationshipKind,
)

OWN_SYSTEM_URN = "urn:townclerk:system:townclerk"
MASTER_VIEW_URN = "urn:townclerk:data_set:master-view"
NAMES_IN_MESSAGE_MAX = 5  # enough to see the pattern, short enough to read


@dataclass(frozen=True)
class Registered:
    """How much a registration changed; a second identical one changes nothing."""

    elements: int
    relationships: int


def read_landscape(document: object) -> LandscapeDraft:
    """Turn plain JSON or YAML data into a draft.

    Raises:
        InvalidInput: The data breaks the shape; the message names the place.
    """
    try:
        return msgspec.convert(document, LandscapeDraft)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the landscape is not as it should be: {error}") from error


def register(
    db: psycopg.Connection,
    draft: LandscapeDraft,
    *,
    proposer: str = "unknown",
    reason: str = "A landscape file.",
) -> Registered:
    """Register a landscape: new URNs are added, known ones brought up to date.

    All of it is one change-set; where nothing had to change, there is none.

    Args:
        db: Connection in a transaction.
        draft: What to register.
        proposer: Who registers it.
        reason: Why.

    Raises:
        UnknownName: A relationship names a URN that is neither registered nor in the draft.
        InvalidInput: Two elements of the draft share a URN, or an element would change its kind.
    """
    _refuse_duplicates(draft.elements)
    change_set = ChangeSetDraft(purpose="register", reason=reason, proposer=proposer)
    with recorded(db, change_set) as counts:
        elements = _register_elements(db, draft.elements)
        relationships = _register_relationships(db, draft.relationships)
        made, changed = (elements[number] + relationships[number] for number in (0, 1))
        counts.update(added=made, changed=changed, removed=0)
    return Registered(elements=sum(elements), relationships=sum(relationships))


def _refuse_duplicates(elements: list[ElementDraft]) -> None:
    urns = [element.urn for element in elements]
    if len(set(urns)) < len(urns):
        twice = sorted({urn for urn in urns if urns.count(urn) > 1})[:NAMES_IN_MESSAGE_MAX]
        raise InvalidInput(f"these URNs stand twice: {', '.join(twice)}")


def _register_elements(db: psycopg.Connection, elements: list[ElementDraft]) -> tuple[int, int]:
    """Return how many were added and changed."""
    rows = [{"id": str(uuid7()), **msgspec.to_builtins(element)} for element in elements]
    changed_kind = db.execute(
        """SELECT element.urn, element.kind FROM element
           JOIN jsonb_to_recordset(%s::jsonb) AS draft (urn text, kind text) USING (urn)
           WHERE element.kind <> draft.kind LIMIT 1""",
        (msgspec.json.encode(rows).decode(),),
    ).fetchone()
    if changed_kind:
        raise InvalidInput(
            f"{changed_kind[0]} is registered as {changed_kind[1]} and cannot become another kind",
            remedy="Register it under a new URN.",
        )
    made = db.execute(
        """INSERT INTO element
               (id, urn, kind, name, description, attrs, revision, created_at, changed_at,
                change_set_id)
           SELECT id, urn, kind, name, description, attrs, 1, now(), now(), townclerk_change_set()
           FROM jsonb_to_recordset(%s::jsonb) AS draft
               (id uuid, urn text, kind text, name text, description text, attrs jsonb)
           ON CONFLICT (urn) DO UPDATE
           SET name = excluded.name, description = excluded.description, attrs = excluded.attrs,
               revision = element.revision + 1, changed_at = now()
           WHERE (element.name, element.description, element.attrs)
               IS DISTINCT FROM (excluded.name, excluded.description, excluded.attrs)
           RETURNING revision""",
        (msgspec.json.encode(rows).decode(),),
    ).fetchall()
    return _added_and_changed(made)


def _register_relationships(
    db: psycopg.Connection, relationships: list[RelationshipDraft]
) -> tuple[int, int]:
    """Return how many were added and changed."""
    rows = [{"id": str(uuid7()), **msgspec.to_builtins(item)} for item in relationships]
    document = msgspec.json.encode(rows).decode()
    unknown = db.execute(
        """SELECT DISTINCT urn
           FROM jsonb_to_recordset(%s::jsonb) AS draft (source text, target text)
           CROSS JOIN LATERAL (VALUES (source), (target)) AS ends (urn)
           WHERE NOT EXISTS (SELECT FROM element WHERE element.urn = ends.urn)
           ORDER BY urn LIMIT %s""",
        (document, NAMES_IN_MESSAGE_MAX),
    ).fetchall()
    if unknown:
        names = ", ".join(row[0] for row in unknown)
        raise UnknownName(f"relationships name elements that are not registered: {names}")
    made = db.execute(
        """INSERT INTO relationship
               (id, kind, source_id, target_id, attrs, created_at, change_set_id)
           SELECT DISTINCT ON (draft.kind, source.id, target.id)
                  draft.id, draft.kind, source.id, target.id, draft.attrs, now(),
                  townclerk_change_set()
           FROM jsonb_to_recordset(%s::jsonb) AS draft
               (id uuid, kind text, source text, target text, attrs jsonb)
           JOIN element AS source ON source.urn = draft.source
           JOIN element AS target ON target.urn = draft.target
           ON CONFLICT (kind, source_id, target_id) WHERE model_id IS NULL
           DO UPDATE SET attrs = excluded.attrs
           WHERE relationship.attrs IS DISTINCT FROM excluded.attrs
           RETURNING revision""",
        (document,),
    ).fetchall()
    return _added_and_changed(made)


def _added_and_changed(revisions: list[tuple[int]]) -> tuple[int, int]:
    added = sum(revision == 1 for (revision,) in revisions)
    return added, len(revisions) - added


def ensure_own_elements(db: psycopg.Connection) -> None:
    """Register ourselves, so that lineage does not lead to nowhere."""
    register(
        db,
        LandscapeDraft(
            elements=[
                ElementDraft(
                    urn=OWN_SYSTEM_URN,
                    kind=ElementKind.SYSTEM,
                    name="Townclerk",
                    description="Register of the landscape and hub of the customers' records.",
                    attrs={"owner": "Information management", "lifecycle": "active"},
                ),
                ElementDraft(
                    urn=MASTER_VIEW_URN,
                    kind=ElementKind.DATA_SET,
                    name="Customer master view",
                    description="One record for each customer, merged from the sources.",
                    attrs={"personal_data": True},
                ),
            ],
            relationships=[
                RelationshipDraft(
                    kind=RelationshipKind.ACCESS, source=OWN_SYSTEM_URN, target=MASTER_VIEW_URN
                )
            ],
        ),
        proposer="townclerk",
        reason="Townclerk is part of the landscape itself.",
    )
