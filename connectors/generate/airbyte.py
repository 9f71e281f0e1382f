"""Translate Airbyte's low-code manifests into connector files, and list what has no counterpart.

Requests, extractors, paging, sign-in, parts, cursors of moments, conditions and computed fields
have one as far as a connector file can say the same. Everything else is listed by its name, never
guessed and never left out silently. Source: Airbyte's declarative component schema, version 7.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from connectors.generate.airbyte_auth import seconds_of, translate_auth
from connectors.generate.airbyte_choice import with_way
from connectors.generate.airbyte_manifest import filled, write_out
from connectors.generate.airbyte_streams import StreamTranslator, name_of, part
from connectors.generate.airbyte_templates import computed, ways
from connectors.generate.documents import read_document
from connectors.generate.guesses import InterfaceUnreadable
from connectors.generate.writing import key_of
from connectors.sdk.load import load_connector_file
from schemas.errors import InvalidConnectorFile

STREAMS_MAX = 200
"""What a connector file may hold."""

REASONS_MAX = 3
"""Streams that are named where none can be translated."""

_URL = re.compile(r"((?:https?://)?(?:\{\{.*?\}\}|[^/{}])+)(/.*)?", re.DOTALL)
_FAULTY = re.compile(r"streams\.([A-Za-z][A-Za-z0-9_-]*)")
_MISSHAPEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading a component raises that is of another shape than the schema of manifests says."""

_SAYS_NOTHING = frozenset(
    {"type", "version", "check", "definitions", "streams", "schemas", "spec", "metadata"}
    | {"concurrency_level", "description", "$parameters", "max_concurrent_async_job_count"}
)


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


