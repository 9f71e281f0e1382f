"""One document under check: its text, its tree, what the parser said, and where things stand."""

from codecs import BOM_UTF8
from functools import cached_property
from typing import Any, Literal

from registry.compliance.parsing.diagnostics import Diagnostic
from registry.compliance.parsing.json_tokens import read_json
from registry.compliance.parsing.tree import DocumentTooLarge, Tree
from registry.compliance.parsing.yaml_events import read_yaml
from registry.compliance.positions import LineMap
from schemas.compliance import START_OF_DOCUMENT, Range
from schemas.errors import InvalidInput

BYTES_MAX = 32 * 2**20  # two and a half times the largest public OpenAPI document we know
YAML_BYTES_MAX = 12 * 2**20  # YAML costs four times JSON; the largest known has 3 MB


class NotText(InvalidInput):
    """The document is not UTF-8 text."""

    code = "document_not_text"
    remedy = "Save the document as UTF-8 and check it again."


class Document:
    """A parsed document.

    Args:
        content: The bytes as they were received.
        source: Its name or address; a name that ends in .json is read as JSON.
        syntax: Reads it as JSON or YAML whatever its name; Spectral's command line reads JSON as
            YAML, which gives slightly different ranges.

    Raises:
        DocumentTooLarge: It passes a limit of size, depth or number of values.
        NotText: The bytes are not UTF-8.
    """

    def __init__(
        self, content: bytes, source: str, *, syntax: Literal["json", "yaml"] | None = None
    ) -> None:
        self.source = source
        self.is_json = (syntax or source.lower()[-4:]) == "json"
        limit = BYTES_MAX if self.is_json or content[:1] in (b"{", b"[") else YAML_BYTES_MAX
        if len(content) > limit:
            raise DocumentTooLarge(f"The document has {len(content):,} bytes, more than {limit:,}.")
        try:
            self.text = content.decode("utf-8-sig")
        except UnicodeDecodeError as wrong:
            raise NotText(f"Byte {wrong.start:,} of the document is not UTF-8.") from wrong
        marked = content.startswith(BOM_UTF8)
        self._mark: Literal["json", "yaml"] | None = None
        if marked:
            self._mark = "json" if self.is_json else "yaml"
        self.tree: Tree
        self.diagnostics: list[Diagnostic]
        self.tree, self.diagnostics = (read_json if self.is_json else read_yaml)(self.text)
        if self.is_json and not self.tree.keys and len(content) <= YAML_BYTES_MAX:
            self._read_broken_json()

    def _read_broken_json(self) -> None:
        """Read on behind a comma too many, which YAML allows; the fault stays told."""
        tree, remarks = read_yaml(self.text)
        if not any(remark.kind == "syntax" for remark in remarks):
            self.tree = tree
            self.diagnostics += [one for one in remarks if one.kind != "warning"]

    @property
    def data(self) -> Any:
        """The document's value as it is written, references not followed; None when empty."""
        return self.tree.values[0] if self.tree.values else None

    @cached_property
    def lines(self) -> LineMap:
        """Where the lines begin."""
        return LineMap(self.text, self._mark)

    def range_of(self, row: int) -> Range:
        """Return where a row stands in the text, as Spectral's parsers see it."""
        if not self.tree.keys:
            return START_OF_DOCUMENT
        start, stop = self.tree.starts[row], self.tree.stops[row]
        if row == 0 and not self.is_json and start == self.lines.second_line:
            start = 0
        return self.lines.range(start, stop)
