"""What clerks, scanners and web forms do to what they write down, each in a way of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.customers.lives import plain

Seen = dict[str, Any]


def spoil(
    seen: Seen, faults: Mapping[str, float], missing: float, kept: Sequence[str], chance: Random
) -> None:
    """Write it down with the faults that a file's clerks, scanners and forms make.

    Args:
        seen: What is written down; changed.
        faults: Share of records with each kind of fault.
        missing: Share of cells left empty.
        kept: What is never left empty.
        chance: Where chance comes from.
    """
    for fault, share in faults.items():
        if chance.random() < share:
            FAULTS[fault](seen, chance)
    for name in ("given", "family", "born", "street", "number", "postal", "city", "phone", "email",
                 "company", "gender", "age"):  # fmt: skip
        if name not in kept and chance.random() < missing:
            seen[name] = None if name == "born" else ""
    seen["anybody"] = seen["company"] or f"{seen['given']} {seen['family']}".strip()


WORDS = ("given", "family", "street", "city", "email", "company")
SOUNDS = (("ph", "f"), ("ck", "k"), ("c", "k"), ("ie", "y"), ("y", "i"), ("ee", "i"), ("v", "w"),
          ("ss", "s"), ("nn", "n"), ("ll", "l"), ("th", "t"), ("z", "s"), ("dt", "t"),
          ("ou", "u"), ("ä", "ae"), ("ö", "oe"), ("å", "aa"), ("x", "ks"))  # fmt: skip
LOOKS = (("m", "rn"), ("rn", "m"), ("l", "1"), ("o", "0"), ("i", "l"), ("e", "c"), ("h", "b"),
         ("u", "v"), ("cl", "d"), ("S", "5"), ("B", "8"), ("g", "q"), ("a", "o"))  # fmt: skip


def _typing(seen: Seen, chance: Random) -> None:
    name = chance.choice([word for word in (*WORDS, "phone", "postal") if len(seen[word]) > 2])
    value, place = seen[name], chance.randrange(1, len(seen[name]))
    near = chance.choice("0123456789" if value[place].isdigit() else "aeionrtls")
    seen[name] = chance.choice((
        value[:place] + value[place + 1 :], value[:place] + near + value[place:],
        value[:place] + near + value[place + 1 :],
        value[: place - 1] + value[place] + value[place - 1] + value[place + 1 :],
    ))  # fmt: skip


def _replaced(table: Sequence[tuple[str, str]]) -> Callable[[Seen, Random], None]:
    def fault(seen: Seen, chance: Random) -> None:
        for _ in range(chance.choice((1, 1, 2))):
            name = chance.choice(("given", "family", "street", "city", "company"))
            able = [pair for pair in table if pair[0] in seen[name]]
            if able:
                old, new = chance.choice(able)
                seen[name] = seen[name].replace(old, new, 1)

    return fault


def _short(seen: Seen, chance: Random) -> None:
    if seen["company"]:
        words = seen["company"].split()
        seen["company"] = chance.choice(
            (words[0], " ".join(words[:-1]) or words[0], " ".join(words))
        )
    elif seen["given"]:
        seen["given"] = chance.choice((f"{seen['given'][0]}.", seen["given"][0], seen["given"][:4]))


def _cut(seen: Seen, _chance: Random) -> None:
    for name in ("family", "street", "company"):
        seen[name] = seen[name][:9]


def _swap(seen: Seen, _chance: Random) -> None:
    seen["given"], seen["family"] = seen["family"], seen["given"]


def _capitals(seen: Seen, chance: Random) -> None:
    case = chance.choice((str.upper, str.lower))
    for name in ("given", "family", "street", "city", "company"):
        seen[name] = case(seen[name])


def _marks(seen: Seen, _chance: Random) -> None:
    for name in ("given", "family", "street", "city", "company"):
        seen[name] = plain(seen[name]).replace("-", " ")


def _born(seen: Seen, chance: Random) -> None:
    born = seen["born"]
    if born and born.day <= 12 and chance.random() < 0.5:
        seen["born"] = born.replace(month=born.day, day=born.month)
    elif born:
        days = chance.choice((1, -1, 10, -10, 365, 3652, 36525))
        seen["born"] = born + timedelta(days=days)


def _born_scan(seen: Seen, chance: Random) -> None:
    digits = seen["born"].strftime("%Y%m%d")
    for old, new in chance.sample((("3", "8"), ("1", "7"), ("5", "6"), ("0", "9")), 4):
        changed = digits[:2] + digits[2:].replace(old, new, 1)
        try:
            seen["born"] = date(int(changed[:4]), int(changed[4:6]), int(changed[6:]))
        except ValueError:
            continue
        return


FAULTS: Mapping[str, Callable[[Seen, Random], None]] = {
    "typing": _typing, "phonetic": _replaced(SOUNDS), "scan": _replaced(LOOKS), "short": _short,
    "cut": _cut, "swap": _swap, "capitals": _capitals, "marks": _marks, "born": _born,
    "born_scan": _born_scan,
}  # fmt: skip

LETTERS = dict(zip("абвгдезийклмнопрстуфъьАБВГДЕЗИЙКЛМНОПРСТУФ",
                   "abvgdeziyklmnoprstufayABVGDEZIYKLMNOPRSTUF", strict=True))  # fmt: skip
WAYS = {"ж": ("zh", "j"), "х": ("h", "kh"), "ц": ("ts", "c"), "ч": ("ch", "tch"),
        "ш": ("sh", "sch"), "щ": ("sht", "st"), "ю": ("yu", "ju"), "я": ("ya", "ia")}  # fmt: skip


def latin(value: str, chance: Random) -> str:
    """Return a Cyrillic text in Latin letters, in one of the ways people choose."""
    out = []
    for sign in value:
        ways = WAYS.get(sign.lower())
        new = chance.choice(ways) if ways else LETTERS.get(sign, sign)
        out.append(new.capitalize() if ways and sign.isupper() else new)
    return "".join(out)
