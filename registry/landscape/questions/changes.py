"""What changed between two versions of a model: kept, changed, moved, ambiguous, removed, added.

Identifiers do not survive every tool: one release of a national reference architecture kept 2 of
1,873. So a thing is known by its exchange id, else by its Object ID, else by kind and name.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from registry.landscape.exchange.model import Element, Model, Relationship, Thing, View
from registry.landscape.models.identity import Names, Scheme, match
from registry.landscape.questions.graph import folded
from registry.landscape.questions.model_graph import OBJECT_ID

Same = dict[str, str]
Naming = Callable[[Thing], Hashable]


class Fate(StrEnum):
    """What became of a thing."""

    KEPT = "kept"
    CHANGED = "changed"  # the same id, other content
    MOVED = "moved"  # another id; known by Object ID, or by kind and name
    AMBIGUOUS = "ambiguous"  # several may be it; a person has to say
    REMOVED = "removed"
    ADDED = "added"


class Rung(StrEnum):
    """By what a thing was known again."""

    ID = "id"
    OBJECT_ID = "Object ID"
    NAME = "kind and name"
    NONE = ""


class Change(Struct, frozen=True, kw_only=True):
    """What became of one element, relationship or view.

    Args:
        sort: element, relationship or view.
        fate: What became of it.
        by: How it was known again.
        key: Its id before; after, where it was added.
        new_key: Its id after; empty where it is gone or in doubt.
        kind: Its kind.
        name: Its name.
        fields: What differs.
        candidates: Ids of what it may be, where that is in doubt.
        line: Where the file speaks of it.
    """

    sort: str
    fate: Fate
    by: Rung
    key: str
    new_key: str
    kind: str
    name: str
    fields: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()
    line: int = 0


_RUNGS: Final = {
    Scheme.EXCHANGE: Rung.ID,
    Scheme.OBJECT: Rung.OBJECT_ID,
    Scheme.NAME: Rung.NAME,
}
_EXTRA: Final[Mapping[type[Thing], tuple[str, ...]]] = {
    Element: ("concept", "specialisations"),
    Relationship: ("kind", "access", "strength", "directed", "specialisations"),
    View: ("kind", "viewpoint"),
}


def changes(old: Model, new: Model) -> list[Change]:
    """Return what became of everything, elements first, in the order of the files."""
    both = (old, new)
    elements = _Matched(both, "element", (old.elements, new.elements), (_element_name,) * 2)
    same = elements.same

    def ends(mapped: Same) -> Naming:
        def named(one: Thing) -> Hashable:
            assert isinstance(one, Relationship)  # only relationships come here
            source, target = (mapped.get(end, end) for end in (one.source, one.target))
            return one.kind, source, target, one.name.casefold()

        return named

    relationships = _Matched(
        both, "relationship", (old.relationships, new.relationships), (ends(same), ends({}))
    )
    views = _Matched(both, "view", (old.views, new.views), (_view_name,) * 2)
    return [
        change
        for matched in (elements, relationships, views)
        for change in matched.told({**same, **relationships.same})
    ]


def fate_counts(found: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Return for each sort how many things met which fate."""
    counted = Counter((one.sort, str(one.fate)) for one in found)
    return {
        sort: {str(fate): counted[sort, str(fate)] for fate in Fate}
        for sort in ("element", "relationship", "view")
    }


def _element_name(one: Thing) -> Hashable:
    assert isinstance(one, Element)  # only elements come here
    return one.concept, one.name.strip().casefold()


def _view_name(one: Thing) -> Hashable:
    return one.name.strip().casefold()


