"""Every error a person can meet, as one tree; each says what, why and what to do next.

    TownclerkError                 exit code 1
    ├── InvalidInput               exit code 2: the request itself is wrong
    │   └── UnknownName            a name, key or URN that nothing is registered under
    ├── Misconfigured              exit code 3: settings, files or rights of this machine
    │   └── WrongRelease           the database's tables are not those of this release
    ├── Unreachable                exit code 4: a server or database does not answer
    ├── Conflict                   somebody else changed or holds it
    │   └── StaleLease             a newer worker took the source over; this one must stop
    ├── AccessDenied               who asks may not do this
    └── SourceTrouble              what a connector raises, ordered by what happens next
        ├── RetryLater             try again after `wait_seconds`
        ├── GiveUp                 this run cannot go on; a person has to look
        └── RejectRecord           one record is wrong; quarantine it and go on

A `code` never changes once released: scripts, translations and docs/reference/errors.md hang on it.
Concrete errors live next to the code that raises them only if nobody else needs the name;
all others are subclasses here. Values of customers never enter a message, only keys and counts.
"""

from typing import Any, ClassVar


class TownclerkError(Exception):
    """Base of every error we raise on purpose.

    Args:
        what: What happened and why, one or two sentences, no customer values.
        remedy: What to do next; replaces the class's general remedy where the place knows better.
        facts: Keys and counts for logs and JSON answers.
    """

    code: ClassVar[str] = "townclerk_error"
    remedy: str = "Run `townclerk doctor`, which checks the usual causes one by one."
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, remedy: str | None = None, **facts: Any) -> None:
        super().__init__(what)
        self.what = what
        self.facts = facts
        if remedy is not None:
            self.remedy = remedy

    def as_dict(self) -> dict[str, Any]:
        """Return the error as it stands in JSON output, GraphQL extensions and logs."""
        return {"code": self.code, "what": self.what, "remedy": self.remedy, **self.facts}


class InvalidInput(TownclerkError):
    """The request is wrong; repeating it unchanged will fail again."""

    code = "invalid_input"
    remedy = "Correct the value named in the message and try again."
    exit_code = 2


class UnknownName(InvalidInput):
    """A name, key or URN that nothing is registered under."""

    code = "unknown_name"
    remedy = "List what is registered, for example with `townclerk landscape list`."


class InvalidConnectorFile(InvalidInput):
    """A connector file breaks its schema or one of its expressions does not parse."""

    code = "invalid_connector_file"
    remedy = "See docs/reference/connector-file.md; the message names the line of the file to mend."


class Misconfigured(TownclerkError):
    """A setting, file or right of this machine is not as it must be."""

    code = "misconfigured"
    exit_code = 3


class PortInUse(Misconfigured):
    """Another program listens on the port we were told to use."""

    code = "port_in_use"
    remedy = "Stop the other program, or choose another port with --port."


class StorageUnusable(Misconfigured):
    """The data directory cannot be used: rights, space, version or another program."""

    code = "storage_unusable"


class WrongRelease(Misconfigured):
    """The tables of the database are not those of this release of Townclerk."""

    code = "wrong_release"


class DatabaseOlder(WrongRelease):
    """The database belongs to an older release and was not brought up to date."""

    code = "database_older"
    remedy = (
        "Make a backup, then run `townclerk migrate` with the same DATABASE_URL or "
        "TOWNCLERK_DATA_DIR, as the account that owns the tables."
    )


class DatabaseNewer(WrongRelease):
    """The database belongs to a newer release than this program."""

    code = "database_newer"
    remedy = "It was used by a newer Townclerk: install that version, or restore a backup."


class DatabaseIncomplete(WrongRelease):
    """The database lacks tables or columns of the revision that it says it is at."""

    code = "database_incomplete"
    remedy = (
        "It was repaired by hand, restored in part, or made by a release that was never published: "
        "restore a backup, or name an empty database and run `townclerk migrate`."
    )


class Unreachable(TownclerkError):
    """A server we need does not answer."""

    code = "unreachable"
    exit_code = 4


class DatabaseUnreachable(Unreachable):
    """PostgreSQL does not answer or refuses us."""

    code = "database_unreachable"
    remedy = (
        "Check DATABASE_URL and that the server runs; `townclerk doctor` tells which part fails."
    )


class Conflict(TownclerkError):
    """Somebody else changed or holds what this request needs."""

    code = "conflict"
    remedy = "Read the current state and repeat the change on top of it."


class SourceBusy(Conflict):
    """Another worker is reading this source right now."""

    code = "source_busy"
    remedy = "Wait for the running sync; `townclerk sync status` shows its progress."


class StaleLease(Conflict):
    """A newer worker took the source over, so this worker's page is refused."""

    code = "stale_lease"
    remedy = "Nothing to do: the newer worker goes on from the last committed page."


class AccessDenied(TownclerkError):
    """Whoever asks may not do this."""

    code = "access_denied"
    remedy = "Ask an administrator for a token with the scope named in the message."


class SourceTrouble(TownclerkError):
    """Base of what a connector raises; subclasses say how we recover."""

    code = "source_trouble"


class RetryLater(SourceTrouble):
    """The source is busy or out of reach for a moment.

    Args:
        what: What happened and why.
        wait_seconds: How long the source asked us to wait; 0 leaves it to the back-off.
    """

    code = "source_retry_later"
    exit_code = 4
    remedy = (
        "A sync tries again by itself and goes on where it stopped. If it stays so, check that the "
        "address is right and the source is up."
    )

    def __init__(self, what: str, *, wait_seconds: float = 0.0, **facts: Any) -> None:
        super().__init__(what, **facts)
        self.wait_seconds = wait_seconds


class GiveUp(SourceTrouble):
    """This run cannot go on until a person changes something."""

    code = "source_give_up"
    exit_code = 4
    remedy = "Look at the source's answer with `townclerk sync status`, mend the cause, sync again."


class RejectRecord(SourceTrouble):
    """One record cannot be used; it goes to quarantine and the rest goes on.

    Args:
        what: Why, without the value itself.
        rule: Name of the rule that was broken; stable, one word with underscores.
        path: Where in the raw record, as a dotted path.
    """

    code = "record_rejected"
    remedy = "See it with `townclerk quarantine list`; mend the source or the mapping and replay."

    def __init__(self, what: str, *, rule: str, path: str, **facts: Any) -> None:
        super().__init__(what, **facts)
        self.rule = rule
        self.path = path
