"""kill -9 at fifty random points of a sync: the same end as a run that nobody harmed."""

import random
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.figures import Figure, keep
from tests.chaos.connectors.stricken import StrickenTown, stricken_town, sums
from tests.integration.sync.town import running_town

STRIKES = {"worker": 20, "database": 20, "server": 10}
PEOPLE = 600
PAGES_MAX = 5  # committed between two strikes
SEED = 20261122


def strike_fifty_times(town: StrickenTown) -> Counter[str]:
    """Strike at random points, each while a sync is at work, and count what was struck."""
    dice = random.Random(SEED)
    victims = [victim for victim, times in STRIKES.items() for _ in range(times)]
    dice.shuffle(victims)
    struck: Counter[str] = Counter()
    for victim in victims:
        town.until_pages(dice.randint(1, PAGES_MAX))
        town.strike(victim)
        struck[victim] += 1
    return struck


def figures(differing: int, found: dict[str, int], leaked: int, uncaught: int) -> list[Figure]:
    """Return what is counted after the last kill."""
    struck = ", ".join(f"{victim} {times}" for victim, times in STRIKES.items())
    how = f"`make chaos`; SIGKILL at random moments of a sync of {PEOPLE} people: {struck}"
    counts = {
        "tables that differ from those of a run nobody harmed": differing,
        **found,
        "secrets of sources in what all parts said": leaked,
        "uncaught exceptions": uncaught,
    }
    total = Figure("kills at random points", sum(STRIKES.values()), "kills", ">= 50", how)
    return [total, *(Figure(name, count, "", "<= 0", how) for name, count in counts.items())]


@pytest.mark.heavy
@pytest.mark.timeout(5400)
@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)  # what it shows is ours
def test_fifty_kills_end_in_the_same_state_as_none(postgres_url: str, reachable_dir: Path) -> None:
    with running_town(postgres_url, reachable_dir / "a", people=PEOPLE) as unharmed:
        assert unharmed.run("sync", "run")[0] == 0
        expected = unharmed.end_state()
        nothing_wrong = dict.fromkeys(sums(unharmed), 0)
        assert sums(unharmed) == nothing_wrong

    with stricken_town(reachable_dir / "b", people=PEOPLE) as (town, secrets):
        assert strike_fifty_times(town) == STRIKES
        town.kill_worker()
        town.wait_for_hub()

        code, _, errors = town.run("sync", "run")

        state, found, said = town.end_state(), sums(town), town.said()
    leaked = [part for part in secrets if part in said]
    uncaught = [line for line in said.splitlines() if line.startswith("Traceback")]
    differing = sum(state[name] != expected[name] for name in expected)
    keep(
        "connectors_fifty_kills",
        figures(differing, found, len(leaked), len(uncaught)),
        "make chaos",
    )
    assert code == 0, errors
    assert state == expected
    assert found == nothing_wrong
    assert [code for code, struck in town.exits if code and not struck] == []
    assert leaked == []
    assert uncaught == [], "what is caught is told in one line of JSON"
