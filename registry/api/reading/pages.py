"""What every list shares: where a page stands, and counts per value."""

import strawberry


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(
        description="Whether more follows; read backwards: whether `before` was given."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether more stands before; read forwards: whether `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="Place of the first entry; pass it as `before` for the page before."
    )
    end_cursor: str | None = strawberry.field(
        description="Place of the last entry; pass it as `after` for the next page."
    )


@strawberry.type(description="How many rows share certain values.")
class Group:
    """How many rows share certain values."""

    keys: list[str | None] = strawberry.field(description="The values, in the order asked for.")
    count: int = strawberry.field(description="Rows that have them.")
