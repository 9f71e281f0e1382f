"""Every field inside `landscape(asOf:, scenario:)` obeys it, in both executors.

What is asked follows from the declarations, so that a field added later is asked too.
"""

from collections.abc import Iterator

import pytest

from registry.api.reading.catalogue import CATALOGUE
from registry.api.reading.lists import Lists
from registry.api.reading.writing import Given, Writer
from registry.api.schema import plain_schema, schema
from registry.storage.database import unit_of_work
from registry.storage.readable import Join, Readable, Table, Way, camel
from schemas.access import Scope
from schemas.base import utc_now
from tests.integration.api.both import EVERY, answer
from tests.integration.api.generated import Question
from tests.integration.api.town import settle

INSIDE = [each for each in CATALOGUE.entries.values() if each.in_landscape]
AT = ("$1::timestamptz", "$2::uuid")


def reached() -> list[Readable]:
    """Return every type that a question inside `landscape` can come to."""
    found = [CATALOGUE.target(each) for each in INSIDE]
    for readable in found:
        for member in CATALOGUE.members(readable):
            ends = [member, *(CATALOGUE.target(join) for join in member.joins)]
            found += [end for end in ends if end not in found]
    return found


def joins() -> list[tuple[Readable, Join]]:
    return [(each, join) for each in reached() for join in each.joins]


def raw(table: Table) -> str:
    return f"{table.rows} AS "


def test_every_type_inside_a_landscape_has_a_past() -> None:
    assert len(reached()) > 10
    for readable in reached():
        assert readable.table.at, f"{readable.name} would be of today inside landscape(asOf:)"
        tables = [column.sql for column in readable.columns if "FROM element" in column.sql]
        assert not tables, f"{readable.name} looks into a table of today"


@pytest.mark.parametrize("name", [each.name for each in INSIDE])
def test_every_list_inside_a_landscape_reads_what_was(name: str) -> None:
    writer = Writer(frozenset(Scope), moment=AT)
    listed = Lists(CATALOGUE, writer).at_entry(CATALOGUE.entries[name], Given({"urn": "urn:a:b"}))
    assert raw(listed.readable.table) not in listed.source
    assert AT[0] in listed.source


def test_every_way_inside_a_landscape_leads_to_what_was() -> None:
    for readable, join in joins():
        writer = Writer(frozenset(Scope), moment=AT)
        listed = Lists(CATALOGUE, writer).at_join(join, "h", Given({}))
        where = f"{readable.name}.{join.name}"
        assert AT[0] in listed.source, where
        for table in (listed.readable.table, join.link):
            assert table is None or raw(table) not in listed.source, where


def test_every_condition_inside_a_landscape_looks_at_what_was() -> None:
    seen = 0
    for readable, join in joins():
        if not join.can_filter:
            continue
        writer = Writer(frozenset(Scope), moment=AT)
        given = Given({"filter": {camel(join.name): {}}})
        listed = Lists(CATALOGUE, writer)._listed(
            readable, "t", writer.source(readable, "t"), [], given, name="x", order=()
        )
        for table in (CATALOGUE.target(join).table, join.link):
            assert table is None or raw(table) not in listed.where, (readable.name, join.name)
        seen += AT[0] in listed.where
    assert seen > 10


def leaves(readable: Readable) -> str:
    return " ".join(["__typename", *(camel(each.name) for each in readable.columns)])


def ways_from(readable: Readable, depth: int) -> Iterator[str]:
    """Yield selections: the row itself, and each way from it, so many steps deep."""
    yield leaves(readable)
    for join in readable.joins if depth else ():
        for inner in ways_from(CATALOGUE.target(join), depth - 1):
            page = f"totalCount nodes {{ {inner} }}" if join.many and join.paged else inner
            yield f"{camel(join.name)} {{ {page} }}"


def questions(scope: str) -> Iterator[str]:
    for entry in INSIDE:
        if entry.way is Way.PAGES:
            for way in ways_from(CATALOGUE.target(entry), 1):
                page = f"{camel(entry.name)} {{ totalCount nodes {{ {way} }} }}"
                yield f"{{ landscape({scope}) {{ {page} }} }}"


def test_what_was_stays_as_it_was_whatever_changes_afterwards(shared_database: object) -> None:
    with unit_of_work() as db:
        settle(db)
    then = utc_now().isoformat()
    asked = [Question(text, {}) for text in questions(f'asOf: "{then}"')]
    before = [answer(schema, each, EVERY) for each in asked]
    assert not [each["errors"] for each in before if each["errors"]]
    assert sum(len(str(each)) for each in before) > 50_000
    with unit_of_work() as db:
        settle(db, seed=2)
        db.execute("UPDATE element SET name = 'renamed', attrs = '{}'")
        db.execute("UPDATE stored_view SET name = 'redrawn', shows = '{}'")
        db.execute("UPDATE architecture_model SET name = 'remodelled'")
        db.execute("DELETE FROM relationship WHERE kind <> 'composition'")
    for question, was in zip(asked, before, strict=True):
        for executor in (schema, plain_schema):
            assert answer(executor, question, EVERY) == was, question.text
