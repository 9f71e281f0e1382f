"""The machine a figure was made on, and the memory and CPU of process trees on it."""

import os
import platform
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

import psutil

SAMPLE_SECONDS = 0.1


def describe_machine() -> dict[str, Any]:
    """Return what a reader must know to judge a wall time."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "system": platform.system(),
        "load": round(os.getloadavg()[0], 1),
    }


def pace() -> float:
    """Return how long a fixed piece of Python takes now, in seconds, in a process of its own.

    Others on the host share caches and cores with us and halve what a core does, which neither the
    load nor stolen time tells. A wall time says little unless its reader knows that. In a process
    that has worked for long the same piece takes twice as long, since its memory is in pieces.
    """
    said = subprocess.run(
        [sys.executable, "-I", "-c", _PACE], check=True, capture_output=True, text=True
    )
    return float(said.stdout)


_PACE = """
import time

def work(words):
    for _ in range(5):
        places = {}
        for word in words:
            places[word] = len(word) + len(places)

words = tuple(map(str, range(100_000)))
begun = time.perf_counter()
work(words)
print(time.perf_counter() - begun)
"""


class TreeWatch:
    """Samples a process and its children: peak memory in MiB and CPU seconds.

    Memory is the sum of proportional set sizes, so that pages shared between processes count
    once. CPU of children that ended between two samples is missed by at most one sample.
    """

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._cpu: dict[int, float] = {}
        self.peak_mib = 0.0
        self.peak_own_mib = 0.0

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes seen."""
        return sum(self._cpu.values())

    def __enter__(self) -> Self:
        """Begin to sample."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop sampling."""
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.is_set():
            total = 0
            try:
                for process in [self._root, *self._root.children(recursive=True)]:
                    try:
                        times = process.cpu_times()
                        memory = process.memory_full_info().pss
                    except psutil.Error:
                        continue
                    self._cpu[process.pid] = times.user + times.system
                    total += memory
                    if process.pid == self._root.pid:
                        self.peak_own_mib = max(self.peak_own_mib, memory / 2**20)
            except psutil.Error:
                return
            self.peak_mib = max(self.peak_mib, total / 2**20)
            time.sleep(SAMPLE_SECONDS)
