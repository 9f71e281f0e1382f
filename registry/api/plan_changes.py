"""Changes of scenarios, of models' releases, and of the work list that releases leave."""

import base64
from datetime import datetime
from enum import Enum
from hashlib import sha256
from typing import Annotated, Any

import psycopg
import strawberry
from msgspec import structs
from strawberry.scalars import JSON

from registry.access.tokens import Actor
from registry.api.change_sets import (
    ChangesDecided,
    Choices,
    LandscapeChanged,
    Prefer,
    Reason,
    StrictnessGiven,
    change_set_id,
    decided,
    read_id,
    sides_from,
)
from registry.api.changes import Change, change
from registry.api.pages import global_id, plain_text
from registry.landscape.changes import scenarios
from registry.landscape.exchange.formats import load_bytes
from registry.landscape.metamodel import Strictness
from registry.landscape.models import releases, work
from registry.landscape.models.report import Listed, Report
from registry.landscape.queries import find_element
from schemas.access import Scope
from schemas.errors import InvalidInput

LISTED_MAX = 200  # of what an architect may want to look at; `counts` are always whole
_WRITE = Scope.LANDSCAPE_WRITE

Key = Annotated[str, strawberry.argument(description="Short name, e.g. cloud-2028.")]
Words = Annotated[str, strawberry.argument(description="As people say it.")]
ModelKey = Annotated[str, strawberry.argument(description="Short name of the model, e.g. gemma.")]
ItemId = Annotated[strawberry.ID, strawberry.argument(description="Global id of the item.")]


# ---- Scenarios ----------------------------------------------------------------------------------


@strawberry.type(description="A scenario was opened or given up.")
class ScenarioChanged(Change):
    """A scenario was opened or given up."""

    scenario: strawberry.ID = strawberry.field(description="Its global id.")
    key: str = strawberry.field(description="Its key.")


def _open_scenario(
    db: psycopg.Connection, key: Key, name: Words, actor: Actor, description: Words = ""
) -> ScenarioChanged:
    made = scenarios.open_scenario(
        db, key, name=plain_text(name, "name"), created_by=actor.name, description=description
    )
    return ScenarioChanged(scenario=strawberry.ID(global_id("scenario", made)), key=key)


def _merge_scenario(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    key: Key,
    actor: Actor,
    reason: Reason = "",
    prefer: Prefer = None,
    choices: Choices = None,
) -> ChangesDecided:
    sides = sides_from(prefer, choices)
    return decided(scenarios.merge_scenario(db, key, by=actor.name, reason=reason, sides=sides))


def _discard_scenario(db: psycopg.Connection, key: Key) -> ScenarioChanged:
    row = scenarios.discard_scenario(db, key)
    return ScenarioChanged(scenario=strawberry.ID(global_id("scenario", row.id)), key=key)


# ---- Releases -----------------------------------------------------------------------------------


@strawberry.type(description="One object of a release that an architect may want to look at.")
class ReleaseNote:
    """One object of a release that an architect may want to look at."""

    what: str = strawberry.field(
        description="One of moved, changed, removed, ambiguous, retired, conflict."
    )
    table: str = strawberry.field(description="Which table: element, relationship, stored_view.")
    name: str = strawberry.field(description="Its name.")
    fields: JSON = strawberry.field(description="Of a conflict: ours and the release's value.")


@strawberry.type(description="A release of a model was taken in, or back.")
class ReleaseChanged(LandscapeChanged):
    """A release of a model was taken in, or back."""

    model: str = strawberry.field(description="Short name of the model.")
    release: str = strawberry.field(description="As people call it.")
    counts: JSON = strawberry.field(description="Kept, moved, changed, added and more; per sort.")
    notes: list[ReleaseNote] = strawberry.field(
        description=f"What to look at; at most {LISTED_MAX}."
    )
    work_items: int = strawberry.field(description="Mappings of ours that somebody has to decide.")


def _apply_release(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    model: ModelKey,
    file: Annotated[str, strawberry.argument(description="Name of the file; its ending counts.")],
    actor: Actor,
    content: Annotated[
        str | None, strawberry.argument(description="The file, where it is text.")
    ] = None,
    packed: Annotated[
        str | None, strawberry.argument(description="Or its bytes in base64; may be gzip.")
    ] = None,
    release: Annotated[
        str | None, strawberry.argument(description="As people call it; else its day.")
    ] = None,
    valid_from: Annotated[
        datetime | None, strawberry.argument(description="Since when it holds; else now.")
    ] = None,
    strictness: StrictnessGiven = Strictness.WARN,
    reason: Reason = "",
) -> ReleaseChanged:
    data = _bytes_of(content, packed)
    source = releases.Source(
        key=model,
        file=plain_text(file, "file"),
        file_hash=sha256(data).digest(),
        release=release,
        valid_from=valid_from,
        strictness=strictness,
        proposer=actor.name,
        reason=reason,
    )
    report = releases.take_in(db, load_bytes(data, file=file, strictness=strictness), source)
    return ReleaseChanged(
        change_set=change_set_id(report.change_set_id),
        model=model,
        release=report.release,
        counts=_counts(report),
        notes=[_note(one) for one in report.listed[:LISTED_MAX]],
        work_items=report.work_items,
    )


