"""Run the web application: listen, start, tell when it is ready, and stop cleanly in time."""

import asyncio
import errno
import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette

from flows.runtime import API_PATH, ensure_zombie_automation, use_prefect
from flows.server import prepare
from registry.access.tokens import token_key
from registry.settings import Settings
from schemas.errors import Misconfigured, PortInUse, Unreachable
from townclerk.app import create_app
from townclerk.heads import LimitedHeads

# With the stop of Prefect and Python this stays under ten seconds on a machine that is busy, too.
GRACE_SECONDS_MAX: Final = 3
START_SECONDS_MAX: Final = 180.0  # Prefect's first start on a slow machine takes twenty
STOP_PAUSE_SECONDS: Final = 0.1
SOCKET_BYTES_MAX: Final = 2 * 1024 * 1024  # Prefect's events have 1.5 million at most
# Longer than proxies and clients keep an idle connection: they end it, so no request meets its end.
KEEP_ALIVE_SECONDS: Final = 75
BACKLOG: Final = 128  # connections that wait while we start

# How every server of ours speaks HTTP, benchmarks too. uvloop is not made for Windows.
HABITS: Final[Mapping[str, Any]] = {
    "http": LimitedHeads,
    "loop": "asyncio" if sys.platform == "win32" else "uvloop",
    "access_log": False,  # we log each request ourselves
    "server_header": False,
    "proxy_headers": False,  # nothing of ours depends on where a request came from
}

logger = logging.getLogger("townclerk.serving")

AppMaker = Callable[..., Starlette]


@dataclass(frozen=True)
class Address:
    """Where the running server is reached from this machine."""

    url: str
    prefect_api: str


