"""The web sources as a stranger meets them: documents, sign-in, paging, filters, bad questions."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import build_schema
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from townclerk.sandbox.running import RunningCity
from townclerk.sandbox.servers.permit_types import schema

APPLICANTS = """
query ($first: Int, $after: String, $since: DateTime) {
  applicants(first: $first, after: $after, modifiedSince: $since) {
    totalCount
    edges { cursor node { id number kind familyName organisationName modifiedAt
      permits(first: 2) { edges { node { number state } } pageInfo { hasNextPage } } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def secret(folder: Path, name: str) -> str:
    return (folder / "secrets" / f"{name}.secret").read_text()


def keys_in_truth(folder: Path, stream: str) -> set[str]:
    db = sqlite3.connect(folder / "truth.sqlite")
    rows = db.execute(
        "SELECT key FROM truth JOIN stream ON stream.id = stream WHERE name = ?", [stream]
    ).fetchall()
    db.close()
    return {row[0] for row in rows}


def sign_in(crm: httpx.Client, folder: Path) -> None:
    answer = crm.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=("townclerk", secret(folder, "crm")),
    )
    crm.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@pytest.fixture
def crm(city: RunningCity, city_folder: Path) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=city.sources["crm"]["base_url"]) as client:
        sign_in(client, city_folder)
        yield client


@pytest.fixture
def library(city: RunningCity, city_folder: Path) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=city.sources["library"]["base_url"],
        auth=("townclerk", secret(city_folder, "library")),
    ) as client:
        yield client


@pytest.fixture
def permits(city: RunningCity, city_folder: Path) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=city.sources["permits"]["base_url"],
        headers={"X-API-Key": secret(city_folder, "permits")},
    ) as client:
        yield client


