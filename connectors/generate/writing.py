"""Write what was inferred as a connector file that runs, every guess with its reason beside it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.generate.guesses import Guess, InferredInterface, InferredStream
from connectors.generate.words import plain

PASSED_OVER_SHOWN_MAX = 20
"""Lists that were passed over, named at the end of the file."""

STREAMS_MAX = 200
"""What a connector file may hold."""

_KEY = re.compile(r"[^a-z0-9]+")
_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off"}


@dataclass(frozen=True)
class Place:
    """What the register, or a person, says about an interface.

    Attributes:
        name: Key of the connector.
        interface: URN of the registered interface.
        address: Where it is, for files that run by themselves.
        data_sets: URN of the data set of each stream, by the stream's name; `*` for all others.
    """

    name: str
    interface: str | None = None
    address: str | None = None
    data_sets: dict[str, str] = field(default_factory=dict)


def key_of(text: str) -> str:
    """Turn a title into the key of a connector."""
    key = _KEY.sub("-", text.lower()).strip("-")[:60].strip("-")
    return key if key[:1].isalpha() else f"source-{key}"[:60].strip("-")


def chosen(
    found: InferredInterface, names: Sequence[str] = (), *, everything: bool = False
) -> tuple[InferredStream, ...]:
    """Return the streams to write: those named, or all, or those that describe customers."""
    if names:
        return tuple(stream for stream in found.streams if stream.name in names)
    if everything:
        return found.streams[:STREAMS_MAX]
    customers = tuple(stream for stream in found.streams if stream.describes_customers)
    return (customers or found.streams)[:STREAMS_MAX]


def write_connector(
    found: InferredInterface, place: Place, streams: Sequence[InferredStream]
) -> str:
    """Return the connector file as YAML with comments."""
    lines = [
        f"# Made from {found.dialect}: {_one_line(found.title) or 'a document without a title'}.",
        "# Each guess has a number from 0 to 1 and what shows it; look at those below 0.8 first.",
        f"connector: {place.name}",
        f"kind: {found.kind}",
    ]
    if place.interface:
        lines.append(f"interface: {place.interface}")
    if place.address:
        lines.append(f"address: {place.address}")
    lines += _auth(found.auth, place.name)
    lines.append("streams:")
    for stream in streams:
        lines += _stream(found.kind, stream, place)
    lines += _passed_over(found, streams)
    return "\n".join(lines) + "\n"


def _auth(auth: Guess[dict[str, Any]], name: str) -> list[str]:
    variable = plain(name).upper() if not name else re.sub(r"\W", "_", name).upper()
    filled = {
        word: value.format(name=variable) if word == "secret" else value
        for word, value in auth.value.items()
    }
    return [f"auth: {_flow(filled)}  {_why(auth)}"]


def _stream(kind: str, stream: InferredStream, place: Place) -> list[str]:
    lines = [f"  {stream.name}:  # {_one_line(stream.place)}"]
    lines += [f"    # Look here: {_one_line(point)}." for point in stream.open_points]
    data_set = place.data_sets.get(stream.name) or place.data_sets.get("*")
    if data_set:
        lines.append(f"    data_set: {data_set}")
    for word, value in stream.options.items():
        lines += _option(word, value)
    if kind == "rest" or (kind == "graphql" and "connection" not in stream.options):
        lines.append(f"    records: {_scalar(stream.records.value)}  {_why(stream.records)}")
        lines.append(f"    paging: {_flow(stream.paging.value)}  {_why(stream.paging)}")
    if stream.incremental is not None:
        lines.append(
            f"    incremental: {_flow(stream.incremental.value)}  {_why(stream.incremental)}"
        )
    if stream.key is not None:
        lines.append(f"    key: {_scalar(stream.key.value)}  {_why(stream.key)}")
    else:
        lines.append("    key: id  # 0.0: nothing looks like a key")
    if stream.changed is not None:
        lines.append(f"    changed: {_scalar(stream.changed.value)}  {_why(stream.changed)}")
    lines.append("    map:")
    lines += [
        f"      {name}: {_scalar(guess.value)}  {_why(guess)}" for name, guess in stream.map.items()
    ]
    return lines


def _option(word: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"    {word}: {_flow(value)}"]
    if isinstance(value, str) and "\n" in value:
        return [f"    {word}: |", *(f"      {line}" for line in value.splitlines())]
    return [f"    {word}: {_scalar(value)}"]


def _passed_over(found: InferredInterface, streams: Sequence[InferredStream]) -> list[str]:
    written = {stream.name for stream in streams}
    rest = [
        (stream.place, "a list that does not look like customers; `--all` writes it too")
        for stream in found.streams
        if stream.name not in written
    ]
    rest += [entry for entry in found.passed_over if entry[1]]
    if not rest:
        return []
    lines = ["", "# Passed over:"]
    lines += [f"#   {_one_line(p)}: {_one_line(why)}" for p, why in rest[:PASSED_OVER_SHOWN_MAX]]
    if len(rest) > PASSED_OVER_SHOWN_MAX:
        lines.append(f"#   and {len(rest) - PASSED_OVER_SHOWN_MAX} more; --json lists all.")
    return lines


def _why(guess: Guess[Any]) -> str:
    return f"# {guess.confidence:g}: {_one_line(guess.evidence)}"


def _one_line(text: str) -> str:
    """Return a stranger's words as one harmless line of a comment."""
    clean = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(clean.split())[:160]


def _flow(options: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{word}: {_scalar(value)}" for word, value in options.items()) + "}"


def _scalar(value: Any) -> str:
    """Write a value so that YAML reads it back as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    if _PLAIN_TEXT.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)
