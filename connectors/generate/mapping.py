"""Propose which raw field fills which canonical one, by name, place, format and example."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.leaves import Leaf, walk_record
from connectors.generate.shapes import Shapes
from connectors.generate.words import plain, tokens

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
_WHOLE_NAMES = {"fullname", "volledigenaam", "naamvolledig", "vollername", "vollstaendigername",
    "nomcomplet", "nometprenom", "personname", "persoonsnaam", "completename"}  # fmt: skip
_LISTS_OF_PEOPLE = {"user", "users", "member", "members", "leden", "mitglieder", "membres"}
_DAY_WORDS = re.compile(r"\b(dd|tt|jj)([-./])mm\2(?:yyyy|jjjj|aaaa)\b")
_DAY = re.compile(r"^([0-9]{1,2})([-./])([0-9]{1,2})\2([0-9]{4})$")


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
    if not {"given_name", "family_name"} & set(found):
        found = {**_whole_name(leaves, found, owner), **found}
    return {"kind": _kind(shapes, leaves, found, owner), **found}


def _whole_name(
    leaves: list[Leaf], found: Mapping[str, Guess[str]], owner: str
) -> dict[str, Guess[str]]:
    """Part a name that stands in one piece; a person has to look whether that is how it is."""
    of_people = _kind_of(owner) == "person" or plain(owner) in _LISTS_OF_PEOPLE
    telling = {"birth_date", "national_id"} & set(found) or ("email" in found and of_people)
    wanted = _WHOLE_NAMES | ({"name", "naam"} if telling else set())
    for leaf in leaves:
        if not _is_elsewhere(leaf) and wanted & set(leaf.names()):
            path = leaf.path
            first = f"split({path}, ' ', 0)"
            comma, rest = f"contains({path}, ',')", f"replace({path}, concat({first}, ' '), '')"
            why = f"`{path}` is a whole name: its first word, or what stands behind the comma"
            given = f"when({comma}, split({path}, ',', 1), {first})"
            family = f"when({comma}, split({path}, ',', 0), {rest})"
            return {"given_name": Guess(given, WEAK, why), "family_name": Guess(family, WEAK,
                    f"`{path}` is a whole name: all but the given name")}  # fmt: skip
    return {}


@cache
def synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the names of each canonical field."""
    text = files("connectors.generate").joinpath("synonyms.yaml").read_text("utf-8")
    return {field: tuple(names) for field, names in yaml.safe_load(text).items()}


def _best(
    shapes: Shapes, field: str, names: tuple[str, ...], leaves: list[Leaf]
) -> Guess[str] | None:
    """Return the best field for one canonical one: nearest to the top, then by the list's order."""
    candidates: list[tuple[tuple[int, int, int], Leaf, float, str]] = []
    for leaf in leaves:
        if "boolean" in shapes.types(leaf.schema) or _is_elsewhere(leaf):
            continue
        name = min((n for n in leaf.names() if n in names), key=names.index, default=None)
        loose = name is None
        name = name or next((name for name in leaf.loose_names() if name in names), None)
        if name is None:
            continue
        confidence, why = LIKELY, f"`{leaf.path}` is a usual name"
        exact = not loose and not leaf.listed and len(leaf.steps) <= 2
        if exact and (names.index(name) < 4 or len(plain(leaf.steps[-1])) > 5):
            confidence = SURE
        form = shapes.word(leaf.schema, "format")
        if form in _FORMATS.get(field, ()):
            confidence, why = SURE, f"{why}, format {form}"
        rank = (2 * loose + leaf.listed, len(leaf.steps), names.index(name))
        candidates.append((rank, leaf, confidence, why))
    if not candidates:
        return _by_format(shapes, field, leaves)
    _, leaf, confidence, why = min(candidates, key=lambda found: found[0])
    return _expression(shapes, field, leaf, confidence, why)


def _is_elsewhere(leaf: Leaf) -> bool:
    """Tell whether a value is of somebody or something else than the record's own customer."""
    return bool({plain(step) for step in leaf.steps[:-1]} & _ELSEWHERE)


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
    """Return the format argument that examples or words ask for; ISO 8601 needs none."""
    listed = shapes.word(leaf.schema, "examples")
    shown = listed if isinstance(listed, list) else []
    for word in ("example", "x-example", "default"):
        shown = [*shown, shapes.word(leaf.schema, word)]
    match = next((match for one in shown if (match := _DAY.match(str(one or "")))), None)
    if match is None:
        told = f"{shapes.word(leaf.schema, 'format')} {shapes.word(leaf.schema, 'description')}"
        match = _DAY_WORDS.search(told.lower())
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
        if leaf.listed:
            continue
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
        if "birth_date" in found:
            return Guess(
                "'person'", LIKELY, f"it has fields of persons; `{path}` is where they work"
            )
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
