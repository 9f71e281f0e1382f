"""GraphQL against the raw limit and our own plain executor: CPU of the server per request.

100,000 elements and 400,000 relationships are generated into an embedded PostgreSQL; one server
program answers in three ways (benchmarks/graphql_server.py). The ways take turns, so that a busy
machine hurts all alike; CPU is the server process's own, without PostgreSQL's.
"""

import contextlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.figures import Figure
from registry.landscape.generate import generate
from registry.landscape.questions.reach import reach
from registry.landscape.questions.stored import read_graph
from registry.landscape.reached import REACHED_MAX
from registry.storage.database import close_database, open_database, unit_of_work
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from townclerk.serving import HABITS

ELEMENTS = int(os.environ.get("TOWNCLERK_BENCH_ELEMENTS", "100000"))
RELATIONSHIPS = ELEMENTS * 4
ROUNDS = 3
SECONDS = 2.0  # of each way in each round
CONNECTIONS = 8
SIX = "id urn name kind revision changedAt"


IMPACT = "query ($of: String!) { impact(of: $of, depth: 6) { depth element { name kind } } }"
# Starts are drawn from those that reach something; the one in their middle stands for all.
STARTS = 41


@dataclass(frozen=True)
class Asked:
    """One question of the benchmark, with the promise it has to keep.

    Attributes:
        name: As the figures call it.
        query: The question.
        variables: Its variables.
        times_raw_max: Promised at most this many times the raw limit.
        told: Whether the raw limit is told the ids in its request, where ours has to know them.
    """

    name: str
    query: str
    variables: dict[str, Any]
    times_raw_max: float
    told: bool = False


def questions(url: str) -> list[Asked]:
    """Return the questions, about elements that are there."""
    with psycopg.connect(url) as db:
        row = db.execute(
            "SELECT urn FROM element WHERE kind = 'system' ORDER BY name OFFSET 500 LIMIT 1"
        ).fetchone()
        hub = db.execute(
            """SELECT urn FROM element JOIN relationship ON source_id = element.id
               WHERE element.kind = 'interface' AND relationship.kind = 'serving'
               GROUP BY urn ORDER BY count(*) DESC, urn LIMIT 1"""
        ).fetchone()
        start, reached = _middle_start(db)
    assert row
    assert hub
    return [
        Asked(
            "(a) one element, 3 fields",
            "query ($urn: String!) { element(urn: $urn) { name description revision } }",
            {"urn": row[0]},
            2.2,
        ),
        Asked(
            "(b) 50 systems, 2 levels below",
            "{ systems { nodes { name interfaces { nodes { name"
            " dataSets { nodes { name } } } } } } }",
            {},
            1.8,
        ),
        Asked(
            "(c) 500 flat, 6 fields",
            f"{{ a: elements(first: 200) {{ nodes {{ {SIX} }} }}"
            f" b: elements(last: 200) {{ nodes {{ {SIX} }} }}"
            f" c: elements(first: 100, orderBy: [{{id: ASC}}]) {{ nodes {{ {SIX} }} }} }}",
            {},
            1.8,
        ),
        Asked(f"(d) impact, depth 6, {reached:,} reached", IMPACT, {"of": start}, 1.8, told=True),
        Asked("(d) impact, depth 6, from the largest hub", IMPACT, {"of": hub[0]}, 1.8, told=True),
    ]


