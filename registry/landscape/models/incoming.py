"""A prepared model beside the rows we have: who is who, and what each row is to become."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeAlias
from urllib.parse import quote
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct, structs

from registry.landscape.exchange.model import Element, Model, Relationship, View
from registry.landscape.models import rows, staging
from registry.landscape.models.identity import (
    OBJECT_ID_PROPERTY,
    Matches,
    Scheme,
    match,
)
from registry.landscape.models.report import Listed
from schemas.base import uuid7

NAME_IN_INDEX_MAX = 400  # longer names are known by their hash; an index entry holds 2,700 bytes
URN_TAIL_MAX = 150  # a URN has 200, and the model's key stands in it

Concept: TypeAlias = Element | Relationship | View


class Seen(Struct):
    """The objects of one table in a file.

    Args:
        table: Where they go.
        things: By exchange id.
        names: How each may be known.
        matches: Who is who.
        ids: Our identity of each, new ones included.
        known_names: Names of the rows we have.
    """

    table: str
    things: Mapping[str, Any]
    names: dict[str, Mapping[Scheme, str]]
    matches: Matches[UUID]
    ids: dict[str, UUID]
    known_names: dict[UUID, str]

    def moved(self) -> set[UUID]:
        """Return those that were known by another name than their exchange id."""
        return {
            self.matches.known[key]
            for key, scheme in self.matches.by.items()
            if scheme is not Scheme.EXCHANGE
        }

    def name_of(self, key: str) -> str:
        """Return an object's name in the file."""
        return str(self.things[key].name)

    def known_name(self, key: UUID) -> str:
        """Return an object's name in the register."""
        return self.known_names.get(key, "")


class Incoming(Struct):
    """A whole model matched with what we have of it."""

    model_id: UUID
    key: str
    elements: Seen
    relationships: Seen
    views: Seen
    conflicts: list[Listed] = []

    @classmethod
    def match(cls, db: psycopg.Connection, model: Model, model_id: UUID, *, key: str) -> "Incoming":
        """Find every object of a model among the rows we have.

        Args:
            db: Connection in a transaction.
            model: As prepared.
            model_id: Whose rows.
            key: The model's key, for URNs.
        """
        aliases = _aliases(db, model_id)
        elements = _seen(
            db,
            "element",
            model.elements,
            model_id,
            aliases=aliases,
            name_of=lambda one: f"{one.concept}|{one.name}",
        )

        def ends(one: Relationship) -> str:
            # An end that is a relationship is known by its own id alone: matching goes one by one.
            source, target = (elements.ids.get(end, end) for end in (one.source, one.target))
            return f"{one.kind}|{source}|{target}|{one.name}"

        relationships = _seen(
            db, "relationship", model.relationships, model_id, aliases=aliases, name_of=ends
        )
        views = _seen(
            db,
            "stored_view",
            model.views,
            model_id,
            aliases=aliases,
            name_of=lambda one: f"{one.kind}|{one.name}",
        )
        return cls(model_id, key, elements, relationships, views)

    def stage(self, db: psycopg.Connection) -> None:
        """Copy what every row is to be beside the tables."""
        staging.stage(db, "element", self._element_rows(_edits(db, "element", self)))
        staging.settle_urns(db)
        staging.stage(db, "relationship", self._relationship_rows(_edits(db, "relationship", self)))
        staging.stage(db, "stored_view", self._view_rows())

    def _element_rows(self, edits: "Edits") -> Iterator[tuple[Any, ...]]:
        for key, element in self.elements.things.items():
            own = self.elements.ids[key]
            told = edits.laid_over(own, rows.told_of_element(element), self)
            urn = f"urn:{self.key}:{quote(key, safe='-._~')[:URN_TAIL_MAX]}"
            yield (
                *(own, urn, told.kind, told.name, told.description, told.attrs),
                rows.text_of(element),
            )

    def _relationship_rows(self, edits: "Edits") -> Iterator[tuple[Any, ...]]:
        for key, one in self.relationships.things.items():
            own = self.relationships.ids[key]
            told = edits.laid_over(own, rows.told_of_relationship(one), self)
            yield (
                *(own, told.kind, *self._end(one.source), *self._end(one.target)),
                *(told.name, told.description, told.attrs),
                rows.text_of(structs.replace(one, source="", target="")),
            )

    def _end(self, key: str) -> tuple[UUID | None, UUID | None]:
        """Return an end as element and as relationship, one of which it is."""
        return self.elements.ids.get(key), self.relationships.ids.get(key)

    def _view_rows(self) -> Iterator[tuple[Any, ...]]:
        for key, view in self.views.things.items():
            told = rows.told_of_view(view)
            shown = {node.element for node in view.all_nodes() if node.element}
            yield (
                *(self.views.ids[key], told.kind, told.name, told.description, view.viewpoint),
                told.attrs,
                [self.elements.ids[element] for element in sorted(shown)],
                rows.text_of(view),
            )

    def frame(self, model: Model) -> rows.Frame:
        """Return what the model says besides its objects."""
        order = {
            seen.table: list(seen.ids)
            for seen in (self.elements, self.relationships, self.views)
            if list(seen.ids.values()) != sorted(seen.ids.values())
        }
        return rows.Frame(rows.without_objects(model), order)

    def aliases(self) -> Iterator[tuple[UUID, str, str, UUID, str]]:
        """Yield every name under which every object is known now."""
        for seen in (self.elements, self.relationships, self.views):
            for key, names in seen.names.items():
                for scheme, value in names.items():
                    yield self.model_id, scheme, value, seen.ids[key], seen.table


