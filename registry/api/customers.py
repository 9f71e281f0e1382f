"""The master view as a graph: customers, their golden values, and where each came from."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import strawberry

from registry.api.context import Context
from registry.api.landscape import DataSet, element
from registry.api.pages import (
    Connection,
    Node,
    connection,
    global_id,
    page_size,
    read_cursor,
    read_global_id,
)
from registry.customers import queries
from registry.customers.queries import CustomerRow, MemberRow
from registry.landscape.queries import elements_by_id
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.records import CustomerKind

Info = strawberry.Info[Context, None]

strawberry.enum(CustomerKind, name="CustomerKind", description="Who a customer is to the town.")


@strawberry.type(description="One value of a customer, chosen from the records.")
class GoldenValue:
    """One value of a customer, chosen from the records."""

    data_set_id: strawberry.Private[UUID]
    attribute: str = strawberry.field(description="Name of the attribute, e.g. family_name.")
    value: str = strawberry.field(description="The value itself.")
    rule: str = strawberry.field(
        description="Why it won: only_value, all_agree, most_agree or newest."
    )
    changed_at: datetime | None = strawberry.field(
        description="When the source last changed the record it came from."
    )

    @strawberry.field(description="The data set it came from.")
    async def data_set(self, info: Info) -> DataSet:
        """Load the data set."""
        return element(await info.context.by_id("element", elements_by_id).load(self.data_set_id))


@strawberry.type(description="One source record behind a customer.")
class SourceRecord:
    """One source record behind a customer."""

    row: strawberry.Private[MemberRow]
    key: str = strawberry.field(description="The source's own key.")
    rule: str = strawberry.field(description="Why it belongs here: alone, identifier or model.")
    weight_bits: float | None = strawberry.field(
        description="Strongest evidence to another record of the customer, log2 odds."
    )

    @strawberry.field(description="The data set it stands in.")
    async def data_set(self, info: Info) -> DataSet:
        """Load the data set."""
        return element(
            await info.context.by_id("element", elements_by_id).load(self.row.data_set_id)
        )


# Values that belong together come from one record and share its provenance.
GROUP_OF = {
    "name_prefix": "family_name",
    "street": "address",
    "house_number": "address",
    "postal_code": "address",
    "city": "address",
}


@strawberry.type(description="One person or organisation as the municipality knows it.")
class Customer(Node):
    """One person or organisation as the municipality knows it."""

    row: strawberry.Private[CustomerRow]
    kind: CustomerKind = strawberry.field(description="Person or organisation.")
    display_name: str = strawberry.field(description="Name for lists.")
    record_count: int = strawberry.field(description="Source records behind it.")
    revision: int = strawberry.field(description="Counts changes.")
    changed_at: datetime = strawberry.field(description="When a value or record last changed.")

    @classmethod
    def of(cls, row: CustomerRow) -> "Customer":
        """Return the GraphQL object of a row."""
        return cls(
            row=row,
            id=global_id("customer", row.id),
            kind=CustomerKind(row.kind),
            display_name=row.display_name,
            record_count=row.record_count,
            revision=row.revision,
            changed_at=row.changed_at,
        )

    @strawberry.field(description="Golden values with their provenance.")
    def values(self) -> list[GoldenValue]:
        """Return the golden values by name of attribute."""
        values = []
        for attribute, value in sorted(self.row.attrs.items()):
            origin = self.row.provenance[GROUP_OF.get(attribute, attribute)]
            changed = origin.get("changed_at")
            values.append(
                GoldenValue(
                    data_set_id=UUID(origin["data_set_id"]),
                    attribute=attribute,
                    value=value,
                    rule=origin["rule"],
                    changed_at=datetime.fromisoformat(changed) if changed else None,
                )
            )
        return values

    @strawberry.field(description="The source records behind it, and why they belong here.")
    async def records(self, info: Info) -> list[SourceRecord]:
        """Load the records, for all asked customers in one statement."""

        async def load(ids: Sequence[UUID]) -> list[list[MemberRow]]:
            found = await info.context.read(queries.members_of, ids)
            return [found.get(key, []) for key in ids]

        rows = await info.context.loader("members", load).load(self.row.id)
        return [
            SourceRecord(row=row, key=row.key, rule=row.rule, weight_bits=row.weight_bits)
            for row in rows
        ]


@strawberry.type
class CustomersQuery:
    """The master view's entry points."""

    @strawberry.field(description="Customers by name.")
    async def customers(
        self,
        info: Info,
        first: int | None = None,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[Customer]:
        """List customers."""
        info.context.demand(Scope.CUSTOMERS_READ)
        size = page_size(first)
        key = read_cursor(after, "customer:name")
        rows = await info.context.read(
            queries.list_customers,
            after=(key[0], UUID(key[1])) if key else None,
            limit=size + 1,
            search=search,
        )
        return connection(
            rows,
            first=size,
            order="customer:name",
            key=lambda row: (row.display_name, row.id),
            node=Customer.of,
        )

    @strawberry.field(description="One customer by global id; null where there is none.")
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:  # noqa: A002  # Relay's name
        """Find one customer."""
        info.context.demand(Scope.CUSTOMERS_READ)
        kind, key = read_global_id(id)
        if kind != "customer":
            raise InvalidInput(f"this is the id of a {kind}, not of a customer")
        rows = await info.context.read(queries.customers_by_id, [UUID(key)])
        return Customer.of(rows[0]) if rows else None
