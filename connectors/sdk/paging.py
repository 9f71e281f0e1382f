"""How a REST source hands out its pages, and how it says that there are no more.

A pager is arithmetic only: what to ask for, and what an answer means. Each type has its own end
marker; a short page is never one. docs/reference/connector-file.md tells which marker is whose.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from pydantic import Field, model_validator

from connectors.sdk.json_pages import ABSENT, path_steps
from connectors.sdk.spec import DottedPath, Header, PageSize, Parameter, Strict, fault
from schemas.errors import GiveUp

TOKEN_CHARACTERS_MAX = 8_000
"""A page token becomes part of a URL; servers refuse longer ones."""

Token = str | int


class Ask(NamedTuple):
    """The next request: a target in place of the stream's path, and parameters for the query."""

    target: str | None
    parameters: Mapping[str, str]


class Seen(NamedTuple):
    """What one answer showed.

    Attributes:
        records: How many records are on this page.
        so_far: How many the scan has, this page included.
        total: How many the source says the whole scan has, if it does.
        token: Where this page was asked for; None on the first.
        fields: What stood at the paths of `fields`.
        link: The Link header, empty without one.
        last: The bytes of the last record; None on an empty page.
        absolute: Turns a link into a target, or refuses it.
    """

    records: int
    so_far: int
    total: int | None
    token: Token | None
    fields: Mapping[str, Any]
    link: str
    last: bytes | None
    absolute: Callable[[str], str]


class End(NamedTuple):
    """There are no more pages.

    Attributes:
        sure: False where only an empty page says so, which is asked for once more.
    """

    sure: bool = True


class Paging(Strict):
    """What all types share.

    Attributes:
        total: Path to the number of records of the whole scan.
        total_header: Header with the same.
    """

    total: DottedPath | None = None
    total_header: Header | None = None

    def fields(self) -> dict[str, str]:
        """Return the paths this type looks at in the body, by our own name."""
        return {} if self.total is None else {"total": self.total}

    @abstractmethod
    def ask(self, token: Token | None) -> Ask:
        """Return what to ask for; None is the start of the scan."""

    @abstractmethod
    def follow(self, page: Seen) -> Token | End:
        """Return where the next page is, or the end."""


class SizedPaging(Paging):
    """A type that lets us say how many records a page holds."""

    size: PageSize | None = None
    size_parameter: Parameter | None = None

    @model_validator(mode="after")
    def name_the_size(self) -> "SizedPaging":
        """Refuse a parameter for the size without a size."""
        if self.size_parameter is not None and self.size is None:
            raise fault("`size_parameter` needs a `size`", "size_parameter")
        return self

    def sized(self) -> dict[str, str]:
        """Return the query parameter that asks for the size."""
        return {self.size_parameter: str(self.size)} if self.size_parameter else {}

    def full(self, page: Seen) -> bool:
        """Tell whether a page holds as much as was asked for, or nobody knows."""
        return self.size is None or page.records >= self.size


class NoPaging(Paging):
    """One answer holds everything; a whole answer is the end marker."""

    type: Literal["none"] = "none"

    def ask(self, token: Token | None) -> Ask:  # noqa: ARG002  # one answer has no tokens
        """Ask for the stream's path."""
        return Ask(None, {})

    def follow(self, page: Seen) -> Token | End:  # noqa: ARG002  # nothing follows
        """End after the only page."""
        return End()


class MarkedPaging(SizedPaging):
    """A type whose answers hold the way to the next page.

    Attributes:
        next: Path to it; present and null or empty at the end.
        absent_means_end: The source leaves the field out at the end. Without this, a missing
            field is refused: a typing error in `next` must not look like the end.
    """

    next: DottedPath
    absent_means_end: bool = False

    def fields(self) -> dict[str, str]:
        """Add the way to the next page."""
        return {**super().fields(), "next": self.next}

    def marked(self, page: Seen) -> str | None:
        """Return the way to the next page as it is written, or None at the end."""
        found = page.fields["next"]
        if found is ABSENT and not self.absent_means_end:
            raise GiveUp(
                f"The source's answer has no field at `{self.next}`.",
                remedy="Correct `next` under paging; if this source leaves the field out on its "
                "last page, say `absent_means_end: true`.",
            )
        if found is ABSENT or found in (None, "", False):
            return None
        if isinstance(found, bool) or not isinstance(found, str | int):
            raise GiveUp(f"What stands at `{self.next}` leads to no next page.")
        if len(text := str(found)) > TOKEN_CHARACTERS_MAX:
            raise GiveUp(f"What stands at `{self.next}` is longer than any page token.")
        return text


class CursorPaging(MarkedPaging):
    """Each answer names a token, and the next request sends it back."""

    type: Literal["cursor"]
    parameter: Parameter

    def ask(self, token: Token | None) -> Ask:
        """Send the token, if there is one yet."""
        return Ask(None, self.sized() | ({} if token is None else {self.parameter: str(token)}))

    def follow(self, page: Seen) -> Token | End:
        """Take the token out of the answer."""
        return self.marked(page) or End()


class LinkPaging(MarkedPaging):
    """Each answer holds the URL of the next page."""

    type: Literal["link"]

    def ask(self, token: Token | None) -> Ask:
        """Ask for the link as it came; it holds its own parameters."""
        return Ask(None, self.sized()) if token is None else Ask(str(token), {})

    def follow(self, page: Seen) -> Token | End:
        """Take the link out of the answer."""
        link = self.marked(page)
        return End() if link is None else page.absolute(link)


