"""The connector file as a model: who we read, how we sign in, and what its streams hold.

Options that only one kind knows stand beside that kind (`connectors/rest.py` and so on) in a
subclass of StreamSpec. docs/reference/connector-file.md is the same for people.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec.structs import fields
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from connectors.sdk.expressions import compile_expression
from schemas.errors import InvalidConnectorFile
from schemas.records import RECORD_TYPES, CanonicalRecord, CustomerRecord, RecordKind

STREAMS_MAX = 200
"""One file describes one interface; more streams are a sign of a generated mistake."""

PAGE_RECORDS_MAX = 10_000
"""A page is one transaction and lies in memory twice; larger pages gain nothing measurable."""

REQUEST_SECONDS_MAX = 3_600
"""A source that needs an hour for one page cannot be read page by page."""

LOOKBACK_SECONDS_MAX = 31 * 86_400
"""A longer look-back is a full scan by another name."""

_SECRET = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:/[^\0]+|store:[a-z0-9][a-z0-9._-]{0,99}")

CANONICAL_FIELDS = frozenset(CustomerRecord.__struct_fields__) - {"key", "changed_at"}
"""What `map` may fill; the stream's `key` and `changed` fill the other two."""


def mapped_fields(record: type[CanonicalRecord]) -> dict[str, bool]:
    """Return what `map` may fill of a canonical record, and whether it has to."""
    found = {field.name: field.required for field in fields(record)}
    return {name: needed for name, needed in found.items() if name not in ("key", "changed_at")}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the most similar known name, or lists all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known are {', '.join(names)}."


class Strict(BaseModel):
    """Base of everything in a connector file: frozen, and unknown names are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_names(cls, data: Any) -> Any:
        """Refuse a name we do not know, with the nearest one we do."""
        if isinstance(data, Mapping):
            for name in data:
                if name not in cls.model_fields:
                    raise unknown_name(str(name), cls.model_fields)
        return data


def fault(words: str, *at: str) -> PydanticCustomError:
    """Return a fault of a connector file.

    Args:
        words: What is wrong.
        at: The way from the model that notices it to the name whose line is to be shown.
    """
    return PydanticCustomError("connector_file", "{words}", {"words": words, "at": at})


def unknown_name(name: str, known: Iterable[str], *at: str) -> PydanticCustomError:
    """Return the fault for a name that stands where nothing of that name may stand."""
    return fault(f"`{name[:60]}` is not known here; {nearest(name[:60], known)}", *at, name)


def _expression_text(value: Any) -> Any:
    """Let `true` or 12 stand without quotes where an expression is meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _parsed(text: str) -> str:
    try:
        compile_expression(text)
    except InvalidConnectorFile as error:
        raise fault(error.what) from None
    return text


def _reference(text: str) -> str:
    if not _SECRET.fullmatch(text):
        raise fault("a secret is named, never written: env:NAME, file:/PATH or store:NAME")
    return text


Expression = Annotated[
    str, BeforeValidator(_expression_text), StringConstraints(min_length=1), AfterValidator(_parsed)
]
"""Text in our expression language, checked when the file is read."""

SecretRef = Annotated[str, AfterValidator(_reference)]
"""Where a secret lies, never the secret: env:NAME, file:/PATH or store:NAME."""

