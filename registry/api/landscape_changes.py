"""Changes of the landscape: register, update and retire systems, interfaces and data sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import psycopg
import strawberry
from strawberry.scalars import JSON

from registry.access.tokens import Actor
from registry.api.change_sets import LandscapeChanged, Reason, change_set_id
from registry.api.changes import ExpectedRevision, change
from registry.api.elements import DataSet, Interface, System, element
from registry.landscape import edit
from registry.landscape.edit import Edited, Editor, ElementEdit
from registry.landscape.queries import ElementRow
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.landscape_kinds import ElementKind

R = TypeVar("R")
# Attributes that are fields of the inputs, under the names they have in the register.
_KNOWN = ("owner", "lifecycle", "supplier", "hosting", "protocol", "base_url", "personal_data")
Urn = Annotated[str, strawberry.argument(description="For example urn:town:system:crm.")]


def _said(text: str) -> Any:
    """Declare a field of an input that may be left out."""
    return strawberry.field(default=strawberry.UNSET, description=text)


@strawberry.input(description="What can be said of any element.")
class ElementInput:
    """What can be said of any element; what is left out stays as it is."""

    name: str | None = _said("Name as people say it; needed for a new one.")
    description: str | None = _said("What it is for, in plain words.")
    attributes: JSON | None = _said("Other properties, by name; null removes one.")


@strawberry.input(description="What can be said of a system; what is left out stays as it is.")
class SystemInput(ElementInput):
    """What can be said of a system."""

    owner: str | None = _said("Who answers for it.")
    lifecycle: str | None = _said("Where it is in its life: plan, phase_in, active, phase_out.")
    supplier: str | None = _said("Who makes or runs it.")
    hosting: str | None = _said("Where it runs, e.g. own_datacentre or saas.")


@strawberry.input(description="What can be said of an interface; what is left out stays as it is.")
class InterfaceInput(ElementInput):
    """What can be said of an interface."""

    protocol: str | None = _said("How it is spoken to, e.g. REST, GraphQL, SQL, files.")
    base_url: str | None = _said("Where it is reached.")


@strawberry.input(description="What can be said of a data set; what is left out stays as it is.")
class DataSetInput(ElementInput):
    """What can be said of a data set."""

    personal_data: bool | None = _said("Whether it holds data about people.")


def _draft(given: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return what an input says of the columns, and what of the attributes."""
    said = {name: value for name, value in vars(given).items() if value is not strawberry.UNSET}
    other = said.pop("attributes", None)
    if not isinstance(other or {}, dict):
        raise InvalidInput("`attributes` must be an object.", path=["input", "attributes"])
    twice = sorted(set(other or {}) & set(_KNOWN) & set(said))
    if twice:
        raise InvalidInput(
            f"These stand both in the input and in its attributes: {', '.join(twice)}.",
            path=["input", "attributes"],
        )
    attrs = {name: said.pop(name) for name in _KNOWN if name in said} | (other or {})
    return {name: value for name, value in said.items() if value is not None}, attrs or None


def _placed(do: Callable[[], R]) -> R:
    """Run, and name the place of a wrong value as the mutation's arguments call it."""
    try:
        return do()
    except InvalidInput as error:
        path = error.facts.get("path")
        if path and path[0] not in {"urn", "input"}:
            error.facts["path"] = ["input", "attributes" if path[0] == "attrs" else path[0]]
        raise


@strawberry.type(description="A system was registered or updated.")
class SystemChange(LandscapeChanged):
    """A system was registered or updated."""

    system: System = strawberry.field(description="The system as it is then.")


@strawberry.type(description="An interface was registered or updated.")
class InterfaceChange(LandscapeChanged):
    """An interface was registered or updated."""

    interface: Interface = strawberry.field(description="The interface as it is then.")


@strawberry.type(description="A data set was registered or updated.")
class DataSetChange(LandscapeChanged):
    """A data set was registered or updated."""

    data_set: DataSet = strawberry.field(description="The data set as it is then.")


