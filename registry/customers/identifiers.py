"""Official numbers: what their own check digits say about them.

A passed check makes a number possible, not true: one random number in eleven passes.
"""

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


_SEPARATORS = {ord(mark): None for mark in " .-/\u00a0\t"}
