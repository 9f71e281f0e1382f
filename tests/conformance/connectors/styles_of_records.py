"""How each style writes a person."""

from datetime import date
from typing import Any

from tests.conformance.connectors.styles import WHEN, Person

PERIOD = date(1970, 1, 1)
"""Where the days of OData 2 are counted from."""


def jsonapi(p: Person) -> dict[str, Any]:
    attributes = {
        "first-name": p.given, "last-name": p.family, "date-of-birth": p.day,
        "email-address": p.email,
        "phone-number": p.phone, "street-name": p.street, "house-number": p.number,
        "postal-code": p.postcode, "city": p.city, "updated-at": WHEN,
    }  # fmt: skip
    return {"type": "people", "id": str(p.number), "attributes": attributes, "relationships": {}}


def hal(p: Person) -> dict[str, Any]:
    address = {"street": p.street, "houseNumber": p.house, "zipCode": p.postcode, "city": p.city}
    return {
        "customerNumber": f"C{p.number}", "firstName": p.given, "lastName": p.family,
        "dateOfBirth": p.day, "email": p.email, "mobilePhone": p.phone, "address": address,
        "_links": {"self": {"href": f"http://localhost:8080/customers/{p.number}"}},
    }  # fmt: skip


def dynamics(p: Person) -> dict[str, Any]:
    return {
        "@odata.etag": 'W/"1"', "contactid": f"guid-{p.number}", "firstname": p.given,
        "lastname": p.family, "birthdate": p.day, "emailaddress1": p.email, "mobilephone": p.phone,
        "gendercode": 2, "address1_line1": p.line, "address1_postalcode": p.postcode,
        "address1_city": p.city, "modifiedon": WHEN,
    }  # fmt: skip


def graph(p: Person) -> dict[str, Any]:
    return {
        "@odata.type": "#user", "id": f"guid-{p.number}", "accountEnabled": True,
        "givenName": p.given, "surname": p.family, "birthday": f"{p.day}T00:00:00Z",
        "mail": p.email, "mobilePhone": p.phone, "streetAddress": p.line,
        "postalCode": p.postcode, "city": p.city, "companyName": "Town of Havenstad",
    }  # fmt: skip


def django(p: Person) -> dict[str, Any]:
    return {
        "id": p.number, "first_name": p.given, "infix": "", "last_name": p.family,
        "date_of_birth": p.day, "gender": "F" if p.female else "M", "email": p.email,
        "phone_number": p.phone, "updated_at": WHEN,
        "address": {"street": p.street, "house_number": p.number, "house_number_addition": "",
                    "postal_code": p.postcode, "city": p.city},
    }  # fmt: skip


def volunteer(p: Person) -> dict[str, Any]:
    return {
        "url": f"http://x/volunteers/{p.number}/", "pk": p.number,
        "full_name": f"{p.given} {p.family}", "birth_date": p.day, "email": p.email,
        "phone": p.phone, "street": p.line, "postcode": p.postcode, "town": p.city,
    }  # fmt: skip


def resident(p: Person) -> dict[str, Any]:
    return {
        "id": p.number, "givenName": p.given, "familyName": p.family, "birthDate": p.day,
        "gender": "FEMALE" if p.female else "MALE", "emailAddress": p.email,
        "telephoneNumber": p.phone, "createdAt": WHEN, "lastModifiedDate": WHEN,
        "homeAddress": {"streetName": p.street, "houseNumber": p.house, "postalCode": p.postcode,
                        "cityName": p.city},
    }  # fmt: skip


def by_link(p: Person) -> dict[str, Any]:
    return {
        "id": p.number, "node_id": f"N{p.number}", "forename": p.given, "surname": p.family,
        "dob": p.day, "email": p.email, "mobile": p.phone, "address_line_1": p.line,
        "postcode": p.postcode, "town": p.city,
    }  # fmt: skip


