"""`townclerk quarantine`: the records we could not use, and why."""

from typing import Annotated

import typer

from registry import intake
from townclerk.cli.opening import opened_town, unit_of_work
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="Records that could not be used, with rule and reason.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command()
def replay(
    source: Annotated[str, typer.Argument(help="Key of the source.")],
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    as_json: AsJson = False,
) -> None:
    """Map a source's refused records anew, after its connector file was mended; asks no source."""
    from flows.replay import replay_quarantine

    with opened_town():
        report = replay_quarantine(source, stream=stream)
    if as_json:
        print_json(report)
        return
    say(
        f"{report.read} records were replayed: {report.landed} landed, {report.superseded} had "
        f"been replaced by newer ones, {report.refused} are still refused."
    )
    say_next(
        "`townclerk quarantine list` shows why"
        if report.refused
        else "`townclerk sync run` matches them"
    )


@app.command(name="list")
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    as_json: AsJson = False,
) -> None:
    """List refused records, the newest two hundred; values of customers are not shown."""
    with opened_town(), unit_of_work() as db:
        if source is not None:
            intake.queries.find_source(db, source)
        rows = intake.queries.list_quarantine(db, source_key=source)
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("Quarantine is empty: every record that was read could be used.")
        say_next("`townclerk customers list --purpose service`")
        return
    print_table(
        "Quarantine, newest first",
        ("source", "stream", "key", "rule", "path", "reason"),
        ((row.source_key, row.stream, row.key, row.rule, row.path, row.reason) for row in rows),
    )
    say_next(
        "mend the record at its source and `townclerk sync run SOURCE`; or mend the connector "
        "file, `townclerk sync add FILE.yaml`, `townclerk quarantine replay SOURCE`"
    )