class HeaderLinkPaging(SizedPaging):
    """Each answer names the next page in its Link header.

    Source: RFC 8288.
    """

    type: Literal["header_link"]
    absent_means_end: bool = False

    def ask(self, token: Token | None) -> Ask:
        """Ask for the link as it came."""
        return Ask(None, self.sized()) if token is None else Ask(str(token), {})

    def follow(self, page: Seen) -> Token | End:
        """Take the link out of the header; a full page without any Link header is suspicious."""
        link = next_link(page.link)
        if link is not None:
            return page.absolute(link)
        proved = page.link or not page.records or not self.full(page) or page.total is not None
        if not proved and not self.absent_means_end:
            raise GiveUp(
                "A full page came without a Link header, so nothing says it is the last.",
                remedy="Check that no proxy removes the header; if this source sends none "
                "on its last page, say `absent_means_end: true` under paging.",
            )
        return End()


class LastKeyPaging(SizedPaging):
    """The next request names the last record that came.

    Attributes:
        parameter: Query parameter that takes it.
        field: Path inside a record to what names it; usually its key.
        more: Path to the field that is true as long as more records follow; where the source has
            no such field, only an empty page tells the end.
    """

    type: Literal["last_key"]
    parameter: Parameter
    field: DottedPath
    more: DottedPath | None = None

    def fields(self) -> dict[str, str]:
        """Add the field that tells whether more follows."""
        return {**super().fields(), **({} if self.more is None else {"more": self.more})}

    def ask(self, token: Token | None) -> Ask:
        """Name the last record, if there is one yet."""
        return Ask(None, self.sized() | ({} if token is None else {self.parameter: str(token)}))

    def follow(self, page: Seen) -> Token | End:
        """Take the name out of the last record, unless the source says that nothing follows."""
        if self.more is not None:
            more = page.fields["more"]
            if not isinstance(more, bool):
                raise GiveUp(
                    f"What stands at `{self.more}` is neither true nor false, so nothing says "
                    "whether more records follow.",
                    remedy="Correct `more` under paging.",
                )
            if not more:
                return End()
        if page.last is None and self.more is not None:
            raise GiveUp("The source says that more records follow, but sent none to go on from.")
        return End(sure=False) if page.last is None else self._name_of(page.last)

    def _name_of(self, record: bytes) -> Token:
        found: Any = None
        # A record that cannot be read has no name, either, as is said below.
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = msgspec.json.decode(record)
        for step in path_steps(self.field):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            raise GiveUp(
                f"The last record of a page has nothing at `{self.field}` to go on from.",
                remedy="Correct `field` under paging.",
            )
        if len(str(found)) > TOKEN_CHARACTERS_MAX:
            raise GiveUp(f"What stands at `{self.field}` is longer than any page token.")
        return found


class CountedPaging(SizedPaging):
    """A type that counts on by itself; only the total, or an empty page, tells the end."""

    parameter: Parameter

    @abstractmethod
    def guess(self, token: Token | None, seen: int) -> tuple[Token, int]:
        """Foretell where the page after a page is, and how many records come before it."""

    def ended(self, page: Seen) -> End | None:
        """Tell whether the page was the last."""
        if page.total is not None and page.so_far >= page.total:
            return End()
        return End(sure=page.total is not None) if not page.records else None


class NumberPaging(CountedPaging):
    """Pages are numbered."""

    type: Literal["page"]
    first: Annotated[int, Field(ge=0, le=1)] = 1

    def ask(self, token: Token | None) -> Ask:
        """Ask for a page by its number."""
        number = self.first if token is None else int(token)
        return Ask(None, self.sized() | {self.parameter: str(number)})

    def follow(self, page: Seen) -> Token | End:
        """Count on by one."""
        number = self.first if page.token is None else int(page.token)
        return self.ended(page) or number + 1

    def guess(self, token: Token | None, seen: int) -> tuple[Token, int]:
        """Count on by one, and by a full page."""
        return (self.first if token is None else int(token)) + 1, seen + (self.size or 0)


class OffsetPaging(CountedPaging):
    """Pages are asked for by how many records to skip.

    Attributes:
        first: Number of the first record, where the source counts records instead: 1 for SCIM.
    """

    type: Literal["offset"]
    first: Annotated[int, Field(ge=0, le=1)] = 0

    def ask(self, token: Token | None) -> Ask:
        """Skip what was read."""
        return Ask(None, self.sized() | {self.parameter: str(self.first + int(token or 0))})

    def follow(self, page: Seen) -> Token | End:
        """Count on by what came, whatever was asked for; so a source may give less."""
        return self.ended(page) or (int(page.token or 0) + page.records)

    def guess(self, token: Token | None, seen: int) -> tuple[Token, int]:
        """Count on by a full page."""
        return int(token or 0) + (self.size or 0), seen + (self.size or 0)


AnyPaging = Annotated[
    NoPaging
    | CursorPaging
    | LinkPaging
    | HeaderLinkPaging
    | LastKeyPaging
    | NumberPaging
    | OffsetPaging,
    Field(discriminator="type"),
]

_PARAMETER = r";\s*([^\s=;,\"]+)(?:\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*)))?"
_LINK = re.compile(rf"<([^<>]*)>((?:\s*{_PARAMETER})*)")
_PARAMETERS = re.compile(_PARAMETER)


def next_link(header: str) -> str | None:
    """Return the target of rel="next" in a Link header.

    Source: RFC 8288, section 3; a relation may be one of several in the same quotes.
    """
    for link in _LINK.finditer(header):
        for name, quoted, bare in _PARAMETERS.findall(link[2]):
            if name.lower() == "rel" and "next" in (quoted or bare).lower().split():
                return link[1]
    return None
