"""Words in the boxes of a view: broken and made smaller until they fit, cut only at the last."""

from typing import Final

from registry.web.draw.text import fit, harmless, width_px

LINE_HEIGHT: Final = 1.22
PAD: Final = 5.0
SIGN_ROOM: Final = 18.0  # what the sign in the corner needs
LINES_MAX: Final = 40  # a note is text; more than a screen of it is another file
SIZE_MIN: Final = 8.0  # smaller letters nobody reads on paper


def fit_block(
    words: str, width: float, height: float, size: float, *, keeps_off: bool
) -> tuple[list[str], float]:
    """Break words into lines that fit a box, in smaller letters if need be.

    Args:
        words: What to write; line breaks are kept.
        width: Of the box in pixels.
        height: Likewise.
        size: Font size wished for, in pixels.
        keeps_off: Keep off the corner where the sign stands.

    Returns:
        The lines, and the font size they are for.
    """
    room = width - 2 * (SIGN_ROOM if keeps_off and width > 4 * SIGN_ROOM else PAD)
    parts = [part for line in words.splitlines() if (part := harmless(line)) != "?"]
    while True:
        lines_max = max(1, min(LINES_MAX, int((height - 2) / (size * LINE_HEIGHT))))
        lines = [line for part in parts for line in _broken(part, room, size)]
        if len(lines) <= lines_max or size <= SIZE_MIN:
            break
        size = max(SIZE_MIN, size - 1)
    if len(lines) > lines_max:
        rest = " ".join(lines[lines_max - 1 :])
        lines = [*lines[: lines_max - 1], fit(rest, room, size)]
    return lines, size


def _broken(text: str, room: float, size: float) -> list[str]:
    """Break one line at its blanks, and words wider than the room where they must."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width_px(longer, size) <= room:
            line = longer
            continue
        if line:
            lines.append(line)
        *whole, line = _pieces(word, room, size)
        lines += whole
    return [*lines, line] if line else lines


def _pieces(word: str, room: float, size: float) -> list[str]:
    """Cut a word that is too wide, after a hyphen of its own where there is one."""
    pieces = []
    while len(word) > 1 and width_px(word, size) > room:
        at = max(1, int(len(word) * room / width_px(word, size)))
        while at > 1 and width_px(word[:at] + "-", size) > room:
            at -= 1
        own = word.rfind("-", 1, at)
        if own > 0:
            at = own + 1
        pieces.append(word[:at] if word[at - 1] == "-" else word[:at] + "-")
        word = word[at:]
    return [*pieces, word]
