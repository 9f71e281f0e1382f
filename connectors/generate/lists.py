"""Find in an answer's schema where the records are, what their key is, and what says changed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.shapes import Shapes
from connectors.generate.words import (
    CHANGED,
    KEYS,
    KEYS_OF_MACHINES,
    NEXT_LINKS,
    NEXT_TOKENS,
    RECORDS,
    SINCE_ENDINGS,
    SINCE_PARAMETERS,
    TOTALS,
    WRAPPERS,
    plain,
    tokens,
)

ENVELOPE_DEPTH_MAX = 3
"""Levels around the array: `_embedded.people` is two."""

FIELDS_MAX = 400
"""Of one envelope; more is a record, not an envelope."""


KEY_ENDS = {"id", "uuid", "nummer", "number", "nr", "no", "code", "key", "sleutel", "kennung"}
NO_KEYS = ("tel", "house", "huis", "haus", "phone", "telefo", "mobile", "mobiel", "fax", "postal",
    "postcode", "postleit", "zip", "country", "land", "gender", "geslacht", "street", "language",
    "currency", "parent", "organi", "company", "team", "tenant", "owner", "group", "account",
    "rekening", "status", "version", "external", "area", "bank")  # fmt: skip
"""Parts of names that end like a key and are none, or the key of something else."""

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Parameter:
    """One query parameter of an operation."""

    name: str
    schema: Mapping[str, Any]
    required: bool
    description: str


def find_records(shapes: Shapes, schema: Any, place: str) -> Guess[str] | None:
    """Return the path to the array of records, or None where the answer is no list."""
    if shapes.is_list_of_objects(schema):
        return Guess(".", SURE, "the answer is an array of objects")
    own = plain(place.rstrip("/").rsplit("/", 1)[-1])
    lists = [
        (path, steps)
        for path, steps, inner in walk_envelope(shapes, schema)
        if shapes.is_list_of_objects(inner)
        and (len(steps) == 1 or plain(steps[0]) in WRAPPERS or plain(steps[-1]) == own)
    ]
    if not lists:
        return None

    def rank(found: tuple[str, tuple[str, ...]]) -> tuple[int, int]:
        last = plain(found[1][-1])
        named = RECORDS.index(last) if last in RECORDS else len(RECORDS)
        return (-1 if last == own else named, len(found[1]))

    path, steps = min(lists, key=rank)
    last = plain(steps[-1])
    if last in RECORDS or last == own:
        return Guess(path, SURE, f"`{path}` is an array of objects under a usual name")
    if len(lists) == 1 and envelope_words(shapes, schema):
        return Guess(path, LIKELY, f"`{path}` is the only array of objects beside paging fields")
    if len(lists) == 1 and len(shapes.properties(schema)) <= ENVELOPE_DEPTH_MAX:
        return Guess(path, WEAK, f"`{path}` is the only array of objects in a small answer")
    return None


def envelope_words(shapes: Shapes, schema: Any) -> bool:
    """Tell whether an answer has fields that only pages have."""
    known = {*NEXT_LINKS, *TOTALS, *NEXT_TOKENS} - {"after"} | {"count", "previous", "hasmore"}
    return any(plain(steps[-1]) in known for _, steps, _ in walk_envelope(shapes, schema))


def walk_envelope(shapes: Shapes, schema: Any) -> Iterator[tuple[str, tuple[str, ...], Any]]:
    """Yield path, steps and schema of an answer's fields, outermost first, not into arrays."""
    level: list[tuple[tuple[str, ...], Any]] = [((), schema)]
    count = 0
    for _ in range(ENVELOPE_DEPTH_MAX):
        following: list[tuple[tuple[str, ...], Any]] = []
        for steps, inner in level:
            for name, child in shapes.properties(inner).items():
                count += 1
                if count > FIELDS_MAX:
                    return
                yield dotted((*steps, name)), (*steps, name), child
                if "object" in shapes.types(child) and "array" not in shapes.types(child):
                    following.append(((*steps, name), child))
        level = following


def dotted(steps: Sequence[str]) -> str:
    """Write steps as a path of a connector file."""
    path = ""
    for step in steps:
        if _BARE.fullmatch(step):
            path += f".{step}" if path else step
        else:
            path += f"['{step}']"
    return path


