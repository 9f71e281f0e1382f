"""LDAP over the wire, against Debian's own slapd."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.retries import hurry
from schemas.errors import GiveUp, InvalidInput, RetryLater, SourceTrouble
from schemas.records import Page
from tests.contract.connectors.servers import keys, read_all, source_of

pytest.importorskip("ldap3", reason="the extra `ldap` is not installed")
SLAPD = Path("/usr/sbin/slapd")
pytestmark = pytest.mark.skipif(not SLAPD.exists(), reason="needs Debian's slapd")

FILE = """
connector: staff
kind: ldap
interface: urn:t:interface:staff
auth: {auth}
streams:
  customers:
    data_set: urn:t:data_set:staff
    filter: {filter}
    size: {size}
    key: uid
    map: {{kind: "'person'", family_name: sn}}
"""
BASE = "dc=town"
READER = f"{{type: basic, username: 'cn=reader,{BASE}', secret: 'env:STAFF'}}"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=town"
directory {place}/data
rootdn "cn=reader,dc=town"
rootpw w0rd
"""
PERSON = """dn: uid=p{0},dc=town
objectClass: inetOrgPerson
uid: p{0}
cn: Zoë {0}
sn: Name {0}
mail: a{0}@example.org
mail: b{0}@example.org

"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A directory with five people."""
    place = tmp_path_factory.mktemp("ldap")
    (place / "data").mkdir()
    (place / "slapd.conf").write_text(CONFIG.format(place=place))
    people = "".join(PERSON.format(number) for number in range(1, 6))
    top = "dn: dc=town\nobjectClass: domain\ndc: town\n\n"
    add = [shutil.which("slapadd") or "/usr/sbin/slapadd", "-f", str(place / "slapd.conf")]
    subprocess.run(add, input=(top + people).encode(), check=True, capture_output=True)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    url = f"ldap://127.0.0.1:{port}"
    server = subprocess.Popen(
        [SLAPD, "-f", str(place / "slapd.conf"), "-h", url, "-d", "0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"{url}/{BASE}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF", "w0rd")


def read(
    url: str, filter_: str = "(uid=*)", size: int = 2, auth: str = READER, **options: Any
) -> list[Page]:
    text = FILE.format(auth=auth, filter=repr(filter_), size=size)
    return read_all(source_of(text, url), **options)


def test_a_directory_is_read_in_pages_of_any_size(directory: str) -> None:
    whole = {size: sorted(keys(read(directory, size=size), "uid")) for size in (1, 2, 100)}

    assert set(map(tuple, whole.values())) == {("p1", "p2", "p3", "p4", "p5")}


def test_one_value_is_text_and_several_are_a_list(directory: str) -> None:
    [record] = read(directory, "(uid=p3)")[0].records

    assert record.value["cn"] == "Zoë 3"
    assert record.value["mail"] == ["a3@example.org", "b3@example.org"]
    assert record.value["dn"] == "uid=p3,dc=town"


def test_a_search_goes_on_after_any_page(directory: str) -> None:
    pages = read(directory)

    for number, page in enumerate(pages[:-1]):
        rest = keys(pages[number + 1 :], "uid")
        assert keys(read(directory, cursor=page.cursor), "uid") == rest


def test_a_directory_that_changed_meanwhile_is_read_anew(directory: str) -> None:
    cursor = read(directory)[0].cursor
    pages: list[Page] = []

    with pytest.raises(RetryLater, match="starts again"):
        read(directory, "(!(uid=p2))", cursor=cursor, into=pages)

    assert pages[-1].cursor.position is None
    assert not pages[-1].last


def test_nothing_found_is_an_empty_list_and_nothing_else_is(directory: str) -> None:
    assert read(directory, "(uid=nobody)")[-1].last
    for url, filter_ in (
        (directory.replace(BASE, "dc=elsewhere"), "(uid=*)"),
        (directory, "(&(uid=*)"),
    ):
        with pytest.raises(SourceTrouble):
            read(url, filter_)


def test_a_wrong_word_opens_nothing_and_is_not_shown(
    directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAFF", "wr0ng-w0rd")

    with pytest.raises(GiveUp, match="refuses to let us in") as caught:
        read(directory)
    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["ldap://127.0.0.1", "http://127.0.0.1/dc=x", "ldap://u:p@127.0.0.1/dc=x", "ldap:///"],
)
def test_an_address_that_says_too_little_or_too_much_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        read(address)


def test_a_directory_that_is_away_is_left_for_later() -> None:
    token = hurry.set(0.001)
    try:
        with pytest.raises(RetryLater):
            read("ldap://127.0.0.1:9/dc=town")
    finally:
        hurry.reset(token)
