"""What was inferred from an interface's document: guesses, how sure they are, and what shows it."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from schemas.errors import InvalidInput

T = TypeVar("T")

SURE = 0.95
"""The document says so in words that have one meaning."""

LIKELY = 0.8
"""A usual name in its usual place."""

WEAK = 0.5
"""Better than nothing; look at it."""


class InterfaceUnreadable(InvalidInput):
    """A document describes no interface that a connector can be made from."""

    code = "interface_unreadable"
    remedy = (
        "Give an OpenAPI 3 or Swagger 2.0 document in JSON or YAML, a GraphQL schema, or "
        "the $metadata of an OData service; `townclerk connector new --help` tells how."
    )


@dataclass(frozen=True)
class Guess(Generic[T]):
    """One thing that was inferred.

    Attributes:
        value: The guess.
        confidence: From 0 to 1; not a probability, but comparable within one document.
        evidence: What in the document shows it.
    """

    value: T
    confidence: float
    evidence: str


@dataclass(frozen=True)
class InferredStream:
    """One list of an interface.

    Attributes:
        name: Name for the connector file.
        place: Path, or field of the query, as the document has it.
        options: What the kind needs besides: `get`, `query` and the like.
        records: Path to the array of records.
        paging: Options under `paging`; None for kinds with one way of paging.
        key: Expression of the key; None where nothing looks like one.
        changed: Expression of the change mark.
        incremental: Options under `incremental`.
        map: Expression per canonical field.
        paged: The document declares a way of paging.
        open_points: What a person has to fill in or look at.
    """

    name: str
    place: str
    options: dict[str, Any]
    records: Guess[str]
    paging: Guess[dict[str, Any]]
    key: Guess[str] | None
    changed: Guess[str] | None = None
    incremental: Guess[dict[str, Any]] | None = None
    map: dict[str, Guess[str]] = field(default_factory=dict)
    paged: bool = True
    open_points: tuple[str, ...] = ()

    @property
    def describes_customers(self) -> bool:
        """Tell whether its records hold enough of a customer to be worth a mapping."""
        telling = {"given_name", "family_name", "organisation_name", "email", "national_id"}
        return len(telling & set(self.map)) > 1 or "family_name" in self.map


@dataclass(frozen=True)
class InferredInterface:
    """Everything that was read off one document.

    Attributes:
        kind: Kind of connector: rest or graphql.
        dialect: What the document is written in, for people.
        title: As the document calls itself.
        address: Address of the server, where the document names one.
        auth: Options under `auth`.
        streams: Lists a connector can read.
        passed_over: Place and reason of what is no such list.
    """

    kind: str
    dialect: str
    title: str
    address: Guess[str] | None
    auth: Guess[dict[str, Any]]
    streams: tuple[InferredStream, ...]
    passed_over: tuple[tuple[str, str], ...]
