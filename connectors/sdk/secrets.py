"""Turn a reference to a secret into the secret, as late as possible.

Connector files hold references only: `env:NAME`, `file:/PATH` readable by its owner alone, or
`store:NAME`, which only whoever has the register at hand can resolve.
"""

import os
import stat
from pathlib import Path

from pydantic import SecretStr

from schemas.errors import Misconfigured

SECRET_BYTES_MAX = 16_384
"""Longer than any key or token; a reference to a log file must not be read into memory."""


STORE_PREFIX = "store:"
"""Begins a reference to the sealed store in the database, which no connector ever sees."""


class SecretUnavailable(Misconfigured):
    """A secret cannot be read from where the connector file says it lies."""

    code = "secret_unavailable"
    remedy = "Set the variable, or write the file so that only its owner can read it (chmod 600)."


def resolve_secret(reference: str) -> SecretStr:
    """Return the secret a reference points to.

    Args:
        reference: `env:NAME` or `file:/PATH`.

    Raises:
        SecretUnavailable: Nothing there, or others could read it.
    """
    scheme, _, place = reference.partition(":")
    if scheme == "env":
        value = os.environ.get(place, "")
    elif scheme == "file":
        value = _read(Path(place))
    elif reference.startswith(STORE_PREFIX):
        raise SecretUnavailable(
            f"The secret {reference} lies in the register's store, which is not open here.",
            remedy="Run the registered source, or name the secret by env: or file: instead.",
        )
    else:
        raise SecretUnavailable("A reference to a secret begins with env: or file:.")
    if not value:
        raise SecretUnavailable(f"The secret {reference} is empty or not set.", reference=reference)
    return SecretStr(value)


def _read(path: Path) -> str:
    """Read a secret file; the rights are those of the file opened, not of one swapped in later."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise SecretUnavailable(
            f"The secret file {path} cannot be opened: {error.strerror}."
        ) from None
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise SecretUnavailable(f"The secret {path} is not a plain file.")
        if stat.S_IMODE(facts.st_mode) & 0o077:
            raise SecretUnavailable(f"Others than its owner may read the secret file {path}.")
        content = os.read(handle, SECRET_BYTES_MAX + 1)
    finally:
        os.close(handle)
    if len(content) > SECRET_BYTES_MAX:
        raise SecretUnavailable(f"The secret file {path} is larger than {SECRET_BYTES_MAX} bytes.")
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise SecretUnavailable(f"The secret file {path} is not text in UTF-8.") from None
