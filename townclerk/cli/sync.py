"""`townclerk sync`: read sources now, see how they are, stop them."""

from pathlib import Path
from typing import Annotated

import typer

from registry import intake
from registry.settings import settings
from registry.storage.database import unit_of_work
from registry.storage.running import running_database
from schemas.errors import InvalidInput
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

PARTIAL = 5  # exit code: some sources are done, some failed
FILE_BYTES_MAX = 1024 * 1024  # a connector file has tens of lines

app = typer.Typer(help="Read sources, page by page, into the master view.", no_args_is_help=True)

Sources = Annotated[
    list[str] | None, typer.Argument(help="Keys of sources; none means all of them.")
]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Connector file; docs/reference/connector-file.md.")],
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """Register a source: a connector file on an interface that is in the landscape."""
    from connectors.sdk.load import load_connector_file

    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise InvalidInput(f"{file} is larger than {FILE_BYTES_MAX} bytes")
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}") from error
    spec = load_connector_file(text, name=file.name)
    with running_database(settings()), unit_of_work() as db:
        intake.commands.register_source(
            db,
            key=spec.connector,
            interface_urn=spec.interface,
            spec=spec.model_dump(mode="json", exclude_none=True),
        )
    if as_json:
        print_json({"source": spec.connector, "streams": list(spec.streams)})
        return
    say(f"Source {spec.connector} is registered with {len(spec.streams)} streams.")
    say_next(f"`townclerk sync run {spec.connector}`")


@app.command()
def run(sources: Sources = None, as_json: AsJson = False) -> None:  # an option
    """Read sources now, then match; a source that was cut off goes on where it was."""
    import asyncio

    from townclerk.prefect_at_hand import prefect_at_hand

    chosen = settings()
    with running_database(chosen):
        with unit_of_work() as db:
            keys = sources or [source.key for source in intake.queries.list_sources(db)]
            for key in keys:
                intake.queries.find_source(db, key)
        with prefect_at_hand(chosen):
            from flows.sync import sync_town

            states = asyncio.run(sync_town(keys))
        _show(keys, as_json=as_json)
    if any(state != "Completed" for state in states.values()):
        raise typer.Exit(PARTIAL)


@app.command()
def status(sources: Sources = None, as_json: AsJson = False) -> None:  # an option
    """Show each source's newest run: counts, and why it failed where it did."""
    with running_database(settings()):
        _show(sources, as_json=as_json)


@app.command()
def cancel(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    as_json: AsJson = False,  # an option of the command line
) -> None:
    """Ask a running sync to stop after its page; the next one goes on from there."""
    with running_database(settings()), unit_of_work() as db:
        intake.queries.find_source(db, source)
        asked = intake.commands.request_cancel(db, source)
    if as_json:
        print_json({"source": source, "was_running": asked})
    elif asked:
        say(f"{source} stops after its page.")
    else:
        say(f"No sync of {source} is running.")


def _show(sources: list[str] | None, *, as_json: bool) -> None:
    with unit_of_work() as db:
        known = intake.queries.list_sources(db)
        chosen = [source for source in known if not sources or source.key in sources]
        newest = intake.queries.newest_runs(db, [source.id for source in chosen])
    rows = [(source.key, newest.get(source.id)) for source in chosen]
    if as_json:
        print_json({key: run.__dict__ if run else None for key, run in rows})
        return
    print_table(
        "Sources",
        ("source", "last run", "read", "landed", "unchanged", "quarantined", "why, how to fix"),
        (
            (
                key,
                run.state if run else "never",
                run.records_read if run else None,
                run.records_landed if run else None,
                run.records_unchanged if run else None,
                run.records_quarantined if run else None,
                f"{run.error['what']} {run.error['remedy']}" if run and run.error else None,
            )
            for key, run in rows
        ),
    )
    if not rows:
        say_next("`townclerk sync add FILE.yaml` registers a source")
    elif any(run and run.records_quarantined for _, run in rows):
        say_next("`townclerk quarantine list` shows why records were refused")
