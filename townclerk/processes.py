"""Parts that stop when we stop: child processes, and flows in a thread of their own."""

import asyncio
import contextvars
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from schemas.errors import TownclerkError, Unreachable

T = TypeVar("T")

STOP_SECONDS_MAX = 10.0  # what an operator waits for; afterwards the child is killed
LAST_WORDS_MAX = 2000  # characters of a child's last line that a terminal can carry


class ChildFailed(Unreachable):
    """A part of Townclerk stopped before it was ready."""

    code = "child_failed"
    remedy = "The last line of its log stands above; `townclerk doctor` checks the usual causes."


class Child:
    """A part of Townclerk in a process of its own.

    Args:
        name: How messages call it.
        arguments: Arguments after `python -m`.
        log: File that takes its standard error, of this start only.
        environment: Variables on top of ours.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        log: Path,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(environment or {})},
                start_new_session=True,  # Ctrl-C reaches us alone; we stop our children in order
            )

    def wait_ready(self, seconds_max: float) -> dict[str, Any]:
        """Return the JSON line with which the child says that it is ready.

        Raises:
            ChildFailed: It stopped first, or took longer than `seconds_max`.
        """
        assert self._process.stdout is not None  # we asked for a pipe
        overdue = threading.Timer(seconds_max, self._process.kill)
        overdue.start()
        try:
            line = self._process.stdout.readline()
        finally:
            overdue.cancel()
        try:
            ready = json.loads(line)
        except ValueError as error:
            self.stop()
            raise self._failure(f"{self.name} did not start") from error
        if "error" in ready:
            self.stop()
            raise ChildFailed(ready["error"]["what"], remedy=ready["error"]["remedy"])
        return dict(ready)

    def check(self) -> None:
        """Raise ChildFailed if the child has stopped by itself."""
        if self._process.poll() is not None:
            raise self._failure(f"{self.name} stopped by itself")

    def stop(self) -> None:
        """Stop the child and wait for it; kill it when it does not listen."""
        if self._process.stdin:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        """Return the running child."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the child."""
        self.stop()

    def _failure(self, what: str) -> TownclerkError:
        with suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                sys.stderr.write(lines[-1][:LAST_WORDS_MAX] + "\n")  # never a traceback
        return ChildFailed(f"{what}; its log is {self._log}")


def wait_for_stop() -> None:
    """Wait until somebody asks this process to stop, by Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def run_stoppable(work: Coroutine[Any, Any, T]) -> T:
    """Run flows to their end; a signal to this process cancels them, and they clean up first.

    In the main thread Prefect puts a handler of its own on SIGTERM, which breaks out of the event
    loop in the middle of whatever runs and leaves its threads behind. So flows get a thread, and
    the main thread stays free to hear signals.

    Raises:
        KeyboardInterrupt: A signal came; the flows have been cancelled and have ended.
    """
    outcome: Future[T] = Future()
    running: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()

    async def whole() -> T:
        task = asyncio.current_task()
        assert task is not None  # a coroutine that runs has one
        running.set_result((asyncio.get_running_loop(), task))
        return await work

    def drive() -> None:
        try:
            outcome.set_result(asyncio.run(whole()))
        except BaseException as error:  # noqa: BLE001  # handed to the main thread, which raises it
            outcome.set_exception(error)

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(drive,), name="townclerk-flows"
    )
    thread.start()
    try:
        return outcome.result()
    except KeyboardInterrupt:
        loop, task = running.result()
        with suppress(RuntimeError):  # it has just ended by itself
            loop.call_soon_threadsafe(task.cancel)
        thread.join()
        raise
