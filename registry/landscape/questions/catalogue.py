"""The landscape as a catalogue for DCAT: its data sets, and the interfaces that give them out.

What a record says comes first; what it leaves open is filled in from what holds for the whole
town, such as publisher, licence and where to ask.
"""

from collections.abc import Iterator
from datetime import date
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from registry.landscape.exchange.dcat import (
    AccessRights,
    Agent,
    Catalog,
    Contact,
    DataService,
    Dataset,
    Distribution,
)
from registry.landscape.exchange.model import Text
from registry.landscape.lifecycle import day_of
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.profiles import fact, says_yes
from schemas.landscape_kinds import RelationshipKind

DATA_SETS: Final = ("data_set",)
SERVICES: Final = ("interface", "application_interface")
DISTRIBUTIONS: Final = ("distribution",)
_SEPARATOR: Final = ";"
# Where a record says these; the first that says something counts.
_ADDRESS: Final = ("access url", "endpoint url", "base url", "url", "link")
_DOWNLOAD: Final = ("download url",)
_DESCRIBED: Final = ("endpoint description", "openapi", "openapi url", "documentation url")
_IDENTIFIER: Final = ("identifier", "object id", "id")


class Publication(Struct, frozen=True, kw_only=True):
    """What holds for all data sets of a town unless they say otherwise.

    Args:
        base: Address all others begin with, without a slash at its end.
        title: Title of the catalogue.
        publisher: Name of the organisation.
        publisher_iri: Its address in a register of organisations.
        contact: Where to ask; an office, never a person.
        contact_email: Its mail address.
        license: Address of the licence.
        theme: Code of the European data-theme table.
        language: Two-letter code of names and descriptions.
    """

    base: str
    title: str
    publisher: str
    publisher_iri: str
    contact: str
    contact_email: str
    license: str
    theme: str = "GOVE"
    language: str = "nl"


def catalogue(graph: LandscapeGraph, told: Publication, *, today: date) -> Catalog:
    """Return the landscape as a catalogue.

    Args:
        graph: The landscape.
        told: What holds for the whole town.
        today: The day of publication.

    Returns:
        Data sets by name, then services by name. Data sets with personal data are listed as not
        public: that they exist is no secret, and the law asks for it.
    """
    return _Catalogue(graph, told).made(today)


