"""Relay's pages: global ids, opaque keyset cursors, connections.

Source:
    GraphQL Cursor Connections Specification; Global Object Identification Specification (Relay).
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
import strawberry

from schemas.errors import InvalidInput

T = TypeVar("T")
PAGE_MAX = 200  # rows of one page; the rooms cap their queries at the same number
PAGE_DEFAULT = 50
CURSOR_CHARACTERS_MAX = 2000  # names in cursors are at most 300 characters of four bytes


@strawberry.interface(description="Anything with a global id, after Relay.")
class Node:
    """Anything with a global id."""

    id: strawberry.ID = strawberry.field(description="Global id; opaque, stable for ever.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    end_cursor: str | None = strawberry.field(description="Pass it as `after` for the next page.")


@strawberry.type(description="One entry of a page.")
class Edge(Generic[T]):
    """One entry of a page."""

    cursor: str = strawberry.field(description="Place of this entry; pass it as `after`.")
    node: T = strawberry.field(description="The entry itself.")


@strawberry.type(description="One page of a list, in a stable order.")
class Connection(Generic[T]):
    """One page of a list, in a stable order."""

    edges: list[Edge[T]] = strawberry.field(description="Entries with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether more follows.")

    @strawberry.field(description="The entries without their cursors.")
    def nodes(self) -> list[T]:
        """Return the entries alone."""
        return [edge.node for edge in self.edges]


def global_id(kind: str, key: UUID | str | int) -> strawberry.ID:
    """Return a global id that names kind and key."""
    return strawberry.ID(_encode([kind, str(key)]))


def read_global_id(text: str) -> tuple[str, str]:
    """Return kind and key of a global id.

    Raises:
        InvalidInput: It is none of ours.
    """
    value = _decode(text, "global id")
    if len(value) != 2 or not all(isinstance(part, str) for part in value):
        raise InvalidInput("this global id is not one of ours", code_hint="id")
    return value[0], value[1]


def page_size(first: int | None) -> int:
    """Return the page size asked for.

    Raises:
        InvalidInput: It is not between 1 and `PAGE_MAX`.
    """
    if first is None:
        return PAGE_DEFAULT
    if not 1 <= first <= PAGE_MAX:
        raise InvalidInput(f"`first` is {first}, but a page has 1 to {PAGE_MAX} entries")
    return first


def read_cursor(after: str | None, order: str) -> list[Any] | None:
    """Return the sort key a cursor stands for.

    Args:
        after: The cursor, or None for the first page.
        order: Name of the list's order; a cursor of another list is refused, not misread.

    Raises:
        InvalidInput: The cursor is damaged or belongs to another list.
    """
    if after is None:
        return None
    value = _decode(after, "cursor")
    if len(value) < 2 or value[0] != order:
        raise InvalidInput(
            "this cursor belongs to another list or order",
            remedy="Use an `endCursor` of the same list, with the same arguments.",
        )
    return value[1:]


def connection(
    rows: Sequence[Any],
    *,
    first: int,
    order: str,
    key: Callable[[Any], Sequence[Any]],
    node: Callable[[Any], T],
) -> Connection[T]:
    """Make a page of rows that were asked for with one more than `first`."""
    edges = [
        Edge(cursor=_encode([order, *map(str, key(row))]), node=node(row)) for row in rows[:first]
    ]
    info = PageInfo(has_next_page=len(rows) > first, end_cursor=edges[-1].cursor if edges else None)
    return Connection(edges=edges, page_info=info)


def _encode(value: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def _decode(text: str, what: str) -> list[Any]:
    try:
        if len(text) > CURSOR_CHARACTERS_MAX:
            raise InvalidInput(f"this {what} is too long to be one of ours")
        padded = text + "=" * (-len(text) % 4)
        value = msgspec.json.decode(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidInput(
            f"this {what} is damaged", remedy="Use it just as we gave it."
        ) from error
    if not isinstance(value, list):
        raise InvalidInput(f"this {what} is damaged", remedy="Use it just as we gave it.")
    return value
