"""Ten thousand random plans over landscapes that moved on: merged or told, never an exception."""

import pytest

from tests.unit.landscape.random_plans import try_one

PLANS = 10_000


@pytest.mark.heavy
def test_ten_thousand_random_plans_go_in_or_are_told() -> None:
    for seed in range(PLANS):
        try_one(seed)
