"""What comes back over HTTP, and what a source must not send us to; no network in here."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from schemas.errors import GiveUp

T = TypeVar("T")


class ForeignAddress(GiveUp):
    """A source sends us somewhere else than to its registered address."""

    code = "foreign_address"
    remedy = (
        "Nothing was sent there. If the source moved, change its address in the register; "
        "otherwise ask its owner why it points elsewhere."
    )


class Answer(NamedTuple):
    """One complete answer.

    Attributes:
        body: Unpacked bytes.
        headers: Header fields, names in lower case.
        target: Path and query it answers.
        status: HTTP status; a success, or one that was asked for.
    """

    body: bytes
    headers: Mapping[str, str]
    target: str
    status: int = 200


Read = Callable[[Answer], T]
"""Turns an answer into what is wanted; may raise Hiccup to have it asked again."""
