"""Addresses in parts: street, house number with its addition, postal code.

Rules instead of a parser: in the Netherlands postal code and number are the address, and
elsewhere the street's words are compared as they stand.
"""

import re

from registry.customers.values.text import is_filler, named, tidy

# A postal code of any country, without blanks; longer text is a whole address in one column.
POSTAL_CODE_CHARACTERS_MAX = 10
# "12-14 A bis" and longer house boat names fit; free text does not.
HOUSE_NUMBER_CHARACTERS_MAX = 20

_NUMBER = re.compile(r"(?:nr\.?|no\.?|#)?\s*0*(\d{1,6})\s*[-/., ]?\s*(.*)", re.IGNORECASE)
_NUMBER_LAST = re.compile(
    r"(?P<street>.*[^\W\d_].*?)[ ,]+"
    r"(?P<number>\d{1,5}(?:\s?[-/]?\s?(?:[a-z]{1,2}|bis|hs|\d{1,4}))?)",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(r"(?P<number>\d{1,5}[a-z]?)[ ,]+(?P<street>.*[^\W\d_].*)", re.IGNORECASE)


def postal_code(value: str | None) -> str | None:
    """Return the code in upper case without blanks, or None for filler and free text."""
    text = tidy(value)
    if text is None:
        return None
    code = text.replace(" ", "").replace("-", "").upper()
    if not code.isalnum() or not code.isascii() or len(code) > POSTAL_CODE_CHARACTERS_MAX:
        return None
    digits = [character for character in code if character.isdigit()]
    return None if not digits or set(digits) == {"0"} or len(code) < 3 else code


def house_number(value: str | None) -> str | None:
    """Return digits and addition as "12" or "12-A"; text without a number stays text."""
    text = tidy(value)
    if text is None or len(text) > HOUSE_NUMBER_CHARACTERS_MAX or is_filler(text):
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        return text.upper()
    addition = "".join(character for character in match.group(2) if character.isalnum())
    number = match.group(1)
    return f"{number}-{addition.upper()}" if addition else number


def street_and_number(street: str | None, number: str | None) -> tuple[str | None, str | None]:
    """Return street and house number apart, also where one column holds both."""
    name = named(street)
    digits = house_number(number)
    if name is None or digits is not None or not any(letter.isdigit() for letter in name):
        return name, digits
    match = _NUMBER_LAST.fullmatch(name) or _NUMBER_FIRST.fullmatch(name)
    if match is None:
        return name, None
    return match.group("street").strip(" ,"), house_number(match.group("number"))
