"""The rules of the kit: each reads a played source and says whether the connector kept its word.

A rule returns nothing where it is kept and raises Broken with one sentence where it is not.
"""

import asyncio
import gc
import logging
import tracemalloc
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, NamedTuple

from connectors.sdk.conformance.playing import Told, playing
from connectors.sdk.conformance.rigs import (
    LOOKS_COMPLETE,
    SECRET_PLAYED,
    Fault,
    Played,
    Rig,
    Show,
    copied,
)
from connectors.sdk.connector import connector_kinds
from connectors.sdk.load import parse_connector_file
from connectors.sdk.retries import hurry
from schemas.errors import SourceTrouble, TownclerkError
from schemas.records import Cursor, Page

RECORDS = 23
"""A prime: no page size but 1 divides it, so the last page is always a short one."""

SIZE = 7

PAGES_MAX = 200
"""A scan of twenty-three records that is longer than this does not end."""

READ_SECONDS_MAX = 60.0
"""A played source answers in a millisecond; four tries with their waits take three seconds."""

HURRY = 0.004
"""Waits between tries shrink to a millisecond: what is judged is what comes after them."""

MEMORY_PAGES = 4
MEMORY_SIZE = 50
MEMORY_BYTES_FREE = 400_000
"""What caches, buffers and the played source itself may take on the way to ten times the pages."""


class Broken(Exception):
    """A rule is broken; the text is one sentence for the connector's author."""


class NotJudged(Exception):
    """A rule cannot be judged with this rig; the text says why."""


class Rule(NamedTuple):
    """One rule.

    Attributes:
        name: Short and unchanging, for reports.
        words: What a connector promises by it.
        judge: Raises Broken where it is not kept.
    """

    name: str
    words: str
    judge: Callable[[Rig], None]


class Reading(NamedTuple):
    """What one scan gave: the pages, and what ended it where it was no proper end."""

    pages: list[Page]
    trouble: SourceTrouble | None

    @property
    def complete(self) -> bool:
        """Whether the connector said that this was all."""
        return bool(self.pages) and self.pages[-1].last

    def raws(self) -> list[bytes]:
        """Return the bytes of every record, those that were refused as well."""
        return [
            *(record.raw for page in self.pages for record in page.records),
            *(bad.raw for page in self.pages for bad in page.rejected),
        ]


def read(rig: Rig, played: Played, cursor: Cursor | None = None, stop: int = PAGES_MAX) -> Reading:
    """Read with a fresh connector until the end, a trouble, or a number of pages.

    Raises:
        Broken: It raised something that is no SourceTrouble, hung, or never ended.
    """
    pages: list[Page] = []

    async def run() -> None:
        connector = rig.connector(played.source)
        try:
            scan: AsyncGenerator[Page, None] = connector.read(rig.stream, cursor)
            async with asyncio.timeout(READ_SECONDS_MAX), aclosing(scan):
                async for page in scan:
                    pages.append(page)
                    if len(pages) >= stop:
                        return
        finally:
            await connector.close()

    unhurried = hurry.set(HURRY)
    try:
        asyncio.run(run())
    except SourceTrouble as trouble:
        return Reading(pages, trouble)
    except TimeoutError:
        raise Broken(f"A scan did not end within {READ_SECONDS_MAX:g} seconds.") from None
    except TownclerkError as error:
        raise Broken(f"It raised {error.code}, which is no trouble of a source.") from None
    except Exception as error:  # noqa: BLE001  # somebody else's code is judged here
        raise Broken(
            f"It raised {type(error).__name__}; a connector raises RetryLater or GiveUp."
        ) from None
    finally:
        hurry.reset(unhurried)
    if len(pages) >= PAGES_MAX:
        raise Broken(f"A scan of {RECORDS} records had not ended after {PAGES_MAX} pages.")
    return Reading(pages, None)


def whole(rig: Rig, show: Show) -> Reading:
    """Read a show that has no fault to its end.

    Raises:
        Broken: The scan did not end, or not properly.
    """
    with rig.play(show) as played:
        reading = read(rig, played)
    if reading.trouble is not None:
        raise Broken(f"A source without a fault ended the scan: {reading.trouble.what}")
    if not reading.complete:
        raise Broken("The last page of a whole scan does not say `last=True`.")
    if any(page.last for page in reading.pages[:-1]):
        raise Broken("A page before the last one says `last=True`.")
    return reading


