"""Data catalogues as DCAT-AP 3 and DCAT-AP-NL know them, and what each profile makes mandatory.

Source:
    SEMIC, DCAT-AP 3.0.1; Geonovum, DCAT-AP-NL 3.0.
"""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from registry.landscape.exchange.model import Text
from schemas.errors import InvalidInput


class Profile(StrEnum):
    """Which rules a catalogue has to follow."""

    DCAT_AP = "dcat-ap"
    DCAT_AP_NL = "dcat-ap-nl"


class AccessRights(StrEnum):
    """Who may see the data; the code of the European authority table."""

    PUBLIC = "PUBLIC"
    RESTRICTED = "RESTRICTED"
    NON_PUBLIC = "NON_PUBLIC"


class CatalogueIncomplete(InvalidInput):
    """The profile demands something the catalogue does not say."""

    code = "catalogue_incomplete"
    remedy = "Fill in what the message names, or publish under plain DCAT-AP."


class Agent(Struct, frozen=True, kw_only=True):
    """An organisation that publishes or made something."""

    iri: str
    name: tuple[Text, ...]


class Contact(Struct, frozen=True, kw_only=True):
    """Where to ask; an office, never a person."""

    name: str
    email: str | None = None
    url: str | None = None


class Distribution(Struct, frozen=True, kw_only=True):
    """One way to get a data set: a file or an address.

    Args:
        format: Code of the European file-type table, e.g. CSV.
        media_type: IANA name, e.g. text/csv.
        access_service: Address of the data service that gives access.
    """

    iri: str
    access_url: str
    title: tuple[Text, ...] = ()
    description: tuple[Text, ...] = ()
    license: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    access_service: str | None = None
    conforms_to: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    issued: date | datetime | None = None
    modified: date | datetime | None = None


class _Published(Struct, frozen=True, kw_only=True):
    iri: str
    title: tuple[Text, ...]
    description: tuple[Text, ...] = ()
    identifier: str | None = None
    publisher: Agent | None = None
    creator: Agent | None = None
    contact: Contact | None = None
    access_rights: AccessRights | None = None
    themes: tuple[str, ...] = ()
    keywords: tuple[Text, ...] = ()
    landing_page: str | None = None
    documentation: tuple[str, ...] = ()
    conforms_to: tuple[str, ...] = ()
    issued: date | datetime | None = None
    modified: date | datetime | None = None
    languages: tuple[str, ...] = ()


class Dataset(_Published, frozen=True, kw_only=True):
    """A data set.

    Args:
        themes: Codes of the European data-theme table, e.g. GOVE.
        frequency: Code of the European frequency table, e.g. ANNUAL.
        spatial: Address of a place.
        languages: Two-letter codes.
    """

    distributions: tuple[Distribution, ...] = ()
    frequency: str | None = None
    spatial: str | None = None
    version: str | None = None


class DataService(_Published, frozen=True, kw_only=True):
    """An interface that gives access to data sets; `serves` are their addresses."""

    endpoint_url: str
    endpoint_description: str | None = None
    license: str | None = None
    serves: tuple[str, ...] = ()


class Catalog(Struct, frozen=True, kw_only=True):
    """A catalogue of data sets and services."""

    iri: str
    title: tuple[Text, ...]
    description: tuple[Text, ...]
    publisher: Agent
    creator: Agent | None = None
    contact: Contact | None = None
    license: str | None = None
    homepage: str | None = None
    languages: tuple[str, ...] = ()
    issued: date | datetime | None = None
    modified: date | datetime | None = None
    datasets: tuple[Dataset, ...] = ()
    services: tuple[DataService, ...] = ()


_ALWAYS = {
    Catalog: ("title", "description", "publisher"),
    Dataset: ("title", "description"),
    Distribution: ("access_url",),
    DataService: ("title", "endpoint_url"),
}
_NL_PUBLISHED = ("access_rights", "contact", "identifier", "publisher", "themes")
_NL = {
    Catalog: ("contact", "datasets"),
    Dataset: (*_NL_PUBLISHED, "creator"),
    Distribution: ("license",),
    DataService: (*_NL_PUBLISHED, "description", "endpoint_description", "license"),
}


def missing(catalog: Catalog, profile: Profile) -> list[str]:
    """Return what the profile demands and the catalogue does not say, as `address: field`."""
    parts: list[Catalog | Dataset | Distribution | DataService] = [catalog]
    for dataset in catalog.datasets:
        parts += [dataset, *dataset.distributions]
    parts += catalog.services
    demanded = [_ALWAYS, _NL] if profile is Profile.DCAT_AP_NL else [_ALWAYS]
    return [
        f"{part.iri}: {name}"
        for part in parts
        for table in demanded
        for name in table[type(part)]
        if not getattr(part, name)
    ]


def require_complete(catalog: Catalog, profile: Profile) -> None:
    """Refuse a catalogue that its profile would refuse.

    Raises:
        CatalogueIncomplete: Names the fields; all of them stand in its facts.
    """
    if gaps := missing(catalog, profile):
        shown = "; ".join(gaps[:10])
        more = f" and {len(gaps) - 10} more" if len(gaps) > 10 else ""
        raise CatalogueIncomplete(f"{profile} demands {shown}{more}.", missing=gaps)
