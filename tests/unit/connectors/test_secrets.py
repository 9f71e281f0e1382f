"""Where secrets come from, and from where they never do."""

import os
from pathlib import Path

import pytest

from connectors.sdk.secrets import SECRET_BYTES_MAX, SecretUnavailable, resolve_secret


def test_a_secret_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_SECRET", "word")

    assert resolve_secret("env:A_SECRET").get_secret_value() == "word"
    assert "word" not in repr(resolve_secret("env:A_SECRET"))


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_secret_comes_from_a_file_of_its_owner(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text(" two words \n")
    file.chmod(mode)

    assert resolve_secret(f"file:{file}").get_secret_value() == "two words"


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o601, 0o777])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    file.write_text("word")
    file.chmod(mode)

    with pytest.raises(SecretUnavailable, match="Others than its owner"):
        resolve_secret(f"file:{file}")


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"x" * (SECRET_BYTES_MAX + 1)])
def test_a_file_that_holds_no_secret_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)

    with pytest.raises(SecretUnavailable):
        resolve_secret(f"file:{file}")


def test_pipes_folders_and_nothing_are_refused_without_hanging(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name in ("pipe", ".", "nothing"):
        with pytest.raises(SecretUnavailable):
            resolve_secret(f"file:{tmp_path / name}")


@pytest.mark.parametrize(
    "reference", ["", "word", "env:", "env:NOT_SET_ANYWHERE", "vault:x", "file:"]
)
def test_what_is_no_reference_is_refused(reference: str) -> None:
    with pytest.raises(SecretUnavailable):
        resolve_secret(reference)
