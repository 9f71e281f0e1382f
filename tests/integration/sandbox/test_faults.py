"""Trouble on request: each kind does what it says, to the source and request it was meant for."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from schemas.errors import InvalidInput
from townclerk.sandbox.city import build
from townclerk.sandbox.running import RunningCity, listening
from townclerk.sandbox.servers.crm import CrmServer
from townclerk.sandbox.servers.faults import Fault, FaultKind, parse_fault


@pytest.fixture
def library(city: RunningCity, city_folder: Path) -> Iterator[httpx.Client]:
    password = (city_folder / "secrets" / "library.secret").read_text()
    with httpx.Client(
        base_url=city.sources["library"]["base_url"], auth=("townclerk", password)
    ) as client:
        yield client


def ask(client: httpx.Client, kind: str, **asked: int) -> httpx.Response:
    return client.get("/api/v1/patrons", params=asked, headers={"X-Sandbox-Fault": kind})


def test_a_busy_source_says_how_long_to_wait(library: httpx.Client) -> None:
    answer = ask(library, "429")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"


def test_a_broken_source_answers_with_a_page_that_is_no_json(library: httpx.Client) -> None:
    answer = ask(library, "500")
    assert answer.status_code == 500
    assert answer.content.startswith(b"<h1>")


def test_a_slow_source_takes_its_time(library: httpx.Client) -> None:
    begun = time.monotonic()
    assert ask(library, "slow").status_code == 200
    assert time.monotonic() - begun >= 2.0


def test_a_short_page_holds_half_and_the_total_tells(library: httpx.Client) -> None:
    answer = ask(library, "short", _per_page=40)
    assert len(answer.json()) == 20
    assert int(answer.headers["x-total-count"]) > 40


def test_a_cut_answer_ends_in_the_middle(library: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        ask(library, "cut")


def test_a_looping_source_serves_the_first_page_again(library: httpx.Client) -> None:
    assert ask(library, "loop", _page=2).json() == ask(library, "none", _page=1).json()


def test_a_right_password_is_refused_on_request(library: httpx.Client) -> None:
    assert ask(library, "login").status_code == 401


@pytest.mark.parametrize("kind", ["", "nonsense", "é"])
def test_an_unknown_kind_in_the_header_does_nothing(library: httpx.Client, kind: str) -> None:
    answer = library.get("/api/v1/patrons", headers={"X-Sandbox-Fault": kind.encode()})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("crm:429", Fault("crm", FaultKind.BUSY, 3)),
        ("library:short:1", Fault("library", FaultKind.SHORT, 1)),
    ],
)
def test_faults_are_read_from_the_command_line(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text", ["", "crm", "crm:", "crm:nothing", "crm:429:0", "crm:429:x", ":429"]
)
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_fault(text)


def test_every_third_request_for_data_fails_and_documents_never(tmp_path: Path) -> None:
    build(tmp_path, people=20, seed=1)
    crm = CrmServer(tmp_path / "city" / "store.sqlite", "secret", token_seconds=0.2)
    with (
        listening({"crm": (crm.app(), "/openapi.json")}, [parse_fault("crm:500")]) as addresses,
        httpx.Client(base_url=addresses["crm"]["base_url"]) as client,
    ):
        assert [client.get("/openapi.json").status_code for _ in range(4)] == [200] * 4
        asked = [client.get("/customers").status_code for _ in range(6)]
        assert asked == [401, 401, 500, 401, 401, 500]


def test_tokens_expire(tmp_path: Path) -> None:
    build(tmp_path, people=20, seed=1)
    crm = CrmServer(tmp_path / "city" / "store.sqlite", "secret", token_seconds=0.3)
    with (
        listening({"crm": (crm.app(), "/openapi.json")}, []) as addresses,
        httpx.Client(base_url=addresses["crm"]["base_url"]) as client,
    ):
        form = {"grant_type": "client_credentials"}
        given = client.post("/oauth/token", data=form, auth=("townclerk", "secret")).json()
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        assert client.get("/customers", headers=headers).status_code == 200
        time.sleep(0.4)
        assert client.get("/customers", headers=headers).status_code == 401
