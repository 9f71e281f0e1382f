"""`townclerk sync`: read sources now, see how they are, stop them."""

from collections.abc import Iterable
from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from connectors.sdk.load import load_connector_file
from registry import intake
from townclerk.cli.files import read_text
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, many, print_json, print_table, say, say_next

FAILED = 1  # exit code: no source could be read to its end
PARTIAL = 5  # exit code: some sources are done, some failed
FILE_BYTES_MAX = 1024 * 1024  # a connector file has tens of lines

app = typer.Typer(
    help="Read sources, page by page, into the master view.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

HeldId = Annotated[UUID, typer.Argument(help="Id from `townclerk sync held`.")]
Sources = Annotated[
    list[str] | None, typer.Argument(help="Keys of sources; none means all of them.")
]


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="Connector file; docs/reference/connector-file.md.")],
    as_json: AsJson = False,
) -> None:
    """Register a source: a connector file on an interface that is in the landscape."""
    spec = load_connector_file(read_text(file, bytes_max=FILE_BYTES_MAX), name=file.name)
    with opened_town(), unit_of_work() as db:
        intake.commands.register_source(
            db,
            key=spec.connector,
            interface_urn=spec.interface,
            spec=spec.model_dump(mode="json", exclude_none=True),
        )
    if as_json:
        print_json({"source": spec.connector, "streams": list(spec.streams)})
        return
    say(f"Source {spec.connector} is registered with {many(len(spec.streams), 'stream')}.")
    if spec.kind == "webhook":
        doors = ", ".join(f"/webhooks/{spec.connector}/{stream}" for stream in spec.streams)
        say_next(f"start `townclerk up`, and let the sender post to {doors}")
        return
    say_next(f"`townclerk sync run {spec.connector}`")


