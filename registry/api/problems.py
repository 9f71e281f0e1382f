"""Why a change was not made: one interface, one type per way out, made from our own errors."""

from typing import Final

import strawberry

from schemas import errors


@strawberry.interface(description="Why a change was not made, and what to do next.")
class Problem:
    """Why a change was not made, and what to do next."""

    code: str = strawberry.field(
        description="Stable code; docs/reference/errors.md explains each one."
    )
    message: str = strawberry.field(description="What happened and why.")
    remedy: str = strawberry.field(description="What to do next.")


@strawberry.type(
    name="Conflict", description="Somebody else changed or holds it; read it anew and try again."
)
class ConflictProblem(Problem):
    """Somebody else changed or holds it."""

    current_revision: int | None = strawberry.field(
        description="The revision it has now; null where it has none."
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
        return ConflictProblem(**words, current_revision=error.facts.get("current_revision"))
    if isinstance(error, errors.UnknownName):
        return NotFoundProblem(**words)
    path = [str(part) for part in error.facts.get("path", ())]
    return InvalidInputProblem(**words, path=path)
