"""Give a model back as it came, with what has been changed since, as of any day."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from registry.landscape.exchange.model import Element, Model, Relationship, Thing, View
from registry.landscape.metamodel import Strictness
from registry.landscape.models import rows
from schemas.errors import UnknownName


class ModelRow(Struct, frozen=True):
    """One model of the register."""

    id: UUID
    key: str
    name: str
    strictness: str
    elements: int
    relationships: int
    views: int
    valid_from: datetime


def list_models(db: psycopg.Connection) -> Sequence[ModelRow]:
    """Return all models by key."""
    with db.cursor(row_factory=class_row(ModelRow)) as cursor:
        return cursor.execute(
            """SELECT id, key, name, strictness, valid_from,
                      (SELECT count(*) FROM element WHERE model_id = model.id) AS elements,
                      (SELECT count(*) FROM relationship WHERE model_id = model.id)
                          AS relationships,
                      (SELECT count(*) FROM stored_view WHERE model_id = model.id) AS views
               FROM architecture_model AS model ORDER BY key"""
        ).fetchall()


def strictness_of(db: psycopg.Connection, key: str) -> Strictness | None:
    """Return what forbidden relationships meet in a model; None where there is no such model."""
    row = db.execute("SELECT strictness FROM architecture_model WHERE key = %s", (key,)).fetchone()
    return Strictness(row[0]) if row else None


def fetch_model(
    db: psycopg.Connection,
    key: str,
    *,
    as_of: datetime | None = None,
    scenario: UUID | None = None,
) -> Model:
    """Return a model of the register in the shape that every exchange format is written from.

    Args:
        db: Connection in a transaction.
        key: The model's key.
        as_of: The day; none means now.
        scenario: With the changes of this scenario.

    Raises:
        UnknownName: There is no such model, or it had no content then.
    """
    scope = {"as_of": as_of, "scenario": scenario, "key": key}
    found = db.execute(
        """SELECT id, detail::text FROM architecture_model_at(%(as_of)s, %(scenario)s)
           WHERE key = %(key)s AND detail <> '{}'""",
        scope,
    ).fetchone()
    if found is None:
        raise UnknownName(
            f"The register has no model {key!r}" + (f" as of {as_of:%Y-%m-%d}." if as_of else "."),
            remedy="`townclerk landscape models` lists those there are.",
        )
    scope["model"], detail = found
    frame = msgspec.json.decode(detail, type=rows.Frame)
    model = frame.model
    named = rows.Definitions(model).named
    ids = _fetch_elements(db, model, scope)
    _fetch_relationships(db, model, scope, ids)
    for (detail,) in _details(db, "stored_view", "detail::text", scope):
        view = msgspec.json.decode(detail, type=View)
        for drawn in rows.drawn(view):
            drawn.properties = named(drawn.properties)
        model.views[view.id] = view
    model.elements = frame.put_in_order("element", model.elements)
    model.relationships = frame.put_in_order("relationship", model.relationships)
    model.views = frame.put_in_order("stored_view", model.views)
    things: list[Thing] = [
        *model.elements.values(),
        *model.relationships.values(),
        *model.views.values(),
    ]
    for thing in things:
        thing.properties = named(thing.properties)
    return model


def _details(
    db: psycopg.Connection, table: str, columns: str, scope: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    yield from db.execute(
        f"""SELECT {columns} FROM {table}_at(%(as_of)s, %(scenario)s)
            WHERE model_id = %(model)s AND detail IS NOT NULL ORDER BY id""",
        scope,
    )


def _fetch_elements(db: psycopg.Connection, model: Model, scope: dict[str, Any]) -> dict[UUID, str]:
    """Add the elements; return their exchange ids by identity."""
    decoder, ids = msgspec.json.Decoder(Element), {}
    columns = "id, kind, name, description, attrs, detail::text"
    for key, kind, name, description, attrs, detail in _details(db, "element", columns, scope):
        element = decoder.decode(detail)
        row = rows.Told(kind, name, description, attrs)
        kept = rows.told_of_element(element)
        if row != kept:
            element = rows.edited(element, kept, row)
        model.elements[element.id] = element
        ids[key] = element.id
    return ids


def _fetch_relationships(
    db: psycopg.Connection, model: Model, scope: dict[str, Any], ids: dict[UUID, str]
) -> None:
    decoder = msgspec.json.Decoder(Relationship)
    columns = """id, kind, name, description, attrs, detail::text,
                 coalesce(source_id, source_relationship_id),
                 coalesce(target_id, target_relationship_id)"""
    ends: list[tuple[Relationship, UUID, UUID]] = []
    for key, kind, name, description, attrs, detail, source, target in _details(
        db, "relationship", columns, scope
    ):
        one = decoder.decode(detail)
        row = rows.Told(kind, name, description, attrs)
        kept = rows.told_of_relationship(one)
        if row != kept:
            one = rows.edited(one, kept, row)
        ids[key] = one.id
        ends.append((one, source, target))
    for one, source, target in ends:
        if source in ids and target in ids:
            one.source, one.target = ids[source], ids[target]
            model.relationships[one.id] = one
