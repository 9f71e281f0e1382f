"""Run any Singer tap as a process of its own and read what it says: the kind `singer`.

A tap is a program with an environment of its own, so none of its dependencies meet ours. It
sees its own configuration and nothing of ours: no variable, no database, no other secret. Only
taps that an operator has put into TOWNCLERK_TAPS_DIR can be run, whoever wrote the file.

Source: the Singer specification 0.3.0 (SCHEMA, RECORD, STATE).
"""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar

import msgspec
from pydantic import Field, StringConstraints

from connectors.sdk.cursors import END, is_end, read_position, write_position
from connectors.sdk.json_pages import decode_records
from connectors.sdk.source import Source
from connectors.sdk.spec import StreamSpec, Vanished
from connectors.sdk.strict import PageSize, SecretRef
from schemas.errors import GiveUp, Misconfigured, RetryLater
from schemas.records import Cursor, Page

TAPS_DIR_DEFAULT = "/opt/townclerk/taps"
"""One folder per tap, each a Python environment with the tap installed in it."""

LINE_BYTES_MAX = 16 * 1024 * 1024
"""One message; a record with a picture in it has a few megabytes."""

STATE_CHARACTERS_MAX = 1_000_000
"""A state is stored with every page; real ones have a few hundred characters."""

PAGE_RECORDS_MAX = 10_000
"""A tap that tells no state is cut into pages of this many records at most."""

CATALOG_SECONDS_MAX = 300.0
STOP_SECONDS_MAX = 5.0

TapName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]


class TapMissing(Misconfigured):
    """A tap is not where taps lie."""

    code = "tap_missing"
    remedy = (
        "Make an environment for it: `python -m venv $TOWNCLERK_TAPS_DIR/TAP` and "
        "`$TOWNCLERK_TAPS_DIR/TAP/bin/pip install TAP`."
    )


class SingerStream(StreamSpec):
    """One stream of a tap.

    Attributes:
        tap: Name of its folder and of its program, as in tap-github.
        stream: The tap's own name of the stream.
        config: What the tap's configuration holds beside secrets.
        secrets: What else it holds, by name.
        discover: Ask the tap for its catalog, and choose the one stream in it.
        incremental: Hand the last state to the next run; else each run reads everything.
        size: Fewest records on a page; a page ends where the tap tells a state.
        vanished: As for every stream, but a steward is asked unless the file says otherwise: that
            a tap ended well does not prove that it read every page, and its ACTIVATE_VERSION
            message, which says that a table is whole, comes after a page it passed over, too.
    """

    tap: TapName
    stream: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    config: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretRef] = Field(default_factory=dict)
    discover: bool = True
    incremental: bool = False
    size: PageSize = 1000
    vanished: Vanished = Vanished.HOLD


class _Message(msgspec.Struct):
    type: str = ""
    stream: str = ""
    record: msgspec.Raw = msgspec.Raw(b"")
    value: msgspec.Raw = msgspec.Raw(b"")


_MESSAGE = msgspec.json.Decoder(_Message)


