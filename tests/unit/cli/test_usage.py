"""What is written wrongly is answered with what, why and how to fix, as text and as JSON."""

import json

import pytest

from townclerk.cli import WrongUsage, run

WRONG = [
    (["nonsense"], "No such command"),
    (["landscap"], "Did you mean 'landscape'?"),
    (["landscape", "nonsense"], "No such command"),
    (["landscape", "list", "--kind", "nonsense"], "--kind"),
    (["demo", "--people", "999"], "--people"),
    (["demo", "--people", "1000001"], "--people"),
    (["demo", "--people", "many"], "--people"),
    (["demo", "--seed", "-1"], "--seed"),
    (["up", "--port", "65536"], "--port"),
    (["token", "create", "x"], "--scope"),
    (["token", "create", "x", "--scope", "everything"], "--scope"),
    (["token", "create", "x", "--scope", "sync:read", "--days", "0"], "--days"),
    (["backup"], "file"),
    (["sync", "add"], "file"),
    (["sync", "status", "--loudly"], "--loudly"),
]


@pytest.mark.parametrize(("written", "named"), WRONG, ids=[" ".join(w) for w, _ in WRONG])
def test_wrong_usage_ends_with_two_and_names_its_place(
    written: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(written) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert named in said.err
    assert "How to fix:" in said.err
    assert "--help` shows" in said.err
    assert "Value error" not in said.err

    assert run([*written, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == WrongUsage.code
    assert named in error["what"]
    assert error["remedy"]


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Commands:" in said.err
    assert run([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_release_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("townclerk ")