def find_key(
    shapes: Shapes, record: Any, *, in_path: Sequence[str], owner: str
) -> Guess[str] | None:
    """Return the field that tells one record from another.

    Args:
        shapes: The document.
        record: Schema of one record.
        in_path: Names by which the path of a single record takes its key.
        owner: Name of the list, whose singular may stand in the key's name.
    """
    fields = {
        name: inner
        for name, inner in shapes.properties(record).items()
        if not {"array", "object", "boolean"} & shapes.types(inner)
    }
    by_name = {plain(name): name for name in reversed(fields)}
    for name in in_path:
        if plain(name) in by_name:
            found = by_name[plain(name)]
            return Guess(dotted([found]), SURE, f"`{found}` names a single record in its path")
    for end in KEYS_OF_MACHINES:
        if end in by_name:
            return Guess(dotted([by_name[end]]), SURE, f"`{by_name[end]}` is a usual name of a key")
    address = by_name.get("url", "")
    if address and shapes.word(fields[address], "readOnly"):
        return Guess(dotted([address]), LIKELY, f"`{address}` is the record's own address")
    for end in KEYS:
        if end in by_name:
            why = f"`{by_name[end]}` is a usual name of a key"
            return Guess(dotted([by_name[end]]), LIKELY, why)
    return _key_by_likeness(shapes, record, fields, owner)


def _key_by_likeness(
    shapes: Shapes, record: Any, fields: Mapping[str, Any], owner: str
) -> Guess[str] | None:
    """Return a field that looks like a key where none has a usual name."""
    for name in fields:
        if plain(name) in ("url", "self"):
            return Guess(dotted([name]), LIKELY, f"`{name}` is the record's own address")
    stem = plain(owner)[:4]
    for end in ("uuid", "id", "nummer", "number", "code"):
        for name in fields:
            if plain(name).endswith(end) and plain(name).startswith(stem):
                return Guess(dotted([name]), LIKELY, f"`{name}` is named after the list")
    required = shapes.word(record, "required")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and plain(name).endswith(("uuid", "id", "nummer", "number")):
            return Guess(dotted([name]), WEAK, f"`{name}` is required and ends like a key")
    inside = _key_inside(shapes, record, stem)
    if inside is not None:
        return inside
    for place, name in enumerate(fields):
        own = plain(name)
        ends = KEY_ENDS & set(tokens(name)[-1:]) or own.endswith(("nummer", "nr", "kennung"))
        if ends and not any(part in own for part in NO_KEYS):
            why = f"`{name}` ends like a key" + (", and comes first" if place == 0 else "")
            return Guess(dotted([name]), LIKELY if place == 0 else WEAK, why)
    return None


def _key_inside(shapes: Shapes, record: Any, stem: str) -> Guess[str] | None:
    """Return a key of the one object that a record wraps, as `woonplaats.identificatie` is."""
    found: list[tuple[str, str]] = []
    for name, inner in shapes.properties(record).items():
        fields = {} if name.startswith("_") else shapes.properties(inner)
        by_name = {plain(field): field for field in fields}
        key = next((by_name[end] for end in (*KEYS_OF_MACHINES, *KEYS) if end in by_name), None)
        if key is not None:
            found.append((name, key))
    if len(found) != 1:
        return None
    named = plain(found[0][0]).startswith(stem)
    why = f"`{found[0][1]}` is a usual name of a key, in the record's only object that has one"
    return Guess(dotted(found[0]), LIKELY if named else WEAK, why)


def find_changed(shapes: Shapes, record: Any) -> Guess[str] | None:
    """Return the field that says when a record was last changed."""
    for name, inner in shapes.properties(record).items():
        if plain(name) in CHANGED and not {"array", "object"} & shapes.types(inner):
            form = shapes.word(inner, "format")
            sure = SURE if form in ("date-time", "date") else WEAK
            return Guess(dotted([name]), sure, f"`{name}`, format {form or 'not stated'}")
    return None


def find_since(
    parameters: Sequence[Parameter], changed: Guess[str] | None
) -> Guess[dict[str, Any]] | None:
    """Return the parameter that asks only for what changed."""
    if changed is None:
        return None
    mark = plain(changed.value)
    # Where there are both, the bound that includes its own moment loses nothing.
    for parameter in sorted(parameters, key=lambda found: plain(found.name).endswith("gt")):
        name = plain(parameter.name)
        stem = name.removeprefix("filter")
        if name in SINCE_PARAMETERS or stem in {mark + end for end in SINCE_ENDINGS}:
            why = f"parameter `{parameter.name}` takes the lowest `{changed.value}`"
            return Guess({"parameter": parameter.name}, SURE, why)
        told = parameter.description.lower()
        if name == mark and any(word in told for word in ("after", "since", "vanaf", "seit")):
            why = f"parameter `{parameter.name}`, described as a lower bound"
            return Guess({"parameter": parameter.name}, LIKELY, why)
    return None
