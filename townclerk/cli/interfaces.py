"""`townclerk interfaces`: check interface documents, compare versions, prove what was found.

`check` and `diff` need no database, so that a build server can run them.
"""

from dataclasses import replace
from enum import StrEnum
from getpass import getuser
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from registry.compliance import baseline
from registry.compliance.checking import check_document
from registry.compliance.document import BYTES_MAX
from registry.compliance.report import ReportFormat, render
from registry.compliance.rulesets.pinned import load_pinned
from registry.compliance.score import score
from schemas.compliance import CheckedDocument, Severity
from townclerk.cli import interface_evidence, interface_files, interface_rules, interface_waivers
from townclerk.cli.files import read_bytes, write_bytes
from townclerk.cli.interface_privacy import Places, looked_through
from townclerk.cli.output import AsJson, many, print_bytes, print_json, print_table, say, say_next

FINDINGS = 1  # exit code: there are findings that count
BASELINE_BYTES_MAX = 64 * 2**20  # a million findings

app = typer.Typer(
    help="Check interface documents, compare versions, prove what was found.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)
app.add_typer(interface_evidence.app, name="evidence")
app.add_typer(interface_rules.rulesets, name="ruleset")
app.add_typer(interface_rules.standards, name="standard")
app.add_typer(interface_waivers.app, name="waiver")


class Grouping(StrEnum):
    """By what scores are put together."""

    INTERFACE = "interface"
    SYSTEM = "system"
    SUPPLIER = "supplier"
    STANDARD = "standard"


class FailOn(StrEnum):
    """From which severity on an open finding makes the command fail."""

    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    HINT = "hint"
    NEVER = "never"


RuleSets = Annotated[
    list[str] | None,
    typer.Option(
        "--ruleset",
        help="Bundled name, file or https address, each with @sha256:HASH to pin it; may be "
        "repeated. Default: .spectral.yaml in this folder, else spectral:oas and "
        "townclerk:municipal.",
    ),
]
Form = Annotated[ReportFormat, typer.Option("--format", help="How to write the report.")]
Out = Annotated[Path | None, typer.Option(help="Write the report to this file.")]
Actor = Annotated[str | None, typer.Option(help="Who acts; who is logged in by default.")]
Urns = Annotated[list[str] | None, typer.Argument(help="URNs of interfaces; none means all.")]
Fail = Annotated[FailOn, typer.Option(help="Exit with 1 on open findings as bad as this.")]


@app.command()
def check(  # noqa: PLR0917  # Typer reads options from arguments
    files: Annotated[
        list[Path],
        typer.Argument(help="OpenAPI, AsyncAPI, GraphQL or WSDL: files, folders, patterns, or -."),
    ],
    ruleset: RuleSets = None,
    form: Form = ReportFormat.TEXT,
    out: Out = None,
    fail_on: Fail = FailOn.ERROR,
    baseline_file: Annotated[
        Path | None, typer.Option("--baseline", help="Findings in this file do not count.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write what is found now as a baseline.")
    ] = None,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="Host from which rule sets may be fetched.")
    ] = None,
    structure: Annotated[
        bool, typer.Option(help="Judge also whether the document is valid at all.")
    ] = True,
    allow_javascript: Annotated[
        bool, typer.Option(help="Run functions that rule sets bring in JavaScript.")
    ] = False,
    json_as_yaml: Annotated[
        bool, typer.Option(help="Read JSON as YAML, as Spectral's command line does.")
    ] = False,
    stdin_name: interface_files.StdinName = "stdin.yaml",
    as_json: AsJson = False,
) -> None:
    """Check documents against rule sets; needs no database."""
    names = interface_files.rule_sets_here() if ruleset is None else tuple(ruleset)
    rule_sets = [
        load_pinned(name, hosts=allow_host or (), javascript=allow_javascript) for name in names
    ]
    documents = [
        check_document(content, source, rule_sets, structure=structure, json_as_yaml=json_as_yaml)
        for source, content in interface_files.documents(files, stdin_name)
    ]
    if names == interface_files.RULE_SETS_DEFAULT:
        documents = [interface_files.without_misfits(one) for one in documents]
    if write_baseline is not None:
        write_bytes(write_baseline, baseline.write(documents))
    if baseline_file is not None:
        known = baseline.read(read_bytes(baseline_file, bytes_max=BASELINE_BYTES_MAX))
        documents = [baseline.against(one, known.get(one.source, ())) for one in documents]
    report(documents, ReportFormat.JSON if as_json else form, out)
    if counts(documents, fail_on):
        raise typer.Exit(FINDINGS)


