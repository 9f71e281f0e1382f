"""Whatever a server answers: a clear error or a record in quarantine, and nothing leaks."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.mapping import compile_mapping
from connectors.sdk.retries import hurry
from schemas.errors import SourceTrouble
from tests.contract.connectors.hostile import QUICK, SLOW, Behaviour
from tests.contract.connectors.servers import Answer, Reply, Server, read_all, rest_source

Serve = Callable[[Answer], Server]
SECRET = "h0stile-s3cr3t"
BEHAVIOURS_MIN = 40


def meet(serve: Serve, canary: Server, behaviour: Behaviour) -> tuple[list[Any], str, str]:
    """Read from a server that behaves so; return pages, rules of refused records, and the error."""
    server = serve(lambda _: behaviour.answer(canary.url))
    source = rest_source(
        server.url,
        paging="{type: link, next: next}",
        auth="{type: bearer, secret: 'env:HOSTILE'}",
        timeout=behaviour.seconds,
    )
    pages: list[Any] = []
    words = ""
    token = hurry.set(0.004)
    try:
        read_all(source, into=pages)
    except SourceTrouble as trouble:
        words = f"{trouble} {trouble.as_dict()} {trouble.__cause__}"
    finally:
        hurry.reset(token)
    map_page = compile_mapping(source.spec.streams["customers"])
    rules = [bad.rule for page in pages for bad in map_page(page).rejected]
    return pages, " ".join(rules), words


def judge(serve: Serve, canary: Server, behaviour: Behaviour, heard: str) -> None:
    pages, rules, words = meet(serve, canary, behaviour)

    if behaviour.outcome == "refused":
        assert words, "it must end with a clear error"
        assert not any(page.last for page in pages)
    else:
        assert not words, words
        assert pages[-1].last
        assert rules == ("" if behaviour.outcome == "read" else behaviour.outcome)
    assert canary.connections == 0
    assert SECRET not in words + heard


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("HOSTILE", SECRET)
    caplog.set_level(logging.DEBUG)


@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_answer_costs_one_error_or_one_record(
    serve: Serve, canary: Server, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    judge(serve, canary, QUICK[name], caplog.text)


def test_there_are_enough_ways_to_be_hostile() -> None:
    assert len(QUICK) + len(SLOW) >= BEHAVIOURS_MIN
    assert not set(QUICK) & set(SLOW)


def test_a_name_that_leads_elsewhere_later_is_asked_for_once(
    serve: Serve, canary: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio
    import socket

    asked: list[Any] = []
    real = asyncio.BaseEventLoop.getaddrinfo

    async def rebinding(self: Any, host: Any, port: Any, **options: Any) -> Any:
        asked.append(host)
        place = ("127.0.0.1", server.port) if len(asked) == 1 else ("127.0.0.1", canary.port)
        if host == "town.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place)]
        return await real(self, host, port, **options)

    def page(request: Any) -> Reply:
        number = int(request.query.get("p", "0"))
        follow = f"/customers?p={number + 1}" if number < 3 else None
        return Reply.json({"items": [{"id": number}], "next": follow})

    server = serve(page)
    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", rebinding)
    source = rest_source(f"http://town.example:{server.port}", paging="{type: link, next: next}")

    assert len(read_all(source)) == 4
    assert asked.count("town.example") == 1
    assert canary.connections == 0
