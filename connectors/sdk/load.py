"""Read a connector file, and say line by line what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from connectors.sdk.connector import Connector, find_connector
from connectors.sdk.faults import plain_words, short
from connectors.sdk.spec import ConnectorFile
from connectors.sdk.yaml_lines import Lines, read_yaml
from schemas.errors import InvalidConnectorFile, UnknownName

FAULTS_SHOWN_MAX = 10
"""More faults at once only hide the first one."""

Fault = tuple[tuple[str | int, ...], str]
"""Where in the file, and what is wrong there."""


def load_connector_file(text: str, *, name: str) -> ConnectorFile:
    """Read a connector file.

    Args:
        text: Its content.
        name: File name for messages.

    Raises:
        InvalidConnectorFile: With file, line and reason of each fault.
    """
    data, lines = read_yaml(text, name=name)
    return _validated(data, lines, name)


def parse_connector_file(data: Mapping[str, Any], *, name: str) -> ConnectorFile:
    """Read a connector file back from plain data, as the database keeps it."""
    return _validated(data, {}, name)


def _validated(data: Any, lines: Lines, name: str) -> ConnectorFile:
    faults: list[Fault] = []
    if not isinstance(data, Mapping):
        faults.append(((), "a connector file is a mapping that begins with `connector:`"))
        raise _invalid(faults, lines, name)
    kind = _kind(data.get("kind"), faults)
    streams = data.get("streams")
    if kind is not None and isinstance(streams, Mapping):
        data = {**data, "streams": _streams(kind, streams, faults)}
    mended_below = {"streams", "kind"} if faults else set()
    try:
        spec = ConnectorFile.model_validate(data)
    except ValidationError as error:
        faults += [
            fault for fault in _faults(error, ()) if fault[0][:1] not in _heads(mended_below)
        ]
        raise _invalid(faults, lines, name) from None
    if kind is not None and spec.auth.type not in kind.auth_types:
        allowed = ", ".join(sorted(kind.auth_types))
        faults.append((("auth",), f"a source of kind {spec.kind} signs in with one of: {allowed}"))
    if faults:
        raise _invalid(faults, lines, name)
    return spec


def _heads(names: set[str]) -> set[tuple[str]]:
    return {(name,) for name in names}


def _kind(kind: Any, faults: list[Fault]) -> type[Connector] | None:
    if not isinstance(kind, str):
        return None
    try:
        return find_connector(kind)
    except UnknownName as error:
        faults.append((("kind",), error.what.rstrip(".")))
        return None


def _streams(
    kind: type[Connector], streams: Mapping[str, Any], faults: list[Fault]
) -> dict[str, Any]:
    """Validate each stream by the model of its kind."""
    found: dict[str, Any] = {}
    for stream, options in streams.items():
        try:
            found[stream] = kind.stream_type.model_validate(options)
        except ValidationError as error:
            faults += _faults(error, ("streams", stream))
    return found


def _faults(error: ValidationError, place: tuple[str | int, ...]) -> list[Fault]:
    """Turn pydantic's faults into ours; the offending value stays out of the message."""
    found: list[Fault] = []
    for fault in error.errors(include_url=False, include_input=False):
        at = fault.get("ctx", {}).get("at", ()) if fault["type"] == "connector_file" else ()
        found.append(((*place, *fault["loc"], *at), plain_words(fault)))
    return found


def _invalid(faults: list[Fault], lines: Lines, name: str) -> InvalidConnectorFile:
    placed = sorted((_line(where, lines), where, words) for where, words in faults)
    said = [_sentence(line, where, words) for line, where, words in placed[:FAULTS_SHOWN_MAX]]
    more = len(placed) - len(said)
    tail = f" And {more} more." if more > 0 else ""
    return InvalidConnectorFile(
        f"{name}: {' '.join(said)}{tail}", name=name, line=placed[0][0] or None, faults=len(placed)
    )


def _sentence(line: int, where: tuple[str | int, ...], words: str) -> str:
    place = ".".join(short(step) for step in where if step != "[key]")
    start = f"line {line}" if line else "in"
    return f"{start} {place or 'the file'}: {words.rstrip('.?')}."


def _line(where: tuple[str | int, ...], lines: Lines) -> int:
    """Return the line of the nearest thing that has one; pydantic's own steps have none."""
    known: tuple[str | int, ...] = ()
    for step in where:
        if (*known, step) in lines:
            known = (*known, step)
    return lines.get(known, 0)
