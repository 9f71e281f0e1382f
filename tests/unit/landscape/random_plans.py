"""Random landscapes, and two random plans on each: what the base did, and what a scenario wants."""

import copy
from random import Random
from uuid import UUID

from registry.landscape.changes.merge import (
    ELEMENT,
    RELATIONSHIP,
    Action,
    Flat,
    Planned,
    Side,
    Sides,
    World,
    merge,
)

ELEMENTS, RELATIONSHIPS, CHANGES_MAX = 8, 8, 10
NAMES = ("name", "description", "attrs.owner", "attrs.lifecycle")
VALUES = ("a", "b", "c", None)


def a_landscape(random: Random) -> World:
    """Make a small landscape, so that plans often meet."""
    world = World()
    for number in range(ELEMENTS):
        key, urn = UUID(int=number + 1), f"urn:t:{number}"
        world.elements[key] = {"urn": urn, "kind": "system", "name": f"n{number}"}
        world.urns[urn] = key
    for number in range(RELATIONSHIPS):
        row = a_relationship(random, world)
        if row not in world.relationships.values():
            world.relationships[UUID(int=100 + number)] = row
    return world


def a_relationship(random: Random, world: World) -> Flat:
    """Relate any two."""
    source, target = (random.choice(list(world.elements)) for _ in range(2))
    return {"kind": random.choice(("flow", "serving")), "source_id": source, "target_id": target}


def a_plan(random: Random, world: World, first_new: int) -> list[Planned]:
    """Plan up to CHANGES_MAX changes, one for each object, on top of a landscape."""
    planned: dict[UUID, Planned] = {}
    for number in range(random.randint(1, CHANGES_MAX)):
        table = random.choice((ELEMENT, ELEMENT, RELATIONSHIP))
        action = random.choice((Action.ADD, Action.CHANGE, Action.CHANGE, Action.REMOVE))
        rows = world.rows(table)
        if action is Action.ADD:
            key, before = UUID(int=first_new + number), {}
            after = a_relationship(random, world)
            if table == ELEMENT:
                urn = f"urn:t:new{random.randint(0, 5)}"
                after = {"urn": urn, "kind": "system", "name": random.choice("ab")}
        elif rows:
            key = random.choice(list(rows))
            before, after = rows[key], {}
            if action is Action.CHANGE:
                names = random.sample(NAMES, random.randint(1, 3))
                after = before | {name: random.choice(VALUES) for name in names}
        else:
            continue
        fields = {
            name: (before.get(name), after.get(name))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        }
        planned.setdefault(key, Planned(table, key, action, fields))
    return list(planned.values())


def try_one(seed: int) -> int:
    """Let the base move on, lay a plan over it, and check what came of it; count collisions."""
    random = Random(seed)
    start = a_landscape(random)
    plan, others = a_plan(random, start, 1000), a_plan(random, start, 2000)
    base = copy.deepcopy(start)
    merge(base, others)
    before = copy.deepcopy(base)
    prefer = random.choice((None, Side.PLAN, Side.BASE))
    merged = merge(base, plan, Sides(prefer))

    collided = {(one.id, one.field) for one in merged.collisions}
    for change in plan:
        there = base.rows(change.table).get(change.id)
        whole = any(key == change.id for key, _ in collided)
        if change.action is Action.REMOVE:
            assert there is None or whole
            continue
        for name, (_, after) in change.fields.items():
            kept = there is not None and there.get(name) == after
            assert (
                kept
                or (change.id, name) in collided
                or (there is None and whole)
                or (change.action is Action.ADD and whole)
            ), (seed, change)
            if prefer is Side.PLAN and there is not None and (change.id, name) in collided:
                assert kept or change.action is Action.ADD
    touched = {(change.table, change.id) for change in plan}
    for table in (ELEMENT, RELATIONSHIP):
        for key, row in before.rows(table).items():
            if (table, key) not in touched:
                assert base.rows(table).get(key) == row, seed
    ends = {row[end] for row in base.relationships.values() for end in ("source_id", "target_id")}
    assert ends <= base.elements.keys(), seed
    urns = [row["urn"] for row in base.elements.values()]
    assert len(set(urns)) == len(urns), seed
    return len(merged.collisions)
