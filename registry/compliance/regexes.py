"""Regular expressions in ECMAScript's dialect, with a clock on those that could run for hours.

The dialect is translated into Python's. Plain patterns run in `re`; patterns whose repeated groups
repeat inside, and what `re` does not know, run in the PyPI package `regex`, which can be stopped.

Source: ECMA-262, section 22.2, annex B included.
"""

import re
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]  # it ships no types

from schemas.errors import InvalidInput

SECONDS_MAX = 0.2  # one test of one text; honest patterns take microseconds
LONG_TEXT = 4_000  # characters from which even two plain repetitions can take long
PATTERN_CHARACTERS_MAX = 20_000

_SPACES = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_CLASSES = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACES}
_CONTROLS = frozenset("tnvfrbB")
_QUANTIFIER = re.compile(r"\{(\d+)(,(\d*))?\}")
_UNBOUNDED = re.compile(r"[*+]|\{\d+,\}")
_WORDS = {
    "missing ), unterminated subpattern": "Unterminated group",
    "unbalanced parenthesis": "Unmatched ')'",
    "nothing to repeat": "Nothing to repeat",
    "multiple repeat": "Nothing to repeat",
    "unterminated character set": "Unterminated character class",
    "bad escape (end of pattern)": "\\ at end of pattern",
    "min repeat greater than max repeat": "numbers out of order in {} quantifier",
}


class InvalidRegex(InvalidInput):
    """A pattern is not a regular expression of ECMAScript."""

    code = "invalid_regular_expression"
    remedy = "Correct the pattern; it must be a regular expression as JavaScript reads it."


class RegexTooSlow(InvalidInput):
    """A pattern took longer than its time on one text."""

    code = "regular_expression_too_slow"
    remedy = "Rewrite the pattern without repetitions inside repeated groups."


class Regex:
    """One regular expression; `test` is all that rule sets need of it.

    Raises:
        InvalidRegex: The pattern cannot be read.
    """

    __slots__ = ("_fast", "_poisoned", "_repeats", "_timed", "flags", "source")

    def __init__(self, source: str, flags: str = "") -> None:
        self.source = source
        self.flags = flags
        self._poisoned = False
        translated, nested, self._repeats = _translated(source, flags)
        mode = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
        self._fast: Any = None if nested else _compiled(translated, mode)
        self._timed: Any = None
        if self._fast is None:
            self._timed = _compiled_timed(translated, source, flags)

    def test(self, text: str) -> bool:
        """Say whether the pattern occurs in the text.

        Raises:
            RegexTooSlow: It took too long; from then on every test of this pattern says so.
        """
        if self._fast is not None and (len(text) < LONG_TEXT or self._repeats < 2):
            return self._fast.search(text) is not None
        if self._poisoned:
            raise self._too_slow()
        if self._timed is None:
            translated, _, _ = _translated(self.source, self.flags)
            self._timed = _compiled_timed(translated, self.source, self.flags)
        try:
            return self._timed.search(text, timeout=SECONDS_MAX) is not None
        except TimeoutError:
            self._poisoned = True
            raise self._too_slow() from None

    def _too_slow(self) -> RegexTooSlow:
        return RegexTooSlow(f"The pattern /{self.source[:80]}/ took more than {SECONDS_MAX} s.")


@lru_cache(maxsize=4096)
def regex_of(source: str, flags: str = "") -> Regex:
    """Return the compiled pattern, remembered across documents."""
    return Regex(source, flags)


def _compiled(translated: str, mode: int) -> Any:
    try:
        return re.compile(translated, mode)
    except (re.error, RecursionError, OverflowError):
        return None


