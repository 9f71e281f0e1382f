"""Find how the pages of a list go on, from an operation's parameters, answer and headers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.generate.guesses import LIKELY, SURE, WEAK, Guess
from connectors.generate.lists import Parameter, walk_envelope
from connectors.generate.shapes import Shapes
from connectors.generate.words import (
    CURSOR_PARAMETERS,
    LAST,
    LAST_PARAMETERS,
    MORE,
    NEXT_LINKS,
    NEXT_PAGES,
    NEXT_TOKENS,
    OFFSET_PARAMETERS,
    PAGE_HEADERS,
    PAGE_PARAMETERS,
    PAGES,
    SIZE_PARAMETERS,
    TOTAL_HEADERS,
    TOTALS,
    plain,
)
from connectors.sdk.paging import ADDRESSES, RELATIONS

SIZE_WANTED = 500
"""Records per page; larger pages gain little, and many sources refuse them."""

SIZE_UNSTATED = 100
"""Where the document states no maximum: what nearly every source takes."""

UNTOLD = "the document hints at further pages, but does not say how to ask for them"
"""What `none` means where a list may go on."""

_MAXIMUM = re.compile(r"max\w*\W{0,3}(?:\w+\W+){0,3}?([0-9]{1,6})")


Fields = Sequence[tuple[str, tuple[str, ...], Any]]
"""Path, steps and schema of what stands around the records."""


def find_paging(
    shapes: Shapes,
    schema: Any,
    parameters: Sequence[Parameter],
    headers: Mapping[str, Any],
    key: Guess[str] | None = None,
) -> Guess[dict[str, Any]]:
    """Find how the pages of a list go on.

    Args:
        shapes: The document.
        schema: Schema of the answer.
        parameters: Query parameters of the operation.
        headers: Headers of the answer.
        key: The records' key, for sources that want to hear of the last record.

    Returns:
        The options under `paging`; `none` where the document declares no way of paging.
    """
    fields = [(path, steps, inner) for path, steps, inner in walk_envelope(shapes, schema)]
    by_name = {plain(parameter.name): parameter for parameter in parameters}
    size = _size(shapes, by_name)
    total = _total(shapes, fields, headers)
    for attempt in (_by_link, _by_list_of_links, _by_token):
        found = attempt(shapes, fields, by_name)
        if found is not None:
            # OData's $top is how many records there are to be at all, not on a page; and it counts
            # them only where it is asked to.
            odata = "odata" in plain(found.value["next"])
            rest = {} if odata and "top" in by_name else size
            extra = {**rest, **({} if odata or "total_header" in total else total)}
            return Guess({**found.value, **extra}, found.confidence, found.evidence)
    linked = any(plain(name) == "link" for name in headers)
    found = None
    if not total:
        found = _by_token_of_page(shapes, fields, by_name) or _by_last_key(fields, by_name, key)
    if found is not None:
        return Guess({**found.value, **size}, found.confidence, found.evidence)
    page = next((by_name[name] for name in PAGE_PARAMETERS if name in by_name), None)
    numbered = page is not None and not _is_text_only(shapes, page)
    if linked and not (numbered and total):
        return Guess({"type": "header_link", **size, **total}, SURE, "answers have a Link header")
    if page is not None and numbered:
        first = _first(shapes, page, 1)
        options = {"type": "page", "parameter": page.name, "first": first, **size, **total}
        options |= {} if total else _last_page(shapes, fields, headers)
        sure = SURE if size and total else LIKELY
        return Guess(options, sure, f"parameter `{page.name}` numbers the pages from {first}")
    skip = next((by_name[name] for name in OFFSET_PARAMETERS if name in by_name), None)
    if skip is None and {"first", "max"} <= set(by_name):
        skip, size = by_name["first"], _size(shapes, {"max": by_name["max"]})
    if skip is not None and (size or total) and not _is_text_only(shapes, skip):
        first = _first(shapes, skip, 1 if plain(skip.name) == "startindex" else 0)
        counted = {"first": first} if first else {}
        options = {"type": "offset", "parameter": skip.name, **counted, **size, **total}
        options |= {} if total else _flag(shapes, fields)
        sure = SURE if total else LIKELY
        return Guess(options, sure, f"parameter `{skip.name}` skips records")
    return _unpaged(fields, by_name, total)


def _unpaged(
    fields: Fields, by_name: Mapping[str, Parameter], total: Mapping[str, Any]
) -> Guess[dict[str, Any]]:
    """Return `none`, with what hints that there is more than the document tells.

    Where the answer states a total, it is taken along: then a first page is never taken for all.
    """
    signs = [name for name in (*SIZE_PARAMETERS, *CURSOR_PARAMETERS) if name in by_name]
    hints = [by_name[name].name for name in dict.fromkeys(signs)]
    hints += [path for path, steps, _ in fields if plain(steps[-1]) in (*MORE, *NEXT_TOKENS)]
    if not hints:
        return Guess({"type": "none", **total}, SURE, "no way of paging is declared")
    named = ", ".join(f"`{name}`" for name in hints[:3])
    return Guess({"type": "none", **total}, WEAK, f"{UNTOLD} ({named})")


def _by_link(
    shapes: Shapes, fields: Fields, by_name: Mapping[str, Parameter]
) -> Guess[dict[str, Any]] | None:
    for path, steps, inner in fields:
        last = plain(steps[-1])
        inside_next = len(steps) > 1 and plain(steps[-2]) in ("next", "nextpage")
        said = _says_address(shapes, inner) or _leads_by_itself(shapes, inner, last, by_name)
        named = last in NEXT_LINKS or (said and last in NEXT_PAGES)
        if not named and not (last in ("href", "url") and inside_next):
            continue
        if {"object", "array", "integer", "number", "boolean"} & shapes.types(inner):
            continue  # of an object, its `href` comes later in the walk
        usual = last != "next" or "page" in by_name or inside_next or "links" in path.lower()
        if not said and not usual:
            continue
        if not said and any(name in by_name for name in CURSOR_PARAMETERS):
            continue  # a token under a name that others use for links
        options: dict[str, Any] = {"type": "link", "next": path}
        # OData leaves it out at the end, even where a document calls it nullable.
        if not shapes.nullable(inner) or "odata" in plain(path):
            options["absent_means_end"] = True
        why = f"`{path}` holds the address of the next page"
        return Guess(options, SURE if said else LIKELY, why)
    return None


def _leads_by_itself(
    shapes: Shapes, schema: Any, name: str, by_name: Mapping[str, Parameter]
) -> bool:
    """Tell whether text names the next page, and no parameter is there to take it as a token."""
    takers = (*PAGE_PARAMETERS, *CURSOR_PARAMETERS, *OFFSET_PARAMETERS)
    text = shapes.types(schema) <= {"string", "null"}
    return text and name in (*NEXT_PAGES, "next") and not any(one in by_name for one in takers)


def _by_list_of_links(
    shapes: Shapes,
    fields: Fields,
    by_name: Mapping[str, Parameter],
) -> Guess[dict[str, Any]] | None:
    """Return paging by a list of links, each with a relation; or by links of whatever names."""
    if any(name in by_name for name in (*PAGE_PARAMETERS, *OFFSET_PARAMETERS)):
        return None  # which is how such a list is paged; its links lead elsewhere
    for path, steps, inner in fields:
        if plain(steps[-1]) not in ("links", "link"):
            continue
        names = {plain(name) for name in shapes.properties(shapes.items(inner))}
        if "array" in shapes.types(inner) and names & set(RELATIONS) and names & set(ADDRESSES):
            why = f"`{path}` lists links, each with what it is for"
            return Guess({"type": "link", "next": path}, SURE, why)
        free = "object" in shapes.types(inner) and not shapes.properties(inner)
        if free and steps[-1] == "_links":
            options = {"type": "link", "next": f"{path}.next.href", "absent_means_end": True}
            return Guess(options, LIKELY, f"`{path}` holds links of HAL")
    return None


def _last_page(shapes: Shapes, fields: Fields, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what says which page is the last, for sources that refuse to be asked for more."""
    for name in headers:
        if plain(name) in PAGE_HEADERS:
            return {"pages_header": name}
    for path, steps, inner in fields:
        if plain(steps[-1]) in PAGES and "integer" in (shapes.types(inner) or {"integer"}):
            return {"pages": path}
    return _flag(shapes, fields)


