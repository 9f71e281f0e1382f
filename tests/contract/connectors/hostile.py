"""What a hostile or broken server may answer, each with what must become of it.

`refused` is a clear error and no end of the list; `read` is a whole list; any other word is the
rule under which a record stands in quarantine while the rest is read.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from tests.contract.connectors.servers import Reply

METADATA = "http://169.254.169.254/latest/meta-data"
GOOD = b'{"id": 2, "name": "good"}'


class Behaviour(NamedTuple):
    """One way to answer.

    Attributes:
        outcome: What must become of it.
        answer: Makes the reply, given the address of a server that nobody may ask.
        seconds: The connector file's time limit.
    """

    outcome: str
    answer: Callable[[str], Reply]
    seconds: float = 60.0


def refused(answer: Callable[[str], Reply], seconds: float = 60.0) -> Behaviour:
    return Behaviour("refused", answer, seconds)


def raw(head: bytes, body: bytes = b"") -> Behaviour:
    return refused(lambda _: Reply(raw=head + b"\r\n\r\n" + body))


def ok(*lines: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Type: application/json", *lines))


def listed(*records: bytes, follow: bytes = b"null") -> bytes:
    return b'{"items": [' + b", ".join(records) + b'], "next": ' + follow + b"}"


def beside(rule: str, record: bytes) -> Behaviour:
    """A bad record beside a good one."""
    return Behaviour(rule, lambda _: Reply(listed(record, GOOD)))


def body(content: bytes, **headers: str) -> Behaviour:
    return refused(lambda _: Reply(content, headers=headers))


def next_is(form: str) -> Behaviour:
    """A next link; {0} stands for the other server, {1} for its port."""

    def answer(elsewhere: str) -> Reply:
        link = form.format(elsewhere, elsewhere.rpartition(":")[2])
        return Reply(listed(GOOD, follow=json.dumps(link).encode()))

    return refused(answer)


def redirect(status: int, form: str) -> Behaviour:
    return refused(
        lambda elsewhere: Reply(status=status, headers={"Location": form.format(elsewhere)})
    )


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


@lru_cache
def bomb() -> bytes:
    """Forty kilobytes that unpack to forty megabytes."""
    return packed(b'{"items": [], "x": "' + b" " * 40_000_000 + b'"}')


QUICK = {
    "length far too large": raw(ok(b"Content-Length: 99999999999999999999"), b"{}"),
    "length larger than sent": raw(ok(b"Content-Length: 500"), listed(GOOD)),
    "length smaller than sent": raw(ok(b"Content-Length: 20"), listed(GOOD)),
    "length negative": raw(ok(b"Content-Length: -1"), listed(GOOD)),
    "two lengths": raw(ok(b"Content-Length: 2", b"Content-Length: 40"), listed(GOOD)),
    "length that is no number": raw(ok(b"Content-Length: many"), listed(GOOD)),
    "chunk size that is no number": raw(
        ok(b"Transfer-Encoding: chunked"), b"zz\r\n{}\r\n0\r\n\r\n"
    ),
    "chunk size without end": raw(ok(b"Transfer-Encoding: chunked"), b"f" * 5000),
    "chunks that stop": raw(ok(b"Transfer-Encoding: chunked"), b'5\r\n{"ite\r\n'),
    "length and chunks at once": raw(
        ok(b"Content-Length: 3", b"Transfer-Encoding: chunked"), b'5\r\n{"ite\r\n'
    ),
    "header without end": raw(ok(b"X-Long: " + b"x" * 200_000)),
    "ten thousand headers": raw(ok(*(b"X-%d: y" % number for number in range(10_000)))),
    "header with NUL": raw(ok(b"X-Bad: a\0b", b"Content-Length: 2"), b"{}"),
    "header with a bare line end": raw(ok(b"X-Bad: a\rSet: b", b"Content-Length: 2"), b"{}"),
    "status of no kind": raw(b"HTTP/1.1 999 Strange\r\nContent-Length: 2", b"{}"),
    "status that is no number": raw(b"HTTP/1.1 OK OK\r\nContent-Length: 2", b"{}"),
    "no status line": raw(b'{"items": []}'),
    "another protocol": raw(b"SSH-2.0-OpenSSH_9.2"),
    "TLS where HTTP was asked": raw(b"\x15\x03\x01\x00\x02\x02\x46"),
    "HTTP/2 where 1.1 was asked": raw(b"PRI * HTTP/2.0\r\n\r\nSM"),
    "a closed door": refused(lambda _: Reply(raw=b"")),
    "only a promise (100)": raw(b"HTTP/1.1 100 Continue"),
    "switching protocols (101)": raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x"),
    "no content (204)": refused(lambda _: Reply(status=204)),
    "a part of it (206)": refused(lambda _: Reply(listed(GOOD), status=206)),
    "not modified (304)": refused(lambda _: Reply(status=304)),
    "sign in at the proxy (407)": refused(lambda _: Reply(status=407)),
    "wait a year (429)": refused(lambda _: Reply(status=429, headers={"Retry-After": "31536000"})),
    "wait until yesterday (503)": refused(
        lambda _: Reply(status=503, headers={"Retry-After": "-5"})
    ),
    "an empty body": body(b""),
    "a web page": body(b"<html><meta http-equiv=refresh content='0;url=/x'></html>"),
    "XML": body(b"<?xml version='1.0'?><items/>"),
    "UTF-16": body('{"items": [], "next": null}'.encode("utf-16")),
    "JSON 10,000 deep": body(listed(b'{"id": 1, "name": ' + b"[" * 10_000)),
    "objects 10,000 deep": body(listed(b'{"id":' * 10_000)),
    "a key without end": body(b'{"' + b"k" * 2_000_000),
    "a list without end": body(b'{"items": [' + b"1," * 100_001 + b'1], "next": null}'),
    "NaN": body(listed(b'{"id": NaN}')),
    "two documents": body(listed(GOOD) + listed(GOOD)),
    "an object for a list": body(b'{"items": {"id": 1}, "next": null}'),
    "a bomb in gzip": body(bomb(), **{"Content-Encoding": "gzip"}),
    "a bomb in many members": body(bomb() * 2, **{"Content-Encoding": "gzip"}),
    "gzip that breaks off": body(packed(listed(GOOD))[:-9], **{"Content-Encoding": "gzip"}),
    "gzip with a wrong sum": body(
        packed(listed(GOOD))[:-8] + b"\0" * 8, **{"Content-Encoding": "gzip"}
    ),
    "gzip that is none": body(listed(GOOD), **{"Content-Encoding": "gzip"}),
    "deflate unasked": body(zlib.compress(listed(GOOD)), **{"Content-Encoding": "deflate"}),
    "brotli unasked": body(listed(GOOD), **{"Content-Encoding": "br"}),
    "packed twice": body(packed(packed(listed(GOOD))), **{"Content-Encoding": "gzip, gzip"}),
    "next on another host": next_is("{0}/customers"),
    "next without a scheme": next_is("//127.0.0.1:{1}/customers"),
    "next by another name of this host": next_is("http://localhost:{1}/customers"),
    "next as one number": next_is("http://2130706433:{1}/"),
    "next in IPv6 clothes": next_is("http://[::ffff:127.0.0.1]:{1}/"),
    "next with a user": next_is("http://user:word@127.0.0.1:{1}/"),
    "next with backslashes": next_is("http:\\\\127.0.0.1:{1}\\customers"),
    "next by https": next_is("https://127.0.0.1:{1}/customers"),
    "next into the file system": next_is("file:///etc/passwd"),
    "next as a script": next_is("javascript:alert(1)"),
    "next as gopher": next_is("gopher://127.0.0.1:{1}/_x"),
    "next at the cloud's metadata": next_is(METADATA),
    "next with line ends": next_is("/customers\r\nHost: evil\r\n\r\nGET {0}"),
    "next of a megabyte": next_is("/" + "x" * 1_000_000),
    "next that is an object": body(listed(GOOD, follow=b'{"href": "/x"}')),
    "next that is true": body(listed(GOOD, follow=b"true")),
    "next that leads back": next_is("/customers"),
    "redirect to another host": redirect(302, "{0}/customers"),
    "redirect with the method kept": redirect(307, "{0}/customers"),
    "redirect to the metadata": redirect(301, METADATA),
    "redirect to itself": redirect(308, "/customers"),
    "redirect to nowhere": redirect(302, ""),
    "redirect into the file system": redirect(302, "file:///etc/passwd"),
    "a lone surrogate": beside("json_unreadable", b'{"id": 1, "name": "\\ud800"}'),
    "bytes that are no text": beside("json_unreadable", b'{"id": 1, "name": "\xff\xfe"}'),
    "a number of 5,000 digits": beside("json_unreadable", b'{"id": ' + b"1" * 5000 + b"}"),
    "a record that is none": beside("record_not_object", b"17"),
    "a record 100 deep": beside("too_deep", b'{"id": 1, "n": ' + b"[" * 99 + b"]" * 99 + b"}"),
    "a record without a key": beside("key_missing", b'{"id": null, "name": "x"}'),
    "a key of 10,000 characters": beside("key_too_long", b'{"id": "' + b"k" * 10_000 + b'"}'),
    "a name of a megabyte": beside(
        "value_too_long", b'{"id": 1, "name": "' + b"n" * 1_000_000 + b'"}'
    ),
    "a name that is a list": beside("given_name_unreadable", b'{"id": 1, "name": ["x"]}'),
    "NUL in a name": Behaviour("read", lambda _: Reply(listed(b'{"id": 1, "name": "a\\u0000b"}'))),
    "bidirectional marks": Behaviour(
        "read", lambda _: Reply(listed('{"id": 1, "name": "a\u202eb\u2066"}'.encode()))
    ),
    "a name twice in one object": Behaviour(
        "read", lambda _: Reply(listed(b'{"id": 9, "id": 1, "name": "x"}'))
    ),
    "a cookie": Behaviour(
        "read", lambda _: Reply(listed(GOOD), headers={"Set-Cookie": "a=b; Domain=example.org"})
    ),
}
"""Answered at once; all of them stand in `make test`."""

SLOW = {
    "a body without end": refused(lambda _: Reply(pieces=endless(b" " * 65_536))),
    "an array without end": refused(
        lambda _: Reply(pieces=[b'{"items": [', *[b'{"id": 1, "name": "x"},' * 2_000] * 1_600])
    ),
    "a field of 50 megabytes": Behaviour(
        "value_too_long",
        lambda _: Reply(listed(b'{"id": 1, "name": "' + b"n" * 50_000_000 + b'"}', GOOD)),
    ),
    "a byte a second": refused(
        lambda _: Reply(pieces=endless(b" "), pause_seconds=0.3), seconds=2.0
    ),
    "silence": refused(lambda _: Reply(pieces=[b"", b""], pause_seconds=20.0), seconds=1.0),
    "a bomb of a gigabyte": body(packed(b" " * 64_000_000) * 16, **{"Content-Encoding": "gzip"}),
}
"""Take seconds or many megabytes; they stand in `make chaos`."""