class SingerConnector:
    """Reads one stream of a tap, from state to state."""

    kind: ClassVar[str] = "singer"
    stream_type: ClassVar[type[StreamSpec]] = SingerStream
    auth_types: ClassVar[frozenset[str]] = frozenset({"none"})

    def __init__(self, source: Source) -> None:
        self._source = source

    async def read(self, stream: str, cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Read one stream from the last state that was told; the end is a tap that ends well."""
        spec = self._source.stream(stream, SingerStream)
        if cursor is not None and is_end(cursor):
            yield Page(records=[], cursor=cursor, last=True)
            return
        since = cursor.since if cursor else None
        stood = read_position(cursor, "singer", str)
        state = stood[0] if stood else since
        with tempfile.TemporaryDirectory(prefix="townclerk-") as place:
            arguments = await self._prepare(spec, Path(place), state)
            async with _running(spec, arguments, Path(place)) as tap:
                reading = _Reading(spec, since, state, self._source.spec.timeout_seconds)
                async for page in reading.pages(tap):
                    yield page

    async def close(self) -> None:
        """Do nothing: a tap ends with its scan."""

    async def _prepare(self, spec: SingerStream, place: Path, state: str | None) -> list[str]:
        """Write what the tap wants to read; the folder is ours alone and goes with the scan."""
        secret = self._source.secret
        told = {name: secret(ref).get_secret_value() for name, ref in spec.secrets.items()}
        arguments = ["--config", _write(place / "config.json", {**spec.config, **told})]
        if spec.discover:
            catalog = await _chosen(spec, arguments, place)
            arguments += ["--catalog", _write(place / "catalog.json", catalog)]
        if state is not None:
            arguments += ["--state", _write(place / "state.json", json.loads(state))]
        return arguments


class _Reading:
    """Turns the messages of one run into pages."""

    def __init__(
        self, spec: SingerStream, since: str | None, state: str | None, silence: float
    ) -> None:
        self._spec, self._since, self._silence = spec, since, silence
        self._state = state
        self._pieces = list[bytes]()
        self._described = False

    async def pages(self, tap: asyncio.subprocess.Process) -> AsyncGenerator[Page, None]:
        assert tap.stdout is not None  # it was started with a pipe
        while line := await self._line(tap.stdout):
            if self._take(line):
                yield self._page(last=False)
        async with asyncio.timeout(STOP_SECONDS_MAX):
            code = await tap.wait()
        if code != 0:
            raise GiveUp(
                f"{self._spec.tap} ended with exit code {code}.",
                remedy="Run it by hand with the same configuration to see what it says; its own "
                "words are not kept, because they may hold values of customers.",
                exit_code=code,
            )
        if not self._described and not self._pieces:
            raise GiveUp(
                f"{self._spec.tap} told nothing of a stream `{self._spec.stream}`.",
                remedy="Correct `stream`, or set `discover: false` for a tap without a catalog.",
            )
        yield self._page(last=True)

    async def _line(self, stdout: asyncio.StreamReader) -> bytes:
        try:
            async with asyncio.timeout(self._silence):
                line = await stdout.readline()
        except TimeoutError:
            raise RetryLater(
                f"{self._spec.tap} said nothing for {self._silence:g} seconds."
            ) from None
        except ValueError:
            raise GiveUp(
                f"{self._spec.tap} sent a line of more than {LINE_BYTES_MAX} bytes."
            ) from None
        if line and not line.endswith(b"\n"):
            raise RetryLater(f"{self._spec.tap} ended in the middle of a line.")
        return line

    def _take(self, line: bytes) -> bool:
        """Take one message; return whether a page is full."""
        try:
            message = _MESSAGE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise GiveUp(f"{self._spec.tap} sent a line that is no Singer message.") from None
        mine = message.stream == self._spec.stream
        match message.type:
            case "RECORD" if mine:
                self._pieces.append(bytes(message.record))
            case "SCHEMA" if mine:
                self._described = True
            case "STATE":
                self._state = bytes(message.value).decode()
                if len(self._state) > STATE_CHARACTERS_MAX:
                    raise GiveUp(f"{self._spec.tap} told a state of more than a megabyte.")
                return len(self._pieces) >= self._spec.size
            case "BATCH":
                raise GiveUp(
                    f"{self._spec.tap} sends batches of files, which we do not read.",
                    remedy="Leave batch_config out of its configuration.",
                )
        return len(self._pieces) >= max(PAGE_RECORDS_MAX, self._spec.size)

    def _page(self, *, last: bool) -> Page:
        """Cut a page; records after the last state come again after a kill, never too few."""
        records, rejected = decode_records(self._pieces)
        self._pieces = []
        position = END if last else None
        if not last and self._state is not None:
            position = write_position("singer", self._state)
        high = self._state if self._spec.incremental else None
        cursor = Cursor(position=position, since=self._since, high=high)
        return Page(records=records, rejected=rejected, cursor=cursor, last=last)


def _program(tap: str) -> str:
    place = Path(os.environ.get("TOWNCLERK_TAPS_DIR") or TAPS_DIR_DEFAULT)
    program = place / tap / "bin" / tap
    if not (program.is_file() and os.access(program, os.X_OK)):
        raise TapMissing(f"The tap {tap} is not installed: there is no {program}.", tap=tap)
    return str(program)


@asynccontextmanager
async def _running(
    spec: SingerStream, arguments: list[str], place: Path
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """Run the tap in a session of its own; whatever it started ends with the block."""
    process = await asyncio.create_subprocess_exec(
        _program(spec.tap),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_BYTES_MAX,
        cwd=place,
        env={"PATH": os.defpath, "HOME": str(place), "LANG": "C.UTF-8", "TZ": "UTC"},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _chosen(spec: SingerStream, arguments: list[str], place: Path) -> dict[str, Any]:
    """Ask the tap for its catalog, and choose one stream in it with all its fields."""
    async with _running(spec, [*arguments, "--discover"], place) as tap:
        assert tap.stdout is not None  # it was started with a pipe
        try:
            async with asyncio.timeout(CATALOG_SECONDS_MAX):
                body = await tap.stdout.read(LINE_BYTES_MAX)
                while more := await tap.stdout.read(LINE_BYTES_MAX):
                    body += more
                    if len(body) > LINE_BYTES_MAX:
                        raise GiveUp(f"The catalog of {spec.tap} is larger than any.")
                code = await tap.wait()
        except TimeoutError:
            raise RetryLater(f"{spec.tap} did not tell its catalog in time.") from None
    try:
        catalog = msgspec.json.decode(body, type=dict[str, Any])
        streams = [one for one in catalog["streams"] if _name(one) == spec.stream]
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError):
        streams = []
    if code != 0 or not streams:
        raise GiveUp(
            f"{spec.tap} does not tell of a stream `{spec.stream}` in its catalog "
            f"(exit code {code}).",
            remedy="Run it by hand with --discover, and correct `stream`, `config` or `secrets`.",
        )
    return {"streams": [_selected(one) for one in streams]}


def _name(stream: dict[str, Any]) -> str:
    return str(stream.get("stream") or stream.get("tap_stream_id"))


def _selected(stream: dict[str, Any]) -> dict[str, Any]:
    """Mark a stream and all its fields as chosen, in the newer and the older way."""
    metadata = [
        {**one, "metadata": {**one.get("metadata", {}), "selected": True}}
        for one in stream.get("metadata", [])
    ]
    if not any(one.get("breadcrumb") == [] for one in metadata):
        metadata.append({"breadcrumb": [], "metadata": {"selected": True}})
    schema = {**stream.get("schema", {}), "selected": True}
    return {**stream, "metadata": metadata, "schema": schema}


def _write(path: Path, value: dict[str, Any]) -> str:
    path.touch(mode=0o600)
    path.write_bytes(msgspec.json.encode(value))
    return str(path)
