"""From what people ask for to planned changes: names become objects, and every value its base."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import psycopg
from msgspec import Meta, Struct
from psycopg.rows import dict_row

from registry.landscape.changes.merge import ELEMENT, RELATIONSHIP, Action, Flat, Planned
from registry.landscape.changes.world import flat
from registry.landscape.metamodel import Strictness, allowed, concept_of, refusal
from schemas.base import uuid7
from schemas.errors import InvalidInput
from schemas.landscape import ElementDraft, ElementKind, RelationshipKind

NAME_MAX = 300  # as element.name
CHANGES_MAX = 50_000  # what one person can answer for; a whole model comes as a release


class ChangeDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One change as somebody asks for it.

    Args:
        action: add, change or remove an element, or upsert: change it where it is there, else add
            it; relate two, or unrelate them.
        urn: The element.
        kind: Kind of the element or relationship.
        name: New name; None leaves it.
        description: New description; None leaves it.
        attrs: New values by attribute; None takes one away.
        source: URN of a relationship's source.
        target: URN of its target.
        expected_revision: The revision of the element its editor saw; None means the present one.
        line: Where it stands in its file; 0 where there is none.
    """

    action: Literal["add", "change", "upsert", "remove", "relate", "unrelate"]
    urn: str | None = None
    kind: str | None = None
    name: Annotated[str, Meta(min_length=1, max_length=300)] | None = None
    description: Annotated[str, Meta(max_length=10_000)] | None = None
    attrs: dict[str, Any] = {}
    source: str | None = None
    target: str | None = None
    expected_revision: int | None = None
    line: int = 0


class Fault(Struct, frozen=True):
    """What is wrong with one asked change."""

    line: int
    what: str


class ChangesRefused(InvalidInput):
    """Some of the changes cannot be made; none of them was."""

    code = "changes_refused"
    remedy = "Correct the rows named in `faults` and try again; nothing was changed."


class _Present(Struct):
    """What a scope has under the names that the changes use."""

    ids: dict[str, UUID]
    rows: dict[UUID, Flat]
    revisions: dict[UUID, int]


class _Wrong(Exception):
    """Carries what is wrong with one change to where all of them are collected."""


def plan(
    db: psycopg.Connection,
    drafts: Sequence[ChangeDraft],
    *,
    scenario: UUID | None = None,
    strictness: Strictness = Strictness.STRICT,
) -> list[Planned]:
    """Turn asked changes into planned ones.

    Args:
        db: Connection in a transaction.
        drafts: What is asked for, in order; later ones see what earlier ones do.
        scenario: On top of this scenario; none means the base.
        strictness: Whether relationships that ArchiMate forbids are refused.

    Raises:
        ChangesRefused: Some of them name what is not there, or break a shape or rule; every fault
            is told, with its line.
    """
    if len(drafts) > CHANGES_MAX:
        raise ChangesRefused(f"{len(drafts):,} changes at once; at most {CHANGES_MAX:,} are taken.")
    present = _present(db, drafts, scenario)
    planner = _Planner(db, present, scenario, strictness)
    faults = []
    for number, draft in enumerate(drafts, 1):
        try:
            planner.take(draft)
        except _Wrong as wrong:
            faults.append(Fault(draft.line or number, str(wrong)))
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise ChangesRefused(
            f"Change {faults[0].line}: {faults[0].what}{more}.",
            faults=[{"line": fault.line, "what": fault.what} for fault in faults],
        )
    return list(planner.planned.values())


def _present(
    db: psycopg.Connection, drafts: Iterable[ChangeDraft], scenario: UUID | None
) -> _Present:
    urns = {urn for one in drafts for urn in (one.urn, one.source, one.target) if urn}
    present = _Present({}, {}, {})
    with db.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(
            "SELECT * FROM element_at(NULL, %s) WHERE urn = ANY(%s)", (scenario, list(urns))
        ):
            present.ids[row["urn"]] = row["id"]
            present.rows[row["id"]] = flat(ELEMENT, row)
            present.revisions[row["id"]] = row["revision"]
    return present


