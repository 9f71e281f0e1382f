"""`townclerk demo`: a filled town on this machine, from nothing, in about a minute."""

from shlex import quote
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from registry.settings import settings
from townclerk.cli.opening import quiet_logs
from townclerk.cli.output import AsJson, is_terminal, many, messages, print_json, say, say_next
from townclerk.processes import wait_for_stop

PEOPLE_DEFAULT = 2000  # a village: every stage shows, and it is done before the coffee is
SEED_DEFAULT = 1
STAGES = 7
PARTIAL = 5  # exit code: done, but a source failed


def demo(
    people: Annotated[
        int, typer.Option(min=1000, max=1_000_000, help="Size of the town.")
    ] = PEOPLE_DEFAULT,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another town.")] = SEED_DEFAULT,
    once: Annotated[
        bool, typer.Option("--once", help="Do the job, print the report and stop.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes a free one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a town, read its systems over the wire, merge its customers, and show the result."""
    from townclerk.demo import Demo, running_demo

    chosen = settings()
    if port is not None or once:
        chosen = chosen.model_copy(update={"port": 0 if port is None else port})
    quiet_logs(chosen)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=messages(),
        transient=True,
        disable=not is_terminal(),
    ) as progress:
        bar = progress.add_task("starting", total=STAGES)

        def on_stage(name: str) -> None:
            progress.update(bar, description=name, advance=1)

        with running_demo(Demo(chosen, people, seed, on_stage)) as report:
            progress.stop()
            if as_json:
                print_json(report)
            else:
                _tell(report)
            if not as_json:
                say(
                    "Other commands ask this town where the terminal says"
                    f" `export TOWNCLERK_DATA_DIR={quote(report['directory'])}`."
                )
            if once and not as_json:
                say_next(f"`{_again(people, seed)}` serves this town in your browser")
            elif not once:
                say_next(f"open {report['url']} in your browser; Ctrl-C stops the town")
                wait_for_stop()
    if any(state != "Completed" for state in report["sources"].values()):
        raise typer.Exit(PARTIAL)


def _again(people: int, seed: int) -> str:
    """Return the command that brings this town back, and no other one."""
    size = "" if people == PEOPLE_DEFAULT else f" --people {people}"
    return "townclerk demo" + size + ("" if seed == SEED_DEFAULT else f" --seed {seed}")


def _tell(report: dict[str, Any]) -> None:
    pairs = report["pairs"]
    say(
        f"{len(report['sources'])} sources were read and merged in {report['seconds']['total']} s: "
        f"{report['customer_records']} records became {report['customers']} customers, "
        f"{report['records_landed'] - report['customer_records']} tell of their contacts, consents "
        f"and wishes, {report['quarantined']} wait in quarantine."
    )
    say(
        f"Against the truth: precision {pairs['precision']:.3f}, recall {pairs['recall']:.3f}, "
        f"F1 {pairs['f1']:.3f} over pairs of records."
    )
    if others := pairs["others"]:
        say(f"{many(others, 'record')} of sources that you added cannot be judged.")
    say(
        f"The landscape has {report['systems']} systems, {report['data_sets']} data sets and "
        f"{report['interfaces']} interfaces."
    )
