"""Decide which network addresses a source may have, before a byte is sent.

A registered address is typed by people and answered by a name server, so either can point where
a server should never be sent: the cloud's metadata service, this machine, the inner network.
The addresses checked here are the ones connected to; nobody asks the name server again.
"""

import asyncio
import ipaddress
import socket

from schemas.errors import GiveUp, RetryLater

ADDRESSES_MAX = 16
"""More addresses for one name are no help and one of them may be hostile."""

RESOLVE_SECONDS_MAX = 10.0
"""A name server that is slower than this is down for our purpose."""

CONNECT_SECONDS_MAX = 10.0
"""A server that does not take a connection in this time is down for our purpose."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack, Hetzner, DigitalOcean
        "169.254.170.2",  # AWS containers
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's wire server, a public address
        "192.0.0.192",  # Oracle, older machines
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class AddressRefused(GiveUp):
    """A source's name leads to an address that it must not have."""

    code = "address_refused"
    remedy = (
        "Correct the address in the register; if the system stands in the inner network, "
        "register its interface as internal."
    )


async def checked_addresses(host: str, port: int, *, internal: bool, loopback: bool) -> list[str]:
    """Resolve a host once and return the addresses that may be connected to.

    Args:
        host: Name or address.
        port: Port; some name servers answer by service.
        internal: Private addresses are allowed.
        loopback: Loopback addresses are allowed.

    Raises:
        AddressRefused: At least one of its addresses is not allowed.
        RetryLater: The name cannot be resolved now.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(RESOLVE_SECONDS_MAX):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise RetryLater(f"The name {host} cannot be resolved now.", host=host) from None
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))[:ADDRESSES_MAX]
    for text in texts:
        why = refusal(ipaddress.ip_address(text), internal=internal, loopback=loopback)
        if why:
            raise AddressRefused(f"{host} leads to {why}, which is not allowed here.", host=host)
    return texts


def checked_socket(path: str, *, loopback: bool) -> None:
    """Refuse a socket in the file system: whoever listens there is this machine.

    Raises:
        AddressRefused: Loopback is not allowed.
    """
    if not loopback:
        raise AddressRefused(f"{path} leads to this machine itself, which is not allowed here.")


def refusal(address: Address, *, internal: bool, loopback: bool) -> str:
    """Say why an address is refused; empty when it is allowed."""
    address = _unwrapped(address)
    if address in _METADATA:
        return "a cloud's metadata service"
    if address.is_loopback:
        return "" if loopback else "this machine itself"
    if address.is_link_local:
        return "a link-local address"
    if address.is_unspecified or address.is_multicast or address == _broadcast(address):
        return "an address that no server has"
    if not address.is_global and not internal:
        return "a private address"
    return ""


def _broadcast(address: Address) -> Address | None:
    return ipaddress.IPv4Address("255.255.255.255") if address.version == 4 else None


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address.teredo is not None:
        inner = address.teredo[1]
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is None and int(address) >> 32 == 0 and int(address) > 1:
        inner = ipaddress.IPv4Address(int(address))
    return inner or address
