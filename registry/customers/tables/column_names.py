"""What columns are called in the languages of Europe, and what such a name tells of their role.

Words are folded and stand without blanks, so that "E-mail adres" and "e_mail_adres" are one.
"""

import re
from collections.abc import Sequence

from registry.customers.values.text import fold

# Role: words a column of it may be called, folded, without blanks.
_NAMES = """
given_name: givenname givennames firstname firstnames forename forenames fname first given voornaam
 voornamen roepnaam vorname vornamen rufname prenom prenoms namefirst nombre nombres christianname
 nome primeironome gname imie imiona krestnijmeno jmeno meno keresztnev utonev prenume ad adi isim
 fornamn fornavn etunimi nomeproprio ime imya onoma eesnimi vards vardas nompropi givn firstnm
 fstname frstname 1stname namevor fname1 chosenname calledname prenomusuel nombredepila imiepierwsze
 preferredname prenomdenaissance vorn voorn frstnme fstnm
middle_name: middlename middlenames middleinitial middle mi mname secondname tweedenaam zweitername
 deuxiemeprenom namemiddle otchestvo mellannamn mellomnavn drugieimie
initials: initials initial voorletters voorletter voorl initialen initiales
name_prefix: nameprefix tussenvoegsel tussenvoegsels voorvoegsel voorvoegsels prefix namenszusatz
 vorsatzwort particule infix
family_name: familyname surname lastname lname last achternaam geslachtsnaam familienaam nachname
 familienname zuname nom nomdefamille namelast apellido apellidos sirname primerapellido
 segundoapellido cognome sobrenome apelido geschlechtsname sname geboortenaam nazwisko prijmeni
 priezvisko vezeteknev csaladnev nume numefamilie numedefamilie soyad soyadi soyisim efternamn
 efternavn etternavn sukunimi ultimonome prezime priimek familiya eponymo perekonnanimi uzvards
 pavarde cognoms lastnm lstname surnames apellido1 apellido2 apelidos sobrenomes cognomi familynm
 lname1 nomdusage nomusage apellidopaterno prizvishche meisjesnaam maidenname birthname family
 nomdenaissance nomnaissance nomdejeunefille nachn achtern lstnme 1erapellido 1apellido 2oapellido
 2apellido
full_name: fullname naam volledigenaam name vollername nomcomplet namefull personname nombrecompleto
 nomecompleto naamvolledig nometprenom nomprenom voorenachternaam nominativo nomeecognome
 cognomeenome nomecognome cognomenome nombreyapellidos nombreapellidos apellidosynombre
 apellidosnombre imienazwisko imieinazwisko nazwiskoiimie jmenoaprijmeni adsoyad adisoyadi
 adivesoyadi namesurname surnamename namn navn nimi teljesnev numesiprenume numeprenume fio
 onomateponymo nomprenoms nomsprenoms prenomnom prenometnom nomdelassure nachnamevorname
 vornamenachname namevorname vornamename vorundnachname voornaamachternaam naamvoornaam
 achternaamvoornaam lastnamefirstname firstnamelastname lastfirst firstlast lastcommafirst wholename
 displayname patron borrower titular intestatario titulaire accountholder rekeninghouder
 kontoinhaber cardholder cliente interessado nev contactperson contactpersoon patient contactname
 ansprechpartner nm vorundzuname zuundvorname vornamezuname zunamevorname
birth_date: birthdate dateofbirth dob birthday born geboortedatum gebdatum gbdatum geburtsdatum
 gebdat geburtstag datedenaissance naissance ddn birth datumgeboorte geboren birthdt dateofbirthdt
 geborenam fechadenacimiento fechanacimiento fnac nacimiento datadinascita nascita datebirth
 datenaissance datanascimento bdate gbdat dataurodzenia dataur urodzony urodzona datumnarozeni
 narozen narozena datumnarodenia szuletesidatum szuletesiido szuldatum datanasterii datanaster
 dogumtarihi dogumgunu dtarihi fodelsedatum fodd fodelsedag fodselsdato fodselsdag fodt syntymaaika
 syntymapaiva datarozhdeniya imerominiagennisis datumrodjenja datumrodenja datumrojstva sunniaeg
 gimimodata natoil natail natoail nato neele nele gebam geb nacidoel fechadenac fecnac fechanac
 fecnacimiento bornon borndate dateborn dtnasc datanasc dtnascimento datadenascimento bday
 birthdaydate dateofbirthday doborn fnacimiento fdenacimiento nascimento datanarazhdane imgennisis
 dzimsanasdatums fechanacim szul szuletett fodselsdatum
birth_year: birthyear yearofbirth yob geboortejaar geburtsjahr jahrgang anneedenaissance
 anneenaissance anodenacimiento aniodenacimiento annodinascita rokurodzenia roknarozeni dogumyili
 fodelsear fodselsar anonacimiento
birth_month: birthmonth monthofbirth mob geboortemaand geburtsmonat moisdenaissance mesdenacimiento
 bm
birth_day: dayofbirth geboortedag jourdenaissance diadenacimiento bd
gender: gender sex geslacht geslachtsaanduiding geschlecht sexe genre sexo sesso genero mv aanhef
 anrede salutation civilite saludo plec pohlavi pohlavie cinsiyet kjonn kjnn sukupuoli spol pol fylo
 sugu dzimums lytis mf mvx gendercode sexcode nem neme sexul kon
national_id: bsn burgerservicenummer sofinummer citizenservicenumber nationalid
identifier: ssn socsecid socialsecuritynumber socialsecurity nin uganda ugandanin passport
 passportnumber paspoortnummer nhsnumber nhs taxid tin fiscalcode nir numerosecu anummer svnummer
 sozialversicherungsnummer steuerid ausweisnummer personalausweis driverslicense nationalidnumber
 identitynumber rijksregisternummer insz socsec dni nie nif codicefiscale ssnlast4 last4ssn
 personalnumber personnumber personnummer documentnumber documentnummer fiscalnumber vat vatnumber
 btwnummer btwnr ustid ustidnr iban rekeningnummer pesel rodnecislo tckimlik tckimlikno tcno cnp cpr
 cprnummer cprnr fodselsnummer hetu henkilotunnus oib emso jmbg egn afm amka curp rfc cpf cnpj
 partitaiva piva siret siren nip regon krs ico dic ahv ahvnummer ahvnr svnr steuernummer steuernr
 vatid vatno vatregno vatregistrationnumber ein abn acn companynumber companyregistrationnumber
 registrationnumber dunsnumber handelsregisternr medicare medicarenumber ppsn nino
 nationalinsurancenumber aadhaar cedula rut personnr
organisation_name: organisationname organizationname organisation organization company companyname
 bedrijf bedrijfsnaam handelsnaam organisatie organisatienaam firma firmenname unternehmen
 entreprise societe raisonsociale nameorg sitename business businessname statutairenaam tradename
 companynaam orgname restaurant restaurantname venue empresa razonsocial azienda nazwa nazwafirmy
 nazev nazevfirmy cegnev denumire denumirefirma unvan foretag foretagsnamn virksomhed
 virksomhedsnavn yritys denominazione ragionesociale nomeazienda ditta insegna nomedaempresa
 nombrecomercial denominacion nomcommercial enseigne denomination dba tradingname tradingas
 doingbusinessas legalname entityname merchant merchantname storename shopname clinicname schoolname
 clubname facilityname establishment firmname companyname1 betrieb betriebsname naambedrijf bedrijf1
 zaaknaam denominationsociale nomdelentreprise nomentreprise firmanavn yrityksennimi eponymia
 naimenovanie firmenbezeichnung org orgnaam naamorganisatie
party_name: party partyname partijnaam customer client klant kunde relatie relatienaam accountname
 creditor crediteur kreditor debtor debiteur debitor vendor vendorname supplier suppliername
 leverancier lieferant fournisseur payee payer applicant resident person persoon naamaanvrager
 naamklant debiteurnaam crediteurnaam klantnaam relatienaam kundenname klantomschrijving
chamber_number: chambernumber kvk kvknummer kvknr coc cocnumber handelsregisternummer
email: email emailaddress mail mailaddress emailadres epost courriel emailadresse adressemail correo
 correoelectronico mel emailadr eposta epostadress epostadresse emailcim mejl mailadress sahkoposta
 posteelectronique adresaemail mailadr emailid correoe emailaddr emailadress correioeletronico
 postaelettronica epocta sahkoposti imeyl elektronnaposhcha ilektronikotachydromeio elpastas epasts
 epasta
phone: telefono telefonofijo movil portable numerodetelephone telephonefixe rufnummer phonenr ph
 phnbr telkom
 mobilephone mobiltelefon phonehome homephone workphone phone phonenumber telephone telephonenumber
 telefoon telefoonnummer tel telnr telefon telefonnummer mobile mobilenumber mobiel mobielnummer
 mobiele mobil handy gsm cell cellphone telephoneportable phoneno telefonszam telefonkomorkowy
 komorka numertelefonu nrtelefonu celular cellulare ceptelefonu ceptel gsmno mobilnummer mobiltlf
 tlf tlfnr puhelin puhelinnumero matkapuhelin tilefono kinito recapito recapitotelefonico numerotel
 notel telefonomovil numtel numtelephone landline festnetz daytimephone eveningphone phonemobile
 tfno telno msisdn contactnumber contactno contactnr callernumber telefoonnr telefone fone
 telephoneno mobileno phonenum telnumber tele telemovel contacto telefonocellulare mobilnitelefon
 telefoane puh mobilen telefonas talrunis telefonnr gsmnummer telefoonmobiel telefoonvast
street: street streetname straat straatnaam strasse strassenname rue voie address1 addressline1
 addrline1 streetaddress openbareruimte openbareruimtenaam adresse1 adresregel1 addr1 calle
 streetaddr streetaddress1 streetadr strassehausnummer strassehausnr straathuisnummer str ulica
 ulice utca sokak cadde gata gatuadress gate gateadresse vej katu katuosoite lahiosoite ulitsa odos
 logradouro rua morada viapiazza indirizzovia strada straatnr straatennr straatennummer straatnummer
 strassenr strassennr strasseundnr strasseundhausnr strasseundhausnummer streetandnumber
 streetnameandnumber streetno1 ruenumero numerorue voienumero thoroughfare addressstreet via vejnavn
 addrln addrln1
 tanav iela gatve libellevoie nomvoie nomdevoie
house_number: housenumber housenr streetnumber huisnummer huisnr hausnummer hausnr numero numerovoie
 streetno houseno house nrhuis nohuis housenumbersuffix streetnr hnr strnr nrdomu numerdomu
 cislopopisne cislodomu hazszam kapino husnummer husnr talonumero numerocivico civico ncivico nro
 buildingnumber bldgno stnum stnumber numerodevoie nvoie arithmos
postal_code: postalcode postcode zip zipcode plz postleitzahl codepostal addrpostalcode pc
 postcodefake postcd pcode cp cap codigopostal postcodes postalcd kodpocztowy psc iranyitoszam irsz
 codpostal postakodu postnummer postnr postinumero postanskibroj zipcd zippostal postkod codepost
 cdpostal postalzip postcodezip zippostcode postalzipcode zippostalcode codigocep pkod zip5 tk
 sihtnumber pastaindekss pastokodas postnastevilka poshchenskikod indeks
city: localidad ciudad municipio poblacion citta localite stad municipality localita cidade city
 town place suburb plaats woonplaats woonplaatsnaam ort wohnort stadt ville commune addrcity
 gemeente birthplace cityname plaatsnaam miejscowosc miasto mesto obec varos telepules oras
 localitate sehir ilce postort poststed kaupunki postitoimipaikka gorod poli grad mjesto naselje
 concelho freguesia municipi comune comuneresidenza residenza towncity citytown suburbtown posttown
 village township wohnsitz poblacio by bynavn postdistrikt naselenomyasto linn pilseta miestas il
 localidade locality kraj wpl
address: address adres adresse anschrift addr addrfull fulladdress direccion domicilio indirizzo
 postadres endereco volledigadres citystatezip wohnadresse postanschrift adresa cim lakcim osoite
 adress postadress bostadsadress adreszamieszkania bydliste residence residentialaddress homeaddress
 dieuthynsi direccio indirizzocompleto dieythynsi aadress adrese adresas adreskorespondencyjny
 domicile
kind: kind recordtype customertype partytype soort klanttype kundenart
source: source datasource sourcesystem bron bronsysteem quelle
"""
# Words before or after a name that change nothing, and such that make it somebody else's.
_NEUTRAL_WORDS = """
customer client klant kunde kunden person persoon patient contact my the mailing home post
postal residential primary main record current private prive work hoofd adres address wohn
applicant member inwoner burger citizen relatie bill billing ship shipping invoice delivery to of
correspondence permanent registered owner holder resident tenant student voter taxpayer guest
subscriber employee cust cli pat fld txt cliente paciente socio assure assicurato kontakt pers
pt hm wk nbr cd
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
# What holds the fields of a person, and says nothing of them itself: `name.family`.
_HOLDERS_WORDS = """
name names naam birth geboorte details info data personal contactdetails demographics identity
attributes properties fields telecom human individual verblijfplaats verblijfadres
"""
_HOLDERS = frozenset(_HOLDERS_WORDS.split())
_NAME_PARTS = frozenset({"given_name", "middle_name", "initials", "name_prefix", "family_name"})
# A column that numbers or labels rows is nobody's attribute.
_LABELS_WORDS = """
id key uuid guid uniqueid recid recordid cluster entity entityid trueid index nr
"""
_LABELS = frozenset(_LABELS_WORDS.split())
# What rows are about, and what they cost: nobody's name, whatever words stand there.
_TOPICS_WORDS = """
occupation profession job beroep beruf metier note notes remark remarks comment comments opmerking
opmerkingen bemerkung bemerkungen description omschrijving beschreibung subject onderwerp betreff
objet status type category reason reden amount price total balance salary income bedrag prijs saldo
betrag preis montant quantity qty count age leeftijd alter edad eta idade wiek ika amountdue score
"""
_TOPICS = frozenset(_TOPICS_WORDS.split())
# Words that stand beside that of a street where its number is in the same column.
_JOINING = frozenset({"en", "und", "and", "et", "y", "i", "og", "och", "e", "ja", "ve", "a", "u"})
_WITH_NUMBER = _JOINING | {"nr", "no", "number", "nummer", "numero", "num"}


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
# A counter behind a word: "phone1", "e-mail2".
_COUNTER = re.compile(r"(?<=[a-z]{3})(?=\d{1,2}$)")
_BRACKETS = re.compile(r"[(\[].*?[)\]]")
# A town and its postal code in one column.
_PLACE = frozenset({"postal_code", "city"})


def role_by_name(column: str) -> str | None:
    """Return the role that a column's name tells, if any; of a structure it is `holder.field`."""
    words = _words(column)
    if not words or not _OTHERS.isdisjoint(words):
        return None
    holder, dot, field = column.partition(".")
    within = role_by_name(field) if dot and _is_holder(holder) else None
    if within in _NAME_PARTS:
        return within
    role = _role_of_words(words)
    if role is None and _BRACKETS.search(column):
        return role_by_name(_BRACKETS.sub(" ", column))
    if role is None and len(words) > 1:
        role = _role_of_several(words)
    return role or within


