"""Answers that the sandbox's web sources share: JSON bytes as they are, problems as RFC 9457."""

import base64
import binascii
import hmac
import json
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def json_bytes(body: bytes, headers: dict[str, str] | None = None) -> Response:
    """Answer with JSON that is already text."""
    return Response(body, media_type=JSON, headers=headers)


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None
) -> Response:
    """Answer with a problem.

    Source:
        RFC 9457, Problem Details for HTTP APIs.
    """
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(
        json.dumps(body), status, media_type="application/problem+json", headers=headers
    )


def array(rows: Iterable[bytes]) -> bytes:
    """Join records that are JSON text into a JSON array."""
    return b"[" + b",".join(rows) + b"]"


def whole_number(text: str | None, default: int, largest: int) -> int | None:
    """Read a query parameter from 1 to `largest`; None when it is something else."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    number = int(text)
    return number if 1 <= number <= largest else None


def basic_credentials(request: Request) -> tuple[str, str] | None:
    """Return user name and password of a Basic authorization header."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (name, password) if colon else None


def same(left: str, right: str) -> bool:
    """Compare secrets in a time that tells nothing about them."""
    return hmac.compare_digest(left.encode(), right.encode())


def write_cursor(changed: str, number: int) -> str:
    """Return a cursor that only its source needs to understand: last moment and number served."""
    return base64.urlsafe_b64encode(f"{changed}|{number}".encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[str, int] | None:
    """Return the moment and number behind a cursor; None if it was not made by us."""
    try:
        padded = text + "=" * (-len(text) % 4)
        changed, _, number = base64.urlsafe_b64decode(padded).decode("ascii").partition("|")
        return changed, int(number)
    except (binascii.Error, ValueError):
        return None
