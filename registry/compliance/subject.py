"""A document made ready to be checked, once, whatever number of rule sets it is checked against."""

from functools import cached_property
from typing import Any

from registry.compliance.document import Document
from registry.compliance.functions.shape import Schemas
from registry.compliance.graph import References, find_references
from registry.compliance.locate import Locator
from registry.compliance.view import View


class Subject:
    """A document with its references, views and compiled schemas.

    Args:
        content: The bytes as they were received.
        source: Name of the document.

    Raises:
        DocumentTooLarge: The document passes a limit of size, depth or number of values.
        NotText: The bytes are not UTF-8.
    """

    def __init__(self, content: bytes, source: str) -> None:
        self.use(Document(content, source))

    @classmethod
    def of(cls, document: Document) -> "Subject":
        """Make a parsed document ready."""
        made = cls.__new__(cls)
        made.use(document)
        return made

    def use(self, document: Document) -> None:
        """Begin with a parsed document."""
        self.document = document
        self.tree = document.tree
        self.schemas = Schemas()
        self.answers: dict[Any, Any] = {}  # what rules found, by their paths and functions

    @cached_property
    def references(self) -> References:
        """What became of the document's references."""
        return find_references(self.document)

    @cached_property
    def followed(self) -> View:
        """The document with references followed."""
        return View(self.tree, self.references.targets)

    @cached_property
    def written(self) -> View:
        """The document as it is written."""
        return View(self.tree, {}, index=self.followed.index)

    @cached_property
    def locator(self) -> Locator:
        """The way back from places to paths."""
        return Locator(self.tree, self.followed, self.references)
