"""Views of models in the hub's database, one at a time: a page needs one, not all 357."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct, structs
from psycopg.rows import class_row

from registry.landscape.exchange.model import (
    Connection,
    Dialect,
    Element,
    Model,
    Node,
    Relationship,
    Text,
    View,
)
from schemas.errors import UnknownName

VIEWS_MAX = 1000  # the largest reference architecture has 357


class ViewRow(Struct, frozen=True):
    """One stored view, for a list."""

    id: UUID
    model: str
    name: str
    description: str
    elements: int


def list_views(db: psycopg.Connection) -> list[ViewRow]:
    """Return the stored views by model and name."""
    with db.cursor(row_factory=class_row(ViewRow)) as cursor:
        return cursor.execute(
            """SELECT view.id, model.name AS model, view.name, view.description,
                      cardinality(view.shows) AS elements
               FROM stored_view AS view JOIN architecture_model AS model
                    ON model.id = view.model_id
               ORDER BY model.name, view.name, view.id LIMIT %s""",
            (VIEWS_MAX,),
        ).fetchall()


def fetch_view(db: psycopg.Connection, key: UUID) -> tuple[Model, View]:
    """Return a stored view, and a model with what it shows under the hub's own ids.

    Raises:
        UnknownName: There is no such view.
    """
    found = db.execute(
        "SELECT model_id, name, shows, detail::text FROM stored_view WHERE id = %s", (key,)
    ).fetchone()
    if found is None:
        raise UnknownName("There is no such view.", remedy="Choose one from the list of views.")
    model_id, name, shows, detail = found
    view = msgspec.json.decode(detail, type=View)
    elements, element_ids = _elements(db, shows)
    relationships, relationship_ids = _relationships(db, model_id, shows)
    model = Model(
        id=str(model_id), dialect=Dialect.ARCHI, elements=elements, relationships=relationships
    )
    shown = structs.replace(
        view,
        names=(Text(name),),
        nodes=[_renamed(node, element_ids) for node in view.nodes],
        connections=[_led(line, relationship_ids) for line in view.connections],
    )
    model.views[shown.id] = shown
    return model, shown


def _elements(
    db: psycopg.Connection, ids: Iterable[UUID]
) -> tuple[dict[str, Element], dict[str, str]]:
    """Return elements by our id, and our ids by those of the file."""
    rows = db.execute(
        "SELECT id, name, description, detail::text FROM element WHERE id = ANY(%s)", (list(ids),)
    ).fetchall()
    elements, renamed = {}, {}
    for key, name, description, detail in rows:
        if detail is not None:
            kept = msgspec.json.decode(detail, type=Element)
            renamed[kept.id] = str(key)
            elements[str(key)] = Element(
                id=str(key),
                concept=kept.concept,
                names=(Text(name),),
                documentation=(Text(description),) if description else (),
            )
    return elements, renamed


def _relationships(
    db: psycopg.Connection, model_id: UUID, ids: Iterable[UUID]
) -> tuple[dict[str, Relationship], dict[str, str]]:
    rows: Iterable[tuple[Any, ...]] = db.execute(
        """SELECT id, name, detail::text FROM relationship
           WHERE model_id = %s AND detail IS NOT NULL
             AND (source_id = ANY(%s) OR source_relationship_id IS NOT NULL)""",
        (model_id, list(ids)),
    ).fetchall()
    relationships, renamed = {}, {}
    for key, name, detail in rows:
        kept = msgspec.json.decode(detail, type=Relationship)
        renamed[kept.id] = str(key)
        relationships[str(key)] = structs.replace(
            kept, id=str(key), names=(Text(name),) if name else (), properties=()
        )
    return relationships, renamed


def _renamed(node: Node, ids: Mapping[str, str]) -> Node:
    return structs.replace(
        node,
        element=ids.get(node.element or "", node.element),
        children=[_renamed(child, ids) for child in node.children],
    )


def _led(line: Connection, ids: Mapping[str, str]) -> Connection:
    return structs.replace(line, relationship=ids.get(line.relationship or "", line.relationship))
