"""`townclerk interfaces`: check interface documents, compare versions, prove what was found.

`check` and `diff` need no database, so that a build server can run them.
"""

from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from registry.compliance import baseline
from registry.compliance.checking import check_document
from registry.compliance.document import BYTES_MAX
from registry.compliance.report import ReportFormat, render
from registry.compliance.rulesets.pinned import load_pinned
from schemas.compliance import CheckedDocument, Severity
from townclerk.cli.files import read_bytes, write_bytes
from townclerk.cli.output import AsJson, print_bytes, say

FINDINGS = 1  # exit code: there are findings that count
RULE_SETS_DEFAULT = ("spectral:oas", "townclerk:municipal")
BASELINE_BYTES_MAX = 64 * 2**20  # a million findings

app = typer.Typer(
    help="Check interface documents, compare versions, prove what was found.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


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
        "repeated. Default: spectral:oas and townclerk:municipal.",
    ),
]
Form = Annotated[ReportFormat, typer.Option("--format", help="How to write the report.")]
Out = Annotated[Path | None, typer.Option(help="Write the report to this file.")]
Fail = Annotated[FailOn, typer.Option(help="Exit with 1 on open findings as bad as this.")]


@app.command()
def check(  # noqa: PLR0917  # Typer reads options from arguments
    files: Annotated[list[Path], typer.Argument(help="OpenAPI, AsyncAPI, GraphQL or WSDL.")],
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
    as_json: AsJson = False,
) -> None:
    """Check documents against rule sets; needs no database."""
    names = RULE_SETS_DEFAULT if ruleset is None else tuple(ruleset)
    rule_sets = [load_pinned(name, hosts=allow_host or ()) for name in names]
    documents = [
        check_document(
            read_bytes(file, bytes_max=BYTES_MAX + 1, cut=True),
            file.as_posix(),
            rule_sets,
            structure=structure,
        )
        for file in files
    ]
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
    say(f"{len(comparison.changes)} changes; {verdict_of(comparison).sentence()}.")
    if counts([document], fail_on):
        raise typer.Exit(FINDINGS)
