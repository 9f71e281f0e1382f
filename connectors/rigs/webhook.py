"""Plays a sender of messages for the conformance kit.

Nothing is read from such a source, so what is judged is the way in: every message is signed by
the sender, believed or refused, opened and decoded by the code that the web server uses.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from connectors.sdk.conformance.rigs import (
    SECRET_PLAYED,
    Fault,
    Played,
    Rig,
    Show,
    person,
)
from connectors.sdk.cursors import END, is_end, read_position, write_position
from connectors.sdk.json_pages import decode_records, merged, planted
from connectors.sdk.source import Source
from connectors.sdk.spec import ConnectorFile, StreamSpec
from connectors.webhook import WebhookStream, events_of, pieces_of, secrets_of, verify
from schemas.errors import GiveUp
from schemas.records import Cursor, Page

FAULTS = frozenset({Fault.REFUSED, Fault.CUT_SHORT, Fault.NOT_ITS_SHAPE, Fault.EMPTY_PAGE})


@dataclass(frozen=True)
class Message:
    """One message as it is sent."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Sending(Source):
    """A source that sends: the messages it has, in order."""

    messages: Sequence[Message] = ()


class Inbox:
    """Takes one message after the other, as the web server would, a page for each."""

    kind: ClassVar[str] = "webhook"
    stream_type: ClassVar[type[StreamSpec]] = WebhookStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none"})

    def __init__(self, source: Source) -> None:
        assert isinstance(source, Sending)  # the rig below plays no other
        self._source = source

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Take the messages that are left; what cannot be believed ends the reading."""
        spec = self._source.stream(stream, WebhookStream)
        messages = self._source.messages
        start = len(messages) if cursor is not None and is_end(cursor) else 0
        start = (read_position(cursor, "message", int) or (start,))[0]
        for place, message in enumerate(messages[start:], start + 1):
            records, rejected = decode_records(pieces_of(self._events(spec, message)))
            last = place == len(messages)
            at = Cursor(position=END if last else write_position("message", place))
            yield Page(records=records, rejected=rejected, cursor=at, last=last)
        if start == len(messages):
            yield Page(records=[], cursor=Cursor(position=END), last=True)

    def _events(self, spec: WebhookStream, message: Message) -> Any:
        from connectors.webhook import WebhookRefused, WebhookUnreadable

        secrets = secrets_of(spec, self._source.secret)
        try:
            verify(spec, secrets, message.headers, message.body, now=time.time())
            return events_of(spec, message.headers, message.body)
        except (WebhookRefused, WebhookUnreadable) as refused:
            raise GiveUp(refused.what) from None

    async def close(self) -> None:
        """Do nothing: there is no connection."""


class WebhookRig(Rig):
    """Plays the sender of one stream."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, WebhookStream)  # the kind was looked up by the file's own word
        self._stream = found
        # Where the whole body is the record, any object is one, and the mapping judges it.
        bare = found.envelope == "json" and found.record == "."
        faults = FAULTS - {Fault.NOT_ITS_SHAPE} if bare else FAULTS
        super().__init__(
            connector=Inbox, spec=spec, stream=stream, faults=faults, pages_ten_fold=False
        )

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Write the messages: as many events in one as a page holds records."""
        numbers = show.numbers()
        size = show.size if self._stream.envelope == "cloudevents" else 1
        messages = [
            self._message(show, place, numbers[start : start + size])
            for place, start in enumerate(range(0, len(numbers), size))
        ]
        source = self.source("https://sender.invalid")
        yield Played(source=Sending(**_fields(source), messages=messages))

    def _message(self, show: Show, place: int, numbers: Sequence[int]) -> Message:
        records = [self._record(number) for number in numbers]
        body, form = _body(self._stream, records, numbers)
        faulty = show.fault is not None and place >= show.fault_page
        if faulty and show.fault is Fault.NOT_ITS_SHAPE:
            body = b'{"message": "hello"}'
        if faulty and show.fault is Fault.EMPTY_PAGE:
            body = b""
        headers = {"content-type": form, **self._signed(body, numbers)}
        if faulty and show.fault is Fault.CUT_SHORT:
            body = body[: len(body) // 2]
        if faulty and show.fault is Fault.REFUSED:
            headers |= {"webhook-signature": "v1,bm9ib2R5", "authorization": "Bearer nobody"}
        return Message(headers, body)

    def _record(self, number: int) -> dict[str, Any]:
        record = person(self._stream, number)
        path = self._stream.record
        whole = record if path == "." else planted(path, record)
        named = self._stream.id
        return merged(whole, planted(named, f"m{number}")) if named else whole

    def _signed(self, body: bytes, numbers: Sequence[int]) -> dict[str, str]:
        if self._stream.signing == "bearer":
            return {"authorization": f"Bearer {SECRET_PLAYED}"}
        name, stamp = f"msg_{numbers[0]}", str(int(time.time()))
        text = b".".join((name.encode(), stamp.encode(), body))
        made = base64.b64encode(hmac.digest(SECRET_PLAYED.encode(), text, hashlib.sha256)).decode()
        return {
            "webhook-id": name,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{made}",
        }


def _body(
    stream: WebhookStream, records: Sequence[dict[str, Any]], numbers: Sequence[int]
) -> tuple[bytes, str]:
    if stream.envelope == "json":
        return json.dumps(records[0]).encode(), "application/json"
    kind = stream.types[0] if stream.types else "person.changed"
    events = [
        {"specversion": "1.0", "id": str(number), "source": "/kit", "type": kind, "data": record}
        for number, record in zip(numbers, records, strict=True)
    ]
    return json.dumps(events).encode(), "application/cloudevents-batch+json"


def _fields(source: Source) -> dict[str, Any]:
    return {one.name: getattr(source, one.name) for one in fields(source)}
