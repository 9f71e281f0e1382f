"""What landscape commands ask: a model file where one is named, else the hub's own landscape."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.landscape.exchange.formats import Loaded, load
from registry.landscape.exchange.spellings import AS_IT_SAYS, ROLES, Reading, kind_and_concept
from registry.landscape.metamodel import Strictness, concept_of
from registry.landscape.questions.graph import LandscapeGraph
from registry.landscape.questions.model_graph import graph_of_model
from registry.landscape.questions.portfolio import Portfolio, portfolio
from registry.landscape.questions.profiles import (
    PROFILE_BYTES_MAX,
    Profile,
    profile_named,
    profile_of,
)
from schemas.errors import InvalidInput
from townclerk.cli.files import UnreadableFile, UnwritableFile, read_text
from townclerk.cli.output import print_json, print_table, say

ROWS_SHOWN_MAX = 200  # a screen or two; --json prints all

File = Annotated[
    Path | None,
    typer.Argument(
        help="A model in any format Townclerk reads: Model Exchange, Archi, coArchi folder, CSV, "
        "XLSX. Without it the hub's own landscape is asked.",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(help="The reference architecture, where it stands in another file."),
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="How the reference tells its components: townclerk, gemma, eira, or a TOML file of "
        "your own. Recognised by itself if left out.",
    ),
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The hub's landscape as it was that day."),
]
InScenario = Annotated[
    str | None, typer.Option("--scenario", help="The hub's landscape as this scenario plans it.")
]


RowKind = Annotated[
    str | None,
    typer.Option("--kind", help="Of a plain table: what each row is, e.g. system or data_set."),
]
RowColumns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        help="Of a plain table: which column plays which role, e.g. name=Title; roles are id, "
        "kind, name, description, folder, source, target. May be repeated.",
    ),
]


def table_reading(kind: str | None, columns: list[str] | None) -> Reading:
    """Return how a person says a plain table is to be read.

    Raises:
        InvalidInput: No such kind or role.
    """
    said: dict[str, str] = {}
    for one in columns or ():
        role, _, column = one.partition("=")
        if role not in ROLES or not column:
            raise InvalidInput(
                f"{one!r} names no role and column.",
                remedy=f"Write ROLE=COLUMN, with one of {', '.join(ROLES)}.",
            )
        said[column] = role
    if kind is not None and not kind_and_concept(kind)[1]:
        concept_of(kind)  # says which kinds there are
    return Reading(kind=kind or "", columns=said)


def read_model(
    file: Path, *, strictness: Strictness = Strictness.OFF, reading: Reading = AS_IT_SAYS
) -> Loaded:
    """Load a model that a person named.

    Raises:
        ModelFileRefused: It cannot be used; the message names line and object.
        UnreadableFile: The file may not be read.
    """
    try:
        return load(file, strictness=strictness, reading=reading)
    except OSError as error:
        raise UnreadableFile(f"{file} cannot be read: {error.strerror}.") from error


def end_of(day: datetime | None) -> datetime | None:
    """Return the end of a day, so that what began on it counts."""
    return day.replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1) if day else None


@contextmanager
def asked_landscape(
    file: Path | None, as_of: datetime | None = None, scenario: str | None = None
) -> Iterator[LandscapeGraph]:
    """Give the landscape a command is about.

    Args:
        file: A model file; None means the hub's own landscape.
        as_of: The hub's landscape at the end of this day.
        scenario: The hub's landscape with the plans of the scenario of this key.

    Raises:
        InvalidInput: A day or a scenario was asked of a file, or the day has not come.
    """
    if file is not None:
        if as_of or scenario:
            raise InvalidInput(
                "A file has neither days nor scenarios.",
                remedy="Leave out the file to ask the hub's landscape.",
            )
        yield graph_of_model(read_model(file).model)
        return
    if as_of and as_of.replace(tzinfo=UTC) > datetime.now(UTC):
        raise InvalidInput(
            f"{as_of:%Y-%m-%d} has not come yet.", remedy="Plans are asked with --scenario."
        )
    from registry.landscape.changes.scenarios import find_scenario
    from registry.landscape.questions.stored import graph_at
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        planned = find_scenario(db, scenario).id if scenario else None
        yield graph_at(db, end_of(as_of), planned)


@contextmanager
def asked_portfolio(
    file: Path | None,
    reference: Path | None,
    profile: str | None,
    as_of: datetime | None = None,
    scenario: str | None = None,
) -> Iterator[Portfolio]:
    """Give the systems a command is about, beside their reference architecture."""
    with asked_landscape(file, as_of, scenario) as own:
        beside = graph_of_model(read_model(reference).model) if reference else None
        yield portfolio(own, beside, read_profile(profile))


def read_profile(name: str | None) -> Profile | None:
    """Return a profile by name or from a file; None leaves it to be recognised."""
    if name is None:
        return None
    if not name.endswith(".toml"):
        return profile_named(name)
    return profile_of(read_text(Path(name), bytes_max=PROFILE_BYTES_MAX), file=name)


def write_bytes(file: Path, data: bytes) -> None:
    """Write a file that a person named.

    Raises:
        UnwritableFile: Its directory is missing or not ours, or the disk is full.
    """
    try:
        file.write_bytes(data)
    except OSError as error:
        raise UnwritableFile(f"{file} cannot be written: {error.strerror}.") from error


def show(title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print a table, as much of it as a person reads."""
    print_table(title, columns, rows[:ROWS_SHOWN_MAX])
    if len(rows) > ROWS_SHOWN_MAX:
        say(f"{len(rows) - ROWS_SHOWN_MAX:,} more rows; --json prints all of them.")


def show_counts(counts: dict[str, int]) -> None:
    """Say how many there are of what."""
    say(", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items()) + ".")


def plain(rows: list[Any]) -> list[Any]:
    """Turn answers into what JSON knows."""
    import msgspec

    found: list[Any] = msgspec.to_builtins(rows)
    return found


def print_answer(answer: Any) -> None:
    """Print one answer as JSON."""
    import msgspec

    print_json(msgspec.to_builtins(answer))
