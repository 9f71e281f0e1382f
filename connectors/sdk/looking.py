"""What a look at a running interface brings: the answer as it came, and how it was secured."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Look(NamedTuple):
    """An answer as it came, whatever its status, and how the connection was secured.

    Attributes:
        status: HTTP status.
        headers: Header fields, names in lower case.
        body: Unpacked bytes.
        tls: Version such as `TLSv1.3`; empty without TLS.
        certificate_ends: When the certificate ends, as the certificate writes it; empty without.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    tls: str
    certificate_ends: str


def secured_by(extensions: Mapping[str, Any]) -> tuple[str, str]:
    """Return version of TLS and end of the certificate of the connection of an answer."""
    stream = extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream is not None else None
    if secured is None:
        return "", ""
    return secured.version() or "", str((secured.getpeercert() or {}).get("notAfter", ""))
