"""Writes a catalogue as DCAT-AP 3 or DCAT-AP-NL, in Turtle or JSON-LD.

Whatever the profiles want to be of a class (a language, a theme, a licence) is said to be of that
class, so that a strict reader needs no look at other sites.
"""

from collections.abc import Iterator
from datetime import date, datetime

from registry.landscape.exchange.dcat import (
    Agent,
    Catalog,
    Contact,
    DataService,
    Dataset,
    Distribution,
    Profile,
    require_complete,
)
from registry.landscape.exchange.model import Text
from registry.landscape.exchange.rdf import Iri, Literal, Resource, json_ld, turtle

PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_AUTHORITY = "http://publications.europa.eu/resource/authority/"
_MEDIA_TYPES = "http://www.iana.org/assignments/media-types/"
# Three letters of the European table per two letters of ISO 639-1; the official languages.
_LANGUAGES = {
    "bg": "BUL",
    "cs": "CES",
    "da": "DAN",
    "de": "DEU",
    "el": "ELL",
    "en": "ENG",
    "es": "SPA",
    "et": "EST",
    "fi": "FIN",
    "fr": "FRA",
    "fy": "FRY",
    "ga": "GLE",
    "hr": "HRV",
    "hu": "HUN",
    "it": "ITA",
    "lt": "LIT",
    "lv": "LAV",
    "mt": "MLT",
    "nl": "NLD",
    "pl": "POL",
    "pt": "POR",
    "ro": "RON",
    "sk": "SLK",
    "sl": "SLV",
    "sv": "SWE",
}
# The European data themes; a theme must say its name.
_THEMES = {
    "AGRI": "Agriculture, fisheries, forestry and food",
    "ECON": "Economy and finance",
    "EDUC": "Education, culture and sport",
    "ENER": "Energy",
    "ENVI": "Environment",
    "GOVE": "Government and public sector",
    "HEAL": "Health",
    "INTR": "International issues",
    "JUST": "Justice, legal system and public safety",
    "OP_DATPRO": "Provisional data",
    "REGI": "Regions and cities",
    "SOCI": "Population and society",
    "TECH": "Science and technology",
    "TRAN": "Transport",
}


def write_turtle(catalog: Catalog, profile: Profile) -> str:
    """Return the catalogue as Turtle.

    Raises:
        CatalogueIncomplete: The profile demands something the catalogue does not say.
        InvalidInput: An address is none.
    """
    return turtle(_resources(catalog, profile), PREFIXES)


def write_json_ld(catalog: Catalog, profile: Profile) -> str:
    """Return the catalogue as JSON-LD; raises as write_turtle does."""
    return json_ld(_resources(catalog, profile), PREFIXES)


def _resources(catalog: Catalog, profile: Profile) -> list[Resource]:
    require_complete(catalog, profile)
    described = _Described()
    resources = [_catalog(catalog, described)]
    for dataset in catalog.datasets:
        resources.append(_dataset(dataset, described))
        resources += [_distribution(item, described) for item in dataset.distributions]
    resources += [_service(service, described) for service in catalog.services]
    return [*resources, *described.all()]


