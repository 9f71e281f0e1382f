"""How a command ends early: SIGTERM and a closed terminal stop it as Ctrl-C does.

Python ends a process at SIGTERM without any clean-up, which would leave the embedded database
server running and a sync marked as running. So both signals take the way of Ctrl-C, which runs
every `with` block to its end; where an event loop runs, it cancels its main task.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells expect
SIGNALS = (signal.SIGTERM, signal.SIGHUP)

_stopped_by: list[int] = []


@contextmanager
def gently_stopped() -> Iterator[None]:
    """Let SIGTERM and SIGHUP run the clean-up of whatever runs inside the block."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup wants a closed terminal to be ignored
            signal.signal(number, _stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped_by_signal() -> int | None:
    """Return the exit code for the signal that stopped this process, as shells expect it."""
    return 128 + _stopped_by[0] if _stopped_by else None


def _stop(number: int, frame: FrameType | None) -> None:
    """Go the way of Ctrl-C, once: a second signal must not break into the clean-up."""
    if _stopped_by:
        return
    _stopped_by.append(number)
    interrupt = signal.getsignal(signal.SIGINT)
    if callable(interrupt):
        interrupt(signal.SIGINT, frame)
    else:  # started in the background by a shell, which ignores Ctrl-C for it
        raise KeyboardInterrupt
