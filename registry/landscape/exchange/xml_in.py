"""Reads XML from strangers: no entities, no document types, no network, and limits on everything.

Documents stream through the parser, so that a large model never stands in memory twice.
"""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, NoReturn

from lxml import etree

from registry.landscape.exchange.model import Dialect, Residue, Text
from registry.landscape.exchange.refusals import FileTooLarge, ModelFileRefused

# The largest model we know of, GEMMA, has 16 MB and 290,000 tags; this is six times as much.
XML_BYTES_MAX = 100_000_000
# A tag or an attribute costs up to 300 bytes while it is parsed: a gigabyte at the very worst.
# GEMMA has 287,000 and 378,000; 100,000 elements with 400,000 relationships have three million.
XML_TAGS_MAX = 4_000_000
XML_ATTRIBUTES_MAX = 3_000_000
# Extensions of an object are a handful; a flood of unknown XML is no extension.
UNKNOWN_PARTS_MAX = 1_000
# The parser itself stops at this depth; views nest about ten deep.
XML_DEPTH_MAX = 256
# A prolog is a declaration and some comments; a longer one hides something.
PROLOG_BYTES_MAX = 100_000

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XSI_TYPE = f"{{{XSI}}}type"

# In these encodings "<" is the byte 0x3C, so that counting tags before parsing means something.
_ENCODINGS = {b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1", b"iso-8859-15", b"windows-1252"}
_DECLARATION = re.compile(rb"<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PROLOG_STEP = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)


def admit(data: bytes, *, file: str) -> bytes:
    """Return the document ready for the parser, or say why it will not be parsed.

    Args:
        data: The document as it came.
        file: Its name, for messages.

    Raises:
        FileTooLarge: More bytes, tags or attributes than the limits above.
        ModelFileRefused: A document type, an unusual encoding, or no XML at all.
    """
    if len(data) > XML_BYTES_MAX:
        _too_large(file, len(data), "bytes", XML_BYTES_MAX)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        data = _from_utf16(data, file=file)
    data = data.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARATION.match(data[:200])
    if declared and declared[1].lower() not in _ENCODINGS:
        raise ModelFileRefused(
            f"it is encoded as {declared[1].decode()}.", file=file, remedy="Save it as UTF-8."
        )
    for mark, limit, word in (
        (b"<", XML_TAGS_MAX, "tags"),
        (b"=", XML_ATTRIBUTES_MAX, "attributes"),
    ):
        if (found := data.count(mark)) > limit:
            _too_large(file, found, word, limit)
    _check_prolog(data, file=file)
    return data


def _too_large(file: str, found: int, word: str, limit: int) -> NoReturn:
    raise FileTooLarge(f"it has {found:,} {word}; at most {limit:,} are read.", file=file)


def _from_utf16(data: bytes, *, file: str) -> bytes:
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise ModelFileRefused("it begins as UTF-16 but is not.", file=file) from error
    return re.sub(r"^<\?xml[^>]*\?>", "", text).encode()


def _check_prolog(data: bytes, *, file: str) -> None:
    """Look at all that stands before the first element; a document type is refused there."""
    place = 0
    while step := _PROLOG_STEP.match(data, place, PROLOG_BYTES_MAX):
        place = step.end()
    line = data.count(b"\n", 0, place) + 1
    if data[place : place + 9].upper() == b"<!DOCTYPE":
        raise ModelFileRefused(
            "it declares a document type, which can hide entities and addresses of other files.",
            file=file,
            line=line,
            remedy="Remove the <!DOCTYPE …> declaration; no architecture tool needs one.",
        )
    if data[place : place + 1] != b"<":
        raise ModelFileRefused("this is not an XML document.", file=file, line=line)
    if data[place + 1 : place + 2] in {b"!", b"?"}:
        raise ModelFileRefused("what stands before its first element is not plain.", file=file)


_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}


class Document:
    """One admitted document; a loop over it yields its parts, then `root` has the rest."""

    def __init__(
        self, data: bytes, *, file: str, events: tuple[str, ...], tags: Iterable[str]
    ) -> None:
        self.file = file
        self._steps = etree.iterparse(BytesIO(data), events=events, tag=tuple(tags), **_SAFE)

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        try:
            yield from self._steps
        except etree.XMLSyntaxError as error:
            raise not_well_formed(error, file=self.file) from error

    @property
    def root(self) -> Any:
        """The root element, with whatever nobody cleared."""
        return self._steps.root


def not_well_formed(error: etree.XMLSyntaxError, *, file: str) -> ModelFileRefused:
    """Turn the parser's complaint into ours."""
    line, column = error.position
    words = str(error.msg).split(", line ")[0]
    if "depth" in words.lower():
        return FileTooLarge(
            f"its elements nest deeper than {XML_DEPTH_MAX}.", file=file, line=int(line or 0)
        )
    return ModelFileRefused(
        f"the XML is broken at column {column}: {words}.", file=file, line=int(line or 0)
    )


def root_of(data: bytes, *, file: str) -> Any:
    """Return the root element with its attributes only, to tell formats apart."""
    try:
        for _, root in etree.iterparse(BytesIO(data), events=("start",), **_SAFE):
            return root
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, file=file) from error
    raise ModelFileRefused("the document is empty.", file=file)


