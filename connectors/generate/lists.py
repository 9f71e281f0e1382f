"""Find in an answer's schema where the records are, how pages go on, and what the key is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.shapes import Shapes
from connectors.generate.words import (
    CHANGED,
    CURSOR_PARAMETERS,
    KEYS,
    KEYS_OF_MACHINES,
    NEXT_LINKS,
    NEXT_TOKENS,
    OFFSET_PARAMETERS,
    PAGE_PARAMETERS,
    RECORDS,
    SINCE_ENDINGS,
    SINCE_PARAMETERS,
    SIZE_PARAMETERS,
    TOTAL_HEADERS,
    TOTALS,
    WRAPPERS,
    plain,
)

ENVELOPE_DEPTH_MAX = 3
"""Levels around the array: `_embedded.people` is two."""

FIELDS_MAX = 400
"""Of one envelope; more is a record, not an envelope."""

SIZE_WANTED = 500
"""Records per page; larger pages gain little, and many sources refuse them."""

SIZE_UNSTATED = 100
"""Where the document states no maximum: what nearly every source takes."""


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MAXIMUM = re.compile(r"max\w*\W{0,3}(?:\w+\W+){0,3}?([0-9]{1,6})")


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


def find_paging(
    shapes: Shapes, schema: Any, parameters: Sequence[Parameter], headers: Mapping[str, Any]
) -> Guess[dict[str, Any]]:
    """Return the options under `paging`; `none` where the document declares no way of paging."""
    fields = [(path, steps, inner) for path, steps, inner in walk_envelope(shapes, schema)]
    by_name = {plain(parameter.name): parameter for parameter in parameters}
    size = _size(shapes, by_name)
    total = _total(shapes, fields, headers)
    for attempt in (_by_link, _by_token):
        found = attempt(shapes, fields, by_name)
        if found is not None:
            extra = {**size, **({} if "total_header" in total else total)}
            return Guess({**found.value, **extra}, found.confidence, found.evidence)
    page = next((by_name[name] for name in PAGE_PARAMETERS if name in by_name), None)
    if page is not None and not _is_text_only(shapes, page):
        first = _first_page(shapes, page)
        options = {"type": "page", "parameter": page.name, "first": first, **size, **total}
        sure = SURE if size and total else LIKELY
        return Guess(options, sure, f"parameter `{page.name}` numbers the pages from {first}")
    if any(plain(name) == "link" for name in headers):
        return Guess({"type": "header_link", **size, **total}, SURE, "answers have a Link header")
    skip = next((by_name[name] for name in OFFSET_PARAMETERS if name in by_name), None)
    if skip is not None and size and not _is_text_only(shapes, skip):
        options = {"type": "offset", "parameter": skip.name, **size, **total}
        sure = SURE if total else LIKELY
        return Guess(options, sure, f"parameter `{skip.name}` skips records")
    return Guess({"type": "none"}, LIKELY if size else SURE, "no way of paging is declared")


Fields = Sequence[tuple[str, tuple[str, ...], Any]]


def _by_link(
    shapes: Shapes, fields: Fields, by_name: Mapping[str, Parameter]
) -> Guess[dict[str, Any]] | None:
    for path, steps, inner in fields:
        last = plain(steps[-1])
        inside_next = len(steps) > 1 and plain(steps[-2]) in ("next", "nextpage")
        if last not in NEXT_LINKS and not (last in ("href", "url") and inside_next):
            continue
        if "object" in shapes.types(inner):
            continue  # its `href` comes later in the walk
        said = _says_address(shapes, inner)
        usual = last != "next" or "page" in by_name or inside_next or "links" in path.lower()
        if not said and not usual:
            continue
        if not said and any(name in by_name for name in CURSOR_PARAMETERS):
            continue  # a token under a name that others use for links
        options: dict[str, Any] = {"type": "link", "next": path}
        if not shapes.nullable(inner):
            options["absent_means_end"] = True
        why = f"`{path}` holds the address of the next page"
        return Guess(options, SURE if said else LIKELY, why)
    return None


def _says_address(shapes: Shapes, schema: Any) -> bool:
    """Tell whether format, example or description call a value an address."""
    if str(shapes.word(schema, "format")) in ("uri", "url", "uri-reference", "iri"):
        return True
    shown = f"{shapes.word(schema, 'example')} {shapes.word(schema, 'description')}".lower()
    return "://" in shown or " url" in shown or shown.startswith("/") or "uri" in shown


def _by_token(
    shapes: Shapes, fields: Fields, by_name: Mapping[str, Parameter]
) -> Guess[dict[str, Any]] | None:
    parameter = next((by_name[name] for name in CURSOR_PARAMETERS if name in by_name), None)
    if parameter is None:
        return None
    for wanted in (*NEXT_TOKENS, "next"):
        for path, steps, inner in fields:
            if plain(steps[-1]) == wanted and "array" not in shapes.types(inner):
                options: dict[str, Any] = {"type": "cursor", "parameter": parameter.name}
                options["next"] = path
                if not shapes.nullable(inner):
                    options["absent_means_end"] = True
                why = f"`{path}` is sent back as `{parameter.name}`"
                return Guess(options, SURE, why)
    return None


def _size(shapes: Shapes, by_name: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return how many records to ask for, where the interface lets us say."""
    parameter = next((by_name[name] for name in SIZE_PARAMETERS if name in by_name), None)
    if parameter is None:
        return {}
    stated = shapes.word(parameter.schema, "maximum")
    if not isinstance(stated, int | float):
        told = _MAXIMUM.search(parameter.description.lower())
        stated = int(told[1]) if told else None
    options = shapes.word(parameter.schema, "enum")
    numbers = [n for n in options or () if isinstance(n, int)] if isinstance(options, list) else []
    if numbers:
        stated = max(numbers)
    size = int(min(stated, SIZE_WANTED)) if stated and stated >= 1 else SIZE_UNSTATED
    return {"size_parameter": parameter.name, "size": size}


def _total(shapes: Shapes, fields: Fields, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return where the number of records of the whole list stands."""
    for name in headers:
        if plain(name) in TOTAL_HEADERS:
            return {"total_header": name}
    for path, steps, inner in fields:
        last = plain(steps[-1])
        nested = len(steps) > 1 and plain(steps[-2]) in ("total", "page", "pagination", "meta")
        described = str(shapes.word(inner, "description") or "").lower()
        siblings = {plain(other[-1]) for _, other, _ in fields if other[:-1] == steps[:-1]}
        is_total = (
            last in TOTALS
            or (last == "count" and ("total" in described or {"next", "previous"} <= siblings))
            or (last in ("totaal", "totalcount") and nested)
        )
        if is_total and "integer" in (shapes.types(inner) or {"integer"}):
            return {"total": path}
    return {}


def _first_page(shapes: Shapes, parameter: Parameter) -> int:
    for word in ("minimum", "default"):
        found = shapes.word(parameter.schema, word)
        if found in (0, 1):
            return int(found)
    told = parameter.description.lower()
    return 0 if any(sign in told for sign in ("zero-based", "zero based", "starts at 0", "0-based",
        "starting at 0", "starting from 0", "0..n")) else 1  # fmt: skip


def _is_text_only(shapes: Shapes, parameter: Parameter) -> bool:
    """Tell whether a parameter takes words: `start` may be a day, `page` the name of one."""
    types = shapes.types(parameter.schema)
    return bool(types) and not types & {"integer", "number"} and (
        bool(shapes.word(parameter.schema, "format")) or types != {"string"}
        or not str(shapes.word(parameter.schema, "default") or "0").isdigit()
    )  # fmt: skip


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
    return None


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
