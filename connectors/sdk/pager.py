"""What all ways of paging share: what is asked, what an answer showed, and how a scan ends.

A pager is arithmetic only: what to ask for, and what an answer means. Each type has its own end
marker; a short page is never one. docs/reference/connector-file.md tells which marker is whose.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import model_validator

from connectors.sdk.strict import DottedPath, Header, PageSize, Parameter, Strict, fault

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
        pieces: The bytes of each record; looked at only where a record leads on.
        absolute: Turns a link into a target, or refuses it.
        pages: How many pages the source says the whole scan has, if it does.
    """

    records: int
    so_far: int
    total: int | None
    token: Token | None
    fields: Mapping[str, Any]
    link: str
    pieces: Sequence[bytes]
    absolute: Callable[[str], str]
    pages: int | None = None


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
