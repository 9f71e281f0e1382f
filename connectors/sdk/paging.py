"""How a REST source hands out its pages, and how it says that there are no more.

The types whose answers lead on by themselves; those that count on stand in `counted`, and what
all share in `pager`.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field

from connectors.sdk.counted import CountedPaging, NumberPaging, OffsetPaging
from connectors.sdk.json_pages import ABSENT, path_steps, planted
from connectors.sdk.pager import (
    TOKEN_CHARACTERS_MAX,
    Ask,
    End,
    Paging,
    Seen,
    SizedPaging,
    Token,
)
from connectors.sdk.strict import DottedPath, Parameter
from schemas.errors import GiveUp

__all__ = [
    "TOKEN_CHARACTERS_MAX",
    "AnyPaging",
    "Ask",
    "CountedPaging",
    "CursorPaging",
    "End",
    "HeaderLinkPaging",
    "LastKeyPaging",
    "LinkPaging",
    "MarkedPaging",
    "NoPaging",
    "NumberPaging",
    "OffsetPaging",
    "Paging",
    "Seen",
    "SizedPaging",
    "Token",
    "next_link",
    "said_as_json",
]

RELATIONS = ("rel", "relation")
ADDRESSES = ("href", "url", "uri")
"""How lists of links call what a link is for, and where it leads."""


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
    """Each answer holds the URL of the next page, by itself or in a list of links.

    A list names what each of its links is for, as `{"rel": "next", "href": "..."}`; one without a
    next link is the last page.
    """

    type: Literal["link"]

    def ask(self, token: Token | None) -> Ask:
        """Ask for the link as it came; it holds its own parameters."""
        return Ask(None, self.sized()) if token is None else Ask(str(token), {})

    def follow(self, page: Seen) -> Token | End:
        """Take the link out of the answer."""
        found = page.fields["next"]
        if isinstance(found, list):
            page = page._replace(fields={**page.fields, "next": _next_of(found)})
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
        if not page.pieces and self.more is not None:
            raise GiveUp("The source says that more records follow, but sent none to go on from.")
        return self._name_of(page.pieces[-1]) if page.pieces else End(sure=False)

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


def said_as_json(paging: Paging, token: Token | None) -> list[dict[str, Any]]:
    """Return what asks for a page as parts of an object, for sources that are asked in JSON.

    A page's number and size are numbers there; a token stays text.
    """
    counted, own = isinstance(paging, CountedPaging), getattr(paging, "parameter", "")
    return [
        planted(name, int(value) if counted or name != own else value)
        for name, value in paging.ask(token).parameters.items()
    ]


_PARAMETER = r";\s*([^\s=;,\"]+)(?:\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]*)))?"
_LINK = re.compile(rf"<([^<>]*)>((?:\s*{_PARAMETER})*)")
_PARAMETERS = re.compile(_PARAMETER)


def _next_of(links: list[Any]) -> Any:
    """Return where the next link of a list of links leads, or None where there is none."""
    for link in links:
        if isinstance(link, Mapping) and "next" in (link.get(name) for name in RELATIONS):
            return next((link[name] for name in ADDRESSES if link.get(name)), None)
    return None


def next_link(header: str) -> str | None:
    """Return the target of rel="next" in a Link header.

    Source: RFC 8288, section 3; a relation may be one of several in the same quotes.
    """
    for link in _LINK.finditer(header):
        for name, quoted, bare in _PARAMETERS.findall(link[2]):
            if name.lower() == "rel" and "next" in (quoted or bare).lower().split():
                return link[1]
    return None