def _spec_is_valid(rig: Rig) -> None:
    plain = rig.spec.model_dump(mode="json", exclude_unset=True)
    if rig.spec.auth.type not in rig.connector.auth_types:
        raise Broken(f"It does not know how to sign in by `{rig.spec.auth.type}`.")
    if not isinstance(rig.spec.streams[rig.stream], rig.connector.stream_type):
        raise Broken("The stream is not of the connector's own `stream_type`.")
    options = rig.connector.stream_type.model_validate(plain["streams"][rig.stream])
    if options != rig.spec.streams[rig.stream]:
        raise Broken("The stream's options change when they are stored and read back.")
    if rig.spec.kind == getattr(rig.connector, "kind", None) and _is_installed(rig):
        parse_connector_file(plain, name=rig.spec.connector)


def _is_installed(rig: Rig) -> bool:
    return rig.spec.kind in connector_kinds()


def _same_set_at_any_page_size(rig: Rig) -> None:
    sets = {
        size: Counter(whole(rig, Show(records=RECORDS, size=size)).raws())
        for size in (1, SIZE, RECORDS * 2)
    }
    for size, found in sets.items():
        if found.total() != RECORDS:
            raise Broken(f"With pages of {size} it read {found.total()} of {RECORDS} records.")
        if found != sets[SIZE]:
            raise Broken(f"Pages of {size} and of {SIZE} do not give the same records.")


def _keys_are_unique(rig: Rig) -> None:
    reading = whole(rig, Show(records=RECORDS, size=SIZE))
    keys = [rig.key_of(record.value) for page in reading.pages for record in page.records]
    if None in keys:
        raise Broken("A record has no key.")
    if doubled := [key for key, count in Counter(keys).items() if count > 1]:
        raise Broken(f"{len(doubled)} keys came more than once.")


def _goes_on_after_a_kill(rig: Rig) -> None:
    show = Show(records=RECORDS, size=SIZE)
    expected = whole(rig, show)
    for stop in range(1, len(expected.pages)):
        with rig.play(show) as played:
            before = read(rig, played, stop=stop)
            after = read(rig, played, copied(before.pages[-1].cursor))
        both = Counter(before.raws()) + Counter(after.raws())
        if not after.complete:
            raise Broken(f"After a kill behind page {stop} the scan does not come to its end.")
        lost = (Counter(expected.raws()) - both).total()
        doubled = (both - Counter(expected.raws())).total()
        if lost or doubled:
            raise Broken(
                f"After a kill behind page {stop}, {lost} records are lost and {doubled} doubled."
            )


def _the_end_stays_the_end(rig: Rig) -> None:
    show = Show(records=RECORDS, size=SIZE)
    last = whole(rig, show).pages[-1].cursor
    with rig.play(show) as played:
        again = read(rig, played, copied(last))
    if again.raws() or not again.complete:
        raise Broken("Read again from the last page's cursor, it does not say that this was all.")


def _same_run_twice_changes_nothing(rig: Rig) -> None:
    show = Show(records=RECORDS, size=SIZE)
    first, second = (Counter(whole(rig, show).raws()) for _ in range(2))
    if changed := (second - first).total():
        raise Broken(f"A second run of the same source shows {changed} records as changed.")


def _a_fault_never_looks_complete(rig: Rig) -> None:
    faults = [fault for fault in Fault if fault in rig.faults & LOOKS_COMPLETE]
    if not faults:
        raise NotJudged("the rig knows no fault that looks like the end of a list")
    for fault in faults:
        for page in (0, 1):
            show = Show(records=RECORDS, size=SIZE, fault=fault, fault_page=page)
            with rig.play(show) as played:
                reading = read(rig, played)
            found = len(set(reading.raws()))
            if reading.complete and found < RECORDS:
                raise Broken(
                    f"With {fault.value} it read {found} of {RECORDS} records and called that all."
                )
            if reading.trouble is None and not reading.complete:
                raise Broken(f"With {fault.value} it stopped without an error and without an end.")


def _nobody_else_is_asked(rig: Rig) -> None:
    faults = [one for one in (Fault.FOREIGN_NEXT, Fault.FOREIGN_REDIRECT) if one in rig.faults]
    if not faults:
        raise NotJudged("a source of this kind names no other hosts")
    with playing(lambda _: Told.json({})) as elsewhere:
        for fault in faults:
            show = Show(
                records=RECORDS, size=SIZE, fault=fault, fault_page=0, elsewhere=elsewhere.url
            )
            with rig.play(show) as played:
                reading = read(rig, played)
            if elsewhere.connections:
                raise Broken(f"Sent {fault.value}, it went there.")
            if reading.complete:
                raise Broken(f"Sent {fault.value}, it called the list complete.")


