"""Translate one stream of a low-code manifest: its question, its parts, its records."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from connectors.generate.airbyte_auth import seconds_of
from connectors.generate.airbyte_paging import place_of, translate_paging
from connectors.generate.airbyte_templates import Way, computed, expression, way, ways
from connectors.generate.lists import dotted
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.rest import HEADERS_OURS
from connectors.sdk.http import BUSY_STATUSES

LOOKBACK_MAX = 31 * 86_400
"""What a connector file may ask for."""

Note = Callable[[str], None]
_PARTS = ("stream_partition", "stream_slice", "slice")
_TIMES = ("stream_interval", "stream_slice", "slice")
_STARTS = (("start_time",), ("start_date",))
_ISO_FORMATS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")
_KNOWN = {
    "stream": "type name primary_key retriever incremental_sync schema_loader transformations"
    " description",
    "retriever": "type requester record_selector paginator partition_router decoder"
    " ignore_stream_slicer_parameters_on_paginated_requests",
    "requester": "type url url_base path http_method authenticator request_parameters"
    " request_headers request_body_json request_body error_handler use_cache",
    "record_selector": "type extractor record_filter schema_normalization",
    "extractor": "type field_path",
    "paginator": "type page_size_option page_token_option pagination_strategy",
    "incremental_sync": "type cursor_field datetime_format cursor_datetime_formats start_datetime"
    " end_datetime start_time_option end_time_option step cursor_granularity lookback_window"
    " is_data_feed is_client_side_incremental partition_field_start partition_field_end",
    "partition_router": "type values cursor_field request_option parent_stream_configs",
}
"""What is translated, or says nothing about which records come; all else is listed by its name."""

_DECODERS = {"", "JsonDecoder"}
_HANDLERS = {"DefaultErrorHandler", "CompositeErrorHandler"}


def part(place: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a component inside another, empty where there is none."""
    found = place.get(name)
    return found if isinstance(found, Mapping) else {}


