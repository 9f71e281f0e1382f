"""PostgreSQL's programs are found where the operator says, in the wheel, or on the system."""

import subprocess
from pathlib import Path

import pytest

from registry.storage.embedded import EmbeddedPostgres
from registry.storage.programs import client_programs
from schemas.errors import StorageUnusable


def test_the_wheels_programs_are_found_and_run() -> None:
    answer = subprocess.run(
        [str(client_programs() / "pg_dump"), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PostgreSQL" in answer.stdout


def test_the_operators_choice_goes_first(bin_dir: Path | None) -> None:
    if bin_dir is not None:
        assert client_programs(bin_dir) == bin_dir


def test_a_choice_without_programs_is_refused_rather_than_replaced(reachable_dir: Path) -> None:
    with pytest.raises(StorageUnusable, match="pg_dump was not found in"):
        client_programs(reachable_dir)


def test_a_running_server_tells_where_its_own_programs_are(
    reachable_dir: Path, bin_dir: Path | None
) -> None:
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert (server.bin_dir / "pg_dump").is_file()
        assert bin_dir is None or server.bin_dir == bin_dir