Urn = Annotated[str, StringConstraints(pattern=r"^urn:[a-z0-9][a-z0-9-]*:\S+$", max_length=200)]
Path = Annotated[str, StringConstraints(pattern=r"^/([^/?#\\\s][^?#\\\s]*)?$", max_length=500)]
DottedPath = Annotated[
    str,
    StringConstraints(
        pattern=r"^([^.\s\[\]]+|\['[^']+'\])(\.[^.\s\[\]]+|\['[^']+'\])*$", max_length=200
    ),
]
"""A path into an answer, as in `links.next` or `['@odata.nextLink']`."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=60)]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=100)]
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=100)]
PageSize = Annotated[int, Field(ge=1, le=PAGE_RECORDS_MAX)]
LookBack = Annotated[float, Field(ge=0, le=LOOKBACK_SECONDS_MAX)]


class NoAuth(Strict):
    """The source asks for nothing."""

    type: Literal["none"] = "none"


class BasicAuth(Strict):
    """User name and password: HTTP Basic, or the account of a database."""

    type: Literal["basic"]
    username: str
    secret: SecretRef


class ApiKeyAuth(Strict):
    """A key in a header, or in the query where the source knows no better."""

    type: Literal["api_key"]
    header: Header | None = None
    parameter: Parameter | None = None
    secret: SecretRef

    @model_validator(mode="after")
    def name_one_place(self) -> "ApiKeyAuth":
        """Demand one of header and parameter."""
        if (self.header is None) == (self.parameter is None):
            raise fault("give either `header` or `parameter`")
        return self


class BearerAuth(Strict):
    """A fixed token."""

    type: Literal["bearer"]
    secret: SecretRef


class OAuth2ClientCredentials(Strict):
    """A token fetched with our own client id and secret, or with a statement signed by our key.

    Attributes:
        secret: The client secret; for private_key_jwt the private key, as PEM.
        key_id: Name under which the server knows our key, for private_key_jwt.
        audience: Whom the statement is for; the token address if left out.

    Source: RFC 6749, sections 2.3.1 and 4.4; RFC 7523, section 2.2.
    """

    type: Literal["oauth2_client_credentials"]
    client_id: str
    secret: SecretRef
    token_path: Path | None = None
    token_url: Annotated[str, StringConstraints(pattern=r"^https?://\S+$")] | None = None
    scope: str | None = None
    send: Literal["basic", "post", "private_key_jwt"] = "basic"
    key_id: str | None = None
    audience: str | None = None

    @model_validator(mode="after")
    def name_one_token_address(self) -> "OAuth2ClientCredentials":
        """Demand one of token_path (same origin as the interface) and token_url."""
        if (self.token_path is None) == (self.token_url is None):
            raise fault("give either `token_path` or `token_url`")
        return self


class ZgwJwtAuth(Strict):
    """A statement we sign ourselves with a shared secret, as the Dutch case APIs want it.

    Source: VNG Realisatie, ZGW APIs, "Autorisatiecomponent", JWT with HS256.
    """

    type: Literal["zgw_jwt"]
    client_id: str
    secret: SecretRef
    user_id: str = "townclerk"
    user_representation: str = "Townclerk"


class SshAuth(Strict):
    """An account of an SFTP server.

    Attributes:
        secret: The password, or the private key as it lies in a file of OpenSSH.
        host_key: The server's own key, as `ssh-keyscan` prints it without the name in front;
            no other server is spoken to.
    """

    type: Literal["ssh"]
    username: str
    secret: SecretRef
    host_key: Annotated[
        str,
        StringConstraints(
            pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*$"
        ),
    ]


class S3Auth(Strict):
    """A key pair of an object store that speaks S3.

    Attributes:
        key_id: Name of the key.
        secret: The secret key; it never leaves us, requests are signed with it.
        region: Region that requests are signed for.
    """

    type: Literal["s3"]
    key_id: Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=128)]
    secret: SecretRef
    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$", max_length=60)] = "us-east-1"


class ClientCertificate(Strict):
    """Who we are at the level of the connection (mutual TLS); stands beside any way to sign in.

    Attributes:
        certificate: Where our certificate lies, with the chain below it, as PEM.
        secret: Where its private key lies, as PEM, without a passphrase.
        authority: Where the certificate of the source's own authority lies, if it has one.
    """

    certificate: SecretRef
    secret: SecretRef
    authority: SecretRef | None = None


Auth = Annotated[
    NoAuth
    | BasicAuth
    | ApiKeyAuth
    | BearerAuth
    | OAuth2ClientCredentials
    | ZgwJwtAuth
    | SshAuth
    | S3Auth,
    Field(discriminator="type"),
]


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