class StreamTranslator:
    """Translates one stream, and notes what has no counterpart.

    Args:
        stream: The stream, written out in full.
        path: Its path, as the manifest has it.
        note: Takes what could not be translated.
    """

    def __init__(self, stream: Mapping[str, Any], path: str, note: Note) -> None:
        self._stream, self._note = stream, note
        self._path, _, self._query = path.partition("?")
        self._retriever = part(stream, "retriever")
        self._requester = part(self._retriever, "requester")
        self._selector = part(self._retriever, "record_selector")
        self._lost = 0
        self._since: str | None = None
        self._partition: tuple[str | None, str | None] = (None, None)

    def options(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of the stream; a part of a list must delete nothing."""
        parts = self._parts()
        made = self._asked(parts)
        if parts:
            made["partitions"] = parts
        made["records"] = self._records()
        posted = "post" in made
        made["paging"] = translate_paging(part(self._retriever, "paginator"), self._say,
                                          posted=posted)  # fmt: skip
        if condition := self._condition():
            made["where"] = condition
        self._handlers(part(self._requester, "error_handler"))
        self._note_unknown()
        if self._lost:
            made["vanished"] = "keep"
        return made | self._record(document)

    def parent(self) -> Mapping[str, Any] | None:
        """Return the stream whose records part this one."""
        configs = part(self._retriever, "partition_router").get("parent_stream_configs")
        first = configs[0] if isinstance(configs, list) and len(configs) == 1 else {}
        found = first.get("stream") if isinstance(first, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def _say(self, why: str) -> None:
        self._lost += 1
        self._note(why)

    def _parts(self) -> dict[str, Any]:
        """Return what parts the list, and remember by which name templates call a part."""
        router = self._retriever.get("partition_router")
        if not router:
            return {}
        if not isinstance(router, Mapping):
            self._say("`partition_router` of several routers")
            return {}
        made = self._fixed(router) or self._of_parent(router)
        if made is None:
            self._say(f"`partition_router` of type {router.get('type')} in this form")
            return {}
        return made

    def _fixed(self, router: Mapping[str, Any]) -> dict[str, Any] | None:
        values = router.get("values")
        if router.get("type", "ListPartitionRouter") != "ListPartitionRouter":
            return None
        if not isinstance(values, list) or not values:
            return None
        self._partition = (str(router.get("cursor_field")), self._asked_by(router))
        return self._placed({"values": [str(value) for value in values]})

    def _of_parent(self, router: Mapping[str, Any]) -> dict[str, Any] | None:
        parent, configs = self.parent(), router.get("parent_stream_configs")
        if router.get("type") != "SubstreamPartitionRouter" or parent is None or not configs:
            return None
        found = configs[0]
        key = found.get("parent_key")
        if not isinstance(key, str) or computed(key) or found.get("extra_fields"):
            return None
        named = str(found.get("partition_field"))
        self._partition = (named, self._asked_by(found))
        return self._placed({"stream": name_of(parent), "field": dotted(key.split("."))})

    def _asked_by(self, place: Mapping[str, Any]) -> str | None:
        """Return the parameter, or the field of what is posted, that takes a part's value."""
        posted = str(self._requester.get("http_method", "GET")).upper() == "POST"
        return place_of(part(place, "request_option"), posted=posted)

    def _placed(self, made: dict[str, Any]) -> dict[str, Any] | None:
        """Say where the value goes: into the path, or into a parameter."""
        named, parameter = self._partition
        if any(self._is_part(found) for _, found in ways(self._path)):
            return made
        fixed = part(self._requester, "request_parameters")
        asked = [str(name) for name, value in fixed.items() if self._is_part(way(value))]
        parameter = parameter or (asked[0] if asked else None)
        self._partition = (named, parameter)
        return None if parameter is None else {"parameter": parameter, **made}

    def _is_part(self, found: Way | None) -> bool:
        return found is not None and found.root in _PARTS and found.steps == (self._partition[0],)

    def _asked(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Return path, parameters, headers and, for what is posted, the body."""
        path = self._path
        for written, found in ways(path):
            if self._is_part(found) and parts:
                path = path.replace(written, "{partition}")
        method = str(self._requester.get("http_method", "GET")).upper()
        made: dict[str, Any] = {"get": path}
        if method == "POST":
            made = {"post": path}
            if body := self._body():
                made["body"] = body
        elif method != "GET":
            self._say(f"it asks by {method[:10]}; GET was written instead")
        if computed(self._query):
            self._say("the computed query of its path")
        fixed = {} if computed(self._query) else dict(parse_qsl(self._query))
        if parameters := fixed | dict(self._plain("request_parameters", "parameter")):
            made["parameters"] = parameters
        headers = {name: str(value) for name, value in self._plain("request_headers", "header")}
        refused = [name for name in headers if name.lower() in HEADERS_OURS - {"content-type"}]
        for name in refused:
            self._say(f"the header `{name}`, which is for `auth`")
        kept = {n: v for n, v in headers.items() if n.lower() not in HEADERS_OURS}
        return made | ({"headers": kept} if kept else {})

    def _body(self) -> dict[str, Any]:
        wrapped = part(self._requester, "request_body")
        body: Any = self._requester.get("request_body_json") or wrapped.get("value") or {}
        kind = wrapped.get("type", "RequestBodyJsonObject")
        json = kind in ("RequestBodyJsonObject", "RequestBodyGraphQL")
        if not isinstance(body, Mapping) or not json or any(map(computed, _texts(body))):
            self._say("the computed body")
            return {}
        found: dict[str, Any] = _without_parameters(body)
        return found

    def _plain(self, word: str, what: str) -> Iterator[tuple[str, Any]]:
        """Yield what is fixed under a name; what is computed is translated elsewhere, or noted."""
        found = self._requester.get(word)
        if found and not isinstance(found, Mapping):
            self._say(f"`{word}`, which is computed")
            return
        for name, value in (found or {}).items():
            if name == "$parameters" or (self._is_part(way(value)) and self._partition[1]):
                continue
            if isinstance(value, str | int | float | bool) and not computed(value):
                yield str(name), value
            elif what == "parameter" and _is_start(way(value)):
                self._since = str(name)
            else:
                self._say(f"the computed {what} `{name}`")

    def _records(self) -> str:
        extractor = part(self._selector, "extractor")
        path = extractor.get("field_path") or []
        steps = [str(step) for step in path] if isinstance(path, list) else [str(path)]
        known = extractor.get("type", "DpathExtractor") == "DpathExtractor"
        if not known or "*" in steps or "**" in steps or any(map(computed, steps)):
            self._say("how it finds its records")
            return "."
        return dotted(steps) or "."

    def _condition(self) -> str | None:
        found = self._selector.get("record_filter")
        if not found:
            return None
        text = found.get("condition") if isinstance(found, Mapping) else None
        known = isinstance(found, Mapping) and found.get("type", "RecordFilter") == "RecordFilter"
        said = expression(text) if known and text else None
        if said is None:
            self._say("`record_filter`")
            return None
        return said if way(text) is None else f"when({said}, true, false)"

    def _handlers(self, found: Mapping[str, Any]) -> None:
        """Note what is done about errors otherwise than we do: retry what is busy, else end."""
        if not found:
            return
        if found.get("type", "DefaultErrorHandler") not in _HANDLERS:
            self._say(f"`error_handler`: {found.get('type')}")
        for inner in _each(found.get("error_handlers")):
            self._handlers(inner)
        for one in _each(found.get("response_filters")):
            action, codes = one.get("action"), set(one.get("http_codes") or ())
            usual = action == "FAIL" or (
                action in ("RETRY", "RATE_LIMITED") and codes <= BUSY_STATUSES
            )
            if not usual or one.get("predicate") or one.get("error_message_contains"):
                where = ", ".join(str(code) for code in sorted(codes)) or "some answers"
                self._say(f"`error_handler`: {action} for {where}; here they end the run")
        for one in _each(found.get("backoff_strategies")):
            kind, header = one.get("type"), str(one.get("header", "")).lower()
            if kind in ("ConstantBackoffStrategy", "ExponentialBackoffStrategy"):
                continue  # which is how we wait by ourselves
            if header != "retry-after":
                self._say(f"`error_handler`: waiting by {kind} {header}".rstrip())

    def _record(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return key, change mark and proposed mapping."""
        made: dict[str, Any] = {"key": self._key(), **self._increments()}
        added, removed = self._transformed()
        schema = part(self._stream, "schema_loader").get("schema")
        guesses = propose_map(Shapes(document), schema, owner=name_of(self._stream))
        proposed = {field: guess.value for field, guess in guesses.items()}
        for word in ("key", "changed"):
            if made.get(word) in added:
                made[word] = added[made[word]]
        made["map"] = {
            field: added.get(value, value)
            for field, value in proposed.items()
            if not any(value == gone or value.startswith(f"{gone}.") for gone in removed)
        }
        return made

    def _key(self) -> str:
        key = self._stream.get("primary_key")
        while isinstance(key, list) and len(key) == 1:
            key = key[0]
        if isinstance(key, list) and all(isinstance(one, str) for one in key) and key:
            return f"join(':', {', '.join(f'text({dotted([one])})' for one in key)})"
        if not isinstance(key, str) or not key:
            self._note("it has no key: write `key`")
            return "id"
        return dotted([key])

    def _transformed(self) -> tuple[dict[str, str], list[str]]:
        """Return the fields that are computed, as expressions, and those that are taken away."""
        added, removed = dict[str, str](), list[str]()
        for one in _each(self._stream.get("transformations")):
            kind = one.get("type")
            if kind == "AddFields" and not one.get("condition") and _each(one.get("fields")):
                for field in _each(one.get("fields")):
                    path = dotted([str(step) for step in field.get("path") or ()])
                    said = expression(field.get("value"))
                    if said is None:
                        self._note(f"`transformations`: AddFields `{path}`, which is computed")
                    else:
                        added[path] = said
            elif kind == "RemoveFields" and not one.get("condition"):
                pointers = [p for p in one.get("field_pointers") or () if isinstance(p, list)]
                removed += [dotted([str(step) for step in pointer]) for pointer in pointers]
                self._note("`transformations`: RemoveFields: raw records keep what it removes")
            else:
                self._note(f"`transformations`: {kind}")
        return added, removed

    def _increments(self) -> dict[str, Any]:
        """Return what asks only for changes, where the source takes moments as we write them."""
        cursor = part(self._stream, "incremental_sync")
        name = cursor.get("cursor_field")
        if not cursor:
            return {}
        if cursor.get("type", "DatetimeBasedCursor") != "DatetimeBasedCursor" or (
            not isinstance(name, str) or not name or computed(name)
        ):
            self._note(f"`incremental_sync` by {cursor.get('type')}: everything is read")
            return {}
        made: dict[str, Any] = {"changed": dotted([name])}
        start, form = part(cursor, "start_time_option"), str(cursor.get("datetime_format", ""))
        parameter = _query(start) or self._since
        if cursor.get("is_data_feed") or cursor.get("is_client_side_incremental"):
            return made  # everything is read there, too
        if parameter is None and not start:
            self._note("`incremental_sync` without a parameter: everything is read")
        elif parameter is None or (form and not form.startswith(_ISO_FORMATS)):
            self._note(f"`incremental_sync` by moments as {form[:30]}: all is read")
        elif cursor.get("end_time_option"):
            self._note("`incremental_sync` by windows of time: everything is read")
        else:
            made["incremental"] = {"parameter": parameter}
            if back := seconds_of(cursor.get("lookback_window", "")):
                made["incremental"]["lookback_seconds"] = min(back, LOOKBACK_MAX)
        return made

    def _note_unknown(self) -> None:
        """List every word of a component that nobody above has looked at."""
        inner = {
            "stream": self._stream, "retriever": self._retriever, "requester": self._requester,
            "record_selector": self._selector, "extractor": part(self._selector, "extractor"),
            "paginator": part(self._retriever, "paginator"),
            "incremental_sync": part(self._stream, "incremental_sync"),
            "partition_router": part(self._retriever, "partition_router"),
        }  # fmt: skip
        for where, component in inner.items():
            handed = {"$parameters", "$options", *part(component, "$parameters")}
            known = {*_KNOWN[where].split(), *handed}
            for word, value in component.items():
                if word not in known and value not in (None, "", [], {}, False):
                    self._say(f"`{word}` of the {where.replace('_', ' ')}")
        decoder = part(self._retriever, "decoder").get("type", "")
        if decoder not in _DECODERS:
            self._say(f"answers that are read by {decoder}")


def name_of(stream: Mapping[str, Any]) -> str:
    """Return the name of a stream as a connector file may have it."""
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", str(stream.get("name", "stream")))[:60]
    return name if name[:1].isalpha() else f"stream-{name}"[:60]


def _query(option: Mapping[str, Any]) -> str | None:
    """Return the query parameter that an option fills."""
    name, into = option.get("field_name"), option.get("inject_into", "request_parameter")
    return str(name) if name and into == "request_parameter" and not computed(name) else None


def _is_start(found: Way | None) -> bool:
    return found is not None and found.root in _TIMES and found.steps[-1:] in _STARTS


def _each(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)


def _without_parameters(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {n: _without_parameters(v) for n, v in value.items() if n != "$parameters"}
    return [_without_parameters(one) for one in value] if isinstance(value, list) else value
