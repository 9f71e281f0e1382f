"""GraphQL documents: read once, measured against our limits before anything costly is done.

The limits are checked right after parsing, because validating an oversized document is itself the
attack. Both steps are cached by the text of the question; nothing here is made per request, so
the caches do hit.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    OperationType,
    parse,
)
from graphql.language import SelectionSetNode
from strawberry.extensions import SchemaExtension

from registry.api.refusals import QuestionTooLarge

DEPTH_MAX: Final = 12  # deeper questions are written by machines, not by architects
ALIASES_MAX: Final = 30  # one page of a dashboard
DIRECTIVES_MAX: Final = 30  # @skip and @include, one per optional part of a page
FIELDS_MAX: Final = 500  # GraphiQL's own question about the schema has 100
TOKENS_MAX: Final = 2000  # the longest of our example questions has 150
CHARACTERS_MAX: Final = 20_000  # ten per token, most of them blanks
DOCUMENTS_MAX: Final = 200  # cached texts: with the one above, 4 MB at most


class Documents(SchemaExtension):
    """Parses and measures each distinct question once; strawberry's own cache validates it once."""

    def on_parse(self) -> Iterator[None]:
        """Hand over the parsed document."""
        self.execution_context.graphql_document = read_document(self.execution_context.query or "")
        yield


def read_document(text: str) -> DocumentNode:
    """Parse a document and measure it; what is wrong with it is found once, too.

    Raises:
        QuestionTooLarge: It breaks one of the limits above.
        GraphQLError: It is not GraphQL.
    """
    read = _read(text)
    if isinstance(read, DocumentNode):
        return read
    raise read.with_traceback(None)


@lru_cache(DOCUMENTS_MAX)
def _read(text: str) -> DocumentNode | GraphQLError | QuestionTooLarge:
    try:
        return _parsed(text)
    except (GraphQLError, QuestionTooLarge) as error:
        return error


def _parsed(text: str) -> DocumentNode:
    if len(text) > CHARACTERS_MAX:
        raise _over("characters", CHARACTERS_MAX)
    try:
        document = parse(text, max_tokens=TOKENS_MAX)
    except RecursionError as error:
        raise _over("levels", DEPTH_MAX) from error
    except GraphQLError as error:
        if f"more than {TOKENS_MAX} tokens" in error.message:
            raise _over("tokens", TOKENS_MAX) from error
        if "nested too deeply" in error.message:
            raise _over("levels", DEPTH_MAX) from error
        raise
    _Measure(document)
    return document


def operations_in(text: str) -> int:
    """Return how many operations a document holds; 0 where it cannot be read."""
    try:
        document = read_document(text)
    except (GraphQLError, QuestionTooLarge):
        return 0
    return sum(isinstance(part, OperationDefinitionNode) for part in document.definitions)


def is_subscription(text: str, operation_name: str | None) -> bool:
    """Tell whether the operation that is asked subscribes; not where it cannot be read."""
    return OperationType.SUBSCRIPTION in kinds_asked(text, operation_name)


def kinds_asked(text: str, operation_name: str | None) -> set[OperationType]:
    """Return of which kind the operation is that is asked; none where it cannot be read."""
    try:
        document = read_document(text)
    except (GraphQLError, QuestionTooLarge):
        return set()  # execution says what is wrong with it
    return {
        part.operation
        for part in document.definitions
        if isinstance(part, OperationDefinitionNode)
        and operation_name in (None, part.name and part.name.value)
    }


@lru_cache(DOCUMENTS_MAX)
def asks_about_the_schema(text: str) -> bool:
    """Tell whether a document asks anywhere what the schema is; not where it cannot be read."""
    if "__schema" not in text and "__type" not in text:
        return False
    try:
        waiting: list[Node] = list(read_document(text).definitions)
    except (GraphQLError, QuestionTooLarge):
        return False
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode) and node.name.value in {"__schema", "__type"}:
            return True
        waiting.extend(_children(node))
    return False


class _Measure:
    """Walks a document, each fragment once, however often it is spread.

    Args:
        document: What to measure; refused where a limit is broken.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            part.name.value: part
            for part in document.definitions
            if isinstance(part, FragmentDefinitionNode)
        }
        self._depths: dict[str, int] = {}
        self._aliases: dict[str, int] = {}
        self._count(document)
        for part in document.definitions:
            if isinstance(part, OperationDefinitionNode):
                if self._depth(part.selection_set, 1) > DEPTH_MAX:
                    raise _over("levels", DEPTH_MAX)
                if self._spread_aliases(part.selection_set) > ALIASES_MAX:
                    raise _over("aliases", ALIASES_MAX)

    def _count(self, document: DocumentNode) -> None:
        """Count fields and directives as written."""
        fields = directives = 0
        waiting: list[Node] = list(document.definitions)
        while waiting:
            node = waiting.pop()
            fields += isinstance(node, FieldNode)
            directives += isinstance(node, DirectiveNode)
            waiting.extend(_children(node))
        if fields > FIELDS_MAX:
            raise _over("fields", FIELDS_MAX)
        if directives > DIRECTIVES_MAX:
            raise _over("directives", DIRECTIVES_MAX)

    def _depth(self, selections: SelectionSetNode | None, so_far: int) -> int:
        """Return how deep the deepest field lies; asking about the schema itself is not counted."""
        if selections is None or so_far > DEPTH_MAX + 1:
            return so_far - 1
        deepest = so_far
        for part in selections.selections:
            if isinstance(part, FragmentSpreadNode):
                inner = so_far - 1 + self._fragment_depth(part.name.value)
            elif isinstance(part, FieldNode):
                is_schema = part.name.value.startswith("__")
                inner = so_far if is_schema else self._depth(part.selection_set, so_far + 1)
            else:
                inner = self._depth(getattr(part, "selection_set", None), so_far)
            deepest = max(deepest, inner)
        return deepest

    def _fragment_depth(self, name: str) -> int:
        if name not in self._depths:
            self._depths[name] = 0  # a fragment that spreads itself is refused by validation
            fragment = self._fragments.get(name)
            self._depths[name] = self._depth(fragment.selection_set, 1) if fragment else 0
        return self._depths[name]

    def _spread_aliases(self, selections: SelectionSetNode | None) -> int:
        """Count aliases as the executor sees them: fragments in every place they are spread."""
        total = 0
        for part in selections.selections if selections else ():
            if isinstance(part, FragmentSpreadNode):
                name = part.name.value
                if name not in self._aliases:
                    self._aliases[name] = 0
                    fragment = self._fragments.get(name)
                    counted = self._spread_aliases(fragment.selection_set) if fragment else 0
                    self._aliases[name] = counted
                total += self._aliases[name]
            else:
                total += isinstance(part, FieldNode) and part.alias is not None
                total += self._spread_aliases(getattr(part, "selection_set", None))
        return total


def _children(node: Node) -> Iterator[Node]:
    """Yield what can hold fields and directives."""
    for key in ("selection_set", "selections", "directives", "variable_definitions"):
        value = getattr(node, key, None)
        if isinstance(value, Node):
            yield value
        elif value:
            yield from value


def _over(what: str, limit: int) -> QuestionTooLarge:
    return QuestionTooLarge(f"The question has more than {limit} {what}.")
