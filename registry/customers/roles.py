"""What the columns of an unknown table mean, from their names and values; Dutch to French.

A name decides where it is known; else the values do, where they can (e-mail addresses, dates,
postal codes, given names). Every guess carries its reason, is shown, and can be overruled.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from registry.customers.identifiers import citizen_service_number
from registry.customers.nicknames import SHORT_FORMS
from registry.customers.text import fold
from schemas.errors import InvalidInput

# Values looked at per column: enough to tell a column of dates, and quick on any table.
SAMPLE_VALUES = 500
# Fewer filled cells than this prove nothing about a column without a telling name.
VALUES_MIN = 5

# Role: words a column of it may be called, folded, without blanks.
_NAMES = """
given_name: givenname givennames firstname firstnames forename forenames fname first given voornaam
 voornamen roepnaam vorname vornamen rufname prenom prenoms namefirst nombre
middle_name: middlename middlenames middleinitial middle mi mname secondname tweedenaam
 zweitername deuxiemeprenom namemiddle
initials: initials initial voorletters voorletter initialen initiales
name_prefix: nameprefix tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels prefix namenszusatz
 vorsatzwort particule infix
family_name: familyname surname lastname lname last achternaam geslachtsnaam familienaam nachname
 familienname zuname nom nomdefamille namelast apellido sirname
full_name: fullname naam volledigenaam name vollername nomcomplet namefull personname
birth_date: birthdate dateofbirth dob birthday born geboortedatum gebdatum gbdatum geburtsdatum
 gebdat geburtstag datedenaissance naissance ddn birth datumgeboorte
gender: gender sex geslacht geslachtsaanduiding geschlecht sexe genre
national_id: bsn burgerservicenummer sofinummer citizenservicenumber nationalid
identifier: ssn socsecid socialsecuritynumber socialsecurity nin uganda nin ugandanin passport
 passportnumber paspoortnummer nhsnumber nhs taxid tin fiscalcode nir numerosecu anummer
 svnummer sozialversicherungsnummer steuerid ausweisnummer personalausweis driverslicense
 nationalidnumber identitynumber rijksregisternummer insz socsec
organisation_name: organisationname organizationname organisation organization company companyname
 bedrijf bedrijfsnaam handelsnaam organisatie organisatienaam firma firmenname unternehmen
 entreprise societe raisonsociale nameorg sitename business businessname statutairenaam
chamber_number: chambernumber kvk kvknummer kvknr coc cocnumber handelsregisternummer
email: email emailaddress mail mailaddress emailadres epost courriel emailadresse adressemail
phone: phone phonenumber telephone telephonenumber telefoon telefoonnummer tel telnr telefon
 telefonnummer mobile mobilenumber mobiel mobielnummer mobiele mobil handy gsm cell cellphone
 telephoneportable phoneno
street: street streetname straat straatnaam strasse strassenname rue voie address1 addressline1
 addrline1 streetaddress openbareruimte openbareruimtenaam adresse1 adresregel1
house_number: housenumber housenr streetnumber huisnummer huisnr hausnummer hausnr numero
 numerovoie streetno houseno
postal_code: postalcode postcode zip zipcode plz postleitzahl codepostal addrpostalcode pc
 postcodefake
city: city town place suburb plaats woonplaats woonplaatsnaam ort wohnort stadt ville commune
 addrcity gemeente birthplace cityname plaatsnaam
