"""Golden values of one customer from its records: what `master` chooses in bulk, one at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from registry.customers.live.survivorship import (
    RULE_NAMES,
    SURVIVORSHIP,
    Criterion,
    Survivorship,
)

Clean = Mapping[str, Any]


@dataclass(frozen=True)
class Golden:
    """One customer's values and where they came from.

    Attributes:
        kind: Person or organisation.
        display_name: Name for lists.
        attrs: Values by column.
        provenance: `sources`, each with what it is and the names of the groups it gave.
        record_count: Records behind it.
    """

    kind: str
    display_name: str
    attrs: dict[str, str]
    provenance: dict[str, Any]
    record_count: int


@dataclass
class _Option:
    """One value of a group, with the records that hold it."""

    folded: str
    votes: int
    newest: datetime | None
    best: tuple[bool, bool, datetime, int]
    record: Clean
    trust: int
    filled: int


_NEVER = datetime.min.replace(tzinfo=UTC)


def golden_of(members: Sequence[Clean], groups: Sequence[Survivorship] = SURVIVORSHIP) -> Golden:
    """Choose the golden values of one customer.

    Args:
        members: Clean records of one customer, ordered by place; never none.
        groups: How values are chosen in this town.
    """
    if len(members) == 1:
        return _golden_of_one(members[0], groups)
    attrs: dict[str, str] = {}
    sources: dict[tuple[int, datetime | None, str], dict[str, Any]] = {}
    for group in groups:
        chosen = _chosen(group, members)
        if chosen is None:
            continue
        record, newest, rule = chosen
        for name in group.columns:
            if record[name] is not None:
                attrs[name] = str(record[name])
        said = record["record_id"], newest and newest.replace(microsecond=0), rule
        if said not in sources:
            sources[said] = _source(record, newest, rule)
        sources[said]["values"].append(group.name)
    kind = min(str(member["kind"]) for member in members)
    return _golden(kind, attrs, sources.values(), len(members))


def _golden_of_one(record: Clean, groups: Sequence[Survivorship]) -> Golden:
    """Return the values of a customer whom one record describes, as most are: there is no choice.

    All values have the same source.
    """
    source = _source(record, record["source_changed_at"], "only_value")
    attrs: dict[str, str] = {}
    for group in groups:
        before = len(attrs)
        for name in group.columns:
            value = record[name]
            if value is not None:
                attrs[name] = str(value)
        if len(attrs) > before:
            source["values"].append(group.name)
    return _golden(str(record["kind"]), attrs, [source] if attrs else [], 1)


def _golden(
    kind: str, attrs: dict[str, str], sources: Iterable[dict[str, Any]], records: int
) -> Golden:
    provenance = {"sources": list(sources)}
    return Golden(kind, display_name(kind, attrs), attrs, provenance, records)


def _source(record: Clean, newest: datetime | None, rule: str) -> dict[str, Any]:
    """Say where values come from, whose names are still to be added."""
    return {
        "record_id": record["record_id"],
        "data_set_id": str(record["data_set_id"]),
        "changed_at": newest and f"{newest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "rule": rule,
        "values": [],
    }


def display_name(kind: str, attrs: Mapping[str, str]) -> str:
    """Return what a customer is called in lists."""
    if kind == "organisation" and "organisation_name" in attrs:
        return attrs["organisation_name"]
    parts = (
        attrs.get("given_name") or attrs.get("initials"),
        attrs.get("name_prefix"),
        attrs.get("family_name"),
    )
    person = " ".join(part for part in parts if part)
    return person or attrs.get("organisation_name") or attrs.get("email") or "unknown"


def _chosen(
    group: Survivorship, members: Sequence[Clean]
) -> tuple[Clean, datetime | None, str] | None:
    """Return the record that gives a group's value, when that was last said, and why it won."""
    columns = group.columns
    if len(columns) == 1:
        (name,) = columns
        said = [member for member in members if member[name] is not None]
        values: list[Any] = [member[name] for member in said]
    else:
        rows = [(tuple(map(member.__getitem__, columns)), member) for member in members]
        held = [row for row in rows if row[0].count(None) < len(columns)]
        values, said = [row[0] for row in held], [row[1] for row in held]
    if not said:
        return None
    if values.count(values[0]) == len(values):
        # One value and nothing to weigh, as nearly always: who said it last, or first of all.
        dated = [member for member in said if member["source_changed_at"] is not None]
        record = max(dated, key=_moment_of) if dated else said[0]
        rule = "only_value" if len(said) == 1 else "all_agree"
        return record, record["source_changed_at"], rule
    options = _options(group, members)
    chosen = min(options, key=lambda option: _order(group, option))
    return chosen.record, chosen.newest, _rule(group, chosen, len(options))


def _moment_of(member: Clean) -> datetime:
    moment: datetime = member["source_changed_at"]
    return moment


def _options(group: Survivorship, members: Sequence[Clean]) -> list[_Option]:
    found: dict[str, _Option] = {}
    for place, member in enumerate(members):
        values = {name: member[name] for name in group.columns}
        if all(value is None for value in values.values()):
            continue
        texts = {name: None if value is None else str(value) for name, value in values.items()}
        written = " ".join(text for text in texts.values() if text is not None)
        folded = orjson.dumps(texts).decode().lower()
        changed = member["source_changed_at"]
        best = (written != written.upper(), changed is not None, changed or _NEVER, -place)
        option = found.get(folded)
        if option is None:
            filled = sum(value is not None for value in values.values())
            trust = _trust(group, member)
            found[folded] = _Option(folded, 1, changed, best, member, trust, filled)
            continue
        option.votes += 1
        option.trust = min(option.trust, _trust(group, member))
        if changed is not None and (option.newest is None or changed > option.newest):
            option.newest = changed
        if best > option.best:
            option.best, option.record = best, member
    return list(found.values())


def _trust(group: Survivorship, member: Clean) -> int:
    """Return the place of a record's data set among the trusted ones; others come last."""
    if not group.trusted:
        return 0
    data_set = str(member["data_set_id"])
    return group.trusted.index(data_set) if data_set in group.trusted else len(group.trusted)


def _order(group: Survivorship, option: _Option) -> tuple[Any, ...]:
    newest = (option.newest is None, -(option.newest or _NEVER).timestamp() if option.newest else 0)
    keys: dict[Criterion, tuple[Any, ...]] = {
        Criterion.TRUSTED: (option.trust,),
        Criterion.NEWEST: newest,
        Criterion.COMPLETE: (-option.filled,),
        Criterion.AGREEMENT: (-option.votes,),
    }
    return (*(part for one in group.order for part in keys[one]), option.folded)


def _rule(group: Survivorship, chosen: _Option, options: int) -> str:
    if options == 1:
        return "only_value" if chosen.votes == 1 else "all_agree"
    for criterion in group.order:
        # A criterion that says nothing of the winner leaves the word to the next one.
        if criterion is Criterion.TRUSTED and chosen.trust == len(group.trusted):
            continue
        if criterion is Criterion.AGREEMENT and chosen.votes == 1:
            continue
        return RULE_NAMES[criterion]
    return RULE_NAMES[Criterion.NEWEST]
