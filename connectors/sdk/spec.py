"""The connector file as a model: who we read, how we sign in, and what its streams hold.

Options that only one kind knows stand beside that kind (`connectors/rest.py` and so on) in a
subclass of StreamSpec. docs/reference/connector-file.md is the same for people.
"""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from msgspec.structs import fields
from pydantic import Field, SerializeAsAny, StringConstraints, model_validator

from connectors.sdk.auth import Auth, ClientCertificate, NoAuth
from connectors.sdk.strict import Expression, Name, Strict, Urn, fault, unknown_name
from schemas.records import RECORD_TYPES, CanonicalRecord, CustomerRecord, RecordKind

STREAMS_MAX = 200
"""One file describes one interface; more streams are a sign of a generated mistake."""

REQUEST_SECONDS_MAX = 3_600
"""A source that needs an hour for one page cannot be read page by page."""

CANONICAL_FIELDS = frozenset(CustomerRecord.__struct_fields__) - {"key", "changed_at"}
"""What `map` may fill; the stream's `key` and `changed` fill the other two."""


def mapped_fields(record: type[CanonicalRecord]) -> dict[str, bool]:
    """Return what `map` may fill of a canonical record, and whether it has to."""
    found = {field.name: field.required for field in fields(record)}
    return {name: needed for name, needed in found.items() if name not in ("key", "changed_at")}


class DriftPolicy(StrEnum):
    """What to do where a raw field appears, or comes with a type it never had."""

    EVOLVE = "evolve"  # take note
    WARN = "warn"  # take note, and say so in the run
    QUARANTINE = "quarantine"  # refuse the record
    STOP = "stop"  # refuse to go on


class Vanished(StrEnum):
    """What to do with records that a complete scan no longer has."""

    WITHDRAW = "withdraw"  # take them out, where the scan is proved complete
    HOLD = "hold"  # always ask a steward
    KEEP = "keep"  # never take them out


class StreamSpec(Strict):
    """What every stream states, whatever its kind.

    Attributes:
        data_set: URN of the registered data set the records belong to; needed to register it.
        becomes: What its records become: customers, or something known around customers.
        customers: URN of the data set whose keys name those customers; needed to register it.
        key: Expression for the source's own key.
        changed: Expression for the change mark.
        map: Expression per field of the canonical record.
        drift: What to do where a raw field appears or changes its type; "*" stands for all others.
        vanished: What to do with records that a complete scan no longer has.
        vanished_share_max: Share of the stream that may vanish at once before a steward is asked.
    """

    data_set: Urn | None = None
    becomes: RecordKind = RecordKind.CUSTOMER
    customers: Urn | None = None
    key: Expression
    changed: Expression | None = None
    map: dict[str, Expression]
    drift: dict[str, DriftPolicy] = Field(default_factory=lambda: {"*": DriftPolicy.EVOLVE})
    vanished: Vanished = Vanished.WITHDRAW
    vanished_share_max: Annotated[float, Field(ge=0, le=1)] = 0.05

    @model_validator(mode="after")
    def map_canonical_fields(self) -> "StreamSpec":
        """Refuse unknown fields, and a map without those that are needed."""
        known = mapped_fields(RECORD_TYPES[self.becomes])
        for field in self.map:
            if field not in known:
                raise unknown_name(field, known, "map")
        if self.becomes is RecordKind.CUSTOMER:
            if "kind" not in self.map:
                words = "`map` must say what `kind` a record is: 'person' or 'organisation'"
                raise fault(words, "map")
            return self
        for field, needed in known.items():
            if needed and field not in self.map:
                raise fault(f"`map` must fill `{field}`: what {self._a_record} needs", "map")
        return self

    @model_validator(mode="after")
    def name_the_customers(self) -> "StreamSpec":
        """Refuse `customers` where it says nothing, or names the stream's own data set."""
        if self.customers is None:
            return self
        if self.becomes is RecordKind.CUSTOMER:
            raise fault("`customers` is for streams that do not hold customers", "customers")
        if self.customers == self.data_set:
            words = f"{self._a_record} needs a data set of its own, beside that of the customers"
            raise fault(words, "customers")
        return self

    @property
    def reads_first(self) -> str | None:
        """The stream of the same file that has to be read before this one; None without."""
        return None

    @property
    def _a_record(self) -> str:
        word = self.becomes.value.replace("_", " ")
        return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


class ConnectorFile(Strict):
    """One connector file: one registered interface and its streams.

    Attributes:
        connector: Key of the source.
        kind: Which connector reads it.
        interface: URN of the registered interface, whose address is the only one contacted; needed
            to register the file.
        address: The interface's address, for runs before anything is registered; once the file is
            registered only the register's own address counts.
        auth: How to sign in.
        tls: Our certificate, where the source asks for one.
        requests_per_second: How many requests the source bears, from all our connectors together.
        timeout_seconds: Longest time for one request or statement with its whole answer.
        streams: What there is to read, by name.
    """

    connector: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]
    kind: Name
    interface: Urn | None = None
    address: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    auth: Auth = NoAuth()
    tls: ClientCertificate | None = None
    requests_per_second: Annotated[float, Field(gt=0, le=10_000)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=REQUEST_SECONDS_MAX)] = 120.0
    streams: Annotated[
        dict[Name, SerializeAsAny[StreamSpec]], Field(min_length=1, max_length=STREAMS_MAX)
    ]

    @model_validator(mode="after")
    def name_a_place(self) -> "ConnectorFile":
        """Refuse an address that names nobody, or holds a secret in the clear."""
        if self.address is None or "://" not in self.address:
            return self
        try:
            parts = urlsplit(self.address)
            held = parts.password is not None or (
                parts.username and parts.scheme.startswith("http")
            )
        except ValueError:
            raise fault("this is no address", "address") from None
        if held:
            words = "an address holds no user name and no password: sign in with `auth`"
            raise fault(words, "address")
        if parts.scheme in ("http", "https") and not parts.hostname:
            raise fault(
                "the address names no server, as https://crm.mytown.example does", "address"
            )
        return self

    @model_validator(mode="after")
    def read_without_circles(self) -> "ConnectorFile":
        """Refuse a stream that is parted by one that is not there, or in the end by itself."""
        for name, stream in self.streams.items():
            passed, first = [name], stream.reads_first
            at = ("streams", name, "partitions", "stream")
            while first is not None:
                if first not in self.streams:
                    raise fault(f"there is no stream `{first}` in this file", *at)
                if first in passed:
                    raise fault(f"`{name}` would be parted by itself", *at)
                passed.append(first)
                first = self.streams[first].reads_first
        return self
