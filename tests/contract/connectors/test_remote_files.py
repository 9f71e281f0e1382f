"""Files over SFTP, WebDAV and S3 are read as those of a folder are, and from nowhere else."""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.files.s3 import sign
from connectors.sdk.addresses import AddressRefused
from connectors.sdk.auth import S3Auth
from schemas.errors import GiveUp, InvalidInput, RetryLater
from tests.contract.connectors.file_servers import (
    CLIENT_KEY,
    HOST_LINE,
    PASSWORD,
    USER,
    Bucket,
    sftp,
    webdav,
)
from tests.contract.connectors.servers import Server, keys, read_all, source_of

FILE = """
connector: waste
kind: files
auth: {auth}
streams:
  customers:
    files: "w*.csv"
    size: 3
    key: id
    map: {{kind: "'person'", family_name: name}}
"""
SSH = f"{{type: ssh, username: {USER}, secret: 'env:X', host_key: '{HOST_LINE}'}}"
BASIC = f"{{type: basic, username: {USER}, secret: 'env:X'}}"
S3 = "{type: s3, key_id: AKTOWN, secret: 'env:X'}"


def fill(home: Path) -> None:
    (home / "out").mkdir()
    for number in range(5):
        rows = "".join(f"{number}-{row},Jansen\n" for row in range(5))
        (home / "out" / f"w{number}.csv").write_text(f"id,name\n{rows}")
        os.utime(home / "out" / f"w{number}.csv", (1_700_000_000, 1_700_000_000))
    (home / "out" / "readme.txt").write_text("not ours")
    (home / "out" / "w-folder.csv").mkdir()


EVERYTHING = [f"{number}-{row}" for number in range(5) for row in range(5)]


@contextmanager
def by_sftp(home: Path) -> Iterator[tuple[str, str]]:
    with sftp(home) as port:
        yield f"sftp://127.0.0.1:{port}/out", SSH


@contextmanager
def by_webdav(home: Path) -> Iterator[tuple[str, str]]:
    with webdav(home) as port:
        yield f"dav://127.0.0.1:{port}/out", BASIC


@contextmanager
def by_s3(home: Path) -> Iterator[tuple[str, str]]:
    server = Server(Bucket(home).answer)
    try:
        yield f"s3+http://127.0.0.1:{server.port}/exchange/out", S3
    finally:
        server.close()


WAYS = {"sftp": by_sftp, "webdav": by_webdav, "s3": by_s3}
Opened = Callable[..., Any]


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, Opened]]:
    """Give a folder that is served, and a way to a source that reads it."""
    fill(tmp_path)
    with ExitStack() as stack:
        address, auth = stack.enter_context(WAYS[request.param](tmp_path))

        def opened(secret: str = PASSWORD, **options: Any) -> Any:
            wanted = {"internal": True, "secret": lambda _: SecretStr(secret), **options}
            return source_of(FILE.format(auth=auth), address, **wanted)

        yield tmp_path / "out", opened


def test_every_file_is_read_in_order_and_resumed_from_any_page(place: tuple[Path, Opened]) -> None:
    _, opened = place
    pages = read_all(opened())

    assert keys(pages) == EVERYTHING
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    for number in (0, 3, len(pages) - 2):
        rest = read_all(opened(), cursor=pages[number].cursor)
        assert keys(rest) == keys(pages[number + 1 :])


def test_a_file_that_was_written_again_is_read_from_its_start(place: tuple[Path, Opened]) -> None:
    home, opened = place
    pages = read_all(opened())
    (home / "w0.csv").write_text("id,name\n" + "".join(f"new-{row},Jansen\n" for row in range(4)))
    os.utime(home / "w0.csv", (1_700_000_100, 1_700_000_100))

    rest = read_all(opened(), cursor=pages[0].cursor)

    assert keys(rest)[:5] == ["new-0", "new-1", "new-2", "new-3", "1-0"]


def test_no_file_at_all_is_no_empty_list(place: tuple[Path, Opened]) -> None:
    home, opened = place
    for file in home.glob("w?.csv"):
        file.unlink()

    with pytest.raises(GiveUp, match=r"No file in .* matches"):
        read_all(opened())


def test_an_address_of_this_machine_is_refused_before_a_byte_is_sent(
    place: tuple[Path, Opened],
) -> None:
    _, opened = place

    with pytest.raises(AddressRefused):
        read_all(opened(loopback=False))