def _is_holder(field: str) -> bool:
    """Tell what a structure may be called that holds a person's fields, or its place in a list."""
    return all(word.isdigit() or word in _NEUTRAL or word in _HOLDERS for word in _words(field))


def _words(column: str) -> list[str]:
    return fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).replace("_", " ")).split()


def _role_of_words(words: list[str]) -> str | None:
    whole = _ROLE_OF.get("".join(words))
    if whole is None:
        words = [part for word in words for part in _COUNTER.sub(" ", word).split()]
    telling = [
        word for word in words if not word.isdigit() and not _LAST_MARK.fullmatch(word)
    ] or words
    if whole or is_further_line(words):
        return whole
    for start in range(len(telling)):
        if not set(telling[:start]) <= _NEUTRAL:
            break
        for end in range(len(telling), start, -1):
            rest = [word for word in telling[end:] if word not in _JOINING]
            role = _ROLE_OF.get("".join(telling[start:end]))
            numbered = _ROLE_OF.get("".join(rest)) == "house_number"
            if role == "street" and (numbered or set(rest) <= _NEUTRAL | _WITH_NUMBER):
                return role
            if role and set(rest) <= _NEUTRAL:
                return role
    return None


def _role_of_several(words: list[str]) -> str | None:
    """Return the role of names such as "PLZ und Ort" and "surname or family name"."""
    words = [words[0], *(word for word in words[1:-1] if word not in _JOINING), words[-1]]
    for cut in range(1, len(words)):
        one, other = (_ROLE_OF.get("".join(part)) for part in (words[:cut], words[cut:]))
        if one and one == other:
            return one
        if one and {one, other} == _PLACE:
            return "address"
    return None


def is_further_line(words: Sequence[str]) -> bool:
    """Tell the words of a second line of an address and those below."""
    telling = [word for word in words if not word.isdigit()]
    return bool(telling) and words[-1].isdigit() and words[-1] != "1" and telling[-1] in _LINES


def is_bare_number(column: str) -> bool:
    """Tell a column called "number" and nothing more; behind a street it is a house's."""
    holder, _, field = column.rpartition(".")
    if not set(_words(holder)) <= _NEUTRAL:
        return False
    return fold(field) in _WITH_NUMBER - _JOINING


def is_of_a_topic(column: str) -> bool:
    """Tell a column whose name says that it is about something else than who somebody is."""
    return not _TOPICS.isdisjoint(fold(column.replace("_", " ")).split())


def is_silent(column: str) -> bool:
    """Tell a column whose name says that it numbers rows, dates events or is about others."""
    return is_label(column) or not (_MOMENTS | _OTHERS).isdisjoint(_folded(column))


def is_label(column: str) -> bool:
    """Tell a column whose name says that it numbers or labels rows."""
    words = _folded(column)
    return "".join(words) in _LABELS or (bool(words) and words[-1] in _LABELS)


def _folded(column: str) -> list[str]:
    return fold(column.replace("_", " ")).split()
