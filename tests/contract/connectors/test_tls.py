"""Encrypted sources: connected by checked address, judged by registered name."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.errors import GiveUp
from tests.contract.connectors.servers import Reply, Server, keys, people, read_all, rest_source

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


NEW = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
AS_SERVER = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"


def make(place: Path, *commands: str) -> None:
    for command in commands:
        subprocess.run(command.split(), cwd=place, check=True, capture_output=True)


@contextmanager
def serving(place: Path) -> Iterator[Server]:
    """A source that speaks TLS with the certificate of a folder."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(place / "cert.pem", place / "key.pem")
    started = Server(lambda _: Reply.json({"items": people(3)}), tls=tls)
    yield started
    started.close()


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """An authority's certificate; beside it one for localhost that it vouches for, with its key."""
    own = "-addext keyUsage=critical,keyCertSign -subj /CN=Authority -keyout ca.key -out ca.pem"
    no_authority = "-addext basicConstraints=critical,CA:FALSE"
    make(tmp_path, f"{NEW} {own}", f"{NEW} {AS_SERVER} {no_authority} -CA ca.pem -CAkey ca.key")
    return tmp_path / "ca.pem"


@pytest.fixture
def server(authority: Path) -> Iterator[Server]:
    with serving(authority.parent) as started:
        yield started


def test_a_certificate_that_this_machine_trusts_is_accepted_under_its_name(
    server: Server, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    assert keys(read_all(rest_source(f"https://localhost:{server.port}"))) == [1, 2, 3]
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_a_certificate_of_another_name_is_refused(
    server: Server, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))

    with pytest.raises(GiveUp, match="certificate we do not trust"):
        read_all(rest_source(f"https://127.0.0.1:{server.port}"))

    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server) -> None:
    with pytest.raises(GiveUp, match="certificate we do not trust"):
        read_all(rest_source(f"https://localhost:{server.port}"))

    assert server.requests == []


def test_a_certificate_that_vouches_for_itself_is_accepted_where_this_machine_trusts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, f"{NEW} {AS_SERVER}")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))

    with serving(tmp_path) as server:
        assert keys(read_all(rest_source(f"https://localhost:{server.port}"))) == [1, 2, 3]
