"""Several processes share one server; it lives exactly as long as somebody uses it."""

import os
import time
from pathlib import Path

from registry.storage.embedded import EmbeddedPostgres
from tests.integration.storage.processes import Share, server_pid, server_runs
from tests.servers import first_row


def test_the_last_one_out_stops_the_server(reachable_dir: Path, share: Share) -> None:
    first = share(reachable_dir)
    url = first.line()
    with EmbeddedPostgres.start(reachable_dir) as server:
        assert server.url == url
        pid = server_pid(reachable_dir)
        first.leave()
        assert first_row(server.url, "SELECT 1") == (1,)
        assert server_pid(reachable_dir) == pid
    assert not server_runs(reachable_dir)


def test_the_starter_may_leave_before_the_others(reachable_dir: Path, share: Share) -> None:
    server = EmbeddedPostgres.start(reachable_dir)
    other = share(reachable_dir)
    url = other.line()
    server.stop()
    assert first_row(url, "SELECT 1") == (1,)
    other.leave()
    assert not server_runs(reachable_dir)


def test_many_processes_may_start_at_the_same_moment(reachable_dir: Path, share: Share) -> None:
    sharers = [share(reachable_dir) for _ in range(5)]
    assert len({sharer.line() for sharer in sharers}) == 1
    for sharer in sharers:
        sharer.leave()
    assert not server_runs(reachable_dir)


def test_a_killed_user_does_not_keep_the_server_alive(reachable_dir: Path, share: Share) -> None:
    with EmbeddedPostgres.start(reachable_dir):
        other = share(reachable_dir)
        other.line()
        other.kill()
    assert not server_runs(reachable_dir)


def test_the_server_of_a_killed_process_is_taken_over(
    reachable_dir: Path, bin_dir: Path | None, share: Share
) -> None:
    starter = share(reachable_dir, bin_dir)
    url = starter.line()
    pid = server_pid(reachable_dir)
    starter.kill()
    with EmbeddedPostgres.start(reachable_dir, bin_dir=bin_dir) as server:
        assert server.url == url
        assert server_pid(reachable_dir) == pid
    assert not server_runs(reachable_dir)


def test_root_may_join_the_server_of_an_ordinary_user(reachable_dir: Path, share: Share) -> None:
    theirs = reachable_dir / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 65534, 65534)
    starter = share(theirs, user="nobody")
    url = starter.line()
    with EmbeddedPostgres.start(theirs) as server:
        assert server.url == url
        starter.leave()
        assert first_row(server.url, "SELECT 1") == (1,)
    assert not server_runs(theirs)
    again = share(theirs, user="nobody")
    assert again.line() == url
    again.leave()


def test_two_shares_of_one_process_count_separately(reachable_dir: Path) -> None:
    with EmbeddedPostgres.start(reachable_dir) as first:
        with EmbeddedPostgres.start(reachable_dir) as second:
            assert first.url == second.url
        assert first_row(first.url, "SELECT 1") == (1,)
    assert not server_runs(reachable_dir)


def test_starting_and_stopping_without_pause_never_fails(reachable_dir: Path, share: Share) -> None:
    begin = time.monotonic()
    sharers = [share(reachable_dir) for _ in range(3)]
    for _ in range(10):
        with EmbeddedPostgres.start(reachable_dir) as server:
            assert first_row(server.url, "SELECT 1") == (1,)
        if sharers:
            sharer = sharers.pop()
            assert sharer.line().startswith("postgresql://")
            sharer.leave()
    assert not server_runs(reachable_dir)
    assert time.monotonic() - begin < 60