def report(documents: list[CheckedDocument], form: ReportFormat, out: Path | None) -> None:
    """Write a report to a file, or to standard output."""
    content = render(documents, form)
    if out is None:
        print_bytes(content)
    else:
        write_bytes(out, content)


def counts(documents: list[CheckedDocument], fail_on: FailOn) -> bool:
    """Say whether an open finding is as bad as that."""
    if fail_on is FailOn.NEVER:
        return False
    limit = next(severity for severity in Severity if severity.word == fail_on)
    return any(finding.severity <= limit for one in documents for finding in one.open_findings())


@app.command()
def diff(  # noqa: PLR0917  # Typer reads options from arguments
    old: Annotated[Path, typer.Argument(help="The version that consumers know.")],
    new: Annotated[Path, typer.Argument(help="The version that shall replace it.")],
    form: Form = ReportFormat.TEXT,
    out: Out = None,
    fail_on: Fail = FailOn.ERROR,
    as_json: AsJson = False,
) -> None:
    """Compare two versions of an interface: what breaks, and which version number it deserves."""
    from registry.compliance.contract import verdict_of
    from registry.compliance.contract.versions import as_checked, compare_files

    before, after = (
        (read_bytes(file, bytes_max=BYTES_MAX + 1, cut=True), file.as_posix())
        for file in (old, new)
    )
    comparison = compare_files(before, after)
    document = as_checked(comparison, after, sha256(after[0]).hexdigest())
    report([document], ReportFormat.JSON if as_json else form, out)
    say(f"{many(len(comparison.changes), 'change')}; {verdict_of(comparison).sentence()}.")
    if counts([document], fail_on):
        raise typer.Exit(FINDINGS)


