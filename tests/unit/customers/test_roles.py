"""What the columns of an unknown table are taken for."""

import pytest

from registry.customers.tables.column_names import role_by_name
from registry.customers.tables.name_cells import name_parts
from registry.customers.tables.roles import infer_roles, read_choices
from registry.customers.values.address_lines import address_parts, place_parts
from registry.customers.values.dates import date_digits
from schemas.errors import InvalidInput


@pytest.mark.parametrize(
    ("column", "role"),
    [
        ("voornaam", "given_name"),
        ("klant_achternaam", "family_name"),
        ("Geburtsdatum", "birth_date"),
        ("dateDeNaissance", "birth_date"),
        ("mailing_address_zipcode", "postal_code"),
        ("E-mail adres", "email"),
        ("address_1", "street"),
        ("soc_sec_id", "identifier"),
        ("BSN", "national_id"),
        ("KvK-nummer", "chamber_number"),
        ("imię", "given_name"),
        ("doğum tarihi", "birth_date"),
        ("Né(e) le", "birth_date"),
        ("kod pocztowy", "postal_code"),
        ("bill_to_address", "address"),
        ("Straat + nr", "street"),
        ("nominativo", "full_name"),
        ("phone1", "phone"),
        ("vejnavn", "street"),
        ("by", "city"),
        ("PLZ / Ort", "address"),
        ("DOB (dd/mm/yyyy)", "birth_date"),
        ("surname/family name", "family_name"),
        ("Kreditor", "party_name"),
        ("Voorl.", "initials"),
        ("Str./Hausnr.", "street"),
        ("HM_PH_NBR", "phone"),
        ("PT_SEX_CD", "gender"),
        ("ADDR_LN_1", "street"),
        ("Nachn.", "family_name"),
        ("1er Apellido", "family_name"),
        ("Straat en huisnummer", "street"),
        ("Vejnavn og nr.", "street"),
        ("Postcode en plaats", "address"),
        ("Debiteurnaam", "party_name"),
        ("person.name.given", "given_name"),
        ("naam.voornaam", "given_name"),
        ("name.0.family", "family_name"),
        ("birth.date", "birth_date"),
        ("address.postalCode", "postal_code"),
        ("organisation.name", "organisation_name"),
    ],
)
def test_a_telling_name_gives_the_role(column: str, role: str) -> None:
    assert role_by_name(column) == role


@pytest.mark.parametrize(
    "column",
    [
        "address_2",
        "employer_name",
        "Executive Director",
        "cluster",
        "wages",
        "event_date",
        "partner.name.given",
        "product.name",
        "branch.phone",
        "address.geo.lat",
    ],
)
def test_other_names_give_none(column: str) -> None:
    assert role_by_name(column) is None


def test_remarks_and_years_are_nobodys_name_and_no_postal_code() -> None:
    values = {
        "név": ["Nagy Anna", "Kis Pál", "Tóth Éva", "Varga Ida", "Szabó Bence", "Papp Lili"],
        "tárgy": [f"A long complaint about the noise of neighbours {n}." for n in "abcdef"],
        "occupation": ["Carl Baker", "Mary Smith", "Tom Hall", "Ann Lee", "Jo King", "Al Fox"],
        "signed_up": ["2019", "2020", "2021", "2019", "2020", "2022"],
        "utca": ["Fő utca 1", "Kis utca 2", "Ady utca 3", "Fő utca 4", "Fő utca 5", "Kis utca 6"],
    }
    found = infer_roles(list(values), values, key=None)
    assert {role.column: role.role for role in found} == {"név": "full_name", "utca": "street"}


def test_one_column_may_name_people_and_companies() -> None:
    values = {"name": ["Anna Smit", "Bakker BV", "Pieter Vos", "Emma Bos", "Visser & Zonen"]}
    found = infer_roles(list(values), values, key=None)
    assert [(role.role, role.reason) for role in found] == [("party_name", "its values")]


