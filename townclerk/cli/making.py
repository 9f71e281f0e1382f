"""What `townclerk connector new` does: find the document, make the file, say what to look at."""

import asyncio
import json
from pathlib import Path

from connectors.generate.making import Made, Registered, as_plain, make
from connectors.sdk.load import load_connector_file
from schemas.errors import InvalidInput
from townclerk.cli.files import write_text
from townclerk.cli.output import print_json, print_table, say, say_next
from townclerk.connector.fixtures import record_fixture
from townclerk.connector.making import read_source
from townclerk.connector.opening import source_of
from townclerk.connector.register import find_registered
from townclerk.connector.template import python_connector

LOOK_BELOW = 0.8
"""Guesses below this are shown to the person by themselves."""


class NothingNamed(InvalidInput):
    """Nothing says which interface a connector is to be made for."""

    code = "nothing_named"
    remedy = "Give `--from`: the URN of a registered interface, a file, or an address."


def make_connector(
    place: str | None,
    *,
    name: str | None,
    interface: str | None,
    address: str | None,
    streams: list[str],
    everything: bool,
    out: Path | None,
    live: bool,
    internal: bool,
    sandbox: bool,
    as_json: bool,
) -> None:
    """Make a connector file and write it, or print it.

    Raises:
        NothingNamed: No interface was given.
    """
    place = place or interface
    if place is None:
        raise NothingNamed("Nothing says which interface the connector is for.")
    urn = place if place.startswith("urn:") else interface
    registered = find_registered(urn) if urn else None
    content, called = read_source(place, registered, internal=internal, sandbox=sandbox)
    made = make(
        content,
        source=called,
        name=name,
        registered=registered,
        address=address,
        only=streams,
        everything=everything,
    )
    file = out or (None if as_json else Path(f"{made.name}.yaml"))
    if file is not None:
        write_text(file, made.text)
    if live:
        trusted = registered or Registered("", address or "", internal=internal, sandbox=sandbox)
        _record(made, trusted, (file or Path(made.name)).with_suffix(".fixture.json"))
    if as_json:
        print_json({**as_plain(made), "written": None if file is None else str(file)})
    else:
        _tell(made, file)


def make_python(name: str, out: Path | None, *, as_json: bool) -> None:
    """Write a connector in Python and a file for it into a directory."""
    folder = out or Path()
    files = python_connector(name)
    for file, text in files.items():
        write_text(folder / file, text)
    if as_json:
        print_json({"written": [str(folder / file) for file in files]})
        return
    say(f"Written: {', '.join(str(folder / file) for file in files)}.")
    say_next(
        "name the class under the entry points of your package, as its docstring shows, and "
        "`pip install -e .`"
    )


def _record(made: Made, place: Registered, file: Path) -> None:
    spec = load_connector_file(made.text, name=made.name)
    source = source_of(
        spec,
        place.address or None,
        internal=place.internal,
        sandbox=place.sandbox,
        undecoded=False,
    )
    pages = {stream: asyncio.run(record_fixture(source, stream)) for stream in made.streams}
    write_text(file, json.dumps(pages, indent=1, ensure_ascii=False, default=str) + "\n")


def _tell(made: Made, file: Path | None) -> None:
    written = [stream for stream in made.inferred.streams if stream.name in made.streams]
    print_table(
        f"{made.name}, from {made.inferred.dialect}",
        ("stream", "path", "paging", "key", "fields mapped"),
        (
            (
                stream.name,
                stream.place,
                stream.paging.value.get("type", "connection"),
                stream.key.value if stream.key else None,
                len(stream.map),
            )
            for stream in written
        ),
    )
    for stream in written:
        doubtful = [
            f"{field} ({guess.evidence})"
            for field, guess in stream.map.items()
            if guess.confidence < LOOK_BELOW
        ]
        if doubtful or stream.open_points:
            say(f"Look at {stream.name}: {'; '.join([*stream.open_points, *doubtful])}.")
    others = len(made.inferred.streams) - len(written)
    if others:
        say(f"{others} further lists do not look like customers; `--all` writes them too.")
    say(f"Written to {file}.")
    say_next(f"`townclerk connector try {file}`")
