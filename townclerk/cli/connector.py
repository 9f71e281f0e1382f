"""`townclerk connector`: make connector files, try them, run them by themselves."""

import asyncio
import gc
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from townclerk.cli.connector_check import check
from townclerk.cli.files import read_bytes, write_text
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next
from townclerk.connector.files import FileTarget, UnknownTarget
from townclerk.connector.opening import chosen_streams, read_connector, source_of
from townclerk.connector.running import StreamReport, Target, run_stream

app = typer.Typer(
    help="Make connector files, try them, run them by themselves.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

app.command()(check)

File = Annotated[Path, typer.Argument(help="Connector file; docs/reference/connector-file.md.")]
Address = Annotated[
    str | None, typer.Option(help="Address of the interface; default: `address:` in the file.")
]
Streams = Annotated[
    list[str] | None, typer.Option("--stream", help="Only this stream; may be given repeatedly.")
]
Internal = Annotated[bool, typer.Option("--internal", help="Allow private addresses.")]
Sandbox = Annotated[bool, typer.Option("--sandbox", help="Allow addresses of this machine, too.")]

OBJECTS_BETWEEN_COLLECTIONS = 20_000
"""Some twenty pages of records; none of them is part of a circle, so looking for one costs only."""

_NOT_PLAIN = re.compile(r"[^a-z0-9_]+")


@app.command()
def new(
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="URN of a registered interface, a file, or an address."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Key of the connector; from the title.")] = None,
    interface: Annotated[
        str | None, typer.Option(help="URN of the registered interface a file or address is of.")
    ] = None,
    address: Address = None,
    stream: Streams = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Write every list, not only those of customers.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File to write; default NAME.yaml.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read one page and keep its shape as NAME.fixture.json.")
    ] = False,
    python: Annotated[
        bool, typer.Option("--python", help="Write a connector in Python to begin with.")
    ] = False,
    internal: Internal = False,
    sandbox: Sandbox = False,
    as_json: AsJson = False,
) -> None:
    """Make a connector file from an interface's document, each guess with its reason.

    Reads OpenAPI 3 and Swagger 2.0 as JSON or YAML, GraphQL schemas, and metadata of OData. With
    --json the file and all guesses are printed, and nothing is written unless --out says where.
    """
    from townclerk.cli.making import make_connector, make_python

    if python:
        make_python(name or "my-source", out, as_json=as_json)
        return
    make_connector(
        from_,
        name=name,
        interface=interface,
        address=address,
        streams=stream or [],
        everything=everything,
        out=out,
        live=live,
        internal=internal,
        sandbox=sandbox,
        as_json=as_json,
    )


