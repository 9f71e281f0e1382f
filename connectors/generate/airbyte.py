"""Translate Airbyte's low-code manifests into connector files, and list what has no counterpart.

The common part is translated: HTTP requesters, field-path extractors, the three paginators, five
ways to sign in, and cursors of moments. Values that a manifest computes from templates are listed,
never guessed. Source: Airbyte's declarative component schema, version 7.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import yaml

from connectors.generate.airbyte_manifest import write_out
from connectors.generate.documents import read_document
from connectors.generate.guesses import InterfaceUnreadable
from connectors.generate.lists import dotted
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.generate.writing import key_of

STREAMS_MAX = 200
"""What a connector file may hold."""

_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_CONFIG = re.compile(r"""\{\{\s*config(?:\[['"](\w+)['"]\]|\.(\w+))\s*\}\}""")
_PATH = r"((?:\.get\(['\"][\w-]+['\"](?:\s*,\s*[^()]*)?\)|\.[A-Za-z_]\w*|\[['\"][^'\"\]]+['\"]\])+)"
_NEXT = re.compile(r"\{\{\s*response" + _PATH + r"(?:\s+or\s+['\"]{2})?\s*\}\}")
_LAST = re.compile(r"\{\{\s*(?:last_record|last_records\[-1\])" + _PATH + r"\s*\}\}")
_MORE = re.compile(r"\{\{\s*not\s+response" + _PATH + r"\s*\}\}")
_LINK = re.compile(r"\{\{\s*headers(?:\.link|\[['\"][Ll]ink['\"]\]).*next.*\}\}")
_STEP = re.compile(r"\.get\(['\"]([\w-]+)['\"][^()]*\)|\.(\w+)|\[['\"]([^'\"\]]+)['\"]\]")
_LOOKBACK = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ISO_FORMATS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


@dataclass
class Translated:
    """A translated manifest.

    Attributes:
        name: Key of the connector.
        text: The connector file.
        lost: What could not be translated: place and reason.
    """

    name: str
    text: str
    lost: list[tuple[str, str]] = field(default_factory=list)


def translate_manifest(content: bytes, *, source: str, name: str | None = None) -> Translated:
    """Translate a manifest.

    Args:
        content: The manifest, YAML or JSON.
        source: What to call it in messages.
        name: Key of the connector.

    Raises:
        InterfaceUnreadable: It is no declarative manifest, or has no stream that can be read.
    """
    document = read_document(content, name=source)
    if not isinstance(document, Mapping) or "streams" not in document:
        raise InterfaceUnreadable(f"{source} is no low-code manifest: it has no `streams`.")
    translator = _Translator(document)
    key = key_of(name or source.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    spec: dict[str, Any] = {"connector": key, "kind": "rest"}
    streams: dict[str, Any] = {}
    for stream in write_out(document)[:STREAMS_MAX]:
        translator.add_stream(stream, streams)
    if document.get("dynamic_streams"):
        translator.lost.append(("the manifest", "`dynamic_streams`, which are made at run time"))
    if not streams:
        raise InterfaceUnreadable(f"{source} has no stream over plain HTTP that can be read.")
    spec |= {"address": translator.address, "auth": translator.auth, "streams": streams}
    lost = list(dict.fromkeys(translator.lost))
    head = [f"# Translated from {source}.", *(f"# Not translated: {p}: {w}" for p, w in lost)]
    lines = "".join(line.replace("\n", " ")[:200] + "\n" for line in head)
    body = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True, width=100)
    return Translated(key, lines + body, lost)


class _Translator:
    """Translates the streams of one manifest; the first one settles address and sign-in."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.address = ""
        self.auth: dict[str, Any] = {"type": "none"}
        self.lost: list[tuple[str, str]] = []

    def add_stream(self, stream: Mapping[str, Any], into: dict[str, Any]) -> None:
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", str(stream.get("name", "stream")))[:60]
        retriever = _part(stream, "retriever")
        requester = _part(retriever, "requester")
        if requester.get("type", "HttpRequester") != "HttpRequester" or not requester:
            kind = requester.get("type") or retriever.get("type")
            self.lost.append((name, f"it is read by {kind}"))
            return
        address, path = self._address(name, requester)
        if path is None:
            return
        if self.address and address != self.address:
            self.lost.append((name, "it reads another server than the first stream"))
            return
        if not self.address:
            self.address = address
            self.auth = self._auth(name, _part(requester, "authenticator"))
        options = self._asked(name, requester, path)
        options |= self._partitions(name, _part(retriever, "partition_router"))
        selector = _part(retriever, "record_selector")
        options["records"] = self._records(name, selector)
        before = len(self.lost)
        options["paging"] = self._paging(name, _part(retriever, "paginator"))
        if len(self.lost) > before:
            options["vanished"] = "keep"  # a part of a list must delete nothing
        self._note_rest(name, stream, selector, requester)
        options |= self._record(name, stream)
        into[name] = options

    def _address(self, name: str, requester: Mapping[str, Any]) -> tuple[str, str | None]:
        base = str(requester.get("url_base") or "").rstrip("/")
        path = "/" + str(requester.get("path") or "").strip("/")
        if not base and requester.get("url"):
            parts = urlsplit(str(requester["url"]))
            base, path = f"{parts.scheme}://{parts.netloc}", parts.path or "/"
        if _TEMPLATE.search(path):
            self.lost.append((name, "its path is computed: partitions are written by hand"))
            return base, None
        if _TEMPLATE.search(base):
            self.lost.append((name, "its address is computed from the configuration"))
            base = _TEMPLATE.sub("your-server", base)
        return base, path

    def _asked(self, name: str, requester: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Return path, parameters and, for what is posted, the body."""
        method = str(requester.get("http_method", "GET")).upper()
        options: dict[str, Any] = {"get": path}
        if method == "POST":
            options = {"post": path}
            body = requester.get("request_body_json") or {}
            if not isinstance(body, Mapping) or _TEMPLATE.search(json.dumps(body, default=str)):
                self.lost.append((name, "the computed body"))
            elif body:
                options["body"] = {k: v for k, v in body.items() if k != "$parameters"}
        elif method != "GET":
            self.lost.append((name, f"it asks by {method[:10]}; GET was written instead"))
        if parameters := self._parameters(name, requester.get("request_parameters")):
            options["parameters"] = parameters
        return options

    def _auth(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(found.get("type", "NoAuth"))
        secret = "env:" + _variable(found)
        if kind == "BearerAuthenticator":
            return {"type": "bearer", "secret": secret}
        if kind == "BasicHttpAuthenticator":
            user = str(found.get("username", "townclerk"))
            if _TEMPLATE.search(user):
                self.lost.append((name, "the user name comes from the configuration"))
                user = "townclerk"
            return {"type": "basic", "username": user, "secret": secret}
        if kind == "ApiKeyAuthenticator":
            into = _part(found, "inject_into")
            field_name = str(found.get("header") or into.get("field_name") or "")
            place = into.get("inject_into", "header")
            if field_name and place in ("header", "request_parameter"):
                word = "header" if place == "header" else "parameter"
                return {"type": "api_key", word: field_name, "secret": secret}
        if kind == "OAuthAuthenticator":
            address = str(found.get("token_refresh_endpoint", ""))
            if found.get("grant_type", "refresh_token") == "client_credentials" and (
                not _TEMPLATE.search(address)
            ):
                return {
                    "type": "oauth2_client_credentials",
                    "client_id": "townclerk",
                    "secret": secret,
                    "token_url": address,
                }
        if kind != "NoAuth":
            self.lost.append((name, f"signing in by {kind} in this form"))
        return {"type": "none"}

    def _parameters(self, name: str, found: Any) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for parameter, value in found.items() if isinstance(found, Mapping) else ():
            if parameter == "$parameters":
                continue
            if isinstance(value, str | int | float | bool) and not _TEMPLATE.search(str(value)):
                kept[str(parameter)] = value
            else:
                self.lost.append((name, f"the computed parameter `{parameter}`"))
        return kept

    def _partitions(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fixed values that part a list; those of another stream are listed."""
        if not found:
            return {}
        values, into = found.get("values"), _part(found, "request_option")
        fixed = isinstance(values, list) and values
        if fixed and into.get("inject_into") == "request_parameter" and into.get("field_name"):
            texts = [str(value) for value in values or ()]
            return {"partitions": {"parameter": str(into["field_name"]), "values": texts}}
        self.lost.append((name, f"`partition_router` of type {found.get('type')}"))
        return {}

    def _records(self, name: str, selector: Mapping[str, Any]) -> str:
        extractor = _part(selector, "extractor")
        path = extractor.get("field_path") or []
        steps = [str(step) for step in path] if isinstance(path, list) else [str(path)]
        known = extractor.get("type", "DpathExtractor") == "DpathExtractor"
        if not known or "*" in steps or any(_TEMPLATE.search(step) for step in steps):
            self.lost.append((name, "how it finds its records"))
            return "."
        return dotted(steps) or "."

    def _paging(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        if not found or found.get("type") == "NoPagination":
            return {"type": "none"}
        strategy = _part(found, "pagination_strategy")
        option, sizing = _part(found, "page_token_option"), _part(found, "page_size_option")
        sized: dict[str, Any] = {}
        size = strategy.get("page_size")
        if isinstance(size, str) and size.isdigit():
            size = int(size)
        if sizing.get("field_name") and isinstance(size, int) and _in_query(sizing):
            sized = {"size_parameter": str(sizing["field_name"]), "size": min(size, 10_000)}
        parameter, kind = option.get("field_name"), strategy.get("type")
        if parameter and not _in_query(option):
            self.lost.append((name, f"the page's place in {option.get('inject_into')}"))
            return {"type": "none"}
        if kind == "OffsetIncrement" and parameter:
            return {"type": "offset", "parameter": str(parameter), **sized}
        first = str(strategy.get("start_from_page", 0))
        if kind == "PageIncrement" and parameter and first in ("0", "1"):
            return {"type": "page", "parameter": str(parameter), "first": int(first), **sized}
        if kind == "CursorPagination":
            return self._cursor(name, strategy, option, sized)
        self.lost.append((name, f"paging of type {kind}"))
        return {"type": "none"}

    def _cursor(
        self, name: str, strategy: Mapping[str, Any], option: Mapping[str, Any], sized: Any
    ) -> dict[str, Any]:
        told, stop = str(strategy.get("cursor_value", "")), str(strategy.get("stop_condition", ""))
        parameter = str(option.get("field_name", "cursor"))
        if _LINK.fullmatch(told.strip()):
            return {"type": "header_link", "absent_means_end": True, **sized}
        if last := _LAST.fullmatch(told.strip()):
            more = _MORE.fullmatch(stop.strip())
            flag = {"more": _dotted(more[1])} if more else {}
            if stop and not more:
                self.lost.append((name, "when its pages end: an empty one ends them now"))
            place = {"parameter": parameter, "field": _dotted(last[1])}
            return {"type": "last_key", **place, **flag, **sized}
        if (following := _NEXT.fullmatch(told.strip())) is None:
            self.lost.append((name, "how it finds the next page"))
            return {"type": "none"}
        options = {"next": _dotted(following[1]), "absent_means_end": True, **sized}
        if option.get("type") == "RequestPath" or option.get("inject_into") == "path":
            return {"type": "link", **options}
        return {"type": "cursor", "parameter": parameter, **options}

    def _record(self, name: str, stream: Mapping[str, Any]) -> dict[str, Any]:
        """Return key, change mark and proposed mapping."""
        key = stream.get("primary_key")
        while isinstance(key, list) and key:
            if len(key) > 1:
                self.lost.append((name, "a key of several fields: write `key: concat(a, b)`"))
            key = key[0]
        if not isinstance(key, str) or not key:
            self.lost.append((name, "it has no key: write `key`"))
            key = "id"
        found: dict[str, Any] = {"key": dotted([key]), **self._increments(name, stream)}
        schema = _part(stream, "schema_loader").get("schema")
        guesses = propose_map(Shapes(self._document), schema, owner=name)
        found["map"] = {field: guess.value for field, guess in guesses.items()}
        return found

    def _increments(self, name: str, stream: Mapping[str, Any]) -> dict[str, Any]:
        """Return what asks only for changes, where the source takes moments as we write them."""
        cursor = _part(stream, "incremental_sync")
        field_name = cursor.get("cursor_field")
        if not isinstance(field_name, str) or not field_name or _TEMPLATE.search(field_name):
            if cursor:
                self.lost.append((name, "`incremental_sync`: everything is read"))
            return {}
        found: dict[str, Any] = {"changed": dotted([field_name])}
        start, form = _part(cursor, "start_time_option"), str(cursor.get("datetime_format", ""))
        if not start.get("field_name"):
            self.lost.append((name, "`incremental_sync` without a parameter: everything is read"))
        elif not _in_query(start) or (form and not form.startswith(_ISO_FORMATS)):
            self.lost.append((name, f"`incremental_sync` by moments as {form[:30]}: all is read"))
        elif cursor.get("end_time_option"):
            self.lost.append((name, "`incremental_sync` by windows of time: everything is read"))
        else:
            found["incremental"] = {"parameter": str(start["field_name"])}
            if back := _LOOKBACK.fullmatch(str(cursor.get("lookback_window", ""))):
                days, hours, minutes, seconds = (int(part or 0) for part in back.groups())
                total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
                found["incremental"]["lookback_seconds"] = min(total, 31 * 86_400)
        return found

    def _note_rest(
        self,
        name: str,
        stream: Mapping[str, Any],
        selector: Mapping[str, Any],
        requester: Mapping[str, Any],
    ) -> None:
        """List what changes records or requests in ways a connector file does not know."""
        for place, word in (
            (stream, "transformations"),
            (stream, "state_migrations"),
            (selector, "record_filter"),
            (requester, "error_handler"),
            (requester, "request_body_data"),
            (requester, "request_headers"),
        ):
            value = place.get(word)
            if isinstance(value, list):
                kinds = [str(one.get("type")) for one in value if isinstance(one, Mapping)]
                self.lost += [(name, f"`{word}`: {kind}") for kind in kinds]
            elif value:
                self.lost.append((name, f"`{word}`"))


def _part(place: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = place.get(name)
    return found if isinstance(found, Mapping) else {}


def _in_query(option: Mapping[str, Any]) -> bool:
    return str(option.get("inject_into", "request_parameter")) == "request_parameter"


def _dotted(written: str) -> str:
    """Return the way through a response, as a template writes it, as a connector file does."""
    return dotted([get or dot or bracket for get, dot, bracket in _STEP.findall(written)])


def _variable(found: Mapping[str, Any]) -> str:
    """Return the environment variable for a secret, named as the manifest's configuration does."""
    for word in ("api_token", "password", "client_secret"):
        match = _CONFIG.search(str(found.get(word, "")))
        if match:
            return str(match[1] or match[2]).upper()
    return "SOURCE_SECRET"
