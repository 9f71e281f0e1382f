"""`townclerk doctor`: is this machine fit, and what to do where it is not."""

import typer

from registry.settings import settings
from townclerk.checks import Finding, State, examine
from townclerk.cli.opening import quiet_logs
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next


def doctor(as_json: AsJson = False) -> None:
    """Check this installation and say how to mend what is wrong."""
    chosen = settings()
    quiet_logs(chosen)
    findings = list(examine(chosen))
    failed = [finding for finding in findings if finding.state is State.FAILED]
    if as_json:
        print_json({"ok": not failed, "checks": findings})
    else:
        print_table(
            "Townclerk's health",
            ("check", "state", "what", "how to fix"),
            ((f.check, f.state, f.what, f.remedy) for f in findings),
        )
        if failed:
            say(f"{len(failed)} of {len(findings)} checks failed: {_names(failed)}.")
            say_next("mend them as the last column says, then `townclerk doctor` again")
        else:
            say_next("`townclerk demo` for a filled town, or `townclerk up` for your own")
    if failed:
        raise typer.Exit(1)


def _names(findings: list[Finding]) -> str:
    return ", ".join(finding.check for finding in findings)