class _Described:
    """Addresses of others that our statements lead to, each with its class."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Resource] = {}

    def a(self, kind: str, address: str | None) -> Iri | None:
        """Return an address, and remember of which class it is."""
        if address is None:
            return None
        resource = Resource((kind,), Iri(address))
        self._found.setdefault((kind, address), resource)
        return resource.iri

    def agent(self, agent: Agent | None) -> Iri | None:
        if agent is None:
            return None
        names = [("foaf:name", word) for word in _words(agent.name)]
        return self._named("foaf:Agent", agent.iri, names)

    def theme(self, code: str) -> Iri:
        label = _THEMES.get(code) or code.rstrip("/").rpartition("/")[2]
        words = [("skos:prefLabel", Literal(label, "en"))]
        return self._named("skos:Concept", _code("data-theme", code), words)

    def themes(self) -> Iri:
        title = [("dct:title", Literal("Data theme", "en"))]
        return self._named("skos:ConceptScheme", f"{_AUTHORITY}data-theme", title)

    def _named(self, kind: str, address: str, names: list[tuple[str, Literal]]) -> Iri:
        resource = Resource((kind,), Iri(address))
        for predicate, name in names:
            resource.say(predicate, name)
        self._found.setdefault((kind, address), resource)
        return Iri(address)

    def all(self) -> Iterator[Resource]:
        yield from self._found.values()


def _catalog(catalog: Catalog, described: _Described) -> Resource:
    told = Resource(("dcat:Catalog",), Iri(catalog.iri))
    told.say("dct:title", *_words(catalog.title))
    told.say("dct:description", *_words(catalog.description))
    told.say("dct:publisher", described.agent(catalog.publisher))
    told.say("dct:creator", described.agent(catalog.creator))
    told.say("dcat:contactPoint", _contact(catalog.contact))
    told.say("dct:license", described.a("dct:LicenseDocument", catalog.license))
    told.say("foaf:homepage", described.a("foaf:Document", catalog.homepage))
    told.say("dct:language", *_languages(catalog.languages, described))
    _dates(told, catalog)
    told.say("dcat:themeTaxonomy", described.themes())
    told.say("dcat:dataset", *(Iri(dataset.iri) for dataset in catalog.datasets))
    told.say("dcat:service", *(Iri(service.iri) for service in catalog.services))
    return told


def _published(told: Resource, item: Dataset | DataService, described: _Described) -> None:
    told.say("dct:title", *_words(item.title))
    told.say("dct:description", *_words(item.description))
    told.say("dct:identifier", Literal(item.identifier) if item.identifier else None)
    told.say("dct:publisher", described.agent(item.publisher))
    told.say("dct:creator", described.agent(item.creator))
    told.say("dcat:contactPoint", _contact(item.contact))
    rights = item.access_rights and f"{_AUTHORITY}access-right/{item.access_rights}"
    told.say("dct:accessRights", described.a("dct:RightsStatement", rights))
    told.say("dcat:theme", *(described.theme(theme) for theme in item.themes))
    told.say("dcat:keyword", *_words(item.keywords))
    told.say("dcat:landingPage", described.a("foaf:Document", item.landing_page))
    told.say("foaf:page", *(described.a("foaf:Document", page) for page in item.documentation))
    _standards(told, item, described)
    _dates(told, item)


def _dataset(dataset: Dataset, described: _Described) -> Resource:
    told = Resource(("dcat:Dataset",), Iri(dataset.iri))
    _published(told, dataset, described)
    frequency = dataset.frequency and _code("frequency", dataset.frequency)
    told.say("dct:accrualPeriodicity", described.a("dct:Frequency", frequency))
    told.say("dct:spatial", described.a("dct:Location", dataset.spatial))
    told.say("dcat:version", Literal(dataset.version) if dataset.version else None)
    told.say("dcat:distribution", *(Iri(item.iri) for item in dataset.distributions))
    return told


def _distribution(item: Distribution, described: _Described) -> Resource:
    told = Resource(("dcat:Distribution",), Iri(item.iri))
    told.say("dct:title", *_words(item.title))
    told.say("dct:description", *_words(item.description))
    told.say("dcat:accessURL", described.a("rdfs:Resource", item.access_url))
    told.say("dcat:downloadURL", described.a("rdfs:Resource", item.download_url))
    told.say("dct:license", described.a("dct:LicenseDocument", item.license))
    file_type = item.format and _code("file-type", item.format)
    told.say("dct:format", described.a("dct:MediaTypeOrExtent", file_type))
    media_type = item.media_type and _MEDIA_TYPES + item.media_type
    told.say("dcat:mediaType", described.a("dct:MediaType", media_type))
    told.say("dcat:accessService", Iri(item.access_service) if item.access_service else None)
    _standards(told, item, described)
    _dates(told, item)
    return told


def _service(service: DataService, described: _Described) -> Resource:
    told = Resource(("dcat:DataService",), Iri(service.iri))
    _published(told, service, described)
    told.say("dcat:endpointURL", described.a("rdfs:Resource", service.endpoint_url))
    description = service.endpoint_description
    told.say("dcat:endpointDescription", described.a("rdfs:Resource", description))
    told.say("dct:license", described.a("dct:LicenseDocument", service.license))
    told.say("dcat:servesDataset", *(Iri(address) for address in service.serves))
    return told


def _standards(
    told: Resource, item: Dataset | DataService | Distribution, described: _Described
) -> None:
    standards = (described.a("dct:Standard", standard) for standard in item.conforms_to)
    told.say("dct:conformsTo", *standards)
    told.say("dct:language", *_languages(item.languages, described))


def _contact(contact: Contact | None) -> Resource | None:
    if contact is None:
        return None
    told = Resource(("vcard:Organization", "vcard:Kind"))
    told.say("vcard:fn", Literal(contact.name))
    told.say("vcard:hasEmail", Iri(f"mailto:{contact.email}") if contact.email else None)
    told.say("vcard:hasURL", Iri(contact.url) if contact.url else None)
    return told


def _dates(told: Resource, item: Catalog | Dataset | DataService | Distribution) -> None:
    for predicate, moment in (("dct:issued", item.issued), ("dct:modified", item.modified)):
        if moment is not None:
            kind = "xsd:dateTime" if isinstance(moment, datetime) else "xsd:date"
            told.say(predicate, _moment(moment, kind))


def _moment(moment: date | datetime, kind: str) -> Literal:
    return Literal(moment.isoformat(), datatype=kind)


def _words(texts: tuple[Text, ...]) -> list[Literal]:
    return [Literal(text.text, text.language) for text in texts]


def _languages(codes: tuple[str, ...], described: _Described) -> list[Iri | None]:
    addresses = (_code("language", _LANGUAGES.get(code, code.upper())) for code in codes)
    return [described.a("dct:LinguisticSystem", address) for address in addresses]


def _code(table: str, code: str) -> str:
    """Return a code's address in a European table; an address stays as it is."""
    return code if ":" in code else f"{_AUTHORITY}{table}/{code}"