class _Catalogue:
    def __init__(self, graph: LandscapeGraph, told: Publication) -> None:
        self.graph, self.told = graph, told
        self.agent = Agent(iri=told.publisher_iri, name=self.text(told.publisher))
        self.contact = Contact(name=told.contact, email=told.contact_email)

    def made(self, today: date) -> Catalog:
        data_sets = self.named(DATA_SETS)
        services = [node for node in self.named(SERVICES) if self.said(node, _ADDRESS)]
        return Catalog(
            iri=f"{self.told.base}/catalogue",
            title=self.text(self.told.title),
            description=self.text(self.told.title),
            publisher=self.agent,
            creator=self.agent,
            contact=self.contact,
            license=self.told.license,
            homepage=self.told.base,
            languages=(self.told.language,),
            modified=today,
            datasets=tuple(self.data_set(node) for node in data_sets),
            services=tuple(self.service(node) for node in services),
        )

    def named(self, kinds: tuple[str, ...]) -> list[int]:
        graph = self.graph
        nodes = graph.of_kinds(*kinds).tolist()
        return sorted(nodes, key=lambda node: (graph.names[node], graph.keys[node]))

    def said(self, node: int, names: tuple[str, ...]) -> str:
        return self.graph.value(node, names)

    def text(self, words: str) -> tuple[Text, ...]:
        return (Text(words, self.told.language),) if words else ()

    def iri(self, node: int) -> str:
        return f"{self.told.base}/id/{quote(self.identifier(node), safe=':')}"

    def identifier(self, node: int) -> str:
        alias = self.graph.columns.aliases[node]
        return alias or self.said(node, _IDENTIFIER) or self.graph.keys[node]

    def rights(self, node: int) -> AccessRights:
        stated = self.said(node, ("access rights", "toegankelijkheid")).upper().replace(" ", "_")
        if stated in set(AccessRights):
            return AccessRights(stated)
        if says_yes(fact(self.graph, node, "personal_data")):
            return AccessRights.NON_PUBLIC
        return AccessRights.PUBLIC if self.said(node, _DOWNLOAD) else AccessRights.RESTRICTED

    def owner(self, node: int) -> Agent:
        """Return who made a data set: its owner within the town, else the town."""
        name = fact(self.graph, node, "owner")
        if not name:
            return self.agent
        place = quote(name.casefold().replace(" ", "-"))
        return Agent(iri=f"{self.told.base}/id/organisation/{place}", name=self.text(name))

    def data_set(self, node: int) -> Dataset:
        themes = self.said(node, ("theme", "dcat theme", "thema")) or self.told.theme
        return Dataset(
            iri=self.iri(node),
            title=self.text(self.graph.names[node]),
            description=self.text(self.graph.description(node) or self.graph.names[node]),
            identifier=self.identifier(node),
            publisher=self.agent,
            creator=self.owner(node),
            contact=self.contact,
            access_rights=self.rights(node),
            themes=tuple(part.strip() for part in themes.split(_SEPARATOR)),
            keywords=tuple(self.keywords(node)),
            languages=(self.told.language,),
            modified=day_of(self.said(node, ("modified", "gewijzigd", "last modified"))),
            frequency=self.said(node, ("frequency", "dcat frequency")) or None,
            distributions=tuple(self.distributions(node)),
        )

    def keywords(self, node: int) -> Iterator[Text]:
        for word in self.said(node, ("keywords", "trefwoorden")).split(_SEPARATOR):
            yield from self.text(word.strip())

    def distributions(self, node: int) -> Iterator[Distribution]:
        """Yield the ways to get a data set: its own address, and what realizes it."""
        if self.said(node, _DOWNLOAD) or self.said(node, _ADDRESS):
            yield self.distribution(node, f"{self.iri(node)}/distribution")
        for other, _edge in self.graph.incoming(node, RelationshipKind.REALIZATION):
            if self.graph.kinds[other] in DISTRIBUTIONS and self.said(other, _ADDRESS):
                yield self.distribution(other, self.iri(other))
        for other, _edge in self.graph.incoming(node, RelationshipKind.ACCESS):
            if self.graph.kinds[other] in SERVICES and self.said(other, _ADDRESS):
                yield Distribution(
                    iri=f"{self.iri(node)}/by/{quote(self.identifier(other), safe=':')}",
                    access_url=self.said(other, _ADDRESS),
                    title=self.text(self.graph.names[other]),
                    license=self.told.license,
                    access_service=self.iri(other),
                )

    def distribution(self, node: int, iri: str) -> Distribution:
        download = self.said(node, _DOWNLOAD)
        return Distribution(
            iri=iri,
            access_url=self.said(node, _ADDRESS) or download,
            download_url=download or None,
            title=self.text(self.graph.names[node]),
            license=self.said(node, ("license", "licence", "licentie")) or self.told.license,
            format=self.said(node, ("format", "formaat")).upper() or None,
            media_type=self.said(node, ("media type",)) or None,
        )

    def service(self, node: int) -> DataService:
        address = self.said(node, _ADDRESS)
        served = [
            self.iri(data)
            for data, _edge in self.graph.outgoing(node, RelationshipKind.ACCESS)
            if self.graph.kinds[data] in DATA_SETS
        ]
        return DataService(
            iri=self.iri(node),
            title=self.text(self.graph.names[node]),
            description=self.text(self.graph.description(node) or self.graph.names[node]),
            identifier=self.identifier(node),
            publisher=self.agent,
            creator=self.agent,
            contact=self.contact,
            access_rights=self.rights(node),
            themes=(self.told.theme,),
            languages=(self.told.language,),
            endpoint_url=address,
            endpoint_description=self.said(node, _DESCRIBED) or address,
            license=self.told.license,
            serves=tuple(served),
        )
