"""Propose which raw field fills which canonical one, by name, place, format and example."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.lists import dotted
from connectors.generate.shapes import Shapes
from connectors.generate.words import plain, tokens

DEPTH_MAX = 4
"""Objects inside a record: `partijIdentificatie.contactnaam.voornaam` is the deepest usual one."""

FIELDS_MAX = 1_000
"""Of one record with everything inside it."""

CODES_MAX = 40
"""Of one code list; a longer one is none of kinds or genders."""

_PERSON = ("person", "persoon", "natuurlijk", "individual", "citizen", "burger", "inwoner", "human",
    "naturlich", "bewoner", "particulier", "buerger", "burgerlijk", "physique", "patron",
    "employee", "medewerker", "contactpersoon", "adult", "child")  # fmt: skip
_ORGANISATION = ("org", "compan", "bedrijf", "business", "legal", "nietnatuurlijk", "vestiging",
    "firma", "unternehmen", "entreprise", "societe", "juridisch", "juristische", "zakelijk",
    "nonnatural", "rechtspersoon", "morale", "institution")  # fmt: skip
_FEMALE = {"f", "v", "w", "female", "vrouw", "weiblich", "femme", "feminin", "woman", "frau"}
_MALE = {"m", "h", "male", "man", "mannelijk", "maennlich", "mannlich", "homme", "masculin", "herr"}
_KIND_FIELDS = ("type", "kind", "customertype", "soort", "soortpartij", "partytype", "typ", "art",
    "betrokkenetype", "subjecttype", "customerkind", "categorycode", "klanttype",
    "subjectkind")  # fmt: skip
_ELSEWHERE = {"partner", "spouse", "contactperson", "previous", "vorige", "former", "emergency",
    "alternate", "altcontact", "parent", "mother", "father", "moeder", "vader", "kind", "child",
    "guarantor", "billing", "invoice", "delivery", "secondary", "correspondence", "creator",
    "author", "owner", "manager", "createdby", "updatedby", "verblijfbuitenland",
    "user"}  # fmt: skip
_FORMATS = {"email": ("email", "idn-email"), "birth_date": ("date", "date-time")}
_DAY = re.compile(r"^([0-9]{1,2})([-./])([0-9]{1,2})\2([0-9]{4})$")


class Leaf(NamedTuple):
    """One value inside a record."""

    steps: tuple[str, ...]
    schema: Any

    @property
    def path(self) -> str:
        """The way to it, as an expression."""
        return dotted(self.steps)


def propose_map(shapes: Shapes, record: Any, *, owner: str) -> dict[str, Guess[str]]:
    """Propose the expressions under `map`.

    Args:
        shapes: The document.
        record: Schema of one record.
        owner: Name of the list, for what kind of customers it holds.

    Returns:
        Expression per canonical field; `kind` is always there.
    """
    leaves = list(walk_record(shapes, record))
    found: dict[str, Guess[str]] = {}
    for field, names in synonyms().items():
        best = _best(shapes, field, names, leaves)
        if best is not None:
            found[field] = best
    return {"kind": _kind(shapes, leaves, found, owner), **found}


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the names of each canonical field."""
    text = files("connectors.generate").joinpath("synonyms.yaml").read_text("utf-8")
    return {field: tuple(names) for field, names in yaml.safe_load(text).items()}


def walk_record(shapes: Shapes, record: Any) -> Iterator[Leaf]:
    """Yield the values of a record and of the objects inside it, outermost first."""
    level = [Leaf((), record)]
    count = 0
    for _ in range(DEPTH_MAX):
        following: list[Leaf] = []
        for outer in level:
            for name, schema in shapes.properties(outer.schema).items():
                count += 1
                if count > FIELDS_MAX:
                    return
                leaf = Leaf((*outer.steps, name), schema)
                types = shapes.types(schema)
                if "object" in types and "array" not in types:
                    if not name.startswith("_"):
                        following.append(leaf)
                elif "array" not in types:
                    yield leaf
        level = following


def _best(
    shapes: Shapes, field: str, names: tuple[str, ...], leaves: list[Leaf]
) -> Guess[str] | None:
    """Return the best field for one canonical one: nearest to the top, then by the list's order."""
    candidates: list[tuple[tuple[int, int, int], Leaf, float, str]] = []
    for leaf in leaves:
        own, around = plain(leaf.steps[-1]), {plain(step) for step in leaf.steps[:-1]}
        joined = plain("".join(leaf.steps[-2:]))
        name = own if own in names else joined if joined in names else ""
        if not name or around & _ELSEWHERE:
            continue
        if "boolean" in shapes.types(leaf.schema):
            continue
        confidence, why = LIKELY, f"`{leaf.path}` is a usual name"
        if names.index(name) < 4 or len(own) > 5:
            confidence = SURE if len(leaf.steps) <= 2 else LIKELY
        form = shapes.word(leaf.schema, "format")
        if form in _FORMATS.get(field, ()):
            confidence, why = SURE, f"{why}, format {form}"
        rank = (len(leaf.steps), names.index(name), 0)
        candidates.append((rank, leaf, confidence, why))
    if not candidates:
        return _by_format(shapes, field, leaves)
    _, leaf, confidence, why = min(candidates, key=lambda found: found[0])
    return _expression(shapes, field, leaf, confidence, why)


