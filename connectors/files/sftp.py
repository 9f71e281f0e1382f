"""Files on an SFTP server: the extra `townclerk[sftp]`, which brings paramiko.

The address is checked and connected to by us, and paramiko speaks over that connection; the
server's key must be the one in the connector file, so nobody can stand in for it.
"""

import asyncio
import contextlib
import io
import socket
import stat
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from connectors.files.remote import FILE_BYTES_MAX, LISTED_MAX, Listed, RemoteFolder
from connectors.sdk.addresses import CONNECT_SECONDS_MAX, checked_addresses
from connectors.sdk.auth import SshAuth
from connectors.sdk.source import Source
from schemas.errors import GiveUp, InvalidInput, Misconfigured, RetryLater

SILENCE_SECONDS_MAX = 30.0
"""Longest wait for one answer; the file's timeout_seconds bounds a whole download."""

CHUNK_BYTES = 256 * 1024
"""Eight of SFTP's own packets; larger pieces gain nothing."""

T = TypeVar("T")


class SftpMissing(Misconfigured):
    """The package that speaks SSH is not installed."""

    code = "sftp_missing"
    remedy = "pip install 'townclerk[sftp]'"


class SftpFolder(RemoteFolder):
    """One folder of an SFTP server."""

    def __init__(self, source: Source) -> None:
        parts = urlsplit(source.base_url)
        try:
            host, port = parts.hostname, parts.port or 22
        except ValueError:
            host, port = None, 22
        if not host or parts.username or parts.query or parts.fragment or not parts.path:
            raise InvalidInput(
                "The registered address must be a folder, as in sftp://HOST/out/waste.",
                remedy="Write no user into it; who we are stands under `auth`.",
            )
        super().__init__(f"{host}{parts.path}")
        self._source, self._host, self._port = source, host, port
        self._path = unquote(parts.path).rstrip("/")
        self._session: _Session | None = None

    async def look(self) -> Sequence[Listed]:
        """Connect, and ask for the folder's plain files."""
        if self._session is None:
            addresses = await checked_addresses(
                self._host,
                self._port,
                internal=self._source.internal,
                loopback=self._source.loopback,
            )
            self._session = await self._ask(lambda: _Session(self._source, addresses, self._port))
        session = self._session
        return await self._ask(lambda: session.list(self._path or "/"))

    async def download(self, listed: Listed, into: BinaryIO) -> None:
        """Read one file whole."""
        session = self._session
        assert session is not None  # the list came first
        seconds = self._source.spec.timeout_seconds
        place = f"{self._path}/{listed.name}"
        await self._ask(lambda: session.download(place, listed, into, seconds))

    async def leave(self) -> None:
        """Close the connection."""
        if self._session is not None:
            await asyncio.to_thread(self._session.close)
            self._session = None

    async def _ask(self, work: Callable[[], T]) -> T:
        """Work in a thread, and say in our words what went wrong there."""
        paramiko = _paramiko()
        try:
            return await asyncio.to_thread(work)
        except paramiko.AuthenticationException:
            raise GiveUp(
                f"{self._host} refuses to let us in.",
                remedy="Check `username` and the secret under `auth` of the connector file.",
            ) from None
        except (paramiko.SSHException, EOFError, TimeoutError):
            raise RetryLater(f"{self._host} does not answer as an SFTP server does.") from None
        except FileNotFoundError:
            raise GiveUp(
                f"There is no folder or file {self._where}.",
                remedy="Correct the address in the register.",
            ) from None
        except PermissionError:
            raise GiveUp(f"{self._host} does not let us read {self._where}.") from None
        except OSError:
            raise RetryLater(f"{self._host} cannot be reached now.") from None


class _Session:
    """One connection; everything here waits, so it runs in a thread."""

    def __init__(self, source: Source, addresses: Sequence[str], port: int) -> None:
        auth = source.spec.auth
        assert isinstance(auth, SshAuth)  # places.py lets no other through
        self._transport = _transport(addresses, port)
        try:
            _greet(self._transport, auth)
            _sign_in(self._transport, auth, source.secret(auth.secret).get_secret_value())
            self._sftp = _paramiko().SFTPClient.from_transport(self._transport)
            self._sftp.get_channel().settimeout(SILENCE_SECONDS_MAX)
        except BaseException:
            self._transport.close()
            raise

    def list(self, path: str) -> Sequence[Listed]:
        found = []
        for facts in self._sftp.listdir_iter(path):
            if facts.st_mode is None or not stat.S_ISREG(facts.st_mode):
                continue
            if facts.st_size is None or facts.st_mtime is None:
                raise GiveUp("The SFTP server does not say how large a file is, or how old.")
            found.append(Listed(facts.filename, facts.st_size, float(facts.st_mtime)))
            if len(found) > LISTED_MAX:
                break
        return found

    def download(self, place: str, listed: Listed, into: BinaryIO, seconds: float) -> None:
        until = time.monotonic() + seconds
        with self._sftp.open(place, "rb") as file:
            file.prefetch(min(listed.size, FILE_BYTES_MAX))
            size = 0
            while piece := file.read(CHUNK_BYTES):
                size += len(piece)
                if size > listed.size:
                    break  # it grew; the sizes will not agree
                into.write(piece)
                if time.monotonic() > until:
                    raise TimeoutError
            now = file.stat()
        if (now.st_size, now.st_mtime) != (listed.size, int(listed.modified)):
            raise RetryLater(f"{listed.name} changed while it was fetched; it is fetched again.")

    def close(self) -> None:
        self._transport.close()


def _transport(addresses: Sequence[str], port: int) -> Any:
    """Connect to the first checked address that takes a connection."""
    for place, address in enumerate(addresses):
        try:
            door = socket.create_connection((address, port), timeout=CONNECT_SECONDS_MAX)
            break
        except OSError:
            if place + 1 == len(addresses):
                raise
    transport = _paramiko().Transport(door)
    transport.banner_timeout = transport.auth_timeout = SILENCE_SECONDS_MAX
    return transport


def _greet(transport: Any, auth: SshAuth) -> None:
    """Agree on keys, and refuse a server that is not the one in the connector file."""
    kind, wanted = auth.host_key.split(" ", 1)
    options = transport.get_security_options()
    # An RSA key signs by several algorithms; it is offered under their names.
    usable = {"rsa-sha2-512", "rsa-sha2-256"} if kind == "ssh-rsa" else {kind}
    options.key_types = [name for name in options.key_types if name in usable]
    transport.start_client(timeout=SILENCE_SECONDS_MAX)
    if transport.get_remote_server_key().get_base64() != wanted:
        raise GiveUp(
            "The SFTP server shows another key than the one in the connector file.",
            remedy="Ask its owner whether the key was changed before you correct `host_key`.",
        )


def _sign_in(transport: Any, auth: SshAuth, secret: str) -> None:
    if "PRIVATE KEY-----" not in secret:
        transport.auth_password(auth.username, secret, fallback=False)
        return
    transport.auth_publickey(auth.username, _key(secret))


def _key(text: str) -> Any:
    """Read a private key of whatever sort."""
    paramiko = _paramiko()
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        with contextlib.suppress(paramiko.SSHException, ValueError):
            return kind.from_private_key(io.StringIO(text))
    raise Misconfigured(
        "The secret looks like a private key, but none that can be used without a passphrase."
    )


def _paramiko() -> Any:
    try:
        import paramiko
    except ImportError:
        raise SftpMissing("Files over SFTP need a package that is not installed.") from None
    return paramiko
