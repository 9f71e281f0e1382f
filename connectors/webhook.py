"""Take messages that a source sends by itself: the kind `webhook`.

Here is what a message means and whether it is really the source's; the address that it is sent
to is townclerk/webhooks.py. Two envelopes are understood: CloudEvents in all three modes, and
plain JSON. The sender proves itself by the signature of Standard Webhooks, or by a token.

Source: CloudEvents 1.0.2 with its HTTP binding; Standard Webhooks 1.0.0.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import msgspec
from pydantic import Field, SecretStr, StringConstraints

from connectors.sdk.json_pages import path_steps
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec
from connectors.sdk.strict import DottedPath, SecretRef
from schemas.errors import AccessDenied, GiveUp, InvalidInput
from schemas.records import Cursor, Page

WINDOW_SECONDS = 300
"""How far a sender's clock may be from ours; Standard Webhooks recommends five minutes."""

EVENTS_MAX = 1_000
"""In one message; a sender with more sends several."""

ID_CHARACTERS_MAX = 200
"""Width of received_event.event_id."""

SIGNATURES_MAX = 10
"""A message carries one per key; more than a handful of keys at once is an attack on our time."""

_STRUCTURED, _BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


class WebhookRefused(AccessDenied):
    """A message does not come from the source it says it comes from, or comes too late."""

    code = "webhook_refused"
    remedy = (
        "Compare the sender's signing secret with the one that the connector file names, and the "
        "clocks of both machines."
    )


class WebhookUnreadable(InvalidInput):
    """A message is signed well, but is no event that we understand."""

    code = "webhook_unreadable"
    remedy = "Compare what is sent with `envelope` and `record` in the connector file."


EventType = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class WebhookStream(StreamSpec):
    """One kind of message.

    Attributes:
        signing: `standard` for the signature of Standard Webhooks, `bearer` for a fixed token.
        secret: The signing secret, with or without whsec_ before it; or the token.
        secret_before: The one before it, believed as well while the sender changes over.
        envelope: cloudevents, or json for a body that is the record or holds it.
        record: Path to the record in the event's data; "." means that the data is the record.
        id: Path to the message's own id, for plain JSON without the header webhook-id.
        types: The event types that are taken; others are acknowledged and left.
        deleted: The event types that say that a record is gone; its data needs no more than the
            key. What then becomes of it says `vanished`: withdraw, hold or keep.
        action: For plain JSON, the path to the word that `types` and `deleted` compare.
    """

    signing: Literal["standard", "bearer"] = "standard"
    secret: SecretRef
    secret_before: SecretRef | None = None
    envelope: Literal["cloudevents", "json"] = "cloudevents"
    record: Literal["."] | DottedPath = "."
    id: DottedPath | None = None
    types: list[EventType] = Field(default_factory=list, max_length=200)
    deleted: list[EventType] = Field(default_factory=list, max_length=200)
    action: DottedPath | None = None


