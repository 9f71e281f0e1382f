"""What the columns of an unknown table mean, from their names and values; Dutch to French.

A name decides where it is known; else the values do, where they can (e-mail addresses, dates,
postal codes, given names). Every guess carries its reason, is shown, and can be overruled.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from registry.customers.column_values import (
    is_business,
    is_name_of_person,
    role_of_line,
    role_of_shape,
    roles_of_words,
    share_of,
)
from registry.customers.identifiers import chamber_number, citizen_service_number
from registry.customers.text import fold
from schemas.errors import InvalidInput

# Values looked at per column: enough to tell a column of dates, and quick on any table.
SAMPLE_VALUES = 500
# Numbers that have checks of their own pass them this often where the column is what it says.
_VALID_SHARE_MIN = 0.5

# Role: words a column of it may be called, folded, without blanks.
_NAMES = """
given_name: givenname givennames firstname firstnames forename forenames fname first given
 voornaam voornamen roepnaam vorname vornamen rufname prenom prenoms namefirst nombre nombres
 christianname nome primeironome gname
middle_name: middlename middlenames middleinitial middle mi mname secondname tweedenaam
 zweitername deuxiemeprenom namemiddle
initials: initials initial voorletters voorletter initialen initiales
name_prefix: nameprefix tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels prefix namenszusatz
 vorsatzwort particule infix
family_name: familyname surname lastname lname last achternaam geslachtsnaam familienaam nachname
 familienname zuname nom nomdefamille namelast apellido apellidos sirname primerapellido
 segundoapellido cognome sobrenome apelido geschlechtsname sname geboortenaam
full_name: fullname naam volledigenaam name vollername nomcomplet namefull personname
 nombrecompleto nomecompleto naamvolledig nometprenom nomprenom voorenachternaam
birth_date: birthdate dateofbirth dob birthday born geboortedatum gebdatum gbdatum geburtsdatum
 gebdat geburtstag datedenaissance naissance ddn birth datumgeboorte geboren birthdt dateofbirthdt
 geborenam fechadenacimiento fechanacimiento fnac nacimiento datadinascita nascita datebirth
 datenaissance datanascimento bdate gbdat
birth_year: birthyear yearofbirth yob geboortejaar geburtsjahr jahrgang anneedenaissance
 anneenaissance anodenacimiento aniodenacimiento annodinascita by
birth_month: birthmonth monthofbirth mob geboortemaand geburtsmonat moisdenaissance
 mesdenacimiento bm
birth_day: dayofbirth geboortedag jourdenaissance diadenacimiento bd
gender: gender sex geslacht geslachtsaanduiding geschlecht sexe genre sexo sesso genero mv aanhef
 anrede salutation civilite saludo
national_id: bsn burgerservicenummer sofinummer citizenservicenumber nationalid
identifier: ssn socsecid socialsecuritynumber socialsecurity nin uganda ugandanin passport
 passportnumber paspoortnummer nhsnumber nhs taxid tin fiscalcode nir numerosecu anummer svnummer
 sozialversicherungsnummer steuerid ausweisnummer personalausweis driverslicense nationalidnumber
 identitynumber rijksregisternummer insz socsec dni nie nif codicefiscale ssnlast4 last4ssn
 personalnumber personnumber personnummer documentnumber documentnummer fiscalnumber vat vatnumber
 btwnummer btwnr ustid ustidnr iban rekeningnummer
organisation_name: organisationname organizationname organisation organization company companyname
 bedrijf bedrijfsnaam handelsnaam organisatie organisatienaam firma firmenname unternehmen
 entreprise societe raisonsociale nameorg sitename business businessname statutairenaam tradename
 companynaam orgname restaurant restaurantname venue empresa razonsocial azienda
chamber_number: chambernumber kvk kvknummer kvknr coc cocnumber handelsregisternummer
email: email emailaddress mail mailaddress emailadres epost courriel emailadresse adressemail
 correo correoelectronico mel emailadr
phone: telefono telefonofijo movil portable numerodetelephone telephonefixe rufnummer phonenr
 mobilephone mobiltelefon phonehome homephone workphone phone phonenumber telephone
 telephonenumber telefoon telefoonnummer tel telnr telefon telefonnummer mobile mobilenumber
 mobiel mobielnummer mobiele mobil handy gsm cell cellphone telephoneportable phoneno
street: street streetname straat straatnaam strasse strassenname rue voie address1 addressline1
 addrline1 streetaddress openbareruimte openbareruimtenaam adresse1 adresregel1 addr1 calle
 streetaddr streetaddress1 streetadr strassehausnummer strassehausnr straathuisnummer str
house_number: housenumber housenr streetnumber huisnummer huisnr hausnummer hausnr numero
 numerovoie streetno houseno house nrhuis nohuis housenumbersuffix streetnr hnr strnr
postal_code: postalcode postcode zip zipcode plz postleitzahl codepostal addrpostalcode pc
 postcodefake postcd pcode cp cap codigopostal postcodes postalcd
city: localidad ciudad municipio poblacion citta localite stad municipality localita cidade city
 town place suburb plaats woonplaats woonplaatsnaam ort wohnort stadt ville commune addrcity
 gemeente birthplace cityname plaatsnaam
address: address adres adresse anschrift addr addrfull fulladdress direccion domicilio indirizzo
 postadres endereco volledigadres citystatezip wohnadresse postanschrift
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

_LAST_MARK = re.compile(r"[a-z]\d")
_YEAR = re.compile(r"(18|19|20)\d\d(\.0)?")


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
    found: dict[str, Role] = {}
    unknown: dict[str, Sequence[str]] = {}
    for column in columns:
        given = values.get(column, ())
        role = role_by_name(column) if column != key else None
        if role is not None and given:
            role = _as_values_allow(role, given)
        if role is not None:
            found[column] = Role(role, column, "its name")
        elif column != key and not _is_silent(column):
            unknown[column] = given
    taken = {item.role for item in found.values()}
    for column, given in unknown.items():
        role = role_of_shape(given)
        if role is not None and role not in taken:
            found[column] = Role(role, column, "its values")
    taken = {item.role for item in found.values()}
    rest = {column: given for column, given in unknown.items() if column not in found}
    for column, role in roles_of_words(rest, taken).items():
        found[column] = Role(role, column, "its values")
    return _settled([found[column] for column in columns if column in found], values)


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
    telling = [
        word for word in words if not word.isdigit() and not _LAST_MARK.fullmatch(word)
    ] or words
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


def _is_silent(column: str) -> bool:
    """Tell a column whose name says that it numbers rows, dates events or is about others."""
    words = fold(column.replace("_", " ")).split()
    if "".join(words) in _LABELS or (bool(words) and words[-1] in _LABELS):
        return True
    return not (_MOMENTS | _OTHERS).isdisjoint(words)


def _as_values_allow(role: str, values: Sequence[str]) -> str | None:
    """Return the role that a column's name tells as far as its values allow it."""
    check = {"national_id": citizen_service_number, "chamber_number": chamber_number}.get(role)
    if check and share_of(values, check) < _VALID_SHARE_MIN:
        return "identifier"
    if role == "birth_date" and share_of(values, _YEAR.fullmatch) >= _VALID_SHARE_MIN:
        return "birth_year"
    if role == "street" and role_of_line(values):
        return "address"
    return role if _may_be(role, values) else None


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
    return share_of(values, is_name_of_person) >= 0.2 and not share_of(values, is_business) >= 0.2
