"""A new server takes what fits the machine it is made on."""

from pathlib import Path

import pytest

from registry.storage import sizes


def megabytes(size: str) -> int:
    return int(size.removesuffix("MB"))


def test_a_server_takes_no_more_than_a_town_of_a_million_needs(tmp_path: Path) -> None:
    found = sizes.sizes(tmp_path)
    assert megabytes(found["shared_buffers"]) in sizes.BUFFERS_MB
    assert megabytes(found["max_wal_size"]) in sizes.LOG_MB


def test_a_small_container_gets_the_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(f"{256 * 2**20}\n")
    monkeypatch.setattr(sizes, "MEMORY_LIMITS", (limit,))
    assert sizes.sizes(tmp_path)["shared_buffers"] == f"{sizes.BUFFERS_MB.start}MB"


def test_a_container_without_a_limit_may_take_what_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("max\n")
    monkeypatch.setattr(sizes, "MEMORY_LIMITS", ())
    without = sizes.sizes(tmp_path)["shared_buffers"]
    monkeypatch.setattr(sizes, "MEMORY_LIMITS", (limit,))
    assert sizes.sizes(tmp_path)["shared_buffers"] == without
