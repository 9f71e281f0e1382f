"""Each of our own kinds keeps every rule of the conformance kit."""

import pytest

from connectors.sdk.conformance.checking import Outcome, judge
from connectors.sdk.conformance.rigs import find_rig
from connectors.sdk.conformance.rules import RULES, Rule
from connectors.sdk.load import load_connector_file

HEAD = """
connector: crm
kind: {kind}
interface: urn:t:interface:crm
auth: {auth}
streams:
  people:
    data_set: urn:t:data_set:crm
    map: {{kind: "'person'"}}
    {stream}
"""
BEARER = "{type: bearer, secret: 'env:X'}"
QUERY = (
    "query: 'query($first: Int!, $after: String) { people(first: $first, after: $after)"
    " { edges { node { id } } pageInfo { hasNextPage endCursor } } }', connection: data.people"
)
SOURCES = {
    "rest by cursor": ("rest", BEARER, "get: /p, key: id, records: a.items, paging: "
        "{type: cursor, parameter: after, next: next.x}"),
    "rest by link": ("rest", "{type: api_key, parameter: k, secret: 'env:X'}",
        "get: /p, key: id, records: items, paging: {type: link, next: next}"),
    "rest by header": ("rest", "{type: zgw_jwt, client_id: a, secret: 'env:X'}",
        "get: /p, key: a.b, paging: {type: header_link}"),
    "rest by page, four at once": ("rest", "{type: none}", "get: /p, key: id, parallel: 4, paging: "
        "{type: page, parameter: page, size_parameter: n, size: 5, total_header: X-Total}"),
    "rest in parts by offset": ("rest", "{type: none}", "get: '/{partition}/p', key: id, "
        "partitions: {values: [a, b/c]}, paging: {type: offset, parameter: o}"),
    "graphql": ("graphql", "{type: oauth2_client_credentials, client_id: a, secret: 'env:X', "
        "token_url: 'https://sign.in/t'}", f"key: id, {QUERY}"),
    "odata": ("odata", BEARER, "set: /contacts, key: contactid"),
    "scim": ("scim", BEARER, "key: id"),
    "oai_pmh": ("oai_pmh", "{type: none}", "key: header.identifier"),
}
SLOW = {"rest by link", "rest by header"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("source", SOURCES)
def test_a_kind_of_ours_keeps_its_word(source: str, rule: Rule) -> None:
    kind, auth, stream = SOURCES[source]
    block = "\n    ".join(_parts(stream))
    spec = load_connector_file(HEAD.format(kind=kind, auth=auth, stream=block), name="x.yaml")

    verdict = judge(rule, find_rig(spec, "people"))

    assert verdict.outcome is not Outcome.BROKEN, verdict.why


def _parts(text: str) -> list[str]:
    """Part a flow mapping at its outer commas, to write it as lines."""
    parts, depth, at = [""], 0, ""
    for sign in text:
        if sign in "'\"" and at in ("", sign):
            at = "" if at else sign
        depth += 0 if at else (sign in "{[") - (sign in "}]")
        if sign == "," and not depth and not at:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]
