"""The live probe on a server that does much wrong, and on one that does all right."""

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.sdk.http import HttpClient
from connectors.sdk.looking import Look
from registry.compliance.probe import Probe, json_schema, look_at
from registry.compliance.subject import Subject

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1.0.0"},
    "paths": {
        "/open": {"get": {"responses": {"200": {"description": "d", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/N"}}}}}}},
        "/shut": {"get": {"security": [{"k": []}], "responses": {"200": {"description": "d"}}}},
        "/one/{id}": {"get": {"responses": {}}},
        "/changes": {"post": {"responses": {}}},
    },
    "components": {"schemas": {"N": {"type": "object", "properties": {
        "n": {"type": "integer", "nullable": True}}}}},
}  # fmt: skip
GOOD = {
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'",
    "Cache-Control": "no-store", "API-Version": "1.0.0", "Access-Control-Allow-Origin": "*",
}  # fmt: skip


class Interface(BaseHTTPRequestHandler):
    """An interface that is good or bad, as its server says; it notes what it was asked."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        good = self.server.good  # type: ignore[attr-defined]
        if self.path == "/api/openapi.json":
            self._answer(200, DOCUMENT if good else {**DOCUMENT, "paths": {}})
        elif self.path == "/api/open":
            self._answer(200, {"n": None if good else "secret text"})
        elif self.path == "/api/shut":
            self._answer(401 if good else 200, {})
        else:
            self._answer(404, {}, "application/problem+json" if good else "text/html")

    def _answer(self, status: int, value: Any, kind: str = "application/json") -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, text in GOOD.items() if self.server.good else ():  # type: ignore[attr-defined]
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def interface() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    server.asked, server.good = [], True  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def probe(server: ThreadingHTTPServer) -> list[Any]:
    async def run() -> list[Any]:
        client = HttpClient(
            f"http://127.0.0.1:{server.server_port}/api",
            internal=False, loopback=True, timeout_seconds=5,
        )  # fmt: skip

        async def ask(path: str, headers: dict[str, str]) -> Look:
            return await client.look(client.below(path), headers, limit=100_000)

        try:
            subject = Subject(json.dumps(DOCUMENT).encode(), "x.json")
            return await look_at(Probe(subject, pause_seconds=0), ask, secure=False)
        finally:
            await client.close()

    return asyncio.run(run())


def test_a_good_interface_lacks_only_tls(interface: ThreadingHTTPServer) -> None:
    assert [one.code for one in probe(interface)] == ["probe-tls"]


def test_a_bad_interface_is_told_everything_but_no_value(interface: ThreadingHTTPServer) -> None:
    interface.good = False  # type: ignore[attr-defined]
    found = probe(interface)
    assert {one.code for one in found} == {
        "probe-tls", "probe-cors", "probe-document-differs", "probe-security-headers",
        "probe-version-header", "probe-problem-details", "probe-open-without-token",
        "probe-answer-breaks-schema",
    }  # fmt: skip
    assert "secret text" not in str(found)


def test_only_what_is_safe_is_asked(interface: ThreadingHTTPServer) -> None:
    probe(interface)
    asked = [path for path in interface.asked if "does-not-exist" not in path]  # type: ignore[attr-defined]
    assert asked == ["/api/openapi.json", "/api/open", "/api/shut"]


def test_a_mark_of_3_0_becomes_a_type() -> None:
    assert json_schema({"type": "string", "nullable": True, "enum": ["a"]}) == {
        "type": ["string", "null"], "nullable": True, "enum": ["a", None],
    }  # fmt: skip
