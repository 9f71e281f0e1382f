"""Each of our own kinds keeps every rule of the conformance kit.

Every rule judges one source in `make test`, the telling ones judge all; `make conformance` judges
every source by every rule.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import Figure, keep
from connectors.sdk.conformance.checking import Outcome, check_connector, judge
from connectors.sdk.conformance.rigs import find_rig
from connectors.sdk.conformance.rules import RULES, Rule
from connectors.sdk.load import load_connector_file

FILE = """
connector: crm
kind: {kind}
interface: urn:t:interface:crm
auth: {auth}
streams:
  people: {{data_set: urn:t:data_set:crm, map: {{kind: "'person'"}}, {stream}}}
{beside}"""
TEAMS = """  teams: {data_set: urn:t:data_set:t, get: /t, key: code, map: {kind: "'organisation'"}}
"""
BEARER = "{type: bearer, secret: 'env:X'}"
QUERY = (
    "'query($first: Int!, $after: String) { people(first: $first, after: $after)"
    " { edges { node { id } } pageInfo { hasNextPage endCursor } } }'"
)
LISTED = "'query($skip: Int, $take: Int) { people(skip: $skip, take: $take) { id } }'"
LISTED_BY = "type: offset, parameter: skip, size_parameter: take, size: 5"
IN_OBJECT = "'query($page: Page!) { people(page: $page) { total items { id } } }'"
IN_OBJECT_BY = (
    "type: page, parameter: page.number, size_parameter: page.size, size: 5,"
    " total: data.people.total"
)
BELOW = (
    "get: '/teams/{partition}/people', records: items, key: id, headers: {Accept-Crs: 'EPSG:4326'},"
    ' where: "id != null", partitions: {stream: teams, field: code}, paging: {type: link, next: n}'
)
TOKEN = "{type: oauth2_client_credentials, client_id: a, secret: 'env:X', token_url: 'https://a/t'}"
CURSOR = "paging: {type: cursor, parameter: after, next: next.x}"
HEADER = "paging: {type: header_link}"
LAST = "paging: {type: last_key, parameter: after, field: id, more: more, size: 5}"
PAGES = "paging: {type: page, parameter: p, size_parameter: n, size: 5, total_header: X-Total}"
NUMBERED = "paging: {type: page, parameter: p, size_parameter: n, size: 5, pages: meta.pages}"
FLAGGED = "paging: {type: offset, parameter: o, size_parameter: n, size: 5, last: page.last}"
OFFSET = "paging: {type: offset, parameter: o}"
PARTS = "get: '/{partition}/p', partitions: {values: [a, b/c]}"
SOAP = "wsdl: /x, operation: List, arguments: {q: {town: A}}, records: people.person, key: id"
SKIPPING = "{argument: q.skip, count: records, size_argument: q.size, size: 5}"
IN_BODY = "{type: page, parameter: page.no, size_parameter: page.size, size: 5, total: page.total}"
TOGETHER = "{parameter: keys, values_file: /srv/keys.txt, together: 2}"
POSTED = f"post: /people, body: {{type: a}}, records: people, partitions: {TOGETHER}, key: id"
SOURCES = {
    "rest by cursor": ("rest", BEARER, f"get: /p, key: id, records: a.items, {CURSOR}"),
    "rest by link": (
        "rest",
        "{type: api_key, parameter: k, secret: 'env:X'}",
        "get: /p, key: id, records: items, paging: {type: link, next: next}",
    ),
    "rest by header": (
        "rest",
        "{type: zgw_jwt, client_id: a, secret: 'env:X'}",
        f"get: /p, key: a.b, {HEADER}",
    ),
    "rest by last key": ("rest", "{}", f"get: /p, key: id, records: items, {LAST}"),
    "rest, four pages at once": ("rest", "{}", f"get: /p, key: id, parallel: 4, {PAGES}"),
    "rest by number of pages": ("rest", "{}", f"get: /p, key: id, records: items, {NUMBERED}"),
    "rest by a flag": ("rest", "{}", f"get: /p, key: id, records: items, {FLAGGED}"),
    "rest in parts by offset": ("rest", "{}", f"key: id, {PARTS}, {OFFSET}"),
    "rest, asked by post": ("rest", BEARER, POSTED),
    "rest by page in the body": (
        "rest",
        "{}",
        f"post: /search, records: people, key: id, paging: {IN_BODY}",
    ),
    "graphql": ("graphql", TOKEN, f"key: id, query: {QUERY}, connection: data.people"),
    "graphql by offset": (
        "graphql",
        "{}",
        f"key: id, query: {LISTED}, records: data.people, paging: {{{LISTED_BY}}}",
    ),
    "graphql by page in an object": (
        "graphql",
        BEARER,
        f"key: id, query: {IN_OBJECT}, records: data.people.items, paging: {{{IN_OBJECT_BY}}}",
    ),
    "rest below another list": ("rest", "{}", BELOW),
    "odata": ("odata", BEARER, "set: /contacts, key: contactid"),
    "scim": ("scim", BEARER, "key: id"),
    "files as csv": ("files", "{}", "files: 'w*.csv', key: id"),
    "files as json lines": ("files", "{}", "files: 'w*.jsonl', format: jsonl, key: id"),
    "files as xml": ("files", "{}", "files: 'w*.xml', format: xml, element: person, key: id"),
    "files as parquet": ("files", "{}", "files: 'w*.parquet', format: parquet, key: id"),
    "files as sheets": ("files", "{}", "files: 'w*.xlsx', format: xlsx, key: id"),
    "singer": ("singer", "{}", "tap: tap-crm, stream: people, key: id"),
    "sql": ("sql", "{type: basic, username: a, secret: 'env:X'}", "select: SELECT 1, key: id"),
    "ldap": ("ldap", "{type: basic, username: a, secret: 'env:X'}", "key: uid, base: dc=x"),
    "soap": ("soap", BEARER, f"{SOAP}, paging: {{argument: q.page, size: 5}}"),
    "soap by records": ("soap", "{}", f"{SOAP}, paging: {SKIPPING}"),
    "soap in one answer": ("soap", "{}", SOAP),
    "webhook in batches": ("webhook", "{}", "secret: 'env:X', record: a.person, key: id"),
    "webhook one by one": (
        "webhook",
        "{}",
        "secret: 'env:X', signing: bearer, envelope: json, id: message, key: id",
    ),
    "oai_pmh": ("oai_pmh", "{}", "key: header.identifier"),
}
BY_NAME = {rule.name: rule for rule in RULES}
JUDGE_ALL = {"spec", "idle", "resume", "host"}
ALIKE = {
    "rest by number of pages",
    "rest by a flag",
    "rest by page in the body",
    "soap by records",
    "soap in one answer",
    "webhook one by one",
    "graphql by page in an object",
    "rest below another list",
}


PAGE = (Path(__file__).parents[3] / "docs/reference/connector-file.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_the_examples_of_the_reference_read_their_sources(number: int) -> None:
    spec = load_connector_file(EXAMPLES[number], name="example.yaml")
    for stream in spec.streams:
        verdicts = check_connector(find_rig(spec, stream), [BY_NAME["page-size"]])
        assert [one.outcome for one in verdicts] == [Outcome.KEPT], verdicts


def cases() -> list[Any]:
    first = next(iter(SOURCES))
    return [
        pytest.param(
            source,
            rule,
            id=f"{source}: {rule.name}",
            marks=[]
            if source == first or (rule.name in JUDGE_ALL and source not in ALIKE)
            else [pytest.mark.heavy],
        )
        for source in SOURCES
        for rule in RULES
    ]


@pytest.fixture(scope="module")
def tally() -> Iterator[Counter[Outcome]]:
    """Counts the verdicts; they are figures where every source was judged by every rule."""
    counted: Counter[Outcome] = Counter()
    yield counted
    if counted.total() < len(SOURCES) * len(RULES):
        return
    how = f"{len(SOURCES)} sources of all kinds, {len(RULES)} rules of `townclerk connector check`"
    judged = counted[Outcome.KEPT] + counted[Outcome.BROKEN]
    figures = [
        Figure("rules of the kit that apply to our own kinds", judged, "verdicts", "", how),
        Figure("of these broken", counted[Outcome.BROKEN], "verdicts", "<= 0", how),
    ]
    keep("connectors_kit", figures, "make conformance")


@pytest.mark.parametrize(("source", "rule"), cases())
def test_a_kind_of_ours_keeps_its_word(source: str, rule: Rule, tally: Counter[Outcome]) -> None:
    kind, auth, stream = SOURCES[source]
    signing = auth if auth != "{}" else "{type: none}"
    beside = TEAMS if "stream: teams" in stream else ""
    text = FILE.format(kind=kind, auth=signing, stream=stream, beside=beside)
    spec = load_connector_file(text, name="x.yaml")

    verdict = judge(rule, find_rig(spec, "people"))

    tally[verdict.outcome] += 1
    assert verdict.outcome is not Outcome.BROKEN, verdict.why
