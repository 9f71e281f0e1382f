"""Lay planned changes over a landscape that may have moved on: three ways, field by field.

Each change knows the value it was made on. Where the landscape still has that value, or the wanted
one already, the change goes in; where somebody else changed it too, both values are told. Nothing
here reads or writes a database, so that every case can be tried.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct, field

ELEMENT, RELATIONSHIP = "element", "relationship"
Flat = dict[str, Any]  # a row's fields by name; attributes as attrs.NAME
ENDS = ("source_id", "target_id")


class Action(StrEnum):
    """What a change does to its object."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


class Side(StrEnum):
    """Whose value stays where both changed a field."""

    PLAN = "plan"
    BASE = "base"


class Planned(Struct, frozen=True):
    """One change to one object; `fields` has for each field the value before and after."""

    table: str
    id: UUID
    action: Action
    fields: dict[str, tuple[Any, Any]]

    def after(self) -> Flat:
        """Return the values it wants."""
        return {name: values[1] for name, values in self.fields.items()}


class Collision(Struct, frozen=True):
    """A field, or a whole object, that two people changed differently."""

    table: str
    id: UUID
    name: str
    field: str
    before: Any
    base: Any  # as it stands now
    plan: Any  # as the change wants it
    why: str


class World(Struct):
    """The part of a landscape that changes may touch.

    Args:
        elements: Elements by id.
        relationships: Relationships by id; all that hang on an element to be removed.
        urns: Who has a URN.
        pairs: Which relationship stands between two ends, by kind and ends.
    """

    elements: dict[UUID, Flat] = field(default_factory=dict)
    relationships: dict[UUID, Flat] = field(default_factory=dict)
    urns: dict[str, UUID] = field(default_factory=dict)
    pairs: dict[tuple[Any, ...], UUID] = field(default_factory=dict)

    def rows(self, table: str) -> dict[UUID, Flat]:
        """Return the objects of one table."""
        return self.elements if table == ELEMENT else self.relationships


class Sides(Struct, frozen=True):
    """Whose value stays where both changed a field: for all fields, or for single ones.

    Args:
        prefer: For whatever has no choice of its own; None leaves it open.
        choices: By object and field; an object as a whole has the field "".
    """

    prefer: Side | None = None
    choices: Mapping[tuple[UUID, str], Side] = {}

    def of(self, key: UUID, name: str) -> Side | None:
        """Return whose value stays; None where nobody decided."""
        return self.choices.get((key, name), self.prefer)


UNDECIDED = Sides()


class Merged(Struct):
    """What came of it: new rows by object (None where it goes), and what collided."""

    writes: dict[tuple[str, UUID], Flat | None] = field(default_factory=dict)
    collisions: list[Collision] = field(default_factory=list)


def merge(world: World, changes: Iterable[Planned], sides: Sides = UNDECIDED) -> Merged:
    """Lay changes over a landscape.

    Args:
        world: What stands now; it is brought to what the changes make of it.
        changes: What is planned.
        sides: Whose value stays in a collision of values; collisions are told all the same. Where
            nobody decided, the field stays as it is.
    """
    merged = Merged()
    world.pairs = {_pair(row): key for key, row in world.relationships.items()}
    # Elements come before what hangs on them, and go after it.
    order = {
        (ELEMENT, Action.ADD): 0,
        (ELEMENT, Action.CHANGE): 1,
        (RELATIONSHIP, Action.REMOVE): 2,
        (RELATIONSHIP, Action.ADD): 3,
        (RELATIONSHIP, Action.CHANGE): 4,
        (ELEMENT, Action.REMOVE): 5,
    }
    steps = {Action.ADD: _add, Action.CHANGE: _change, Action.REMOVE: _remove}
    for change in sorted(changes, key=lambda one: (order[one.table, one.action], one.id)):
        steps[change.action](world, change, merged, sides)
    return merged


