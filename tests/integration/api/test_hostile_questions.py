"""Questions that would hurt or mislead: refused early, in plain words, without SQL."""

import base64
import json
import time
from typing import Any
from uuid import UUID

import pytest
from graphql import get_named_type, is_leaf_type

from registry.api.pages import PAGE_MAX, SEARCH_CHARACTERS_MAX, global_id
from registry.api.reading.cost import COST_MAX
from registry.api.schema import schema
from registry.api.whole import ANSWER_BYTES_MAX
from registry.storage.database import unit_of_work
from schemas.base import uuid7
from schemas.landscape_kinds import ElementKind, RelationshipKind
from tests import factories
from tests.integration.api.asking import ask, data, refusal

pytestmark = pytest.mark.usefixtures("shared_database")

LISTS = ["systems", "interfaces", "dataSets", "referenceComponents", "domains", "relationships"]
LISTS += ["syncRuns", "customers"]


@pytest.mark.parametrize("first", [0, -1, PAGE_MAX + 1, 10_000])
def test_page_sizes_have_limits(first: int) -> None:
    for name in LISTS:
        error = refusal(f"{{ {name}(first: {first}) {{ totalCount }} }}")
        assert error["code"] == "invalid_input", name
        assert str(PAGE_MAX) in error["message"]


def cursor_of(name: str) -> str:
    with unit_of_work() as db:
        for kind in ElementKind:
            factories.an_element(db, kind=kind)
        factories.a_sync_run(db)
        factories.a_relationship(db)
        factories.a_customer(db)
    return str(data(f"{{ {name} {{ pageInfo {{ endCursor }} }} }}")[name]["pageInfo"]["endCursor"])


def tampered(cursor: str) -> list[str]:
    octets = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    payload = json.loads(octets[6:])
    other = json.dumps([payload[0], *("x" for _ in payload[1:])]).encode()
    swapped = "A" if cursor[10] != "A" else "B"
    return [
        "",
        "x",
        "é",
        "\0",
        cursor[:-3],
        cursor + "AAAA",
        cursor[:10] + swapped + cursor[11:],
        base64.urlsafe_b64encode(octets[:6] + other).decode().rstrip("="),
        base64.urlsafe_b64encode(b"[" * 1000).decode().rstrip("="),
        "A" * 5000,
    ]


@pytest.mark.parametrize("name", LISTS)
def test_a_damaged_cursor_is_refused(name: str) -> None:
    for after in tampered(cursor_of(name)):
        error = refusal(
            f"query ($after: String) {{ {name}(after: $after) {{ nodes {{ id }} }} }}",
            after=after,
        )
        assert error["code"] == "invalid_input", after
        assert "cursor" in error["message"]


def test_a_cursor_of_another_list_is_refused() -> None:
    after = cursor_of("systems")
    for name in set(LISTS) - {"systems"}:
        error = refusal(
            f"query ($after: String) {{ {name}(after: $after) {{ nodes {{ id }} }} }}",
            after=after,
        )
        assert "another list" in error["message"]
    nested = "query ($a: String) { systems { nodes { interfaces(after: $a) { totalCount } } } }"
    assert "another list" in refusal(nested, a=after)["message"]


@pytest.mark.parametrize(
    "given",
    ["", "x", "é", "\0", "A" * 5000, global_id("nothing", UUID(int=7)), global_id("system", "7")],
)
def test_a_damaged_global_id_is_refused(given: str) -> None:
    for text in ("node(id: $id) { id }", "nodes(ids: [$id]) { id }", "customer(id: $id) { id }"):
        error = refusal(f"query ($id: ID!) {{ {text} }}", id=given)
        assert error["code"] == "invalid_input", (text, given)


def test_the_id_of_something_else_is_no_customer() -> None:
    error = refusal(
        "query ($id: ID!) { customer(id: $id) { id } }", id=global_id("system", uuid7())
    )
    assert "not of a customer" in error["message"]


