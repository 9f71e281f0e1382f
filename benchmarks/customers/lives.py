"""Lives by year: who lives where with whom, marries, moves, and is called how.

Runs in an environment with Faker, for `held_out_tables`.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from faker import Faker

Seen = dict[str, Any]
FIRST_YEAR, LAST_YEAR = 2004, 2026
# How often one of a household is called like another: fathers and sons.
NAMESAKE_SHARE, TWIN_SHARE = 0.03, 0.03


def people(count: int, faker: Faker, chance: Random) -> list[Seen]:
    """Return lives of households: who lives where from which year on, and is called how."""
    found: list[Seen] = []
    while len(found) < count:
        homes = homes_of(faker, chance)
        family = faker.last_name()
        size = chance.choices((1, 2, 3, 4, 5), (40, 25, 13, 15, 7))[0]
        household: list[Seen] = []
        for place in range(size):
            gender = chance.choice("MF") if place != 1 else "FM"["MF".index(household[0]["gender"])]
            elder = date(1938, 1, 1) + timedelta(days=chance.randrange(19_000))
            younger = date(1992, 1, 1) + timedelta(days=chance.randrange(10_000))
            one = {
                "given": given_of(faker, gender), "families": [(FIRST_YEAR, family)],
                "gender": gender, "born": elder if place < 2 else younger,
                "homes": homes if chance.random() < 0.9 else homes_of(faker, chance),
                "trade": faker.job(), "company": "",
            }  # fmt: skip
            if place == 1:
                wed = chance.randrange(FIRST_YEAR, LAST_YEAR + 12)
                own = faker.last_name()
                both = chance.choice((family, f"{family}-{own}", own))
                one["families"] = [(FIRST_YEAR, own), (wed, both)]
            if place > 2 and chance.random() < TWIN_SHARE:
                one["born"] = household[-1]["born"]
            if place > 1 and chance.random() < NAMESAKE_SHARE:
                elder_one = next(item for item in household if item["gender"] == gender)
                one["given"] = elder_one["given"]
            household.append(reached(one, household, faker, chance))
        found += household
    return found[:count]


def given_of(faker: Faker, gender: str) -> str:
    """Return a given name, or two."""
    return str(faker.first_name_male() if gender == "M" else faker.first_name_female())


def reached(one: Seen, household: Sequence[Seen], faker: Faker, chance: Random) -> Seen:
    """Give a life its telephones and e-mail addresses, by year; some are the household's."""
    lead = household[0] if household else None
    shared = lead is not None and chance.random() < 0.3
    one["phones"] = lead["phones"] if lead and shared else changing(faker.phone_number, 0.3, chance)
    family = plain(one["families"][0][1] or one["company"]).lower()
    given = plain(one["given"]).lower()

    def address() -> str:
        way = chance.randrange(4)
        local = (
            f"{given}.{family}", f"{given[:1]}{family}{chance.randrange(99)}",
            f"{faker.word()}{chance.randrange(1000)}", f"{family}{one['born']:%y}",
        )[way]  # fmt: skip
        return f"{''.join(plain(local).lower().split())}@{faker.free_email_domain()}"

    family_mail = lead is not None and chance.random() < 0.1
    one["emails"] = lead["emails"] if lead and family_mail else changing(address, 0.2, chance)
    return one


def companies(count: int, faker: Faker, chance: Random) -> list[Seen]:
    """Return lives of companies: some are branches of one name, some share a building."""
    found: list[Seen] = []
    while len(found) < count:
        homes, name = homes_of(faker, chance), faker.company()
        branches = 3 if chance.random() < 0.05 else 1
        for _ in range(branches):
            one = {
                "given": "", "families": [(FIRST_YEAR, "")], "gender": "", "company": name,
                "born": date(2000, 1, 1), "homes": homes, "trade": faker.job(),
            }  # fmt: skip
            found.append(reached(one, [], faker, chance))
            homes = homes_of(faker, chance)
        if chance.random() < 0.1:
            other = {**found[-1], "company": faker.company()}
            found.append(reached(other, [], faker, chance))
    return found[:count]


def homes_of(faker: Faker, chance: Random) -> list[tuple[int, Seen]]:
    """Return where somebody lives, from which year on."""

    def home() -> Seen:
        return {
            "street": faker.street_name(), "number": str(chance.randrange(1, 180)),
            "postal": faker.postcode(), "city": faker.city(),
        }  # fmt: skip

    return changing(home, 0.35, chance)


def changing(make: Callable[[], Any], share: float, chance: Random) -> list[tuple[int, Any]]:
    """Return values by the year they begin in; `share` tells how many change at all."""
    found = [(FIRST_YEAR, make())]
    while chance.random() < share:
        found.append((chance.randrange(FIRST_YEAR + 1, LAST_YEAR), make()))
    return sorted(found, key=lambda item: item[0])


def noted(life: Seen, faker: Faker, chance: Random) -> Seen:
    """Return what can be seen of a life in some year, late years more often."""
    year = LAST_YEAR - int((LAST_YEAR - FIRST_YEAR) * chance.random() ** 2)

    def then(values: Sequence[tuple[int, Any]]) -> Any:
        return [value for begun, value in values if begun <= year][-1]

    return {
        **then(life["homes"]), "given": life["given"], "family": then(life["families"]),
        "gender": life["gender"], "born": life["born"], "phone": then(life["phones"]),
        "email": then(life["emails"]), "company": life["company"], "trade": life["trade"],
        "year": year, "age": str(max(year - life["born"].year, 0)), "note": faker.sentence(),
        "price": f"{chance.randrange(100, 90000) / 100:.2f}",
        "reference": f"INV{chance.randrange(10**6, 10**7)}",
    }  # fmt: skip


def plain(value: str) -> str:
    """Return a text without the marks on its letters."""
    return "".join(
        sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign)
    )
