"""The permits system's GraphQL schema, written with graphene: Relay nodes and connections."""

# mypy: disallow-subclassing-any=False
# graphene ships no types, and its schema is made of subclasses.

from functools import cache
from typing import Any, Protocol

import graphene


class PermitDesk(Protocol):
    """What answers the resolvers; the execution's context."""

    def find(self, number: str) -> dict[str, Any] | None:
        """Return one applicant by number."""

    def page(self, first: int, after: str | None, since: str | None) -> dict[str, Any]:
        """Return one page of applicants as edges and page info."""


def _desk(info: Any) -> PermitDesk:
    desk: PermitDesk = info.context
    return desk


class _Text(graphene.Scalar):
    """A scalar that is text on the wire and in the store."""

    class Meta:
        """What graphene asks for."""

        abstract = True

    serialize = str
    parse_value = str

    @staticmethod
    def parse_literal(node: Any, _variables: Any = None) -> str:
        """Read a literal."""
        return str(node.value)


class Date(_Text):
    """A day as ISO 8601: 2026-01-31."""


class DateTime(_Text):
    """A moment as RFC 3339 in UTC: 2026-01-31T09:30:00Z."""


class ApplicantKind(graphene.Enum):
    """Who applies."""

    PERSON = "PERSON"
    ORGANISATION = "ORGANISATION"


class Gender(graphene.Enum):
    """Gender as stated on the form."""

    FEMALE = "FEMALE"
    MALE = "MALE"


class PermitState(graphene.Enum):
    """Where a permit stands."""

    REQUESTED = "REQUESTED"
    GRANTED = "GRANTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"


class Permit(graphene.ObjectType):
    """One permit."""

    number = graphene.String(required=True, description="Permit number.")
    type = graphene.String(required=True, description="What is permitted, e.g. DORMER.")
    state = graphene.Field(PermitState, required=True, description="Where it stands.")
    requested_on = graphene.Field(Date, required=True, description="Day of the request.")


class PermitConnection(graphene.relay.Connection):
    """Permits of one applicant, newest first."""

    class Meta:
        """What graphene asks for."""

        node = Permit


class Applicant(graphene.ObjectType):
    """A person or organisation that applied for permits."""

    class Meta:
        """What graphene asks for."""

        interfaces = (graphene.relay.Node,)

    number = graphene.String(required=True, description="Key of the applicant.")
    kind = graphene.Field(ApplicantKind, required=True, description="Who applies.")
    official_names = graphene.String(description="All given names as in the passport.")
    initials = graphene.String(description="Initials of the given names.")
    prefix = graphene.String(description="Prefix of the family name.")
    family_name = graphene.String(description="Family name without prefix.")
    born_on = graphene.Field(Date, description="Date of birth.")
    gender = graphene.Field(Gender, description="As stated.")
    bsn = graphene.String(description="Citizen service number.")
    organisation_name = graphene.String(description="Name of the organisation.")
    chamber_number = graphene.String(description="Number at the chamber of commerce.")
    email = graphene.String(description="Mailbox for letters.")
    telephone = graphene.String(description="Number to call.")
    street = graphene.String(required=True, description="Street.")
    house_number = graphene.String(required=True, description="Number and addition.")
    postal_code = graphene.String(required=True, description="Postal code without blank.")
    place = graphene.String(required=True, description="Town or village.")
    modified_at = graphene.Field(DateTime, required=True, description="Last change.")
    permits = graphene.relay.ConnectionField(PermitConnection, description="The permits.")

    @staticmethod
    def resolve_id(applicant: dict[str, Any], _info: Any) -> str:
        """Return the part of the global id that is ours."""
        return str(applicant["number"])

    @classmethod
    def get_node(cls, info: Any, number: str) -> dict[str, Any] | None:
        """Find an applicant by its global id."""
        return _desk(info).find(number)

    @classmethod
    def is_type_of(cls, _value: Any, _info: Any) -> bool:
        """Tell that every node is an applicant; there are no other nodes."""
        return True


class ApplicantConnection(graphene.relay.Connection):
    """One page of applicants."""

    class Meta:
        """What graphene asks for."""

        node = Applicant

    total_count = graphene.Int(required=True, description="Applicants on all pages together.")


class Query(graphene.ObjectType):
    """What can be asked."""

    node = graphene.relay.Node.Field()
    applicant = graphene.Field(
        Applicant, number=graphene.String(required=True), description="One applicant by number."
    )
    applicants = graphene.Field(
        ApplicantConnection,
        required=True,
        first=graphene.Int(default_value=50),
        after=graphene.String(),
        modified_since=graphene.Argument(DateTime),
        description="All applicants; with modifiedSince oldest change first.",
    )

    @staticmethod
    def resolve_applicant(_root: Any, info: Any, number: str) -> dict[str, Any] | None:
        """Find one applicant."""
        return _desk(info).find(number)

    @staticmethod
    def resolve_applicants(
        _root: Any,
        info: Any,
        first: int,
        after: str | None = None,
        modified_since: str | None = None,
    ) -> dict[str, Any]:
        """Serve one page."""
        return _desk(info).page(first, after, modified_since)


@cache
def schema() -> graphene.Schema:
    """Return the schema; made at first use, because making it takes a moment."""
    return graphene.Schema(query=Query)
