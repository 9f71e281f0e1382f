"""What goes wrong between a citizen and a record: slips of the keyboard, old habits, fillers.

Every error changes a `Sighting`, which is one desk's view of one customer before it takes that
desk's form. A desk's `Care` says how often which thing happens there.
"""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from townclerk.sandbox.urns import Draw, pick, weighted_urn

RECEPTION_PHONE = "0330140000"  # the town hall's own number, typed where a field must be filled
JUNK_DATES = (date(1900, 1, 1), date(1900, 1, 1), date(1901, 1, 1), date(1970, 1, 1))
UNREADABLE_DATE = "00-00-0000"  # as old systems write "unknown"
JUNK_WORDS = ("n/a", "onbekend", "-", "nvt", "x", "?")
JUNK_CODES = ("0000XX", "0000XX", "9999ZZ", "1234AB")
JUNK_MAILBOXES = ("geen@example.nl", "onbekend@example.nl", "noreply@example.nl")
JUNK_PHONES = (RECEPTION_PHONE, RECEPTION_PHONE, "0600000000", "0612345678")


class Sighting(Struct, gc=False):
    """What one desk noted about one customer; empty text and None mean "not noted".

    Attributes:
        birth_text: What stands instead of a date of birth where it is no date at all.
    """

    organisation: str = ""
    chamber_number: str = ""
    given: str = ""
    initials: str = ""
    prefix: str = ""
    family: str = ""
    gender: str = ""
    birth: date | None = None
    birth_text: str = ""
    bsn: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    number: int = 0
    addition: str = ""
    postal_code: str = ""
    city: str = ""


class Care(NamedTuple):
    """How careful a desk is; every field is a share between 0 and 1.

    Attributes:
        slips: Records with at least one error; half of those have a second.
        junk: Records with a filler in one field.
        call_name: Records that hold the call name instead of the official one.
        email: Records that hold a mailbox, where the customer has one.
        phone: Records that hold a telephone number, where the customer has one.
        birth: Records that hold the date of birth.
        bsn: Records that hold the personal number.
        twice: Customers that are registered a second time.
        unreadable: Persons whose date of birth is no date; a reader must refuse these records.
    """

    slips: float
    junk: float
    call_name: float
    email: float
    phone: float
    birth: float
    bsn: float
    twice: float
    unreadable: float = 0.0


_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890")
_NEIGHBOURS = {
    key: row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    for row in _KEYS
    for at, key in enumerate(row)
}
_SOUNDS = (
    ("ij", "y"), ("ei", "ij"), ("y", "ij"), ("ck", "k"), ("k", "ck"), ("sch", "s"), ("ou", "au"),
    ("dt", "d"), ("d", "dt"), ("ph", "f"), ("c", "k"), ("z", "s"), ("v", "f"), ("ss", "s"),
    ("s", "ss"), ("aa", "a"), ("ee", "e"), ("oo", "o"), ("nn", "n"), ("ö", "oe"), ("ü", "u"),
)  # fmt: skip


def typo(draw: Draw, text: str) -> str:
    """Mistype a word: one neighbour key, lost, doubled, swapped or misheard letter."""
    if len(text) < 3:
        return text
    at = 1 + int(draw() * (len(text) - 1))  # the first letter is seldom wrong
    sort = draw()
    if sort < 0.28:
        near = _NEIGHBOURS.get(text[at].lower(), "")
        return text[:at] + near[int(draw() * len(near))] + text[at + 1 :] if near else text
    if sort < 0.48:
        return text[:at] + text[at + 1 :]
    if sort < 0.6:
        return text[:at] + text[at - 1 : at] + text[at:]
    if sort < 0.75:
        return text[: at - 1] + text[at : at + 1] + text[at - 1 : at] + text[at + 1 :]
    start = int(draw() * len(_SOUNDS))
    for turn in range(len(_SOUNDS)):
        heard, written = _SOUNDS[(start + turn) % len(_SOUNDS)]
        if heard in text:
            return text.replace(heard, written, 1)
    return text[:at] + text[at + 1 :]


def wrong_digit(draw: Draw, text: str) -> str:
    """Mistype a number: one digit, or two neighbours swapped."""
    if len(text) < 2:
        return text
    at = int(draw() * (len(text) - 1))
    if draw() < 0.5:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    near = _NEIGHBOURS.get(text[at], "")
    return text[:at] + near[int(draw() * len(near))] + text[at + 1 :] if near else text


def _family(draw: Draw, seen: Sighting) -> None:
    if seen.organisation:
        seen.organisation = typo(draw, seen.organisation)
    else:
        seen.family = typo(draw, seen.family)