address: address adres adresse anschrift addr addrfull fulladdress
kind: kind recordtype customertype partytype soort klanttype kundenart
source: source datasource sourcesystem bron bronsysteem quelle
"""
# Words before or after a name that change nothing, and such that make it somebody else's.
_NEUTRAL_WORDS = """
customer client klant kunde kunden person persoon patient contact my the mailing home post
postal residential primary main record current private prive work hoofd adres address wohn
applicant member inwoner burger citizen relatie
"""
_NEUTRAL = frozenset(_NEUTRAL_WORDS.split())
_OTHERS_WORDS = """
employer werkgever arbeitgeber employeur partner spouse doctor parent mother father moeder
vader emergency guardian agent director executive agency program parcel file user
"""
_OTHERS = frozenset(_OTHERS_WORDS.split())
# Further lines of an address, and moments that are nobody's birth.
_LINES_WORDS = """
address adres adresse addressline addrline adresregel line
"""
_LINES = frozenset(_LINES_WORDS.split())
_MOMENTS_WORDS = """
date datum event valid start end created changed modified updated since until hired opened
closed last next expires tijd time timestamp year jaar
"""
_MOMENTS = frozenset(_MOMENTS_WORDS.split())
# A column that numbers or labels rows is nobody's attribute.
_LABELS_WORDS = """
id key uuid guid uniqueid recid recordid cluster entity entityid trueid index nr
"""
_LABELS = frozenset(_LABELS_WORDS.split())


@dataclass(frozen=True)
class Role:
    """What a column was taken for.

    Attributes:
        role: One of ROLES.
        column: The column's name in the file.
        reason: Why, for people.
    """

    role: str
    column: str
    reason: str


def _table() -> dict[str, str]:
    found = {}
    role = ""
    for line in _NAMES.strip().splitlines():
        head, colon, words = line.partition(":")
        role = head if colon else role
        for word in (words if colon else line).split():
            found[word] = role
    return found


_ROLE_OF = _table()
ROLES = tuple(dict.fromkeys(_ROLE_OF.values()))

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ].*)?")
_POSTAL = re.compile(r"[1-9]\d{3}\s?[A-Za-z]{2}")
_PHONE = re.compile(r"\+?[\d\s().-]{9,20}")
_GIVEN_NAMES = frozenset(
    word for line in SHORT_FORMS.split("\n") for word in line.replace(":", " ").split()
)


def infer_roles(
    columns: Sequence[str], values: Mapping[str, Sequence[str]], *, key: str | None
) -> list[Role]:
    """Tell what each column of a table means.

    Args:
        columns: Column names.
        values: Some filled values of each column.
        key: The column that names the rows; it gets no role.

    Returns:
        The columns that have a role, in the table's order; several may share one.
    """
    found: list[Role] = []
    named = {role_by_name(column) for column in columns if column != key}
    for column in columns:
        if column == key:
            continue
        given = values.get(column, ())
        role = role_by_name(column)
        reason = "its name"
        if role is None and not _is_label(column):
            role, reason = _role_by_values(column, given), "its values"
            role = None if role in named else role
        if role is not None and given and not _may_be(role, given):
            continue
        if role is not None:
            found.append(Role(role, column, reason))
    return _settled(found, values)


def read_choices(text: str) -> dict[str, list[str]]:
    """Read which column has which role, as YAML: `role: column`, a list of columns, or null.

    Raises:
        InvalidInput: It is no YAML mapping, or names a role that there is not.
    """
    try:
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput("The file of columns is not YAML.") from error
    given = given.get("columns", given) if isinstance(given, dict) else given
    if not isinstance(given, dict):
        raise InvalidInput("The file of columns must hold lines such as `given_name: voornaam`.")
    strange = [str(role) for role in given if role not in ROLES]
    if strange:
        raise InvalidInput(
            f"There is no role {', '.join(strange)}.", remedy=f"Roles are {', '.join(ROLES)}."
        )
    return {
        role: [str(column) for column in (named if isinstance(named, list) else [named])]
        if named is not None
        else []
        for role, named in given.items()
    }


def role_by_name(column: str) -> str | None:
    """Return the role that a column's name tells, if any."""
    words = fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ")).split()
    if not words or not _OTHERS.isdisjoint(words):
        return None
    whole = _ROLE_OF.get("".join(words))
    telling = [word for word in words if not word.isdigit()] or words
    if whole or (words[-1].isdigit() and words[-1] != "1" and telling[-1] in _LINES):
        return whole
    for start in range(len(telling)):
        if not set(telling[:start]) <= _NEUTRAL:
            break
        for end in range(len(telling), start, -1):
            rest = telling[end:]
            role = _ROLE_OF.get("".join(telling[start:end]))
            if role and set(rest) <= _NEUTRAL:
                return role
    return None


def _is_label(column: str) -> bool:
    words = fold(column.replace("_", " ")).split()
    return "".join(words) in _LABELS or (bool(words) and words[-1] in _LABELS)


def _role_by_values(column: str, values: Sequence[str]) -> str | None:
    if len(values) < VALUES_MIN:
        return None
    words = set(fold(column.replace("_", " ")).split())
    if words & (_MOMENTS | _OTHERS):
        return None
    for role, test, share in (
        ("email", _EMAIL.fullmatch, 0.7),
        ("birth_date", _is_birth, 0.8),
        ("national_id", citizen_service_number, 0.9),
        ("postal_code", _POSTAL.fullmatch, 0.8),
        ("phone", _is_phone, 0.8),
        ("given_name", _is_given_name, 0.5),
    ):
        if sum(bool(test(value)) for value in values) >= share * len(values):
            return role
    return None


def _is_birth(value: str) -> bool:
    """Tell a date that lies before this century is old; other dates are of cases and payments."""
    match = _DATE.fullmatch(value)
    years = re.findall(r"\d{4}", value) if match else []
    return bool(years) and 1880 <= int(years[0]) <= 2030


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value)) and (value[0] in "+0(" or "-" in value)


def _is_given_name(value: str) -> bool:
    return fold(value) in _GIVEN_NAMES


def _may_be(role: str, values: Sequence[str]) -> bool:
    """Tell whether a column's values allow what its name says; most names cannot be checked."""
    if role == "gender":
        return len({fold(value) for value in values}) <= 12
    if role == "email":
        return any("@" in value for value in values)
    if role == "kind":
        return _kinds(values)
    if role in ("birth_date", "phone", "house_number"):
        return any(any(sign.isdigit() for sign in value) for value in values)
    if role == "initials":
        return sum(len(value) for value in values) <= 12 * len(values)
    return True


def _kinds(values: Iterable[str]) -> bool:
    return all(
        fold(value)[:6] in {"person", "organi", "natuur", "rechts", "bedrij", "compan", "busine"}
        for value in values
    )


def _settled(found: list[Role], values: Mapping[str, Sequence[str]]) -> list[Role]:
    """Decide what a bare `name` and a bare `address` mean beside the other columns."""
    roles = {item.role for item in found}
    settled = []
    for item in found:
        role, reason = item.role, item.reason
        if role == "full_name":
            if roles & {"given_name", "family_name"}:
                if not roles & {"given_name"} or not roles & {"family_name"}:
                    role = "family_name" if "given_name" in roles else "given_name"
                else:
                    continue
            elif "organisation_name" in roles and "birth_date" not in roles:
                continue
            elif fold(item.column) in ("name", "naam") and not _names_people(
                values.get(item.column, ()), roles
            ):
                role, reason = "organisation_name", "its values"
        if role == "address" and roles & {"street"} and roles & {"house_number", "postal_code"}:
            continue
        settled.append(Role(role, item.column, reason))
    return settled


def _names_people(values: Sequence[str], roles: set[str]) -> bool:
    if roles & {"birth_date", "gender", "initials", "national_id"}:
        return True
    if not values:
        return True
    first = [fold(value).split()[:1] for value in values]
    known = sum(bool(words) and words[0] in _GIVEN_NAMES for words in first)
    return known >= 0.2 * len(values)
