"""Personal data: which data sets hold it, who touches it, and where it flows on to."""

from collections.abc import Iterator

from msgspec import Struct

from registry.landscape.questions.graph import KINDS, LandscapeGraph
from registry.landscape.questions.portfolio import APPLICATION, SYSTEM
from registry.landscape.questions.profiles import fact, says_yes
from registry.landscape.questions.reach import READS, WRITES, Direction, reach
from schemas.landscape_kinds import RelationshipKind

DATA = ("data_set", "data_object", "business_object", "distribution", "artifact", "representation")
# What carries data onwards; anything else does not move it.
CARRIES = (
    RelationshipKind.ACCESS,
    RelationshipKind.FLOW,
    RelationshipKind.SERVING,
    RelationshipKind.COMPOSITION,
)
STEPS_MAX = 8  # a record that was passed on eight times has left the town


class Touch(Struct, frozen=True):
    """A system or interface that reads or writes a data set."""

    key: str
    name: str
    kind: str
    access: str


class Onward(Struct, frozen=True):
    """A system the data may reach by way of others, and in how many steps."""

    key: str
    name: str
    steps: int
    through: str


class PersonalData(Struct, frozen=True, kw_only=True):
    """One data set that holds personal data.

    Args:
        key: Its id.
        name: Its name.
        owner: Who answers for it, or nothing.
        categories: What is kept of people, as written.
        legal_basis: Why it may be kept, as written.
        retention: How long, as written.
        touched_by: What reads or writes it.
        flows_to: Systems it may reach beyond those, nearest first.
    """

    key: str
    name: str
    owner: str
    categories: str
    legal_basis: str
    retention: str
    touched_by: tuple[Touch, ...]
    flows_to: tuple[Onward, ...]


def personal_data(graph: LandscapeGraph, *, data_set: int | None = None) -> list[PersonalData]:
    """Return the data sets that hold personal data, by name.

    Portfolios often say it of a whole system; one that says so and touches no such data set is
    told like a data set.

    Args:
        graph: The landscape.
        data_set: Only this one.
    """
    nodes = graph.of_kinds(*DATA).tolist() if data_set is None else [data_set]
    held = [node for node in nodes if says_yes(fact(graph, node, "personal_data"))]
    if data_set is None:
        touching = {one for node in held for one, _how in _touches(graph, node)}
        systems = set(graph.of_kinds(SYSTEM, APPLICATION).tolist()) - touching
        held += [node for node in systems if says_yes(fact(graph, node, "personal_data"))]
    held.sort(key=lambda node: (graph.names[node], graph.keys[node]))
    return [_told(graph, node) for node in held]


def _told(graph: LandscapeGraph, node: int) -> PersonalData:
    touches = sorted(set(_touches(graph, node)), key=lambda one: (one[1], one[0]))
    return PersonalData(
        key=graph.keys[node],
        name=graph.names[node],
        owner=fact(graph, node, "owner"),
        categories=fact(graph, node, "data_categories"),
        legal_basis=fact(graph, node, "legal_basis"),
        retention=fact(graph, node, "retention"),
        touched_by=tuple(
            Touch(graph.keys[n], graph.names[n], graph.kinds[n], how) for n, how in touches
        ),
        flows_to=tuple(_onward(graph, {n for n, _how in touches} or {node})),
    )


def _touches(graph: LandscapeGraph, node: int) -> Iterator[tuple[int, str]]:
    words = {READS: "reads", WRITES: "writes"}
    for accessor, edge in graph.incoming(node, RelationshipKind.ACCESS):
        yield accessor, words.get(int(graph.columns.modes[edge]), "reads and writes")


def _onward(graph: LandscapeGraph, holders: set[int]) -> Iterator[Onward]:
    """Yield systems that get data from the holders, by their interfaces or directly.

    Another data set is not passed through: what a system does with other data is another story.
    """
    passing = {kind for kind in graph.kind_codes[0] if kind not in DATA}
    found = reach(
        graph,
        sorted(holders),
        direction=Direction.AFFECTS,
        depth=STEPS_MAX,
        kinds=passing,
        relationships=tuple(kind for kind in CARRIES if kind in KINDS),
    )
    rows = zip(found.nodes.tolist(), found.depths.tolist(), found.before.tolist(), strict=True)
    for node, steps, before in rows:
        if graph.kinds[node] in {SYSTEM, APPLICATION}:
            yield Onward(graph.keys[node], graph.names[node], steps, graph.names[before])
