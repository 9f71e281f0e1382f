"""From character offsets to lines and UTF-16 characters, worked out only for rows with findings."""

from bisect import bisect_right
from typing import Literal

from schemas.compliance import Position, Range

_BASIC_PLANE_LAST = 0xFFFF  # characters above it count twice in UTF-16


class LineMap:
    """Where the lines of a text begin.

    Args:
        text: The text, without a byte order mark.
        mark: What a byte order mark before it moves in Spectral's parsers: JSON's counts it as
            the first line's first character, YAML's begins every later line one too late.
    """

    def __init__(self, text: str, mark: Literal["json", "yaml"] | None = None) -> None:
        self._text = text
        self._first = mark == "json"
        self._begins = [0]
        at = text.find("\n")
        while at != -1:
            self._begins.append(at + 1)
            at = text.find("\n", at + 1)
        if mark == "yaml":
            self._begins = [0, *(begin + 1 for begin in self._begins[1:])]
        self._wide = not text.isascii() and max(map(ord, set(text)), default=0) > _BASIC_PLANE_LAST

    @property
    def second_line(self) -> int:
        """Offset at which the second line begins."""
        return self._begins[1] if len(self._begins) > 1 else len(self._text) + 1

    def position(self, offset: int) -> Position:
        """Return the line and character of an offset."""
        line = bisect_right(self._begins, offset) - 1
        begin = self._begins[line]
        character = offset - begin + (self._first and line == 0)
        if self._wide:
            before = self._text[begin:offset]
            character += sum(1 for sign in before if ord(sign) > _BASIC_PLANE_LAST)
        return Position(line, character)

    def range(self, start: int, stop: int) -> Range:
        """Return the stretch between two offsets."""
        return Range(self.position(start), self.position(stop))
