"""Search, duplicates, personal data, and declared against observed."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.landscape.questions.duplicates import Likeness, duplicates
from registry.landscape.questions.observed import Flow, Verdict, declared_against_observed
from registry.landscape.questions.personal import personal_data
from registry.landscape.questions.search import FOUND_MAX, search
from tests.unit.landscape.questions.town import Draft, a_whole_town

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def a_shelf(*names: str) -> Draft:
    draft = Draft()
    for name in names:
        draft.add("system", name)
    return draft


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("zaaksysteem", "Zaaksysteem"),
        ("zaaksyteem", "Zaaksysteem"),
        ("ZAAK SYSTEEM", "Zaaksysteem"),
        ("vergunning", "Beheer van vergunningen"),
        ("Café-register", "Cafe register"),
        ("licence", "Dog licences"),
    ],
)
def test_search_forgives_typing_errors_accents_and_inflections(asked: str, found: str) -> None:
    shelf = a_shelf("Zaaksysteem", "Beheer van vergunningen", "Cafe register", "Dog licences")
    assert search(shelf.graph, asked)[0].name == found


def test_a_whole_name_comes_before_longer_ones_and_kinds_can_be_chosen() -> None:
    shelf = a_shelf("Archive of cases", "Archive")
    shelf.add("data_set", "Archive keys", "What the archive is sorted by")
    assert search(shelf.graph, "archive")[0].name == "Archive"
    assert [one.name for one in search(shelf.graph, "archive", kinds=("data_set",))] == [
        "Archive keys"
    ]


def test_words_of_the_description_are_found_too_but_count_less() -> None:
    shelf = a_shelf("Subsidies")
    shelf.add("system", "GreenBook", "Pays subsidies to gardeners")
    assert [one.name for one in search(shelf.graph, "subsidie")] == ["Subsidies", "GreenBook"]


@pytest.mark.parametrize("asked", ["", "  ", "!!", "\0", "x" * 100_000, "q" * 5, "😀", "\ud800"])
def test_search_takes_whatever_people_type(asked: str) -> None:
    assert search(a_shelf("Ledger").graph, asked) == []


def test_an_empty_landscape_answers_everything_with_nothing() -> None:
    graph = Draft().graph
    assert search(graph, "ledger") == []
    assert duplicates(graph) == []
    assert personal_data(graph) == []


def test_search_never_answers_more_than_a_page() -> None:
    shelf = a_shelf(*(f"Ledger {number}" for number in range(FOUND_MAX + 20)))
    assert len(search(shelf.graph, "ledger", limit=10_000)) == FOUND_MAX


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Ledger", "LEDGER ", Likeness.SAME_NAME),
        ("Ledger Works B.V.", "Ledger works", Likeness.SAME_WORDS),
        ("Register of trees", "trees, register of", Likeness.SAME_WORDS),
        ("Zaaksysteem", "Zaak-systeem", Likeness.SAME_WORDS),
        ("Zaaksysteem", "Zaaksyteem", Likeness.ONE_LETTER),
        ("Zaaksysteem", "Zaaksysetem", Likeness.ONE_LETTER),
        ("Zaaksysteem 1", "Zaaksysteem 2", None),
        ("Module A", "Module B", None),
        ("BGT", "BRT", None),
    ],
)
def test_duplicates_are_names_that_mean_one_thing(
    one: str, other: str, likeness: Likeness | None
) -> None:
    draft = Draft()
    for name in (one, other):
        draft.add("system", name, key=f"id-{len(draft.model.elements)}")
    assert [group.likeness for group in duplicates(draft.graph)] == ([likeness] if likeness else [])


def test_two_kinds_may_share_a_name() -> None:
    draft = a_shelf("Cases")
    draft.add("data_set", "Cases", key="id-data")
    assert duplicates(draft.graph) == []


def test_personal_data_says_who_touches_it_and_where_it_flows() -> None:
    [held] = personal_data(a_whole_town().graph)
    assert (held.name, held.owner) == ("Cases of people", "Information")
    assert [(one.name, one.access) for one in held.touched_by] == [
        ("Case query", "reads"),
        ("CaseFlow", "writes"),
    ]
    assert [(one.name, one.steps, one.through) for one in held.flows_to] == [
        ("Website", 1, "Case query")
    ]


def compared(*flows: Flow, connected: dict[str, str] | None = None) -> dict[str, tuple[str, str]]:
    rows = declared_against_observed(
        a_whole_town().graph, flows, now=NOW, connected=connected or {}
    )
    return {f"{row.source}>{row.target}": (row.verdict, row.reason) for row in rows}


def flow(source: str, target: str, days: int = 0) -> Flow:
    return Flow(source, target, 10, NOW - timedelta(days=days))


def test_what_is_declared_and_flows_agrees_until_it_stops() -> None:
    asked = ("id-cases-of-people", "id-case-query")
    assert compared(flow(*asked))["Cases of people>Case query"][0] is Verdict.AGREES
    verdict, reason = compared(flow(*asked, days=31))["Cases of people>Case query"]
    assert (verdict, reason) == (Verdict.STALE, "nothing for 31 days")


def test_other_data_or_other_ends_than_declared_have_drifted() -> None:
    answer = compared(
        flow("id-street-names", "id-case-query"), flow("id-case-query", "id-groundbook")
    )
    assert answer["Street names>Case query"] == (
        Verdict.DRIFTED,
        "declared to give Cases of people",
    )
    assert answer["Case query>GroundBook"] == (Verdict.DRIFTED, "declared to serve Website")


def test_an_interface_without_flows_is_unused_failing_or_unwatched() -> None:
    assert compared()[">"] == (Verdict.UNWATCHED, "no connector reads it")
    connected = {"id-case-query": ""}
    assert compared(connected=connected)[">"][0] is Verdict.UNUSED
    connected = {"id-case-query": "last run failed"}
    assert compared(connected=connected)[">"] == (Verdict.DRIFTED, "last run failed")


def test_a_flow_of_something_that_is_gone_is_undeclared() -> None:
    assert compared(flow("id-gone", "id-case-query"))[">Case query"][0] is Verdict.UNDECLARED
