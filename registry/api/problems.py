"""Why a change was not made: one interface, one type per way out, made from our own errors."""

from typing import Any, Final
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schemas import errors


@strawberry.interface(description="Why a change was not made, and what to do next.")
class Problem:
    """Why a change was not made, and what to do next."""

    code: str = strawberry.field(
        description="Stable code; docs/reference/errors.md explains each one."
    )
    message: str = strawberry.field(description="What happened and why.")
    remedy: str = strawberry.field(description="What to do next.")


@strawberry.type(description="A field that two people changed differently.")
class FieldConflict:
    """A field that two people changed differently."""

    object: str = strawberry.field(description="The object's own id; a choice names it.")
    name: str = strawberry.field(description="Its name.")
    field: str = strawberry.field(description="The field; empty for the object as a whole.")
    before: JSON | None = strawberry.field(description="What both saw.")
    base: JSON | None = strawberry.field(description="As it stands now.")
    plan: JSON | None = strawberry.field(description="As the change wants it.")
    why: str = strawberry.field(description="What happened meanwhile.")


@strawberry.type(description="What is wrong with one row or change of several.")
class Fault:
    """What is wrong with one row or change of several."""

    line: int = strawberry.field(description="Its line, or its place from 1.")
    what: str = strawberry.field(description="What is wrong.")


@strawberry.type(
    name="Conflict", description="Somebody else changed or holds it; read it anew and try again."
)
class ConflictProblem(Problem):
    """Somebody else changed or holds it."""

    current_revision: int | None = strawberry.field(
        description="The revision it has now; null where it has none."
    )
    conflicts: list[FieldConflict] = strawberry.field(
        description="Both values of each field that two people changed; empty where it is another "
        "conflict."
    )


@strawberry.type(name="NotFound", description="Nothing is registered under the name given.")
class NotFoundProblem(Problem):
    """Nothing is registered under the name given."""


@strawberry.type(name="InvalidInput", description="A value is wrong; the path tells which.")
class InvalidInputProblem(Problem):
    """A value is wrong."""

    path: list[str] = strawberry.field(
        description="Names of the argument and the fields inside it; empty where it is the whole."
    )
    faults: list[Fault] = strawberry.field(
        description="Where several rows or changes were given: every one that is wrong."
    )


@strawberry.type(name="AccessDenied", description="Who asks may not make this change.")
class AccessDeniedProblem(Problem):
    """Who asks may not make this change."""

    scope: str | None = strawberry.field(description="The scope that is missing.")


PROBLEMS: Final = (ConflictProblem, NotFoundProblem, InvalidInputProblem, AccessDeniedProblem)
# What `problem_of` knows to tell; anything else is an error of the whole request.
TOLD: Final = (errors.InvalidInput, errors.Conflict, errors.AccessDenied)


def problem_of(error: errors.TownclerkError) -> Problem:
    """Return how an error stands in the answer to a change.

    Args:
        error: One of `TOLD`. `facts["current_revision"]` of a conflict, `facts["path"]` of a
            wrong value and `facts["scope"]` of a refusal are shown where they are given.
    """
    words = {"code": error.code, "message": error.what, "remedy": error.remedy}
    if isinstance(error, errors.AccessDenied):
        return AccessDeniedProblem(**words, scope=error.facts.get("scope"))
    if isinstance(error, errors.Conflict):
        return ConflictProblem(
            **words,
            current_revision=error.facts.get("current_revision"),
            conflicts=[field_conflict(one) for one in error.facts.get("conflicts", ())],
        )
    if isinstance(error, errors.UnknownName):
        return NotFoundProblem(**words)
    path = [str(part) for part in error.facts.get("path", ())]
    told = error.facts.get("faults")
    faults = [Fault(**fault) for fault in told] if isinstance(told, list) else []
    return InvalidInputProblem(**words, path=path, faults=faults)


def field_conflict(told: dict[str, Any]) -> FieldConflict:
    """Return a collision, as an error's facts or an answer have it, as people see it."""
    return FieldConflict(
        object=str(told["id"]),
        name=str(told["name"]),
        field=str(told["field"]),
        before=_plain(told.get("before")),
        base=_plain(told.get("base", told.get("theirs"))),
        plan=_plain(told.get("plan", told.get("ours"))),
        why=str(told.get("why", "changed since")),
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
