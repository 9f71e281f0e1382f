"""How fast requests may follow each other."""

import pytest

from connectors.sdk.pace import PAUSE_SECONDS_MAX, Pace, pace_of, seconds_to_pause


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(pace: Pace, clock: Clock, requests: int) -> float:
    """Make requests one after the other and return how long they took."""
    start = clock.now
    for _ in range(requests):
        clock.now += pace.turn()
    return clock.now - start


def test_nobody_waits_until_somebody_says_so() -> None:
    clock = Clock()
    assert run(Pace(clock=clock), clock, 1000) == 0


def test_a_file_that_allows_ten_a_second_gets_ten_a_second() -> None:
    clock = Clock()
    took = run(Pace(10, clock), clock, 110)
    assert 9.8 <= took <= 11


def test_a_refusal_slows_down_and_successes_speed_up_again() -> None:
    clock, pace = Clock(), None
    pace = Pace(clock=clock)
    for _ in range(3):
        pace.answered(429, {})
    slow = run(pace, clock, 10)
    for _ in range(100):
        pace.answered(200, {})
    run(pace, clock, 1)
    assert slow > 3
    assert run(pace, clock, 10) == 0


def test_the_slowest_of_two_files_for_one_server_counts() -> None:
    first = pace_of("http://127.0.0.1:1/a", 50)
    second = pace_of("http://127.0.0.1:1/b", 5)
    assert first is second
    assert first._allowed == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"ratelimit": '"default";r=0;t=30'}, 30),
        ({"ratelimit": '"default";r=5;t=30'}, 0),
        ({"ratelimit": "limit=10, remaining=0, reset=7"}, 7),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "12"}, 12),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"}, 3),
        ({"ratelimit-remaining": "1", "ratelimit-reset": "12"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "999999"}, PAUSE_SECONDS_MAX),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1100000000"}, 0),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "-1"}, 0),
        ({"ratelimit-remaining": "zero", "ratelimit-reset": "\u0663"}, 0),
        ({"ratelimit": "r=" * 5000}, 0),
    ],
)
def test_a_source_that_has_nothing_left_is_given_its_pause(
    headers: dict[str, str], seconds: float
) -> None:
    assert seconds_to_pause(headers) == seconds
