"""Scoring against the truth: the counts must be those of enumerating every pair."""

import itertools
import sqlite3
from pathlib import Path
from random import Random

import pytest

from schemas.errors import InvalidInput
from townclerk.sandbox.city import build
from townclerk.sandbox.truth import score_pairs

Row = tuple[str, str, str, int]


@pytest.fixture(scope="module")
def truth_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    build(folder, people=300, seed=9)
    return folder / "city" / "truth.sqlite"


@pytest.fixture(scope="module")
def truth(truth_file: Path) -> list[Row]:
    db = sqlite3.connect(truth_file)
    rows = db.execute(
        "SELECT name, key, customer, household FROM truth JOIN stream ON stream.id = stream"
    ).fetchall()
    db.close()
    return rows


def brute_force(truth: list[Row], assigned: dict[tuple[str, str], str]) -> dict[str, int]:
    """Count by looking at every pair, the slow and obvious way."""
    counts = {"true_pairs": 0, "found_pairs": 0, "right_pairs": 0, "household_pairs": 0}
    for left, right in itertools.combinations(truth, 2):
        same = left[2] == right[2]
        one, other = assigned.get(left[:2]), assigned.get(right[:2])
        found = one is not None and one == other
        counts["true_pairs"] += same
        counts["found_pairs"] += found
        counts["right_pairs"] += same and found
        counts["household_pairs"] += found and not same and left[3] == right[3] >= 0
    return counts


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wild_assignment_scores_as_by_brute_force(
    truth_file: Path, truth: list[Row], seed: int
) -> None:
    random = Random(seed)
    assigned = {}
    for stream, key, customer, household in truth:
        luck = random.random()
        if luck < 0.1:
            continue  # not assigned at all
        if luck < 0.25:
            assigned[stream, key] = f"household {household}"
        elif luck < 0.4:
            assigned[stream, key] = str(random.randrange(40))
        else:
            assigned[stream, key] = customer
    rows = [(stream, key, customer) for (stream, key), customer in assigned.items()]
    random.shuffle(rows)
    score = score_pairs(rows, truth_file)
    expected = brute_force(truth, assigned)
    assert {name: score[name] for name in expected} == expected
    assert score["precision"] == expected["right_pairs"] / expected["found_pairs"]
    assert score["recall"] == expected["right_pairs"] / expected["true_pairs"]
    assert score["records"] == len(truth)
    assert score["assigned"] == len(rows)


def test_the_truth_itself_scores_one(truth_file: Path, truth: list[Row]) -> None:
    score = score_pairs([row[:3] for row in truth], truth_file)
    assert score["precision"] == score["recall"] == score["f1"] == 1.0
    assert score["true_pairs"] > 100


def test_everybody_alone_finds_nothing(truth_file: Path, truth: list[Row]) -> None:
    score = score_pairs(((s, k, number) for number, (s, k, _, _) in enumerate(truth)), truth_file)
    assert (score["found_pairs"], score["recall"], score["f1"]) == (0, 0.0, 0.0)
    assert score["precision"] == 1.0


def test_records_left_out_cost_recall(truth_file: Path, truth: list[Row]) -> None:
    score = score_pairs([row[:3] for row in truth[: len(truth) // 2]], truth_file)
    assert score["precision"] == 1.0
    assert 0.2 < score["recall"] < 0.8


def test_streams_can_be_named_by_their_data_set(truth_file: Path, truth: list[Row]) -> None:
    crm = [row for row in truth if row[0] == "crm.customers"]
    urn = "urn:townclerk:data_set:crm-customers"
    rows = [(urn, key, customer) for _, key, customer, _ in crm]
    score = score_pairs(rows, truth_file, streams=["crm.customers"])
    assert score["f1"] == 1.0
    assert score["records"] == len(crm)


def test_one_stream_is_judged_by_itself(truth_file: Path, truth: list[Row]) -> None:
    everything = score_pairs([row[:3] for row in truth], truth_file)
    alone = score_pairs([row[:3] for row in truth], truth_file, streams=["crm.customers"])
    assert alone["true_pairs"] < everything["true_pairs"]
    assert alone["precision"] == alone["recall"] == 1.0


def test_a_record_of_another_town_is_refused(truth_file: Path) -> None:
    with pytest.raises(InvalidInput, match="1 assigned records are not in the truth"):
        score_pairs([("crm.customers", "K-0000000", "x")], truth_file)
    with pytest.raises(InvalidInput):
        score_pairs([("no such stream", "K-0000000", "x")], truth_file)
    with pytest.raises(InvalidInput):
        score_pairs([], truth_file, streams=["nowhere"])


def test_records_of_a_source_that_somebody_added_are_counted_and_not_judged(
    truth_file: Path, truth: list[Row]
) -> None:
    rows = [*(row[:3] for row in truth), ("urn:town:data-set:own", "7", "x")]
    score = score_pairs(rows, truth_file, with_others=True)
    assert (score["f1"], score["assigned"], score["others"]) == (1.0, len(truth), 1)


def test_the_same_record_twice_is_refused(truth_file: Path, truth: list[Row]) -> None:
    with pytest.raises(InvalidInput, match="twice"):
        score_pairs([truth[0][:3], truth[0][:3]], truth_file)
    # nor under the other name of its stream
    stream, key, customer, _ = next(row for row in truth if row[0] == "crm.customers")
    twice = [(stream, key, customer), ("urn:townclerk:data_set:crm-customers", key, "other")]
    with pytest.raises(InvalidInput, match="twice"):
        score_pairs(twice, truth_file)


def test_hostile_names_change_nothing(truth_file: Path, truth: list[Row]) -> None:
    rows = [(s, k, f"'; DROP TABLE truth; -- {c}") for s, k, c, _ in truth]
    assert score_pairs(rows, truth_file)["f1"] == 1.0
    assert score_pairs(rows, truth_file)["records"] == len(truth)
