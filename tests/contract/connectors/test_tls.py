"""Encrypted sources: connected by checked address, judged by registered name."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.errors import GiveUp
from tests.contract.connectors.servers import Reply, Server, keys, people, read_all, rest_source

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that signs itself, with its key beside it."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def server(certificate: Path) -> Iterator[Server]:
    """A source that speaks TLS as localhost."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    started = Server(lambda _: Reply.json({"items": people(3)}), tls=tls)
    yield started
    started.close()


def test_a_certificate_that_this_machine_trusts_is_accepted_under_its_name(
    server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert keys(read_all(rest_source(f"https://localhost:{server.port}"))) == [1, 2, 3]
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_a_certificate_of_another_name_is_refused(
    server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    with pytest.raises(GiveUp, match="certificate we do not trust"):
        read_all(rest_source(f"https://127.0.0.1:{server.port}"))

    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server) -> None:
    with pytest.raises(GiveUp, match="certificate we do not trust"):
        read_all(rest_source(f"https://localhost:{server.port}"))

    assert server.requests == []
