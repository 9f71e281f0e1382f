"""GraphQL beside PostGraphile 5: CPU of each server per request, over the same rows.

Both answer from one embedded PostgreSQL with 100,000 elements and 400,000 relationships, and take
turns. PostGraphile gets views and functions that join as our declarations join, so that both ask
PostgreSQL for the same. It needs npm, which brings Node 22 and PostGraphile into a temporary
directory; TOWNCLERK_POSTGRAPHILE names a directory that has them in `node_modules`.
"""

import json
import os
import socket
import statistics
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from benchmarks.figures import Figure
from benchmarks.graphql import (
    CONNECTIONS,
    ROUNDS,
    SECONDS,
    SIX,
    Asked,
    _ask,
    _database,
    _load,
    _server,
    _wait,
    questions,
)
from townclerk.serving import HABITS

PACKAGES = ("node@22", "postgraphile@5.1.5")
INSTALL_SECONDS_MAX = 600
TIMES_BELOW = ">= 4"
SCRIPT = Path(__file__).with_name("postgraphile_server.mjs")
# Each function joins as the declaration of the same name in registry/landscape/readable.py joins.
VIEWS = """
CREATE SCHEMA bench;
CREATE VIEW bench.element AS SELECT id, urn, name, kind, revision, changed_at FROM public.element;
CREATE VIEW bench.system AS SELECT id, name FROM public.element WHERE kind = 'system';
CREATE VIEW bench.interface AS SELECT id, name FROM public.element WHERE kind = 'interface';
CREATE VIEW bench.data_set AS SELECT id, name FROM public.element WHERE kind = 'data_set';
COMMENT ON VIEW bench.element IS E'@primaryKey id';
COMMENT ON VIEW bench.system IS E'@primaryKey id';
COMMENT ON VIEW bench.interface IS E'@primaryKey id';
COMMENT ON VIEW bench.data_set IS E'@primaryKey id';
CREATE FUNCTION bench.system_interfaces(of bench.system) RETURNS SETOF bench.interface
LANGUAGE sql STABLE AS $$
    SELECT i.* FROM bench.interface AS i JOIN public.relationship AS r ON r.target_id = i.id
    WHERE r.source_id = of.id AND r.kind = 'composition' ORDER BY i.name, i.id $$;
CREATE FUNCTION bench.interface_data_sets(of bench.interface) RETURNS SETOF bench.data_set
LANGUAGE sql STABLE AS $$
    SELECT d.* FROM bench.data_set AS d JOIN public.relationship AS r ON r.target_id = d.id
    WHERE r.source_id = of.id AND r.kind = 'access' ORDER BY d.name, d.id $$;
CREATE FUNCTION bench.reached(ids uuid[], depths int[])
RETURNS TABLE (depth int, name text, kind text) LANGUAGE sql STABLE AS $$
    SELECT h.depth, e.name, e.kind FROM unnest(ids, depths) AS h (id, depth)
    JOIN public.element AS e ON e.id = h.id ORDER BY h.depth, h.id $$;
"""


@dataclass(frozen=True)
class Pair:
    """One question in the words of both servers."""

    name: str
    ours: str
    theirs: str
    ours_given: Mapping[str, Any] = field(default_factory=dict)
    theirs_given: Mapping[str, Any] = field(default_factory=dict)


PAIRS = (
    Pair(
        "(b) 50 systems, 2 levels below",
        "{ systems(first: 50) { nodes { name interfaces { nodes { name"
        " dataSets { nodes { name } } } } } } }",
        "{ systems: allSystems(first: 50, orderBy: NAME_ASC) { nodes { name"
        " interfaces(first: 50) { nodes { name dataSets(first: 50) { nodes { name } } } } } } }",
    ),
    Pair(
        "(c) 500 flat, 6 fields",
        f"{{ a: elements(first: 200) {{ nodes {{ {SIX} }} }}"
        f" b: elements(last: 200) {{ nodes {{ {SIX} }} }}"
        f" c: elements(first: 100, orderBy: [{{id: ASC}}]) {{ nodes {{ {SIX} }} }} }}",
        "{ a: allElements(first: 200, orderBy: NAME_ASC) { nodes { SIX } }"
        " b: allElements(last: 200, orderBy: NAME_ASC) { nodes { SIX } }"
        " c: allElements(first: 100, orderBy: PRIMARY_KEY_ASC) { nodes { SIX } } }".replace(
            "SIX", SIX.replace("id", "rowId", 1)
        ),
    ),
)


