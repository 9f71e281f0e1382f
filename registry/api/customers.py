"""The master view as a graph: customers, their golden values, and where each came from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from registry.api.context import ENTRIES_PER_LIST
from registry.api.elements import DataSet, Info, element, element_loader
from registry.api.pages import (
    PAGE_DEFAULT,
    After,
    Connection,
    First,
    Node,
    Search,
    connection,
    global_id,
    name_place,
    page_size,
    read_global_id,
    search_text,
)
from registry.customers import queries
from registry.customers.queries import CustomerRow, MemberRow
from registry.customers.survivorship import SURVIVORSHIP
from schemas.access import Scope
from schemas.errors import InvalidInput
from schemas.records import CustomerKind

CUSTOMERS = "customer:name"
# Values that belong together come from one record and share its provenance.
GROUP_OF = {column: group.name for group in SURVIVORSHIP for column in group.columns}
_DATA_SET = "The data set it came from. Needs the scope landscape:read."


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

    @strawberry.field(description=_DATA_SET)
    async def data_set(self, info: Info) -> DataSet | None:
        """Load the data set."""
        return element(await element_loader(info.context).load(self.data_set_id))


@strawberry.type(description="One source record behind a customer.")
class SourceRecord:
    """One source record behind a customer."""

    row: strawberry.Private[MemberRow]
    key: str = strawberry.field(description="The source's own key.")
    rule: str = strawberry.field(description="Why it belongs here: alone, identifier or model.")
    weight_bits: float | None = strawberry.field(
        description="Strongest evidence to another record of the customer, log2 odds."
    )

    @strawberry.field(description=_DATA_SET)
    async def data_set(self, info: Info) -> DataSet | None:
        """Load the data set."""
        return element(await element_loader(info.context).load(self.row.data_set_id))


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
                    value=str(value),
                    rule=origin["rule"],
                    changed_at=datetime.fromisoformat(changed) if changed else None,
                )
            )
        return values

    @strawberry.field(description="The source records behind it, and why they belong here.")
    async def records(self, info: Info) -> list[SourceRecord]:
        """Load the records, for all asked customers in one statement."""
        info.context.spend(ENTRIES_PER_LIST)

        async def load(ids: Sequence[UUID]) -> list[list[MemberRow]]:
            found = await info.context.read(Scope.CUSTOMERS_READ, queries.members_of, ids)
            return [found.get(key, []) for key in ids]

        rows = await info.context.loader("members", load).load(self.row.id)
        info.context.spend(len(rows))
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
        first: First = PAGE_DEFAULT,
        after: After = None,
        search: Search = None,
    ) -> Connection[Customer]:
        """List customers."""
        context = info.context
        context.demand(Scope.CUSTOMERS_READ)
        size, wanted = page_size(first), search_text(search)
        rows = await context.read(
            Scope.CUSTOMERS_READ,
            queries.list_customers,
            after=name_place(after, CUSTOMERS),
            limit=size + 1,
            search=wanted,
        )
        return connection(
            context,
            rows,
            first=size,
            after=after,
            order=CUSTOMERS,
            key=lambda row: (row.display_name, row.id),
            node=Customer.of,
            total=lambda: context.read(
                Scope.CUSTOMERS_READ, queries.count_customers, search=wanted
            ),
        )

    @strawberry.field(description="One customer by global id; null where there is none.")
    async def customer(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its global id.")],  # noqa: A002  # Relay's name
    ) -> Customer | None:
        """Find one customer."""
        info.context.demand(Scope.CUSTOMERS_READ)
        kind, key = read_global_id(id)
        if kind != "customer":
            raise InvalidInput(f"This is the id of a {kind}, not of a customer.")
        loader = info.context.by_id(Scope.CUSTOMERS_READ, queries.customers_by_id)
        row = await loader.load(key)
        return Customer.of(row) if row else None
