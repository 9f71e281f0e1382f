"""What tests of changes write: systems that are registered, changed and retired."""

from typing import Any

from tests.integration.api.asking import data

PROBLEM = "__typename ... on Problem { code message remedy }"
MORE = (
    "... on InvalidInput { path } ... on Conflict { currentRevision } ... on AccessDenied { scope }"
)
SYSTEM = "... on SystemChange { validatedOnly system { urn name owner revision attributes } }"
REGISTER = (
    "mutation ($urn: String!, $input: SystemInput!, $try: Boolean = false) {"
    f" done: registerSystem(urn: $urn, input: $input, validateOnly: $try) {{ {PROBLEM} {MORE}"
    f" {SYSTEM} }} }}"
)
UPDATE = (
    "mutation ($urn: String!, $input: SystemInput!, $seen: Int!, $try: Boolean = false) {"
    " done: updateSystem(urn: $urn, input: $input, expectedRevision: $seen, validateOnly: $try) {"
    f" {PROBLEM} {MORE} {SYSTEM} }} }}"
)
RETIRE = (
    "mutation ($urn: String!, $seen: Int!, $try: Boolean = false) {"
    " done: retireSystem(urn: $urn, expectedRevision: $seen, validateOnly: $try) {"
    f" {PROBLEM} {MORE} ... on ElementRetired {{ urn relationships validatedOnly }} }} }}"
)


def done(query: str, **given: Any) -> dict[str, Any]:
    return data(query, **given)["done"]


def find(urn: str) -> dict[str, Any] | None:
    query = "query ($urn: String!) { element(urn: $urn) { urn name revision } }"
    return data(query, urn=urn)["element"]
