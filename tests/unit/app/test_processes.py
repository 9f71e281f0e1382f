"""A part that does not start says its last word, of this start and without a traceback."""

from pathlib import Path

import pytest

from townclerk.processes import Child, ChildFailed


def last_words(log: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Start a part that raises an error at once; return what the operator reads."""
    with (
        Child("the part", ["timeit", "nonsense"], log=log) as child,
        pytest.raises(ChildFailed, match="the part did not start"),
    ):
        child.wait_ready(20)
    return capsys.readouterr().err


def test_a_failed_part_shows_one_line_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "part.log"

    assert last_words(log, capsys) == "NameError: name 'nonsense' is not defined\n"
    assert "Traceback" in log.read_text()


def test_a_failed_part_says_nothing_of_earlier_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "part.log"
    log.write_text("old words\n" * 10)

    last_words(log, capsys)

    assert "old words" not in log.read_text()


def test_a_part_that_says_nothing_leaves_the_message_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        Child("the part", ["site", "--user-base"], log=tmp_path / "part.log") as child,
        pytest.raises(ChildFailed, match="the part did not start"),
    ):
        child.wait_ready(20)

    assert not capsys.readouterr().err
