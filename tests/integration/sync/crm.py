"""A registered source under the test's control: two hundred people on four pages."""

import asyncio
from collections.abc import Callable
from typing import Any

import yaml

from connectors.sdk.load import load_connector_file
from flows.steps import open_source, run_chunk, take_source
from registry import intake, landscape
from registry.storage.database import unit_of_work
from schemas.intake import RunState
from tests.contract.connectors.servers import Reply, Request, Server
from tests.factories import a_data_set, an_interface

PEOPLE = 200
PAGE = 50


class Crm:
    """A registered source under the test's control, paged by offset with a total."""

    def __init__(self) -> None:
        self.people = [{"id": n, "name": f"Name {n}", "born": "1980-01-02"} for n in range(PEOPLE)]
        self.file: dict[str, Any] = {
            "connector": "crm",
            "kind": "rest",
            "interface": "urn:test:interface:crm",
            "streams": {
                "people": {
                    "data_set": "urn:test:data_set:people",
                    "get": "/people",
                    "records": "items",
                    "paging": {"type": "link", "next": "next", "size_parameter": "n", "size": PAGE},
                    "key": "id",
                    "map": {"kind": "'person'", "family_name": "name", "birth_date": "date(born)"},
                }
            },
        }
        self.answer: Callable[[Request], Reply] = self.page
        self.server = Server(self._answer)
        with unit_of_work() as db:
            landscape.commands.ensure_own_elements(db)
            attrs = {"base_url": self.server.url, "sandbox": True}
            an_interface(db, urn="urn:test:interface:crm", attrs=attrs)
            a_data_set(db, urn="urn:test:data_set:people")
        self.register()

    @property
    def stream(self) -> dict[str, Any]:
        stream: dict[str, Any] = self.file["streams"]["people"]
        return stream

    def _answer(self, request: Request) -> Reply:
        return self.answer(request)

    def page(self, request: Request) -> Reply:
        start = int(request.query.get("from", 0))
        rest = self.people[start : start + PAGE]
        more = start + PAGE < len(self.people)
        link = f"/people?from={start + PAGE}" if more else None
        return Reply.json({"items": rest, "next": link})

    def register(self) -> None:
        spec = load_connector_file(yaml.safe_dump(self.file), name="crm.yaml")
        with unit_of_work() as db:
            intake.commands.register_source(
                db,
                key="crm",
                interface_urn=spec.interface,
                spec=spec.model_dump(mode="json", exclude_none=True),
            )

    def sync(self, seconds_max: float = 600.0) -> intake.queries.RunRow:
        with unit_of_work() as db:
            opened = open_source(db, "crm")
        lease = take_source(opened.id, lock_is_ours=True)
        report = asyncio.run(run_chunk(opened, lease, seconds_max=seconds_max))
        if report.done:
            with unit_of_work() as db:
                intake.commands.finish_run(db, lease, RunState.COMPLETED)
        with unit_of_work() as db:
            return intake.queries.list_runs(db, source_key="crm")[0]


def count(question: str) -> int:
    with unit_of_work() as db:
        row = db.execute(question).fetchone()  # type: ignore[arg-type]
    assert row
    return int(row[0])