class Edits(Struct):
    """What people changed in the rows of one table since they were taken in."""

    table: str
    found: dict[UUID, tuple[rows.Told, rows.Told]]  # as the file had it, as it stands now

    def laid_over(self, key: UUID, new: rows.Told, incoming: Incoming) -> rows.Told:
        """Return what a row is to become: a person's change stays, and is told where it collides.

        Args:
            key: The row.
            new: What the file says.
            incoming: Where collisions are told.
        """
        if key not in self.found:
            return new
        kept, now = self.found[key]
        collisions: dict[str, list[Any]] = {}
        values: dict[str, Any] = {}
        for name in ("kind", "name", "description"):
            was, ours, theirs = (getattr(told, name) for told in (kept, now, new))
            values[name] = theirs if ours == was else ours
            if was not in (ours, theirs) and ours != theirs:
                collisions[name] = [ours, theirs]
        attrs = dict(new.attrs)
        for name in kept.attrs.keys() | now.attrs.keys():
            was, ours, theirs = (told.attrs.get(name) for told in (kept, now, new))
            if ours != was:
                attrs[name] = ours
                if theirs not in (was, ours):
                    collisions[f"attrs.{name}"] = [ours, theirs]
        values["attrs"] = {name: value for name, value in attrs.items() if value is not None}
        if collisions:
            incoming.conflicts.append(Listed("conflict", self.table, now.name, key, collisions))
        return rows.Told(**values)


def _edits(db: psycopg.Connection, table: str, incoming: Incoming) -> Edits:
    kinds: dict[str, tuple[Any, Any]] = {
        "element": (msgspec.json.Decoder(Element), rows.told_of_element),
        "relationship": (msgspec.json.Decoder(Relationship), rows.told_of_relationship),
    }
    decoder, told = kinds[table]
    found: dict[UUID, tuple[rows.Told, rows.Told]] = {}
    cursor = db.execute(
        f"""SELECT id, kind, name, description, attrs, detail::text FROM {table}
            WHERE model_id = %s AND revision > 1""",
        (incoming.model_id,),
    )
    for key, kind, name, description, attrs, detail in cursor:
        kept, now = told(decoder.decode(detail)), rows.Told(kind, name, description, attrs)
        if kept != now:
            found[key] = (kept, now)
    return Edits(table, found)


def _aliases(db: psycopg.Connection, model_id: UUID) -> dict[str, list[tuple[str, str, UUID]]]:
    found: dict[str, list[tuple[str, str, UUID]]] = {}
    cursor = db.execute(
        "SELECT table_name, scheme, value, object_id FROM alias WHERE model_id = %s", (model_id,)
    )
    for table, scheme, value, key in cursor:
        found.setdefault(table, []).append((scheme, value, key))
    return found


def _seen(
    db: psycopg.Connection,
    table: str,
    things: Mapping[str, Any],
    model_id: UUID,
    *,
    aliases: Mapping[str, Iterable[tuple[str, str, UUID]]],
    name_of: Callable[[Any], str],
) -> Seen:
    names = {key: _names(thing, name_of(thing)) for key, thing in things.items()}
    ours: dict[UUID, str] = dict(
        db.execute(f"SELECT id, name FROM {table} WHERE model_id = %s", (model_id,)).fetchall()
    )
    matches = match(names, ours, aliases.get(table, ()))
    # Sorted, so that the order of the file is the order of the ids.
    fresh = iter(sorted(uuid7() for _ in things))
    ids = {key: matches.known.get(key) or next(fresh) for key in things}
    return Seen(table, things, names, matches, ids, ours)


def _names(thing: Concept, name: str) -> Mapping[Scheme, str]:
    names = {Scheme.EXCHANGE: _short(thing.id), Scheme.NAME: _short(name)}
    for item in thing.properties:
        if item.definition == OBJECT_ID_PROPERTY and item.value:
            names[Scheme.OBJECT] = _short(item.value)
    return names


def _short(value: str) -> str:
    if len(value) <= NAME_IN_INDEX_MAX:
        return value
    return f"sha256:{sha256(value.encode()).hexdigest()}"