def crm_pages(crm: httpx.Client, **asked: Any) -> Iterator[list[dict[str, Any]]]:
    cursor = None
    while True:
        answer = crm.get("/customers", params=asked | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200
        page = answer.json()
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def permit_pages(permits: httpx.Client, **variables: Any) -> Iterator[dict[str, Any]]:
    after = None
    while True:
        asked = {"query": APPLICANTS, "variables": variables | {"after": after}}
        answer = permits.post("/graphql", json=asked).json()
        assert "errors" not in answer
        page = answer["data"]["applicants"]
        yield page
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


class TestDocuments:
    def test_the_crm_describes_itself_in_valid_openapi(self, city: RunningCity) -> None:
        document = httpx.get(city.sources["crm"]["base_url"] + "/openapi.json").json()
        assert document["openapi"] == "3.1.0"
        validate(document)

    def test_the_library_describes_itself_in_valid_swagger(self, city: RunningCity) -> None:
        document = httpx.get(city.sources["library"]["base_url"] + "/swagger.json").json()
        assert document["swagger"] == "2.0"
        validate(document)

    def test_customers_are_as_the_document_says(self, crm: httpx.Client) -> None:
        document = crm.get("/openapi.json").json()
        shape = {"$ref": "#/components/schemas/CustomerPage", **document}
        checker = Draft202012Validator(shape)
        checker.validate(crm.get("/customers", params={"limit": 200}).json())

    def test_patrons_are_as_the_document_says(self, library: httpx.Client) -> None:
        document = library.get("/swagger.json").json()
        patron = document["definitions"]["patron"]
        for found in library.get("/api/v1/patrons", params={"_per_page": 200}).json():
            assert set(found) == set(patron["properties"])
            assert all(found[name] is not None for name in patron["required"])

    def test_the_permits_schema_is_the_one_served(self, permits: httpx.Client) -> None:
        text = permits.get("/schema.graphql").text
        assert text == str(schema())
        assert build_schema(text).type_map["ApplicantConnection"]

    def test_documents_need_no_sign_in(self, city: RunningCity) -> None:
        for facts in (city.sources[name] for name in ("crm", "library", "permits")):
            assert httpx.get(facts["base_url"] + facts["document"]).status_code == 200


class TestSignIn:
    @pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer é"])
    def test_the_crm_refuses_whoever_has_no_token(
        self, city: RunningCity, header: str | None
    ) -> None:
        headers = {"Authorization": header.encode()} if header is not None else {}
        for path in ("/customers", "/customers/K-0000001"):
            answer = httpx.get(city.sources["crm"]["base_url"] + path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
            assert "Bearer" in answer.headers["www-authenticate"]

    @pytest.mark.parametrize(
        ("form", "status", "code"),
        [
            ({}, 400, "unsupported_grant_type"),
            ({"grant_type": "password"}, 400, "unsupported_grant_type"),
            ({"grant_type": "client_credentials"}, 401, "invalid_client"),
            (
                {"grant_type": "client_credentials", "client_id": "townclerk"},
                401,
                "invalid_client",
            ),
            (
                {
                    "grant_type": "client_credentials",
                    "client_id": "townclerk",
                    "client_secret": "é",
                },
                401,
                "invalid_client",
            ),
        ],
    )
    def test_the_crm_gives_no_token_to_strangers(
        self, city: RunningCity, form: dict[str, str], status: int, code: str
    ) -> None:
        answer = httpx.post(city.sources["crm"]["base_url"] + "/oauth/token", data=form)
        assert (answer.status_code, answer.json()) == (status, {"error": code})

    def test_a_token_is_given_for_credentials_in_the_form(
        self, city: RunningCity, city_folder: Path
    ) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": "townclerk",
            "client_secret": secret(city_folder, "crm"),
            "scope": "customers.read",
        }
        url = city.sources["crm"]["base_url"] + "/oauth/token"
        answer = httpx.post(url, data=form)
        assert answer.json()["expires_in"] == 600
        assert answer.headers["cache-control"] == "no-store"
        refused = httpx.post(url, data=form | {"scope": "everything"})
        assert refused.json() == {"error": "invalid_scope"}

    @pytest.mark.parametrize("auth", [None, ("townclerk", "wrong"), ("other", "x"), ("", "")])
    def test_the_library_refuses_whoever_cannot_sign_in(
        self, city: RunningCity, auth: tuple[str, str] | None
    ) -> None:
        for path in ("/api/v1/patrons", "/api/v1/patrons/1"):
            answer = httpx.get(city.sources["library"]["base_url"] + path, auth=auth)
            assert answer.status_code == 401

    @pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic eA==", "Basic /w=="])
    def test_spoilt_basic_credentials_are_refused(self, city: RunningCity, header: str) -> None:
        answer = httpx.get(
            city.sources["library"]["base_url"] + "/api/v1/patrons",
            headers={"Authorization": header},
        )
        assert answer.status_code == 401

    @pytest.mark.parametrize("key", [None, "", "wrong"])
    def test_permits_refuses_whoever_has_no_key(self, city: RunningCity, key: str | None) -> None:
        headers = {"X-API-Key": key} if key is not None else {}
        answer = httpx.post(
            city.sources["permits"]["base_url"] + "/graphql",
            json={"query": "{ applicants { totalCount } }"},
            headers=headers,
        )
        assert answer.status_code == 401


class TestPaging:
    @pytest.mark.parametrize("limit", [1, 7, 500])
    def test_crm_pages_hold_every_customer_once(
        self, crm: httpx.Client, city: RunningCity, city_folder: Path, limit: int
    ) -> None:
        pages = list(crm_pages(crm, limit=limit))
        keys = [item["id"] for page in pages for item in page]
        assert len(keys) == len(set(keys)) == city.manifest.records["crm.customers"]
        assert set(keys) == keys_in_truth(city_folder, "crm.customers")
        assert all(len(page) == limit for page in pages[:-1])

    def test_crm_changes_come_oldest_first(self, crm: httpx.Client) -> None:
        moments = [item["updated_at"] for page in crm_pages(crm, limit=500) for item in page]
        since = sorted(moments)[len(moments) * 3 // 4]
        changed = [
            item["updated_at"]
            for page in crm_pages(crm, limit=9, updated_since=since)
            for item in page
        ]
        assert changed == sorted(moment for moment in moments if moment >= since)

    @pytest.mark.parametrize("size", [1, 7, 500])
    def test_library_pages_hold_every_patron_once(
        self, library: httpx.Client, city: RunningCity, city_folder: Path, size: int
    ) -> None:
        keys: list[str] = []
        page = 1
        while True:
            answer = library.get("/api/v1/patrons", params={"_page": page, "_per_page": size})
            found = answer.json()
            keys.extend(str(patron["patron_id"]) for patron in found)
            if not found:
                break
            page += 1
        total = city.manifest.records["library.patrons"]
        assert int(answer.headers["x-total-count"]) == total
        assert len(keys) == len(set(keys)) == total
        assert set(keys) == keys_in_truth(city_folder, "library.patrons")

    def test_library_changes_are_filtered(self, library: httpx.Client) -> None:
        everybody = library.get("/api/v1/patrons", params={"_per_page": 1000}).json()
        since = sorted(patron["updated_on"] for patron in everybody)[-10]
        answer = library.get("/api/v1/patrons", params={"updated_on": since, "_per_page": 4})
        more = library.get(
            "/api/v1/patrons", params={"updated_on": since, "_per_page": 4, "_page": 2}
        )
        total = sum(patron["updated_on"] >= since for patron in everybody)
        assert int(answer.headers["x-total-count"]) == total >= 10
        found = answer.json() + more.json()
        assert len({patron["patron_id"] for patron in found}) == 8
        assert all(patron["updated_on"] >= since for patron in found)

    @pytest.mark.parametrize("first", [1, 7, 500])
    def test_permit_pages_hold_every_applicant_once(
        self, permits: httpx.Client, city: RunningCity, city_folder: Path, first: int
    ) -> None:
        pages = list(permit_pages(permits, first=first))
        nodes = [edge["node"] for page in pages for edge in page["edges"]]
        keys = [node["number"] for node in nodes]
        total = city.manifest.records["permits.applicants"]
        assert len(keys) == len(set(keys)) == total == pages[0]["totalCount"]
        assert set(keys) == keys_in_truth(city_folder, "permits.applicants")
        assert all(node["permits"]["edges"] for node in nodes)

    def test_permit_changes_come_oldest_first(self, permits: httpx.Client) -> None:
        pages = permit_pages(permits, first=500)
        moments = [edge["node"]["modifiedAt"] for page in pages for edge in page["edges"]]
        since = sorted(moments)[len(moments) // 2]
        pages = permit_pages(permits, first=3, since=since)
        changed = [edge["node"]["modifiedAt"] for page in pages for edge in page["edges"]]
        assert changed == sorted(moment for moment in moments if moment >= since)


class TestSingleRecords:
    def test_a_customer_is_found_by_key(self, crm: httpx.Client) -> None:
        listed = crm.get("/customers", params={"limit": 3}).json()["items"]
        assert all(crm.get(f"/customers/{item['id']}").json() == item for item in listed)

    @pytest.mark.parametrize("key", ["K-9999999", "K-", "x", "K-12345678", "K-١٢٣٤٥٦٧", "%00"])
    def test_an_unknown_customer_is_not_found(self, crm: httpx.Client, key: str) -> None:
        assert crm.get(f"/customers/{key}").status_code == 404

    def test_a_patron_is_found_by_number(self, library: httpx.Client) -> None:
        listed = library.get("/api/v1/patrons").json()[0]
        assert library.get(f"/api/v1/patrons/{listed['patron_id']}").json() == listed
        assert library.get("/api/v1/patrons/3999999").status_code == 404

    def test_an_applicant_is_found_by_number_and_by_global_id(self, permits: httpx.Client) -> None:
        page = next(permit_pages(permits, first=1))
        node = page["edges"][0]["node"]
        asked = (
            "query ($n: String!, $id: ID!) { applicant(number: $n) { id } node(id: $id) { id } }"
        )
        variables = {"n": node["number"], "id": node["id"]}
        answer = permits.post("/graphql", json={"query": asked, "variables": variables}).json()
        assert answer["data"] == {"applicant": {"id": node["id"]}, "node": {"id": node["id"]}}


class TestBadQuestions:
    @pytest.mark.parametrize(
        "asked",
        [
            {"limit": "0"},
            {"limit": "1001"},
            {"limit": "-1"},
            {"limit": "ten"},
            {"limit": "9" * 50},
            {"limit": ""},
            {"cursor": "x"},
            {"cursor": "fA=="},
            {"cursor": "é"},
            {"cursor": "%00"},
        ],
    )
    def test_the_crm_says_which_parameter_is_wrong(
        self, crm: httpx.Client, asked: dict[str, str]
    ) -> None:
        answer = crm.get("/customers", params=asked)
        assert answer.status_code == 400
        assert next(iter(asked)) in answer.json()["detail"]

    def test_a_moment_that_is_none_is_only_text(self, crm: httpx.Client) -> None:
        asked = {"updated_since": "' OR 1=1 --"}
        assert len(crm.get("/customers", params=asked).json()["items"]) == 100

    @pytest.mark.parametrize("asked", [{"_page": "0"}, {"_per_page": "1001"}, {"_page": "x"}])
    def test_the_library_says_which_parameter_is_wrong(
        self, library: httpx.Client, asked: dict[str, str]
    ) -> None:
        answer = library.get("/api/v1/patrons", params=asked)
        assert answer.status_code == 400
        assert next(iter(asked)) in answer.json()["detail"]

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"query": 1}', b'{"query": "{x}", "variables": []}', b"\xff"]
    )
    def test_permits_refuses_what_is_no_question(self, permits: httpx.Client, body: bytes) -> None:
        assert permits.post("/graphql", content=body).status_code == 400

    @pytest.mark.parametrize(
        "query", ["{", "{ nobody }", "{ applicants { edges { node { secret } } } }"]
    )
    def test_permits_says_what_is_wrong_with_a_query(
        self, permits: httpx.Client, query: str
    ) -> None:
        answer = permits.post("/graphql", json={"query": query})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"]

    @pytest.mark.parametrize("arguments", ["first: 0", "first: 501", 'first: 1, after: "x"'])
    def test_permits_keeps_its_page_limits(self, permits: httpx.Client, arguments: str) -> None:
        query = f"{{ applicants({arguments}) {{ totalCount }} }}"
        answer = permits.post("/graphql", json={"query": query}).json()
        assert answer["errors"]

    def test_a_very_long_query_is_refused(self, permits: httpx.Client) -> None:
        query = "{ applicants { totalCount } " + " " * 100_000 + "}"
        assert permits.post("/graphql", json={"query": query}).status_code == 400

    def test_what_is_not_there_is_not_found(
        self, crm: httpx.Client, library: httpx.Client, permits: httpx.Client
    ) -> None:
        for client in (crm, library, permits):
            assert client.get("/admin").status_code == 404
            assert client.delete(client.base_url.join("/customers")).status_code in {404, 405}


def test_every_person_type_occurs_in_the_crm(crm: httpx.Client) -> None:
    kinds = {item["type"] for page in crm_pages(crm, limit=1000) for item in page}
    assert kinds == {"PER", "ORG"}


def test_bodies_are_json_to_the_last_byte(crm: httpx.Client) -> None:
    answer = crm.get("/customers", params={"limit": 50})
    assert len(json.loads(answer.content)["items"]) == 50
    assert int(answer.headers["content-length"]) == len(answer.content)
