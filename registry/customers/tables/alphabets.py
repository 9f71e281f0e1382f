"""In which encodings the words of a file are words: east and south of Windows-1252 are others.

A byte above 127 is another letter in each of them, so text that is read in the wrong one is words
that no language writes: `£ukasz`, `Ýbrahim`, `Èâàíîâ`. Each reading is judged by the letters of one
language at a time, because nearly any byte is a letter of some language.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

WORDS_MAX: Final = 1000
"""Distinct words that are judged; more would tell nothing new."""
READINGS_MAX: Final = 3
"""Encodings that are named; more would be no help."""
GUESS: Final = "cp1252"

_WORD: Final = re.compile(rb"[A-Za-z\x80-\xff]{2,40}")  # longer ones are no words
_LETTERS: Final = re.compile(r"[^\W\d_]+")
# What may stand between letters without being one: apostrophes, hyphens, dashes, blanks.
_BETWEEN: Final = frozenset("\u00a0\u00ad\u00b4\u2010\u2013\u2014\u2018\u2019")
# No language of Europe writes names with more consonants in a row, but for one in many words.
_CONSONANTS_MAX: Final = 3
# The language of a file has most of its words, and nearly all that another encoding would change.
_SHARE_MIN: Final = 0.5
_CHANGED_SHARE_MIN: Final = 0.9
# So many words must be none as they were read, for one that would be lost by reading otherwise.
_GAINED_MIN: Final = 2
_GAINED_FOR_ONE_LOST_MIN: Final = 10


class _Script(NamedTuple):
    """Letters beyond ASCII of languages that share encodings.

    Attributes:
        encodings: Python's names, the commonest first.
        languages: Small letters of each language.
        vowels: Those of a script of its own, whose words hold no letter of ASCII.
    """

    encodings: tuple[str, ...]
    languages: tuple[str, ...]
    vowels: str = ""


_WEST: Final = "áàâäéèêëíîïóôöúùûüçñßœÿ"  # what French, German, Dutch and Spanish towns mix
_SCRIPTS: Final = (
    _Script(
        ("cp1252", "cp850", "mac-roman"),
        (
            _WEST + "šž",
            _WEST + "æøå",  # Nordic
            _WEST + "ìò",  # Italian
            "áâãàçèéêëíñóôõúü",  # Portuguese; without ö, or Hungarian would be words of it
            "áéíóúýþæöð",  # Icelandic
            "äöõüšžå",  # Estonian and Finnish
        ),
    ),
    _Script(
        ("cp1250", "iso8859-2", "cp852", "mac-latin2"),
        (
            "ąćęłńóśźż",  # Polish
            "áčďéěíňóřšťúůýžäľĺŕôöü",  # Czech and Slovak
            "áéíóöőúüű",  # Hungarian
            "čćđšž",  # Croatian, Bosnian, Slovenian
            "ăâîşţșț",  # Romanian
        ),
    ),
    _Script(("cp1254", "cp857"), ("çğıi\u0307öşüâîû",)),
    _Script(
        ("cp1257", "cp775"),
        ("ąčęėįšųūž", "āčēģīķļņšūžō", "äöõüšž"),  # Lithuanian, Latvian, Estonian
    ),
    _Script(
        ("cp1251", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic"),
        ("абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґўђѓјљњћќџѕ",),
        vowels="аеиоуыэюяёєіїѣў",
    ),
    _Script(
        ("cp1253", "iso8859-7", "cp737"),
        ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",),
        vowels="αεηιουωάέήίόύώϊϋΐΰ",
    ),
)


def words_of(chunks: Iterable[bytes]) -> list[bytes]:
    """Return distinct words that hold bytes above 127, as many as are judged.

    Args:
        chunks: Parts of a file; a word that two of them share is judged as two.
    """
    words: dict[bytes, None] = {}
    for chunk in chunks:
        for word in _WORD.findall(chunk):
            if not word.isascii():
                words[word] = None
        if len(words) >= WORDS_MAX:
            break
    return list(words)[:WORDS_MAX]


def better_readings(words: Sequence[bytes], than: str = GUESS) -> list[str]:
    """Return the encodings in which words of a file are words, if as they were read they are not.

    Args:
        words: Distinct words with bytes above 127, as `words_of` returns them.
        than: The encoding that they were read in.

    Returns:
        Python's names, the commonest first; none where nothing can be told reliably.
    """
    scripts = [script for script in _SCRIPTS if than in script.encodings]
    if not scripts:
        return []
    already = _read_as(words, than, scripts[0])
    told: dict[tuple[str, ...], tuple[int, str]] = {}
    for script in _SCRIPTS:
        for encoding in script.encodings:
            read = _read_as(words, encoding, script)
            # Words that stay what they are tell nothing: a Müller lives in Poland, too.
            other = {word for word in words if _text(word, encoding) != _text(word, than)}
            gained, lost = len(read - already), len((already - read) & other)
            if (
                gained >= max(_GAINED_MIN, lost * _GAINED_FOR_ONE_LOST_MIN)
                and len(read & other) >= len(other) * _CHANGED_SHARE_MIN
                and len(read) >= len(words) * _SHARE_MIN
            ):
                texts = tuple(_text(word, encoding) for word in words)
                told.setdefault(texts, (gained - lost, encoding))
    most = max(told.values(), default=(0, ""))[0]
    return [encoding for gain, encoding in told.values() if gain == most][:READINGS_MAX]


def _read_as(words: Sequence[bytes], encoding: str, script: _Script) -> set[bytes]:
    """Return the words that are words in one encoding, in that language which has most of them."""
    texts = {word: _text(word, encoding) for word in words}
    return max(
        (
            {word for word, text in texts.items() if _is_word(text, frozenset(letters), script)}
            for letters in script.languages
        ),
        key=len,
    )


def _text(word: bytes, encoding: str) -> str:
    return word.decode(encoding, "replace")


def _is_word(text: str, letters: frozenset[str], script: _Script) -> bool:
    """Tell words that a language writes from what another encoding makes of them."""
    inner = range(1, len(text) - 1)
    known = all(
        sign.isalpha() or (place in inner and sign in _BETWEEN) for place, sign in enumerate(text)
    )
    return known and all(_is_written(part, letters, script) for part in _LETTERS.findall(text))


def _is_written(part: str, letters: frozenset[str], script: _Script) -> bool:
    if part not in (part.lower(), part.upper(), part.capitalize()):
        return False
    foreign = [sign for sign in part.lower() if not sign.isascii()]
    if not letters.issuperset(foreign):
        return False
    if not script.vowels:
        return len(foreign) < len(part) or len(part) < 3
    if not foreign:
        return True
    run = max(map(len, re.split(f"[{script.vowels}]", part.lower())))
    return len(foreign) == len(part) and run <= _CONSONANTS_MAX
