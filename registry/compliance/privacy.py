"""Personal data in an interface: what its fields look like, against what the register declares.

Names of fields are compared in Dutch, English, German and French. A name is an indication and no
proof, so a finding names the operation and the field, and a waiver can say that it is something
else. What is declared stands in the interface's `personal_data`:

    personal_data: {categories: [name, bsn], purpose: "…", lawful_basis: public_task}

Source: GDPR (EU) 2016/679, articles 5(1)(b), 6(1), 9; Wet algemene bepalingen
burgerservicenummer, article 10; NCSC on personal data in addresses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from registry.compliance.contract.operations import Contract, Operation, as_object
from registry.compliance.subject import Subject
from schemas.compliance import Finding, Severity

FIELDS_MAX = 20_000  # of one schema with all below it; more is a dictionary, not a record
DEPTH_MAX = 40  # properties within properties
UNDECLARED = "privacy-undeclared-data"
NO_BASIS = "privacy-no-lawful-basis"
NO_PURPOSE = "privacy-no-purpose"
SPECIAL = "privacy-special-category"
IN_ADDRESS = "privacy-person-in-address"
BASES = frozenset(
    {"consent", "contract", "legal_obligation", "vital_interests", "public_task",
     "legitimate_interests"}
)  # fmt: skip
_SPECIAL = frozenset({"health"})
_NEVER_IN_ADDRESS = frozenset({"bsn", "birth_date", "iban", "name", "email", "phone", "health"})

# Category: words as they appear in names of fields, in nl, en, de, fr; lower case, no separators.
_WORDS = {
    "bsn": "bsn burgerservicenummer sofinummer citizenservicenumber nationalidnumber "
    "socialsecuritynumber ssn personalausweisnummer steueridentifikationsnummer "
    "sozialversicherungsnummer numerosecuritesociale nir rijksregisternummer",
    "name": "voornaam voornamen achternaam geslachtsnaam familienaam roepnaam voorletters "
    "voorvoegsel volledigenaam firstname lastname surname familyname givenname fullname "
    "middlename initials maidenname vorname nachname familienname geburtsname prenom "
    "nomdefamille nomcomplet naamgebruik",
    "birth_date": "geboortedatum geboorteplaats geboorteland geboren dateofbirth birthdate "
    "birthday placeofbirth birthplace dob geburtsdatum geburtsort datedenaissance "
    "lieudenaissance leeftijd",
    "address": "woonadres verblijfsadres verblijfplaats correspondentieadres huisnummer "
    "huisletter huisnummertoevoeging straatnaam postcode woonplaats homeaddress "
    "streetaddress streetname housenumber postalcode zipcode wohnanschrift hausnummer "
    "strassenname strasse postleitzahl codepostal adressepostale numerovoie",
    "email": "email emailadres emailaddress eemail mailadres emailadresse adresseemail courriel",
    "phone": "telefoon telefoonnummer mobielnummer mobiel phone phonenumber telephone "
    "mobilenumber telefon telefonnummer handynummer numerotelephone telephoneportable",
    "iban": "iban rekeningnummer bankrekening bankaccount bankaccountnumber accountnumber "
    "kontonummer bankverbindung comptebancaire numerodecompte",
    # Not `indicatie`, `beperking` or `health` alone: of a decision, of a right, of a server.
    "health": "gezondheid diagnose medicatie handicap zorgbehoefte zorgindicatie wlzindicatie "
    "wmoindicatie ziekte aandoening lichamelijkebeperking verstandelijkebeperking "
    "diagnosis medication disability medicalcondition medicalhistory healthcondition "
    "gesundheit behinderung krankheit sante handicape maladie traitementmedical",
    "gender": "geslacht geslachtsaanduiding gender sex geschlecht sexe",
    "nationality": "nationaliteit nationality staatsangehorigkeit nationalite",
}
_FORMATS = {"email": "email", "idn-email": "email", "iban": "iban", "bsn": "bsn"}
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_ACCENTS = str.maketrans("éèêëàâäöôüûïîç", "eeeeaaaoouuiic")
_BY_WORD = {word: category for category, words in _WORDS.items() for word in words.split()}


@dataclass(frozen=True)
class Declaration:
    """What the register says of an interface's personal data.

    Attributes:
        categories: Declared categories.
        purpose: What the data is for.
        lawful_basis: Ground of GDPR article 6(1); see `BASES`.
        special_basis: Ground of article 9(2) for special categories.
    """

    categories: frozenset[str] = frozenset()
    purpose: str = ""
    lawful_basis: str = ""
    special_basis: str = ""

    @classmethod
    def of(cls, attrs: dict[str, Any]) -> "Declaration":
        """Read the declaration out of an interface's properties; what is missing is empty."""
        given = as_object(attrs.get("personal_data"))
        listed = given.get("categories")
        return cls(
            frozenset(map(str, listed)) if isinstance(listed, list) else frozenset(),
            str(given.get("purpose") or "").strip(),
            str(given.get("lawful_basis") or "").strip(),
            str(given.get("special_basis") or "").strip(),
        )


