"""Official numbers: what their own check digits say about them.

A passed check makes a number possible, not true: of random numbers one BSN in eleven passes, and
one account number in ninety-seven.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

_BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_BSN_DIGITS = 9
_CHAMBER_DIGITS = 8
# More separators than any form prints; longer text is not a number.
_NUMBER_CHARACTERS_MAX = 24


def citizen_service_number(value: str | None) -> str | None:
    """Return the nine digits of a BSN that passes its check, else None.

    Eight digits are read as a number whose leading zero a spreadsheet dropped. Numbers of one
    repeated digit pass the check and were never issued.

    Source:
        Besluit burgerservicenummer; the 11-proof with weight -1 for the last digit.
    """
    digits = _digits(value)
    if digits is None or not _BSN_DIGITS - 1 <= len(digits) <= _BSN_DIGITS:
        return None
    digits = digits.zfill(_BSN_DIGITS)
    if len(set(digits[:-1])) == 1:
        return None
    total = sum(weight * int(digit) for weight, digit in zip(_BSN_WEIGHTS, digits, strict=True))
    return digits if total % 11 == 0 else None


def chamber_number(value: str | None) -> str | None:
    """Return the eight digits of a KvK number, else None; it carries no check digit.

    Seven digits are read as a number whose leading zero a spreadsheet dropped.
    """
    digits = _digits(value)
    if digits is None or not _CHAMBER_DIGITS - 1 <= len(digits) <= _CHAMBER_DIGITS:
        return None
    digits = digits.zfill(_CHAMBER_DIGITS)
    return None if len(set(digits)) == 1 else digits


def _digits(value: str | None) -> str | None:
    if value is None or len(value) > _NUMBER_CHARACTERS_MAX:
        return None
    digits = value
    if not (digits.isascii() and digits.isdigit()):
        digits = value.translate(_SEPARATORS)
    return digits if digits.isascii() and digits.isdigit() else None


def account_number(value: str | None) -> str | None:
    """Return an IBAN without blanks that has its country's length and passes its check, else None.

    Source:
        ISO 13616-1 and its register of countries; ISO 7064, MOD 97-10.
    """
    plain = number_key(value or "")
    if not _IBAN.fullmatch(plain):
        return None
    length = IBAN_CHARACTERS.get(plain[:2])
    if length is not None and len(plain) != length:
        return None
    return plain if _mod_97(plain[4:] + plain[:4]) == 1 else None


def vat_number(value: str | None) -> tuple[str | None, bool | None]:
    """Return a VAT number without blanks, and what its check digits say.

    Returns:
        The number, or None where no country's have its shape; and whether it passes the check of
        its country, None for countries whose check we do not know.

    Source:
        Council Directive 2006/112/EC, article 215; shapes as the VIES service of the European
        Commission lists them. Dutch numbers of sole traders since 2020: MOD 97-10.
    """
    plain = number_key(value or "")
    shape = VAT_SHAPES.get(plain[:2])
    if shape is None or not re.fullmatch(shape, plain[2:], re.ASCII):
        return None, False
    check = _VAT_CHECKS.get(plain[:2])
    return plain, check(plain[2:]) if check else None


def number_key(value: str) -> str:
    """Return any number as it is compared: capitals and digits, without marks between them."""
    if len(value) > _KEY_CHARACTERS_MAX:
        return value
    return _MARKS.sub("", value).upper().removeprefix("IBAN")


def _mod_97(text: str) -> int:
    """Return the remainder by 97 of a text whose letters count from ten on."""
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def _dutch_vat(rest: str) -> bool:
    return _mod_97(f"NL{rest}") == 1 or citizen_service_number(rest[:9]) is not None


def _belgian_vat(rest: str) -> bool:
    return 97 - int(rest[:8]) % 97 == int(rest[8:])


def _german_vat(rest: str) -> bool:
    """Check the last digit by ISO 7064, MOD 11,10."""
    product = 10
    for digit in rest[:8]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(rest[8])


# Characters of an IBAN by country; of the European payment area and its neighbours.
_IBAN_LENGTHS = """
AD24 AL28 AT20 BA20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18
GR27 HR21 HU28 IE22 IL23 IS26 IT27 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MT31 NL18 NO15 PL28 PT25
RO24 RS22 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 XK20
"""
IBAN_CHARACTERS: Final[Mapping[str, int]] = {
    entry[:2]: int(entry[2:]) for entry in _IBAN_LENGTHS.split()
}
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
VAT_SHAPES: Final[Mapping[str, str]] = {
    "AT": r"U\d{8}",
    "BE": r"[01]\d{9}",
    "BG": r"\d{9,10}",
    "CY": r"\d{8}[A-Z]",
    "CZ": r"\d{8,10}",
    "DE": r"[1-9]\d{8}",
    "DK": r"\d{8}",
    "EE": r"\d{9}",
    "EL": r"\d{9}",
    "ES": r"[0-9A-Z]\d{7}[0-9A-Z]",
    "FI": r"\d{8}",
    "FR": r"[0-9A-HJ-NP-Z]{2}\d{9}",
    "HR": r"\d{11}",
    "HU": r"\d{8}",
    "IE": r"\d[0-9A-Z+*]\d{5}[A-W][A-I]?",
    "IT": r"\d{11}",
    "LT": r"\d{9}|\d{12}",
    "LU": r"\d{8}",
    "LV": r"\d{11}",
    "MT": r"\d{8}",
    "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
    "RO": r"\d{2,10}",
    "SE": r"\d{10}01",
    "SI": r"\d{8}",
    "SK": r"\d{10}",
    "XI": r"\d{9}|\d{12}|GD\d{3}|HA\d{3}",
}
_VAT_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "BE": _belgian_vat,
    "DE": _german_vat,
    "NL": _dutch_vat,
}
_MARKS = re.compile(r"[\s.\-/]+")
# Longer than any number with its blanks; it stays as it is, and matches nothing.
_KEY_CHARACTERS_MAX = 60


_SEPARATORS = {ord(mark): None for mark in " .-/\u00a0\t"}
