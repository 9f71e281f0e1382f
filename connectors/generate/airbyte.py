"""Translate Airbyte's low-code manifests into connector files, and list what has no counterpart.

The common part is translated: HTTP requesters, field-path extractors, the three paginators, five
ways to sign in, and cursors of moments. Values that a manifest computes from templates are listed,
never guessed. Source: Airbyte's declarative component schema, version 7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from connectors.generate.documents import read_document
from connectors.generate.guesses import SURE, InterfaceUnreadable
from connectors.generate.mapping import propose_map
from connectors.generate.shapes import Shapes
from connectors.generate.writing import key_of

STREAMS_MAX = 200
"""What a connector file may hold."""

HOPS_MAX = 20
"""References to references; a longer chain is a circle."""

_TEMPLATE = re.compile(r"\{\{.*?\}\}")
_CONFIG = re.compile(r"""\{\{\s*config(?:\[['"](\w+)['"]\]|\.(\w+))\s*\}\}""")
_NEXT = re.compile(r"""\{\{\s*response(?:\.get\(['"](\w+)['"]\)|((?:\.\w+|\[['"]\w+['"]\])+))""")
_STEP = re.compile(r"\w+")


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
    listed = document["streams"]
    for entry in listed[:STREAMS_MAX] if isinstance(listed, list) else ():
        translator.add_stream(entry, streams)
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

    def add_stream(self, entry: Any, into: dict[str, Any]) -> None:
        stream = self._follow(entry)
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", str(stream.get("name", "stream")))[:60]
        retriever = self._follow(stream.get("retriever"))
        requester = self._follow(retriever.get("requester"))
        if requester.get("type", "HttpRequester") != "HttpRequester" or not requester:
            self.lost.append((name, f"a requester of type {requester.get('type')}"))
            return
        address, path = self._address(name, requester)
        if path is None:
            return
        if self.address and address != self.address:
            self.lost.append((name, "it reads another server than the first stream"))
            return
        if not self.address:
            self.address = address
            self.auth = self._auth(name, self._follow(requester.get("authenticator")))
        options: dict[str, Any] = {"get": path}
        if parameters := self._parameters(name, requester.get("request_parameters")):
            options["parameters"] = parameters
        selector = self._follow(retriever.get("record_selector"))
        options["records"] = self._records(name, selector)
        options["paging"] = self._paging(name, self._follow(retriever.get("paginator")))
        self._note_rest(name, stream, retriever, selector, requester)
        options |= self._record(name, stream)
        into[name] = options

    def _follow(self, node: Any) -> Mapping[str, Any]:
        """Return a component: its own fields over those of the one it refers to."""
        own: dict[str, Any] = {}
        for _ in range(HOPS_MAX):
            if isinstance(node, str) and node.startswith("#/"):
                node = {"$ref": node}
            if not isinstance(node, Mapping):
                return own
            own = {**node, **own}
            reference = own.pop("$ref", None)
            if not isinstance(reference, str):
                return own
            node = self._document
            for step in reference.removeprefix("#/").split("/"):
                node = node.get(step) if isinstance(node, Mapping) else None
        return own

    def _address(self, name: str, requester: Mapping[str, Any]) -> tuple[str, str | None]:
        base = str(requester.get("url_base") or requester.get("url") or "").rstrip("/")
        path = "/" + str(requester.get("path", "")).strip("/")
        if str(requester.get("http_method", "GET")).upper() != "GET":
            self.lost.append((name, "it asks by POST"))
            return base, None
        if _TEMPLATE.search(path):
            self.lost.append((name, "its path is computed: partitions are written by hand"))
            return base, None
        if _TEMPLATE.search(base):
            self.lost.append((name, "its address is computed from the configuration"))
            base = _TEMPLATE.sub("your-server", base)
        return base, path

    def _auth(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(found.get("type", "NoAuth"))
        secret = "env:" + _variable(found)
        if kind == "BearerAuthenticator":
            return {"type": "bearer", "secret": secret}
        if kind == "BasicHttpAuthenticator":
            user = str(found.get("username", "townclerk"))
            user = "townclerk" if _TEMPLATE.search(user) else user
            return {"type": "basic", "username": user, "secret": secret}
        if kind == "ApiKeyAuthenticator":
            into = self._follow(found.get("inject_into"))
            header = found.get("header") or into.get("field_name")
            if into.get("inject_into", "header") == "header" and header:
                return {"type": "api_key", "header": str(header), "secret": secret}
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
            if isinstance(value, str | int | float | bool) and not _TEMPLATE.search(str(value)):
                kept[str(parameter)] = value
            else:
                self.lost.append((name, f"the computed parameter `{parameter}`"))
        return kept

    def _records(self, name: str, selector: Mapping[str, Any]) -> str:
        extractor = self._follow(selector.get("extractor"))
        path = extractor.get("field_path", [])
        if extractor.get("type", "DpathExtractor") != "DpathExtractor" or "*" in path:
            self.lost.append((name, "how it finds its records"))
            return "."
        return ".".join(str(step) for step in path) or "."

    def _paging(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        if not found or found.get("type") == "NoPagination":
            return {"type": "none"}
        strategy = self._follow(found.get("pagination_strategy"))
        option = self._follow(found.get("page_token_option"))
        sizing = self._follow(found.get("page_size_option"))
        sized: dict[str, Any] = {}
        size = strategy.get("page_size")
        if sizing.get("field_name") and isinstance(size, int):
            sized = {"size_parameter": sizing["field_name"], "size": min(size, 10_000)}
        parameter = option.get("field_name")
        kind = strategy.get("type")
        if kind == "OffsetIncrement" and parameter:
            return {"type": "offset", "parameter": parameter, **sized}
        if kind == "PageIncrement" and parameter:
            first = strategy.get("start_from_page", 0)
            return {
                "type": "page",
                "parameter": parameter,
                "first": int(first in (1, "1")),
                **sized,
            }
        if kind == "CursorPagination":
            return self._cursor(name, strategy, option, sized)
        self.lost.append((name, f"paging of type {kind}"))
        return {"type": "none"}

    def _cursor(
        self, name: str, strategy: Mapping[str, Any], option: Mapping[str, Any], sized: Any
    ) -> dict[str, Any]:
        match = _NEXT.search(str(strategy.get("cursor_value", "")))
        if match is None:
            if "link" in str(strategy.get("cursor_value", "")).lower():
                return {"type": "header_link", "absent_means_end": True, **sized}
            self.lost.append((name, "how it finds the next page"))
            return {"type": "none"}
        path = match[1] or ".".join(_STEP.findall(match[2]))
        options = {"next": path, "absent_means_end": True, **sized}
        if option.get("type") == "RequestPath":
            return {"type": "link", **options}
        return {"type": "cursor", "parameter": option.get("field_name", "cursor"), **options}

    def _record(self, name: str, stream: Mapping[str, Any]) -> dict[str, Any]:
        """Return key, change mark and proposed mapping."""
        key = stream.get("primary_key")
        while isinstance(key, list) and key:
            if len(key) > 1:
                self.lost.append((name, "a key of several fields: write `key: concat(a, b)`"))
            key = key[0]
        if not isinstance(key, str):
            self.lost.append((name, "it has no key: write `key`"))
            key = "id"
        increments = self._follow(stream.get("incremental_sync"))
        found: dict[str, Any] = {"key": key}
        field_name = increments.get("cursor_field")
        if isinstance(field_name, str) and not _TEMPLATE.search(field_name):
            found["changed"] = field_name
            start = self._follow(increments.get("start_time_option"))
            if start.get("field_name") and start.get("inject_into") == "request_parameter":
                found["incremental"] = {"parameter": start["field_name"]}
        schema = self._follow(self._follow(stream.get("schema_loader")).get("schema"))
        shapes = Shapes(self._document)
        found["map"] = {
            field: guess.value
            for field, guess in propose_map(shapes, schema, owner=name).items()
            if guess.confidence <= SURE
        }
        return found

    def _note_rest(
        self,
        name: str,
        stream: Mapping[str, Any],
        retriever: Mapping[str, Any],
        selector: Mapping[str, Any],
        requester: Mapping[str, Any],
    ) -> None:
        """List what changes records or requests in ways a connector file does not know."""
        for place, word in (
            (stream, "transformations"),
            (retriever, "partition_router"),
            (selector, "record_filter"),
            (requester, "error_handler"),
            (requester, "request_body_json"),
            (requester, "request_headers"),
        ):
            if place.get(word):
                self.lost.append((name, f"`{word}`"))


def _variable(found: Mapping[str, Any]) -> str:
    """Return the environment variable for a secret, named as the manifest's configuration does."""
    for word in ("api_token", "password", "client_secret"):
        match = _CONFIG.search(str(found.get(word, "")))
        if match:
            return str(match[1] or match[2]).upper()
    return "SOURCE_SECRET"
