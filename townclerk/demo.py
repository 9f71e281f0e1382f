"""The demonstration: a whole town on this machine, from nothing to one master view.

The sandbox city speaks real protocols from a process of its own. Here the database, the web
server and Prefect come up, the city's landscape is registered, every source is synced, the
records are matched, and the outcome is compared with the truth that only the city knows.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sdk.load import load_connector_file
from registry import customers, intake, landscape
from registry.settings import Settings
from registry.storage.database import unit_of_work
from registry.storage.running import running_database
from schemas.errors import Misconfigured
from schemas.landscape_kinds import ElementKind
from townclerk.processes import Child, run_stoppable
from townclerk.sandbox.connectors import connector_files
from townclerk.sandbox.landscape import landscape_of
from townclerk.sandbox.truth import score_pairs

CITY_SECONDS_MAX = 900.0  # a million people take a minute or two to make; a slow disk longer


@dataclass
class Demo:
    """What one demonstration is about, and how long each of its stages took."""

    settings: Settings
    people: int
    seed: int
    on_stage: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        """Where this demonstration lives; another size or seed is another town."""
        return self.settings.data_dir / "demo" / f"{self.people}-people-seed-{self.seed}"

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage and tell the watcher that it began."""
        self.on_stage(name)
        begun = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - begun, 2)


@contextmanager
def running_demo(demo: Demo) -> Iterator[dict[str, Any]]:
    """Bring the town up, do the main job once, and keep everything running while yielded to.

    Yields:
        The report; `docs/reference/demo-report.md` describes it.
    """
    from flows import runtime, server  # the heavy floor; only commands that run flows enter it
    from townclerk.serving import bind, serving

    begun = time.monotonic()
    settings = demo.settings.model_copy(update={"data_dir": demo.directory})
    with ExitStack() as stack:
        # What can fail at once comes first: the port, then the directory and the database.
        listening = stack.enter_context(bind(settings.host, settings.port))
        with demo.stage("database"):
            stack.enter_context(running_database(settings))
        runtime.use_prefect(settings)
        city = stack.enter_context(_city(demo))
        preparing = stack.enter_context(ThreadPoolExecutor(1, "prefect")).submit(
            server.prepare, settings
        )
        with demo.stage("city"):
            facts = city.wait_ready(CITY_SECONDS_MAX)
        with demo.stage("register"):
            keys = _register(demo, facts["sources"])
        with demo.stage("web"):
            preparing.result()
            url = stack.enter_context(serving(settings, demo=True, sock=listening))
        from flows import sync

        with demo.stage("sync"):
            states = run_stoppable(sync.sync_sources(keys))
        with demo.stage("match"):
            matched = run_stoppable(sync.rematch())
        with demo.stage("score"):
            report = _report(demo) | {"matching": matched.seconds}
        demo.seconds["total"] = round(time.monotonic() - begun, 2)
        yield {
            "people": demo.people,
            "seed": demo.seed,
            "url": url,
            "directory": str(demo.directory),
            "sources": states,
        } | report


def _city(demo: Demo) -> Child:
    """Start the sandbox city; it makes its people while we make the database."""
    return Child(
        "the sandbox city",
        [
            "townclerk.sandbox",
            *("--people", str(demo.people)),
            *("--seed", str(demo.seed)),
            *("--dir", str(demo.directory / "city")),
        ],
        log=demo.directory / "city.log",
    )


def _register(demo: Demo, addresses: dict[str, Any]) -> list[str]:
    """Register landscape and sources of the city; return the keys of the sources.

    Raises:
        Misconfigured: The database serves a real town; people are not mixed with dolls. In the
            demonstration's own database a source that somebody added is neither read nor judged.
    """
    files = connector_files(demo.directory / "city")
    draft = landscape.commands.read_landscape(landscape_of(addresses))
    with unit_of_work() as db:
        real = [
            source.key
            for source in intake.queries.list_sources(db)
            if not source.interface_attrs.get("sandbox")
        ]
        if real and demo.settings.database_url is not None:
            raise Misconfigured(
                f"this database holds real sources: {', '.join(real[:5])}",
                remedy="Unset DATABASE_URL, so that the demonstration makes its own database.",
            )
        landscape.commands.ensure_own_elements(db)
        landscape.commands.register(db, draft, proposer="townclerk", reason="The demo's town.")
        specs = [load_connector_file(text, name=name) for name, text in files.items()]
        for spec in specs:
            intake.commands.register_source(
                db,
                key=spec.connector,
                interface_urn=spec.interface,
                spec=spec.model_dump(mode="json", exclude_none=True),
            )
        return sorted(spec.connector for spec in specs)


def _report(demo: Demo) -> dict[str, Any]:
    with unit_of_work() as db:
        totals = intake.queries.totals(db)
        kinds = landscape.queries.count_by_kind(db)
        count = customers.queries.count_customers(db)
        with customers.queries.memberships(db) as members:
            truth = demo.directory / "city" / "truth.sqlite"
            pairs = score_pairs(members, truth, with_others=True)
    return {
        "records_read": totals.records_read,
        "records_landed": totals.records_landed,
        "quarantined": totals.quarantined,
        "customer_records": pairs["assigned"] + pairs["others"],
        "customers": count,
        "pairs": pairs,
        "systems": kinds[ElementKind.SYSTEM],
        "data_sets": kinds[ElementKind.DATA_SET],
        "interfaces": kinds[ElementKind.INTERFACE],
        "reference_components": kinds[ElementKind.REFERENCE_COMPONENT],
        "lineage_edges": totals.lineage_edges,
        "seconds": demo.seconds,
    }
