"""Numbers and addresses that identify: invented, but of the right form.

Personal numbers (BSN) begin with 9, by which testers know invented ones. Chamber numbers begin
with 99, and mail goes to hosts under example.nl only.
"""

from townclerk.sandbox.urns import Draw, pick, weighted_urn

BSN_PREFIXES = 1_000_000  # values of the six digits that we scramble
BSN_WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2)
# Weighted sums of the second to fourth and of the fifth to seventh digit.
_UPPER = tuple(8 * (n // 100) + 7 * (n // 10 % 10) + 6 * (n % 10) for n in range(1000))
_LOWER = tuple(5 * (n // 100) + 4 * (n // 10 % 10) + 3 * (n % 10) for n in range(1000))
MOBILE_LEADS = "81524"  # third digit; ten million numbers each
MAIL_HOSTS = weighted_urn(
    [
        ("mail.example.nl", 46),
        ("post.example.nl", 18),
        ("thuis.example.nl", 14),
        ("web.example.nl", 10),
        ("brief.example.nl", 8),
        ("kabel.example.nl", 4),
    ]
)


class Scramble:
    """A one-to-one map of numbers, so that a source's keys tell nothing about who is who.

    Args:
        size: How many numbers there are; keys of a stream never outnumber it.
        step: Multiplier without a common divisor with `size`.
        start: Where the sequence begins.
    """

    def __init__(self, size: int, step: int, start: int) -> None:
        self.size = size
        self.step = step
        self.start = start
        self._back = pow(step, -1, size)

    def hide(self, number: int) -> int:
        """Return the scrambled number."""
        return (number * self.step + self.start) % self.size

    def find(self, hidden: int) -> int:
        """Return the number behind a scrambled one."""
        return (hidden - self.start) * self._back % self.size


_BSN = Scramble(BSN_PREFIXES, 618_033, 271_828)
_CHAMBER = Scramble(1_000_000, 414_213, 732_050)
_MOBILE = Scramble(10_000_000, 4_142_137, 1_618_033)


def bsn(person: int) -> str:
    """Return the personal number of a person; nine digits that pass the eleven-proof.

    Args:
        person: The person's number; below nine million, numbers are unique.
    """
    turn, within = divmod(person, BSN_PREFIXES)
    middle = _BSN.hide(within)
    base = 9 * 9 + _UPPER[middle // 1000] + _LOWER[middle % 1000]
    for eighth in range(10):
        check = (base + 2 * eighth) % 11
        if check != 10:  # such numbers do not exist
            if turn == 0:
                return f"9{middle:06d}{eighth}{check}"
            turn -= 1
    raise AssertionError("more people than personal numbers")


def passes_eleven_proof(number: str) -> bool:
    """Tell whether nine digits form a personal number.

    Source:
        The "elfproef" of the Dutch civil registry: weights 9 to 2 and -1, sum divisible by 11.
    """
    if len(number) != 9 or not (number.isascii() and number.isdigit()):
        return False
    total = sum(int(d) * w for d, w in zip(number, (*BSN_WEIGHTS, -1), strict=True))
    return total % 11 == 0 and number != "000000000"


def chamber_number(organisation: int) -> str:
    """Return the chamber of commerce number of an organisation; eight digits."""
    return f"99{_CHAMBER.hide(organisation % 1_000_000):06d}"


def mobile(person: int, turn: int) -> str:
    """Return a person's mobile number; `turn` counts the numbers the person has had."""
    lead, within = divmod(2 * person + turn, _MOBILE.size)
    return f"06{MOBILE_LEADS[lead % len(MOBILE_LEADS)]}{_MOBILE.hide(within):07d}"


def landline(household: int) -> str:
    """Return a household's landline; subscriber numbers beginning with 0 or 1 are never issued."""
    return f"033{household * 7 % 2_000_000:07d}"


def mailbox(draw: Draw, person: int, call: str, family: str) -> str:
    """Return a mailbox of a person; the digits keep namesakes apart.

    Args:
        draw: Randomness.
        person: The person's number.
        call: What the person is called, in lower-case ASCII.
        family: Family name, in lower-case ASCII.
    """
    style = draw()
    if style < 0.5:
        name = f"{call}.{family}{person % 9973}"
    elif style < 0.75:
        name = f"{call[0]}.{family}{person % 9967}"
    elif style < 0.9:
        name = f"{call}{person % 99991}"
    else:
        name = f"{family}{person % 99989}"
    return f"{name}@{pick(draw, MAIL_HOSTS)}"