def payer(p: Person) -> dict[str, Any]:
    address = {"line1": p.line, "line2": None, "postal_code": p.postcode, "city": p.city,
               "country": "NL"}  # fmt: skip
    return {
        "id": f"cus_{p.number}", "object": "customer", "address": address, "balance": 0,
        "created": 1700000000 + p.number, "email": p.email, "name": f"{p.given} {p.family}",
        "phone": p.phone, "first_name": p.given, "last_name": p.family,
    }  # fmt: skip


def lid(p: Person) -> dict[str, Any]:
    return {
        "lidnummer": f"L{p.number}", "voornaam": p.given, "tussenvoegsel": None,
        "achternaam": p.family, "geboortedatum": p.born.strftime("%d-%m-%Y"),
        "geslacht": "vrouw" if p.female else "man", "mailadres": p.email, "telefoonnummer": p.phone,
        "adres": {"straat": p.street, "huisnummer": p.house, "postcode": p.postcode,
                  "woonplaats": p.city},
        "gewijzigd_op": WHEN,
    }  # fmt: skip


def scim(p: Person) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": f"u{p.number}",
        "userName": p.email, "active": True,
        "name": {"formatted": f"{p.given} {p.family}", "familyName": p.family,
                 "givenName": p.given},
        "emails": [{"value": p.email, "type": "work", "primary": True}],
        **({"phoneNumbers": [{"value": p.phone, "type": "work"}]} if p.phone else {}),
        "addresses": [{"streetAddress": p.line, "locality": p.city, "postalCode": p.postcode}],
        "meta": {"resourceType": "User", "lastModified": WHEN},
    }  # fmt: skip


def node(p: Person) -> dict[str, Any]:
    return {
        "id": f"Q3Vz{p.number}", "number": p.number, "firstName": p.given, "lastName": p.family,
        "dateOfBirth": p.day, "sex": "FEMALE" if p.female else "MALE", "email": p.email,
        "phoneNumber": p.phone, "updatedAt": WHEN,
        "address": {"street": p.street, "houseNumber": p.house, "postalCode": p.postcode,
                    "city": p.city},
    }  # fmt: skip


def bewoner(p: Person) -> dict[str, Any]:
    return {
        "bewonerId": p.number, "voorletters": p.given[0], "roepnaam": p.given, "voorvoegsels": "",
        "geslachtsnaam": p.family, "geboorteDatum": p.day,
        "geslachtsAanduiding": "V" if p.female else "M", "eMail": p.email, "mobielNummer": p.phone,
        "straatNaam": p.street, "huisNummer": p.number, "huisLetter": None, "postCode": p.postcode,
        "woonPlaats": p.city, "datumLaatsteWijziging": WHEN,
    }  # fmt: skip


def einwohner(p: Person) -> dict[str, Any]:
    return {
        "EinwohnerNummer": p.number, "Anrede": "Frau" if p.female else "Herr", "Vorname": p.given,
        "Nachname": p.family, "GeburtsDatum": p.local_day, "Geschlecht": "w" if p.female else "m",
        "EMailAdresse": p.email, "Telefon": p.phone,
        "Anschrift": {"Straße": p.street, "HausNr": p.house, "PLZ": p.postcode, "Ort": p.city},
        "GeändertAm": WHEN,
    }  # fmt: skip


def usager(p: Person) -> dict[str, Any]:
    return {
        "identifiant": f"U-{p.number}", "civilite": "Mme" if p.female else "M.", "prenom": p.given,
        "nom_de_famille": p.family, "date_naissance": p.day, "sexe": "F" if p.female else "H",
        "courriel": p.email, "telephone_portable": p.phone, "date_modification": WHEN,
        "adresse": {"numero_voie": p.house, "nom_voie": p.street, "code_postal": p.postcode,
                    "ville": p.city},
    }  # fmt: skip