def run() -> list[Figure]:
    """Return the figures."""
    with ExitStack() as stack:
        url = stack.enter_context(_database())
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(VIEWS)
        ours = stack.enter_context(_server(url))
        theirs = stack.enter_context(_postgraphile(url))
        pairs = (*PAIRS, _impact(url, ours[0]))
        return [figure for pair in pairs for figure in _figures(pair, ours, theirs)]


def _impact(url: str, port: int) -> Pair:
    """Return the question for impact; PostGraphile, which cannot walk, is told what is reached."""
    asked = questions(url)[3]
    ids, depths, *_ = json.loads(_ask(port, "parameters", asked))
    return Pair(
        f"{asked.name}, which PostGraphile is told",
        asked.query,
        "query ($ids: [UUID], $depths: [Int]) { reached(ids: $ids, depths: $depths)"
        " { nodes { depth name kind } } }",
        asked.variables,
        {"ids": ids, "depths": [int(each) for each in depths]},
    )


def _figures(
    pair: Pair, ours: tuple[int, psutil.Process], theirs: tuple[int, psutil.Process]
) -> list[Figure]:
    sides = {
        "ours": (ours, Asked(pair.name, pair.ours, dict(pair.ours_given), 0.0)),
        "theirs": (theirs, Asked(pair.name, pair.theirs, dict(pair.theirs_given), 0.0)),
    }
    answers = {
        side: json.loads(_ask(port, "graphql", asked))["data"]
        for side, ((port, _), asked) in sides.items()
    }
    assert _names(answers["ours"]) == _names(answers["theirs"]), pair.name
    cpu: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, ((port, process), asked) in sides.items():
            cpu[side].append(_load(port, "graphql", asked, process)[0] * 1000)
    spent = {side: statistics.median(found) for side, found in cpu.items()}
    how = (
        f"PostGraphile {spent['theirs']:.2f} ms, Townclerk {spent['ours']:.2f} ms of CPU of the "
        f"server process; {CONNECTIONS} connections, medians of {ROUNDS} turns of {SECONDS:.0f} s; "
        f"ours on uvicorn with {HABITS['loop']} and httptools, theirs on Node 22"
    )
    below = spent["theirs"] / spent["ours"]
    return [Figure(f"{pair.name}: below PostGraphile 5", below, "times", TIMES_BELOW, how)]


def _names(data: Any) -> list[str]:
    """Return every name in an answer, in order, to see that both answer the same."""
    if isinstance(data, dict):
        own = [data["name"]] if isinstance(data.get("name"), str) else []
        return own + [name for key, part in data.items() if key != "name" for name in _names(part)]
    return [name for part in data for name in _names(part)] if isinstance(data, list) else []


@contextmanager
def _postgraphile(url: str) -> Iterator[tuple[int, psutil.Process]]:
    """Lend a running PostGraphile."""
    with ExitStack() as stack:
        given = os.environ.get("TOWNCLERK_POSTGRAPHILE")
        place = given or stack.enter_context(tempfile.TemporaryDirectory(prefix="tc-npm-"))
        if not given:
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", *PACKAGES],
                cwd=place,
                check=True,
                capture_output=True,
                timeout=INSTALL_SECONDS_MAX,
            )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        node = Path(place) / "node_modules" / "node" / "bin" / "node"
        environment = {**os.environ, "GRAPHILE_ENV": "production", "NODE_ENV": "production"}
        with subprocess.Popen([node, SCRIPT, place, url, str(port)], env=environment) as process:
            try:
                _wait(port)
                yield port, psutil.Process(process.pid)
            finally:
                process.terminate()