def test_copies_are_gone_after_a_read(
    place: tuple[Path, Opened], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, opened = place
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))

    read_all(opened())

    assert list((tmp_path / "copies").iterdir()) == []


@pytest.mark.parametrize("way", ["sftp", "webdav"])
def test_a_wrong_password_is_told_without_the_password(tmp_path: Path, way: str) -> None:
    fill(tmp_path)
    with WAYS[way](tmp_path) as (address, auth):
        source = source_of(FILE.format(auth=auth), address, internal=True,
                           secret=lambda _: SecretStr("wrong-canary"))  # fmt: skip
        with pytest.raises(GiveUp, match="refuses to let us in") as caught:
            read_all(source)

    assert "wrong-canary" not in str(caught.value.as_dict())


def test_a_private_key_opens_sftp(tmp_path: Path) -> None:
    fill(tmp_path)
    text = io.StringIO()
    CLIENT_KEY.write_private_key(text)
    with by_sftp(tmp_path) as (address, auth):
        source = source_of(FILE.format(auth=auth), address, internal=True,
                           secret=lambda _: SecretStr(text.getvalue()))  # fmt: skip
        assert keys(read_all(source)) == EVERYTHING


def test_an_sftp_server_with_another_key_is_told_no_password(tmp_path: Path) -> None:
    fill(tmp_path)
    kind, key = HOST_LINE.split()
    other = f"{kind} {key[:-8]}AAAAAAA="
    with sftp(tmp_path) as port:
        auth = SSH.replace(HOST_LINE, other)
        asked: list[str] = []
        source = source_of(FILE.format(auth=auth), f"sftp://127.0.0.1:{port}/out", internal=True,
                           secret=lambda name: asked.append(name) or SecretStr("x"))  # fmt: skip
        with pytest.raises(GiveUp, match="another key"):
            read_all(source)
    assert asked == []


def test_a_file_that_changes_between_list_and_download_is_read_again(tmp_path: Path) -> None:
    fill(tmp_path)

    def grow(path: str) -> None:
        with (tmp_path / path.lstrip("/")).open("a") as file:
            file.write("9-9,Late\n")

    with sftp(tmp_path, before_open=grow) as port:
        source = source_of(FILE.format(auth=SSH), f"sftp://127.0.0.1:{port}/out", internal=True,
                           secret=lambda _: SecretStr(PASSWORD))  # fmt: skip
        with pytest.raises(RetryLater, match="changed while it was fetched"):
            read_all(source)


@pytest.mark.parametrize(
    ("address", "auth", "told"),
    [
        ("ftp://host/out", "{type: none}", "must be a folder"),
        ("sftp://host/out", BASIC, "not opened with"),
        ("file:///srv", BASIC, "not opened with"),
        ("s3://host", S3, "names no bucket"),
        ("sftp://user@host/out", SSH, "must be a folder"),
        ("dav://192.0.2.1/out", BASIC, "unencrypted"),
    ],
)
def test_an_address_that_cannot_be_opened_is_refused(address: str, auth: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        read_all(
            source_of(
                FILE.format(auth=auth), address, loopback=False, secret=lambda _: SecretStr("x")
            )
        )


NAMES = ["../w1.csv", "..\\w1.csv", "w1.csv/../../etc"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_out_of_the_folder_is_left_out(tmp_path: Path, name: str) -> None:
    fill(tmp_path)
    bucket = Bucket(tmp_path)

    def answer(request: Any) -> Any:
        reply = bucket.answer(request)
        reply.body = reply.body.replace(b"out/w1.csv", f"out/{name}".encode())
        return reply

    server = Server(answer)
    try:
        source = source_of(
            FILE.format(auth=S3), f"s3+http://127.0.0.1:{server.port}/exchange/out",
            internal=True, secret=lambda _: SecretStr("x"),
        )  # fmt: skip
        assert keys(read_all(source)) == [key for key in EVERYTHING if not key.startswith("1-")]
    finally:
        server.close()


def test_requests_to_an_object_store_are_signed_as_amazon_shows() -> None:
    """The example "GET Bucket (List Objects)" of the Amazon S3 API Reference."""
    auth = S3Auth(type="s3", key_id="AKIAIOSFODNN7EXAMPLE", secret="env:X")
    target, headers = sign(
        auth, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "examplebucket.s3.amazonaws.com", "/",
        {"max-keys": "2", "prefix": "J"}, at=datetime(2013, 5, 24, tzinfo=UTC),
    )  # fmt: skip

    assert target == "/?max-keys=2&prefix=J"
    assert headers["Authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
