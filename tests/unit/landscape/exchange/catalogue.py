"""A small catalogue of our own that says everything the profiles ask or recommend."""

from datetime import UTC, date, datetime

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

CITY = Agent(
    iri="https://city.example/id/city", name=(Text("City of Example", "en"), Text("Stad", "nl"))
)
OFFICE = Contact(name="Data office", email="data@city.example", url="https://city.example/data")
FREE = "http://creativecommons.org/publicdomain/zero/1.0/"
STANDARD = ("https://standards.example/permits/1",)
DATASET = Dataset(
    iri="https://city.example/data/permits",
    title=(Text('Permits "granted"', "en"),),
    description=(Text("All permits\nsince 1990", "en"),),
    identifier="permits",
    publisher=CITY,
    creator=CITY,
    contact=OFFICE,
    access_rights=AccessRights.PUBLIC,
    themes=("GOVE", "REGI"),
    keywords=(Text("permit", "en"),),
    landing_page="https://city.example/permits",
    documentation=("https://city.example/permits/about",),
    conforms_to=STANDARD,
    languages=("nl", "en"),
    issued=date(2026, 1, 1),
    modified=datetime(2026, 6, 30, 12, 0, tzinfo=UTC),
    frequency="DAILY",
    version="2",
    distributions=(
        Distribution(
            iri="https://city.example/data/permits/csv",
            title=(Text("As table", "en"),),
            description=(Text("One row per permit", "en"),),
            access_url="https://city.example/permits.csv",
            download_url="https://city.example/permits.csv",
            license=FREE,
            format="CSV",
            media_type="text/csv",
            access_service="https://city.example/api/permits",
            conforms_to=STANDARD,
            languages=("nl",),
        ),
    ),
)
SERVICE = DataService(
    iri="https://city.example/api/permits",
    title=(Text("Permits API", "en"),),
    description=(Text("Permits one by one", "en"),),
    identifier="permits-api",
    publisher=CITY,
    creator=CITY,
    contact=OFFICE,
    access_rights=AccessRights.RESTRICTED,
    themes=("GOVE",),
    keywords=(Text("permit", "en"),),
    conforms_to=STANDARD,
    languages=("en",),
    endpoint_url="https://city.example/api/permits/v1",
    endpoint_description="https://city.example/api/permits/openapi.json",
    license=FREE,
    serves=(DATASET.iri,),
)
CATALOG = Catalog(
    iri="https://city.example/catalog",
    title=(Text("Data of the city", "en"), Text("Gegevens van de stad", "nl")),
    description=(Text("What the city publishes", "en"),),
    publisher=CITY,
    creator=CITY,
    contact=OFFICE,
    license=FREE,
    homepage="https://city.example",
    languages=("nl", "en"),
    issued=date(2026, 1, 1),
    modified=date(2026, 6, 30),
    datasets=(DATASET,),
    services=(SERVICE,),
)


def bare_catalog() -> Catalog:
    """Return what plain DCAT-AP is content with."""
    dataset = Dataset(
        iri="https://city.example/data/bare",
        title=(Text("Bare", "en"),),
        description=(Text("Bare", "en"),),
        distributions=(
            Distribution(
                iri="https://city.example/data/bare/csv", access_url="https://city.example/b.csv"
            ),
        ),
    )
    return Catalog(
        iri="https://city.example/catalog",
        title=(Text("Bare", "en"),),
        description=(Text("Bare", "en"),),
        publisher=CITY,
        datasets=(dataset,),
    )
