"""A short code that spellings of one spoken name share, for blocking only, never for scoring.

Made for Dutch, German, English and transliterated names: the consonants in order, sounds that
are written in several ways merged, vowels dropped.
"""

import re

# Four consonants part names well enough; more would part spellings again.
PHONETIC_LETTERS_MAX = 5

SPELLINGS = (
    ("sch", "s"),
    ("tsj", "s"),
    ("sj", "s"),
    ("sh", "s"),
    ("ch", "g"),
    ("gh", "g"),
    ("kh", "g"),
    ("ph", "f"),
    ("th", "t"),
    ("dh", "d"),
    ("ck", "k"),
    ("dt", "t"),
    ("tz", "s"),
    ("ts", "s"),
    ("qu", "k"),
    ("x", "ks"),
    ("ce", "se"),
    ("ci", "si"),
    ("cy", "si"),
)
_LETTERS = str.maketrans("cqzvwdbp", "kksfftpp")
_VOWELS = re.compile(r"[aeiouyhj]+")
_DOUBLES = re.compile(r"(.)\1+")


def phonetic(word: str) -> str:
    """Return the code of one folded word without blanks; empty where it has no letter.

    A vowel, h or j counts only as first letter, all vowels alike: "Eijk" and "Ijk" meet,
    "Aker" and "Ker" do not.
    """
    letters = "".join(letter for letter in word if letter.isalpha())
    if not letters:
        return ""
    for spelling, sound in SPELLINGS:
        if spelling in letters:
            letters = letters.replace(spelling, sound)
    head = "a" if letters[0] in "aeiouy" else letters[0] if letters[0] in "hj" else ""
    consonants = _VOWELS.sub("", letters.translate(_LETTERS))
    return (head + _DOUBLES.sub(r"\1", consonants))[:PHONETIC_LETTERS_MAX]