def _middle_start(db: psycopg.Connection) -> tuple[str, int]:
    """Return the start in the middle of a draw, by how much each reaches, and how much it does."""
    graph = read_graph(db)
    dice = random.Random(1)
    reaches: list[tuple[int, str]] = []
    while len(reaches) < STARTS:
        node = dice.randrange(graph.size)
        count = len(reach(graph, [node], depth=6).nodes)
        if count:
            reaches.append((count, graph.columns.aliases[node]))
    count, urn = sorted(reaches)[STARTS // 2]
    return urn, min(count, REACHED_MAX)


def run() -> list[Figure]:
    """Return the figures."""
    with _database() as url, _server(url) as (port, process):
        figures = []
        for asked in (all_asked := questions(url)):
            figures += _figures(asked, port, process)
        return figures + _worst(port, all_asked[-1].variables["of"])


# Questions that are accepted and cost as much as one can make them cost, in different ways.
_TEXTS = "elements(first: 200) { nodes { " + SIX + " description attributes } }"
_COUNT = 'elements(filter: {name: {ilike: "%x"}}) { totalCount }'
WORST = {
    "wide": "{ systems(first: 200) { nodes { name uses(first: 9) { nodes { name"
    " consumers(first: 8) { nodes { name kind } } } } } } }",
    "texts": "{" + " ".join(f"a{n}: {_TEXTS}" for n in range(25)) + "}",
    "filter": '{ elements(filter: {relationships: {target: {name: {ilike: "%a%b%c%"}}}},'
    " orderBy: [{changedAt: ASC}]) { totalCount nodes { name } } }",
    "counts": "{" + " ".join(f"a{n}: {_COUNT}" for n in range(30)) + "}",
    "groups": "{ systems { groupBy(by: [OWNER, LIFECYCLE]) { keys count } } relationships"
    " { groupBy(by: [KIND]) { keys count } } elements { groupBy(by: [KIND]) { keys count } } }",
    "deep": "{ systems(first: 8) { nodes { uses(first: 8) { nodes { consumers(first: 8) { nodes"
    " { uses(first: 8) { nodes { name } } } } } } } } }",
    "impact": '{ impact(of: "START", depth: 20) { depth element { id urn name description'
    " kind attributes revision changedAt } } }",
}


def _worst(port: int, start: str) -> list[Figure]:
    """Ask the worst questions that are accepted; each is answered or refused in time and size."""
    seconds, sizes = {}, {}
    for name, query in WORST.items():
        asked = Asked(name, query.replace("START", start), {}, 0)
        began = time.perf_counter()
        sizes[name] = len(_ask(port, "graphql", asked))
        seconds[name] = time.perf_counter() - began
    slowest, largest = max(seconds, key=seconds.__getitem__), max(sizes, key=sizes.__getitem__)
    told = ", ".join(f"{name} {seconds[name]:.2f} s {sizes[name]:,} B" for name in WORST)
    return [
        Figure("worst accepted question: time", seconds[slowest], "s", "<= 2", told),
        Figure(
            "worst accepted question: size",
            sizes[largest] / 1e6,
            "MB",
            "<= 2",
            f"it is {largest!r}",
        ),
    ]


def _figures(asked: Asked, port: int, process: psutil.Process) -> list[Figure]:
    ways = ("raw", "graphql", "plain")
    began = process.cpu_times()
    answers = {"graphql": _ask(port, "graphql", asked)}  # alone and first: nothing is kept yet
    ended = process.cpu_times()
    first = (ended.user + ended.system - began.user - began.system) * 1000
    answers |= {way: _ask(port, way, asked) for way in ("raw", "plain")}
    data = {way: json.loads(text) for way, text in answers.items()}
    assert data["raw"] == data["graphql"]["data"] == data["plain"]["data"], asked.name
    cpu: dict[str, list[float]] = {way: [] for way in ways}
    waits: list[float] = []
    for _ in range(ROUNDS):
        for way in ways:
            used, seconds = _load(port, way, asked, process)
            cpu[way].append(used)
            waits += seconds if way == "graphql" else []
    spent = {way: statistics.median(found) * 1000 for way, found in cpu.items()}
    p50, p99 = statistics.median(waits), statistics.quantiles(waits, n=100)[98]
    how = (
        f"{CONNECTIONS} connections, medians of {ROUNDS} turns of {SECONDS:.0f} s each; "
        f"{len(answers['graphql']):,} bytes"
    )
    told = "; it is told the ids, ours keeps the newest walks in memory" if asked.told else ""
    plain_promise = ">= 40" if asked.name.startswith("(b)") else ""
    return [
        Figure(f"{asked.name}: CPU of the server", spent["graphql"], "ms", "", how),
        Figure(
            f"{asked.name}: against the raw limit",
            spent["graphql"] / spent["raw"],
            "times",
            f"<= {asked.times_raw_max}",
            f"raw limit {spent['raw']:.3f} ms: pool, the same statement in one trip, bytes; "
            f"both on uvicorn with {HABITS['loop']} and httptools" + told,
        ),
        Figure(
            f"{asked.name}: below our plain executor",
            spent["plain"] / spent["graphql"],
            "times",
            plain_promise,
            f"plain executor {spent['plain']:.1f} ms",
        ),
        Figure(
            f"{asked.name}: p99 against p50",
            p99 / p50,
            "times",
            "<= 5",
            f"p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms",
        ),
        Figure(
            f"{asked.name}: CPU of the first time it was asked",
            first,
            "ms",
            "",
            "parsed, validated, compiled, walked; measured once, in steps of 10 ms",
        ),
    ]


def _load(port: int, way: str, asked: Asked, process: psutil.Process) -> tuple[float, list[float]]:
    """Ask over and over; return CPU seconds per request and how long each took."""
    body = _request(asked)
    if way == "raw" and asked.told:
        body = _told_request(asked, port)
    _ask(port, way, asked)
    waits: list[list[float]] = [[] for _ in range(CONNECTIONS)]
    until = time.monotonic() + SECONDS
    before = process.cpu_times()
    threads = [
        threading.Thread(target=_keep_asking, args=(port, way, body, until, found))
        for found in waits
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = process.cpu_times()
    all_waits = [each for found in waits for each in found]
    used = after.user + after.system - before.user - before.system
    return used / len(all_waits), all_waits


Request = tuple[bytes, dict[str, str]]


def _keep_asking(port: int, way: str, request: Request, until: float, waits: list[float]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("POST", f"/{way}", *request)
        connection.getresponse().read()
        waits.append(time.perf_counter() - began)
    connection.close()


def _ask(port: int, way: str, asked: Asked) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", f"/{way}", *_request(asked))
    answer = connection.getresponse().read()
    connection.close()
    return answer


def _told_request(asked: Asked, port: int) -> Request:
    """Return a request that brings the parameters of the statement along."""
    told = json.loads(_ask(port, "parameters", asked))
    body = {"query": asked.query, "variables": asked.variables, "told": told}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}


def _request(asked: Asked) -> Request:
    body = json.dumps({"query": asked.query, "variables": asked.variables}).encode()
    return body, {"Content-Type": "application/json"}


@contextlib.contextmanager
def _database() -> Iterator[str]:
    """Lend a database with a generated landscape."""
    with tempfile.TemporaryDirectory(prefix="tc-bench-") as place:
        Path(place).chmod(0o711)
        with EmbeddedPostgres.start(Path(place) / "pg", database="bench") as server:
            upgrade(server.url)
            open_database(server.url, pool_size=1)
            with unit_of_work() as db:
                generate(db, elements=ELEMENTS, relationships=RELATIONSHIPS, seed=1)
            close_database()
            with psycopg.connect(server.url, autocommit=True) as admin:
                admin.execute("VACUUM ANALYZE")
            yield server.url


@contextlib.contextmanager
def _server(url: str) -> Iterator[tuple[int, psutil.Process]]:
    """Lend the server program."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.graphql_server", url, str(port)]
    with subprocess.Popen(command) as process:
        try:
            _wait(port)
            yield port, psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait(port: int) -> None:
    for _ in range(1800):  # a busy machine takes minutes to start what a quiet one starts at once
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.1)
    raise TimeoutError("the benchmark's server did not start")