def _given(draw: Draw, seen: Sighting) -> None:
    seen.given = typo(draw, seen.given)


def _street(draw: Draw, seen: Sighting) -> None:
    seen.street = typo(draw, seen.street)


def _number(draw: Draw, seen: Sighting) -> None:
    if seen.addition and draw() < 0.5:
        seen.addition = ""
    else:
        seen.number = max(1, seen.number + (1, -1, 2, 10, -2)[int(draw() * 5)])


def _postal_code(draw: Draw, seen: Sighting) -> None:
    code = seen.postal_code
    if draw() < 0.5:
        seen.postal_code = wrong_digit(draw, code[:4]) + code[4:]
    else:
        seen.postal_code = code[:4] + typo(draw, "x" + code[4:].lower())[1:].upper()


def _birth(draw: Draw, seen: Sighting) -> None:
    born = seen.birth
    if born is None:
        return
    if born.day <= 12 and born.day != born.month and draw() < 0.5:
        seen.birth = date(born.year, born.day, born.month)
    elif draw() < 0.5:
        seen.birth = date(born.year, born.month, 1 + (born.day + int(draw() * 10)) % 28)
    else:
        seen.birth = date(born.year + (1, -1, 10, -10)[int(draw() * 4)], born.month, 28)
        seen.birth = seen.birth.replace(day=min(born.day, 28))


def _prefix(draw: Draw, seen: Sighting) -> None:
    if not seen.prefix:
        _family(draw, seen)
    elif draw() < 0.5:
        seen.prefix = ""
    else:
        seen.family, seen.prefix = f"{seen.prefix} {seen.family}", ""


def _double_name(draw: Draw, seen: Sighting) -> None:
    first, dash, second = seen.family.partition("-")
    if not dash:
        _family(draw, seen)
    elif draw() < 0.6:
        seen.family = first
    else:
        parts = second.split(" ")
        seen.prefix, seen.family = " ".join(parts[:-1]), parts[-1]


def _initials_only(_draw: Draw, seen: Sighting) -> None:
    seen.given = seen.initials


def _swapped(draw: Draw, seen: Sighting) -> None:
    if seen.given and draw() < 0.4:
        seen.given, seen.family = seen.family, seen.given
    else:
        _initials_only(draw, seen)


def _bsn(draw: Draw, seen: Sighting) -> None:
    seen.bsn = wrong_digit(draw, seen.bsn)


def _phone(draw: Draw, seen: Sighting) -> None:
    seen.phone = wrong_digit(draw, seen.phone)


def _email(draw: Draw, seen: Sighting) -> None:
    box, at, host = seen.email.partition("@")
    seen.email = typo(draw, box) + at + host


def _gender(_draw: Draw, seen: Sighting) -> None:
    seen.gender = {"F": "M", "M": "F"}.get(seen.gender, "")


def _city(draw: Draw, seen: Sighting) -> None:
    seen.city = typo(draw, seen.city) if draw() < 0.6 else seen.city.upper()


Slip = Callable[[Draw, Sighting], None]
_SLIPS: tuple[Slip, ...] = weighted_urn(
    [
        (_family, 26), (_given, 16), (_street, 10), (_number, 7), (_postal_code, 7), (_birth, 9),
        (_prefix, 7), (_double_name, 4), (_initials_only, 6), (_swapped, 2), (_bsn, 4),
        (_phone, 6), (_email, 4), (_gender, 2), (_city, 3),
    ]
)  # fmt: skip


def fill_with_junk(draw: Draw, seen: Sighting) -> None:
    """Put a filler where the clerk had nothing to type but the form insisted."""
    sort = draw()
    if sort < 0.3:
        seen.phone = pick(draw, JUNK_PHONES)
    elif sort < 0.5 and not seen.organisation:
        seen.birth = pick(draw, JUNK_DATES)
    elif sort < 0.66:
        seen.postal_code = pick(draw, JUNK_CODES)
    elif sort < 0.8:
        seen.email = pick(draw, JUNK_MAILBOXES)
    elif sort < 0.95:
        seen.given = pick(draw, JUNK_WORDS)
    else:
        seen.street = pick(draw, JUNK_WORDS)


def disturb(draw: Draw, seen: Sighting, care: Care) -> None:
    """Let happen to one record what happens at a desk of this care."""
    luck = draw()
    if luck < care.slips:
        pick(draw, _SLIPS)(draw, seen)
        if luck < care.slips / 2:
            pick(draw, _SLIPS)(draw, seen)
    elif luck > 1.0 - care.junk:
        fill_with_junk(draw, seen)
    elif luck < care.slips + care.unreadable and not seen.organisation:
        seen.birth_text = UNREADABLE_DATE