@app.command()
def register(
    urn: Annotated[str, typer.Argument(help="URN of an interface in the landscape.")],
    file: Annotated[Path, typer.Argument(help="Its document.")],
    with_file: Annotated[
        list[Path] | None,
        typer.Option("--with", help="A file that it refers to, hashed for the evidence."),
    ] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Register the document that describes an interface from now on."""
    from registry.compliance import commands
    from townclerk.cli.opening import opened_town, unit_of_work

    content = read_bytes(file, bytes_max=BYTES_MAX)
    referenced = interface_files.referenced(file, content, with_file or ())
    with opened_town(), unit_of_work() as db:
        digest = commands.register_document(
            db, urn, content, file.name, actor=who(actor), origin=file.as_posix(),
            referenced=referenced,
        )  # fmt: skip
    if as_json:
        print_json({"interface": urn, "sha256": digest})
        return
    say(f"{urn} is described by {file.name}, sha256 {digest}.")
    say_next(f"`townclerk interfaces run {urn}`")


@app.command()
def run(
    urns: Urns = None, actor: Actor = None, fail_on: Fail = FailOn.NEVER, as_json: AsJson = False
) -> None:
    """Check registered interfaces against what they owe, and write the evidence.

    Without a URN, all interfaces whose last check no longer holds.
    """
    from flows.fleet import check_fleet, check_one
    from townclerk.cli.opening import opened_town

    with opened_town():
        if not urns:
            fleet = check_fleet(actor=who(actor))
            if as_json:
                print_json(fleet)
                return
            say(f"{fleet.interfaces} interfaces: {fleet.checked} checked, {fleet.failed} failed.")
            say_next("`townclerk interfaces trend`, or `townclerk interfaces report URN`")
            return
        results = [(urn, *check_one(urn, actor=who(actor))) for urn in urns]
    rows = [
        {"interface": urn, "evidence": number, "score": score_of(one), **one.counts()}
        for urn, one, number in results
    ]
    if as_json:
        print_json(rows)
    else:
        print_table("Checks", tuple(rows[0]), (tuple(row.values()) for row in rows))
        say_next(f"`townclerk interfaces report {urns[0]} --format html --out report.html`")
    if counts([one for _, one, _ in results], fail_on):
        raise typer.Exit(FINDINGS)


@app.command(name="report")
def report_(
    urns: Urns = None,
    form: Form = ReportFormat.TEXT,
    out: Out = None,
    fail_on: Fail = FailOn.NEVER,
    as_json: AsJson = False,
) -> None:
    """Report how registered interfaces stand today; waivers that have ended no longer count.

    Without a URN, all of them. It writes no evidence.
    """
    from datetime import date

    from registry.compliance import checks, queries
    from townclerk.cli.opening import opened_town, unit_of_work

    documents = []
    with opened_town():
        with unit_of_work() as db:
            chosen = urns or queries.interfaces_to_check(db)
        for urn in chosen:
            with unit_of_work() as db:
                task = checks.prepare(db, urn, date.today())  # noqa: DTZ011  # a civil day
            documents.append(replace(checks.carry_out(task), source=urn))
    report(documents, ReportFormat.JSON if as_json else form, out)
    if counts(documents, fail_on):
        raise typer.Exit(FINDINGS)


@app.command()
def probe(  # noqa: PLR0917  # Typer reads options from arguments
    urn: Annotated[str, typer.Argument(help="URN of an interface that may be probed.")],
    form: Form = ReportFormat.TEXT,
    out: Out = None,
    actor: Actor = None,
    fail_on: Fail = FailOn.ERROR,
    as_json: AsJson = False,
) -> None:
    """Look at the running interface, read-only, and write the evidence.

    Looks at document, access, answers, TLS, headers.
    """
    from flows.probe import probe_interface
    from townclerk.cli.opening import opened_town

    with opened_town():
        document, number = probe_interface(urn, actor=who(actor))
    report([document], ReportFormat.JSON if as_json else form, out)
    say(f"Evidence has number {number}.")
    if counts([document], fail_on):
        raise typer.Exit(FINDINGS)


@app.command()
def privacy(  # noqa: PLR0917  # Typer reads options from arguments
    places: Places,
    form: Form = ReportFormat.TEXT,
    out: Out = None,
    fail_on: Fail = FailOn.ERROR,
    stdin_name: interface_files.StdinName = "stdin.yaml",
    as_json: AsJson = False,
) -> None:
    """Look for personal data in documents, against what the register declares of them."""
    found = looked_through(places, stdin_name)
    report(found, ReportFormat.JSON if as_json else form, out)
    if counts(found, fail_on):
        raise typer.Exit(FINDINGS)


@app.command()
def breaks(
    urn: Annotated[str, typer.Argument(help="URN of a registered interface.")],
    file: Annotated[Path, typer.Argument(help="The version that shall replace its document.")],
    as_json: AsJson = False,
) -> None:
    """Tell which registered consumers a new version of an interface would break."""
    from registry.compliance import queries
    from registry.compliance.contract import verdict_of
    from registry.compliance.contract.consumers import hits
    from registry.compliance.contract.versions import compare_files
    from registry.compliance.trends import consumers_of
    from townclerk.cli.opening import opened_town, unit_of_work

    new = (read_bytes(file, bytes_max=BYTES_MAX), file.name)
    with opened_town(), unit_of_work() as db:
        document = queries.newest_document(db, urn)
        consumers = consumers_of(db, urn)
    comparison = compare_files((document.content, document.source), new)
    found = hits(comparison.breaking(), consumers)
    rows = [
        (hit.consumer.name, hit.consumer.urn, change.level.value, change.code, change.operation,
         change.message)
        for hit in found for change in hit.changes
    ]  # fmt: skip
    columns = ("consumer", "urn", "level", "change", "operation", "what")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table("Consumers hit", columns, rows)
        say(f"{len(comparison.breaking())} breaking changes; {verdict_of(comparison).sentence()}.")
        say(f"{len(found)} of {len(consumers)} registered consumers are hit.")
    if found:
        raise typer.Exit(FINDINGS)


@app.command()
def trend(
    by: Annotated[Grouping, typer.Option(help="Put together by.")] = Grouping.INTERFACE,
    as_json: AsJson = False,
) -> None:
    """Show scores by day: of interfaces, systems, suppliers or standards."""
    from registry.compliance import trends
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        rows = trends.scores(db, trends.Grouping(by.value))
    if as_json:
        print_json(rows)
        return
    columns = ("day", by.value, "score", "interfaces", "errors")
    cells = ((row.day, row.group, row.score, row.interfaces, row.errors) for row in rows)
    print_table("Scores", columns, cells)


@app.command()
def rules(as_json: AsJson = False) -> None:
    """Show which rules of the kept rule sets fire, which never did, and which cannot."""
    from registry.compliance import queries, trends
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        kept = [row.loaded() for row in queries.list_rule_sets(db)]
        found = trends.effectiveness(db, kept)
    if as_json:
        print_json(found)
        return
    cells = ((use.rule, use.rule_set, use.checks, use.fired, use.verdict) for use in found)
    print_table("Rules", ("rule", "rule set", "checks", "fired", "verdict"), cells)


def who(actor: str | None) -> str:
    """Return who acts: who was named, or who is logged in."""
    return (actor or getuser()).strip()[:200]


def score_of(one: CheckedDocument) -> int:
    """Return the score of a result."""
    return score(one.open_findings(), one.operations)