class _Planner:
    def __init__(
        self,
        db: psycopg.Connection,
        present: _Present,
        scenario: UUID | None,
        strictness: Strictness,
    ) -> None:
        self.db, self.present, self.scenario = db, present, scenario
        self.strictness = strictness
        self.planned: dict[UUID, Planned] = {}

    def take(self, draft: ChangeDraft) -> None:
        match draft.action:
            case "add":
                self._add(draft)
            case "change":
                self._change(draft)
            case "upsert":
                known = draft.urn in self.present.ids
                (self._change if known else self._add)(draft)
            case "remove":
                self._remove(draft)
            case "relate":
                self._relate(draft)
            case "unrelate":
                self._unrelate(draft)

    def _add(self, draft: ChangeDraft) -> None:
        given: dict[str, Any] = {"urn": draft.urn, "kind": draft.kind, "name": draft.name}
        given |= {"description": draft.description or "", "attrs": draft.attrs}
        try:
            checked = msgspec.convert(given, ElementDraft)
        except msgspec.ValidationError as error:
            raise _Wrong(str(error)) from error
        if checked.urn in self.present.ids:
            raise _Wrong(f"{checked.urn} is registered already")
        key = uuid7()
        row = flat(ELEMENT, msgspec.to_builtins(checked))
        self._note(ELEMENT, key, Action.ADD, {}, row)
        self.present.ids[checked.urn] = key
        self.present.rows[key] = row

    def _change(self, draft: ChangeDraft) -> None:
        key = self._id(draft.urn)
        if draft.kind not in {None, self.present.rows[key]["kind"]}:
            raise _Wrong(f"{draft.urn} cannot become another kind")
        if draft.name is not None and not 0 < len(draft.name) <= NAME_MAX:
            raise _Wrong(f"a name has 1 to {NAME_MAX} characters")
        before = self._seen(key, draft.expected_revision)
        after = dict(before)
        for name in ("name", "description"):
            if getattr(draft, name) is not None:
                after[name] = getattr(draft, name)
        after |= {f"attrs.{name}": value for name, value in draft.attrs.items()}
        self._note(ELEMENT, key, Action.CHANGE, before, after)
        self.present.rows[key] = self.present.rows[key] | {
            name: value for name, value in after.items() if before.get(name) != value
        }

    def _remove(self, draft: ChangeDraft) -> None:
        key = self._id(draft.urn)
        before = self._seen(key, draft.expected_revision)
        for one, row in self._relationships("%(key)s IN (source_id, target_id)", {"key": key}):
            self._note(RELATIONSHIP, one, Action.REMOVE, row, {})
        self._note(ELEMENT, key, Action.REMOVE, before, {})
        del self.present.ids[str(draft.urn)]

    def _relate(self, draft: ChangeDraft) -> None:
        kind, source, target = self._ends(draft)
        ends = (self._concept(source), self._concept(target))
        if self.strictness is Strictness.STRICT and kind not in allowed(*ends):
            raise _Wrong(refusal(kind, *ends).rstrip("."))
        row: Flat = {"kind": kind, "source_id": source, "target_id": target}
        row |= {"name": draft.name, "description": draft.description}
        row |= {f"attrs.{name}": value for name, value in draft.attrs.items()}
        given = {name: value for name, value in row.items() if value is not None}
        if there := self._between(kind, source, target):
            key, before = there
            self._note(RELATIONSHIP, key, Action.CHANGE, before, before | given)
        else:
            self._note(RELATIONSHIP, uuid7(), Action.ADD, {}, given)

    def _unrelate(self, draft: ChangeDraft) -> None:
        there = self._between(*self._ends(draft))
        if there is None:
            raise _Wrong(f"no {draft.kind} leads from {draft.source} to {draft.target}")
        self._note(RELATIONSHIP, there[0], Action.REMOVE, there[1], {})

    def _ends(self, draft: ChangeDraft) -> tuple[RelationshipKind, UUID, UUID]:
        try:
            kind = RelationshipKind(draft.kind or "")
        except ValueError:
            raise _Wrong(f"{draft.kind!r} is no kind of relationship") from None
        return kind, self._id(draft.source), self._id(draft.target)

    def _id(self, urn: str | None) -> UUID:
        if not urn:
            raise _Wrong("the URN is missing")
        if urn not in self.present.ids:
            raise _Wrong(f"nothing is registered as {urn}")
        return self.present.ids[urn]

    def _concept(self, key: UUID) -> str:
        return concept_of(ElementKind(self.present.rows[key]["kind"]))

    def _seen(self, key: UUID, revision: int | None) -> Flat:
        """Return an element as its editor saw it, so that what others did since is known."""
        if revision in {None, self.present.revisions.get(key)}:
            return self.present.rows[key]
        with self.db.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                "SELECT * FROM element_history WHERE id = %s AND revision = %s", (key, revision)
            ).fetchone()
        if row is None:
            raise _Wrong(f"it has no revision {revision}")
        return flat(ELEMENT, row)

    def _between(
        self, kind: RelationshipKind, source: UUID, target: UUID
    ) -> tuple[UUID, Flat] | None:
        ends = {"kind": kind, "source": source, "target": target}
        where = "kind = %(kind)s AND source_id = %(source)s AND target_id = %(target)s"
        found = self._relationships(where, ends)
        return found[0] if found else None

    def _relationships(self, where: str, values: dict[str, Any]) -> list[tuple[UUID, Flat]]:
        with self.db.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                f"SELECT * FROM relationship_at(NULL, %(scenario)s) WHERE {where} ORDER BY id",
                {**values, "scenario": self.scenario},
            ).fetchall()
        return [
            (row["id"], flat(RELATIONSHIP, row))
            for row in rows
            if self.planned.get(row["id"], None) is None
            or self.planned[row["id"]].action is not Action.REMOVE
        ]

    def _note(self, table: str, key: UUID, action: Action, before: Flat, after: Flat) -> None:
        """Plan a change of one object, on top of what is planned for it already."""
        names = before.keys() | after.keys()
        fields = {
            name: (before.get(name), after.get(name))
            for name in sorted(names)
            if before.get(name) != after.get(name)
        }
        earlier = self.planned.pop(key, None)
        made = Planned(table, key, action, fields)
        composed = compose(earlier, made) if earlier else made
        if composed is not None and (composed.fields or composed.action is not Action.CHANGE):
            self.planned[key] = composed


def compose(first: Planned, then: Planned) -> Planned | None:
    """Return what two changes of one object are together; None where nothing is left of them."""
    if first.action is Action.ADD and then.action is Action.REMOVE:
        return None
    action = first.action if then.action is Action.CHANGE else then.action
    names = first.fields.keys() | then.fields.keys()
    fields = {}
    for name in sorted(names):
        earlier, later = first.fields.get(name), then.fields.get(name)
        before = earlier[0] if earlier else (later[0] if later else None)
        after = later[1] if later else (earlier[1] if earlier else None)
        if action is Action.REMOVE:
            after = None
        if before != after:
            fields[name] = (before, after)
    return Planned(first.table, first.id, action, fields)
