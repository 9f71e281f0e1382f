"""`townclerk up`, `worker` and `prefect-server`: the long-running parts."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated

import typer

from registry.settings import Settings, settings
from registry.storage.revisions import demand_release
from registry.storage.running import running_database
from schemas.errors import Misconfigured, Unreachable
from townclerk.cli.output import AsJson, print_json, say, say_next

Host = Annotated[str | None, typer.Option(help="Address to listen on; default TOWNCLERK_HOST.")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one. Default 8000.")
]
PrefectPort = Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")]
Pool = Annotated[
    str | None, typer.Option(help="Prefect work pool to share with workers; made if absent.")
]
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PREFECT_PORT = 4200  # Prefect's own
GRACE_SECONDS_MAX = 3  # for requests on their way, so that a stop stays under ten seconds


def up(host: Host = None, port: Port = None, as_json: AsJson = False) -> None:
    """Serve pages, GraphQL and Prefect until stopped.

    Without TOWNCLERK_TOKEN_SECRET only this machine is served, and whoever sits at it may do all.
    """
    from flows.runtime import use_prefect
    from flows.server import prepare
    from townclerk.logs import set_up_logs
    from townclerk.prefect_at_hand import announce, withdraw
    from townclerk.serving import Address, bind, serve

    chosen = _chosen(host, port)
    set_up_logs(chosen)
    with bind(chosen.host, chosen.port) as listening, running_database(chosen) as database:
        demand_release(database.url)
        use_prefect(chosen)

        def tell(address: Address) -> None:
            announce(chosen, address)
            if as_json:
                print_json(address)
            else:
                say(f"Townclerk serves {address.url}")
                say_next(f"open {address.url} in your browser; Ctrl-C stops")

        prepare(chosen)
        try:
            serve(
                chosen,
                demo=chosen.host in LOOPBACK and chosen.token_secret is None,
                sock=listening,
                on_ready=tell,
            )
        finally:
            withdraw(chosen)


def worker(pool: Pool = None, as_json: AsJson = False) -> None:
    """Run syncs as Prefect asks for them, until stopped; several workers may run."""
    from townclerk.logs import set_up_logs
    from townclerk.prefect_at_hand import prefect_at_hand

    chosen = settings()
    set_up_logs(chosen)
    with running_database(chosen) as database, prefect_at_hand(chosen):
        demand_release(database.url)
        from flows.deploy import serve_sources

        if as_json:
            print_json({"prefect_api": os.environ["PREFECT_API_URL"]})
        else:
            say("This worker waits for syncs.")
            say_next("start one in Prefect's pages, or by hand: `townclerk sync run`")
        with suppress(KeyboardInterrupt):  # being stopped is how a worker ends well
            serve_sources(pool)


def prefect_server(
    host: Host = None, port: PrefectPort = PREFECT_PORT, as_json: AsJson = False
) -> None:
    """Run a Prefect server of its own, for installations with more than one worker.

    It asks nobody for a login: let only the other parts of Townclerk reach it.
    """
    from flows.runtime import use_prefect
    from flows.server import prepare
    from townclerk.logs import set_up_logs
    from townclerk.serving import address_of, bind

    chosen = _chosen(host, port)
    if chosen.prefect_api_url is not None:
        raise Misconfigured(
            "PREFECT_API_URL points to another Prefect server, so none is needed here.",
            remedy="Unset it for this process.",
        )
    set_up_logs(chosen)
    with bind(chosen.host, chosen.port) as listening:
        use_prefect(chosen)
        for name in ("PREFECT_SERVER_API_BASE_PATH", "PREFECT_SERVER_UI_SERVE_BASE"):
            os.environ.pop(name, None)  # these are for the server inside our own web server
        os.environ["PREFECT_SERVER_UI_API_URL"] = "/api"
        prepare(chosen)
        url = address_of(listening).url

        def tell() -> None:
            if as_json:
                print_json({"url": url, "prefect_api": f"{url}/api"})
            else:
                say(f"Prefect serves {url}")
                say_next(f"start the other parts with PREFECT_API_URL={url}/api")

        _serve_prefect(listening, tell)


def _serve_prefect(listening: socket.socket, tell: Callable[[], None]) -> None:
    """Serve until stopped; uvicorn stops gently and then raises the signal again for us.

    Raises:
        Unreachable: The server did not come up.
    """
    import uvicorn
    from prefect.server.api.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if not self.should_exit:
                tell()

    server = Server(
        uvicorn.Config(
            create_app(),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS_MAX,
        )
    )
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    if not server.started:
        raise Unreachable("The Prefect server did not start.", remedy="Its log tells why.")


def _chosen(host: str | None, port: int | None) -> Settings:
    update = {"host": host, "port": port}
    return settings().model_copy(
        update={name: value for name, value in update.items() if value is not None}
    )