def translate_manifest(
    content: bytes, *, source: str, name: str | None = None, auth: str | None = None
) -> Translated:
    """Translate a manifest.

    Args:
        content: The manifest, YAML or JSON.
        source: What to call it in messages.
        name: Key of the connector.
        auth: Which way of a selective sign-in to take; default the first with a counterpart.

    Raises:
        UnknownWay: No selective sign-in offers that way.
        InterfaceUnreadable: It is no declarative manifest, or has no stream that can be read.
    """
    document = read_document(content, name=source)
    if not isinstance(document, Mapping) or "streams" not in document:
        raise InterfaceUnreadable(f"{source} is no low-code manifest: it has no `streams`.")
    translator = _Translator(document)
    key = key_of(name or source.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    for stream in with_way(write_out(document)[:STREAMS_MAX], auth):
        translator.try_stream(stream)
    translator.drop_unreadable()
    translator.note_rest()
    if not translator.streams:
        reasons = "; ".join(f"{place}: {why}" for place, why in translator.lost[:REASONS_MAX])
        raise InterfaceUnreadable(
            f"{source} has no stream over plain HTTP that can be read. {reasons}".rstrip()
        )
    lost = list(dict.fromkeys(translator.lost))
    head = [f"# Translated from {source}.", *(f"# Not translated: {p}: {w}" for p, w in lost)]
    lines = "".join(line.replace("\n", " ")[:200] + "\n" for line in head)
    body = yaml.safe_dump(translator.spec(key), sort_keys=False, allow_unicode=True, width=100)
    return Translated(key, lines + body, lost)


class _Translator:
    """Translates the streams of one manifest; the first ones settle address and sign-in."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.address = ""
        self.auth: dict[str, Any] = {"type": "none"}
        self.streams: dict[str, Any] = {}
        self.lost: list[tuple[str, str]] = []
        self._passed = set[str]()
        self._pace = self._budgeted()

    def try_stream(self, stream: Mapping[str, Any]) -> None:
        """Translate one stream; one whose parts are of strange shapes is listed."""
        try:
            self.add_stream(stream)
        except _MISSHAPEN:
            why = "a part of it is not shaped as the schema of manifests says"
            self.lost.append((name_of(stream), why))

    def drop_unreadable(self) -> None:
        """Leave out streams that a connector file cannot hold: what we write must be readable."""
        while self.streams:
            text = yaml.safe_dump(self.spec("tried"), sort_keys=False)
            try:
                load_connector_file(text, name="manifest")
                return
            except InvalidConnectorFile as error:
                found = _FAULTY.search(error.what)
                name = found[1] if found and found[1] in self.streams else ""
                if not name:
                    raise InterfaceUnreadable(
                        f"The manifest gives no good file: {error.what}"
                    ) from None
                del self.streams[name]
                self.lost.append((name, error.what.removeprefix("manifest: ")))

    def spec(self, key: str) -> dict[str, Any]:
        """Return the connector file as it stands."""
        head = {"connector": key, "kind": "rest", "address": self.address, "auth": self.auth}
        return {**head, **self._pace, "streams": self.streams}

    def add_stream(self, stream: Mapping[str, Any]) -> None:
        """Translate one stream, after the one whose records part it."""
        name = name_of(stream)
        if name in self.streams or name in self._passed:
            return
        self._passed.add(name)
        requester = part(part(stream, "retriever"), "requester")
        if requester.get("type", "HttpRequester") != "HttpRequester" or not requester:
            kind = requester.get("type") or part(stream, "retriever").get("type")
            kind = kind or stream.get("type")
            self.lost.append((name, f"it is read by {kind}"))
            return
        address, path = _place(requester)
        lost = list[str]()
        translator = StreamTranslator(stream, path, lost.append)
        if (parent := translator.parent()) is not None:
            self.add_stream(filled(dict(parent), {}))
            if name_of(parent) not in self.streams:
                self.lost.append((name, f"the stream `{name_of(parent)}` that parts it"))
                return
        settled = self._settled(name, address, part(requester, "authenticator"))
        if settled is None:
            return
        options = translator.options(self._document)
        if computed(options.get("get") or options.get("post")):
            self.lost.append((name, "its path is computed: partitions are written by hand"))
            return
        self.address, self.auth = settled
        self.lost += [(name, why) for why in lost]
        self.streams[name] = options

    def _settled(
        self, name: str, address: str, authenticator: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """Return address and sign-in of the file with a stream; None where it has others."""
        if computed(address):
            self.lost.append((name, "its address is computed from the configuration"))
            for written, _ in ways(address):
                address = address.replace(written, "your-server")
            address = address if "://" in address else f"https://{address}"
        if self.address and address != self.address:
            self.lost.append((name, "it reads another server than the first stream"))
            return None
        lost = list[str]()
        auth = translate_auth(authenticator, lost.append)
        if "none" not in (auth["type"], self.auth["type"]) and auth != self.auth:
            self.lost.append((name, "it signs in otherwise than the first stream"))
            return None
        self.lost += [(name, why) for why in lost]
        return address, auth if self.auth["type"] == "none" else self.auth

    def _budgeted(self) -> dict[str, Any]:
        """Return how often the source may be asked, where the manifest says one number."""
        budget = part(self._document, "api_budget")
        rates = [
            (rate.get("limit"), seconds_of(rate.get("interval")))
            for policy in budget.get("policies") or ()
            if isinstance(policy, Mapping)
            for rate in policy.get("rates") or [policy]
            if isinstance(rate, Mapping)
        ]
        if not budget:
            return {}
        known = [limit / each for limit, each in rates if isinstance(limit, int) and each]
        if not known or len(known) < len(rates):
            self.lost.append(("the manifest", "`api_budget`"))
            return {}
        return {"requests_per_second": round(min(known), 3)}

    def note_rest(self) -> None:
        """List what stands beside the streams and changes what comes."""
        for word, value in self._document.items():
            if word not in _SAYS_NOTHING and word != "api_budget" and value:
                why = ", which are made at run time" if word == "dynamic_streams" else ""
                self.lost.append(("the manifest", f"`{word}`{why}"))


def _place(requester: Mapping[str, Any]) -> tuple[str, str]:
    """Return address and path of a request; where only a whole URL is given, it is cut."""
    base, path = str(requester.get("url_base") or ""), str(requester.get("path") or "")
    if not base and (cut := _URL.fullmatch(str(requester.get("url") or ""))):
        base, path = cut[1], cut[2] or ""
    return base.rstrip("/"), "/" + path.strip("/")
