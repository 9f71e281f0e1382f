"""The running city: its source systems listen until somebody closes it.

One process serves all web sources, each on a free port of its own; the tax office's database
is a child process. Nothing listens anywhere but on this machine.
"""

import fcntl
import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from schemas.errors import Misconfigured, Unreachable
from townclerk.sandbox.city import Manifest, Stopped, build
from townclerk.sandbox.servers.crm import TOKEN_SECONDS, CrmServer
from townclerk.sandbox.servers.faults import Fault, Troubled
from townclerk.sandbox.servers.library import LibraryServer
from townclerk.sandbox.servers.permits import PermitsServer
from townclerk.sandbox.servers.taxes import TaxDatabase

HOST = "127.0.0.1"
BACKLOG = 128  # connections waiting; more than any client opens
GRACE_SECONDS = 1  # for answers on their way when we stop
WAIT_SECONDS = 0.05  # between two looks whether the web sources are up
SECRETS = ("crm", "library", "permits", "taxes")


class RunningCity(Struct, frozen=True):
    """A city whose sources answer.

    Attributes:
        manifest: What the city holds.
        sources: Per source its `base_url`, and the path of its `document` where it has one.
    """

    manifest: Manifest
    sources: dict[str, dict[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Return what stands in the ready line."""
        return {
            "sources": self.sources,
            "people": self.manifest.people,
            "records": self.manifest.records,
        }


@contextmanager
def running_city(
    folder: Path,
    *,
    people: int,
    seed: int,
    faults: Sequence[Fault] = (),
    token_seconds: float = TOKEN_SECONDS,
    stop: threading.Event | None = None,
) -> Iterator[RunningCity]:
    """Build the city if need be and keep its sources running for the length of the block.

    Args:
        folder: The city's folder; where root runs the city, an unprivileged account must be able
            to enter it, because the tax database runs under one.
        people: Inhabitants.
        seed: Seed; see `city.build`.
        faults: Trouble the web sources make.
        token_seconds: Lifetime of the CRM's tokens.
        stop: Set from outside to give up while the city is still being built.

    Raises:
        Misconfigured: Another city runs in this folder.
        Stopped: `stop` was set before the city was ready.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    stop = stop or threading.Event()
    with ExitStack() as stack:
        stack.enter_context(_alone(folder))
        keys = {name: secret(folder, name) for name in SECRETS}
        # initdb takes a second; the people are made meanwhile.
        starting = stack.enter_context(_tax_database(folder))
        manifest = build(folder, people=people, seed=seed, stop=stop)
        link_truth(folder)
        home = folder / "city"
        taxes = starting.result().load(manifest, home / "taxes.copy", keys["taxes"])
        if stop.is_set():
            raise Stopped
        store = home / "store.sqlite"
        apps: dict[str, tuple[ASGIApp, str]] = {
            "crm": (CrmServer(store, keys["crm"], token_seconds).app(), "/openapi.json"),
            "library": (LibraryServer(store, keys["library"]).app(), "/swagger.json"),
            "permits": (PermitsServer(store, keys["permits"]).app(), "/schema.graphql"),
        }
        sources = stack.enter_context(listening(apps, faults))
        sources["taxes"] = {"base_url": taxes}
        for name in ("waste", "parking"):
            sources[name] = {"base_url": (home / name).as_uri()}
        yield RunningCity(manifest, sources)


def secret(folder: Path, name: str) -> str:
    """Return a source's secret, made once and readable by its owner alone."""
    shelf = folder / "secrets"
    shelf.mkdir(mode=0o700, exist_ok=True)
    path = shelf / f"{name}.secret"
    if not path.exists():
        aside = path.with_suffix(".new")
        aside.unlink(missing_ok=True)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
        aside.rename(path)
    return path.read_text(encoding="ascii").strip()


def link_truth(folder: Path) -> None:
    """Let `truth.sqlite` in the folder always be the truth of the city that is there."""
    link = folder / "truth.sqlite"
    if not link.is_symlink():
        link.symlink_to(Path("city") / "truth.sqlite")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                f"Another sandbox city runs in {folder}.",
                remedy="Stop it first, or choose another folder with --dir.",
            ) from None
        yield


@contextmanager
def _tax_database(folder: Path) -> Iterator[Future[TaxDatabase]]:
    with ThreadPoolExecutor(1, thread_name_prefix="taxes") as pool:
        starting = pool.submit(TaxDatabase, folder)
        try:
            yield starting
        finally:
            if starting.exception() is None:
                starting.result().stop()


@contextmanager
def listening(
    apps: dict[str, tuple[ASGIApp, str]], faults: Sequence[Fault]
) -> Iterator[dict[str, dict[str, str]]]:
    """Serve each app on a free port of its own; yields their addresses."""
    sockets, by_port, addresses = [], {}, {}
    for name, (app, document) in apps.items():
        bound = _bind()
        port = bound.getsockname()[1]
        sockets.append(bound)
        by_port[port] = Troubled(app, faults, name)
        addresses[name] = {"base_url": f"http://{HOST}:{port}", "document": document}

    async def switchboard(scope: Scope, receive: Receive, send: Send) -> None:
        await by_port[scope["server"][1]](scope, receive, send)

    server = uvicorn.Server(
        uvicorn.Config(
            switchboard,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            server_header=False,
        )
    )
    thread = threading.Thread(target=server.run, args=(sockets,), name="web sources")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(WAIT_SECONDS)
        if not server.started:
            raise Unreachable("The web sources of the sandbox city did not start.")
        yield addresses
    finally:
        server.should_exit = True
        thread.join()
        for bound in sockets:
            bound.close()


def _bind() -> socket.socket:
    """Listen on a free port of this machine.

    asyncio turns Nagle's delay off only where the socket names its protocol; with protocol 0
    every small answer would wait 40 ms for the client's acknowledgement.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind((HOST, 0))
    bound.listen(BACKLOG)
    return bound