def parse_small(data: bytes, *, file: str) -> Any:
    """Return the root of a small document, e.g. one object of a coArchi folder."""
    data = admit(data, file=file)
    try:
        return etree.fromstring(data, etree.XMLParser(**_SAFE))
    except etree.XMLSyntaxError as error:
        raise not_well_formed(error, file=file) from error


def raw(element: Any) -> str:
    """Return an XML element word for word, with just the namespaces it needs.

    The canonical form is the same each time, so that reading and writing again changes nothing.
    """
    typed = (inner.get(XSI_TYPE, "") for inner in element.iter())
    prefixes = sorted({kind.partition(":")[0] for kind in typed if ":" in kind})
    try:
        data = etree.tostring(
            element, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes, with_tail=False
        )
    except etree.C14NError:  # no canonical form is defined for namespaces that are no addresses
        return str(etree.tostring(element, encoding="unicode", with_tail=False))
    return str(data.decode())


def local(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag.rpartition("}")[2]


def whole(text: str | None) -> int | None:
    """Return a whole number, or None if the text is none or is spelled unlike we would."""
    if text is None:
        return None
    digits = text[1:] if text[:1] == "-" else text
    if not digits.isascii() or not digits.isdigit() or (digits[0] == "0" and text != "0"):
        return None
    return int(text)


def take(attributes: dict[str, str], key: str) -> str | None:
    """Take a value out of the attributes; an empty one stays, for it says something else."""
    return attributes.pop(key) if attributes.get(key) else None


def plain_text(element: Any) -> Text | None:
    """Return words with their language, or None if there is more to the XML element than that."""
    attributes = element.items()
    if len(element):
        return None
    if not attributes:
        return Text(element.text or "")
    if len(attributes) == 1 and attributes[0][0] == XML_LANG:
        return Text(element.text or "", attributes[0][1])
    return None


class Leftovers:
    """Collects what an object's own fields have no place for."""

    __slots__ = ("attributes", "children", "verbatim")

    def __init__(self) -> None:
        self.attributes: list[tuple[str, str]] = []
        self.children: list[tuple[str, str]] = []
        self.verbatim: list[tuple[str, str]] = []

    def keep(self, after: str, element: Any) -> None:
        """Keep an XML element we do not know, and the name of the known one before it.

        Raises:
            FileTooLarge: There are more of them than UNKNOWN_PARTS_MAX.
        """
        if len(self.children) >= UNKNOWN_PARTS_MAX:
            raise FileTooLarge(
                f"one object holds more than {UNKNOWN_PARTS_MAX:,} unknown XML elements.",
                file="the model",
                line=element.sourceline or 0,
            )
        self.children.append((after, raw(element)))

    def keep_once(self, tag: str, xml: str) -> None:
        """Keep all children of one name word for word, unless they are kept already."""
        if all(kept != tag for kept, _ in self.verbatim):
            self.verbatim.append((tag, xml))

    def residue(self, dialect: Dialect) -> Residue | None:
        """Return them for keeping, or None if there are none."""
        if not (self.attributes or self.children or self.verbatim):
            return None
        return Residue(dialect, tuple(self.attributes), tuple(self.children), tuple(self.verbatim))