def test_too_many_ids_are_refused() -> None:
    ids = [global_id("system", uuid7())] * (PAGE_MAX + 1)
    error = refusal("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert error["code"] == "invalid_input"


@pytest.mark.parametrize("text", ["x" * (SEARCH_CHARACTERS_MAX + 1), "nul \0 byte"])
@pytest.mark.parametrize("name", ["systems", "customers"])
def test_search_is_bounded(name: str, text: str) -> None:
    error = refusal(
        f"query ($text: String) {{ {name}(search: $text) {{ totalCount }} }}", text=text
    )
    assert error["code"] == "invalid_input"
    assert text not in error["message"]


@pytest.mark.parametrize("text", ["nul \0 byte", "x" * 10_000])
def test_names_are_bounded_too(text: str) -> None:
    for question in (
        "query ($t: String!) { element(urn: $t) { id } }",
        "query ($t: String!) { syncRuns(source: $t) { totalCount } }",
    ):
        assert refusal(question, t=text)["code"] == "invalid_input"
    change = "mutation ($t: String!) { cancelSync(source: $t) { ... on Problem { code } } }"
    assert data(change, t=text) == {"cancelSync": {"code": "invalid_input"}}


@pytest.mark.parametrize("text", ["'; DROP TABLE element; --", "%", "\\", "\u202e", "😀", "$1"])
def test_odd_but_honest_text_is_only_text(text: str) -> None:
    found = data(
        "query ($t: String!) { systems(search: $t) { totalCount } element(urn: $t) { id } }",
        t=text,
    )
    assert found == {"systems": {"totalCount": 0}, "element": None}


def bomb(levels: int) -> str:
    """Fragments that double at each level: 2 to the power of the levels as one walks them."""
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    return "{ ...F0 }" + " ".join(parts) + f" fragment F{levels} on Query {{ __typename }}"


HOSTILE: dict[str, str] = {
    "deep": "{ systems { nodes " + "{ interfaces { nodes { providers { nodes " * 4 + "{ id }",
    "deep by fragments": "{ systems { nodes { ...A } } } "
    + " ".join(
        f"fragment {a} on System {{ interfaces {{ nodes {{ providers {{ nodes {{"
        f" ...{b} }} }} }} }} }}"
        for a, b in ("AB", "BC", "CD")
    )
    + " fragment D on System { id }",
    "many aliases": "{" + " ".join(f"a{n}: __typename" for n in range(31)) + "}",
    "aliases by fragments": "{ ...F ...G } fragment F on Query { ...G ...G } fragment G on Query {"
    + " ".join(f"a{n}: __typename" for n in range(11))
    + "}",
    "many directives": "{ __typename " + "@skip(if: false) " * 31 + "}",
    "many fields": "{" + "__typename " * 501 + "}",
    "many tokens": "{ systems(search: " + "[" * 10 + "1 " * 2000 + "]) }",
    "long": "{ __typename }" + " " * 20_000,
    "nested values": "{ systems(search: " + "[" * 900 + "]" * 900 + ") { totalCount } }",
    "nested selections": "{ a " * 450 + "}" * 450,
}
HOSTILE["deep"] += "}" * (HOSTILE["deep"].count("{") - HOSTILE["deep"].count("}"))


@pytest.mark.parametrize("name", HOSTILE)
def test_oversized_questions_are_refused_before_they_cost_anything(name: str) -> None:
    begun = time.process_time()
    error = refusal(HOSTILE[name])
    assert error["code"] == "question_too_large", error
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "text",
    [
        bomb(100),
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        "{ ...Nowhere }",
        "{ " + "systems { totalCount } " * 200 + "}",
    ],
    ids=["bomb", "itself", "in a circle", "nowhere", "the same again"],
)
def test_odd_questions_cost_little_and_never_break_us(text: str) -> None:
    begun = time.process_time()
    answer = ask(text)
    assert time.process_time() - begun < 4
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] in {"invalid_input", "question_too_large"}