def _flag(shapes: Shapes, fields: Fields) -> dict[str, Any]:
    """Return the field that is true while more follows, or on the last page."""
    for path, steps, inner in fields:
        if "boolean" in shapes.types(inner):
            if plain(steps[-1]) in MORE:
                return {"more": path}
            if plain(steps[-1]) in LAST:
                return {"last": path}
    return {}


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


def _by_token_of_page(
    shapes: Shapes, fields: Fields, by_name: Mapping[str, Parameter]
) -> Guess[dict[str, Any]] | None:
    """Return a way of paging in which the answer names the next page, by number or by token."""
    page = next((by_name[name] for name in PAGE_PARAMETERS if name in by_name), None)
    for path, steps, inner in fields:
        if page is not None and plain(steps[-1]) in NEXT_PAGES and not shapes.properties(inner):
            options: dict[str, Any] = {"type": "cursor", "parameter": page.name, "next": path}
            if not shapes.nullable(inner):
                options["absent_means_end"] = True
            return Guess(options, SURE, f"`{path}` is sent back as `{page.name}`")
    return None


def _by_last_key(
    fields: Fields, by_name: Mapping[str, Parameter], key: Guess[str] | None
) -> Guess[dict[str, Any]] | None:
    """Return a way of paging in which the next request names the last record that came."""
    parameter = next((by_name[name] for name in LAST_PARAMETERS if name in by_name), None)
    if parameter is None or key is None:
        return None
    more = next((path for path, steps, _ in fields if plain(steps[-1]) in MORE), None)
    if more is None and not any(
        plain(steps[-1]) in ("lastid", "lastkey") for _, steps, _ in fields
    ):
        return None
    options = {"type": "last_key", "parameter": parameter.name, "field": key.value}
    flag = {} if more is None else {"more": more}
    why = f"`{parameter.name}` takes the last record's `{key.value}`"
    if more is not None:
        why += f", and `{more}` tells whether more follow"
    return Guess({**options, **flag}, SURE if more else LIKELY, why)


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


def _first(shapes: Shapes, parameter: Parameter, otherwise: int) -> int:
    """Return the number of the first page or record: 0 or 1, as the document says."""
    for word in ("minimum", "default"):
        found = shapes.word(parameter.schema, word)
        if found in (0, 1):
            return int(found)
    told = parameter.description.lower()
    if any(sign in told for sign in ("zero-based", "zero based", "starts at 0", "0-based",
        "starting at 0", "starting from 0", "0..n")):  # fmt: skip
        return 0
    return 1 if "1-based" in told or "one-based" in told else otherwise


def _is_text_only(shapes: Shapes, parameter: Parameter) -> bool:
    """Tell whether a parameter takes words: `start` may be a day, `page` the name of one."""
    types = shapes.types(parameter.schema)
    return bool(types) and not types & {"integer", "number"} and (
        bool(shapes.word(parameter.schema, "format")) or types != {"string"}
        or not str(shapes.word(parameter.schema, "default") or "0").isdigit()
    )  # fmt: skip
