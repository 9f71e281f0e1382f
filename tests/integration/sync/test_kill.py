"""kill -9 at random pages, then the same command again: nothing lost, nothing twice."""

import random
import time
from pathlib import Path

import pytest

from tests.integration.sync.town import Town, running_town

KILLS = 10
PEOPLE = 600
SEED = 20261121


def kill_after_some_pages(town: Town, pages: int) -> bool:
    """Start a sync and kill it once it has committed some pages; False if it ended first."""
    before = town.pages()
    worker = town.start("sync", "run", "--json")
    while worker.poll() is None and town.pages() < before + pages:
        time.sleep(0.02)
    killed = worker.poll() is None
    worker.kill()
    worker.communicate()
    return killed


@pytest.mark.slow
@pytest.mark.timeout(900)  # a dozen workers start one after the other, beside whatever else runs
@pytest.mark.parametrize("postgres_server", ["wheel 18"], indirect=True)  # what it shows is ours
def test_ten_kills_end_in_the_same_state_as_none(
    postgres_urls: tuple[str, str], reachable_dir: Path
) -> None:
    undisturbed_url, killed_url = postgres_urls
    dice = random.Random(SEED)

    with running_town(undisturbed_url, reachable_dir / "a", people=PEOPLE) as town:
        assert town.run("sync", "run")[0] == 0
        expected = town.end_state()

    with running_town(killed_url, reachable_dir / "b", people=PEOPLE) as town:
        kills = sum(kill_after_some_pages(town, dice.randint(1, 4)) for _ in range(KILLS))
        assert kills == KILLS, "the town must be large enough to be killed ten times"
        assert town.run("sync", "run")[0] == 0
        assert town.end_state() == expected
        ((crashed,),) = town.ask("SELECT count(*) FROM sync_run WHERE state = 'crashed'")
        # A kill between two sources, or in the match, leaves no run behind that was running.
        assert crashed >= KILLS // 2
        ((running,),) = town.ask("SELECT count(*) FROM sync_run WHERE state = 'running'")
        assert running == 0