def _add(world: World, change: Planned, merged: Merged, sides: Sides) -> None:
    wanted, there = change.after(), world.rows(change.table).get(change.id)
    if there is not None:
        _change(world, _as_change(change), merged, sides)
        return
    taken = world.urns.get(wanted.get("urn", ""))
    if taken is not None:
        why = "this URN is taken"
        merged.collisions.append(_whole(change, wanted, "urn", str(taken), why))
        return
    if change.table == RELATIONSHIP and not _fits(world, change, wanted, merged):
        return
    _write(world, change, wanted, merged)


def _as_change(change: Planned) -> Planned:
    """Treat adding what is there as changing it from nothing; equal values are no collision."""
    return Planned(change.table, change.id, Action.CHANGE, change.fields)


def _change(world: World, change: Planned, merged: Merged, sides: Sides) -> None:
    there = world.rows(change.table).get(change.id)
    if there is None:
        why = "it has been removed since"
        merged.collisions.append(_whole(change, change.after(), "", None, why))
        return
    becomes = dict(there)
    for name, (before, after) in change.fields.items():
        now = there.get(name)
        if now in (before, after) or sides.of(change.id, name) is Side.PLAN:
            becomes[name] = after
        if now not in (before, after):
            why = "both changed it"
            merged.collisions.append(
                Collision(change.table, change.id, _name(there), name, before, now, after, why)
            )
    becomes = {name: value for name, value in becomes.items() if value is not None}
    if becomes == there:
        return
    leads_elsewhere = change.table == RELATIONSHIP and not change.fields.keys().isdisjoint(ENDS)
    if leads_elsewhere and not _fits(world, change, becomes, merged):
        return
    _write(world, change, becomes, merged)


def _remove(world: World, change: Planned, merged: Merged, sides: Sides) -> None:
    there = world.rows(change.table).get(change.id)
    if there is None:
        return
    moved = [
        Collision(
            change.table, change.id, _name(there), name, before, there.get(name), None,
            "it has been changed since",
        )
        for name, (before, _) in change.fields.items()
        if there.get(name) != before
    ]  # fmt: skip
    merged.collisions.extend(moved)
    if any(sides.of(change.id, one.field) is not Side.PLAN for one in moved):
        return
    if change.table == ELEMENT:
        hanging = [
            key for key, row in world.relationships.items()
            if change.id in (row.get(ENDS[0]), row.get(ENDS[1]))
        ]  # fmt: skip
        if hanging:
            why = f"{len(hanging)} relationships hang on it that the plan does not remove"
            merged.collisions.append(_whole(change, there, "", "stays", why))
            return
    _write(world, change, None, merged)


def _fits(world: World, change: Planned, row: Flat, merged: Merged) -> bool:
    """Tell whether a relationship has both its ends, and nobody has made the same one."""
    for end in ENDS:
        if row.get(end) is not None and row[end] not in world.elements:
            why = "this end has been removed"
            merged.collisions.append(_whole(change, row, end, None, why))
            return False
    same = world.pairs.get(_pair(row), change.id)
    if same != change.id:
        why = "the same relationship is there already"
        merged.collisions.append(_whole(change, row, "", str(same), why))
        return False
    return True


def _pair(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (row.get("kind"), *(row.get(end) for end in ENDS))


def _write(world: World, change: Planned, row: Flat | None, merged: Merged) -> None:
    rows = world.rows(change.table)
    merged.writes[change.table, change.id] = row
    before = rows.pop(change.id, {})
    world.urns.pop(before.get("urn", ""), None)
    world.pairs.pop(_pair(before), None)
    if row is None:
        return
    row = {name: value for name, value in row.items() if value is not None}
    rows[change.id] = merged.writes[change.table, change.id] = row
    if change.table == RELATIONSHIP:
        world.pairs[_pair(row)] = change.id
    if "urn" in row:
        world.urns[row["urn"]] = change.id


def _whole(change: Planned, row: Mapping[str, Any], name: str, base: Any, why: str) -> Collision:
    """Tell a collision of an object as a whole."""
    wanted = change.action if not name else row.get(name)
    return Collision(change.table, change.id, _name(row), name, None, base, wanted, why)


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("kind") or "")
