"""A small town for tests of pages: the sandbox landscape, good and bad runs, customers."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from starlette.applications import Starlette

from registry import landscape
from registry.settings import Settings
from schemas.intake import RunState
from tests.factories import (
    a_customer,
    a_customer_link,
    a_landed_record,
    a_quarantined_record,
    a_source,
    a_sync_run,
)
from townclerk.app import create_app
from townclerk.sandbox.landscape import landscape_of

# The city is not running: its sources have addresses that nobody asks.
ADDRESSES = {
    name: {"base_url": f"http://{name}.example.nl"}
    for name in ("crm", "permits", "library", "taxes", "waste", "parking")
}
SOURCES = {
    "crm": ("urn:townclerk:interface:crm-api", RunState.COMPLETED),
    "library": ("urn:townclerk:interface:library-api", RunState.COMPLETED),
    "taxes": ("urn:townclerk:interface:taxes-database", RunState.FAILED),
    "waste": ("urn:townclerk:interface:waste-files", RunState.RUNNING),
}
FAILURE = {
    "code": "unreachable",
    "what": "The database did not answer in 10 seconds.",
    "remedy": "Look whether it runs; then sync again.",
}
ENDED = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUSTOMER = "Jansen, A."
# Nothing listens on port 9, so Prefect counts as a server of the operator's that is down.
NO_PREFECT = "http://127.0.0.1:9/prefect/api"


def settings_in(data_dir: Path) -> Settings:
    """Return settings of a server on a free port, without a Prefect of its own."""
    return Settings(
        data_dir=data_dir,
        port=0,
        PREFECT_API_URL=NO_PREFECT,  # type: ignore[call-arg] # pydantic takes the alias
    )


def demo_app(data_dir: Path) -> Starlette:
    """Return the real application, asked by the local architect."""
    return create_app(settings_in(data_dir), demo=True)


def fill_town(db: psycopg.Connection) -> None:
    """Register the sandbox landscape, run its sources and know two customers."""
    commands, queries = landscape.commands, landscape.queries
    commands.ensure_own_elements(db)
    commands.register(db, commands.read_landscape(landscape_of(ADDRESSES)))
    for key, (urn, state) in SOURCES.items():
        source = a_source(db, key=key, interface_id=queries.find_element(db, urn).id)
        run = a_sync_run(
            db,
            source_id=source.id,
            state=state,
            records_read=1200,
            records_landed=1100,
            records_quarantined=2 if key == "library" else 0,
            error=FAILURE if state is RunState.FAILED else None,
            finished_at=None if state is RunState.RUNNING else ENDED,
        )
        if key == "library":
            for number in range(2):
                a_quarantined_record(db, source_id=source.id, run_id=run.id, key=f"reader-{number}")
    data_set = queries.find_element(db, "urn:townclerk:data_set:crm-customers").id
    for name in (CUSTOMER, "Bakkerij De Korenaar"):
        records = [a_landed_record(db, data_set_id=data_set) for _ in range(2)]
        origin = {
            "record_id": records[0].id,
            "data_set_id": str(data_set),
            "changed_at": ENDED.isoformat(),
            "rule": "newest",
        }
        customer = a_customer(
            db,
            display_name=name,
            attrs={"family_name": name, "city": "Lindehaven"},
            provenance={"sources": [{**origin, "values": ["family_name", "address"]}]},
            record_count=2,
        )
        for record in records:
            a_customer_link(db, record_id=record.id, customer_id=customer.id)


class Client:
    """Asks an application in memory; a page that fails, fails the test.

    Args:
        app: What answers.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, address: str, **given: Any) -> httpx.Response:
        """Send one GET."""
        return asyncio.run(self._send("GET", address, **given))

    def post(self, address: str, **given: Any) -> httpx.Response:
        """Send one POST."""
        return asyncio.run(self._send("POST", address, **given))

    async def _send(self, method: str, address: str, **given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, address, **given)
