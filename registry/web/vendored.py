"""Other people's scripts that we ship: addresses, checksums and files; see tools/vendor.py."""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from registry.web.assets import HASH_CHARACTERS, MEDIA_TYPES, STATIC

VENDOR = STATIC / "vendor"
LOCK = VENDOR / "vendor.lock.json"
PREFIX = "/static/vendor/"


@dataclass(frozen=True)
class VendorFile:
    """One file of somebody else's package.

    Attributes:
        path: Where it is.
        public: Its name in addresses, below `PREFIX`; changes with its content.
        integrity: Checksum that browsers compare (W3C Subresource Integrity).
    """

    path: Path
    public: str
    integrity: str

    @property
    def address(self) -> str:
        """Return the address for a page."""
        return PREFIX + self.public


@cache
def vendor_files() -> dict[str, VendorFile]:
    """Return every shipped file that browsers may fetch, by its path inside the folder."""
    packages = json.loads(LOCK.read_text())["packages"]
    return {
        name: VendorFile(VENDOR / name, _public(name, integrity), integrity)
        for package in packages
        for name, integrity in package["files"].items()
        if Path(name).suffix in MEDIA_TYPES
    }


@cache
def vendor_files_by_public_name() -> dict[str, VendorFile]:
    """Return the file behind each public name."""
    return {file.public: file for file in vendor_files().values()}


def _public(name: str, integrity: str) -> str:
    path = Path(name)
    mark = base64.b64decode(integrity.removeprefix("sha384-")).hex()[:HASH_CHARACTERS]
    return str(path.with_name(f"{path.stem}.{mark}{path.suffix}"))
