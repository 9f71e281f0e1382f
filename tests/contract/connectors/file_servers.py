"""Real servers of files on loopback: SSH by paramiko, WebDAV by wsgidav, S3 by ourselves."""

import base64
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

import paramiko
from wsgidav.wsgidav_app import WsgiDAVApp

from tests.contract.connectors.servers import Reply, Request

USER, PASSWORD = "townclerk", "canary-password"


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (USER, PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: Any) -> int:  # noqa: ARG002  # paramiko asks so
        return paramiko.AUTH_SUCCESSFUL if key == CLIENT_KEY else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002  # paramiko asks so
        return paramiko.OPEN_SUCCEEDED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002  # paramiko asks so
        return "password,publickey"


class _Files(paramiko.SFTPServerInterface):
    """Shows one folder as the root."""

    def __init__(self, server: Any, home: Path, before_open: Callable[[str], None]) -> None:
        super().__init__(server)
        self._home, self._before_open = home, before_open

    def list_folder(self, path: str) -> Any:
        place = self._home / path.lstrip("/")
        if not place.is_dir():
            return paramiko.SFTP_NO_SUCH_FILE
        return [
            paramiko.SFTPAttributes.from_stat(one.lstat(), filename=one.name)
            for one in place.iterdir()
        ]

    def stat(self, path: str) -> Any:
        return paramiko.SFTPAttributes.from_stat((self._home / path.lstrip("/")).stat())

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:  # noqa: ARG002  # paramiko asks so
        self._before_open(path)
        handle = _Handle(flags)
        handle.readfile = (self._home / path.lstrip("/")).open("rb")
        return handle


class _Handle(paramiko.SFTPHandle):
    readfile: Any

    def stat(self) -> Any:
        return paramiko.SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))


CLIENT_KEY = paramiko.ECDSAKey.generate()
HOST_KEY = paramiko.ECDSAKey.generate()
HOST_LINE = f"{HOST_KEY.get_name()} {HOST_KEY.get_base64()}"


@contextmanager
def sftp(home: Path, before_open: Callable[[str], None] = lambda _: None) -> Iterator[int]:
    """Serve a folder over SSH; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    transports: list[Any] = []

    def serve() -> None:
        while True:
            try:
                door, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(door)
            transports.append(transport)
            transport.add_server_key(HOST_KEY)
            transport.set_subsystem_handler(
                "sftp", paramiko.SFTPServer, _Files, home=home, before_open=before_open
            )
            transport.start_server(server=_Door(), event=threading.Event())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        for transport in transports:
            transport.close()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def webdav(home: Path) -> Iterator[int]:
    """Serve a folder over WebDAV with basic sign-in; yields the port."""
    app = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(home)},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(5)


class Bucket:
    """An object store with one bucket, two objects on a page of its list."""

    PAGE = 2

    def __init__(self, home: Path) -> None:
        self.home = home

    def answer(self, request: Request) -> Reply:
        if "AWS4-HMAC-SHA256 Credential=AKTOWN/" not in request.headers.get("authorization", ""):
            return Reply(b"<Error><Code>AccessDenied</Code></Error>", status=403)
        path = unquote(urlsplit(request.target).path)
        if path == "/exchange":
            query = dict(parse_qsl(urlsplit(request.target).query))
            return self._list(query.get("prefix", ""), query.get("continuation-token"))
        file = self.home / path.removeprefix("/exchange/")
        if not file.is_file():
            return Reply(b"<Error><Code>NoSuchKey</Code></Error>", status=404)
        if request.headers.get("if-match") not in (None, self._tag(file)):
            return Reply(b"<Error><Code>PreconditionFailed</Code></Error>", status=412)
        return Reply(file.read_bytes())

    def _list(self, prefix: str, token: str | None) -> Reply:
        files = sorted(one for one in (self.home / prefix).iterdir() if one.is_file())
        start = int(base64.b64decode(token)) if token else 0
        more = start + self.PAGE < len(files)
        following = base64.b64encode(str(start + self.PAGE).encode()).decode()
        contents = "".join(
            f"<Contents><Key>{prefix}{one.name}</Key><Size>{one.stat().st_size}</Size>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{self._tag(one)}</ETag>"
            "</Contents>"
            for one in files[start : start + self.PAGE]
        )
        tail = f"<NextContinuationToken>{following}</NextContinuationToken>" if more else ""
        text = (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{tail}</ListBucketResult>"
        )
        return Reply(text.encode(), headers={"Content-Type": "application/xml"})

    @staticmethod
    def _tag(file: Path) -> str:
        return f'"{file.stat().st_size:x}-{file.stat().st_mtime_ns:x}"'