def chatter(p: Person) -> dict[str, Any]:
    profile = {"first_name": p.given, "last_name": p.family, "email": p.email, "phone": p.phone,
               "birthday": p.day}  # fmt: skip
    return {"id": f"U{p.number:04}", "team_id": "T1", "deleted": False, "profile": profile,
            "updated": 1700000000}  # fmt: skip


def google(p: Person) -> dict[str, Any]:
    return {
        "name": f"contacts/{p.number}", "uid": f"g{p.number}", "givenName": p.given,
        "familyName": p.family, "birthday": p.day, "primaryEmail": p.email, "phoneNumber": p.phone,
        "postalAddress": {"addressLines": [p.line], "postalCode": p.postcode, "locality": p.city},
        "updateTime": WHEN,
    }  # fmt: skip


def user(p: Person) -> dict[str, Any]:
    return {
        "id": p.number, "url": f"https://desk.example/api/v2/users/{p.number}.json",
        "first_name": p.given, "last_name": p.family, "email": p.email, "phone": p.phone,
        "organization_id": 7, "updated_at": WHEN,
    }  # fmt: skip


def end_user(p: Person) -> dict[str, Any]:
    return {"id": p.number, "first_name": p.given, "last_name": p.family, "email": p.email,
            "phone": p.phone}  # fmt: skip


def hubspot(p: Person) -> dict[str, Any]:
    held = {
        "firstname": p.given, "lastname": p.family, "email": p.email, "date_of_birth": p.day,
        "phone": p.phone, "address": p.line, "zip": p.postcode, "city": p.city,
        "lastmodifieddate": WHEN,
    }  # fmt: skip
    return {"id": str(p.number), "properties": held, "createdAt": WHEN, "updatedAt": WHEN,
            "archived": False}  # fmt: skip


def reader(p: Person) -> dict[str, Any]:
    merge = {"FNAME": p.given, "LNAME": p.family, "PHONE": p.phone or "", "BIRTHDAY": p.day}
    return {
        "id": f"{p.number:032x}", "email_address": p.email, "unique_email_id": f"e{p.number}",
        "web_id": p.number, "status": "subscribed", "merge_fields": merge, "last_changed": WHEN,
    }  # fmt: skip


def relatie(p: Person) -> dict[str, Any]:
    return {
        "ID": f"guid-{p.number}", "FirstName": p.given, "MiddleName": None, "LastName": p.family,
        "BirthDate": f"/Date({(p.born - PERIOD).days * 86_400_000})/",
        "Gender": "V" if p.female else "M", "Email": p.email, "Mobile": p.phone,
        "AddressStreet": p.street, "AddressStreetNumber": p.house, "Postcode": p.postcode,
        "City": p.city, "Modified": "/Date(1772600767000)/",
    }  # fmt: skip


def afas(p: Person) -> dict[str, Any]:
    return {
        "PersoonId": f"{p.number:07}", "Voornaam": p.given, "Voorvoegsel": None,
        "Achternaam": p.family, "Geboortedatum": f"{p.day}T00:00:00Z", "E-mail_werk": p.email,
        "Tel._mobiel": p.phone, "Straat": p.street, "Huisnummer": p.number, "Postcode": p.postcode,
        "Woonplaats": p.city,
    }  # fmt: skip


def buyer(p: Person) -> dict[str, Any]:
    address = {"id": 9000 + p.number, "customer_id": p.number, "first_name": p.given,
               "address1": p.line, "address2": None, "city": p.city, "zip": p.postcode,
               "phone": p.phone, "country": "NL"}  # fmt: skip
    return {
        "id": p.number, "email": p.email, "first_name": p.given, "last_name": p.family,
        "phone": p.phone, "updated_at": WHEN, "addresses": [address], "default_address": address,
    }  # fmt: skip


