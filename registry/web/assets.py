"""Static files under names that carry a hash of their content, to be kept for ever."""

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".graphql": "application/graphql",
    ".json": "application/json",
}
FOREVER = "public, max-age=31536000, immutable"
HASH_CHARACTERS = 12


@cache
def hashed_names() -> dict[str, str]:
    """Return the public name of every static file, e.g. page.css as page.1f2e3d4c5b6a.css."""
    return {
        file.name: f"{file.stem}.{_digest(file)}{file.suffix}"
        for file in sorted(STATIC.iterdir())
        if file.suffix in MEDIA_TYPES
    }


@cache
def files_by_public_name() -> dict[str, Path]:
    """Return the file behind each public name."""
    return {public: STATIC / name for name, public in hashed_names().items()}


def asset(name: str) -> str:
    """Return the address of a static file for a page."""
    return f"/static/{hashed_names()[name]}"


@cache
def map_stylesheet() -> str:
    """Return the style of a picture that stands alone, outside our pages."""
    return "".join((STATIC / name).read_text() for name in ("tokens.css", "map.css"))


@cache
def view_stylesheet() -> str:
    """Return the style of an architecture view that stands alone."""
    return "".join((STATIC / name).read_text() for name in ("tokens.css", "view.css"))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:HASH_CHARACTERS]