def _by_format(shapes: Shapes, field: str, leaves: list[Leaf]) -> Guess[str] | None:
    """Return a field that only its format gives away; addresses of mail have one of their own."""
    if field != "email":
        return None
    for leaf in leaves:
        outer = {plain(step) for step in leaf.steps}
        if shapes.word(leaf.schema, "format") == "email" and not outer & _ELSEWHERE:
            return Guess(leaf.path, LIKELY, f"`{leaf.path}` has the format email")
    return None


def _expression(
    shapes: Shapes, field: str, leaf: Leaf, confidence: float, why: str
) -> Guess[str] | None:
    if field == "birth_date":
        form = _day_form(shapes, leaf)
        return Guess(f"date({leaf.path}{form})", confidence, why)
    if field == "gender":
        return _coded_gender(shapes, leaf, confidence, why)
    return Guess(leaf.path, confidence, why)


def _day_form(shapes: Shapes, leaf: Leaf) -> str:
    """Return the format argument that an example asks for; ISO 8601 needs none."""
    match = _DAY.match(str(shapes.word(leaf.schema, "example") or ""))
    return f", '%d{match[2]}%m{match[2]}%Y'" if match else ""


def _coded_gender(shapes: Shapes, leaf: Leaf, confidence: float, why: str) -> Guess[str]:
    codes = _codes(shapes, leaf.schema)
    pairs = [(c, "female") for c in codes if plain(c) in _FEMALE]
    pairs += [(c, "male") for c in codes if plain(c) in _MALE and plain(c) not in _FEMALE]
    if pairs:
        return Guess(_case(leaf.path, pairs, "null"), confidence, f"{why}, with a list of codes")
    usual = [("F", "female"), ("V", "female"), ("W", "female"), ("M", "male")]
    usual += [("female", "female"), ("male", "male"), ("vrouw", "female"), ("man", "male")]
    return Guess(_case(leaf.path, usual, "null"), WEAK, f"{why}, its codes are not stated")


def _kind(
    shapes: Shapes, leaves: list[Leaf], found: Mapping[str, Guess[str]], owner: str
) -> Guess[str]:
    """Propose what kind of customer a record is."""
    for leaf in leaves:
        name = plain(leaf.steps[-1])
        codes = _codes(shapes, leaf.schema) if name in _KIND_FIELDS or name.endswith("type") else []
        pairs = [(code, kind) for code in codes if (kind := _kind_of(code))]
        if {kind for _, kind in pairs} == {"person", "organisation"}:
            why = f"the codes of `{leaf.path}`"
            return Guess(_case(leaf.path, pairs, ""), LIKELY, why)
    by_name = _kind_of(owner)
    if by_name is not None:
        return Guess(f"'{by_name}'", LIKELY, f"the list is called `{owner}`")
    person = {"given_name", "family_name", "birth_date"} & set(found)
    organisation = {"organisation_name", "chamber_number"} & set(found)
    if person and organisation and "organisation_name" in found:
        path = found["organisation_name"].value
        test = f"when({path} == null, 'person', 'organisation')"
        return Guess(test, WEAK, f"`{path}` is filled for organisations only, as a rule")
    if organisation and not person:
        return Guess("'organisation'", LIKELY, "it has fields of organisations only")
    why = "it has fields of persons" if person else "nothing tells what kind its records are"
    return Guess("'person'", LIKELY if person else WEAK, why)


def _kind_of(word: str) -> str | None:
    text = plain(word)
    if any(sign in text for sign in _ORGANISATION) or text in ("r", "b", "c", "nnp"):
        return "organisation"
    if any(sign in text for sign in _PERSON) or text in ("per", "np", "n", "p"):
        return "person"
    return "person" if {"people", "personen", "personnes"} & set(tokens(word)) else None


def _codes(shapes: Shapes, schema: Any) -> list[str]:
    found: list[str] = []
    for part in shapes.parts(schema):
        listed = part.get("enum")
        found += [str(code) for code in listed if code] if isinstance(listed, list) else []
    return [code for code in dict.fromkeys(found) if "'" not in code][:CODES_MAX]


def _case(path: str, pairs: list[tuple[str, str]], otherwise: str) -> str:
    arms = ", ".join(f"'{code}', '{kind}'" for code, kind in pairs)
    return f"case({path}, {arms}{', ' + otherwise if otherwise else ''})"
