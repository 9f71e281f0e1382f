"""Text as people typed it: made harmless first, then folded for comparison.

`tidy` keeps what the source wrote, without what PostgreSQL or a screen cannot hold; `fold` makes
the key two spellings share. Both are plain functions of one value, so that a bulk run over
distinct values and a single record get the same answer.
"""

import unicodedata
from functools import lru_cache

from anyascii import anyascii

# Longer than any name or street people have; a value beyond it is a mapping mistake or an attack,
# and would cost quadratic time in string comparison.
TEXT_CHARACTERS_MAX = 200
# Names, streets and cities repeat within a page; this many are remembered between records.
RECENT_VALUES_MAX = 65_536

# What forms hold when people had nothing to fill in. Compared after folding, as whole values.
_FILLER_WORDS = """
na nvt none null nil nihil unknown unk onbekend onb geen test testje dummy fake tbd tba asdf qwerty
unbekannt noname anonymous anoniem voornaam achternaam naam firstname lastname default sample
"""
_FILLERS = frozenset(_FILLER_WORDS.split()) | {
    "n a",
    "n v t",
    "niet bekend",
    "niet ingevuld",
    "keine angabe",
    "not available",
    "not applicable",
    "not provided",
    "no name",
    "first name",
    "last name",
}
# Also names of people; only their title case is believed to be one ("Null", never "NULL").
_FILLERS_AND_NAMES = frozenset({"na", "null", "nil"})

# Alphabets whose letters are taken for one another.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_REMOVED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_APOSTROPHES = {ord(mark): None for mark in "'`’‘´ʼ"}
_ASCII_FOLD = {
    code: (chr(code).lower() if chr(code).isalnum() else " ") for code in range(128)
} | _APOSTROPHES


def tidy(value: str | None) -> str | None:
    """Return the text with single blanks and nothing invisible, or None where nothing is left.

    Args:
        value: What the source wrote; may hold NUL, control and format characters or surrogates.

    Returns:
        NFC text of at most TEXT_CHARACTERS_MAX characters; None for empty or longer values.
    """
    if value is None:
        return None
    if len(value) > TEXT_CHARACTERS_MAX:
        return None
    if not (value.isascii() and value.isprintable()):
        value = "".join(
            " " if character.isspace() else character
            for character in unicodedata.normalize("NFC", value)
            if character.isspace() or unicodedata.category(character) not in _REMOVED_CATEGORIES
        )
    value = " ".join(value.split())
    return value or None


def fold(value: str) -> str:
    """Return lower-case Latin words and digits parted by single blanks.

    Apostrophes vanish ("d'Ancona" is "dancona"), every other mark parts words. Letters of other
    scripts are transliterated, so that a Cyrillic look-alike and its Latin twin meet.
    """
    if not value.isascii():
        value = anyascii(unicodedata.normalize("NFKC", value.translate(_APOSTROPHES)))
    return " ".join(value.translate(_ASCII_FOLD).split())


def is_filler(value: str) -> bool:
    """Tell whether a whole value only says that there is no value."""
    folded = fold(value)
    if not folded:
        return True
    if folded in _FILLERS:
        return not (folded in _FILLERS_AND_NAMES and value.istitle())
    letters = folded.replace(" ", "")
    return len(letters) > 2 and len(set(letters)) == 1


def named(value: str | None) -> str | None:
    """Return a tidied name, or None where it holds no letter or only filler."""
    if value is None or len(value) > TEXT_CHARACTERS_MAX:
        return None
    return _named(value)


@lru_cache(maxsize=RECENT_VALUES_MAX)
def _named(value: str) -> str | None:
    text = tidy(value)
    if text is None or is_filler(text) or not any(character.isalpha() for character in text):
        return None
    return text


def mixed_scripts(value: str | None) -> str:
    """Name the alphabets that one word mixes, e.g. "Latin and Cyrillic"; empty where none does.

    A Cyrillic letter within a Latin word is a slip of a keyboard or a trick: nobody sees it.
    """
    for word in (value or "").split():
        scripts = {
            unicodedata.name(letter, "?").partition(" ")[0] for letter in word if letter.isalpha()
        }
        alike = scripts & _ALIKE
        if len(alike) > 1:
            return " and ".join(sorted((script.title() for script in alike), reverse=True))
    return ""
