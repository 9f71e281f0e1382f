"""What an error says of an answer: where its lists are, by names of fields and nothing else."""

import json

import pytest

from connectors.sdk.json_pages import Envelope
from connectors.sdk.remedies import remedy_for
from connectors.sdk.retries import Hiccup
from schemas.errors import GiveUp

ANSWER = {
    "data": {"items": [{"id": 1}], "tags": ["a"]},
    "123456782": [{"id": 2}],
    "@graph": [{"id": 3}],
    "total": 1,
}


@pytest.mark.parametrize("path", ["data", "itemz", "data.entries"])
def test_whoever_names_the_wrong_place_is_told_where_the_lists_are(path: str) -> None:
    with pytest.raises(GiveUp) as caught:
        Envelope(path, {}).open(json.dumps(ANSWER).encode())
    assert caught.value.what.endswith("Lists of objects in it: `['@graph']`, `data.items`.")


def test_names_that_may_be_somebodys_number_are_not_repeated() -> None:
    people = {f"p{number}": [{"id": number}] for number in range(100)}
    with pytest.raises(GiveUp) as caught:
        Envelope("people", {}).open(json.dumps(people).encode())
    assert caught.value.what == "The source's answer has no list at `people`."


def test_an_empty_answer_is_called_empty() -> None:
    with pytest.raises(Hiccup, match="its answer is empty"):
        Envelope("people", {}).open(b" ")


@pytest.mark.parametrize(
    ("path", "twice"),
    [("/api/api/people", "/api"), ("/a/b/a/b/c", "/a/b"), ("/api/people", None), ("/", None)],
)
def test_a_path_that_stands_twice_is_seen(path: str, twice: str | None) -> None:
    remedy = remedy_for(404, path) or ""
    assert remedy.startswith(f"`{twice}` stands in the address and in the path") is bool(twice)
    assert "stands in" not in (remedy_for(405, path) or "")