class WebhookConnector:
    """Nothing is read from such a source: it sends."""

    kind: ClassVar[str] = "webhook"
    stream_type: ClassVar[type[StreamSpec]] = WebhookStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none"})

    def __init__(self, source: Source) -> None:
        self._source = source

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Refuse: an empty list would look like a source that lost all its records."""
        del cursor  # there is nowhere to go on from
        for page in self._pages(stream):
            yield page

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    def _pages(self, stream: str) -> list[Page]:
        self._source.stream(stream, WebhookStream)
        raise GiveUp(
            f"{self._source.key} sends its records by itself; there is nothing to read.",
            remedy="Let the sender post to /webhooks/SOURCE/STREAM.",
        )


class Event(NamedTuple):
    """One event: the sender's id of it, and the bytes of its record; None where it has none.

    Attributes:
        id: The sender's own, with its name before it.
        raw: The record, or what names it.
        gone: It says that the record is no longer there.
    """

    id: str
    raw: bytes | None
    gone: bool = False


def verify(
    spec: WebhookStream,
    secrets: Sequence[SecretStr],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: float,
) -> None:
    """Refuse a message whose sender does not know the secret, or that is an old one again.

    Args:
        spec: What the connector file says.
        secrets: The signing secrets or tokens that are believed.
        headers: Names in lower case.
        body: As it came.
        now: Seconds since 1970.

    Raises:
        WebhookRefused: It is not to be believed; the words never say which part was wrong.
    """
    if spec.signing == "bearer":
        given = headers.get("authorization", "").encode()
        wanted_all = [f"Bearer {secret.get_secret_value()}".encode() for secret in secrets]
        if not any([hmac.compare_digest(given, wanted) for wanted in wanted_all]):  # noqa: C419  # every one is compared, so that the time tells nothing
            raise WebhookRefused("The message does not show the token that was agreed.")
        return
    stamp = headers.get("webhook-timestamp", "")
    seconds = int(stamp[:12]) if stamp.isascii() and stamp.isdigit() else 0
    if abs(now - seconds) > WINDOW_SECONDS:
        raise WebhookRefused(f"The message is not signed within {WINDOW_SECONDS} seconds of now.")
    signed = b".".join((headers.get("webhook-id", "").encode(), stamp.encode(), body))
    given_all = headers.get("webhook-signature", "").split()[:SIGNATURES_MAX]
    good = [
        hmac.compare_digest(one.removeprefix("v1,").encode(), _signature(secret, signed))
        for secret in secrets
        for one in given_all
        if one.startswith("v1,")
    ]
    if not any(good) or not headers.get("webhook-id"):
        raise WebhookRefused("The message is not signed with the secret that was agreed.")


def secrets_of(spec: WebhookStream, secret: Callable[[str], SecretStr]) -> list[SecretStr]:
    """Return the secrets that a stream believes: its own, and the one before it."""
    return [secret(name) for name in (spec.secret, spec.secret_before) if name is not None]


def _signature(secret: SecretStr, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(_signing_key(secret), signed, hashlib.sha256))


def _signing_key(secret: SecretStr) -> bytes:
    word = secret.get_secret_value()
    if not word.startswith("whsec_"):
        return word.encode()
    try:
        return base64.b64decode(word.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise WebhookRefused("Our copy of the signing secret is damaged.") from None


def events_of(spec: WebhookStream, headers: Mapping[str, str], body: bytes) -> list[Event]:
    """Open a message.

    Args:
        spec: What the connector file says.
        headers: Names in lower case.
        body: As it came.

    Raises:
        WebhookUnreadable: It is no event that we understand.
    """
    if spec.envelope == "json":
        own = _at(body, spec.id) if spec.id else None
        found = headers.get("webhook-id") or (None if own is None else _text(own))
        action = _at(body, spec.action) if spec.action else None
        return [_event(spec, found, None if action is None else _text(action), body)]
    form = headers.get("content-type", "").partition(";")[0].strip().lower()
    if form == _BATCH:
        many = _decoded(body, list[msgspec.Raw])
        if len(many) > EVENTS_MAX:
            raise WebhookUnreadable(f"A message holds {EVENTS_MAX} events at most.")
        return [_structured(spec, bytes(one)) for one in many]
    if form == _STRUCTURED:
        return [_structured(spec, body)]
    source = headers.get("ce-source", "")
    return [_event(spec, _identity(source, headers.get("ce-id")), headers.get("ce-type"), body)]


class _CloudEvent(msgspec.Struct):
    id: str
    source: str
    type: str
    specversion: str
    data: msgspec.Raw = msgspec.Raw(b"null")


def _structured(spec: WebhookStream, raw: bytes) -> Event:
    event = _decoded(raw, _CloudEvent)
    if not event.specversion.startswith("1."):
        raise WebhookUnreadable("The event is of another version of CloudEvents than 1.")
    return _event(spec, _identity(event.source, event.id), event.type, bytes(event.data))


def _identity(source: str, number: str | None) -> str | None:
    """Return an event's id, which is only unique together with its source."""
    return f"{source} {number}" if number else None


def _event(spec: WebhookStream, name: str | None, kind: str | None, data: bytes) -> Event:
    if not name:
        raise WebhookUnreadable("The message does not say which event it is.")
    if len(name) > ID_CHARACTERS_MAX:
        name = hashlib.sha256(name.encode()).hexdigest()
    gone = kind in spec.deleted
    if spec.types and not gone and kind not in spec.types:
        return Event(name, None)
    raw = data if spec.record == "." else _at(data, spec.record)
    if raw is None:
        raise WebhookUnreadable(f"The message has nothing at `{spec.record}`.")
    return Event(name, raw, gone)


def _at(body: bytes, path: str) -> bytes | None:
    """Return the bytes at a path, untouched, so that they are hashed as they came."""
    for step in path_steps(path):
        found = _decoded(body, dict[str, msgspec.Raw]).get(step)
        if found is None:
            return None
        body = bytes(found)
    return body


def _text(raw: bytes) -> str:
    value = _decoded(raw, str | int)
    return str(value)


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise WebhookUnreadable("The message is not JSON of the shape that was agreed.") from None


def pieces_of(events: Sequence[Event]) -> list[bytes]:
    """Return the records of events that have one, the last of those with one id."""
    latest = {event.id: event.raw for event in events if event.raw is not None and not event.gone}
    return list(latest.values())
