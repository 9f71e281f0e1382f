"""Questions about the landscape: impact in memory beside a recursive query, search, views.

make bench ARGS=landscape.questions

Times are CPU of the asking thread unless a figure says otherwise. A landscape of 100,000 elements
and 400,000 relationships is generated in a database of its own.
Figures on real reference architectures need them beside the repository (TOWNCLERK_TEST_DATA).
"""

import os
import random
import shutil
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import Figure
from registry.landscape.commands import ensure_own_elements
from registry.landscape.exchange.formats import Format, load, save
from registry.landscape.exchange.model import Element, Model, Relationship
from registry.landscape.generate import generate
from registry.landscape.questions.changes import changes, fate_counts
from registry.landscape.questions.gaps import gaps
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.obligations import obligations, role_counts
from registry.landscape.questions.portfolio import portfolio
from registry.landscape.questions.portfolio_model import portfolio_model
from registry.landscape.questions.reach import Direction, reach
from registry.landscape.questions.search import search
from registry.landscape.questions.stored import Keeper, read_graph
from registry.storage.connecting import connect
from registry.storage.embedded import EmbeddedPostgres
from registry.storage.migrate import upgrade
from registry.web.draw.plotting import draw_plotted
from registry.web.draw.views import draw_view
from schemas.landscape_kinds import RelationshipKind
from tests.servers import make_reachable_dir

ELEMENTS, RELATIONSHIPS = 100_000, 400_000
STARTS = 15
QUERY_DEPTHS, DEEP = (3, 6), 20
QUERY_SECONDS_MAX = 30
BESIDE = Path(__file__).parents[2].parent / "shared" / "data"
DATA = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "landscape"
GEMMA, GEMMA_ARCHI = "gemma/GEMMA-2026-06-30.xml.gz", "gemma/GEMMA-2026-06-30.archimate.gz"
YEARS = ("2019-12-06", "2020-12-12")
SYSTEMS = 250  # of a town of 60,000 people
WORDS = ("permits register", "permts registr", "payroll viewers", "library query servic")
RECURSIVE = """
    WITH RECURSIVE reached (id, depth) AS (
        SELECT %(start)s::uuid, 0
        UNION
        SELECT target_id, depth + 1 FROM reached JOIN relationship ON source_id = reached.id
        WHERE depth < %(depth)s
    )
    SELECT id, min(depth) FROM reached WHERE id <> %(start)s GROUP BY id"""


def run() -> list[Figure]:
    """Measure everything that can be measured here."""
    figures = []
    with generated() as db:
        figures += in_memory(db)
    if (DATA / GEMMA).is_file():
        figures += on_a_reference_architecture()
    return figures


@contextmanager
def generated() -> Iterator[psycopg.Connection]:
    """Give a connection to a generated landscape."""
    place = make_reachable_dir()
    try:
        with EmbeddedPostgres.start(place, database="bench") as server:
            upgrade(server.url)
            with connect(server.url) as db:
                ensure_own_elements(db)
                generate(db, elements=ELEMENTS, relationships=RELATIONSHIPS, seed=1)
                db.commit()
                db.execute("ANALYZE")
                yield db
    finally:
        shutil.rmtree(place, ignore_errors=True)