def bind(host: str, port: int) -> socket.socket:
    """Take the port now, before anything slow begins; connections wait until we serve.

    Args:
        host: Name or address of this machine.
        port: 0 takes any free one.

    Raises:
        PortInUse: Another program listens there.
        Misconfigured: The host is not this machine, or the port is not ours to take.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise Misconfigured(
            f"{host!r} is not the name of an address.", remedy="Set TOWNCLERK_HOST to one of ours."
        ) from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)  # two programs may bind a port, but only one can listen
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Port {port} of {host} is taken by another program.") from error
        raise Misconfigured(
            f"Port {port} of {host} cannot be opened: {error.strerror}.",
            remedy="Choose a port above 1023 and an address of this machine.",
        ) from error
    return sock


def serve(
    settings: Settings,
    *,
    demo: bool,
    sock: socket.socket | None = None,
    stop: threading.Event | None = None,
    on_ready: Callable[[Address], None] | None = None,
    make_app: AppMaker = create_app,
) -> None:
    """Serve until SIGTERM, SIGINT or `stop`; call in the main thread with the database open.

    Args:
        settings: Of this installation.
        demo: Whoever asks is the local architect; refused on other than loopback addresses.
        sock: A listening socket from `bind`; default is the settings' host and port.
        stop: Set it to stop the server from another thread.
        on_ready: Told once when the first request would be answered.
        make_app: Puts the application together; another one for other parts than ours.

    Raises:
        PortInUse: Another program listens there.
        Misconfigured: Strangers could reach a server that asks nobody for a token, or there is
            no TOWNCLERK_TOKEN_SECRET to check tokens with.
    """
    stop = stop or threading.Event()
    with _stopping_on_signals(stop):
        server = _make_server(settings, demo=demo, sock=sock, on_ready=on_ready, make_app=make_app)
        server.run_until(stop)
    if not server.started and not stop.is_set():
        raise Unreachable("The web server did not start.", remedy="Its log tells why.")


@contextmanager
def serving(
    settings: Settings,
    *,
    demo: bool,
    sock: socket.socket | None = None,
    make_app: AppMaker = create_app,
) -> Iterator[str]:
    """Serve in a thread beside the caller's own work.

    Args:
        settings: As for `serve`.
        demo: As for `serve`.
        sock: As for `serve`.
        make_app: As for `serve`.

    Yields:
        The address, when the first request would be answered.

    Raises:
        PortInUse: As for `serve`.
        Misconfigured: As for `serve`.
        Unreachable: The server did not start.
    """
    ready, stop = threading.Event(), threading.Event()
    server = _make_server(
        settings, demo=demo, sock=sock, on_ready=lambda _: ready.set(), make_app=make_app
    )

    def run() -> None:
        try:
            server.run_until(stop)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="townclerk-web", daemon=True)
    thread.start()
    try:
        if not ready.wait(START_SECONDS_MAX) or not server.started:
            raise Unreachable("The web server did not start.", remedy="Its log tells why.")
        yield server.address.url
    finally:
        stop.set()
        thread.join()


def check_door(settings: Settings, sock: socket.socket, *, demo: bool) -> bool:
    """Refuse to open a door that strangers could walk through.

    Returns:
        Whether we listen on a loopback address.

    Raises:
        Misconfigured: See `serve`.
    """
    host = sock.getsockname()[0]
    loopback = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    if demo and not loopback:
        raise Misconfigured(
            f"The demonstration asks nobody for a token, and {host} can be reached by others.",
            remedy="Leave TOWNCLERK_HOST at 127.0.0.1.",
        )
    if not demo and not loopback:
        token_key(settings)
    return loopback


def address_of(sock: socket.socket) -> Address:
    """Return how this machine reaches a listening socket."""
    host, port = sock.getsockname()[:2]
    ip = ipaddress.ip_address(host.partition("%")[0])
    if ip.is_unspecified:
        host = "127.0.0.1" if ip.version == 4 else "::1"
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    return Address(url=url, prefect_api=f"{url}{API_PATH}")


class _Server(uvicorn.Server):
    """uvicorn, told when to stop by us alone, and telling us when it is ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        sock: socket.socket,
        *,
        on_ready: Callable[[Address], None],
        holds_prefect: bool,
    ) -> None:
        super().__init__(config)
        self.address = address_of(sock)
        self._sock = sock
        self._on_ready = on_ready
        self._holds_prefect = holds_prefect

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: uvicorn would raise them again and so end the caller's cleanup."""
        yield

    def run_until(self, stop: threading.Event) -> None:
        """Run the loop until told to stop; close the socket."""
        with self._sock, asyncio.Runner(loop_factory=self.config.get_loop_factory()) as runner:
            runner.run(self._run_until(stop))

    async def _run_until(self, stop: threading.Event) -> None:
        helpers = [
            asyncio.create_task(self._watch(stop)),
            asyncio.create_task(self._announce()),
        ]
        for task in helpers:
            task.add_done_callback(_tell_failure)
        try:
            await self.serve(sockets=[self._sock])
        finally:
            for task in helpers:
                task.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():  # noqa: ASYNC110  # an event of threads cannot be awaited
            await asyncio.sleep(STOP_PAUSE_SECONDS)
        self.should_exit = True

    async def _announce(self) -> None:
        while not self.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(STOP_PAUSE_SECONDS / 10)
        self._on_ready(self.address)
        if self._holds_prefect:
            await ensure_zombie_automation()


def _make_server(
    settings: Settings,
    *,
    demo: bool,
    sock: socket.socket | None,
    on_ready: Callable[[Address], None] | None,
    make_app: AppMaker,
) -> _Server:
    """Do everything that can fail, or takes long, before the loop runs."""
    sock = sock or bind(settings.host, settings.port)
    with ExitStack() as undo:
        undo.callback(sock.close)
        loopback = check_door(settings, sock, demo=demo)
        prefect_api = address_of(sock).prefect_api
        use_prefect(settings, api_url=prefect_api)
        prepare(settings)
        app = make_app(
            settings,
            demo=demo,
            loopback=loopback,
            prefect_api=settings.prefect_api_url or prefect_api,
        )
        undo.pop_all()
    config = uvicorn.Config(
        app,
        log_config=None,
        ws_max_size=SOCKET_BYTES_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS_MAX,
        **HABITS,
    )
    return _Server(
        config,
        sock,
        on_ready=on_ready or (lambda _: None),
        holds_prefect=settings.prefect_api_url is None,
    )


@contextmanager
def _stopping_on_signals(stop: threading.Event) -> Iterator[None]:
    """Turn SIGTERM and SIGINT into a clean stop, also while we are still starting."""

    def ask_to_stop(_: int, __: FrameType | None) -> None:
        stop.set()

    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, ask_to_stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("a helper of the web server failed", exc_info=error)
