"""Read an interface's document as it comes: JSON or YAML, packed or not, from anybody.

The document is a stranger's: bytes, depth and the number of nodes have limits, and YAML's aliases
stay shared instead of being written out.
"""

import re
import zlib
from typing import Any

import msgspec
import yaml

from connectors.generate.guesses import InterfaceUnreadable

DOCUMENT_BYTES_MAX = 32 * 1024 * 1024
"""The largest public document we know has 12 MB."""

DEPTH_MAX = 200
"""Real documents nest thirty deep; libyaml recurses until the stack and the process end."""

NODES_MAX = 3_000_000
"""The largest public document has a third of that."""

_GZIP = b"\x1f\x8b"
_JSON = re.compile(rb"\s*[{\[]")
_SCHEMA_WORDS = re.compile(
    r"^\s*(type|schema|extend|interface|enum|input|union|directive)\b[^:\n]*[{=@]", re.MULTILINE
)
_OPENAPI_WORDS = re.compile(r"^(openapi|swagger|info|paths)\s*:", re.MULTILINE)


class _Loader(yaml.CSafeLoader):
    """YAML with JSON's types: dates stay text."""


_Loader.yaml_implicit_resolvers = {
    sign: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for sign, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_document(content: bytes, *, name: str) -> dict[str, Any] | str:
    """Read a document.

    Args:
        content: Its bytes, packed with gzip or not.
        name: File name or address, for messages.

    Returns:
        A mapping, or the text of a GraphQL schema.

    Raises:
        InterfaceUnreadable: Too large, too deep, or none of what we know.
    """
    content = _unpacked(content, name).removeprefix(b"\xef\xbb\xbf")
    try:
        found = msgspec.json.decode(content) if _JSON.match(content) else _yaml(content, name)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InterfaceUnreadable(f"{name} is not JSON: {error}.") from None
    except RecursionError:
        raise InterfaceUnreadable(f"{name} is nested too deeply to be read.") from None
    if not isinstance(found, dict | str):
        raise InterfaceUnreadable(f"{name} describes no interface: it holds no mapping.")
    return found


def _unpacked(content: bytes, name: str) -> bytes:
    if content.startswith(_GZIP):
        try:
            unpack = zlib.decompressobj(wbits=31)
            content = unpack.decompress(content, DOCUMENT_BYTES_MAX + 1)
        except zlib.error:
            raise InterfaceUnreadable(f"{name} is damaged: it cannot be unpacked.") from None
    if len(content) > DOCUMENT_BYTES_MAX:
        raise InterfaceUnreadable(f"{name} is larger than {DOCUMENT_BYTES_MAX:,} bytes.")
    return content


def _yaml(content: bytes, name: str) -> Any:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InterfaceUnreadable(f"{name} is not UTF-8 text.") from None
    if _SCHEMA_WORDS.search(text) and "{" in text and not _OPENAPI_WORDS.search(text):
        return text
    try:
        _refuse_depth(text)
        found = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader, only stricter
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise InterfaceUnreadable(f"{name} is neither JSON nor YAML{where}.") from None
    except ValueError as error:
        raise InterfaceUnreadable(f"{name} holds a value that YAML cannot read: {error}.") from None
    return found


def _refuse_depth(text: str) -> None:
    """Walk the events first: they come one by one, whatever is inside what."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX or count > NODES_MAX:
            raise InterfaceUnreadable(
                f"The document nests deeper than {DEPTH_MAX} levels or has more than "
                f"{NODES_MAX:,} values."
            )
