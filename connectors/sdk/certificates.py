"""Whom we trust over TLS, and who we are there: the machine's authorities and our certificate."""

import os
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from connectors.sdk.auth import ClientCertificate
from schemas.errors import Misconfigured


class CertificateUnusable(Misconfigured):
    """Our certificate, its key or an authority's certificate cannot be used."""

    code = "certificate_unusable"
    remedy = (
        "Write certificate and key as PEM, the key without a passphrase, and see that they belong "
        "together."
    )


def tls_context(
    ours: ClientCertificate | None, secret: Callable[[str], SecretStr]
) -> ssl.SSLContext | bool:
    """Return how TLS is spoken with a source.

    Trust is what this machine trusts, so that a municipality's own authority works.

    Args:
        ours: Our certificate, where the source asks for one.
        secret: Turns a reference into what it points to.

    Returns:
        The context, or True where this machine has no authorities and the HTTP library's own
        list has to do.

    Raises:
        CertificateUnusable: Certificate and key do not fit.
    """
    context = ssl.create_default_context()
    if ours is None:
        return context if context.cert_store_stats()["x509_ca"] else True
    try:
        if ours.authority is not None:
            context.load_verify_locations(cadata=secret(ours.authority).get_secret_value())
        _load_ours(
            context,
            secret(ours.certificate).get_secret_value(),
            secret(ours.secret).get_secret_value(),
        )
    except (ssl.SSLError, ValueError):
        raise CertificateUnusable("Our certificate for this source cannot be loaded.") from None
    return context


def _load_ours(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load certificate and key; OpenSSL reads them from a file only, so one lives for a moment."""
    handle, name = tempfile.mkstemp(prefix="townclerk-")
    try:
        with os.fdopen(handle, "w", encoding="ascii", errors="replace") as file:
            file.write(f"{certificate.strip()}\n{key.strip()}\n")
        context.load_cert_chain(name, password=lambda: "")
    finally:
        Path(name).unlink()
