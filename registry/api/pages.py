"""Relay's pages: global ids, opaque keyset cursors, connections.

Source:
    GraphQL Cursor Connections Specification; Global Object Identification Specification (Relay).
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
import strawberry

from registry.api.context import Context
from schemas.errors import InvalidInput

T = TypeVar("T")
PAGE_MAX = 200  # rows of one page; the rooms cap their queries at the same number
PAGE_DEFAULT = 50
CURSOR_CHARACTERS_MAX = 2000  # names in cursors are at most 300 characters of four bytes
SEARCH_CHARACTERS_MAX = 100  # longer than any part of a name that somebody types
TEXT_CHARACTERS_MAX = 200  # the longest URN or key there can be
MARK_BYTES = 6  # tells a cursor that was changed on the way from one of ours

First = Annotated[
    int | None,
    strawberry.argument(description=f"Entries of the page, 1 to {PAGE_MAX}."),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description="`endCursor` of the page before, of the same list; leave it out to begin."
    ),
]
Search = Annotated[
    str | None,
    strawberry.argument(
        description=f"Part of the name in any case, at most {SEARCH_CHARACTERS_MAX} characters."
    ),
]


@strawberry.interface(description="Anything with a global id, after Relay.")
class Node:
    """Anything with a global id."""

    id: strawberry.ID = strawberry.field(description="Global id; opaque, stable for ever.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    """Where a page stands in its list."""

    has_next_page: bool = strawberry.field(description="Whether more follows this page.")
    has_previous_page: bool = strawberry.field(
        description="Whether this page was asked for with `after`; lists are read forwards."
    )
    start_cursor: str | None = strawberry.field(description="Place of the first entry.")
    end_cursor: str | None = strawberry.field(description="Pass it as `after` for the next page.")


@strawberry.type(description="One entry of a page.")
class Edge(Generic[T]):
    """One entry of a page."""

    cursor: str = strawberry.field(description="Place of this entry; pass it as `after`.")
    node: T = strawberry.field(description="The entry itself.")


@strawberry.type(description="One page of a list, in a stable order.")
class Connection(Generic[T]):
    """One page of a list, in a stable order."""

    total: strawberry.Private[Callable[[], Awaitable[int]]]
    edges: list[Edge[T]] = strawberry.field(description="Entries with their cursors.")
    page_info: PageInfo = strawberry.field(description="Whether more follows.")

    @strawberry.field(description="The entries without their cursors.")
    def nodes(self) -> list[T]:
        """Return the entries alone."""
        return [edge.node for edge in self.edges]

    @strawberry.field(
        description="Entries of the whole list; counted only when asked for, which takes time."
    )
    async def total_count(self) -> int:
        """Count the whole list."""
        return await self.total()


def global_id(kind: str, key: UUID | str) -> strawberry.ID:
    """Return a global id that names kind and key."""
    return strawberry.ID(_to_base64(msgspec.json.encode([kind, str(key)])))


def read_global_id(text: str) -> tuple[str, UUID]:
    """Return kind and key of a global id.

    Raises:
        InvalidInput: It is none of ours.
    """
    value = _list_of(_from_base64(text, "global id"), "global id")
    if len(value) != 2:
        raise _damaged("global id")
    return value[0], _id(value[1], "global id")


def page_size(first: int | None) -> int:
    """Return the page size asked for.

    Raises:
        InvalidInput: It is not between 1 and `PAGE_MAX`.
    """
    if first is None:
        return PAGE_DEFAULT
    if not 1 <= first <= PAGE_MAX:
        raise InvalidInput(f"`first` is {first}, but a page has 1 to {PAGE_MAX} entries.")
    return first


def plain_text(text: str, name: str, *, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """Return a text argument that is short and has no character the database cannot hold.

    Raises:
        InvalidInput: It is too long, or holds a NUL; the text itself is not repeated.
    """
    if len(text) > characters_max:
        raise InvalidInput(f"`{name}` has {len(text)} characters; {characters_max} are allowed.")
    if "\0" in text:
        raise InvalidInput(f"`{name}` holds the character U+0000, which no name has.")
    return text


def search_text(text: str | None) -> str | None:
    """Return what to search for; blanks alone mean everything.

    Raises:
        InvalidInput: See `plain_text`.
    """
    if text is None:
        return None
    return plain_text(text, "search", characters_max=SEARCH_CHARACTERS_MAX).strip() or None


def name_place(after: str | None, order: str) -> tuple[str, UUID] | None:
    """Return name and id of the entry a cursor stands for, in lists by name.

    Args:
        after: The cursor, or None for the first page.
        order: Name of the list and its order; a cursor of another list is refused, not misread.

    Raises:
        InvalidInput: The cursor is damaged or belongs to another list.
    """
    if after is None:
        return None
    place = _place(after, order)
    if len(place) != 2 or "\0" in place[0]:
        raise _damaged("cursor")
    return place[0], _id(place[1], "cursor")


def id_place(after: str | None, order: str) -> UUID | None:
    """Return the id of the entry a cursor stands for, in lists by id; else as `name_place`."""
    if after is None:
        return None
    place = _place(after, order)
    if len(place) != 1:
        raise _damaged("cursor")
    return _id(place[0], "cursor")


def connection(
    context: Context,
    rows: Sequence[Any],
    *,
    first: int,
    after: str | None,
    order: str,
    key: Callable[[Any], Sequence[Any]],
    node: Callable[[Any], T],
    total: Callable[[], Awaitable[int]],
) -> Connection[T]:
    """Make a page of rows that were asked for with one more than `first`.

    Args:
        context: The request's, which counts the entries.
        rows: At most `first` + 1.
        first: Size of the page.
        after: The cursor it was asked for with.
        order: As for `name_place`.
        key: What of a row the list is sorted by; unique.
        node: Makes the GraphQL object of a row.
        total: Counts the whole list.

    Raises:
        AnswerTooLarge: The answer has too many entries altogether.
    """
    shown = rows[:first]
    context.spend(len(shown))
    edges = [Edge(cursor=_cursor(order, key(row)), node=node(row)) for row in shown]
    info = PageInfo(
        has_next_page=len(rows) > first,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info, total=total)


def _cursor(order: str, key: Sequence[Any]) -> str:
    payload = msgspec.json.encode([order, *map(str, key)])
    return _to_base64(_mark(payload) + payload)


def _place(after: str, order: str) -> list[str]:
    octets = _from_base64(after, "cursor")
    payload = octets[MARK_BYTES:]
    if octets[:MARK_BYTES] != _mark(payload):
        raise _damaged("cursor")
    value = _list_of(payload, "cursor")
    if not value or value[0] != order:
        raise InvalidInput(
            "This cursor belongs to another list.",
            remedy="Use an `endCursor` of the same list.",
        )
    return value[1:]


def _mark(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=MARK_BYTES).digest()


def _to_base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _from_base64(text: str, what: str) -> bytes:
    if len(text) > CURSOR_CHARACTERS_MAX:
        raise InvalidInput(f"This {what} is too long to be one of ours.")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as error:
        raise _damaged(what) from error


def _list_of(payload: bytes, what: str) -> list[str]:
    try:
        return msgspec.json.decode(payload, type=list[str])
    except (msgspec.DecodeError, RecursionError) as error:
        raise _damaged(what) from error


def _id(text: str, what: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _damaged(what) from error


def _damaged(what: str) -> InvalidInput:
    return InvalidInput(f"This {what} is damaged.", remedy="Use it just as we gave it.")