@app.command()
def run(
    sources: Sources = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would change; nothing is kept.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read sources now, then match; a source that was cut off goes on where it was."""
    if dry_run:
        from townclerk.cli.rehearsals import rehearse_sources

        rehearse_sources(sources, as_json=as_json)
        return
    from townclerk.prefect_at_hand import prefect_at_hand
    from townclerk.processes import run_stoppable

    with opened_town() as chosen:
        with unit_of_work() as db:
            keys = sources or [source.key for source in intake.queries.list_sources(db)]
            for key in keys:
                intake.queries.find_source(db, key)
        states: dict[str, str] = {}
        if keys:
            with prefect_at_hand(chosen):
                from flows.sync import sync_town

                states = run_stoppable(sync_town(list(dict.fromkeys(keys))))
        _show(keys, as_json=as_json)
    if code := exit_code(states.values()):
        raise typer.Exit(code)


@app.command()
def status(sources: Sources = None, as_json: AsJson = False) -> None:
    """Show each source's newest run: counts, and why it failed where it did."""
    with opened_town():
        with unit_of_work() as db:
            for key in sources or []:
                intake.queries.find_source(db, key)
        _show(sources, as_json=as_json)


@app.command()
def held(as_json: AsJson = False) -> None:
    """List records that vanished from their source and wait for a steward."""
    with opened_town(), unit_of_work() as db:
        rows = intake.scans.list_held(db)
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("Nothing waits: no scan has missed records that it could not prove gone.")
        return
    print_table(
        "Vanished records that wait",
        ("id", "source", "stream", "missing", "of", "why", "since"),
        ((r.id, r.source_key, r.stream, r.missing, r.known, r.reason, r.held_at) for r in rows),
    )
    say_next("`townclerk sync confirm ID` takes them out, `townclerk sync refuse ID` keeps them")


@app.command()
def confirm(held_id: HeldId, as_json: AsJson = False) -> None:
    """Take vanished records out of the master view: their source has really deleted them."""
    from flows.steps import withdraw

    with opened_town(), unit_of_work() as db:
        run_id, records = intake.scans.decide(db, held_id, confirm=True, by=getuser())
        gone = withdraw(db, run_id, records)
    if as_json:
        print_json({"id": held_id, "withdrawn": gone})
        return
    say(f"{gone} records are withdrawn.")
    say_next("`townclerk sync run` matches anew what is left")


@app.command()
def refuse(held_id: HeldId, as_json: AsJson = False) -> None:
    """Keep vanished records: the scan that missed them was wrong."""
    with opened_town(), unit_of_work() as db:
        intake.scans.decide(db, held_id, confirm=False, by=getuser())
    if as_json:
        print_json({"id": held_id, "withdrawn": 0})
        return
    say("They stay. The next scan that misses them asks again.")


@app.command()
def recover(as_json: AsJson = False) -> None:
    """Close runs whose worker was killed, so that nothing is marked as running for ever."""
    from flows.recover import close_crashed_runs

    with opened_town():
        keys = close_crashed_runs()
    if as_json:
        print_json({"closed": keys})
        return
    say(f"Closed: {', '.join(keys)}." if keys else "No run was left behind.")
    if keys:
        say_next(f"`townclerk sync run {' '.join(keys)}` goes on from the last page")


@app.command()
def schedule(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    *,
    cron: Annotated[
        str | None, typer.Option(help="When to read it, e.g. '0 3 * * *'; without, never.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of the cron line.")] = "UTC",
    fresh: Annotated[
        int | None, typer.Option(help="Minutes after which its newest complete run is too old.")
    ] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Keep the line, but do not read.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say when a source is read by the clock, and how old it may become."""
    from townclerk.cli.clock import tell_prefect

    with opened_town() as chosen:
        with unit_of_work() as db:
            found = intake.queries.find_source(db, source)
            intake.schedules.set_schedule(
                db, found.id, cron=cron, zone=zone, active=not pause, fresh_minutes=fresh
            )
            rows = intake.schedules.list_schedules(db)
        row = next(row for row in rows if row.source_key == source)
        told = tell_prefect(chosen, row)
    if as_json:
        print_json({**asdict(row), "told": told})
        return
    when = f"{cron}{' (paused)' if pause else ''}, zone {zone}" if cron else "not by the clock"
    say(f"{source}: {when}.")
    say_next(
        "`townclerk sync freshness` shows how old each source is"
        if told or not cron
        else "start `townclerk up` and `townclerk worker`; they take the schedule from here"
    )


@app.command()
def start(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    as_json: AsJson = False,
) -> None:
    """Ask a running worker to read a source now, and do not wait for it."""
    from townclerk.cli.clock import ask_worker

    with opened_town() as chosen:
        with unit_of_work() as db:
            intake.queries.find_source(db, source)
        ask_worker(chosen, source)
    if as_json:
        print_json({"source": source, "asked": True})
        return
    say(f"A worker was asked to read {source}.")
    say_next(f"`townclerk sync status {source}` shows how far it is")


@app.command()
def freshness(
    data_sets: Annotated[
        bool, typer.Option("--data-sets", help="Show data sets, whichever sources fill them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how old each source is against its target; exits with 1 where one is late."""
    from townclerk.cli.clock import show_freshness

    with opened_town(), unit_of_work() as db:
        sources = intake.schedules.list_schedules(db)
        rows = intake.schedules.list_data_sets(db) if data_sets else sources
    show_freshness(rows, as_json=as_json)
    if any(row.freshness in ("late", "never") for row in rows):
        raise typer.Exit(FAILED)


@app.command()
def target(
    data_set: Annotated[str, typer.Argument(help="URN of the data set.")],
    minutes: Annotated[
        int | None, typer.Option(help="How old it may become; without, it has no target.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how old a data set may become, whichever sources fill it."""
    with opened_town(), unit_of_work() as db:
        intake.schedules.set_target(db, data_set, minutes)
    if as_json:
        print_json({"data_set": data_set, "minutes": minutes})
        return
    say(f"{data_set} may be {minutes} minutes old." if minutes else f"{data_set} has no target.")
    say_next("`townclerk sync freshness --data-sets` shows how old it is")


@app.command()
def backfill(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    since: Annotated[str, typer.Option(help="Change mark to read from, as the source writes it.")],
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let the next sync read changes since a moment again; full scans need no backfill."""
    with opened_town(), unit_of_work() as db:
        found = intake.queries.find_source(db, source)
        streams = intake.commands.rewind(db, found, since=since, stream=stream)
    if as_json:
        print_json({"source": source, "streams": streams, "since": since})
        return
    say(f"The next sync of {source} reads {', '.join(streams)} from {since}.")
    say_next(f"`townclerk sync run {source}`")


@app.command()
def cancel(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    as_json: AsJson = False,
) -> None:
    """Ask a running sync to stop after its page; the next one goes on from there."""
    with opened_town(), unit_of_work() as db:
        intake.queries.find_source(db, source)
        asked = intake.commands.request_cancel(db, source)
    if as_json:
        print_json({"source": source, "was_running": asked})
        return
    say(f"{source} stops after its page." if asked else f"No sync of {source} is running.")
    say_next(f"`townclerk sync status {source}` shows how far it came")


def exit_code(states: Iterable[str]) -> int:
    """Return the exit code for the states in which the syncs of some sources ended."""
    completed = [state == "Completed" for state in states]
    if all(completed):
        return 0
    return PARTIAL if any(completed) else FAILED


def _show(sources: list[str] | None, *, as_json: bool) -> None:
    with unit_of_work() as db:
        known = intake.queries.list_sources(db)
        chosen = [source for source in known if not sources or source.key in sources]
        newest = intake.queries.newest_runs(db, [source.id for source in chosen])
    rows = [(source.key, newest.get(source.id)) for source in chosen]
    if as_json:
        print_json(dict(rows))
        return
    if not rows:
        say("No source is registered yet.")
        say_next("`townclerk sync add FILE.yaml` registers one")
        return
    print_table(
        "Sources",
        (
            "source",
            "last run",
            "read",
            "landed",
            "unchanged",
            "quarantined",
            "withdrawn",
            "why, how to fix",
        ),
        ((key, *_cells(run)) for key, run in rows),
    )
    say_next(_next_step([run for _, run in rows]))


def _cells(run: intake.queries.RunRow | None) -> tuple[object, ...]:
    if run is None:
        return ("never", None, None, None, None, None, None)
    return (
        run.state,
        run.records_read,
        run.records_landed,
        run.records_unchanged,
        run.records_quarantined,
        run.records_withdrawn,
        f"{run.error['what']} {run.error['remedy']}" if run.error else None,
    )


def _next_step(runs: list[intake.queries.RunRow | None]) -> str:
    if any(run and run.error for run in runs):
        return "mend what the last column names, then `townclerk sync run` goes on from there"
    if any(run and run.records_quarantined for run in runs):
        return "`townclerk quarantine list` shows why records were refused"
    if any(run is None for run in runs):
        return "`townclerk sync run` reads them"
    return "`townclerk customers list --purpose service` shows what they came to"
