"""The page to ask by GraphQL: from our own files alone, safe, with examples that work."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from registry.api.media import PURPOSE_HEADER
from registry.customers.asking.purposes import MASK
from registry.web.accepting import prefers_a_page
from registry.web.graphiql import (
    EXAMPLES,
    QUERY_CHARACTERS_MAX,
    Example,
    examples,
)
from registry.web.pages import QUERIES
from registry.web.vendored import LOCK, PREFIX, VENDOR, vendor_files
from tests.unit.web.town import Client

ROOT = Path(__file__).parents[3]
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PACKAGES = json.loads(LOCK.read_text())["packages"]
FILES = {name: mark for package in PACKAGES for name, mark in package["files"].items()}
CODE_BYTES_MAX = 2_500_000  # what a page may ask of a slow line in a town hall's cellar
LICENCES = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"}


# ---- the files of others --------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_a_shipped_file_is_the_one_in_the_lock(name: str) -> None:
    digest = base64.b64encode(hashlib.sha384((VENDOR / name).read_bytes()).digest()).decode()
    assert FILES[name] == f"sha384-{digest}", "run `python tools/vendor.py`"


def test_nothing_is_shipped_that_the_lock_does_not_name() -> None:
    there = {str(f.relative_to(VENDOR)) for f in VENDOR.rglob("*") if f.is_file() and f != LOCK}
    assert there == set(FILES)


def test_every_package_has_its_licence_beside_it() -> None:
    for package in PACKAGES:
        assert package["licence"] in LICENCES
        assert f"{package['name']}/LICENSE" in package["files"]
        assert package["integrity"].startswith("sha512-")
        assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])


def test_scripts_and_styles_stay_small() -> None:
    assert sum(file.path.stat().st_size for file in vendor_files().values()) < CODE_BYTES_MAX


def test_scripts_need_no_eval_and_styles_load_nothing() -> None:
    for name, file in vendor_files().items():
        text = file.path.read_text()
        assert "sourceMappingURL" not in text, name
        if name.endswith(".js"):
            assert not re.search(r"\beval\(|new Function\(|importScripts\(|\bimport\(", text), name
        else:
            assert not re.search(r"@import|@font-face|url\((?![\"']?data:)", text), name


# ---- page or data ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/graphql-response+json, application/json;q=0.9", False),
        (BROWSER["Accept"], True),
        ("text/html", True),
        ("TEXT/HTML ; q=0.8", True),
        ("application/json, text/html", False),
        ("application/json;q=0.5, text/html", True),
        ("text/html;q=0.5, application/json", False),
        ("text/html;q=0", False),
        ("text/html;q=many", False),
        ("text/html;q=1e9, application/json", False),
        ("text/*", False),
        ("text/html" * 1000, False),
    ],
)
def test_who_prefers_a_page_gets_one(accept: str, page: bool) -> None:
    assert prefers_a_page(accept) is page


def test_programs_still_get_data_at_the_same_address(client: Client) -> None:
    question = {"query": "{ __typename }"}
    for accept in ("*/*", "application/json", BROWSER["Accept"]):
        answer = client.post("/graphql", json=question, headers={"Accept": accept})
        assert answer.json() == {"data": {"__typename": "Query"}}
    asked_by_address = client.get("/graphql", params=question, headers={"Accept": "*/*"})
    assert "html" not in asked_by_address.headers["content-type"]


def test_the_page_has_the_strictest_policy_that_works(client: Client) -> None:
    first, second = (client.get("/graphql", headers=BROWSER) for _ in range(2))
    policy = first.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert "http" not in policy
    assert policy != second.headers["content-security-policy"], "the nonce must be new each time"
    assert first.headers["vary"] == "Accept"
    nonce = re.search("'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in first.text


def test_the_page_names_only_our_own_files_with_their_checksums(client: Client) -> None:
    page = client.get("/graphql", headers=BROWSER).text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert address.startswith(("/", "#"))
        if address.startswith(PREFIX):
            answer = client.get(address)
            mark = base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
            assert f'{address}" integrity="sha384-{mark}"' in page
            assert "immutable" in answer.headers["cache-control"]
        elif address.startswith("/static/"):
            assert client.get(address).status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|<style|\sstyle=", page)


def test_the_page_says_who_asks_and_where_a_token_goes(client: Client) -> None:
    page = client.get("/graphql", headers=BROWSER).text
    assert "You ask as local architect" in page
    assert "Authorization" in page
    assert 'aria-current="page">GraphQL' in page


@pytest.mark.parametrize(
    "query",
    [
        "{ systems { nodes { name } } }",
        '"></div><script>alert(1)</script>',
        "'\"&<>\n\t{{ 7*7 }}{% raw %}",
        "</textarea><img src=x onerror=alert(1)>",
        "\u202e\u0000 ‘",
    ],
)
def test_a_question_in_the_address_stands_in_the_page_as_text(client: Client, query: str) -> None:
    page = client.get("/graphql?query=" + quote(query), headers=BROWSER).text
    found = re.search(r'data-query="([^"]*)"', page)
    assert found
    assert html.unescape(found[1]).replace("\ufffd", "\0") == query
    assert "alert" not in re.sub(r'data-query="[^"]*"', "", page)


def test_a_question_longer_than_the_api_reads_is_not_shown(client: Client) -> None:
    query = "x" * (QUERY_CHARACTERS_MAX + 1)
    answer = client.get("/graphql", params={"query": query}, headers=BROWSER)
    assert answer.status_code == 400
    assert query not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "vendor.lock.json",
        "react/LICENSE",
        "react/react.production.min.js",
        "../page.css",
        "..%2f..%2fpages.py",
        "%2e%2e/%2e%2e/pages.py",
        "/etc/passwd",
        "",
        "react/",
    ],
)
def test_no_other_file_can_be_had(client: Client, path: str) -> None:
    assert client.get(PREFIX + path).status_code in {403, 404}


# ---- examples -------------------------------------------------------------------------------


def test_there_is_a_question_for_every_need() -> None:
    assert len(examples()) == 13
    for example in examples():
        assert example.question.endswith("?")
        assert re.fullmatch(r"[a-z-]+", example.name)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_is_answered_without_errors(client: Client, example: Example) -> None:
    headers = {PURPOSE_HEADER: example.purpose} if example.purpose else {}
    answer = client.post("/graphql", json={"query": example.text}, headers=headers).json()
    assert "errors" not in answer, answer["errors"]
    assert MASK not in str(answer), "its purpose covers what it asks for"
    (found,) = answer["data"].values()
    assert found
    assert found.get("nodes", True) if isinstance(found, dict) else True, (
        "an example shows something"
    )


@pytest.mark.parametrize("place", QUERIES)
def test_this_page_as_graphql_is_answered_without_errors(client: Client, place: str) -> None:
    query = QUERIES[place]
    query = query % "urn:townclerk:system:crm" if "%s" in query else query
    answer = client.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer, answer["errors"]


def test_the_how_to_lists_every_example() -> None:
    text = (ROOT / "docs/how-to/ask-by-graphql.md").read_text()
    for example, file in zip(examples(), sorted(EXAMPLES.glob("*")), strict=True):
        assert example.question in text
        assert f"registry/web/examples/{file.name}" in text
