"""Translate how a low-code manifest pages; a way that has no counterpart becomes one answer."""

from collections.abc import Callable, Mapping
from typing import Any

from connectors.generate.airbyte_templates import computed, negated, way

Note = Callable[[str], None]

SIZE_MAX = 10_000
"""What a connector file may ask for."""


def translate_paging(found: Mapping[str, Any], note: Note, *, posted: bool) -> dict[str, Any]:
    """Return the options under `paging`.

    Args:
        found: The paginator, empty where there is none.
        note: Takes what could not be translated.
        posted: The list is asked by POST, so that what asks for a page may stand in the body.
    """
    if not found or found.get("type") == "NoPagination":
        return {"type": "none"}
    strategy = _part(found, "pagination_strategy")
    option, kind = _part(found, "page_token_option"), strategy.get("type")
    sized = _sized(strategy, _part(found, "page_size_option"), note, posted=posted)
    parameter = place_of(option, posted=posted)
    by_path = option.get("type") == "RequestPath" or option.get("inject_into") == "path"
    if option and parameter is None and not by_path:
        note(f"the page's place in {option.get('inject_into')}")
        return {"type": "none"}
    if kind == "OffsetIncrement" and parameter:
        return {"type": "offset", "parameter": parameter, **sized}
    first = str(strategy.get("start_from_page", 0))
    if kind == "PageIncrement" and parameter and first in ("0", "1"):
        return {"type": "page", "parameter": parameter, "first": int(first), **sized}
    if kind == "CursorPagination":
        return _cursor(strategy, parameter or "cursor", sized, note, by_path=by_path)
    note(f"paging of type {kind}" + (f" from page {first[:20]}" if kind == "PageIncrement" else ""))
    return {"type": "none"}


def _sized(
    strategy: Mapping[str, Any], option: Mapping[str, Any], note: Note, *, posted: bool
) -> dict[str, Any]:
    size = strategy.get("page_size")
    if isinstance(size, str) and size.isdigit():
        size = int(size)
    name = place_of(option, posted=posted)
    if name and isinstance(size, int) and size > 0:
        return {"size_parameter": name, "size": min(size, SIZE_MAX)}
    if option and (size is not None or name is None):
        note("how many records it asks for")
    return {}


def place_of(option: Mapping[str, Any], *, posted: bool) -> str | None:
    """Return the parameter, or the field of the body, that an option fills."""
    name, into = option.get("field_name"), option.get("inject_into", "request_parameter")
    path = option.get("field_path")
    if into == "body_json" and posted and isinstance(path, list) and path:
        name = ".".join(str(step) for step in path)
    taken = into == "request_parameter" if not posted else into == "body_json"
    return str(name) if name and taken and not computed(name) else None


def _cursor(
    strategy: Mapping[str, Any], parameter: str, sized: Any, note: Note, *, by_path: bool
) -> dict[str, Any]:
    told, stop = way(strategy.get("cursor_value")), strategy.get("stop_condition")
    if told is None or not told.steps:
        note("how it finds the next page")
        return {"type": "none"}
    if told.root == "headers" and told.steps[0].lower() == "link" and "next" in told.steps:
        return {"type": "header_link", "absent_means_end": True, **sized}
    if told.root == "last_record":
        more = negated(stop)
        flag = {"more": more.path} if more is not None and more.root == "response" else {}
        if stop and not flag:
            note("when its pages end: an empty one ends them now")
        return {"type": "last_key", "parameter": parameter, "field": told.path, **flag, **sized}
    if told.root != "response":
        note(f"the next page out of `{told.root}`")
        return {"type": "none"}
    ends = negated(stop)
    if stop and (ends is None or (ends.root, ends.path) != ("response", told.path)):
        note("when its pages end: a next page that is null, empty or absent ends them now")
    options = {"next": told.path, "absent_means_end": True, **sized}
    return {"type": "link", **options} if by_path else {
        "type": "cursor", "parameter": parameter, **options}  # fmt: skip


def _part(place: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = place.get(name)
    return found if isinstance(found, Mapping) else {}
