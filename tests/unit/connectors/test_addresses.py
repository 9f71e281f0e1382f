"""Which addresses a source may have."""

import asyncio
import ipaddress

import pytest

from connectors.sdk.addresses import AddressRefused, checked_addresses, refusal
from schemas.errors import RetryLater

ALWAYS_REFUSED = [
    "169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "fd00:ec2::254", "fd20:ce::254", "169.254.1.1", "fe80::1", "0.0.0.0", "::", "224.0.0.1",
    "ff02::1", "255.255.255.255", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1", "::ffff:0.0.0.0",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fc00::1", "::ffff:10.0.0.1"]
PUBLIC = ["93.184.216.34", "2a00:1450:400e::1"]


def allowed(text: str, *, internal: bool = False, loopback: bool = False) -> bool:
    return not refusal(ipaddress.ip_address(text), internal=internal, loopback=loopback)


@pytest.mark.parametrize("text", ALWAYS_REFUSED)
def test_some_addresses_are_refused_whatever_is_registered(text: str) -> None:
    assert not allowed(text, internal=True, loopback=True)


@pytest.mark.parametrize("text", LOOPBACK)
def test_this_machine_is_for_the_sandbox_only(text: str) -> None:
    assert allowed(text, loopback=True)
    assert not allowed(text, internal=True)


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_for_internal_interfaces_only(text: str) -> None:
    assert allowed(text, internal=True)
    assert not allowed(text)
    assert not allowed(text, loopback=True)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert allowed(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "::1"])
def test_a_host_is_judged_by_where_it_leads_not_by_how_it_is_written(host: str) -> None:
    with pytest.raises((AddressRefused, RetryLater)):
        asyncio.run(checked_addresses(host, 80, internal=True, loopback=False))


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "a..b", "-", "exa mple"])
def test_a_name_that_cannot_be_resolved_is_for_later(host: str) -> None:
    with pytest.raises(RetryLater):
        asyncio.run(checked_addresses(host, 80, internal=True, loopback=True))
