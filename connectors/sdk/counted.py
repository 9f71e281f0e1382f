"""Pages that are asked for by a number we count on ourselves: their own, or records to skip."""

from abc import abstractmethod
from typing import Annotated, Literal

from pydantic import Field, model_validator

from connectors.sdk.pager import Ask, End, Seen, SizedPaging, Token
from connectors.sdk.strict import DottedPath, Header, Parameter, fault
from schemas.errors import GiveUp


class CountedPaging(SizedPaging):
    """A type that counts on by itself; without a word of the source an empty page is the end.

    Attributes:
        parameter: Query parameter that takes the number.
        more: Path to a field that is true as long as more records follow.
        last: Path to a field that is true on the last page; the same, said the other way round.
    """

    parameter: Parameter
    more: DottedPath | None = None
    last: DottedPath | None = None

    @model_validator(mode="after")
    def name_one_flag(self) -> "CountedPaging":
        """Refuse two flags for the same."""
        if self.more is not None and self.last is not None:
            raise fault("give either `more` or `last`", "last")
        return self

    def fields(self) -> dict[str, str]:
        """Add the field that tells whether more follows."""
        flag = self.more or self.last
        return {**super().fields(), **({} if flag is None else {"flag": flag})}

    @property
    def foretold(self) -> bool:
        """Whether nobody asks beyond the last page, because the source says which one it is."""
        return bool(self.more or self.last)

    @abstractmethod
    def guess(self, token: Token | None, seen: int) -> tuple[Token, int]:
        """Foretell where the page after a page is, and how many records come before it."""

    def follows(self, page: Seen) -> bool | None:
        """Tell whether the source says that more follows; None where it says nothing."""
        flag = self.more or self.last
        if flag is None:
            return None
        told = page.fields["flag"]
        if not isinstance(told, bool):
            raise GiveUp(
                f"What stands at `{flag}` is neither true nor false, so nothing says whether more "
                "records follow.",
                remedy=f"Correct `{'more' if self.more else 'last'}` under paging.",
            )
        return told if self.more else not told

    def ended(self, page: Seen) -> End | None:
        """Tell whether the page was the last."""
        if page.total is not None and page.so_far >= page.total:
            return End()
        follows = self.follows(page)
        if follows is False:
            return End()
        if page.records:
            return None
        if follows:
            raise GiveUp("The source says that more records follow, but sent none.")
        return End(sure=page.total is not None)


class NumberPaging(CountedPaging):
    """Pages are numbered.

    Attributes:
        first: Number of the first page.
        pages: Path to the number of pages of the whole scan.
        pages_header: Header with the same.
    """

    type: Literal["page"]
    first: Annotated[int, Field(ge=0, le=1)] = 1
    pages: DottedPath | None = None
    pages_header: Header | None = None

    def fields(self) -> dict[str, str]:
        """Add the number of pages."""
        return {**super().fields(), **({} if self.pages is None else {"pages": self.pages})}

    @property
    def foretold(self) -> bool:
        """Whether nobody asks beyond the last page, because the source says which one it is."""
        return super().foretold or bool(self.pages or self.pages_header)

    def follows(self, page: Seen) -> bool | None:
        """Tell whether the source says that more follows."""
        if page.pages is None:
            return super().follows(page)
        number = self.first if page.token is None else int(page.token)
        return number - self.first + 1 < page.pages

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
