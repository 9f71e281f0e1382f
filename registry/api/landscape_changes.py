"""Changes of the landscape: register, update and retire systems, interfaces and data sets."""

from typing import Annotated, Any

import psycopg
import strawberry
from strawberry.scalars import JSON

from registry.api.changes import Change, ExpectedRevision, change
from registry.api.elements import DataSet, Interface, System, element
from registry.landscape import edit
from registry.landscape.edit import ElementEdit
from registry.landscape.queries import ElementRow
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.landscape import ElementKind

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


def _register(db: psycopg.Connection, urn: str, kind: ElementKind, given: Any) -> ElementRow:
    columns, attrs = _draft(given)
    present = {name: value for name, value in (attrs or {}).items() if value is not None}
    with_path = {"urn": urn, "kind": kind, "attrs": present, "name": "", **columns}
    return _placed(lambda: edit.register_element(db, with_path))


def _update(
    db: psycopg.Connection, urn: str, kind: ElementKind, given: Any, expected: int
) -> ElementRow:
    columns, attrs = _draft(given)
    wanted = ElementEdit(**columns, attrs=attrs)
    return _placed(lambda: edit.update_element(db, urn, kind, wanted, expected_revision=expected))


def _placed(do: Any) -> ElementRow:
    """Run, and name the place of a wrong value as the mutation's arguments call it."""
    try:
        row: ElementRow = do()
    except InvalidInput as error:
        path = error.facts.get("path")
        if path and path[0] not in {"urn", "input"}:
            error.facts["path"] = ["input", "attributes" if path[0] == "attrs" else path[0]]
        raise
    return row


# ---- systems --------------------------------------------------------------------------------

SystemGiven = Annotated[
    SystemInput, strawberry.argument(name="input", description="What to say of it.")
]


@strawberry.type(description="A system was registered or updated.")
class SystemChange(Change):
    """A system was registered or updated."""

    system: System = strawberry.field(description="The system as it is then.")


@strawberry.type(description="An element was taken out of the register.")
class ElementRetired(Change):
    """An element was taken out of the register."""

    urn: str = strawberry.field(description="Its URN, which is free again.")
    relationships: int = strawberry.field(description="Relationships that went with it.")


def _register_system(db: psycopg.Connection, urn: Urn, given: SystemGiven) -> SystemChange:
    return SystemChange(system=element(_register(db, urn, ElementKind.SYSTEM, given)))


def _update_system(
    db: psycopg.Connection, urn: Urn, given: SystemGiven, expected_revision: ExpectedRevision
) -> SystemChange:
    row = _update(db, urn, ElementKind.SYSTEM, given, expected_revision)
    return SystemChange(system=element(row))


def _retire_system(
    db: psycopg.Connection, urn: Urn, expected_revision: ExpectedRevision
) -> ElementRetired:
    return _retire(db, urn, ElementKind.SYSTEM, expected_revision)


# ---- interfaces -----------------------------------------------------------------------------

InterfaceGiven = Annotated[
    InterfaceInput, strawberry.argument(name="input", description="What to say of it.")
]


@strawberry.type(description="An interface was registered or updated.")
class InterfaceChange(Change):
    """An interface was registered or updated."""

    interface: Interface = strawberry.field(description="The interface as it is then.")


def _register_interface(db: psycopg.Connection, urn: Urn, given: InterfaceGiven) -> InterfaceChange:
    return InterfaceChange(interface=element(_register(db, urn, ElementKind.INTERFACE, given)))


def _update_interface(
    db: psycopg.Connection, urn: Urn, given: InterfaceGiven, expected_revision: ExpectedRevision
) -> InterfaceChange:
    row = _update(db, urn, ElementKind.INTERFACE, given, expected_revision)
    return InterfaceChange(interface=element(row))


def _retire_interface(
    db: psycopg.Connection, urn: Urn, expected_revision: ExpectedRevision
) -> ElementRetired:
    return _retire(db, urn, ElementKind.INTERFACE, expected_revision)


# ---- data sets ------------------------------------------------------------------------------

DataSetGiven = Annotated[
    DataSetInput, strawberry.argument(name="input", description="What to say of it.")
]


@strawberry.type(description="A data set was registered or updated.")
class DataSetChange(Change):
    """A data set was registered or updated."""

    data_set: DataSet = strawberry.field(description="The data set as it is then.")


def _register_data_set(db: psycopg.Connection, urn: Urn, given: DataSetGiven) -> DataSetChange:
    return DataSetChange(data_set=element(_register(db, urn, ElementKind.DATA_SET, given)))


def _update_data_set(
    db: psycopg.Connection, urn: Urn, given: DataSetGiven, expected_revision: ExpectedRevision
) -> DataSetChange:
    row = _update(db, urn, ElementKind.DATA_SET, given, expected_revision)
    return DataSetChange(data_set=element(row))


def _retire_data_set(
    db: psycopg.Connection, urn: Urn, expected_revision: ExpectedRevision
) -> ElementRetired:
    return _retire(db, urn, ElementKind.DATA_SET, expected_revision)


def _retire(db: psycopg.Connection, urn: str, kind: ElementKind, expected: int) -> ElementRetired:
    row, gone = edit.retire_element(db, urn, kind, expected_revision=expected)
    return ElementRetired(urn=row.urn, relationships=gone)


_WRITE = Scope.LANDSCAPE_WRITE


@strawberry.type
class LandscapeMutation:
    """Changes of the landscape."""

    register_system = change(_register_system, _WRITE, "Register a new system.")
    update_system = change(_update_system, _WRITE, "Change what is said of a system.")
    retire_system = change(
        _retire_system, _WRITE, "Take a system out of the register, with its relationships."
    )
    register_interface = change(_register_interface, _WRITE, "Register a new interface.")
    update_interface = change(_update_interface, _WRITE, "Change what is said of an interface.")
    retire_interface = change(
        _retire_interface, _WRITE, "Take an interface out of the register, with its relationships."
    )
    register_data_set = change(_register_data_set, _WRITE, "Register a new data set.")
    update_data_set = change(_update_data_set, _WRITE, "Change what is said of a data set.")
    retire_data_set = change(
        _retire_data_set, _WRITE, "Take a data set out of the register, with its relationships."
    )
