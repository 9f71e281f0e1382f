"""Sign short statements about who we are (JSON Web Tokens), as token servers and ZGW APIs want.

Signing one is a page of arithmetic over `cryptography`; reading other people's tokens, where all
the danger of this format lies, is no business of a connector and is not here.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
from pydantic import SecretStr

from schemas.errors import Misconfigured

RSA_BITS_MIN = 2048
"""Shorter keys are refused everywhere since 2014."""


class KeyUnusable(Misconfigured):
    """A private key cannot be used to sign in."""

    code = "key_unusable"
    remedy = "Write an RSA (2048 bits or more), P-256 or Ed25519 key as PEM without a passphrase."


def signed_with_secret(
    claims: Mapping[str, Any], secret: SecretStr, *, key_id: str | None = None
) -> str:
    """Return claims signed with a shared secret.

    Source: RFC 7515; RFC 7518, section 3.2 (HS256).
    """
    word = secret.get_secret_value().encode()
    head = {"alg": "HS256"} | ({} if key_id is None else {"kid": key_id})
    return _signed(head, claims, lambda body: hmac.digest(word, body, hashlib.sha256))


def signed_with_key(
    claims: Mapping[str, Any],
    key: SecretStr,
    *,
    key_id: str | None,
    algorithm: str | None = None,
) -> str:
    """Return claims signed with a private key.

    Args:
        claims: What is said.
        key: The key, as PEM.
        key_id: Name under which the reader knows the key.
        algorithm: How it has to be signed; by default as the key allows.

    Raises:
        KeyUnusable: It is no key, of no sort that servers take, or not for that algorithm.

    Source: RFC 7518, sections 3.3 (RS256) and 3.4 (ES256); RFC 8037 (EdDSA).
    """
    # Loading the library takes 40 ms that most sources need not wait for.
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(key.get_secret_value().encode(), password=None)
    except (ValueError, TypeError):
        raise KeyUnusable("The private key to sign in with cannot be read.") from None
    head = {} if key_id is None else {"kid": key_id}
    sign: Callable[[bytes], bytes]
    match private:
        case RSAPrivateKey() if private.key_size >= RSA_BITS_MIN:
            found, sign = "RS256", partial(_rsa, private)
        case EllipticCurvePrivateKey() if isinstance(private.curve, SECP256R1):
            found, sign = "ES256", partial(_curve, private)
        case Ed25519PrivateKey():
            found, sign = "EdDSA", private.sign
        case _:
            raise KeyUnusable("The private key to sign in with is of no sort that servers take.")
    if algorithm not in (None, found):
        raise KeyUnusable(
            f"The private key to sign in with is for {found}, not for {algorithm}.",
            remedy="Correct `algorithm` under auth, or name the key of that sort.",
        )
    return _signed({"alg": found, **head}, claims, sign)


def _rsa(private: Any, body: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return bytes(private.sign(body, PKCS1v15(), SHA256()))


def _curve(private: Any, body: bytes) -> bytes:
    """Sign with P-256; the standard wants the two numbers bare, 32 bytes each."""
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    first, second = decode_dss_signature(private.sign(body, ECDSA(SHA256())))
    return first.to_bytes(32, "big") + second.to_bytes(32, "big")


def _signed(
    head: Mapping[str, str], claims: Mapping[str, Any], sign: Callable[[bytes], bytes]
) -> str:
    body = b".".join(_plain(msgspec.json.encode(part)) for part in ({**head, "typ": "JWT"}, claims))
    return b".".join((body, _plain(sign(body)))).decode("ascii")


def _plain(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