def test_what_a_name_says_does_not_hold_against_its_values() -> None:
    values = {
        "by": ["Odense", "Aarhus", "Aalborg", "Vejle", "Ribe"],
        "via": ["web", "phone"] * 60,
        "city": ["2611 AB Delft", "1012 AB Amsterdam", "9711 AA Groningen"],
        "first name": ["1", "2", "3", "4"],
    }
    found = infer_roles(list(values), values, key=None)
    assert {role.column: role.role for role in found} == {"by": "city", "city": "address"}


def test_values_decide_where_the_name_tells_nothing() -> None:
    values = {
        "c1": ["a@x.nl", "b@y.nl", "c@z.nl", "d@q.nl", "e@w.nl"],
        "c2": ["1970-01-02", "1981-11-12", "1969-05-06", "2001-01-09", "1955-03-03"],
        "c3": ["2611 AB", "2612CD", "2613 EF", "2614GH", "2615 IJ"],
        "event_date": ["1970-01-02", "1981-11-12", "1969-05-06", "2001-01-09", "1955-03-03"],
    }
    found = infer_roles(list(values), values, key=None)
    assert [(role.column, role.role, role.reason) for role in found] == [
        ("c1", "email", "its values"),
        ("c2", "birth_date", "its values"),
        ("c3", "postal_code", "its values"),
    ]


def test_columns_called_a_to_h_are_known_by_what_they_hold() -> None:
    values = {
        "a": ["Sanne", "Pieter", "Mohammed", "Claire", "Jürgen", "Emma"],
        "b": ["Bakker", "Visser", "El Amrani", "Dubois", "Müller", "de Groot"],
        "c": ["v", "m", "m", "v", "m", "v"],
        "d": ["19700102", "19811112", "19690506", "20010109", "19550303", "19890417"],
        "e": ["Dorpsstraat 1", "Kade 12 b", "12 rue Neuve", "Hauptstr. 3", "Laan 9", "Pad 77"],
        "f": ["2611", "1012", "9711", "3511", "6211", "5611"],
        "g": ["Delft", "Amsterdam", "Groningen", "Utrecht", "Maastricht", "Eindhoven"],
        "h": ["1", "1", "1", "1", "1", "1"],
    }
    found = infer_roles(list(values), values, key=None)
    assert {role.column: role.role for role in found} == {
        "a": "given_name",
        "b": "family_name",
        "c": "gender",
        "d": "birth_date",
        "e": "street",
        "f": "postal_code",
        "g": "city",
    }


def test_towns_nobody_knows_are_told_from_names_by_the_postal_code_before_them() -> None:
    values = {
        "a": ["Kruns", "Rict", "Plas", "Zwol", "Gerwen", "Toor"],
        "b": ["21-06-80", "26-06-90", "20-05-92", "15-10-63", "01-02-71", "30-11-55"],
        "c": ["m", "m", "v", "m", "v", "v"],
        "d": ["9447 ZJ", "6423JM", "6450 UV", "4134ZF", "6799ZA", "1234 AB"],
        "e": ["Beutenaken", "Smakt", "Britsum", "Beltrum", "Lienden", "Aalst"],
    }
    found = {role.column: role.role for role in infer_roles(list(values), values, key=None)}
    assert (found["a"], found["e"]) == ("full_name", "city")


def test_numbers_of_days_are_births_and_no_postal_codes_or_house_numbers() -> None:
    values = {
        "a": ["Sanne", "Pieter", "Mohammed", "Claire", "Jürgen", "Emma"],
        "b": ["38620", "30365", "41579", "25459", "14001", "22222"],
        "c": ["rue Neuve", "rue de Metz", "Kade", "Laan", "rue Basse", "rue Haute"],
        "d": ["79659", "50486", "93507", "57863", "01000", "13001"],
        "e": ["169", "136", "102", "221", "7", "12"],
    }
    found = {role.column: role.role for role in infer_roles(list(values), values, key=None)}
    assert [found[column] for column in "abcde"] == [
        "given_name",
        "birth_date",
        "street",
        "postal_code",
        "house_number",
    ]


