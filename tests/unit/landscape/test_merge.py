"""Plans laid over a landscape that moved on: everything goes in or is told; nothing ever breaks."""

from tests.unit.landscape.random_plans import try_one

PLANS = 600


def test_every_random_plan_goes_in_or_is_told() -> None:
    collisions = [try_one(seed) for seed in range(PLANS)]

    assert sum(1 for count in collisions if count == 0) > PLANS / 10
    assert sum(1 for count in collisions if count > 0) > PLANS / 10