@app.command()
def preset(
    name: Annotated[str | None, typer.Argument(help="Name of a preset; none lists them.")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default NAME.yaml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin with a connector file for a product that many towns run."""
    from connectors.presets import preset as text_of
    from connectors.presets import presets

    if name is None:
        about = [(key, text.splitlines()[0].lstrip("# ")) for key, text in presets().items()]
        if as_json:
            print_json(dict(about))
        else:
            print_table("Presets", ("name", "what it reads"), about)
        return
    file = out or Path(f"{name}.yaml")
    write_text(file, text_of(name))
    if as_json:
        print_json({"written": str(file)})
        return
    say(f"Written to {file}.")
    say_next(f"`townclerk connector try {file} --address URL`")


imported = typer.Typer(
    help="Move connectors of other tools over.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(imported, name="import")


@imported.command()
def airbyte(
    manifest: Annotated[Path, typer.Argument(help="A low-code manifest, YAML or JSON.")],
    name: Annotated[str | None, typer.Option(help="Key of the connector.")] = None,
    auth: Annotated[
        str | None, typer.Option(help="Which way to sign in, where the manifest has several.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="File to write; default NAME.yaml.")] = None,
    as_json: AsJson = False,
) -> None:
    """Translate an Airbyte low-code manifest, and list what has no counterpart."""
    from connectors.generate.airbyte import translate_manifest
    from connectors.generate.documents import DOCUMENT_BYTES_MAX

    content = read_bytes(manifest, bytes_max=DOCUMENT_BYTES_MAX)
    found = translate_manifest(content, source=manifest.name, name=name, auth=auth)
    file = out or Path(f"{found.name}.yaml")
    write_text(file, found.text)
    if as_json:
        lost = [{"place": place, "why": why} for place, why in found.lost]
        print_json({"written": str(file), "not_translated": lost})
        return
    for place, why in found.lost:
        say(f"Not translated, {place}: {why}.")
    say(f"Written to {file}.")
    say_next(f"`townclerk connector try {file}`")


@app.command(name="try")
def try_(
    file: File,
    *,
    address: Address = None,
    stream: Streams = None,
    internal: Internal = False,
    sandbox: Sandbox = False,
    show: Annotated[int, typer.Option(min=0, max=100, help="Records to show.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Read one page of each stream live and show what would become of it; nothing is kept.

    What is shown are values of customers: mind who looks over your shoulder.
    """
    from flows.trial import try_stream
    from townclerk.cli.trials import show_trials

    spec = read_connector(file)
    source = source_of(spec, address, internal=internal, sandbox=sandbox, undecoded=False)
    names = chosen_streams(spec, stream)
    trials = [asyncio.run(try_stream(source, name, shown=show)) for name in names]
    if as_json:
        print_json({"connector": spec.connector, "streams": trials})
        return
    show_trials(trials)
    say_next(f"mend the mapping, or `townclerk connector run {file} --to FILE.jsonl`")


@app.command()
def run(
    file: File,
    *,
    to: Annotated[
        str,
        typer.Option(
            help="File that ends in .jsonl, .csv or .parquet; or a PostgreSQL address; or "
            "env:NAME where a variable holds that."
        ),
    ],
    address: Address = None,
    stream: Streams = None,
    table: Annotated[
        str | None, typer.Option(help="Table; default CONNECTOR_STREAM. For one stream only.")
    ] = None,
    internal: Internal = False,
    sandbox: Sandbox = False,
    as_json: AsJson = False,
) -> None:
    """Read a connector file's streams to their end, before anything is registered.

    A file appears when its stream has been read whole. A table takes page by page; run again,
    records whose bytes have not changed cost no write.
    """
    spec = read_connector(file)
    source = source_of(spec, address, internal=internal, sandbox=sandbox, undecoded=True)
    names = chosen_streams(spec, stream)
    if to.startswith("env:"):
        name = to.removeprefix("env:")
        to = os.environ.get(name, "")
        if not to:
            raise UnknownTarget(f"No variable is called {name}, or it is empty.")
    if table is not None and len(names) > 1:
        raise UnknownTarget("One table cannot take several streams.", remedy="Name one `--stream`.")

    def target_of(name: str) -> Target:
        if to.startswith(("postgresql://", "postgres://")):
            from townclerk.connector.tables import TableTarget

            plain = _NOT_PLAIN.sub("_", f"{spec.connector}_{name}".lower())
            return TableTarget(to, table or plain, spec.streams[name])
        path = Path(to)
        if len(names) > 1:
            path = path.with_stem(f"{path.stem}-{name}")
        return FileTarget(path, spec.streams[name])

    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    reports = [asyncio.run(run_stream(source, name, target_of(name))) for name in names]
    _tell(reports, as_json=as_json)


def _tell(reports: list[StreamReport], *, as_json: bool) -> None:
    if as_json:
        print_json(reports)
        return
    print_table(
        "Streams",
        ("stream", "to", "pages", "read", "written", "unchanged", "rejected", "withdrawn"),
        (
            (r.stream, r.target, r.pages, r.read, r.written, r.unchanged, r.rejected, r.withdrawn)
            for r in reports
        ),
    )
    for report in reports:
        if report.held:
            say(
                f"{report.stream}: {report.held} records of {report.target} were not in the source "
                "any more and stay, since that many, or unnamed ones, may be a fault of the scan."
            )
    if any(report.rejected for report in reports):
        say("What was rejected stands beside the target, with rule, path and reason.")
    say_next("register the interface and then `townclerk sync add FILE.yaml`")