@pytest.mark.parametrize(
    ("numbers", "role"),
    [
        (["808-875-7672x0635", "(266)324-0657", "+1-680-773-3106x2008"], "phone"),
        (["784 524 677", "736 282 151", "516 413 021"], "phone"),
        (["555.123.4567", "555.987.6543", "555.222.1111"], "phone"),
        (["12.05.2024", "13.05.2024", "14.05.2024"], "birth_date"),
        (["078-05-1120", "219-09-9999", "457-55-5462"], "identifier"),
    ],
)
def test_telephone_numbers_are_known_in_any_grouping(numbers: list[str], role: str) -> None:
    found = infer_roles(["x"], {"x": numbers * 2}, key=None)
    assert [item.role for item in found] == [role]


def test_a_postal_code_and_town_leave_room_for_a_street() -> None:
    values = {
        "PLZ/Ort": [f"1011{number} Berlin" for number in range(6)],
        "x": [f"Kambsstr. {number}" for number in range(1, 7)],
    }
    found = {role.column: role.role for role in infer_roles(list(values), values, key=None)}
    assert found == {"PLZ/Ort": "address", "x": "street"}
    assert place_parts("10115 Berlin")[2:] == ("10115", "Berlin")
    assert place_parts("1234 AB Ede")[2:] == ("1234AB", "Ede")
    assert place_parts("B-1000 Brussel")[2:] == ("1000", "Brussel")


def test_a_bare_number_behind_a_street_is_the_number_of_the_house() -> None:
    values = {
        "Nr.": ["1", "2", "3", "4", "5", "6"],
        "Strasse": ["Kambsstr.", "Ring", "Allee", "Gasse", "Platz", "Weg"],
        "No": ["12", "3a", "7", "9", "100", "4"],
    }
    found = {role.column: role.role for role in infer_roles(list(values), values, key="Nr.")}
    assert found == {"Strasse": "street", "No": "house_number"}


def test_a_column_of_companies_and_people_is_known_by_its_values() -> None:
    people = ["Jan Bos", "Anna de Wit", "Piet Vis", "Emma Bakker", "Kees Smit", "Sanne Mulder"]
    values = {"x": [*people, "Bos Bouw B.V.", "Stichting Hulp"]}
    assert [role.role for role in infer_roles(["x"], values, key=None)] == ["party_name"]


def test_values_overrule_a_name_that_promises_more() -> None:
    values = {
        "born": ["1970", "1981", "1969", "2001", "1955"],
        "BSN": ["111", "222", "333", "444", "555"],
        "street": [f"Kerkstraat {number}, 2611 AB Delft" for number in range(5)],
    }
    found = infer_roles(list(values), values, key=None)
    assert [role.role for role in found] == ["birth_year", "identifier", "address"]


def test_the_key_of_a_row_is_never_compared() -> None:
    values = {"bsn": ["111222333"], "naam": ["Jan Jansen"]}
    assert [role.role for role in infer_roles(list(values), values, key="bsn")] == ["full_name"]


def test_a_bare_name_is_a_company_where_no_given_name_is_in_it() -> None:
    values = {"name": ["blue moon cafe", "chez panisse", "city grill"], "city": ["Delft"]}
    assert infer_roles(list(values), values, key=None)[0].role == "organisation_name"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Jan van der Berg", ("Jan", "Berg")),
        ("Berg, Jan", ("Jan", "Berg")),
        ("dhr. J. Bakker", ("J.", "Bakker")),
        ("Vries, J.P. de", ("J.P.", "Vries")),
        ("van der Plas", (None, "Plas")),
        ("Van Morrison", ("Van", "Morrison")),
        ("Ben Smith", ("Ben", "Smith")),
        ("Madonna", (None, "Madonna")),
        ("n/a", (None, None)),
    ],
)
def test_a_name_in_one_cell_is_parted(text: str, parts: tuple[str | None, str | None]) -> None:
    assert name_parts(text) == parts