def _bytes_of(content: str | None, packed: str | None) -> bytes:
    if (content is None) == (packed is None):
        raise InvalidInput("Give either `content` or `packed`.", path=["content"])
    if content is not None:
        return content.encode("utf-8", "replace")
    try:
        return base64.b64decode(packed or "", validate=True)
    except ValueError:  # also of letters that no base64 has
        raise InvalidInput("`packed` is not base64.", path=["packed"]) from None


def _counts(report: Report) -> Any:
    sorts = ("elements", "relationships", "views")
    return {sort: structs.asdict(getattr(report, sort)) for sort in sorts}


def _note(one: Listed) -> ReleaseNote:
    fields: Any = one.fields
    return ReleaseNote(what=one.what, table=one.table, name=one.name, fields=fields)


def _roll_back_release(
    db: psycopg.Connection, model: ModelKey, reason: Reason, actor: Actor
) -> ReleaseChanged:
    back = releases.roll_back(db, model, proposer=actor.name, reason=reason)
    counts: Any = back.counts
    return ReleaseChanged(
        change_set=change_set_id(back.change_set_id),
        model=model,
        release=back.name,
        counts=counts,
        notes=[],
        work_items=0,
    )


# ---- The work list ------------------------------------------------------------------------------


@strawberry.enum(description="What somebody decides about a mapping to what is gone.")
class WorkOutcome(Enum):
    """What somebody decides about a mapping to what is gone."""

    MAPPED = strawberry.enum_value("mapped", description="Mapped to something else.")
    KEPT = strawberry.enum_value("kept", description="Kept as it is.")
    DROPPED = strawberry.enum_value("dropped", description="Mapped to nothing any more.")


@strawberry.type(description="An item of the work list was settled or put off.")
class WorkItemChanged(Change):
    """An item of the work list was settled or put off."""

    item: strawberry.ID = strawberry.field(description="Its global id.")
    gone: str = strawberry.field(description="What is gone.")


def _settle_work_item(  # noqa: PLR0917  # arguments of a mutation, all by name
    db: psycopg.Connection,
    item: ItemId,
    outcome: Annotated[WorkOutcome, strawberry.argument(description="What to do.")],
    actor: Actor,
    to: Annotated[
        str | None,
        strawberry.argument(description="With MAPPED: URN to lead to; else the suggestion."),
    ] = None,
    reason: Reason = "",
) -> WorkItemChanged:
    if to is not None and outcome is not WorkOutcome.MAPPED:
        raise InvalidInput("`to` goes with MAPPED.", path=["to"])
    decision = work.Decision(
        outcome=work.Outcome(str(outcome.value)),
        to=find_element(db, to).id if to else None,
        by=actor.name,
        note=reason,
    )
    row = work.settle(db, read_id(item, "work_item", "item"), decision)
    return WorkItemChanged(item=item, gone=row.gone_name)


def _postpone_work_item(
    db: psycopg.Connection,
    item: ItemId,
    until: Annotated[datetime, strawberry.argument(description="When it comes up again.")],
    actor: Actor,
    reason: Reason = "",
) -> WorkItemChanged:
    key = read_id(item, "work_item", "item")
    row = work.postpone(db, key, until, by=actor.name, note=reason)
    return WorkItemChanged(item=item, gone=row.gone_name)


@strawberry.type
class PlanMutation:
    """Changes of scenarios, releases, and the work list."""

    open_scenario = change(_open_scenario, _WRITE, "Open a scenario, empty.")
    merge_scenario = change(
        _merge_scenario, _WRITE, "Make a scenario the base; conflicts are told field by field."
    )
    discard_scenario = change(
        _discard_scenario, _WRITE, "Give a scenario up; its change-sets stay in the record."
    )
    apply_release = change(
        _apply_release, _WRITE, "Take a model in, or a newer release that keeps every mapping."
    )
    roll_back_release = change(
        _roll_back_release, _WRITE, "Take back the newest release of a model."
    )
    settle_work_item = change(
        _settle_work_item, _WRITE, "Decide about a mapping to what a release removed."
    )
    postpone_work_item = change(
        _postpone_work_item, _WRITE, "Put an item of the work list off until a day."
    )
