"""Rigs of kinds over HTTP: which page is asked for, and every fault an HTTP server can have."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connectors.sdk.auth import OAuth2ClientCredentials
from connectors.sdk.conformance.playing import Asked, Told, playing
from connectors.sdk.conformance.rigs import SECRET_PLAYED, Fault, Played, Rig, Show

TOKEN_PATH = "/conformance-token"  # noqa: S105  # a path, no secret

WAIT_SECONDS = "60"
"""Longer than a connector waits by itself, so that no rule takes a minute."""

HTTP_FAULTS = frozenset(Fault) - {Fault.FOREIGN_NEXT, Fault.LOOPING_NEXT}
"""The faults of any HTTP source; those with a next page in them depend on its paging."""

_STATUSES = {Fault.BUSY: 429, Fault.BROKEN: 500, Fault.NOT_FOUND: 404, Fault.REFUSED: 401}


@dataclass(frozen=True)
class Shown:
    """One page that is being told.

    Attributes:
        numbers: The records on it.
        start: How many records come before it.
        follows: How many records come before the next page; None after the last.
        total: How many records there are.
        elsewhere: Where a `next` is to lead instead of here.
    """

    numbers: Sequence[int]
    start: int
    follows: int | None
    total: int
    elsewhere: str = ""


class HttpRig(Rig):
    """The source's side of a connector that reads pages over HTTP."""

    counted: bool = False
    """Whether the reader counts pages itself, so that no answer holds the way to the next."""

    @contextmanager
    def play(self, show: Show) -> Iterator[Played]:
        """Play the source for as long as the block lasts."""
        plays = _Plays(self, show)
        with playing(plays.answer) as player:
            source = self.source(player.url, **self.options(show))
            auth = source.spec.auth
            if isinstance(auth, OAuth2ClientCredentials):
                here = auth.model_copy(update={"token_url": None, "token_path": TOKEN_PATH})
                spec = source.spec.model_copy(update={"auth": here})
                source = self.with_spec(source, spec)
            yield Played(source=source, contacts=lambda: player.connections)

    def options(self, show: Show) -> dict[str, Any]:
        """Return the stream's options that ask for pages of the show's size."""
        return {"size": show.size}

    def fixed(self, asked: Asked) -> Told | None:
        """Return what is no page: a description that the connector reads first."""
        del asked
        return None  # most sources have none

    @abstractmethod
    def start(self, show: Show, asked: Asked) -> int:
        """Return how many records come before the page that is asked for."""

    @abstractmethod
    def tell(self, show: Show, asked: Asked, shown: Shown) -> Told:
        """Write a page as the source would."""

    def numbers(self, show: Show, asked: Asked) -> list[int]:
        """Return the records of the list that is asked for."""
        del asked  # a source with one list has the same for everybody
        return show.numbers()


class _Plays:
    """Answers one show; remembers which empty pages were told, since they are told once."""

    def __init__(self, rig: HttpRig, show: Show) -> None:
        self._rig, self._show = rig, show
        self._emptied = set[int]()

    def answer(self, asked: Asked) -> Told:
        if asked.path == TOKEN_PATH:
            return Told.json({"access_token": SECRET_PLAYED, "expires_in": 3600})
        show, rig = self._show, self._rig
        if (fixed := rig.fixed(asked)) is not None:
            return fixed
        size = max(1, show.size // 2) if show.fault is Fault.SHORT_PAGE else show.size
        numbers = rig.numbers(show, asked)
        start = rig.start(show, asked)
        number = start // size
        faulty = show.fault is not None and number >= show.fault_page
        if show.fault is Fault.LOOPING_NEXT and rig.counted:
            start = 0  # a source that ignores which page it is asked for
        page = numbers[start : start + size]
        follows = start + size if start + size < len(numbers) else None
        shown = Shown(page, start, follows, len(numbers))
        return self._faulty(asked, shown) if faulty else rig.tell(show, asked, shown)

    def _faulty(self, asked: Asked, shown: Shown) -> Told:
        show, rig = self._show, self._rig
        told = rig.tell(show, asked, shown)
        match show.fault:
            case Fault.BUSY | Fault.BROKEN | Fault.NOT_FOUND | Fault.REFUSED:
                return Told(status=_STATUSES[show.fault], headers={"Retry-After": WAIT_SECONDS})
            case Fault.CUT_SHORT:
                return Told(told.body, headers=told.headers, cut=len(told.body) // 2)
            case Fault.NOT_ITS_SHAPE:
                return Told.json({"message": "the database is away"})
            case Fault.FOREIGN_REDIRECT:
                return Told(status=302, headers={"Location": f"{show.elsewhere}{asked.target}"})
            case Fault.FOREIGN_NEXT if shown.follows is not None:
                there = Shown(*_fields(shown)[:4], elsewhere=show.elsewhere)
                return rig.tell(show, asked, there)
            case Fault.LOOPING_NEXT if not rig.counted and shown.follows is not None:
                return rig.tell(show, asked, Shown(shown.numbers, shown.start, 0, shown.total))
            case Fault.EMPTY_PAGE if shown.start not in self._emptied:
                self._emptied.add(shown.start)
                again = None if rig.counted else shown.start
                return rig.tell(show, asked, Shown([], shown.start, again, shown.total))
        return told


def _fields(shown: Shown) -> tuple[Sequence[int], int, int | None, int]:
    return shown.numbers, shown.start, shown.follows, shown.total
