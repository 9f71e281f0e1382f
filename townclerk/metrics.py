"""Figures for Prometheus: what the database knows when asked, and how long requests take."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from psycopg import Connection, OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from registry.storage.database import unit_of_work
from schemas.errors import TownclerkError

# A scrape must not hold the database up; Prometheus itself gives up after ten seconds.
STATEMENT_MILLISECONDS_MAX: Final = 5000
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_RUNS: Final = """
    SELECT source.key, run.state, count(*), coalesce(sum(run.records_read), 0),
           coalesce(sum(run.records_landed), 0), coalesce(sum(run.records_unchanged), 0),
           coalesce(sum(run.records_quarantined), 0)
    FROM sync_run AS run JOIN source ON source.id = run.source_id
    GROUP BY source.key, run.state ORDER BY source.key, run.state"""
_QUARANTINE: Final = """
    SELECT source.key, record.rule, count(*)
    FROM quarantined_record AS record JOIN source ON source.id = record.source_id
    GROUP BY source.key, record.rule ORDER BY source.key, record.rule"""
# How old the newest complete reading of a data set is; one never read has no lag, only no row.
_LAG: Final = """
    SELECT stream.value ->> 'data_set', source.key,
           extract(epoch FROM now() - max(run.finished_at))::float8
    FROM source
    CROSS JOIN LATERAL jsonb_each(source.spec -> 'streams') AS stream
    JOIN sync_run AS run ON run.source_id = source.id AND run.state = 'completed'
    GROUP BY 1, 2 ORDER BY 1, 2"""


class Metrics:
    """The figures of one application; a registry of its own, so that two can live side by side."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Histogram(
            "townclerk_request_seconds",
            "How long requests took, by route template.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.registry.register(DatabaseFigures())
        ProcessCollector(registry=self.registry)

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; foreign methods share a label, so that nobody can make many."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).observe(seconds)

    async def answer(self, _: Request) -> Response:
        """Answer /metrics in Prometheus's text format; the database is asked in a thread."""
        text = await run_in_threadpool(generate_latest, self.registry)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


class DatabaseFigures(Collector):
    """Asks the database at every scrape; without it, only `townclerk_database_up` is told."""

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is depends on the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return the figures of this moment."""
        up = GaugeMetricFamily("townclerk_database_up", "1 when the database answers.")
        try:
            with unit_of_work() as db:
                db.execute(
                    "SELECT set_config('statement_timeout', %s, true)",
                    [str(STATEMENT_MILLISECONDS_MAX)],
                )
                figures = [*_runs(db), _quarantine(db), _lag(db)]
        except (TownclerkError, OperationalError):
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from figures


def _runs(db: Connection) -> list[Metric]:
    runs = GaugeMetricFamily(
        "townclerk_sync_runs", "Sync runs on record.", labels=("source", "state")
    )
    records = GaugeMetricFamily(
        "townclerk_sync_records", "Records of all runs on record.", labels=("source", "outcome")
    )
    totals: dict[tuple[str, str], float] = {}
    outcomes = ("read", "landed", "unchanged", "quarantined")
    for source, state, count, *sums in db.execute(_RUNS):
        runs.add_metric((source, state), count)
        for outcome, total in zip(outcomes, sums, strict=True):
            totals[source, outcome] = totals.get((source, outcome), 0.0) + float(total)
    for labels, total in totals.items():
        records.add_metric(labels, total)
    return [runs, records]


def _quarantine(db: Connection) -> Metric:
    family = GaugeMetricFamily(
        "townclerk_quarantined_records",
        "Records that wait for a person.",
        labels=("source", "rule"),
    )
    for source, rule, count in db.execute(_QUARANTINE):
        family.add_metric((source, rule), count)
    return family


def _lag(db: Connection) -> Metric:
    family = GaugeMetricFamily(
        "townclerk_data_set_lag_seconds",
        "Seconds since a data set was last read to its end.",
        labels=("data_set", "source"),
    )
    for data_set, source, seconds in db.execute(_LAG):
        family.add_metric((data_set, source), seconds)
    return family
