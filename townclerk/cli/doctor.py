"""`townclerk doctor`: is this machine fit, and what to do where it is not."""

import typer

from registry.settings import settings
from townclerk.checks import State, examine
from townclerk.cli.output import AsJson, print_json, print_table, say_next


def doctor(as_json: AsJson = False) -> None:  # an option of the command line
    """Check this installation and say how to mend what is wrong."""
    findings = list(examine(settings()))
    failed = [finding for finding in findings if finding.state is State.FAILED]
    if as_json:
        print_json({"ok": not failed, "checks": [finding.as_dict() for finding in findings]})
    else:
        print_table(
            "Townclerk's health",
            ("check", "state", "what", "how to fix"),
            ((f.check, f.state, f.what, f.remedy) for f in findings),
        )
        if not failed:
            say_next("`townclerk demo` for a filled town, or `townclerk up` for your own")
    if failed:
        raise typer.Exit(1)