@strawberry.type(description="An element was taken out of the register.")
class ElementRetired(LandscapeChanged):
    """An element was taken out of the register."""

    urn: str = strawberry.field(description="Its URN, which is free again.")
    relationships: int = strawberry.field(description="Relationships that went with it.")


@dataclass(frozen=True)
class Shown:
    """How the mutations of one kind of elements look.

    Args:
        kind: The kind.
        given: What can be said of it.
        answer: What a change tells.
    """

    kind: ElementKind
    given: type[ElementInput]
    answer: type[LandscapeChanged]

    def done(self, edited: Edited[ElementRow]) -> Any:
        """Return the answer for an element that was registered or updated."""
        make: Any = self.answer
        told = {str(self.kind): element(edited.row)}
        return make(change_set=change_set_id(edited.change_set_id), **told)


def _register(shown: Shown) -> Any:
    given_type = _argument(shown.given)

    def register(
        db: psycopg.Connection, urn: Urn, given: Any, actor: Actor, reason: Reason = ""
    ) -> Any:
        columns, attrs = _draft(given)
        present = {name: value for name, value in (attrs or {}).items() if value is not None}
        draft = {"urn": urn, "kind": shown.kind, "attrs": present, "name": "", **columns}
        who = Editor(actor.name, reason)
        return shown.done(_placed(lambda: edit.register_element(db, draft, who)))

    register.__annotations__ |= {"given": given_type, "return": shown.answer}
    return change(register, _WRITE, f"Register a new {_words(shown)}.")


def _update(shown: Shown) -> Any:
    given_type = _argument(shown.given)

    def update(  # noqa: PLR0917  # arguments of a mutation, all by name
        db: psycopg.Connection,
        urn: Urn,
        given: Any,
        expected_revision: ExpectedRevision,
        actor: Actor,
        reason: Reason = "",
    ) -> Any:
        columns, attrs = _draft(given)
        wanted, who = ElementEdit(**columns, attrs=attrs), Editor(actor.name, reason)
        return shown.done(
            _placed(
                lambda: edit.update_element(
                    db, urn, shown.kind, wanted, who, expected_revision=expected_revision
                )
            )
        )

    update.__annotations__ |= {"given": given_type, "return": shown.answer}
    return change(update, _WRITE, f"Change what is said of {_one(shown)}.")


def _retire(shown: Shown) -> Any:
    def retire(
        db: psycopg.Connection,
        urn: Urn,
        expected_revision: ExpectedRevision,
        actor: Actor,
        reason: Reason = "",
    ) -> ElementRetired:
        done = edit.retire_element(
            db, urn, shown.kind, Editor(actor.name, reason), expected_revision=expected_revision
        )
        return ElementRetired(
            change_set=change_set_id(done.change_set_id),
            urn=done.row.urn,
            relationships=done.removed,
        )

    words = f"Take {_one(shown)} out of the register, with its relationships."
    return change(retire, _WRITE, words)


def _argument(given: type) -> Any:
    return Annotated[given, strawberry.argument(name="input", description="What to say of it.")]


def _words(shown: Shown) -> str:
    return str(shown.kind).replace("_", " ")


def _one(shown: Shown) -> str:
    words = _words(shown)
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


_WRITE = Scope.LANDSCAPE_WRITE
_SYSTEM = Shown(ElementKind.SYSTEM, SystemInput, SystemChange)
_INTERFACE = Shown(ElementKind.INTERFACE, InterfaceInput, InterfaceChange)
_DATA_SET = Shown(ElementKind.DATA_SET, DataSetInput, DataSetChange)


@strawberry.type
class LandscapeMutation:
    """Changes of the landscape."""

    register_system = _register(_SYSTEM)
    update_system = _update(_SYSTEM)
    retire_system = _retire(_SYSTEM)
    register_interface = _register(_INTERFACE)
    update_interface = _update(_INTERFACE)
    retire_interface = _retire(_INTERFACE)
    register_data_set = _register(_DATA_SET)
    update_data_set = _update(_DATA_SET)
    retire_data_set = _retire(_DATA_SET)
