"""The graph itself, impact on it, and what people get when a name is not enough."""

import random
from typing import Any

import numpy as np
import pytest

from registry.landscape.questions.graph import AmbiguousName
from registry.landscape.questions.impact import impact
from registry.landscape.questions.reach import Direction, reach
from schemas.errors import InvalidInput, UnknownName
from schemas.landscape_kinds import RelationshipKind
from tests.unit.landscape.questions.town import Draft, a_whole_town


def names(draft: Draft, start: str, **asked: Any) -> list[tuple[str, int]]:
    graph = draft.graph
    return [(one.name, one.depth) for one in impact(graph, graph.find(start), **asked)]


def test_what_fails_takes_its_interfaces_and_whom_they_serve_with_it() -> None:
    assert names(a_whole_town(), "CaseFlow") == [
        ("Cases of people", 1),
        ("Case query", 1),
        ("Website", 2),
    ]


def test_the_other_way_round_it_is_what_something_needs() -> None:
    asked = {"direction": Direction.NEEDS, "kinds": ("system", "interface")}
    assert names(a_whole_town(), "Website", **asked) == [
        ("Case query", 1),
        ("CaseFlow", 2),
    ]


def test_reading_depends_on_the_data_and_writing_does_not() -> None:
    draft = Draft()
    for name in ("Reader", "Writer"):
        draft.add("system", name)
    draft.add("data_set", "Data")
    draft.relate("id-reader", "access", "id-data", access="Read")
    draft.relate("id-writer", "access", "id-data", access="Write")
    assert names(draft, "Writer") == [("Data", 1), ("Reader", 2)]
    assert names(draft, "Reader") == []


def test_filters_choose_relationships_and_kinds_to_pass_through() -> None:
    town = a_whole_town()
    asked = {"relationships": (RelationshipKind.COMPOSITION,)}
    assert names(town, "CaseFlow", **asked) == [("Case query", 1)]
    assert names(town, "CaseFlow", kinds=("system",)) == [], "its interface is in between"


def test_association_counts_only_where_it_is_asked_for() -> None:
    draft = Draft()
    for name in ("One", "Other"):
        draft.add("system", name)
    draft.relate("id-one", "association", "id-other")
    assert names(draft, "One") == []
    asked = {"relationships": (RelationshipKind.ASSOCIATION,)}
    assert names(draft, "One", **asked) == names(draft, "One", direction=Direction.BOTH)


def test_a_cycle_ends_and_the_start_is_never_reached() -> None:
    draft = Draft()
    for name in ("One", "Two", "Three"):
        draft.add("system", name)
    for source, target in (("one", "two"), ("two", "three"), ("three", "one"), ("one", "one")):
        draft.relate(f"id-{source}", "flow", f"id-{target}")
    assert names(draft, "One", depth=100) == [("Two", 1), ("Three", 2)]


@pytest.mark.parametrize("depth", [0, -1, 101])
def test_a_depth_out_of_range_is_refused(depth: int) -> None:
    with pytest.raises(InvalidInput, match="between 1 and 100"):
        reach(a_whole_town().graph, [0], depth=depth)


def test_nothing_is_reached_from_nowhere() -> None:
    found = reach(a_whole_town().graph, [])
    assert found.nodes.dtype == np.int32
    assert len(found.nodes) == len(found.depths) == 0


def test_every_reached_node_says_by_which_relationship_and_from_where() -> None:
    dice = random.Random(3)
    draft = Draft()
    keys = [draft.add("system", f"System {number}") for number in range(60)]
    for _line in range(150):
        draft.relate(dice.choice(keys), "flow", dice.choice(keys))
    graph = draft.graph
    for direction in (Direction.OUTGOING, Direction.BOTH):
        found = reach(graph, [0], direction=direction, depth=20)
        steps = {0: 0, **dict(zip(found.nodes.tolist(), found.depths.tolist(), strict=True))}
        ways = zip(found.nodes.tolist(), found.via.tolist(), found.before.tolist(), strict=True)
        assert len(found.nodes) > 20
        for node, edge, before in ways:
            assert steps[before] == steps[node] - 1
            assert {int(graph.sources[edge]), int(graph.targets[edge])} == {node, before}


def test_a_relationship_that_others_end_on_is_a_node() -> None:
    draft = Draft()
    for name in ("One", "Two", "Note"):
        draft.add("system", name)
    flow = draft.relate("id-one", "flow", "id-two")
    draft.relate("id-note", "flow", flow)
    graph = draft.graph
    found = reach(graph, [graph.find("Note")], direction=Direction.OUTGOING)
    assert [graph.keys[node] for node in found.nodes.tolist()] == [flow, "id-two"]


def test_a_name_of_several_lists_their_ids() -> None:
    draft = Draft()
    draft.add("system", "Ledger")
    draft.add("system", "Ledger", key="id-other")
    with pytest.raises(AmbiguousName, match=r"id-ledger.*id-other"):
        draft.graph.find("LEDGER")
    assert draft.graph.find("id-other") == 1


def test_an_unknown_name_says_what_sounds_like_it() -> None:
    with pytest.raises(UnknownName, match="Did you mean CaseFlow"):
        a_whole_town().graph.find("caseflo")
    with pytest.raises(UnknownName, match=r"no element ''\.$"):
        a_whole_town().graph.find("")