def test_the_schema_can_be_asked_about_but_not_in_circles() -> None:
    from graphql import get_introspection_query

    assert data(get_introspection_query())["__schema"]["queryType"]["name"] == "Query"
    circle = "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }"
    assert refusal(circle)["code"] == "invalid_input"


def a_wide_landscape() -> None:
    """Twenty systems that all use the same twenty interfaces."""
    with unit_of_work() as db:
        systems = [factories.an_element(db) for _ in range(20)]
        interfaces = [factories.an_interface(db) for _ in range(20)]
        for system in systems:
            for interface in interfaces:
                factories.a_relationship(
                    db,
                    kind=RelationshipKind.SERVING,
                    source_id=interface.id,
                    target_id=system.id,
                )


def test_what_a_change_answers_with_may_not_multiply_either() -> None:
    text = (
        'mutation { registerSystem(urn: "urn:test:dear", input: {name: "x"}) { ... on SystemChange'
        " { system { uses(first: 200) { nodes { consumers(first: 200) { nodes { uses(first: 200)"
        " { nodes { name } } } } } } } } } }"
    )
    assert refusal(text)["code"] == "answer_too_large"
    assert data('{ element(urn: "urn:test:dear") { name } }') == {"element": None}


def test_events_of_subscriptions_hold_no_lists_within_lists() -> None:
    assert schema.graph.subscription_type
    fields = schema.graph.subscription_type.fields.values()
    waiting = [(get_named_type(field.type), 0) for field in fields]
    while waiting:
        kind, lists = waiting.pop()
        for inner in getattr(kind, "fields", {}).values():
            deeper = lists + ("[" in str(inner.type))
            assert is_leaf_type(get_named_type(inner.type)) or deeper < 2, (kind, inner)
            waiting.append((get_named_type(inner.type), deeper))


def test_an_answer_that_multiplies_is_refused_as_a_whole() -> None:
    a_wide_landscape()
    step = "nodes { uses { nodes { consumers { "
    text = "{ systems { " + step + "nodes { uses { nodes { consumers { nodes { id } } } } }"
    text += "}" * (text.count("{") - text.count("}"))
    begun = time.process_time()
    answer = ask(text)
    assert "data" not in answer or answer["data"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "answer_too_large"
    assert str(COST_MAX) in error["message"]
    assert time.process_time() - begun < 15


def no_sql(value: Any) -> bool:
    text = json.dumps(value).upper()
    return not any(word in text for word in ("SELECT ", "FROM ", "WHERE ", "PSYCOPG", "TRACEBACK"))


def test_a_page_where_every_row_fails_repeats_itself_twenty_times_at_most() -> None:
    with unit_of_work() as db:
        for _ in range(60):
            factories.a_source(db)
    from schemas.access import Scope

    answer = ask("{ sources { interface { name } } }", scopes=[Scope.SYNC_READ])
    assert len(answer["errors"]) == 20
    assert no_sql(answer)


def test_an_answer_of_too_many_bytes_is_refused_by_both_executors() -> None:
    with unit_of_work() as db:
        for number in range(3):
            factories.an_element(db, name=f"Wordy {number}", description="x" * 900_000)
    wordy = 'systems(filter: {name: {startsWith: "Wordy"}}) { nodes { description } }'
    refused = refusal(f"{{ {wordy} }}")
    assert refused["code"] == "answer_too_large"
    assert str(ANSWER_BYTES_MAX) in refused["message"]
    assert refusal(f"{{ {wordy} }}")["code"] == "answer_too_large"  # by the plan that is kept
    plain = ask(f'{{ {wordy} searchLandscape(words: "x") {{ name }} }}')  # does not compile
    assert plain["errors"][0]["extensions"]["code"] == "answer_too_large"
    assert not plain.get("data")
    many = " ".join(f"a{n}: {wordy}" for n in range(9))
    more = ask(f'{{ {many} searchLandscape(words: "x") {{ name }} }}')
    assert {each["extensions"]["code"] for each in more["errors"]} == {"answer_too_large"}
