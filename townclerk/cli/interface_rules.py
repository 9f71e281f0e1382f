"""`townclerk interfaces ruleset` and `standard`: what interfaces are checked against, and why."""

from datetime import datetime
from enum import StrEnum
from getpass import getuser
from typing import Annotated

import typer

from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

rulesets = typer.Typer(
    help="Rule sets, kept with all their files and pinned by hash.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
standards = typer.Typer(
    help="Standards: how binding, since when, and the rules that test them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


class Status(StrEnum):
    """How binding a standard is."""

    MANDATORY = "mandatory"
    COMPLY_OR_EXPLAIN = "comply_or_explain"
    RECOMMENDED = "recommended"


@rulesets.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    place: Annotated[
        str, typer.Argument(help="Bundled name, file or https address; @sha256:HASH pins it.")
    ],
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Host from which rule sets may be fetched.")
    ] = None,
    leave_out_unknown: Annotated[
        bool, typer.Option(help="Leave out rules that need functions we do not have.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a rule set with all its files; rules it cannot run are named."""
    from registry.compliance import commands
    from registry.compliance.rulesets.pinned import load_pinned
    from townclerk.cli.opening import opened_town, unit_of_work

    found = load_pinned(place, hosts=allow_host or (), leave_out_unknown=leave_out_unknown)
    entry = next(iter(found.files), place.partition("@sha256:")[0])
    with opened_town(), unit_of_work() as db:
        commands.keep_rule_set(db, found, name=name, entry=entry, actor=getuser())
    enabled = sum(rule.enabled for rule in found.rules.values())
    if as_json:
        print_json(
            {"name": name, "sha256": found.digest, "rules": enabled, "left_out": found.left_out}
        )
        return
    say(f"{name} is kept with {enabled} rules, sha256 {found.digest}.")
    if found.left_out:
        say(f"Left out, because we do not have their functions: {', '.join(found.left_out)}.")
    say_next(f"`townclerk interfaces standard set KEY VERSION --ruleset {found.digest[:12]}…`")


@rulesets.command(name="list")
def list_rule_sets(as_json: AsJson = False) -> None:
    """List kept rule sets with their hashes."""
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = queries.list_rule_sets(db)
    if as_json:
        print_json([{"name": row.name, "sha256": row.sha256, "entry": row.entry} for row in rows])
        return
    cells = ((row.name, row.sha256, row.added_at) for row in rows)
    print_table("Rule sets", ("name", "sha256", "added"), cells)


@standards.command(name="set")
def set_(  # noqa: PLR0917  # Typer reads options from arguments
    key: Annotated[str, typer.Argument(help="Short name, e.g. adr.")],
    version: Annotated[str, typer.Argument(help="Version of the standard.")],
    ruleset: Annotated[str, typer.Option(help="Hash of the kept rule set that tests it.")],
    title: Annotated[str, typer.Option(help="Full name.")] = "",
    status: Annotated[Status, typer.Option(help="How binding it is.")] = Status.MANDATORY,
    valid_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; today by default.")
    ] = None,
    valid_to: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day on which it ended.")
    ] = None,
    applies_to: Annotated[
        list[str] | None,
        typer.Option(help="URN of an interface, system or reference component; none means all."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a version of a standard, or change what is known of it."""
    from registry.compliance import commands
    from schemas.evidence import StandardStatus
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        commands.set_standard(
            db, key=key, version=version, title=title or key,
            status=StandardStatus(status.value),
            valid_from=(valid_from or datetime.now()).date(),  # noqa: DTZ005  # a civil day
            valid_to=valid_to.date() if valid_to else None,
            rule_set_sha256=ruleset, applies_to=applies_to or (),
        )  # fmt: skip
    if as_json:
        print_json({"standard": key, "version": version})
        return
    say(f"{key} {version} is {status.value.replace('_', ' ')}.")
    say_next("`townclerk interfaces run`")


@standards.command(name="list")
def list_standards(as_json: AsJson = False) -> None:
    """List standards with status, dates and rule sets."""
    from registry.compliance import queries
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = queries.list_standards(db)
    if as_json:
        print_json(rows)
        return
    cells = (
        (row.key, row.version, row.status, row.valid_from, row.valid_to, row.rule_set,
         ", ".join(row.applies_to) or "all interfaces")
        for row in rows
    )  # fmt: skip
    columns = ("key", "version", "status", "from", "to", "rule set", "applies to")
    print_table("Standards", columns, cells)
