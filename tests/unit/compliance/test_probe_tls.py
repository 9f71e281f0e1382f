"""The live probe over real TLS: certificates of an authority of our own, good and bad headers."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.sdk.http import HttpClient
from connectors.sdk.looking import Look
from registry.compliance.probe import Probe, look_at
from registry.compliance.subject import Subject
from schemas.errors import SourceTrouble

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "t", "version": "1.0.0"},
    "paths": {"/shut": {"get": {"security": [{"k": []}], "responses": {}}}},
}
GOOD = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "frame-ancestors 'none'",
    "Cache-Control": "no-store", "API-Version": "1.0.0", "Access-Control-Allow-Origin": "*",
}  # fmt: skip


class Interface(BaseHTTPRequestHandler):
    """Answers well, with the header fields of its server."""

    def do_GET(self) -> None:
        status = {"/openapi.json": 200, "/shut": 401}.get(self.path, 404)
        content = json.dumps(DOCUMENT if status == 200 else {}).encode()
        self.send_response(status)
        kind = "application/json" if status == 200 else "application/problem+json"
        self.send_header("Content-Type", kind)
        for name, text in self.server.fields.items():  # type: ignore[attr-defined]
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def certificate(folder: Path, name: str, days: int) -> Path:
    """Write a certificate that signs itself, with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400)).not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    return file


@contextmanager
def running(file: Path, fields: dict[str, str], newest: ssl.TLSVersion) -> Iterator[int]:
    """Serve over TLS until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Interface)
    server.fields = fields  # type: ignore[attr-defined]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    tls.maximum_version = newest
    server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refusals are the point
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def probe(
    folder: Path, *, name: str = "localhost", days: int = 90, **fields: str | None
) -> list[tuple[str, str]]:
    """Probe an interface; header fields are named with _ for -, None leaves one out."""
    changed = {key.replace("_", "-"): text for key, text in fields.items()}
    sent = {key: text for key, text in {**GOOD, **changed}.items() if text is not None}
    file = certificate(folder, name, days)
    with running(file, sent, ssl.TLSVersion.TLSv1_3) as port:
        return asyncio.run(_look(file, port))


async def _look(file: Path, port: int) -> list[tuple[str, str]]:
    client = HttpClient(
        f"https://localhost:{port}", internal=False, loopback=True, timeout_seconds=5,
        tls=ssl.create_default_context(cafile=str(file)),
    )  # fmt: skip

    async def ask(path: str, headers: dict[str, str]) -> Look:
        return await client.look(client.below(path), headers, limit=100_000)

    try:
        subject = Subject(json.dumps(DOCUMENT).encode(), "x.json")
        found = await look_at(Probe(subject, pause_seconds=0), ask, secure=True)
        return [(one.code, one.message) for one in found]
    finally:
        await client.close()


def test_a_good_interface_has_no_finding(tmp_path: Path) -> None:
    assert probe(tmp_path) == []


@pytest.mark.parametrize(
    ("field", "text", "rule"),
    [
        ("Strict_Transport_Security", None, "probe-security-headers"),
        ("Strict_Transport_Security", "max-age=300", "probe-security-headers"),
        ("Strict_Transport_Security", "max-age=0", "probe-security-headers"),
        ("X_Content_Type_Options", None, "probe-security-headers"),
        ("Content_Security_Policy", "default-src 'self'", "probe-security-headers"),
        ("Cache_Control", "public", "probe-security-headers"),
        ("API_Version", None, "probe-version-header"),
        ("Access_Control_Allow_Origin", "https://one.example", "probe-cors"),
        ("Access_Control_Allow_Credentials", "true", "probe-cors-credentials"),
    ],
)
def test_each_rule_fires_for_its_header_and_only_it(
    tmp_path: Path, field: str, text: str | None, rule: str
) -> None:
    assert [code for code, _ in probe(tmp_path, **{field: text})] == [rule]


def test_a_certificate_that_ends_soon_is_told_with_its_days(tmp_path: Path) -> None:
    [(rule, words)] = probe(tmp_path, days=10)
    assert (rule, words) == ("probe-certificate", "the certificate ends in 9 days")


@pytest.mark.parametrize(("name", "days"), [("elsewhere.example", 90), ("localhost", -3)])
def test_a_wrong_or_ended_certificate_ends_the_look(tmp_path: Path, name: str, days: int) -> None:
    with pytest.raises(SourceTrouble, match="certificate we do not trust"):
        probe(tmp_path, name=name, days=days)


def test_an_interface_that_speaks_only_old_tls_is_not_talked_to(tmp_path: Path) -> None:
    file = certificate(tmp_path, "localhost", 90)
    with (
        pytest.warns(DeprecationWarning, match="TLSv1_1"),
        running(file, GOOD, ssl.TLSVersion.TLSv1_1) as port,
        pytest.raises(SourceTrouble),
    ):
        asyncio.run(_look(file, port))
