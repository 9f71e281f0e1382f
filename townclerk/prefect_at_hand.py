"""A Prefect server for whoever needs one now: the operator's, the running hub's, or our own.

The running hub writes its address into the data directory, so that commands beside it use its
server. Where no hub runs, a command brings one up inside its own process for as long as it works.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse

from flows.runtime import api_answers, clock_token, use_prefect, wait_for_api
from registry.settings import Settings
from townclerk.app import create_app
from townclerk.serving import Address, bind, serving

LOOPBACK = "127.0.0.1"
REST_SECONDS_MAX = 5.0  # its last lines are worth no longer wait


def announce(settings: Settings, address: Address) -> None:
    """Write down where the hub's Prefect API is, for commands on this machine."""
    _announcement(settings).write_text(address.prefect_api, encoding="ascii")


def withdraw(settings: Settings) -> None:
    """Take the announcement back; one that stays behind after a crash is noticed by its silence."""
    with suppress(FileNotFoundError):
        _announcement(settings).unlink()


@contextmanager
def prefect_at_hand(settings: Settings) -> Iterator[None]:
    """Let flows run in this process for the length of the block; the database must be open.

    Raises:
        Unreachable: PREFECT_API_URL names a server that does not answer.
    """
    if settings.prefect_api_url is not None:
        use_prefect(settings)
        wait_for_api(settings.prefect_api_url)
        yield
        return
    use_prefect(settings)
    running = _running_hub(settings)
    if running is not None:
        use_prefect(settings, api_url=running)
        yield
        return
    with (
        _unheard_at_the_end(),
        serving(settings, demo=False, sock=bind(LOOPBACK, 0), make_app=_prefect_alone),
    ):
        try:
            yield
        finally:
            _send_the_rest()


@contextmanager
def _unheard_at_the_end() -> Iterator[None]:
    """Let a server that ends with its command not complain of what it had begun to note down."""
    log = logging.getLogger("prefect.server")
    level = log.level
    try:
        yield
    finally:
        log.setLevel(level)


def _send_the_rest() -> None:
    """Send what flows still tell, while somebody listens: Prefect would at exit, to nobody."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for told in (APILogWorker, EventsWorker):
        told.drain_all(timeout=REST_SECONDS_MAX, at_exit=False)
    logging.getLogger("prefect.server").setLevel(logging.CRITICAL)


def prefect_running(settings: Settings) -> bool:
    """Use the operator's Prefect server or the running hub's, if one answers; start none."""
    use_prefect(settings)
    if settings.prefect_api_url is not None:
        return api_answers(settings.prefect_api_url)
    running = _running_hub(settings)
    if running is None:
        return False
    use_prefect(settings, api_url=running)
    return True


def _prefect_alone(settings: Settings, **options: Any) -> Starlette:
    """Make the web application without pages and GraphQL, which no command asks for."""
    return create_app(settings, graphql=PlainTextResponse("only Prefect here"), pages=(), **options)


def _running_hub(settings: Settings) -> str | None:
    """Return the announced API if it answers; a crashed hub leaves an address behind."""
    try:
        api_url = _announcement(settings).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return api_url if api_answers(api_url, token=clock_token(settings)) else None


def _announcement(settings: Settings) -> Path:
    return settings.data_dir / "prefect" / "api-address"