def test_an_address_in_one_line_is_parted() -> None:
    assert address_parts("Kerkstraat 12 A, 2611 AB Delft") == (
        "Kerkstraat",
        "12-A",
        "2611AB",
        "Delft",
    )
    assert address_parts("123 Main Street, Las Vegas NV 89132")[2] == "89132"
    assert address_parts("") == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "month_first", "digits"),
    [
        ("1970-02-01", False, "19700201"),
        ("1-2-1970", False, "19700201"),
        ("02/01/1970", True, "19700201"),
        ("01021970", False, "19700201"),
        ("1 feb 1970", False, "19700201"),
        ("1970-02-01T00:00:00", False, "19700201"),
        ("1970-13-45", False, "19701345"),
        ("1970", False, "1970"),
        ("19700201.0", False, "19700201"),
        ("1970-01-31T23:00:00Z", False, "19700201"),  # midnight here, told in UTC
        ("1930-01-31 23:40:28.000+00:00", False, "19300201"),
        ("1970-02-01T12:00:00Z", False, "19700201"),
        ("1970-02-30T23:00:00Z", False, None),
        ("unknown", False, None),
        ("", False, None),
    ],
)
def test_dates_in_any_order_become_eight_digits(
    text: str, month_first: bool, digits: str | None
) -> None:
    assert date_digits(text, month_first=month_first) == digits


def test_a_file_of_columns_overrules() -> None:
    assert read_choices("given_name: vn\nphone: [t1, t2]\ncity: null\n") == {
        "given_name": ["vn"],
        "phone": ["t1", "t2"],
        "city": [],
    }
    assert read_choices("columns:\n  house_number: no\n  street: [01]\n") == {
        "house_number": ["no"],
        "street": ["01"],
    }
    with pytest.raises(InvalidInput, match="says phone more than once"):
        read_choices("phone: mobile\nphone: landline\n")
    with pytest.raises(InvalidInput, match="not YAML, from line 2 on"):
        read_choices("phone: [mobile\n")
    with pytest.raises(InvalidInput, match="of phone what is no column"):
        read_choices("phone: {home: landline}")
    with pytest.raises(InvalidInput, match="must hold lines"):
        read_choices("")
    with pytest.raises(InvalidInput, match="no role shoe_size"):
        read_choices("shoe_size: s")
    with pytest.raises(InvalidInput, match="must hold lines"):
        read_choices("just words")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("123 Main St, Apt 4, Springfield, IL 62701", ("Main St", "123", "62701", "Springfield")),
        ("Gengränd 959\n109 01 Västerås", ("Gengränd", "959", "10901", "Västerås")),
        ("Via Roma, 12, 00184 Roma", ("Via Roma", "12", "00184", "Roma")),
        ("10 George St, Sydney NSW 2000", ("George St", "10", "2000", "Sydney")),
        ("Rua Augusta, 1500, São Paulo, SP", ("Rua Augusta", "1500", None, None)),
        ("Hauptstraße 5, 1010 Wien", ("Hauptstraße", "5", "1010", "Wien")),
        ("58340 Laurie Port", ("Laurie Port", "58340", None, None)),
        ("12345", (None, None, None, None)),
    ],
)
def test_addresses_of_many_countries_come_apart(
    line: str, parts: tuple[str | None, str | None, str | None, str | None]
) -> None:
    found = address_parts(line)
    assert (found[0], found[1], found[2]) == parts[:3]
    assert parts[3] is None or found[3] == parts[3]


@pytest.mark.parametrize(
    "text",
    ["6 May 1971", "May 6, 1971", "6. Mai 1971", "6 de mayo de 1971", "Thu, 6 May 1971", "6-5-71"],
)
def test_months_in_words_and_short_years_are_read(text: str) -> None:
    assert date_digits(text) == "19710506"


def test_two_columns_of_single_words_are_given_and_family_names() -> None:
    given = ["Kwame", "Thandi", "Sipho", "Ngozi", "Kwame", "Chidi", "Sipho", "Thandi"]
    family = ["Okonkwo", "Dlamini", "Mensah", "Adeyemi", "Nkosi", "Achebe", "Zuma", "Abara"]
    values = {"one": given, "two": family}
    found = {role.column: role.role for role in infer_roles(list(values), values, key=None)}
    assert found == {"one": "given_name", "two": "family_name"}


def test_a_date_whose_month_cannot_be_is_read_the_other_way() -> None:
    assert date_digits("20/8/1991", month_first=True) == "19910820"
    assert date_digits("8/20/1991") == "19910820"
    assert date_digits("31/13/1999") == "19991331"


def test_a_chinese_name_has_its_family_name_first() -> None:
    assert name_parts("张秀英") == ("秀英", "张")
