"""From character offsets to lines and UTF-16 characters, worked out only for rows with findings."""

from bisect import bisect_right

from schemas.compliance import Position, Range

_BASIC_PLANE_LAST = 0xFFFF  # characters above it count twice in UTF-16


class LineMap:
    """Where the lines of a text begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._begins = [0]
        at = text.find("\n")
        while at != -1:
            self._begins.append(at + 1)
            at = text.find("\n", at + 1)
        self._wide = not text.isascii() and max(map(ord, set(text)), default=0) > _BASIC_PLANE_LAST

    @property
    def second_line(self) -> int:
        """Offset at which the second line begins."""
        return self._begins[1] if len(self._begins) > 1 else len(self._text) + 1

    def position(self, offset: int) -> Position:
        """Return the line and character of an offset."""
        line = bisect_right(self._begins, offset) - 1
        begin = self._begins[line]
        character = offset - begin
        if self._wide:
            before = self._text[begin:offset]
            character += sum(1 for sign in before if ord(sign) > _BASIC_PLANE_LAST)
        return Position(line, character)

    def range(self, start: int, stop: int) -> Range:
        """Return the stretch between two offsets."""
        return Range(self.position(start), self.position(stop))
