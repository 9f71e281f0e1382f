"""`townclerk interfaces waiver`: accept findings for a reason, by two people, until a day."""

from datetime import date, datetime
from getpass import getuser
from typing import Annotated
from uuid import UUID

import typer

from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

app = typer.Typer(
    help="Accept findings for a reason, by two people, until a day.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

Actor = Annotated[str | None, typer.Option(help="Who acts; who is logged in by default.")]
WaiverId = Annotated[UUID, typer.Argument(help="Id of the waiver.")]


@app.command()
def ask(  # noqa: PLR0917  # Typer reads options from arguments
    rule: Annotated[str, typer.Argument(help="Rule whose findings shall be accepted.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    until: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="First day on which they count again."),
    ],
    interface: Annotated[str | None, typer.Option(help="Only for this interface.")] = None,
    path: Annotated[
        str, typer.Option(help="Only findings at this path; * is a name, ** any number of them.")
    ] = "**",
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Ask for a waiver; it has no effect until somebody else approves it."""
    from registry.compliance import commands
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        made = commands.ask_waiver(
            db, rule=rule, reason=reason, asked_by=actor or getuser(), expires_on=until.date(),
            interface_urn=interface, path=path, today=date.today(),  # noqa: DTZ011  # a civil day
        )  # fmt: skip
    if as_json:
        print_json({"waiver": made})
        return
    say(f"Asked for waiver {made}.")
    say_next(f"somebody else: `townclerk interfaces waiver approve {made}`")


@app.command()
def approve(waiver: WaiverId, actor: Actor = None, as_json: AsJson = False) -> None:
    """Approve a waiver that somebody else asked for."""
    from registry.compliance import commands
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        commands.approve_waiver(db, waiver, approved_by=actor or getuser())
    if as_json:
        print_json({"waiver": waiver, "state": "in force"})
        return
    say(f"Waiver {waiver} is in force.")


@app.command()
def withdraw(waiver: WaiverId, as_json: AsJson = False) -> None:
    """Take a waiver back; its findings count again at once."""
    from registry.compliance import commands
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        commands.withdraw_waiver(db, waiver)
    if as_json:
        print_json({"waiver": waiver, "state": "withdrawn"})
        return
    say(f"Waiver {waiver} is withdrawn.")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """List waivers, newest first, with the state they have today."""
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = queries.list_waivers(db, date.today())  # noqa: DTZ011  # a civil day
    if as_json:
        print_json(rows)
        return
    cells = (
        (row.id, row.state, row.rule, row.interface or "all", row.path, row.expires_on,
         row.asked_by, row.approved_by, row.reason)
        for row in rows
    )  # fmt: skip
    columns = ("id", "state", "rule", "interface", "path", "until", "asked", "approved", "reason")
    print_table("Waivers", columns, cells)


@app.command()
def proposed(
    urn: Annotated[str, typer.Argument(help="URN of an interface.")], as_json: AsJson = False
) -> None:
    """Show what a document and its rule sets ask to be spared; nothing of it is in force.

    Reads x-noqa, x-zally-ignore, x-ignore-rules and overrides of rule sets.
    """
    from registry.compliance import checks, waivers
    from registry.compliance.document import Document
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        task = checks.prepare(db, urn, date.today())  # noqa: DTZ011  # a civil day
    document = Document(task.document.content, task.document.source)
    found = waivers.proposals(document.data, task.rule_sets, task.document.source)
    if as_json:
        print_json(found)
        return
    cells = ((one.rule, one.path, one.origin) for one in found)
    print_table("Proposed waivers", ("rule", "path", "asked by"), cells)
    if found:
        say_next("`townclerk interfaces waiver ask RULE --path PATH --reason … --until …`")


@app.command()
def baseline(
    urn: Annotated[str, typer.Argument(help="URN of an interface.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Let what is wrong with an interface today not count; only new findings will."""
    from registry.compliance import checks, commands
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town():
        with unit_of_work() as db:
            task = checks.prepare(db, urn, date.today())  # noqa: DTZ011  # a civil day
        one = checks.carry_out(task)
        with unit_of_work() as db:
            known = commands.set_baseline(db, urn, one, actor=actor or getuser())
    if as_json:
        print_json({"interface": urn, "known": known})
        return
    say(f"{known} findings of {urn} are known from today and do not count.")
