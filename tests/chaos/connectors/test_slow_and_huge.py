"""Hostile answers that take seconds or many megabytes: bounded in time and memory all the same."""

import logging
import resource
import time
from collections.abc import Callable

import pytest

from tests.contract.connectors.conftest import canary, serve
from tests.contract.connectors.hostile import SLOW
from tests.contract.connectors.servers import Answer, Server
from tests.contract.connectors.test_hostile_server import SECRET, judge

__all__ = ["canary", "serve"]

SECONDS_MAX = 60.0
"""Four tries with their waits, on a machine that does other things as well."""

KILOBYTES_MAX = 600 * 1024
"""A body of 64 MB, its text, and the server that sends it from the same process."""


@pytest.mark.heavy
@pytest.mark.parametrize("name", SLOW)
def test_a_slow_or_huge_answer_is_bounded(
    serve: Callable[[Answer], Server],
    canary: Server,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("HOSTILE", SECRET)
    caplog.set_level(logging.DEBUG)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()

    judge(serve, canary, SLOW[name], caplog.text)

    assert time.monotonic() - begun < SECONDS_MAX
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KILOBYTES_MAX