def seconds(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of this thread, so that others on the machine do not count."""
    began = time.thread_time()
    work()
    return time.thread_time() - began


def in_memory(db: psycopg.Connection) -> list[Figure]:
    """Measure the graph of the hub's landscape."""
    tracemalloc.start()
    graph = read_graph(db)
    columns_mib = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    read_seconds = statistics.median(seconds(lambda: read_graph(db)) for _ in range(3))
    arrays = (graph.forward, graph.reverse)
    arrays_mib = sum(ways.bytes for ways in arrays) / 2**20
    keeper = Keeper()
    keeper.graph(db)
    db.commit()
    fresh_ms = 1000 * statistics.median(seconds(lambda: keeper.graph(db)) for _ in range(50))
    what = f"{graph.size:,} elements, {len(graph.sources):,} relationships, generated"
    return [
        Figure(
            "landscape read into memory",
            read_seconds,
            "s",
            "",
            f"CPU, median of 3, by COPY; {what}",
        ),
        Figure(
            "memory of names, kinds, properties", columns_mib, "MiB", "", f"{what}; tracemalloc"
        ),
        Figure("memory of the index arrays", arrays_mib, "MiB", "", "both directions; nbytes"),
        Figure("asking whether the kept copy is right", fresh_ms, "ms", "", "CPU, median of 50"),
        *impact_figures(db, graph),
        *search_figures(graph),
    ]


def impact_figures(db: psycopg.Connection, graph: LandscapeGraph) -> list[Figure]:
    dice = random.Random(7)
    starts = [dice.randrange(graph.size) for _ in range(STARTS)]
    figures = []
    for depth, promise in ((3, ""), (6, "<= 5"), (20, "<= 100")):
        for direction in (Direction.OUTGOING, Direction.AFFECTS):
            reach(graph, [0], direction=direction)
            times, reached = [], 0
            for start in starts:
                began = time.thread_time()
                found = reach(graph, [start], direction=direction, depth=depth)
                times.append(time.thread_time() - began)
                reached = max(reached, len(found.nodes))
            how = f"CPU, median of {STARTS} random starts; the furthest reached {reached:,}"
            name = f"impact, {direction}, depth {depth}"
            figures.append(Figure(name, 1000 * statistics.median(times), "ms", promise, how))
    both = [
        seconds(partial(reach, graph, [start], direction=Direction.BOTH, depth=6))
        for start in starts
    ]
    name, how = "impact, both ways, depth 6", "CPU, median of the same starts; nearly everything"
    figures.append(Figure(name, 1000 * statistics.median(both), "ms", "", how))
    chosen = [
        seconds(
            partial(
                reach, graph, [start], depth=6, kinds=("system", "interface"),
                relationships=(RelationshipKind.SERVING, RelationshipKind.COMPOSITION),
            )
        )
        for start in starts
    ]  # fmt: skip
    name, how = "impact, filtered, depth 6", "CPU; two kinds of elements, two of relationships"
    figures.append(Figure(name, 1000 * statistics.median(chosen), "ms", "<= 5", how))
    return [*figures, *query_figures(db, graph, starts)]


def query_figures(db: psycopg.Connection, graph: LandscapeGraph, starts: list[int]) -> list[Figure]:
    """Measure the same by a recursive query, and that both find the same."""
    figures, same, asked = [], 0, 0
    db.execute(f"SET statement_timeout = '{QUERY_SECONDS_MAX}s'")
    for depth in QUERY_DEPTHS:
        times = []
        for start in starts:
            began = time.perf_counter()
            question = {"start": graph.keys[start], "depth": depth}
            rows = db.execute(RECURSIVE, question).fetchall()
            times.append(time.perf_counter() - began)
            found = reach(graph, [start], direction=Direction.OUTGOING, depth=depth)
            mine = zip(found.nodes.tolist(), found.depths.tolist(), strict=True)
            asked += 1
            same += {(graph.keys[node], d) for node, d in mine} == {(str(k), d) for k, d in rows}
        name = f"the same by recursive query, depth {depth}"
        how = "wall time in PostgreSQL, same starts, with the arrow"
        figures.append(Figure(name, 1000 * statistics.median(times), "ms", "", how))
    db.rollback()
    how = f"{asked} questions; ids and depths compared"
    figures.append(Figure("equal answers", 100 * same / asked, "%", ">= 100", how))
    return figures


def search_figures(graph: LandscapeGraph) -> list[Figure]:
    index_seconds = seconds(lambda: search(graph, "permits"))
    times = [seconds(partial(search, graph, words)) for words in WORDS for _ in range(5)]
    return [
        Figure("search index", index_seconds, "s", "", "CPU, once per change"),
        Figure("search", 1000 * statistics.median(times), "ms", "<= 10",
               f"CPU, median over {len(WORDS)} questions, two of them with typing errors"),
        Figure("search, slowest", 1000 * max(times), "ms", "", "of the same"),
    ]  # fmt: skip


def a_portfolio(reference: Model, components: list[str]) -> Model:
    """Return a town's systems, each in up to three components."""
    dice = random.Random(1)
    model = Model(id="id-town", dialect=reference.dialect)
    for number in range(SYSTEMS):
        key = f"id-system-{number}"
        model.elements[key] = Element(id=key, concept="ApplicationComponent")
        for component in dice.sample(components, dice.choice((0, 1, 1, 1, 2, 3))):
            model.elements[component] = reference.elements[component]
            line = f"id-r{len(model.relationships)}"
            model.relationships[line] = Relationship(
                id=line, kind=RelationshipKind.SPECIALIZATION, source=key, target=component
            )
    model.property_definitions = reference.property_definitions
    return model


def on_a_reference_architecture() -> list[Figure]:
    """Measure questions and drawing on GEMMA, with a made-up portfolio on it."""
    model = load(DATA / GEMMA_ARCHI).model
    views = list(model.views.values())
    draw_seconds = seconds(lambda: [draw_view(model, view) for view in views])
    reference = graph_of_model(model)
    keys = [reference.keys[node] for node in portfolio(reference).components]
    own = graph_of_model(a_portfolio(model, keys))
    found = portfolio(own, reference)
    covered = {reference.keys[node] for node in found.components}
    shown = [v for v in views if any(n.element in covered for n in v.all_nodes())]
    plot_seconds = seconds(lambda: [draw_plotted(model, view, found) for view in shown])
    export_seconds = seconds(lambda: save(portfolio_model(found, views_of=model), Format.EXCHANGE))
    counts = role_counts(obligations(found))
    ask_seconds = seconds(lambda: (gaps(found), obligations(found)))
    old, new = (load(DATA / f"gemma/GEMMA-{year}.xml.gz").model for year in YEARS)
    fates = fate_counts(changes(old, new))["element"]
    kept = fates["kept"] + fates["changed"] + fates["moved"]
    how = f"CPU; GEMMA 2026-06-30 and {SYSTEMS} made-up systems (seed 1)"
    return [
        Figure(f"all {len(views)} views drawn", draw_seconds, "s", "", "CPU; GEMMA, Archi file"),
        Figure(f"{len(shown)} views with plotted systems", plot_seconds, "s", "<= 5", how),
        Figure("portfolio with its views as exchange XML", export_seconds, "s", "<= 5", how),
        Figure("gaps and obligations", 1000 * ask_seconds, "ms", "", how),
        Figure("mandatory obligations", counts["mandatory"], "", ">= 313", "GEMMA 2026-06-30"),
        Figure("recommended obligations", counts["recommended"], "", ">= 432", "GEMMA 2026-06-30"),
        Figure("elements known again, 2019 to 2020", kept, f"of {len(old.elements):,}", ">= 1840",
               "id, else Object ID, else kind and name"),
    ]  # fmt: skip
