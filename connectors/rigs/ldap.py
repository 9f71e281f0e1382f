"""Plays a directory for the conformance kit: bind, paged search and nothing else, over a socket.

Answers are written with the grammar of LDAP that ldap3 brings (RFC 4511, RFC 2696), so this needs
the extra `townclerk[ldap]`, as the kind itself does. Filters are not looked at: every search means
the entries that are played.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.ldap import LdapConnector, LdapStream, ldap_library
from connectors.sdk.conformance.rigs import Fault, Played, Rig, Show, person
from connectors.sdk.spec import ConnectorFile

FAULTS = frozenset(
    {Fault.SHORT_PAGE, Fault.EMPTY_PAGE, Fault.BROKEN, Fault.BUSY, Fault.NOT_FOUND, Fault.REFUSED}
    | {Fault.CUT_SHORT, Fault.LOOPING_NEXT}
)
PAGED = "1.2.840.113556.1.4.319"

BIND, SEARCH = 0x60, 0x63  # tags of requests
SUCCESS, BUSY, NO_SUCH_OBJECT, BAD_CREDENTIALS, UNAVAILABLE = 0, 51, 32, 49, 52
_RESULTS = {Fault.BROKEN: UNAVAILABLE, Fault.BUSY: BUSY, Fault.NOT_FOUND: NO_SUCH_OBJECT}

MESSAGE_BYTES_MAX = 64 * 1024
"""Requests of a search have a few hundred."""


class LdapRig(Rig):
    """Plays the entries of one search."""

    def __init__(self, spec: ConnectorFile, stream: str) -> None:
        found = spec.streams[stream]
        assert isinstance(found, LdapStream)  # the kind was looked up by the file's own word
        self._stream = found
        super().__init__(
            connector=LdapConnector,
            spec=spec,
            stream=stream,
            faults=FAULTS,
            pages_ten_fold=False,
        )

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Listen for as long as the block lasts."""
        entries = {number: person(self._stream, number) for number in show.numbers()}
        with socket.create_server(("127.0.0.1", 0)) as door:
            directory = _Directory(show, entries)
            thread = threading.Thread(target=directory.serve, args=(door,), daemon=True)
            thread.start()
            source = self.source(
                f"ldap://127.0.0.1:{door.getsockname()[1]}/dc=conformance", size=show.size
            )
            try:
                yield Played(source=source, contacts=lambda: directory.contacts)
            finally:
                with contextlib.suppress(OSError):
                    door.shutdown(socket.SHUT_RDWR)
                thread.join(5)


class _Directory:
    """Answers one connection after the other."""

    def __init__(self, show: Show, entries: dict[int, dict[str, Any]]) -> None:
        self._show, self._entries = show, list(entries.items())
        self._emptied = set[int]()
        self.contacts = 0

    def serve(self, door: socket.socket) -> None:
        """Serve until the door is shut."""
        with contextlib.suppress(OSError):
            while True:
                line, _ = door.accept()
                self.contacts += 1
                with line, contextlib.suppress(OSError, EOFError):
                    while self._answer(line):
                        pass

    def _answer(self, line: socket.socket) -> bool:
        """Answer one message; False ends the connection."""
        number, kind, cookie = _read(line)
        if kind == BIND:
            refused = self._show.fault is Fault.REFUSED
            line.sendall(_result(number, "bindResponse", BAD_CREDENTIALS if refused else SUCCESS))
            return True
        if kind != SEARCH:
            return False
        return self._search(line, number, int(cookie or b"0"))

    def _search(self, line: socket.socket, number: int, start: int) -> bool:
        show = self._show
        size = max(1, show.size // 2) if show.fault is Fault.SHORT_PAGE else show.size
        faulty = show.fault is not None and start // size >= show.fault_page
        following = start + size if start + size < len(self._entries) else None
        page = self._entries[start : start + size]
        if faulty and show.fault in _RESULTS:
            line.sendall(_result(number, "searchResDone", _RESULTS[show.fault]))
            return True
        if faulty and show.fault is Fault.LOOPING_NEXT and following is not None:
            following = start
        if faulty and show.fault is Fault.EMPTY_PAGE and start not in self._emptied:
            self._emptied.add(start)
            page, following = [], start
        told = b"".join(_entry(number, place, record) for place, record in page)
        done = _result(number, "searchResDone", SUCCESS, cookie=following)
        if faulty and show.fault is Fault.CUT_SHORT:
            line.sendall((told + done)[: len(told) // 2])
            return False
        line.sendall(told + done)
        return True


def _grammar() -> tuple[Any, Any]:
    library = ldap_library()
    from pyasn1.codec.ber import encoder  # which ldap3 brings

    return library.protocol.rfc4511, encoder


def _read(line: socket.socket) -> tuple[int, int, bytes]:
    """Return number and kind of the next message, and the cookie it brings."""
    head = _exactly(line, 2)
    length = head[1]
    if length & 0x80:
        length = int.from_bytes(_exactly(line, length & 0x7F))
    if length > MESSAGE_BYTES_MAX:
        raise EOFError
    (_, number), (kind, _), *controls = _parts(_exactly(line, length))
    cookie = b""
    for _, control in _parts(controls[0][1]) if controls else ():
        (_, name), *_, (_, value) = _parts(control)
        if name == PAGED.encode():
            (_, inside), *_ = _parts(value)
            _, (_, cookie) = _parts(inside)
    return int.from_bytes(number), kind, cookie


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Cut what stands one after the other: tag, length, content."""
    found = []
    while content:
        tag, length, start = content[0], content[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(content[2:start])
        found.append((tag, content[start : start + length]))
        content = content[start + length :]
    return found


def _exactly(line: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = line.recv(count - len(found))
        if not piece:
            raise EOFError
        found += piece
    return found


def _message(number: int, kind: str, fill: Any, controls: Any = None) -> bytes:
    grammar, encoder = _grammar()
    message = grammar.LDAPMessage()
    message["messageID"] = number
    part = message["protocolOp"].getComponentByName(kind, instantiate=True)
    fill(part)
    message["protocolOp"][kind] = part
    if controls is not None:
        message["controls"] = controls
    return bytes(encoder.encode(message))


def _result(number: int, kind: str, code: int, cookie: int | None = None) -> bytes:
    grammar, encoder = _grammar()

    def fill(part: Any) -> None:
        part["resultCode"] = code
        part["matchedDN"] = ""
        part["diagnosticMessage"] = ""

    if kind != "searchResDone" or code != SUCCESS:
        return _message(number, kind, fill)
    from pyasn1.type import univ

    value = univ.Sequence()
    value.setComponentByPosition(0, univ.Integer(0))
    value.setComponentByPosition(1, univ.OctetString(b"" if cookie is None else b"%d" % cookie))
    control = grammar.Control()
    control["controlType"] = PAGED
    control["criticality"] = False
    control["controlValue"] = encoder.encode(value)
    controls = grammar.Controls()
    controls[0] = control
    return _message(number, kind, fill, controls)


def _entry(number: int, place: int, record: dict[str, Any]) -> bytes:
    grammar, _ = _grammar()

    def fill(part: Any) -> None:
        part["object"] = f"uid={place},dc=conformance"
        attributes = grammar.PartialAttributeList()
        for index, (name, value) in enumerate(record.items()):
            attribute = grammar.PartialAttribute()
            attribute["type"] = name
            values = grammar.Vals()
            values[0] = str(value)
            attribute["vals"] = values
            attributes[index] = attribute
        part["attributes"] = attributes

    return _message(number, "searchResEntry", fill)
