"""A script learns from the exit code whether all sources were read, some, or none."""

import pytest

from townclerk.cli.sync import exit_code


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        (["Completed"], 0),
        (["Completed", "Completed"], 0),
        (["Completed", "Failed"], 5),
        (["Cancelled", "Completed"], 5),
        (["Failed"], 1),
        (["Failed", "Crashed"], 1),
    ],
)
def test_the_exit_code_tells_how_much_was_read(states: list[str], code: int) -> None:
    assert exit_code(states) == code