def neighbour(p: Person) -> dict[str, Any]:
    acf = {"birth_date": p.day, "phone": p.phone, "street": p.street, "house_number": p.house,
           "postal_code": p.postcode, "city": p.city}  # fmt: skip
    return {"id": p.number, "name": f"{p.given} {p.family}", "first_name": p.given,
            "last_name": p.family, "email": p.email, "slug": f"p{p.number}", "meta": [],
            "acf": acf}  # fmt: skip


def member(p: Person) -> dict[str, Any]:
    return {
        "_id": f"{p.number:024x}", "firstName": p.given, "lastName": p.family, "birthday": p.day,
        "contact": {"email": p.email, "phone": p.phone},
        "location": {"street": p.street, "number": p.house, "zip": p.postcode, "city": p.city},
    }  # fmt: skip


def ratepayer(p: Person) -> dict[str, Any]:
    return {
        "ratepayerId": p.number, "Surname": p.family, "GivenNames": p.given, "DateOfBirth": p.day,
        "EmailAddress": p.email, "PhoneNumber": p.phone, "StreetAddress": p.line,
        "PostCode": p.postcode, "Town": p.city,
    }  # fmt: skip


def persoon(p: Person) -> dict[str, Any]:
    return {
        "burgerservicenummer": f"{999990000 + p.number}",
        "geslachtsaanduiding": "vrouw" if p.female else "man",
        "naam": {"voornamen": p.given, "voorletters": p.given[0], "geslachtsnaam": p.family},
        "geboorte": {"datum": {"datum": p.day, "dag": p.born.day, "maand": p.born.month,
                               "jaar": p.born.year}, "plaats": {"code": "0518"}},
        "verblijfplaats": {"straat": p.street, "huisnummer": p.number, "postcode": p.postcode,
                           "woonplaats": p.city},
        "_links": {"self": {"href": "/x"}},
    }  # fmt: skip


def board(p: Person) -> dict[str, Any]:
    return {
        "memberNumber": f"B{p.number}", "name": {"first": p.given, "last": p.family},
        "born": p.day, "email": p.email, "tel": p.phone,
        "address": {"line1": p.line, "postcode": p.postcode, "town": p.city},
    }  # fmt: skip


def contact(p: Person) -> dict[str, Any]:
    return {
        "attributes": {"type": "Contact", "url": f"/services/data/{p.number}"},
        "Id": f"003{p.number:012}", "FirstName": p.given, "LastName": p.family,
        "Birthdate": p.day, "Email": p.email, "MobilePhone": p.phone, "MailingStreet": p.line,
        "MailingPostalCode": p.postcode, "MailingCity": p.city,
        "LastModifiedDate": "2026-03-04T05:06:07.000+0000",
    }  # fmt: skip


def row(p: Person) -> dict[str, Any]:
    return {
        "_id": p.number, "VORNAME": p.given, "NACHNAME": p.family, "GEBDAT": p.local_day,
        "EMAIL": p.email, "TELEFON": p.phone, "STRASSE": p.street, "HAUSNUMMER": p.house,
        "PLZ": p.postcode, "ORT": p.city,
    }  # fmt: skip


def patient(p: Person) -> dict[str, Any]:
    telecom = [{"system": "phone", "value": p.phone}] if p.phone else []
    resource = {
        "resourceType": "Patient", "id": f"pat-{p.number}", "meta": {"lastUpdated": WHEN},
        "active": True, "name": [{"use": "official", "family": p.family, "given": [p.given]}],
        "telecom": [*telecom, {"system": "email", "value": p.email}],
        "gender": "female" if p.female else "male", "birthDate": p.day,
        "address": [{"line": [p.line], "city": p.city, "postalCode": p.postcode}],
    }  # fmt: skip
    return {"fullUrl": f"urn:{p.number}", "resource": resource}


def account(p: Person) -> dict[str, Any]:
    return {"id": f"k{p.number}", "username": p.email, "firstName": p.given,
            "lastName": p.family, "email": p.email, "emailVerified": True}  # fmt: skip
