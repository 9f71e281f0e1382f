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
from connectors.generate.yaml_document import read_yaml

DOCUMENT_BYTES_MAX = 32 * 1024 * 1024
"""The largest public document we know has 12 MB."""

_GZIP = b"\x1f\x8b"
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")
_PAGE = re.compile(rb"(?i)<!doctype html|<html[\s>]")
_JSON = re.compile(rb"\s*[{\[]")
_SCHEMA_WORDS = re.compile(
    r"^\s*(type|schema|extend|interface|enum|input|union|directive)\b[^:\n]*[{=@]", re.MULTILINE
)
_OPENAPI_WORDS = re.compile(r"^(openapi|swagger|info|paths)\s*:", re.MULTILINE)


def is_web_page(content: bytes) -> bool:
    """Tell whether a document is a page for people instead of a description for programs."""
    return _PAGE.search(content[:4_096]) is not None


def is_markup(content: bytes) -> bool:
    """Tell whether a document is XML."""
    return _MARKUP.match(content[:4_096]) is not None


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
    content = unpacked(content, name).removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise InterfaceUnreadable(f"{name} is empty.")
    try:
        found = msgspec.json.decode(content) if _JSON.match(content) else _yaml(content, name)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InterfaceUnreadable(f"{name} is not JSON: {error}.") from None
    except RecursionError:
        raise InterfaceUnreadable(f"{name} is nested too deeply to be read.") from None
    if not isinstance(found, dict | str):
        raise InterfaceUnreadable(f"{name} describes no interface: it holds no mapping.")
    return found


def unpacked(content: bytes, name: str) -> bytes:
    """Return a document's own bytes.

    Raises:
        InterfaceUnreadable: It is too large, or damaged.
    """
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
        return read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise InterfaceUnreadable(f"{name} is neither JSON nor YAML{where}.") from None
    except ValueError as error:
        raise InterfaceUnreadable(f"{name} holds a value that YAML cannot read: {error}.") from None
