"""Under which account of this machine the embedded PostgreSQL server runs.

PostgreSQL refuses to run as root. We never create an account: root starts the server under an
unprivileged one that exists, everybody else under their own.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import StorageUnusable

# Accounts root may use, best first: one made for us by the administrator, then the one
# that every Unix has.
UNPRIVILEGED = ("townclerk", "nobody")
SHARED = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """One account; `switch` when we are root and have to become it."""

    name: str
    uid: int
    gid: int
    switch: bool

    def popen_options(self) -> dict[str, Any]:
        """Return the options of subprocess that run a program under this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a path that we made to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def choose_account(data: Path) -> Account:
    """Return who runs the server: the owner of existing data, else ourselves or nobody.

    Args:
        data: PostgreSQL's data directory; need not exist.

    Raises:
        StorageUnusable: The data belongs to somebody else, or this account has no name.
    """
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if me != 0:
        if owner not in {None, me}:
            raise StorageUnusable(
                f"The database in {data} belongs to the account {_name(owner or 0)}.",
                remedy="Start Townclerk as that account, or choose another TOWNCLERK_DATA_DIR.",
            )
        entry = _entry(me)
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)
    if owner == 0:
        raise StorageUnusable(
            f"The database in {data} belongs to root, and PostgreSQL refuses to run as root.",
            remedy=f"Give it to an unprivileged account: chown -R {SHARED} {data}",
        )
    entry = _unprivileged() if owner is None else _entry(owner)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def names_let_in(account: Account) -> list[str]:
    """Return the accounts whose processes may use the database: root, ourselves, the owner.

    The owner is left out where it is the account that unrelated services share.
    """
    names = {"root", _entry(os.geteuid()).pw_name}
    if not (account.switch and account.name == SHARED):
        names.add(account.name)
    return sorted(names)


def _entry(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError as error:
        raise StorageUnusable(
            f"The account with number {uid} has no name on this machine, which PostgreSQL needs.",
            remedy="Add the account to /etc/passwd, or use a database server with DATABASE_URL.",
        ) from error


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"


def _unprivileged() -> pwd.struct_passwd:
    for name in UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StorageUnusable(
        f"Root cannot run PostgreSQL, and this machine has no account {' or '.join(UNPRIVILEGED)}.",
        remedy="Start Townclerk as an ordinary user, or set DATABASE_URL.",
    )
