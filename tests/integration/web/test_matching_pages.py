"""Stewards put models in force and settle own keys on pages; a worker does what they ask."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from flows.matching import carry_out_next_matching
from registry.customers.live import keeping, versions
from registry.customers.stewarding import carrying_out
from registry.storage.database import Database, unit_of_work
from tests.integration.customers.conftest import Counter
from tests.integration.web.test_customer_pages import FORM
from tests.unit.web.town import Client, demo_app

MODELS, KEYS = "/customers/models", "/customers/keys"


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    """Asks the real application about a small town that has been matched."""
    client = Client(demo_app(tmp_path))
    assert "No model was trained yet" in client.get(MODELS).text
    assert "No model knows any data set yet" in client.get(KEYS).text
    with unit_of_work() as db:
        counter = Counter(db)
        counter.fill()
        counter.land(*[{"given_name": "Wim", "family_name": "Bos", "email": "w@post.nl"}] * 2)
    return client


def send(client: Client, address: str, body: str) -> int:
    answer = client.post(address, content=body, headers=FORM)
    if answer.status_code == 303:
        assert answer.headers["location"] == f"{address.removesuffix('/undo')}#asked"
    return answer.status_code


def test_a_model_is_trained_compared_and_put_in_force_on_its_page(
    client: Client, database: Database
) -> None:
    assert send(client, MODELS, "work=train") == 303
    waiting = client.get(MODELS).text
    assert "waits for a worker" in waiting
    assert "data-follow" in waiting
    assert carry_out_next_matching()
    trained = client.get(MODELS).text
    assert "data-follow" not in trained
    assert "102 records read" in trained
    assert re.search(r"It would join [\d,]+ customers with others, part [\d,]+", trained)
    with unit_of_work() as db:
        version = next(one.version for one in versions.list_versions(db) if not one.live)
    assert f'aria-label="Put model {version[:12]} in force"' in trained

    assert send(client, MODELS, f"work=approve&version={version}") == 303
    with carrying_out.lifeline(database.url) as ours:
        assert ours is not None
        task = ours.take_next()
        assert task is not None
        ours.told(task)(carrying_out.Step.PAIRS, 1_234_567)
        assert "1,234,567 pairs scored" in client.get(MODELS).text
        ours.give_back(task)
    assert carry_out_next_matching()
    with unit_of_work() as db:
        assert next(one.version for one in versions.list_versions(db) if one.live) == version
    done = client.get(MODELS).text
    assert re.search(r"customers were joined with others, [\d,]+ parted; [\d,]+ stayed", done)
    old = re.findall(r'aria-label="Reject model ([0-9a-f]{12})"', done)
    assert send(client, MODELS, f"work=reject&version={old[0]}") == 303
    assert f"Reject model {old[0]}" not in client.get(MODELS).text
    for body, status in ((f"work=reject&version={version}", 400), ("work=approve&version=x", 404),
                         ("work=approve", 404), ("work=marry", 400), ("", 400), ("\xff", 400),
                         ("a" * 9000, 400)):  # fmt: skip
        answer = client.post(MODELS, content=body.encode("latin-1"), headers=FORM)
        assert answer.status_code == status, body


def test_own_keys_are_settled_with_a_reason_and_undone_on_their_page(client: Client) -> None:
    with unit_of_work() as db:
        urn = keeping.list_own_keys(db)[0].data_set
    assert "by the rule, as the records show it" in client.get(KEYS).text
    settle = f"data_set={urn}&keys=distinct&reason=one+card+%3Cb%3Ea+person"
    assert send(client, KEYS, settle) == 303
    assert carry_out_next_matching()
    settled = client.get(KEYS).text
    assert "“one card &lt;b&gt;a person”" in settled
    assert "keep people apart</td>" in settled
    (change,) = re.findall(r'name="change" value="([0-9a-f-]{36})"', settled)
    assert send(client, f"{KEYS}/undo", f"change={change}") == 303
    assert carry_out_next_matching()
    assert 'name="change"' not in client.get(KEYS).text
    for body, status in ((f"change={change}", 400), ("change=x", 400), (f"change={uuid4()}", 404)):
        assert send(client, f"{KEYS}/undo", body) == status
    for body, status in ((f"data_set={urn}&keys=distinct", 400), (f"data_set={urn}&reason=x", 400),
                         (f"data_set={urn}&keys=rule&reason={'x' * 1001}", 400),
                         ("data_set=urn:x&keys=rule&reason=x", 404)):  # fmt: skip
        assert send(client, KEYS, body) == status, body
