"""`townclerk up`, `worker` and `prefect-server`: the long-running parts."""

from typing import Annotated

import typer

from registry.settings import Settings, settings
from registry.storage.running import running_database
from schemas.errors import Misconfigured
from townclerk.cli.output import AsJson, print_json, say, say_next

Host = Annotated[str | None, typer.Option(help="Address to listen on; default TOWNCLERK_HOST.")]
Port = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one. Default 8000.")
]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def up(
    host: Host = None,
    port: Port = None,
    as_json: AsJson = False,  # an option of the command line
) -> None:
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
    use_prefect(chosen)
    listening = bind(chosen.host, chosen.port)

    def tell(address: Address) -> None:
        announce(chosen, address)
        if as_json:
            print_json(address.__dict__ if hasattr(address, "__dict__") else {"url": address.url})
        else:
            say(f"Townclerk serves {address.url}")
            say_next(f"open {address.url} in your browser; Ctrl-C stops")

    with running_database(chosen):
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


def worker() -> None:
    """Run syncs as Prefect asks for them, until stopped; several workers may run."""
    from townclerk.logs import set_up_logs
    from townclerk.prefect_at_hand import prefect_at_hand

    chosen = settings()
    set_up_logs(chosen)
    with running_database(chosen), prefect_at_hand(chosen):
        from flows.deploy import serve_sources

        serve_sources()


def prefect_server(host: Host = None, port: Port = None) -> None:
    """Run a Prefect server of its own, for installations with more than one worker."""
    import os

    from flows.runtime import use_prefect
    from flows.server import prepare

    chosen = _chosen(host, port)
    if chosen.prefect_api_url is not None:
        raise Misconfigured(
            "PREFECT_API_URL points to another Prefect server, so none is needed here",
            remedy="Unset it for this process.",
        )
    use_prefect(chosen)
    for name in ("PREFECT_SERVER_API_BASE_PATH", "PREFECT_SERVER_UI_SERVE_BASE"):
        os.environ.pop(name, None)
    prepare(chosen)

    import uvicorn
    from prefect.server.api.server import create_app

    uvicorn.run(create_app(), host=chosen.host, port=chosen.port, log_level="warning")


def _chosen(host: str | None, port: int | None) -> Settings:
    update = {"host": host, "port": port}
    return settings().model_copy(
        update={name: value for name, value in update.items() if value is not None}
    )
