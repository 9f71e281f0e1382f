"""What is masked stays masked: in values, and in every question that could give them away."""

import asyncio
import logging
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from registry.access.tokens import Actor
from registry.api.context import Context
from registry.api.media import PURPOSE_HEADER
from registry.api.reading.catalogue import BrokenDeclaration, Catalogue
from registry.api.reading.groups import grouped
from registry.api.reading.lists import Lists
from registry.api.reading.writing import Given, Writer, numbered
from registry.api.schema import plain_schema, schema
from registry.storage.database import unit_of_work
from registry.storage.guarding import PURPOSE_SQL, for_purpose
from registry.storage.readable import Column, Entry, Join, Otherwise, Policy, Readable, Table, Value
from schemas.access import Scope
from schemas.errors import InvalidInput
from tests import factories
from tests.integration.api.asking import PURPOSE, ask, data, refusal, send, send_all

pytestmark = pytest.mark.usefixtures("shared_database")

MAIL = "j.devries@example.org"
ATTRS = {"contact": f"J. de Vries, {MAIL}", "help": f"mail {MAIL}", "telefoon": 14030, "room": 3}
ONLY_LANDSCAPE = [Scope.LANDSCAPE_READ]
SHOWN = "{ systems { nodes { contact attributes } } }"


@pytest.fixture(scope="module", autouse=True)
def system(shared_database: object) -> str:
    with unit_of_work() as db:
        other = factories.an_element(db, attrs={"room": 4})
        made = factories.an_element(db, attrs=ATTRS)
        factories.a_relationship(
            db, source_id=made.id, target_id=other.id, attrs={"contact": MAIL, "way": 1}
        )
    return made.urn


def by_both(query: str, scopes: frozenset[Scope]) -> tuple[Any, Any]:
    """Answer a question by the compiler and by the plain executor."""

    async def run(over: Any) -> Any:
        context = Context(Actor("tester", scopes))
        try:
            return (await over.execute(query, context_value=context)).data
        finally:
            await context.close()

    return asyncio.run(run(schema)), asyncio.run(run(plain_schema))


def test_people_in_records_are_masked_for_whoever_may_not_call_them(system: str) -> None:
    query = f'{{ element(urn: "{system}") {{ attributes ... on System {{ contact }} }} }}'
    assert data(query)["element"] == {"contact": ATTRS["contact"], "attributes": ATTRS}
    masked = {"contact": "***", "help": "***", "telefoon": "***", "room": 3}
    shown = data(query, scopes=ONLY_LANDSCAPE)["element"]
    assert shown == {"contact": "***", "attributes": masked}


def test_nobody_to_call_is_told_as_such() -> None:
    query = "{ systems(filter: {owner: {isNull: true}}) { nodes { contact } } }"
    found = data(query, scopes=ONLY_LANDSCAPE)["systems"]["nodes"]
    assert sorted(str(each["contact"]) for each in found) == ["***", "None"]


def test_people_of_relationships_are_masked_too() -> None:
    query = "{ relationships { nodes { attributes } } }"
    (found,) = data(query, scopes=ONLY_LANDSCAPE)["relationships"]["nodes"]
    assert found["attributes"] == {"contact": "***", "way": 1}


@pytest.mark.parametrize("scopes", [ONLY_LANDSCAPE, [*ONLY_LANDSCAPE, Scope.CONTACTS_READ]])
def test_both_executors_mask_the_same(scopes: list[Scope]) -> None:
    compiled, plain = by_both(SHOWN, frozenset(scopes))
    assert orjson.loads(orjson.dumps(compiled)) == orjson.loads(orjson.dumps(plain))


@pytest.mark.parametrize(
    "query",
    [
        '{ systems(filter: {contact: {ilike: "J%"}}) { totalCount } }',
        '{ systems(filter: {not: {contact: {startsWith: "J"}}}) { totalCount } }',
        '{ systems(filter: {uses: {contact: {eq: "J"}}}) { totalCount } }',
        "{ systems(filter: {contact: {isNull: false}}) { totalCount } }",
        "{ systems(orderBy: [{contact: ASC}]) { nodes { name } } }",
        "{ systems(orderBy: [{contact: DESC}]) { edges { cursor } } }",
    ],
)
def test_a_masked_value_cannot_be_asked_by(query: str) -> None:
    refused = refusal(query, scopes=ONLY_LANDSCAPE)
    assert refused["code"] == "access_denied"
    assert "contacts:read" in refused["message"]
    assert "errors" not in ask(query)


def test_what_a_change_gives_back_is_masked_too() -> None:
    query = (
        'mutation { registerSystem(urn: "urn:test:masked", input: {name: "x", attributes: {contact:'
        f' "{MAIL}"}}}}) {{ ... on SystemChange {{ system {{ contact attributes }} }} }} }}'
    )
    scopes = [*ONLY_LANDSCAPE, Scope.LANDSCAPE_WRITE]
    shown = data(query, scopes=scopes)["registerSystem"]["system"]
    assert shown == {"contact": "***", "attributes": {"contact": "***"}}


# ---- purposes -------------------------------------------------------------------------------

OPEN = Policy(Scope.CUSTOMERS_READ)
BY_PURPOSE = Policy(
    Scope.CUSTOMERS_READ, Otherwise.MASKED, mask="'***'", when=f"{PURPOSE_SQL} = 'tax'"
)
PERSON = Readable(
    "Person",
    "A person.",
    Table(
        "(SELECT * FROM (VALUES (1, 'Ann', 'Aardam'), (2, 'Bob', 'Zeedam')) AS v (id, name, city))"
    ),
    (
        Column("name", Value.TEXT, "Name.", OPEN),
        Column("city", Value.TEXT, "City.", BY_PURPOSE, can_group=True),
    ),
    order=("name",),
    search="city",
)
PEOPLE = Entry("people", "Person", "People.", OPEN)
PRIVATE = Catalogue([PERSON], [PEOPLE])