class _Matched:
    """Things of one sort, matched rung by rung; each thing at most once."""

    def __init__(
        self,
        models: tuple[Model, Model],
        sort: str,
        things: tuple[Mapping[str, Thing], Mapping[str, Thing]],
        named: tuple[Naming, Naming],
    ) -> None:
        self.models, self.sort = models, sort
        self.before, self.after = things
        signs = [_object_ids(model) for model in models]
        olds, news = (
            {key: _names(thing, sign, name) for key, thing in side.items()}
            for side, sign, name in zip(things, signs, named, strict=True)
        )
        aliases = (
            (scheme, value, key) for key, names in olds.items() for scheme, value in names.items()
        )
        found = match(news, self.before, aliases)
        self.same: Same = {key: new_key for new_key, key in found.known.items()}
        self.by = {found.known[new_key]: _RUNGS[by] for new_key, by in found.by.items()}
        self.doubts: dict[str, tuple[str, ...]] = {}
        for new_key, keys in found.ambiguous.items():
            for key in keys:
                self.doubts[key] = (*self.doubts.get(key, ()), new_key)

    def told(self, same: Same) -> Iterable[Change]:
        for key, thing in self.before.items():
            new_key = self.same.get(key, "")
            fields = self.differing(thing, self.after[new_key], same) if new_key else ()
            yield self.change(self.fate(key, fields), thing, new_key, fields)
        taken = set(self.same.values())
        for key, thing in self.after.items():
            if key not in taken:
                yield self.change(Fate.ADDED, thing, key, ())

    def fate(self, key: str, fields: tuple[str, ...]) -> Fate:
        if key not in self.same:
            return Fate.AMBIGUOUS if key in self.doubts else Fate.REMOVED
        if self.same[key] != key:
            return Fate.MOVED
        return Fate.CHANGED if fields else Fate.KEPT

    def change(self, fate: Fate, thing: Thing, new_key: str, fields: tuple[str, ...]) -> Change:
        is_added = fate is Fate.ADDED
        return Change(
            sort=self.sort,
            fate=fate,
            by=Rung.NONE if is_added else self.by.get(thing.id, Rung.NONE),
            key=thing.id,
            new_key=new_key,
            kind=str(getattr(thing, "concept", None) or getattr(thing, "kind", "")),
            name=thing.name,
            fields=fields,
            candidates=() if is_added else self.doubts.get(thing.id, ()),
            line=thing.line,
        )

    def differing(self, one: Thing, other: Thing, same: Same) -> tuple[str, ...]:
        fields = [
            name
            for name in ("names", "documentation", *_EXTRA[type(one)])
            if getattr(one, name) != getattr(other, name)
        ]
        if _properties(self.models[0], one) != _properties(self.models[1], other):
            fields.append("properties")
        if isinstance(one, Relationship) and isinstance(other, Relationship):
            ends = (same.get(one.source, one.source), same.get(one.target, one.target))
            if ends != (other.source, other.target):
                fields.append("ends")
        if isinstance(one, View) and isinstance(other, View) and _drawn(one) != _drawn(other):
            fields.append("drawing")
        return tuple(fields)


def _object_ids(model: Model) -> Naming:
    ids = {d.id for d in model.property_definitions.values() if folded(d.name) == folded(OBJECT_ID)}

    def object_id(thing: Thing) -> Hashable:
        return next((p.value for p in thing.properties if p.definition in ids), "")

    return object_id


def _names(thing: Thing, object_id: Naming, name: Naming) -> Names:
    """Return the names under which a thing may be known, the empty ones left out."""
    names = {Scheme.EXCHANGE: thing.id, Scheme.OBJECT: object_id(thing), Scheme.NAME: name(thing)}
    return {scheme: value for scheme, value in names.items() if value}


def _properties(model: Model, thing: Thing) -> list[tuple[str, tuple[str, ...]]]:
    return sorted(
        (model.property_name(item.definition), tuple(value.text for value in item.values))
        for item in thing.properties
    )


def _drawn(view: View) -> tuple[object, object]:
    nodes = [(n.kind, n.x, n.y, n.width, n.height, n.labels, n.style) for n in view.all_nodes()]
    lines = [(c.kind, c.bendpoints, c.style) for c in view.connections]
    return nodes, lines
