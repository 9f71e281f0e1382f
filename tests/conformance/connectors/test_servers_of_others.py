"""Files over S3, WebDAV and SFTP, and a Singer tap, from programs that other people wrote.

They are installed into an environment of their own, which is gone afterwards; where they cannot
be had, the tests say so and are skipped. The S3 server checks every signature.
"""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.errors import SourceTrouble
from tests.contract.connectors.servers import (
    Reply,
    Request,
    Server,
    keys,
    people,
    read_all,
    source_of,
)

pytestmark = pytest.mark.heavy

SERVERS = ("moto[s3,server]>=5.1,<6", "wsgidav>=4.3,<5", "cheroot>=10,<12", "asyncssh>=2.20,<3")
TAPS = ("tap-rest-api-msdk>=1.4,<2", "setuptools<81")  # it needs pkg_resources and does not say so
INSTALL_SECONDS_MAX = 300
START_SECONDS_MAX = 30
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
EVERYTHING = [f"{number}-{row}" for number in range(5) for row in range(5)]
BUCKET = """
import json, sys, urllib.request
import boto3
address, home = sys.argv[1:]
def client(name):
    return boto3.client(name, endpoint_url=address, region_name="us-east-1",
                        aws_access_key_id="a", aws_secret_access_key="b")
iam, s3 = client("iam"), client("s3")
iam.create_user(UserName="townclerk")
key = iam.create_access_key(UserName="townclerk")["AccessKey"]
allowed = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
iam.put_user_policy(UserName="townclerk", PolicyName="read", PolicyDocument=policy)
s3.create_bucket(Bucket="exchange")
from pathlib import Path
for file in Path(home).iterdir():
    s3.put_object(Bucket="exchange", Key=f"out & more/{file.name}", Body=file.read_bytes())
for number in range(1100):
    s3.put_object(Bucket="exchange", Key=f"out & more/a{number}.txt", Body=b"")
s3.put_object(Bucket="exchange", Key="out & more/deeper/w9.csv", Body=b"id,name\\n9,x\\n")
request = urllib.request.Request(address + "/moto-api/reset-auth", data=b"0",
    headers={"Content-Type": "text/plain"})
urllib.request.urlopen(request).read()
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""
SFTP = """
import asyncio, sys
import asyncssh
port, home = int(sys.argv[1]), sys.argv[2]
class Door(asyncssh.SSHServer):
    def begin_auth(self, username): return True
    def password_auth_supported(self): return True
    def validate_password(self, username, password):
        return (username, password) == ("townclerk", "s3cr3t word")
