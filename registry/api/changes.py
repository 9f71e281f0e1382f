"""The one shape of every change: its answer is what was done, or the problem that prevented it.

A function that takes a connection becomes a mutation with one line:

    cancel_sync = change(_cancel_sync, Scope.SYNC_RUN, "Ask the running sync … to stop.")

`change` adds the argument `validateOnly`, asks for the scope, runs the function in the request's
transaction, and puts our errors into the answer as members of a union. docs/how-to/add-a-change.md
shows it from end to end.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import partial
from typing import Annotated, Any, Final, Union

import strawberry
from strawberry.utils.str_converters import to_camel_case

from registry.api.context import Context
from registry.api.problems import PROBLEMS, TOLD, problem_of
from schemas.access import Scope
from schemas.errors import InvalidInput

ValidateOnly = Annotated[
    bool,
    strawberry.argument(
        description="Run everything, change nothing, and answer what would happen."
    ),
]
ExpectedRevision = Annotated[
    int,
    strawberry.argument(
        description="The `revision` you saw; nobody's later change is ever written over."
    ),
]
# Filled in by us; anything else that a function takes is an argument of the mutation.
_OURS: Final = ("db", "actor")


@strawberry.interface(description="What every change that went well tells.")
class Change:
    """What every change that went well tells."""

    validated_only: bool = strawberry.field(
        default=False,
        description="True where `validateOnly` was asked: nothing was changed, all was tried.",
    )


def change(do: Callable[..., Change], scope: Scope, description: str) -> Any:
    """Make a mutation of a function.

    Args:
        do: Takes `db`, the connection, first; `actor` where it wants to know who asks; the rest
            by keyword, annotated as arguments of the mutation. Returns a type of strawberry that
            implements `Change`, raises errors of ours, and never commits.
        scope: What who asks must hold.
        description: What it changes, as the schema tells it.

    Returns:
        A field for the class of mutations.
    """
    signature = inspect.signature(do)
    wants_actor = "actor" in signature.parameters
    names = {name: _shown_name(part) for name, part in signature.parameters.items()}

    async def resolve(info: strawberry.Info[Context, None], **given: Any) -> Any:
        context = info.context
        validate_only = given.pop("validate_only")
        run = context.rehearse if validate_only else context.change
        try:
            context.demand(scope)  # first: who may not ask learns nothing about the values
            _refuse_nul({names[name]: value for name, value in given.items()})
            if wants_actor:
                given["actor"] = context.actor
            done = await run(scope, partial(do, **given))
        except TOLD as error:
            return problem_of(error)
        done.validated_only = validate_only
        return done

    resolve.__signature__ = _signature(resolve, signature)  # type: ignore[attr-defined] # strawberry reads it
    resolve.__module__, resolve.__name__ = do.__module__, do.__name__.lstrip("_")
    return strawberry.mutation(resolver=resolve, description=description)


def _signature(resolve: Callable[..., Any], do: inspect.Signature) -> inspect.Signature:
    """Return how strawberry sees the mutation: the function's arguments and `validateOnly`."""
    info = inspect.signature(resolve).parameters["info"]
    kind = inspect.Parameter.KEYWORD_ONLY
    given = [part.replace(kind=kind) for name, part in do.parameters.items() if name not in _OURS]
    asked = inspect.Parameter("validate_only", kind, default=False, annotation=ValidateOnly)
    return inspect.Signature([info, *given, asked], return_annotation=_answer(do.return_annotation))


def _shown_name(parameter: inspect.Parameter) -> str:
    """Return what an argument is called in the schema."""
    told = getattr(parameter.annotation, "__metadata__", ())
    given = next((each.name for each in told if getattr(each, "name", None)), None)
    return given or to_camel_case(parameter.name)


def _answer(success: type[Change]) -> Any:
    """Return the union of a success and the problems."""
    name = success.__name__
    union = strawberry.union(
        name=f"{name}Result", description=f"{name}, or the problem that prevented it."
    )
    return Annotated[Union[(success, *PROBLEMS)], union]


def _refuse_nul(given: dict[str, Any]) -> None:
    """Refuse the one character that no text of PostgreSQL can hold, wherever it stands."""
    for path, text in _texts(given, ()):
        if "\0" in text:
            raise InvalidInput(
                f"`{'.'.join(path)}` holds the character U+0000, which no text here may have.",
                path=path,
            )


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, "a name"), str(name)
            yield from _texts(inner, (*path, str(name)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, str(number)))
    elif is_dataclass(value):
        for name, inner in vars(value).items():
            yield from _texts(inner, (*path, to_camel_case(name)))
