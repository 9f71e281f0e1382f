"""Pages of the counter and of stewards over a real database, asked through the gate."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from registry.storage.database import Database, unit_of_work
from tests.integration.customers.conftest import JANNA, PIET, Counter
from tests.unit.web.town import Client, demo_app

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    """Asks the real application as somebody who may do all."""
    return Client(demo_app(tmp_path))


def test_a_steward_finds_compares_and_decides(client: Client) -> None:
    assert "Who is it?" in client.get("/customers").text
    with unit_of_work() as db:
        counter = Counter(db)
        counter.fill()
        janna, piet = counter.land({**JANNA, "family_name": "<b>Wouden</b>"}, PIET)
        customer = counter.customer(janna)
    found = client.post("/customers", content="words=janna%40post.nl&purpose=service", headers=FORM)
    assert f'href="/customers/{customer}?purpose=service"' in found.text
    shown = client.get(f"/customers/{customer}?purpose=service").text
    assert "&lt;b&gt;Wouden&lt;/b&gt;" in shown
    assert "<b>Wouden" not in shown
    assert "style=" not in shown
    assert "The purpose does not cover this." in shown
    for address in (f"/customers/{customer}", f"/customers/{customer}?purpose=curiosity"):
        assert client.get(address).status_code in {400, 404}
    pair = f"/customers/review/{janna}/{piet}"
    compared = client.get(pair).text
    for look in ("wide", "narrow"):
        assert compared.count(f'<svg class="waterfall {look}"') == 1
    assert "Two customers now" in compared
    assert client.get("/customers/review").status_code == 200
    refused = client.post(pair, content="verdict=link&reason=", headers=FORM)
    assert refused.status_code == 400
    done = client.post(pair, content="verdict=link&reason=seen", headers=FORM)
    after = done.headers["location"]
    assert (done.status_code, after) == (303, f"/customers/review?done={janna}-{piet}")
    assert f'href="{pair}">See it, or take it back' in client.get(after).text
    decided = client.get(pair).text
    assert "A steward decided: one customer." in decided
    (decision,) = re.findall(r'name="decision" value="([0-9a-f-]{36})"', decided)
    for bad, status in (("", 400), ("x", 400), (str(uuid4()), 404)):
        body = f"decision={bad}"
        assert client.post(f"{pair}/undo", content=body, headers=FORM).status_code == status
    undone = client.post(f"{pair}/undo", content=f"decision={decision}", headers=FORM)
    assert (undone.status_code, undone.headers["location"]) == (303, pair)
    again = client.get(pair).text
    assert "Two customers now" in again
    assert 'name="decision"' not in again
    for odd in ("1", "a-b", "1-2-3", "<b>-1", "9" * 30 + "-1"):
        assert "See it, or take it back" not in client.get(f"/customers/review?done={odd}").text
    assert client.get("/customers/review?after=nowhere").status_code == 400
    for bad in ("verdict=marry&reason=x", "\xff", "&".join(["a=b"] * 99), "a" * 9000):
        assert client.post(pair, content=bad.encode("latin-1"), headers=FORM).status_code == 400
    assert client.get("/customers/review/1/999999999999").status_code == 404
    assert client.get(f"/customers/review/{janna}/{janna}").status_code == 400


def test_what_is_looked_for_never_stands_in_an_address(client: Client) -> None:
    page = client.get("/customers").text
    assert 'method="post"' in page
    assert 'method="get"' not in page


def test_a_steward_draws_links_at_random_and_measures_how_many_are_right(client: Client) -> None:
    assert client.post("/customers/review/sample", content="", headers=FORM).status_code == 400
    with unit_of_work() as db:
        counter = Counter(db)
        counter.fill()
        janna, piet = counter.land(JANNA, PIET)
    page = client.get("/customers/review").text
    assert "Draw 20 links at random" in page
    drawn = client.post("/customers/review/sample", content="", headers=FORM)
    assert drawn.headers["location"] == "/customers/review#sample"

    after = client.get("/customers/review").text
    assert "20 drawn links wait for a look; the first 10" in after
    following = re.findall(r'href="(/customers/review/\d+/\d+\?sample=[0-9a-f-]{36})"', after)[0]
    for number in range(20):
        pair, _, sample = following.partition("?sample=")
        assert "Is this link right?" in client.get(following).text
        said = f"sample={sample}&judgement={'wrong' if number == 3 else 'right'}"
        following = client.post(f"{pair}/judge", content=said, headers=FORM).headers["location"]

    assert following == "/customers/review#sample"
    measured = client.get("/customers/review").text
    assert "19 of 20 sampled links were right: <strong>95.0 %</strong>" in measured
    assert "between 76.4 % and 99.1 %" in measured
    for body, status in (("", 400), ("sample=x&judgement=right", 400), (f"sample={uuid4()}", 400),
                         (f"sample={uuid4()}&judgement=right", 404)):  # fmt: skip
        bad = client.post(f"/customers/review/{janna}/{piet}/judge", content=body, headers=FORM)
        assert bad.status_code == status
    assert client.get(f"/customers/review/{janna}/{piet}?sample=x").status_code == 400