class Way:
    """A direction of an order, as GraphQL's enum holds it."""

    value = "desc"


def listed(purpose: str, **given: Any) -> list[tuple[str, str]]:
    """Return names and cities of a list, for a purpose."""
    writer = Writer(frozenset(Scope))
    found = Lists(PRIVATE, writer).at_entry(PEOPLE, Given(given))
    columns = ", ".join(writer.column(each, found.row) for each in found.readable.columns)
    return run(purpose, found.page(columns), writer)


def run(purpose: str, sql: str, writer: Writer) -> Any:
    text, used = numbered(sql)
    with unit_of_work() as db:
        db.execute(for_purpose(purpose) or "SELECT 1")
        cursor = psycopg.RawCursor(db)
        return cursor.execute(text, [writer.values[at] for at in used]).fetchall()


def test_a_purpose_opens_what_it_covers() -> None:
    assert listed("tax") == [("Ann", "Aardam"), ("Bob", "Zeedam")]
    assert listed("parking") == [("Ann", "***"), ("Bob", "***")]
    assert listed("") == [("Ann", "***"), ("Bob", "***")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"filter": {"city": {"eq": "Zeedam"}}}, ["Bob"]),
        ({"filter": {"city": {"ilike": "zee%"}}}, ["Bob"]),
        ({"filter": {"not": {"city": {"startsWith": "A"}}}}, ["Bob"]),
        ({"search": "zee"}, ["Bob"]),
        ({"orderBy": [{"city": Way}]}, ["Bob", "Ann"]),
    ],
)
def test_questions_see_the_mask_where_the_purpose_does_not_cover_the_value(
    given: dict[str, Any], found: list[str]
) -> None:
    assert [name for name, _ in listed("tax", **given)] == found
    hidden = [name for name, _ in listed("parking", **given)]
    assert hidden in ([], ["Ann", "Bob"])  # of the mask: nobody, everybody, or the key's order


def test_counts_see_the_mask_too() -> None:
    writer = Writer(frozenset(Scope))
    whole = Lists(PRIVATE, writer).at_entry(PEOPLE, Given({}))

    class City:
        value = "city"

    counts = grouped(writer, whole, Given({"by": [City]}))
    assert run("tax", counts, writer) == [(["Aardam"], 1), (["Zeedam"], 1)]
    assert run("parking", counts, writer) == [(["***"], 2)]


def test_a_condition_needs_something_to_show_instead() -> None:
    for field in (
        Column("x", Value.TEXT, "X.", Policy(Scope.SYNC_READ, when="true")),
        Join("x", "Bad", "X.", Policy(Scope.SYNC_READ, Otherwise.NULL, when="true"), on="true",
             nullable=True),
    ):  # fmt: skip
        with pytest.raises(BrokenDeclaration, match="condition"):
            Catalogue([Readable("Bad", "Bad.", Table("t"), (field,))], [])


def test_a_list_is_not_sorted_by_what_not_all_of_its_readers_may_see() -> None:
    name = Column("name", Value.TEXT, "Name.", OPEN)
    secret = Column("secret", Value.TEXT, "Secret.", Policy(Scope.CONTACTS_READ))
    with pytest.raises(BrokenDeclaration, match="sorted by secret"):
        Catalogue([Readable("Bad", "Bad.", Table("t"), (name, secret), order=("secret",))], [])


def test_every_transaction_of_a_question_carries_its_purpose() -> None:
    asked = f"SELECT {PURPOSE_SQL}"

    async def told() -> list[Any]:
        context = Context(Actor("tester", frozenset(Scope)), purpose="tax")
        try:
            return [
                await context.answer(asked.encode(), []),
                await context.read(Scope.SYNC_READ, lambda db: db.execute(asked).fetchone()),
                await context.rehearse(Scope.SYNC_READ, lambda db: db.execute(asked).fetchone()),
            ]
        finally:
            await context.close()

    assert asyncio.run(told()) == [b"tax", ("tax",), ("tax",)]
    with unit_of_work() as db:  # and nothing stays on the connection
        assert db.execute(asked).fetchone() in [("",), (None,)]


@pytest.mark.parametrize("purpose", ["'; DROP TABLE element; --", "Tax", "x" * 61, "é", "a b"])
def test_a_purpose_that_is_no_name_is_refused(purpose: str) -> None:
    with pytest.raises(InvalidInput):
        for_purpose(purpose)
    headers = {"Townclerk-Purpose": purpose.encode()}
    answer = send(json={"query": "{ systems { totalCount } }"}, headers=headers)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "invalid_input"
    assert purpose not in error["message"]


def test_who_reads_customers_is_told_each_time(caplog: pytest.LogCaptureFixture) -> None:
    async def twice(client: httpx.AsyncClient) -> list[int]:
        body = {"query": "{ customers { nodes { id } } }"}
        headers = {PURPOSE_HEADER: PURPOSE}
        return [(await client.post("/", json=body, headers=headers)).status_code for _ in "12"]

    with caplog.at_level(logging.INFO, logger="townclerk.reads"):
        assert send_all([twice]) == [[200, 200]]
    assert [line.message for line in caplog.records].count("personal data was read") == 2