def _compiled_timed(translated: str, source: str, flags: str) -> Any:
    mode = (regex.IGNORECASE if "i" in flags else 0) | (regex.MULTILINE if "m" in flags else 0)
    try:
        return regex.compile(translated, mode | regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as wrong:
        words = _reason(translated) or str(wrong).split(" at position")[0]
        raise InvalidRegex(
            f"Invalid regular expression: /{source}/{flags.replace('g', '')}: {words}"
        ) from wrong


def _reason(translated: str) -> str | None:
    try:
        re.compile(translated)
    except re.error as wrong:
        if wrong.msg.startswith("bad character range"):
            return "Range out of order in character class"
        return _WORDS.get(wrong.msg)
    return None


@lru_cache(maxsize=4096)
def _translated(source: str, flags: str) -> tuple[str, bool, int]:
    """Return the pattern in Python's dialect, whether it nests repetitions, and how many it has."""
    if len(source) > PATTERN_CHARACTERS_MAX:
        raise InvalidRegex(f"The pattern has more than {PATTERN_CHARACTERS_MAX:,} characters.")
    out: list[str] = []
    at = 0
    while at < len(source):
        sign = source[at]
        if sign == "\\":
            piece, at = _escape(source, at, inside=False)
        elif sign == "[":
            piece, at = _character_class(source, at)
        elif sign == "(" and source.startswith("(?<", at) and source[at + 3 : at + 4] not in "=!":
            piece, at = "(?P<", at + 3
        elif sign == "{":
            match = _QUANTIFIER.match(source, at)
            piece, at = (match[0], match.end()) if match else (r"\{", at + 1)
        else:
            piece, at = _plain(sign, flags), at + 1
        out.append(piece)
    return "".join(out), *_repetitions(out)


def _plain(sign: str, flags: str) -> str:
    if sign == "$" and "m" not in flags:
        return r"\Z"
    if sign == ".":
        return r"[\s\S]" if "s" in flags else r"[^\n\r\u2028\u2029]"
    return sign


def _escape(source: str, at: int, *, inside: bool) -> tuple[str, int]:
    sign = source[at + 1 : at + 2]
    if not sign:
        return "\\", at + 1
    if sign.lower() in _CLASSES and sign in "dDwWsS":
        members = _CLASSES[sign.lower()]
        if sign.islower():
            return (members if inside else f"[{members}]"), at + 2
        return (f"\\{sign}" if inside else f"[^{members}]"), at + 2
    if sign in _CONTROLS:
        if inside and sign in "bB":
            return ("\\x08" if sign == "b" else "B"), at + 2
        return f"\\{sign}", at + 2
    if sign == "k" and (match := re.compile(r"<(\w+)>").match(source, at + 2)):
        return f"(?P={match[1]})", match.end()
    if sign == "u" and (match := re.compile(r"\{([0-9a-fA-F]{1,6})\}").match(source, at + 2)):
        return re.escape(chr(int(match[1], 16))), match.end()
    if sign == "c":
        letter = source[at + 2 : at + 3]
        return (f"\\x{ord(letter) % 32:02x}", at + 3) if letter.isalpha() else (r"\\c", at + 2)
    if match := re.compile(r"u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}").match(source, at + 1):
        return "\\" + match[0], match.end()
    if sign in "pP" and source[at + 2 : at + 3] == "{":
        return f"\\{sign}", at + 2
    if sign == "0":
        return "\\x00", at + 2
    if sign.isdigit() and not inside:
        return f"\\{sign}", at + 2
    return (re.escape(sign), at + 2)


def _character_class(source: str, at: int) -> tuple[str, int]:
    if source.startswith("[^]", at):
        return r"[\s\S]", at + 3
    if source.startswith("[]", at):
        return r"(?!)", at + 2
    out = ["["]
    at += 1
    if source[at : at + 1] == "^":
        out.append("^")
        at += 1
    after_class = False
    while at < len(source) and source[at] != "]":
        if source[at] == "\\":
            is_class = source[at + 1 : at + 2] in tuple("dDwWsS")
            piece, at = _escape(source, at, inside=True)
            if is_class and out[-1] == "-" and len(out) > 2:
                out[-1] = r"\-"
            after_class = is_class
        elif source[at] == "-" and after_class:
            piece, at, after_class = r"\-", at + 1, False
        else:
            after_class = False
            piece = source[at] if source[at] not in "[&|~" else "\\" + source[at]
            at += 1
        out.append(piece)
    if at >= len(source):
        return "".join(out), at
    out.append("]")
    text = "".join(out)
    return re.sub(r"--", r"\\--", text), at + 1


def _repetitions(pieces: list[str]) -> tuple[bool, int]:
    """Say whether a repeated group repeats or branches inside, and count the open repetitions."""
    nested = False
    total = 0
    groups: list[int] = []  # open groups: repetitions or branches inside
    closed = 0
    for piece in pieces:
        if piece in ("(", "(?P<"):
            groups.append(0)
            continue
        if piece == ")":
            inside = groups.pop() if groups else 0
            if groups:
                groups[-1] += inside
            closed = inside
            continue
        if _UNBOUNDED.fullmatch(piece):
            total += 1
        if _UNBOUNDED.fullmatch(piece) or _QUANTIFIER.fullmatch(piece):
            nested = nested or closed > 0
        if groups and (_UNBOUNDED.fullmatch(piece) or piece == "|"):
            groups[-1] += 1
        closed = 0
    return nested, total
