"""Text on pictures: make foreign names harmless, and know how wide they are without a browser.

A name comes from other people's systems. It may hold markup, characters that turn the
direction of reading round, or ten thousand letters; what leaves this module holds none of these.
"""

import unicodedata
from functools import lru_cache

# A tooltip longer than this hides the picture instead of explaining it.
TOOLTIP_CHARACTERS_MAX = 240

# Nobody reads a name further than this; it also bounds the work one hostile name can cause.
NAME_CHARACTERS_MAX = 400

ELLIPSIS = "…"

# Bold letters are wider; the widest face a reader may have (DejaVu Sans) needs this much more.
BOLD_FACTOR = 1.2

# Widths in thousandths of the font size for the characters from blank to tilde: the larger
# of what the Noto Sans and Liberation Sans fonts declare, so that neither overflows.
_ASCII_WIDTHS = (
    *(277, 277, 408, 646, 572, 889, 732, 225, 333, 333, 551, 583, 277, 333, 277, 372),
    *(572, 572, 572, 572, 572, 572, 572, 572, 572, 572, 277, 277, 583, 583, 583, 556),
    *(1015, 666, 666, 722, 730, 666, 610, 777, 741, 339, 500, 666, 556, 907, 760, 781),
    *(666, 781, 722, 666, 610, 731, 666, 943, 666, 666, 610, 329, 372, 329, 572, 556),
    *(333, 561, 615, 500, 615, 564, 344, 615, 618, 258, 258, 534, 258, 935, 618, 605),
    *(615, 615, 413, 500, 361, 618, 508, 786, 529, 510, 500, 380, 551, 380, 583),
)
_FIRST, _LAST = 32, 126
_OTHER_WIDTH = 1000
_PICTOGRAM_WIDTH = 1400

# Unicode categories no reader can see and some browsers obey: controls, format characters
# (the ones that turn the direction round), halves of pairs, private use, not assigned.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})

# No language stacks more marks on a letter than this; towers of them cover other boxes.
_ACCENTS = frozenset({"Mn", "Me"})
_ACCENTS_MAX = 3

_FOLDING = {ord(c): " " for c in "\t\n\r\v\f\u0085\u00a0\u2028\u2029"}


def harmless(text: str, *, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """Return the text on one line, without unseen characters and not too long to show.

    Args:
        text: Anything a source may call a thing.
        characters_max: Longest answer; a longer text ends in an ellipsis.

    Returns:
        The text; never empty, so that a link always has something to hold on to.
    """
    # Reading four times the length leaves room for what is taken away, and no more.
    text = text[: 4 * characters_max]
    if not (text.isascii() and text.isprintable()):
        text = _seen(unicodedata.normalize("NFC", text.translate(_FOLDING)))
    text = " ".join(text.split())
    if len(text) > characters_max:
        text = text[: characters_max - 1].rstrip() + ELLIPSIS
    return text or "?"


def _seen(text: str) -> str:
    """Return the text without unseen characters and without towers of accents."""
    kept: list[str] = []
    accents = 0
    for character in text:
        category = unicodedata.category(character)
        accents = accents + 1 if category in _ACCENTS else 0
        if category not in _UNSEEN and accents <= _ACCENTS_MAX:
            kept.append(character)
    return "".join(kept)


_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"},
)


def escape(text: str) -> str:
    """Return the text as it may stand in SVG, between tags and inside quoted attributes."""
    return text.translate(_ESCAPES)


@lru_cache(maxsize=4096)
def _rare_width(character: str) -> int:
    """Return the width of one character outside ASCII, in thousandths of the font size."""
    base = unicodedata.normalize("NFD", character)[0]
    if _FIRST <= ord(base) <= _LAST:
        return _ASCII_WIDTHS[ord(base) - _FIRST]
    if unicodedata.category(base) in _ACCENTS:
        return 0
    if ord(base) >= 0x1F000:
        return _PICTOGRAM_WIDTH
    # Some single characters are whole words, drawn that wide.
    return max(_OTHER_WIDTH, 600 * len(unicodedata.normalize("NFKC", base)))


def _units(text: str) -> int:
    """Return the width of the text in thousandths of the font size."""
    total = 0
    for character in text:
        code = ord(character) - _FIRST
        total += _ASCII_WIDTHS[code] if 0 <= code <= _LAST - _FIRST else _rare_width(character)
    return total


def width_px(text: str, size: float, *, bold: bool = False) -> float:
    """Estimate how wide a text is drawn, on the safe side.

    Args:
        text: What is drawn; the result of `harmless`.
        size: Font size in pixels.
        bold: Whether it is drawn in bold.

    Returns:
        Pixels.
    """
    return _units(text) * size * (BOLD_FACTOR if bold else 1.0) / 1000


def fit(text: str, room_px: float, size: float, *, bold: bool = False) -> str:
    """Return as much of the text as fits, with an ellipsis where something is missing.

    Args:
        text: What is drawn; the result of `harmless`.
        room_px: How wide it may become.
        size: Font size in pixels.
        bold: Whether it is drawn in bold.

    Returns:
        The text, a beginning of it, or nothing where not even one letter fits.
    """
    room = room_px * 1000 / size / (BOLD_FACTOR if bold else 1.0)
    if _units(text) <= room:
        return text
    left = room - _units(ELLIPSIS)
    kept = 0
    for character in text:
        left -= _units(character)
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip(" -–,;:(/") + ELLIPSIS if kept else ""


def fit_lines(text: str, room_px: float, size: float, *, lines_max: int) -> list[str]:
    """Break a name over lines at its blanks, and shorten what still does not fit.

    Args:
        text: What is drawn; the result of `harmless`.
        room_px: How wide a line may become.
        size: Font size in pixels.
        lines_max: How many lines there is room for.

    Returns:
        One to `lines_max` lines.
    """
    lines: list[str] = []
    rest = text
    while len(lines) < lines_max - 1 and width_px(rest, size) > room_px:
        head = ""
        for word in rest.split(" "):
            longer = f"{head} {word}" if head else word
            if width_px(longer, size) > room_px:
                break
            head = longer
        if not head or head == rest:
            break
        lines.append(head)
        rest = rest[len(head) :].lstrip()
    return [*lines, fit(rest, room_px, size)]