@lru_cache(maxsize=65_536)
def category_of(name: str) -> str | None:
    """Return the category that a field's name suggests, or None."""
    plain = _SEPARATORS.sub("", name.lower().translate(_ACCENTS).replace("ß", "ss"))
    return _BY_WORD.get(plain) or _BY_WORD.get(plain.removeprefix("persoon"))


@dataclass(frozen=True)
class Sighting:
    """A field that looks like personal data, in one operation."""

    category: str
    where: str


class PrivacyCheck:
    """Compares a document with the declaration of its interface.

    Args:
        declaration: What the register says.
    """

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration

    def __call__(self, subject: Subject) -> list[Finding]:
        """Return findings; none for a document that is no OpenAPI document."""
        data = subject.document.data
        if not isinstance(data, dict) or not ("openapi" in data or "swagger" in data):
            return []
        contract = Contract(data)
        fields = _Fields(contract)
        findings: list[Finding] = []
        seen: set[str] = set()
        for operations in contract.paths().values():
            for operation in operations.values():
                place = ("paths", operation.path, operation.verb)
                for rule, words in self._operation(operation, fields, seen):
                    row, _ = subject.tree.closest(place)
                    at = subject.document.range_of(row)
                    source = subject.document.source
                    findings.append(Finding(rule, Severity.ERROR, place, words, at, source))
        findings += self._whole(subject, seen)
        return findings

    def _operation(
        self, operation: Operation, fields: "_Fields", seen: set[str]
    ) -> Iterator[tuple[str, str]]:
        found: dict[str, str] = {}
        for parameter in operation.parameters.values():
            category = category_of(parameter.name)
            if category is None:
                continue
            found.setdefault(category, f"{parameter.place} parameter {parameter.name}")
            if parameter.place in ("path", "query") and category in _NEVER_IN_ADDRESS:
                yield (
                    IN_ADDRESS,
                    (
                        f"{parameter.name!r} looks like {_said(category)} and stands in the "
                        f"{parameter.place}; addresses end up in logs"
                    ),
                )
        bodies = [("request", operation.body.media)] if operation.body else []
        bodies += [(f"answer {code}", one.media) for code, one in operation.responses.items()]
        for where, media in bodies:
            for schema in media.values():
                for sighting in fields.of(schema):
                    found.setdefault(sighting.category, f"{where}, field {sighting.where}")
        seen.update(found)
        for category in sorted(found.keys() - self.declaration.categories):
            words = f"{found[category]} looks like {_said(category)}, which is not declared"
            yield UNDECLARED, words

    def _whole(self, subject: Subject, seen: set[str]) -> Iterator[Finding]:
        declared = self.declaration
        if not seen:
            return
        place, source = subject.document.range_of(0), subject.document.source
        listed = ", ".join(_said(category) for category in sorted(seen))
        if declared.lawful_basis not in BASES:
            words = f"personal data ({listed}) without a lawful basis of GDPR article 6"
            yield Finding(NO_BASIS, Severity.ERROR, (), words, place, source)
        if not declared.purpose:
            words = f"personal data ({listed}) without a purpose"
            yield Finding(NO_PURPOSE, Severity.ERROR, (), words, place, source)
        if seen & _SPECIAL and not declared.special_basis:
            words = "data about health without a ground of GDPR article 9"
            yield Finding(SPECIAL, Severity.ERROR, (), words, place, source)


class _Fields:
    """Finds fields that look like personal data; every schema is searched once."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._known: dict[int, list[Sighting]] = {}
        self._kept: list[Any] = []

    def of(self, schema: Any, depth: int = 0) -> list[Sighting]:
        """Return the first sighting of each category in a schema and all below it."""
        schema = self.contract.resolved(schema)
        if not isinstance(schema, dict) or depth > DEPTH_MAX:
            return []
        if id(schema) not in self._known:
            self._known[id(schema)] = []  # a schema within itself adds nothing to itself
            self._kept.append(schema)
            first: dict[str, Sighting] = {}
            for sighting in self._search(schema, depth):
                first.setdefault(sighting.category, sighting)
            self._known[id(schema)] = list(first.values())
        return self._known[id(schema)]

    def _search(self, schema: dict[str, Any], depth: int) -> Iterator[Sighting]:
        for name, inner in list(as_object(schema.get("properties")).items())[:FIELDS_MAX]:
            resolved = as_object(self.contract.resolved(inner))
            category = category_of(str(name)) or _FORMATS.get(str(resolved.get("format")))
            if category is not None:
                yield Sighting(category, str(name))
            for below in self.of(inner, depth + 1):
                yield Sighting(below.category, f"{name}.{below.where}")
        for keyword in ("allOf", "anyOf", "oneOf"):
            listed = schema.get(keyword)
            for one in listed if isinstance(listed, list) else ():
                yield from self.of(one, depth + 1)
        for keyword in ("items", "additionalProperties"):
            if isinstance(schema.get(keyword), dict):
                yield from self.of(schema[keyword], depth + 1)


def _said(category: str) -> str:
    return {
        "bsn": "a citizen service number", "name": "a name", "birth_date": "a birth date",
        "address": "an address", "email": "an e-mail address", "phone": "a phone number",
        "iban": "a bank account", "health": "health", "gender": "a gender",
        "nationality": "a nationality",
    }[category]  # fmt: skip