def _secrets_stay_inside(rig: Rig) -> None:
    if rig.spec.auth.type == "none":
        raise NotJudged("the connector file signs in nowhere")
    with _overheard() as heard:
        for fault in (None, *(one for one in (Fault.REFUSED, Fault.BROKEN) if one in rig.faults)):
            show = Show(records=RECORDS, size=SIZE, fault=fault)
            with rig.play(show) as played:
                reading = read(rig, played)
                heard.append(repr(played.source))
            heard += [str(reading.trouble), repr(reading.trouble and reading.trouble.as_dict())]
            heard += [repr(page.cursor) for page in reading.pages]
    if any(SECRET_PLAYED in words for words in heard):
        raise Broken("The secret stands in a log line, an error, a cursor or the source's repr.")


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Listen to every logger at its most talkative."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(f"{record.getMessage()} {record.exc_info or ''} {vars(record)}")

    root, ear = logging.getLogger(), Ear(logging.DEBUG)
    level = root.level
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(ear)


def _memory_is_flat(rig: Rig) -> None:
    if not rig.pages_ten_fold:
        raise NotJudged("the rig itself holds all its records in memory")
    small = _peak_bytes(rig, MEMORY_PAGES)
    large = _peak_bytes(rig, MEMORY_PAGES * 10)
    if large > small * 1.5 + MEMORY_BYTES_FREE:
        raise Broken(f"Ten times the pages took {large} bytes at the peak instead of {small}.")


def _peak_bytes(rig: Rig, pages: int) -> int:
    async def run(played: Played) -> bool:
        connector = rig.connector(played.source)
        last = False
        try:
            async for page in connector.read(rig.stream, None):
                last = page.last
        finally:
            await connector.close()
        return last

    with rig.play(Show(records=pages * MEMORY_SIZE, size=MEMORY_SIZE)) as played:
        gc.collect()
        tracemalloc.start()
        try:
            finished = asyncio.run(run(played))
            peak = tracemalloc.get_traced_memory()[1]
        except Exception as error:  # noqa: BLE001  # somebody else's code is judged here
            raise Broken(f"A long scan ended with {type(error).__name__}.") from None
        finally:
            tracemalloc.stop()
    if not finished:
        raise Broken("A long scan did not come to its end.")
    return peak


def _a_deleted_record_is_missed_only_by_a_whole_scan(rig: Rig) -> None:
    everything = Counter(whole(rig, Show(records=RECORDS, size=SIZE)).raws())
    for gone in (0, RECORDS // 2, RECORDS - 1):
        show = Show(records=RECORDS, size=SIZE, gone=frozenset({gone}))
        reading = whole(rig, show)
        left = Counter(reading.raws())
        if (everything - left).total() != 1 or left - everything:
            raise Broken("A scan after one deletion does not give exactly the records left.")
        with rig.play(show) as played:
            part = read(rig, played, stop=1)
        if part.complete and len(reading.pages) > 1:
            raise Broken("The first of several pages already says `last=True`.")


def _making_one_contacts_nobody(rig: Rig) -> None:
    with rig.play(Show(records=RECORDS, size=SIZE)) as played:
        if played.contacts is None:
            raise NotJudged("the rig cannot count who comes")

        async def make() -> Any:
            connector = rig.connector(played.source)
            scan = connector.read(rig.stream, None)
            await scan.aclose()
            await connector.close()

        asyncio.run(make())
        if played.contacts():
            raise Broken("It contacted the source before the first page was asked for.")


RULES = (
    Rule("spec", "its options are valid and survive storage", _spec_is_valid),
    Rule("idle", "nothing is contacted before the first page", _making_one_contacts_nobody),
    Rule("page-size", "pages of 1, 7 and all give the same set", _same_set_at_any_page_size),
    Rule("keys", "every record has a key of its own", _keys_are_unique),
    Rule("resume", "killed after any page, it goes on exactly there", _goes_on_after_a_kill),
    Rule("end", "read on from the end, it is still the end", _the_end_stays_the_end),
    Rule("twice", "the same source twice is no change", _same_run_twice_changes_nothing),
    Rule("faults", "a faulty scan never counts as complete", _a_fault_never_looks_complete),
    Rule("host", "no host but the registered one is asked", _nobody_else_is_asked),
    Rule("secrets", "secrets stay out of logs, errors and cursors", _secrets_stay_inside),
    Rule("memory", "ten times the pages, the same memory", _memory_is_flat),
    Rule(
        "deletions",
        "a deleted record is missed only by a whole scan",
        _a_deleted_record_is_missed_only_by_a_whole_scan,
    ),
)
