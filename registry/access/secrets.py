"""Secrets of sources, sealed in the database under a key that is never in it.

Each is encrypted by AES-256-GCM with its own name as part of the seal, so that a row copied to
another name, and a stolen backup, open nothing. The key is a setting; its short name stands
beside each secret, so that a new key can be brought in while the old one still opens.

Source: NIST SP 800-38D (GCM).
"""

import base64
import binascii
import hashlib
import os
from datetime import datetime
from typing import NamedTuple

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from registry.settings import Settings
from schemas.errors import InvalidInput, Misconfigured, UnknownName

KEY_BYTES = 32
NONCE_BYTES = 12
NAME_CHARACTERS_MAX = 100
VALUE_BYTES_MAX = 16_384
"""Longer than any key, token or certificate chain."""


class SecretsLocked(Misconfigured):
    """The key of the secret store is missing, or not the one a secret was sealed with."""

    code = "secrets_locked"
    remedy = (
        "Set TOWNCLERK_SECRETS_KEY to 32 random bytes in base64 (`townclerk secret key`); "
        "after a change of key, keep the old one as TOWNCLERK_SECRETS_KEY_OLD until "
        "`townclerk secret rotate` is done."
    )


class StoredName(NamedTuple):
    """What may be told about a secret: never the secret."""

    name: str
    key_id: str
    changed_at: datetime


def new_key() -> str:
    """Return a fresh key, as the setting takes it."""
    return base64.b64encode(os.urandom(KEY_BYTES)).decode()


def keep_secret(db: psycopg.Connection, settings: Settings, name: str, value: SecretStr) -> None:
    """Seal a secret and keep it under a name; an older one of that name is gone.

    Raises:
        InvalidInput: It is empty, or longer than any secret.
        SecretsLocked: There is no key.
    """
    plain = value.get_secret_value().encode()
    if not 0 < len(plain) <= VALUE_BYTES_MAX:
        raise InvalidInput(f"A secret has between 1 and {VALUE_BYTES_MAX} bytes.")
    key = _keys(settings)[0]
    nonce = os.urandom(NONCE_BYTES)
    db.execute(
        """INSERT INTO stored_secret (name, key_id, nonce, sealed, changed_at)
           VALUES (%s, %s, %s, %s, now())
           ON CONFLICT (name) DO UPDATE
           SET key_id = excluded.key_id, nonce = excluded.nonce, sealed = excluded.sealed,
               changed_at = excluded.changed_at""",
        (name, _key_id(key), nonce, AESGCM(key).encrypt(nonce, plain, name.encode())),
    )


def open_secret(db: psycopg.Connection, settings: Settings, name: str) -> SecretStr:
    """Return a secret by its name.

    Raises:
        UnknownName: There is none of that name.
        SecretsLocked: None of our keys opens it.
    """
    row = db.execute(
        "SELECT key_id, nonce, sealed FROM stored_secret WHERE name = %s", (name,)
    ).fetchone()
    if row is None:
        raise UnknownName(
            f"No secret is kept under `{name}`.", remedy=f"`townclerk secret set {name}` keeps one."
        )
    for key in _keys(settings):
        if _key_id(key) == row[0]:
            try:
                return SecretStr(AESGCM(key).decrypt(row[1], row[2], name.encode()).decode())
            except InvalidTag:
                break
    raise SecretsLocked(f"The key of the secret store does not open `{name}`.", name=name)


def forget_secret(db: psycopg.Connection, name: str) -> None:
    """Forget a secret.

    Raises:
        UnknownName: There is none of that name.
    """
    if db.execute("DELETE FROM stored_secret WHERE name = %s", (name,)).rowcount == 0:
        raise UnknownName(f"No secret is kept under `{name}`.")


def list_secrets(db: psycopg.Connection) -> list[StoredName]:
    """Return the names of what is kept, and when it was last changed."""
    rows = db.execute("SELECT name, key_id, changed_at FROM stored_secret ORDER BY name")
    return [StoredName(*row) for row in rows]


def rotate_secrets(db: psycopg.Connection, settings: Settings) -> int:
    """Seal everything anew that an older key sealed; return how many.

    Raises:
        SecretsLocked: One cannot be opened; then nothing changes.
    """
    present = _key_id(_keys(settings)[0])
    old = [one.name for one in list_secrets(db) if one.key_id != present]
    for name in old:
        keep_secret(db, settings, name, open_secret(db, settings, name))
    return len(old)


def _keys(settings: Settings) -> list[bytes]:
    """Return our keys, the present one first."""
    given = (settings.secrets_key, settings.secrets_key_old)
    keys = [_key(one.get_secret_value()) for one in given if one is not None]
    if settings.secrets_key is None:
        raise SecretsLocked("TOWNCLERK_SECRETS_KEY is not set, so no secret can be kept or opened.")
    return keys


def _key(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise SecretsLocked("The key of the secret store is not 32 bytes in base64.")
    return key


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"townclerk secret store" + key).hexdigest()[:12]
