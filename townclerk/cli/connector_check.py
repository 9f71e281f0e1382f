"""`townclerk connector check`: judge a connector by the rules every connector keeps."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.sdk.load import load_connector_file, parse_connector_file
from connectors.sdk.spec import ConnectorFile
from schemas.errors import InvalidInput
from townclerk.cli.output import AsJson, print_json, print_table, say, say_next

if TYPE_CHECKING:
    from connectors.sdk.conformance.checking import Verdict

FILE_BYTES_MAX = 1_000_000
"""A connector file is written by a person."""


def check(
    connector: Annotated[
        str, typer.Argument(help="Connector file, or the key of a registered source.")
    ],
    stream: Annotated[str | None, typer.Option(help="Only this stream.")] = None,
    as_json: AsJson = False,
) -> None:
    """Play the connector's source on this machine, misbehave, and judge how it reads.

    The real source is not contacted, so this can be run at any time.
    """
    from connectors.sdk.conformance.checking import Outcome, check_connector
    from connectors.sdk.conformance.rigs import find_rig

    spec = _spec(connector)
    if stream is not None and stream not in spec.streams:
        raise InvalidInput(f"{spec.connector} has no stream `{stream}`.")
    found = {
        name: check_connector(find_rig(spec, name))
        for name in spec.streams
        if stream in (None, name)
    }
    broken = sum(one.outcome is Outcome.BROKEN for all_ in found.values() for one in all_)
    if as_json:
        print_json(
            {
                "connector": spec.connector,
                "kind": spec.kind,
                "broken": broken,
                "streams": {name: [one._asdict() for one in all_] for name, all_ in found.items()},
            }
        )
    else:
        for name, verdicts in found.items():
            _show(f"{spec.connector}, {name}", verdicts)
        if broken:
            say(f"{broken} rules are broken.")
        else:
            say("Every rule that can be judged is kept.")
            say_next(f"`townclerk sync add` the file, then `townclerk sync run {spec.connector}`")
    if broken:
        raise typer.Exit(1)


def _show(title: str, verdicts: "list[Verdict]") -> None:
    print_table(
        title,
        ("rule", "promise", "outcome", "why"),
        ((one.rule, one.words, one.outcome.value, one.why) for one in verdicts),
    )


def _spec(connector: str) -> ConnectorFile:
    path = Path(connector)
    if path.suffix in (".yaml", ".yml") or path.is_file():
        try:
            with path.open("rb") as file:
                text = file.read(FILE_BYTES_MAX).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            raise InvalidInput(f"The file {path} cannot be read as text.") from None
        return load_connector_file(text, name=path.name)
    return _registered(connector)


def _registered(key: str) -> ConnectorFile:
    from registry import intake
    from townclerk.cli.opening import opened_town, unit_of_work

    with opened_town(), unit_of_work() as db:
        return parse_connector_file(intake.queries.find_source(db, key).spec, name=key)