async def main():
    key = asyncssh.generate_private_key("ssh-ed25519")
    await asyncssh.listen("127.0.0.1", port, server_factory=Door, server_host_keys=[key],
        sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=home))
    print(" ".join(key.export_public_key().decode().split()[:2]), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
DAV = """
provider_mapping: {{"/": "{home}"}}
simple_dc: {{user_mapping: {{"*": {{"townclerk": {{password: "s3cr3t word"}}}}}}}}
http_authenticator: {{accept_basic: true, accept_digest: false, default_to_digest: false}}
"""


def environment(folder: Path, packages: tuple[str, ...]) -> Path:
    """Install packages into an environment of their own and return its programs' folder."""
    uv = Path(sys.executable).with_name("uv")
    commands: list[list[str]] = [
        [str(uv), "venv", "--quiet", "--python", sys.executable, str(folder)],
        [str(uv), "pip", "install", "--quiet", "--python", str(folder / "bin/python"), *packages],
    ]
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS_MAX)
        except (OSError, subprocess.SubprocessError):
            pytest.skip(f"not to be had here: {', '.join(packages)}")
    return folder / "bin"


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("servers") / "v", SERVERS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "out"
    home.mkdir()
    for number in range(5):
        rows = "".join(f"{number}-{row},Jansen\n" for row in range(5))
        (home / f"w{number}.csv").write_text(f"id,name\n{rows}")
    (home / "readme.txt").write_text("not ours")
    return home


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running(*command: str | Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run a server until it is no longer needed; it listens before we go on."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        ends = time.monotonic() + START_SECONDS_MAX
        while True:
            with socket.socket() as door:
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, "it ended at once"
            assert time.monotonic() < ends, "it does not listen"
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.communicate()


def read(auth: str, address: str, secret: str) -> list[Any]:
    source = source_of(
        FILE.format(auth=auth), address, internal=True, secret=lambda _: SecretStr(secret)
    )
    return keys(read_all(source))


def test_a_bucket_of_another_server_is_read_whole_with_signatures_that_it_checks(
    programs: Path, home: Path
) -> None:
    port = free_port()
    with running(programs / "moto_server", "-H", "127.0.0.1", "-p", str(port), port=port):
        made = subprocess.run(
            [programs / "python", "-c", BUCKET, f"http://127.0.0.1:{port}", home],
            check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX,
        )  # fmt: skip
        key, secret = json.loads(made.stdout)
        auth = f"{{type: s3, key_id: {key}, secret: 'env:X'}}"
        address = f"s3+http://127.0.0.1:{port}/exchange/out & more"

        assert read(auth, address, secret) == EVERYTHING
        with pytest.raises(SourceTrouble):
            read(auth, address, secret[::-1])


def test_a_collection_of_another_webdav_server_is_read_whole(
    programs: Path, home: Path, tmp_path: Path
) -> None:
    port, config = free_port(), tmp_path / "dav.yaml"
    config.write_text(DAV.format(home=home.parent))
    server = [programs / "wsgidav", "--config", config, "--host", "127.0.0.1", "--port", str(port)]
    auth = "{type: basic, username: townclerk, secret: 'env:X'}"
    with running(*server, port=port):
        assert read(auth, f"dav://127.0.0.1:{port}/out", "s3cr3t word") == EVERYTHING
        with pytest.raises(SourceTrouble):
            read(auth, f"dav://127.0.0.1:{port}/out", "wrong")


def test_a_folder_of_another_sftp_server_is_read_whole(programs: Path, home: Path) -> None:
    port = free_port()
    with running(programs / "python", "-c", SFTP, str(port), home.parent, port=port) as server:
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        auth = f"{{type: ssh, username: townclerk, secret: 'env:X', host_key: '{line}'}}"
        assert read(auth, f"sftp://127.0.0.1:{port}/out", "s3cr3t word") == EVERYTHING
        with pytest.raises(SourceTrouble):
            read(auth, f"sftp://127.0.0.1:{port}/out", "wrong")
        stranger = auth.replace(line, line[:-8] + "AAAAAAAA")
        with pytest.raises(SourceTrouble):
            read(stranger, f"sftp://127.0.0.1:{port}/out", "s3cr3t word")


def test_a_tap_of_somebody_else_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(tmp_path / "tap-rest-api-msdk", TAPS)
    monkeypatch.setenv("TOWNCLERK_TAPS_DIR", str(tmp_path))

    def answer(request: Request) -> Reply:
        number = int(request.query.get("page", "1"))
        found = people(25)[(number - 1) * 10 : number * 10]
        return Reply.json({"data": found, "hasMore": number < 3})

    server = Server(answer)
    file = f"""
connector: crm
kind: singer
streams:
  customers:
    tap: tap-rest-api-msdk
    stream: people
    config:
      api_url: {server.url}
      pagination_request_style: page_number_paginator
      pagination_response_style: page
      pagination_page_size: 10
      streams: [{{name: people, path: /people, records_path: "$.data[*]", primary_keys: [id],
                  num_inference_records: 5}}]
    key: id
    map: {{kind: "'person'", family_name: name}}
"""
    try:
        found = keys(read_all(source_of(file, server.url)))
    finally:
        server.close()
    assert found == list(range(1, 26))
