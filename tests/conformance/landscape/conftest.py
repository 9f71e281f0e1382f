"""Real reference architectures, where somebody has put them beside the repository.

They are not ours to publish. Without them the tests that need them skip and say so.
"""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], Path]:
    """Return where a file of the landscape data lies, or skip."""
    folder = Path(os.environ.get("TOWNCLERK_TEST_DATA", BESIDE)) / "landscape"

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"{name} is not among the test data; set TOWNCLERK_TEST_DATA")
        return path

    return find


@pytest.fixture(scope="session")
def reference_bytes(reference_data: Callable[[str], Path]) -> Callable[[str], bytes]:
    """Return the content of a file of the landscape data, unpacked, or skip."""

    def read(name: str) -> bytes:
        data = reference_data(name).read_bytes()
        return gzip.decompress(data) if name.endswith(".gz") and "tar" not in name else data

    return read
